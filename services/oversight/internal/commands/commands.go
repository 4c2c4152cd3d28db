// Package commands carries out the commands on monthly returns over the log, and opens the records of months that have begun. It reads CASES, MEDIA and REGISTRY, and appends to RETURNS: one
// message a command, or none when it is refused or fails; a record that isn't open yet is opened by a message of its own before.
package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/oversight"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/registry/registryapi"
)

// Aggregate is how returns are kept.
var Aggregate = bus.Aggregate[events.ReturnState, *events.ReturnState]{Stream: events.StreamReturns, Schema: events.ReturnSchema, Fold: oversight.FoldReturn}

// Directory is the registry's lists; registryapi.Directory is one.
type Directory interface {
	oversight.Registry
	Outlet(nameOrAliasOrID string) (events.OutletState, bool)
	// OnChange calls hook after a campaign, a rule or a year's days off has changed.
	OnChange(hook func())
}

// Media finds an office's media; mediaapi.Resolver is one.
type Media interface {
	Resolve(ctx context.Context, token string, office events.OfficeSlug, ref mediaapi.MediaRef) (events.MediaState, error)
}

// Cases gives an office's cases as the log has them; model.Model does.
type Cases interface {
	Of(ctx context.Context, office events.OfficeSlug) ([]oversight.CaseFile, error)
}

// Commands carries out commands. It is safe for concurrent use.
type Commands struct {
	bus       *bus.Bus
	directory Directory
	media     Media
	cases     Cases
	people    registryapi.Client
	changed   chan struct{}

	mu sync.Mutex
	// open are the records known to be open.
	open map[oversight.ReturnID]bool
}

// New makes Commands.
func New(b *bus.Bus, d Directory, m Media, cases Cases) *Commands {
	c := &Commands{bus: b, directory: d, media: m, cases: cases, people: registryapi.Client{Client: bus.Client{Conn: b.Conn()}}, changed: make(chan struct{}, 1), open: map[oversight.ReturnID]bool{}}
	d.OnChange(func() {
		select {
		case c.changed <- struct{}{}:
		default: // a look is due anyway
		}
	})
	return c
}

type loaded = bus.Loaded[events.ReturnState]

// maxBody bounds a command's body; the longest honest one names a thousand cases with a reason each.
const maxBody = 2 << 20

// Give answers the endpoint return-command.
func (c *Commands) Give(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.ReturnCommandParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	body, ok := oversight.NewReturnBody(p.Name)
	if !ok {
		return nil, fault.New(fault.NotFound, "oversight: no command "+p.Name)
	}
	id := oversight.ReturnID{Office: p.Office, Month: p.Month}
	if err := c.there(ctx, id, r.Actor); err != nil {
		return nil, err
	}
	if err := oversight.ReturnForbidden(p.Name, p.Office, r.Actor); err != nil {
		return nil, err
	}
	if err := decode(r.Body, body); err != nil {
		return nil, err
	}
	if err := c.ensureOpen(ctx, id, r.Trace); err != nil {
		return nil, err
	}
	world, err := c.world(ctx, r, id, body)
	if err != nil {
		return nil, err
	}
	in := bus.Intent{Name: p.Name, Actor: r.Actor.Event(), Key: p.Key, Request: r.Body, Trace: r.Trace}
	after, err := Aggregate.Execute(ctx, c.bus, events.ReturnSubject(p.Office, p.Month), in, func(now loaded, given *access.Given) (events.Fact, error) {
		if !now.Exists() {
			// A replica that is behind what was just opened.
			return nil, fault.New(fault.Unavailable, "oversight: load "+now.Subject)
		}
		fact, on, err := oversight.DecideReturn(now.State, p.Name, body, world)
		*given = on
		return fact, err
	})
	if err != nil {
		return nil, c.withCurrent(err, after, world.Cases, r.Actor)
	}
	return oversightapi.ReturnCommanded{State: c.view(after.State, world.Cases, r.Actor), Stream: events.StreamReturns, Sequence: after.Sequence, Warnings: oversight.ReturnWarnings(body)}, nil
}

func decode(data []byte, body oversight.ReturnBody) error {
	if len(data) > maxBody {
		return fault.New(fault.BodyTooLarge, "oversight: command")
	}
	if len(data) == 0 {
		return nil
	}
	return strict.Decode(data, body)
}

// there says whether a return is there for the actor's eyes; one that isn't answers like one that is for others.
func (c *Commands) there(ctx context.Context, id oversight.ReturnID, a access.Actor) error {
	missing := fault.New(fault.NotFound, fmt.Sprintf("oversight: return of %q for %q", id.Office, id.Month))
	if _, err := events.ParseOfficeSlug(string(id.Office)); err != nil {
		return missing
	}
	if m, err := events.ParseMonth(string(id.Month)); err != nil || m != id.Month {
		return missing
	}
	if _, ok := oversight.Owed(c.directory, id.Office, id.Month); !ok || !oversight.SeesReturn(id.Office, a) {
		return missing
	}
	if oversight.Begun(id.Month, c.today()) {
		return nil
	}
	// Where the clock was set back, the month has begun all the same.
	if now, err := Aggregate.Load(ctx, c.bus, events.ReturnSubject(id.Office, id.Month)); err != nil || now.Exists() {
		return err
	}
	return missing
}

func (c *Commands) today() events.Day { return events.DayOf(c.bus.Now()) }

// withCurrent adds the return as the caller may see it to a conflict of state.
func (c *Commands) withCurrent(err error, now loaded, cases []oversight.CaseFile, a access.Actor) error {
	f := fault.Of(err)
	if f.Code != fault.WrongState && f.Code != fault.Conflict || !now.Exists() {
		return err
	}
	shown := *f
	shown.Current, _ = json.Marshal(c.view(now.State, cases, a))
	return &shown
}

// rule gives a rule's number for what began with a month.
func (c *Commands) rule(n rules.Name, m events.Month) int {
	return c.directory.Rules().On(n, m.First())
}
