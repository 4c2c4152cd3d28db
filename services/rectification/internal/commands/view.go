package commands

import (
	"context"
	"errors"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/rectification"
	"songshui.internal/services/rectification/rectificationapi"
)

// maxHistory bounds a history; a record's size ends it far earlier.
const maxHistory = 1000

// Get answers the endpoint get.
func (c *Commands) Get(ctx context.Context, r bus.Request) (any, error) {
	var p rectificationapi.GetParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	f, err := c.caseFor(ctx, p.ID, r.Actor)
	if err != nil {
		return nil, err
	}
	subject := events.RectificationSubject(f.state.Office, f.state.ID)
	now, err := Aggregate.Load(ctx, c.bus, subject)
	if err != nil {
		return nil, err
	}
	if !now.Exists() {
		return nil, fault.New(fault.NotFound, "rectification: "+subject)
	}
	v := c.view(now, r.Actor)
	v.History, err = c.history(ctx, subject, now.Sequence)
	return v, err
}

// view is the record for an actor's eyes. A record written across midnight by another server's clock is shown as of its own last day.
func (c *Commands) view(l loaded, a access.Actor) rectificationapi.View {
	s := l.State
	s.Commands = nil
	derived := rectification.Derive(s, c.numbers(), events.DayOf(c.bus.Now()).Max(s.LastOn))
	c.warnOfCalendar(derived)
	return rectificationapi.View{RectificationState: s, View: derived, Next: rectification.NextFor(s, a), NotNow: rectification.NotNowFor(s, a)}
}

// warnOfCalendar tells the log, once for each year of due days, that sums went over weekends alone.
func (c *Commands) warnOfCalendar(v rectification.View) {
	if !v.CalendarMissing || len(v.Due) < 4 {
		return
	}
	if _, told := c.warned.LoadOrStore(v.Due[:4], true); !told {
		c.bus.Logger().Warn("a year of days off is missing: only weekends are counted", "due", v.Due)
	}
}

// history gives the facts up to the one that the record was read at.
func (c *Commands) history(ctx context.Context, subject string, upTo uint64) ([]rectificationapi.Step, error) {
	messages, err := c.bus.History(ctx, events.StreamRectification, subject, maxHistory)
	if err != nil {
		return nil, err
	}
	steps := make([]rectificationapi.Step, 0, len(messages))
	for _, m := range messages {
		if m.Sequence > upTo {
			break
		}
		kind := strings.TrimPrefix(m.Meta.Type, "songshui.rectification.")
		kind, _, _ = strings.Cut(kind, ".")
		steps = append(steps, rectificationapi.Step{Stream: events.StreamRectification, Sequence: m.Sequence, Type: kind, On: m.Meta.On, At: m.Meta.Time, Backdated: m.Meta.Backdated,
			Actor: rectificationapi.StepActor{Role: m.Meta.Actor.Role, Office: m.Meta.Actor.Office}})
	}
	return steps, nil
}

// Ready answers the endpoint ready.
func (c *Commands) Ready(ctx context.Context, _ bus.Request) (any, error) {
	state := "ok"
	if _, err := c.bus.Last(ctx, events.StreamRectification, "rectification.>"); err != nil && !errors.Is(err, bus.ErrNone) && !errors.Is(err, events.ErrMalformed) {
		state = "unavailable"
	}
	return map[string]string{"nats": state}, nil
}
