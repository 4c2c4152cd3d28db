// Package server wires rectification: it opens the rectification of each exposed case and answers commands and questions. It owns the stream
// RECTIFICATION, and reads CASES, MEDIA and REGISTRY.
//
// While NATS is away the consumer holds its messages and requests are refused with unavailable; a command is applied once or not at all.
package server

import (
	"context"
	"errors"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/rectification/internal/commands"
	"songshui.internal/services/rectification/rectificationapi"
)

// Aggregate is how rectifications are kept, for verify.
var Aggregate = commands.Aggregate

// Directory finds outlets and offices; registryapi.Directory is one.
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
	// Calendar of working days; nil = the years' files of package workdays.
	Calendar *workdays.Calendar
}

var cases = bus.Durable{Name: "rectification-cases", Stream: events.StreamCases, Filters: []string{"case.>"}, AckWait: 10 * time.Second, MaxAckPending: 256}

// batch is how many exposed cases are opened between two settlements.
const batch = 32

// Durables are the consumers that migrate makes.
func Durables() []bus.Durable { return []bus.Durable{cases} }

// Server is the service. It is safe for concurrent use.
type Server struct {
	deps     Deps
	commands *commands.Commands
}

// New makes the service; it connects to nothing.
func New(d Deps, c Config) (*Server, error) {
	if d.Bus == nil || d.Verifier == nil || d.Directory == nil || d.Media == nil {
		return nil, errors.New("rectification: a bus, a verifier, a directory and media are needed")
	}
	if c.Calendar == nil {
		var err error
		if c.Calendar, err = workdays.Default(); err != nil {
			return nil, err
		}
	}
	return &Server{deps: d, commands: &commands.Commands{Bus: d.Bus, Calendar: c.Calendar, Directory: d.Directory, Media: d.Media}}, nil
}

// Run answers requests and opens rectifications until ctx ends, then gives nil. An error means that it can't answer.
func (s *Server) Run(ctx context.Context) error {
	stop, err := s.deps.Bus.Serve(s.deps.Verifier,
		map[string]bus.Endpoint{rectificationapi.EndpointReady: s.commands.Ready},
		map[string]bus.Endpoint{rectificationapi.EndpointCommand: s.commands.Give, rectificationapi.EndpointGet: s.commands.Get})
	if err != nil {
		return err
	}
	return errors.Join(s.deps.Bus.Consume(ctx, cases, batch, s.commands.Opening), stop())
}
