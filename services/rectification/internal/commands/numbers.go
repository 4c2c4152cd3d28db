package commands

import (
	"context"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/rectification"
)

// numbersOf gives rules and calendar as they are known when asked.
func numbersOf(d Directory) (func() rectification.Numbers, error) {
	book, err := rulesfile.Book()
	if err != nil {
		return nil, err
	}
	calendar, err := workdays.Default()
	if err != nil {
		return nil, err
	}
	return func() rectification.Numbers {
		n := rectification.Numbers{Rules: d.Rules(), Calendar: d.Calendar()}
		if n.Rules == nil {
			n.Rules = book
		}
		if n.Calendar == nil {
			n.Calendar = calendar
		}
		return n
	}, nil
}

// Clock states the reminders of rectifications. Without numbers it is for its Durables alone.
func Clock(numbers func() rectification.Numbers, onChange func(hook func())) bus.Clock[events.RectificationState, *events.RectificationState] {
	return bus.Clock[events.RectificationState, *events.RectificationState]{
		Aggregate: Aggregate, Service: events.ServiceRectification, Filter: "rectification.>", OnChange: onChange,
		Skip: leavesDeadline,
		Next: func(s events.RectificationState) time.Time { return numbers().NextReminder(s) },
		State: func(s events.RectificationState, now time.Time) (events.Fact, access.Given) {
			return numbers().Remind(s, now), access.Given{On: events.DayOf(now)}
		},
	}
}

// leavesDeadline says that a fact changes neither a due day nor whether the unit's clock runs or the province has answered.
func leavesDeadline(eventType string) bool {
	for _, f := range []events.Fact{events.RectificationProgressedFact{}, events.ExtensionAskedFact{}, events.ExtensionOpinedFact{}, events.ExtensionRefusedFact{}, events.RectificationDelistedFact{},
		events.AcceptanceAskedFact{}, events.AcceptanceReturnedFact{}, events.RectificationClosedFact{}, events.TransferAskedFact{}, events.NotApplicableAskedFact{}, events.EndingDeclinedFact{}} {
		if f.EventType() == eventType {
			return true
		}
	}
	return false
}

// KeepReminding sets, moves and states reminders until ctx ends.
func (c *Commands) KeepReminding(ctx context.Context) error {
	return Clock(c.numbers, c.directory.OnChange).Run(ctx, c.bus)
}
