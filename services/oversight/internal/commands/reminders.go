package commands

import (
	"context"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/oversight"
)

// Clock states the reminders of returns. Without a directory it is for its Durables alone.
func Clock(d Directory) bus.Clock[events.ReturnState, *events.ReturnState] {
	return bus.Clock[events.ReturnState, *events.ReturnState]{
		Aggregate: Aggregate, Service: events.ServiceOversight, Filter: "return.>",
		Next:     func(s events.ReturnState) time.Time { return oversight.NextReturnReminder(s, d.Rules()) },
		OnChange: func(hook func()) { d.OnChange(hook) },
		State: func(s events.ReturnState, now time.Time) (events.Fact, access.Given) {
			return oversight.RemindReturn(s, d.Rules(), now)
		},
	}
}

// KeepReminding sets, moves and states reminders until ctx ends.
func (c *Commands) KeepReminding(ctx context.Context) error {
	return Clock(c.directory).Run(ctx, c.bus)
}
