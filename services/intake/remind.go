package intake

import (
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/workdays"
)

// Kinds of reminders.
const (
	// RemindEmbargoEnded: the embargo's end has come without a publication, the case is 到期待刊发. Nothing is exposed by it.
	RemindEmbargoEnded = "embargo-ended"
	// RemindObjection: an objection 陈述申辩 has its last day, and no answer.
	RemindObjection = "objection-waits"
)

// Numbers are what deadlines are computed with.
type Numbers struct {
	Rules    *rules.Book
	Calendar *workdays.Calendar
}

// AnswerBy is the last day on which an objection is answered in time.
func (n Numbers) AnswerBy(c events.CaseState, o events.Objection) events.Day {
	return n.Calendar.Add(o.On, n.Rules.On(rules.AnswerObjection, c.SubmittedOn), c.Office)
}

// pending are the reminders of a case that aren't stated yet, each with its moment.
func (n Numbers) pending(c events.CaseState) []events.Reminder {
	var out []events.Reminder
	add := func(kind string, day events.Day, at, since time.Time) {
		stated := slices.ContainsFunc(append(slices.Clone(c.Reminders), out...), func(r events.Reminder) bool {
			return r.Kind == kind && r.For == day && (!r.At.Before(since) || kind == RemindObjection)
		})
		if !stated {
			out = append(out, events.Reminder{Kind: kind, For: day, At: at})
		}
	}
	if c.State == events.CaseEmbargoed && c.Embargo != nil {
		add(RemindEmbargoEnded, events.DayOf(c.Embargo.Until), c.Embargo.Until, c.Embargo.SetAt)
	}
	if c.State == events.CaseWithdrawn {
		return out
	}
	for _, o := range c.Objections {
		if o.Answer != "" {
			continue
		}
		day := n.AnswerBy(c, o)
		at := day.Time().Add(time.Duration(n.Rules.On(rules.RemindHour, o.On)) * time.Hour)
		if at.After(o.At) { // what was entered from paper after its day is reminded of by nobody
			add(RemindObjection, day, at, time.Time{})
		}
	}
	return out
}

// Next gives the moment of the next reminder that isn't stated; zero = none.
func (n Numbers) Next(c events.CaseState) time.Time {
	var next time.Time
	for _, r := range n.pending(c) {
		if next.IsZero() || r.At.Before(next) {
			next = r.At
		}
	}
	return next
}

// Due gives the fact that states what has come by now; nil = nothing.
func (n Numbers) Due(c events.CaseState, now time.Time) events.Fact {
	var due []events.Reminder
	for _, r := range n.pending(c) {
		if !r.At.After(now) {
			r.At = now.UTC()
			due = append(due, r)
		}
	}
	if len(due) == 0 {
		return nil
	}
	return events.CaseRemindedFact{Reminders: due}
}
