package commands

import (
	"context"
	"fmt"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

// LookEvery is how often months that have begun are looked for: a wait to midnight would miss it when the clock jumps.
const LookEvery = 20 * time.Second

// KeepOpening opens the records of months that have begun, at once, at each tick and when the registry's lists change, until ctx ends. What fails is tried again at the next tick.
func (c *Commands) KeepOpening(ctx context.Context, ticks <-chan time.Time) error {
	for {
		if err := c.OpenBegun(ctx); err != nil && ctx.Err() == nil {
			c.bus.Logger().Warn("months that have begun are opened later", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		case <-c.changed:
		}
	}
}

// OpenBegun opens the record of every office and month of a campaign that has begun. It may be called again, and by several servers at once.
func (c *Commands) OpenBegun(ctx context.Context) error {
	for _, id := range oversight.Owing(c.directory, c.today()) {
		if err := c.ensureOpen(ctx, id, ""); err != nil {
			return err
		}
	}
	return nil
}

// ensureOpen appends the first fact of a record, or nothing if the record has one.
func (c *Commands) ensureOpen(ctx context.Context, id oversight.ReturnID, trace string) error {
	c.mu.Lock()
	known := c.open[id]
	c.mu.Unlock()
	if known {
		return nil
	}
	fact, ok := oversight.ReturnOpened(c.directory, id.Office, id.Month)
	if !ok {
		return fault.New(fault.NotFound, fmt.Sprintf("oversight: return of %s for %s", id.Office, id.Month))
	}
	in := bus.Intent{Name: "open", Actor: events.System(events.ServiceOversight), Given: access.Given{On: id.Month.First()}, Trace: trace}
	_, err := Aggregate.Execute(ctx, c.bus, events.ReturnSubject(id.Office, id.Month), in, func(now loaded, _ *access.Given) (events.Fact, error) {
		if now.Exists() {
			return nil, nil
		}
		return fact, nil
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.open[id] = true
	c.mu.Unlock()
	return nil
}
