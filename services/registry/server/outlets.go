package server

import (
	"context"
	"errors"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/registry"
	"songshui.internal/services/registry/registryapi"
)

// outlets lets the province place an outlet in its list.
type outlets struct {
	bus       *bus.Bus
	directory *registryapi.Directory
}

func (o outlets) place(ctx context.Context, r bus.Request) (any, error) {
	const op = "registry: place outlet"
	if r.Actor.Role != access.Supervisor {
		return nil, fault.New(fault.Forbidden, op)
	}
	var q registryapi.PlaceParams
	var p registry.Place
	if err := errors.Join(r.Decode(&q), strict.Decode(r.Body, &p)); err != nil {
		return nil, err
	}
	today := events.DayOf(o.bus.Now())
	err := p.Check(q.ID, func(s events.OfficeSlug) bool {
		office, ok := o.directory.Office(s)
		return ok && registry.OfficeExists(office, today)
	}, func(name string) bool {
		other, ok := o.directory.Outlet(name)
		return ok && other.ID != q.ID
	})
	if err != nil {
		return nil, err
	}
	want := events.OutletState{ID: q.ID, Name: p.Name, Aliases: p.Aliases, Level: p.Level, Kinds: p.Kinds, Office: p.Office}
	if want.Aliases == nil {
		want.Aliases = []string{}
	}
	in := bus.Intent{Name: "place-outlet", Actor: r.Actor.Event(), Key: q.Key, Request: r.Body, Given: access.Given{On: today}, Trace: r.Trace}
	after, err := OutletAggregate.Execute(ctx, o.bus, events.RegistrySubject(events.RegistryOutlet, string(q.ID)), in, func(l bus.Loaded[events.OutletState], _ *access.Given) (events.Fact, error) {
		if l.Exists() && registry.Same[events.OutletState, *events.OutletState](l.State, want) {
			return nil, nil
		}
		return events.OutletRecordedFact{Outlet: want}, nil
	})
	if err != nil {
		return nil, err
	}
	return registryapi.Placed{Outlet: registryapi.OutletOf(after.State), Sequence: after.Sequence}, nil
}
