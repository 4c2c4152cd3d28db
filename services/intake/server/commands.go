package server

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/intake/internal/lookup"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/personal"
	"songshui.internal/services/internal/strict"
)

// decode reads a body; wrong fields are given beside what could be read, so that the rules can name the others too. A body that isn't JSON is refused at once.
func decode(body []byte, into any) ([]fault.Field, error) {
	err := strict.Decode(body, into)
	if fault.Is(err, fault.Invalid) {
		return fault.Of(err).Fields, nil
	}
	return nil, err
}

func (s *Server) submit(ctx context.Context, r bus.Request) (any, error) {
	var params intakeapi.SubmitParams
	if err := r.Decode(&params); err != nil {
		return nil, err
	}
	var body intake.Body
	wrong, err := decode(r.Body, &body)
	if err != nil {
		return nil, err
	}
	resolved, err := s.resolve(ctx, r, body)
	if err != nil {
		return nil, err
	}
	fact, given, err := intake.Submit(r.Actor, body, resolved, s.bus.Now(), wrong)
	if len(resolved.Wrong) > 0 && fault.Is(err, fault.Invalid) {
		if resolved, err = s.resolveAgain(ctx, r, body, resolved); err == nil {
			fact, given, err = intake.Submit(r.Actor, body, resolved, s.bus.Now(), wrong)
		}
	}
	if err != nil {
		return nil, err
	}
	in := bus.Intent{Name: "submit", Actor: r.Actor.Event(), Key: params.Key, Request: r.Body, Given: given, New: true, Trace: r.Trace}
	done, err := Aggregate.Execute(ctx, s.bus, events.CaseSubject(fact.Office, fact.ID), in, func(current bus.Loaded[events.CaseState], _ *access.Given) (events.Fact, error) {
		if !current.Exists() {
			return fact, nil
		}
		return nil, s.current(r.Actor, current.State, intake.Again(current.State, fact.Submission))
	})
	if err != nil {
		return nil, err
	}
	reply := intakeapi.Submitted{ID: done.State.ID, Ref: done.State.Ref, Status: intakeapi.Exists, Stream: events.StreamCases, Sequence: done.Sequence, State: done.State.State, Warnings: intake.Warnings(fact.Submission)}
	if done.Changed {
		reply.Status = intakeapi.Accepted
	}
	return reply, nil
}

// resolve looks up a submission's names; media of a submission that is another office's are left alone.
func (s *Server) resolve(ctx context.Context, r bus.Request, body intake.Body) (intake.Resolved, error) {
	if body.Office != string(r.Actor.Office) {
		body.Media, body.Exposures = nil, nil
	}
	return s.lookup.Resolve(ctx, r.Token, r.Actor.Office, lookup.OfSubmission(body))
}

// resolveAgain looks up a submission whose media aren't found, or not singly. If it was here before, its names mean what they meant then: sent after years it is still the same.
func (s *Server) resolveAgain(ctx context.Context, r bus.Request, body intake.Body, resolved intake.Resolved) (intake.Resolved, error) {
	subject := events.CaseSubject(r.Actor.Office, events.CaseIDFor(r.Actor.Office, resolved.RefKey))
	first, err := s.bus.History(ctx, events.StreamCases, subject, 1)
	if err != nil || len(first) == 0 {
		return resolved, err
	}
	fact, err := events.Default.DecodeFact(first[0].Meta.Type, first[0].Body)
	if err != nil {
		return resolved, err
	}
	submitted, ok := fact.(events.CaseSubmittedFact)
	if !ok {
		return resolved, nil
	}
	return s.lookup.Remembering(submitted.Media).Resolve(ctx, r.Token, r.Actor.Office, lookup.OfSubmission(body))
}

func (s *Server) command(ctx context.Context, r bus.Request) (any, error) {
	var params intakeapi.CommandParams
	if err := r.Decode(&params); err != nil {
		return nil, err
	}
	subject, current, err := s.load(ctx, params.ID)
	if err != nil {
		return nil, err
	}
	row, err := intake.Permit(params.Name, r.Actor, current)
	if err != nil {
		return nil, err
	}
	req := intake.Request{Command: params.Name, Actor: r.Actor, Now: s.bus.Now()}
	if err := s.read(ctx, r, current.Office, row, &req); err != nil {
		return nil, err
	}
	if params.Name == "renumber" {
		if err := s.reserve(ctx, r, req, current); err != nil {
			return nil, err
		}
	}
	in := bus.Intent{Name: params.Name, Actor: r.Actor.Event(), Key: params.Key, Request: r.Body, Trace: r.Trace}
	done, err := Aggregate.Execute(ctx, s.bus, subject, in, func(current bus.Loaded[events.CaseState], given *access.Given) (events.Fact, error) {
		fact, g, err := intake.Decide(req, current.State)
		*given = g
		return fact, s.current(r.Actor, current.State, err)
	})
	if err != nil {
		return nil, s.current(r.Actor, done.State, err)
	}
	state, err := s.view(r.Actor, done.State)
	return intakeapi.Commanded{State: state, Stream: events.StreamCases, Sequence: done.Sequence, Warnings: personal.Warnings(r.Body)}, err
}

// read decodes a command's body, refusing fields that aren't the command's, and looks up what it names.
func (s *Server) read(ctx context.Context, r bus.Request, office events.OfficeSlug, row intake.Transition, req *intake.Request) error {
	if req.Command == "resubmit" {
		wrong, err := decode(r.Body, &req.Resubmission)
		if err != nil {
			return err
		}
		req.Resolved, err = s.lookup.Resolve(ctx, r.Token, office, lookup.OfSubmission(req.Resubmission))
		req.Resolved.Wrong = append(wrong, req.Resolved.Wrong...)
		return err
	}
	wrong, err := decode(r.Body, &req.Body)
	if err != nil {
		return err
	}
	wrong = append(wrong, foreign(r.Body, row)...)
	req.Resolved, err = s.lookup.Resolve(ctx, r.Token, office, lookup.OfCommand(req.Command, req.Body))
	req.Resolved.Wrong = append(wrong, req.Resolved.Wrong...)
	return err
}

// foreign names the fields of a body that belong to other commands.
func foreign(body []byte, t intake.Transition) []fault.Field {
	var names map[string]json.RawMessage
	if err := json.Unmarshal(body, &names); err != nil {
		return nil // a wrong type somewhere: named already
	}
	var out []fault.Field
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !slices.ContainsFunc(t.Fields, func(f intake.Field) bool { return f.Name == name }) {
			out = append(out, fault.Field{Field: name, Code: "unknown_field"})
		}
	}
	return out
}

// reserve holds the new reference on its own subject first, so that no submission can take it meanwhile.
func (s *Server) reserve(ctx context.Context, r bus.Request, req intake.Request, current events.CaseState) error {
	if _, _, err := intake.Decide(req, current); err != nil {
		return s.current(r.Actor, current, err)
	}
	id := events.CaseIDFor(current.Office, req.Resolved.RefKey)
	if id == current.ID {
		return nil
	}
	in := bus.Intent{Name: "reserve", Actor: r.Actor.Event(), Given: access.Given{On: events.DayOf(s.bus.Now())}, Trace: r.Trace}
	_, err := Aggregate.Execute(ctx, s.bus, events.CaseSubject(current.Office, id), in, func(there bus.Loaded[events.CaseState], _ *access.Given) (events.Fact, error) {
		return intake.Reserve(there.State, current.Office, req.Resolved.Ref, req.Resolved.RefKey, current.ID)
	})
	return err
}

// load finds a case by its id alone.
func (s *Server) load(ctx context.Context, id events.CaseID) (subject string, c events.CaseState, err error) {
	if _, err := events.ParseCaseID(string(id)); err != nil {
		return "", c, fault.Wrap(fault.NotFound, "intake", err)
	}
	found, err := Aggregate.Load(ctx, s.bus, events.AnyOffice("case", string(id)))
	if errors.Is(err, events.ErrMalformed) {
		return "", c, fault.Wrap(fault.Internal, "intake", err)
	}
	if err == nil && !found.Exists() {
		err = fault.New(fault.NotFound, "intake")
	}
	return found.Subject, found.State, err
}

// current puts the record, as the actor may see it, into a refusal of state.
func (s *Server) current(a access.Actor, c events.CaseState, err error) error {
	if err == nil {
		return nil
	}
	f := fault.Of(err)
	switch f.Code {
	case fault.WrongState, fault.Duplicate, fault.Conflict, fault.KeyReused:
	default:
		return err
	}
	f.Current = nil
	if intake.Audience(a, c) == nil {
		f.Current, _ = s.view(a, c)
	}
	return f
}
