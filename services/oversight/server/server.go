// Package server wires oversight: it opens the returns of months that have begun, reminds of those that aren't sent in, keeps the board's records in memory, and answers commands and questions. It owns the stream RETURNS, and reads CASES, RECTIFICATION, MEDIA and REGISTRY.
//
// While NATS is away requests are refused with unavailable, and months that begin are opened once it is back; a command is applied once or not at all.
package server

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/oversight/internal/commands"
	"songshui.internal/services/oversight/internal/inbox"
	"songshui.internal/services/oversight/internal/model"
	"songshui.internal/services/oversight/oversightapi"
)

// ReturnAggregate and TableAggregate are how returns and tables are kept, for verify.
var (
	ReturnAggregate = commands.Aggregate
	TableAggregate  = model.Tables
)

// Directory is the registry's lists; registryapi.Directory is one.
type Directory = commands.Directory

// Media finds media; mediaapi.Resolver is one.
type Media = commands.Media

// Deps are what the service runs on.
type Deps struct {
	Bus       *bus.Bus
	Verifier  *access.Verifier
	Directory Directory
	Media     Media
}

// Config is how the service runs; the zero value is ready.
type Config struct {
	// Look says when to look for months that have begun; nil = every 20 s.
	Look <-chan time.Time
}

// Durables are the consumers that migrate makes.
func Durables() []bus.Durable { return commands.Clock(nil).Durables() }

// Server is the service. It is safe for concurrent use.
type Server struct {
	deps     Deps
	config   Config
	commands *commands.Commands
	model    *model.Model
	inbox    *inbox.Inbox
}

// New makes the service; it connects to nothing.
func New(d Deps, c Config) (*Server, error) {
	if d.Bus == nil || d.Verifier == nil || d.Directory == nil || d.Media == nil {
		return nil, errors.New("oversight: a bus, a verifier, a directory and media are needed")
	}
	figures := model.New(d.Bus, d.Directory)
	return &Server{deps: d, config: c, commands: commands.New(d.Bus, d.Directory, d.Media, figures), model: figures, inbox: inbox.New(d.Bus, figures)}, nil
}

func (s *Server) open() map[string]bus.Endpoint {
	return map[string]bus.Endpoint{oversightapi.EndpointReady: s.commands.Ready}
}

func (s *Server) signed() map[string]bus.Endpoint {
	all := map[string]bus.Endpoint{oversightapi.EndpointReturnCommand: s.commands.Give, oversightapi.EndpointReturn: s.commands.Get, oversightapi.EndpointReturns: s.commands.List}
	maps.Copy(all, s.model.Endpoints())
	maps.Copy(all, s.inbox.Endpoints())
	return all
}

// Run answers requests and opens months until ctx ends, then gives nil. An error means that it can't go on.
func (s *Server) Run(ctx context.Context) error {
	stop, err := s.deps.Bus.Serve(s.deps.Verifier, s.open(), s.signed())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for _, work := range s.works() {
		wg.Go(func() {
			if err := work(ctx); err != nil {
				mu.Lock()
				failed = errors.Join(failed, err)
				mu.Unlock()
				cancel(err)
			}
		})
	}
	wg.Wait()
	return errors.Join(failed, stop())
}

// works are what the service does beside answering; each runs until its context ends.
func (s *Server) works() []func(context.Context) error {
	return []func(context.Context) error{s.model.Run, s.keepOpening, s.commands.KeepReminding}
}

func (s *Server) keepOpening(ctx context.Context) error {
	look := s.config.Look
	if look == nil {
		every := time.NewTicker(commands.LookEvery)
		defer every.Stop()
		look = every.C
	}
	return s.commands.KeepOpening(ctx, look)
}
