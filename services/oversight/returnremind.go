package oversight

import (
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/rules"
)

// Kinds of reminders of a return, as events.Reminder.Kind.
const (
	RemindFirst  = "return-first"
	RemindSecond = "return-second"
	RemindBefore = "return-before"
)

// waitsSince gives since when the return is the office's to send in; the zero time if it isn't.
func waitsSince(s events.ReturnState) time.Time {
	switch f := last(s); {
	case s.State == running:
		return s.OpenedAt
	case s.State == returned && f != nil:
		return f.AnsweredAt
	}
	return time.Time{}
}

// openReminders lists the reminders not yet stated, the earliest first, each with its moment as At. What was past when the return became the office's to send in is never stated.
func openReminders(s events.ReturnState, b *rules.Book) []events.Reminder {
	since := waitsSince(s)
	if since.IsZero() {
		return nil
	}
	began := s.Month.First()
	inMonth := func(n rules.Name) events.Day { return min(began.Add(b.On(n, began)-1), s.Month.Last()) }
	hour := time.Duration(b.On(rules.RemindHour, began)) * time.Hour
	var out []events.Reminder
	for _, r := range []struct {
		kind string
		day  events.Day
	}{{RemindFirst, inMonth(rules.ReturnRemindFirst)}, {RemindSecond, inMonth(rules.ReturnRemindSecond)}, {RemindBefore, s.Due.Add(-b.On(rules.ReturnRemindBefore, began))}} {
		at := r.day.Time().Add(hour)
		if at.Before(since) || stated(s, r.kind) {
			continue
		}
		out = append(out, events.Reminder{Kind: r.kind, For: s.Due, At: at})
	}
	return out
}

func stated(s events.ReturnState, kind string) bool {
	for _, r := range s.Reminders {
		if r.Kind == kind && r.For == s.Due {
			return true
		}
	}
	return false
}

// NextReturnReminder gives the moment of the next reminder not yet stated; the zero time if there is none. Returns that are filed, received or recognised remind nobody.
func NextReturnReminder(s events.ReturnState, b *rules.Book) time.Time {
	open := openReminders(s, b)
	if len(open) == 0 {
		return time.Time{}
	}
	next := open[0].At
	for _, r := range open[1:] {
		if r.At.Before(next) {
			next = r.At
		}
	}
	return next
}

// RemindReturn makes the fact that states what has come by now, each with the moment at which it is stated; nil if nothing has.
func RemindReturn(s events.ReturnState, b *rules.Book, now time.Time) (events.Fact, access.Given) {
	var come []events.Reminder
	for _, r := range openReminders(s, b) {
		if !r.At.After(now) {
			r.At = now.UTC()
			come = append(come, r)
		}
	}
	if len(come) == 0 {
		return nil, access.Given{}
	}
	return events.ReturnRemindedFact{Reminders: come}, access.Given{On: events.DayOf(now)}
}
