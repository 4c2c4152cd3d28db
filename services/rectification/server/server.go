// Package server wires rectification: it opens the rectification of each exposed case, answers commands and questions, and states reminders. It owns the streams
// RECTIFICATION and TIMERS_RECTIFICATION, and reads CASES, MEDIA and REGISTRY.
//
// While NATS is away the consumer holds its messages and requests are refused with unavailable; a command is applied once or not at all.
package server

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/rectification/internal/commands"
	"songshui.internal/services/rectification/rectificationapi"
)

// Aggregate is how rectifications are kept, for verify.
var Aggregate = commands.Aggregate

// Directory finds outlets and offices, and holds rules and days off; registryapi.Directory is one.
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
type Config struct{}

var cases = bus.Durable{Name: "rectification-cases", Stream: events.StreamCases, Filters: []string{"case.>"}, AckWait: 10 * time.Second, MaxAckPending: 256}

// batch is how many exposed cases are opened between two settlements.
const batch = 32

// Durables are the consumers that migrate makes.
func Durables() []bus.Durable {
	return append([]bus.Durable{cases}, commands.Clock(nil, nil).Durables()...)
}

// Server is the service. It is safe for concurrent use.
type Server struct {
	deps     Deps
	commands *commands.Commands
}

// New makes the service; it connects to nothing.
func New(d Deps, _ Config) (*Server, error) {
	if d.Bus == nil || d.Verifier == nil || d.Directory == nil || d.Media == nil {
		return nil, errors.New("rectification: a bus, a verifier, a directory and media are needed")
	}
	c, err := commands.New(d.Bus, d.Directory, d.Media)
	if err != nil {
		return nil, err
	}
	return &Server{deps: d, commands: c}, nil
}

// Run answers requests, opens rectifications and states reminders until ctx ends, then gives nil. An error means that it can't answer.
func (s *Server) Run(ctx context.Context) error {
	stop, err := s.deps.Bus.Serve(s.deps.Verifier,
		map[string]bus.Endpoint{rectificationapi.EndpointReady: s.commands.Ready},
		map[string]bus.Endpoint{rectificationapi.EndpointCommand: s.commands.Give, rectificationapi.EndpointGet: s.commands.Get})
	if err != nil {
		return err
	}
	var all errgroup.Group
	all.Go(func() error { return s.deps.Bus.Consume(ctx, cases, batch, s.commands.Opening) })
	all.Go(func() error { return s.commands.KeepReminding(ctx) })
	return errors.Join(all.Wait(), stop())
}
