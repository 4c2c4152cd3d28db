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
	"songshui.internal/services/internal/workdays"
)

// Aggregate is how cases are kept, for verify.
var Aggregate = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: events.CaseSchema, Fold: intake.Fold}

// Deps are what intake runs on.
type Deps struct {
	Bus       *bus.Bus
	Verifier  *access.Verifier
	Directory Directory
	Media     lookup.Media
}

// Directory is the province's lists and numbers; registryapi.Directory is one.
type Directory interface {
	lookup.Directory
	Calendar() *workdays.Calendar
	// OnChange calls the hook after a rule or a calendar has changed.
	OnChange(hook func())
}

// Config has nothing to set yet.
type Config struct{}

// Server is the service.
type Server struct {
	bus      *bus.Bus
	verifier *access.Verifier
	lookup   lookup.Lookup
	// directory gives the numbers as they are now.
	directory Directory
}

func (s *Server) numbers() intake.Numbers {
	return intake.Numbers{Rules: s.directory.Rules(), Calendar: s.directory.Calendar()}
}

// New wires the service; it starts nothing.
func New(d Deps, _ Config) (*Server, error) {
	if d.Bus == nil || d.Verifier == nil || d.Directory == nil || d.Media == nil {
		return nil, errors.New("intake: bus, verifier, directory and media are needed")
	}
	return &Server{bus: d.Bus, verifier: d.Verifier, directory: d.Directory, lookup: lookup.Lookup{Directory: d.Directory, Media: d.Media, Now: d.Bus.Now}}, nil
}

// Run answers requests and states reminders until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	stop, err := s.bus.Serve(s.verifier, map[string]bus.Endpoint{intakeapi.EndpointReady: s.ready}, map[string]bus.Endpoint{
		intakeapi.EndpointSubmit: s.submit, intakeapi.EndpointCommand: s.command, intakeapi.EndpointGet: s.get, intakeapi.EndpointFind: s.find})
	if err != nil {
		return err
	}
	return errors.Join(clock(s).Run(ctx, s.bus), stop())
}

// ready reads the log once: without it intake can do nothing.
func (s *Server) ready(ctx context.Context, _ bus.Request) (any, error) {
	if _, err := s.bus.Last(ctx, events.StreamCases, "case.>"); err != nil && !errors.Is(err, bus.ErrNone) && !errors.Is(err, events.ErrMalformed) {
		return map[string]string{"nats": "away"}, nil
	}
	return map[string]string{"nats": "ok"}, nil
}
