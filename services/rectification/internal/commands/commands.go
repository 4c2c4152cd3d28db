// Package commands carries out the commands of the rectification track over the log. It reads CASES, MEDIA and REGISTRY, and appends to RECTIFICATION: one
// message a command, or none when it is refused or fails.
package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/personal"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/rectification"
	"songshui.internal/services/rectification/rectificationapi"
)

// Aggregate is how rectifications are kept.
var Aggregate = bus.Aggregate[events.RectificationState, *events.RectificationState]{
	Stream: events.StreamRectification, Schema: events.RectificationSchema, Fold: rectification.Fold, Remember: true}

// cases is how cases are read. They are looked at with every command, since a withdrawal holds at once, and rarely change.
var cases = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: events.CaseSchema}

// Directory finds outlets and offices of the province's lists; registryapi.Directory is one.
type Directory interface {
	Outlet(nameOrAliasOrID string) (events.OutletState, bool)
	Office(events.OfficeSlug) (events.OfficeState, bool)
	// Rules and Calendar are as known now; nil = those of the files in the program.
	Rules() *rules.Book
	Calendar() *workdays.Calendar
	// OnChange has a hook called after rules or days off have changed; it returns at once.
	OnChange(hook func())
}

// Media finds an office's media; mediaapi.Resolver is one.
type Media interface {
	Resolve(ctx context.Context, token string, office events.OfficeSlug, ref mediaapi.MediaRef) (events.MediaState, error)
}

// Commands carries out commands. It is safe for concurrent use.
type Commands struct {
	bus       *bus.Bus
	directory Directory
	media     Media
	numbers   func() rectification.Numbers
	// warned holds the years of due days of which the log was told that days off are missing.
	warned sync.Map
}

// New makes Commands.
func New(b *bus.Bus, d Directory, m Media) (*Commands, error) {
	n, err := numbersOf(d)
	if err != nil {
		return nil, err
	}
	return &Commands{bus: b, directory: d, media: m, numbers: n}, nil
}

type loaded = bus.Loaded[events.RectificationState]

// maxBody bounds a command's body; portal's own bound is 2 MiB, and no honest body comes near this.
const maxBody = 1 << 20

// Give answers the endpoint command.
func (c *Commands) Give(ctx context.Context, r bus.Request) (any, error) {
	var p rectificationapi.CommandParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	body, ok := rectification.NewBody(p.Name)
	if !ok {
		return nil, fault.New(fault.NotFound, "rectification: no command "+p.Name)
	}
	file, err := c.caseFor(ctx, p.ID, r.Actor)
	if err != nil {
		return nil, err
	}
	if err := rectification.Forbidden(p.Name, file.state.Office, file.state.ID, r.Actor); err != nil {
		return nil, err
	}
	if err := decode(r.Body, body); err != nil {
		return nil, err
	}
	world, err := c.world(ctx, r, file, body)
	if err != nil {
		return nil, err
	}
	in := bus.Intent{Name: p.Name, Actor: r.Actor.Event(), Key: p.Key, Request: r.Body, Trace: r.Trace}
	execute := func() (loaded, error) {
		return Aggregate.Execute(ctx, c.bus, events.RectificationSubject(file.state.Office, file.state.ID), in, func(now loaded, given *access.Given) (events.Fact, error) {
			if !now.Exists() {
				return nil, errNotOpen
			}
			fact, on, err := rectification.Decide(now.State, p.Name, body, world)
			*given = on
			return fact, err
		})
	}
	after, err := execute()
	if errors.Is(err, errNotOpen) {
		if err := c.openNow(ctx, file, r.Trace); err != nil {
			return nil, err
		}
		if after, err = execute(); errors.Is(err, errNotOpen) {
			// A replica that is behind what was just opened.
			return nil, fault.Wrap(fault.Unavailable, "rectification: "+p.Name, err)
		}
	}
	if err != nil {
		return nil, c.withCurrent(err, after, r.Actor)
	}
	return rectificationapi.Commanded{State: c.view(after, r.Actor), Stream: events.StreamRectification, Sequence: after.Sequence, Warnings: personal.Warnings(r.Body)}, nil
}

func decode(data []byte, body rectification.Body) error {
	if len(data) > maxBody {
		return fault.New(fault.BodyTooLarge, "rectification: command")
	}
	if len(data) == 0 {
		return nil
	}
	return strict.Decode(data, body)
}

// withCurrent adds the record as the caller may see it to a conflict of state.
func (c *Commands) withCurrent(err error, now loaded, a access.Actor) error {
	f := fault.Of(err)
	if f.Code != fault.WrongState && f.Code != fault.Conflict || !now.Exists() {
		return err
	}
	shown := *f
	shown.Current, _ = json.Marshal(c.view(now, a))
	return &shown
}

// caseFile is a case's record and where it was read.
type caseFile struct {
	state  events.CaseState
	relyOn events.Reliance
}

// caseFor reads a case that the actor may see; any other is not found. The office of a case isn't part of its id, so its subject is looked for.
func (c *Commands) caseFor(ctx context.Context, id events.CaseID, a access.Actor) (caseFile, error) {
	missing := fault.New(fault.NotFound, "rectification: case "+string(id))
	if _, err := events.ParseCaseID(string(id)); err != nil {
		return caseFile{}, missing
	}
	l, err := cases.Read(ctx, c.bus, events.AnyOffice("case", string(id)))
	if err != nil {
		return caseFile{}, fmt.Errorf("rectification: case %s: %w", id, err)
	}
	f := caseFile{l.State, events.Reliance{Stream: events.StreamCases, Subject: l.Subject, Sequence: l.Sequence}}
	switch {
	case !l.Exists(), f.state.State == events.CaseReserved:
	case a.Sees(f.state.VisibleTo()):
		return f, nil
	case a.Sees(f.state.WithdrawnFrom()):
		return caseFile{}, fault.New(fault.Gone, "rectification: case "+string(id))
	}
	return caseFile{}, missing
}

func fileOf(m bus.Message) (caseFile, error) {
	s, err := events.DecodeState[events.CaseState](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return caseFile{}, fmt.Errorf("rectification: case of %s: %w", m.Subject, err)
	}
	return caseFile{s, events.Reliance{Stream: events.StreamCases, Subject: m.Subject, Sequence: m.Sequence}}, nil
}

// errNotOpen says that a case has no rectification yet.
var errNotOpen = errors.New("rectification: not opened")

// openNow opens the rectification of an exposed case in place, where the consumer hasn't come to it yet. wrong_state if the case was never exposed.
func (c *Commands) openNow(ctx context.Context, f caseFile, trace string) error {
	if f.state.State != events.CaseExposed {
		refusal := fault.New(fault.WrongState, "rectification: command")
		refusal.Detail = rectification.DetailNotExposed
		return refusal
	}
	return c.open(ctx, f, trace)
}

// open appends the first fact of a record, or nothing if the record has one.
func (c *Commands) open(ctx context.Context, f caseFile, trace string) error {
	fact := rectification.Opened(f.state, f.relyOn, c.numbers())
	in := bus.Intent{Name: "open", Actor: events.System(events.ServiceRectification), Given: access.Given{On: fact.OpenedOn}, Trace: trace}
	_, err := Aggregate.Execute(ctx, c.bus, events.RectificationSubject(f.state.Office, f.state.ID), in, func(now loaded, _ *access.Given) (events.Fact, error) {
		if now.Exists() {
			return nil, nil
		}
		return fact, nil
	})
	return err
}

// Opening is the handler of the durable rectification-cases: it opens the rectification of each exposed case. It may be given a message again.
func (c *Commands) Opening(ctx context.Context, batch []*bus.Message) error {
	for _, m := range batch {
		// Most cases that come in aren't exposed yet: one field tells, at a third of what the whole costs.
		at, err := events.DecodeState[struct {
			State events.CaseStatus `json:"state"`
		}](events.Default, m.Meta.Type, m.Body)
		if err != nil {
			return fmt.Errorf("rectification: case of %s: %w", m.Subject, err)
		}
		if at.State != events.CaseExposed {
			continue
		}
		f, err := fileOf(*m)
		if err != nil {
			return err
		}
		if err := c.open(ctx, f, m.Meta.Trace); err != nil {
			return err
		}
	}
	return nil
}
