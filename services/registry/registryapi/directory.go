package registryapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/registry"
)

// retryWithin bounds the wait between two tries to follow REGISTRY.
const retryWithin = 5 * time.Second

// Directory is the list of offices, outlets, campaigns, rules and days off in memory. It follows the stream REGISTRY; while NATS is away it holds what it knows. It is safe for concurrent use.
// What it gives shares slices with what it holds: read only.
type Directory struct {
	mu      sync.RWMutex
	offices map[events.OfficeSlug]events.OfficeState
	outlets registry.OutletIndex

	campaigns map[string]events.CampaignState
	rules     map[string]events.RuleState
	years     map[int]events.CalendarState
	// book and calendar are made of rules and years; before REGISTRY has any, of the files in the program.
	book     *rules.Book
	calendar *workdays.Calendar
	hooks    []func()
}

// StartDirectory gives a Directory that follows REGISTRY until ctx ends. It returns when everything that was in the stream is in memory, trying again with
// backoff while NATS is away; an error only when ctx ends before. In a system where registry has never run the Directory is empty at first and fills by itself.
func StartDirectory(ctx context.Context, b *bus.Bus) (*Directory, error) {
	d := &Directory{offices: map[events.OfficeSlug]events.OfficeState{}, campaigns: map[string]events.CampaignState{}, rules: map[string]events.RuleState{}, years: map[int]events.CalendarState{}}
	if err := d.fromFiles(); err != nil {
		return nil, err
	}
	ready := make(chan struct{})
	go d.follow(ctx, b, sync.OnceFunc(func() { close(ready) }))
	select {
	case <-ready:
		return d, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("registryapi: directory: %w", context.Cause(ctx))
	}
}

func (d *Directory) follow(ctx context.Context, b *bus.Bus, caughtUp func()) {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(50*time.Millisecond), backoff.WithMaxInterval(retryWithin), backoff.WithMaxElapsedTime(0))
	for {
		err := b.Watch(ctx, events.StreamRegistry, []string{"registry.>"}, 0, func(m bus.Message) { d.take(b, m) }, func() {
			wait.Reset()
			caughtUp()
		})
		if ctx.Err() != nil {
			return
		}
		b.Logger().Warn("directory follows again", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait.NextBackOff()):
		}
	}
}

// take puts a record's newest state into memory; a kind that isn't known here is for newer code.
func (d *Directory) take(b *bus.Bus, m bus.Message) {
	if len(m.Body.State) == 0 {
		return
	}
	_, kind, _, err := events.SplitSubject(m.Subject)
	if err != nil {
		return
	}
	switch string(kind) {
	case events.RegistryOffice:
		var o events.OfficeState
		if o, err = events.DecodeState[events.OfficeState](events.Default, m.Meta.Type, m.Body); err == nil {
			d.mu.Lock()
			d.offices[o.Slug] = o
			d.mu.Unlock()
		}
	case events.RegistryOutlet:
		var o events.OutletState
		if o, err = events.DecodeState[events.OutletState](events.Default, m.Meta.Type, m.Body); err == nil {
			d.mu.Lock()
			d.outlets.Put(o)
			d.mu.Unlock()
		}
	case events.RegistryCampaign:
		var c events.CampaignState
		if c, err = events.DecodeState[events.CampaignState](events.Default, m.Meta.Type, m.Body); err == nil {
			err = d.change(func() error { d.campaigns[c.ID] = c; return nil })
		}
	case events.RegistryRule:
		var r events.RuleState
		if r, err = events.DecodeState[events.RuleState](events.Default, m.Meta.Type, m.Body); err == nil {
			err = d.change(func() error { return d.putRule(r) })
		}
	case events.RegistryCalendar:
		var c events.CalendarState
		if c, err = events.DecodeState[events.CalendarState](events.Default, m.Meta.Type, m.Body); err == nil {
			err = d.change(func() error { return d.putYear(c) })
		}
	}
	if err != nil {
		b.Logger().Warn("unreadable registry record skipped", "subject", m.Subject, "sequence", m.Sequence, "error", err)
	}
}

// Outlet gives the outlet whose name, alias or id this is: exactly, blanks aside. None found = 待认定.
func (d *Directory) Outlet(nameOrAliasOrID string) (events.OutletState, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.outlets.Find(nameOrAliasOrID)
}

// OutletByID gives the outlet with an id.
func (d *Directory) OutletByID(id events.OutletID) (events.OutletState, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.outlets.ByID(id)
}

// Office gives an office, also one that has ended; see OfficeExists.
func (d *Directory) Office(slug events.OfficeSlug) (events.OfficeState, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	o, ok := d.offices[slug]
	return o, ok
}

// Offices gives every office, those that have ended too, in the order of their codes; offices without one come last.
func (d *Directory) Offices() []events.OfficeState {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := make([]events.OfficeState, 0, len(d.offices))
	for _, o := range d.offices {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b events.OfficeState) int { return strings.Compare(officeOrder(a), officeOrder(b)) })
	return out
}

func officeOrder(o events.OfficeState) string {
	if o.Prefix == "" {
		return "~" + string(o.Slug)
	}
	return o.Prefix + string(o.Slug)
}

// Outlets gives every outlet in the order of their ids.
func (d *Directory) Outlets() []events.OutletState {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.outlets.All()
}

// OfficeExists says whether the office exists on a day; both ends of its validity count, an empty one is open.
func OfficeExists(o events.OfficeState, on events.Day) bool { return registry.OfficeExists(o, on) }
