// Package server wires intake: requests from portal to decisions of the domain, and their facts to CASES.
package server

import (
	"context"
	"errors"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/intake/internal/lookup"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
)

// Aggregate is how cases are kept, for verify.
var Aggregate = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: events.CaseSchema, Fold: intake.Fold}

// Deps are what intake runs on.
type Deps struct {
	Bus       *bus.Bus
	Verifier  *access.Verifier
	Directory lookup.Directory
	Media     lookup.Media
}

// Config has nothing to set yet.
type Config struct{}

// Server is the service.
type Server struct {
	bus      *bus.Bus
	verifier *access.Verifier
	lookup   lookup.Lookup
}

// New wires the service; it starts nothing.
func New(d Deps, _ Config) (*Server, error) {
	if d.Bus == nil || d.Verifier == nil || d.Directory == nil || d.Media == nil {
		return nil, errors.New("intake: bus, verifier, directory and media are needed")
	}
	return &Server{bus: d.Bus, verifier: d.Verifier, lookup: lookup.Lookup{Directory: d.Directory, Media: d.Media}}, nil
}

// Run answers requests until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	stop, err := s.bus.Serve(s.verifier, map[string]bus.Endpoint{intakeapi.EndpointReady: s.ready}, map[string]bus.Endpoint{
		intakeapi.EndpointSubmit: s.submit, intakeapi.EndpointCommand: s.command, intakeapi.EndpointGet: s.get, intakeapi.EndpointFind: s.find})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return stop()
}

// ready reads the log once: without it intake can do nothing.
func (s *Server) ready(ctx context.Context, _ bus.Request) (any, error) {
	if _, err := s.bus.Last(ctx, events.StreamCases, "case.>"); err != nil && !errors.Is(err, bus.ErrNone) && !errors.Is(err, events.ErrMalformed) {
		return map[string]string{"nats": "away"}, nil
	}
	return map[string]string{"nats": "ok"}, nil
}
