package server

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
)

// OfficeAggregate says how the records registry.office.<slug> are kept.
var OfficeAggregate = bus.Aggregate[events.OfficeState, *events.OfficeState]{Stream: events.StreamRegistry, Schema: events.RegistrySchema, Fold: registry.FoldOffice}

// OutletAggregate says how the records registry.outlet.<id> are kept.
var OutletAggregate = bus.Aggregate[events.OutletState, *events.OutletState]{Stream: events.StreamRegistry, Schema: events.RegistrySchema, Fold: registry.FoldOutlet}

//go:embed seed/offices.json seed/outlets.json
var seedFiles embed.FS

func seeds() ([]events.OfficeState, []events.OutletState, error) {
	var offices []events.OfficeState
	var outlets []events.OutletState
	if err := errors.Join(readSeed("seed/offices.json", &offices), readSeed("seed/outlets.json", &outlets)); err != nil {
		return nil, nil, err
	}
	for _, o := range offices {
		if err := registry.CheckOffice(o); err != nil {
			return nil, nil, err
		}
	}
	for _, o := range outlets {
		if err := registry.CheckOutlet(o); err != nil {
			return nil, nil, err
		}
	}
	return offices, outlets, nil
}

func readSeed(name string, into any) error {
	b, err := seedFiles.ReadFile(name)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("registry: %s: %w", name, err)
	}
	return nil
}

// Seed appends what the files in the program say and the log doesn't: missing records and such as differ. Several replicas may do it at once: of two that find
// a record missing one appends it, and the other finds it there. A record that newer code has written is left to it.
func (s *Server) Seed(ctx context.Context) error {
	offices, outlets, err := seeds()
	if err != nil {
		return err
	}
	in := bus.Intent{Name: "seed", Actor: events.System(events.ServiceRegistry), Given: access.Given{On: events.DayOf(s.bus.Now())}}
	for _, o := range offices {
		_, err := OfficeAggregate.Execute(ctx, s.bus, events.RegistrySubject(events.RegistryOffice, string(o.Slug)), in, func(l bus.Loaded[events.OfficeState], _ *access.Given) (events.Fact, error) {
			if l.Exists() && registry.SameOffice(l.State, o) {
				return nil, nil
			}
			return events.OfficeRecordedFact{Office: o}, nil
		})
		if err != nil && !fault.Is(err, fault.UpgradeRequired) {
			return fmt.Errorf("registry: seed office %s: %w", o.Slug, err)
		}
	}
	for _, o := range outlets {
		_, err := OutletAggregate.Execute(ctx, s.bus, events.RegistrySubject(events.RegistryOutlet, string(o.ID)), in, func(l bus.Loaded[events.OutletState], _ *access.Given) (events.Fact, error) {
			if l.Exists() && registry.SameOutlet(l.State, o) {
				return nil, nil
			}
			return events.OutletRecordedFact{Outlet: o}, nil
		})
		if err != nil && !fault.Is(err, fault.UpgradeRequired) {
			return fmt.Errorf("registry: seed outlet %s: %w", o.ID, err)
		}
	}
	return nil
}

// maxWait bounds the wait between two tries while a backing is away.
const maxWait = 5 * time.Second

// patiently tries again while a backing is away, until ctx ends.
func (s *Server) patiently(ctx context.Context, what string, do func() error) error {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(50*time.Millisecond), backoff.WithMaxInterval(maxWait), backoff.WithMaxElapsedTime(0))
	return backoff.RetryNotify(func() error {
		err := do()
		if err != nil && !fault.Lookup(fault.Of(err).Code).Retry {
			return backoff.Permanent(err)
		}
		return err
	}, backoff.WithContext(wait, ctx), func(err error, d time.Duration) {
		s.bus.Logger().Warn("registry waits", "for", what, "again_in", d, "error", err)
	})
}
