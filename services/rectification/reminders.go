package rectification

import (
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/workdays"
)

// Kinds of reminders.
const (
	// RemindFirst and RemindSecond come before the due day, RemindToday on it.
	RemindFirst  = "due-first"
	RemindSecond = "due-second"
	RemindToday  = "due-today"
	// RemindTalk 约谈提示 and RemindAgain come after it.
	RemindTalk  = "overdue-talk"
	RemindAgain = "overdue-again"
	// RemindListing: the province hasn't said whether a major case is listed, and it is the last day of doing so.
	RemindListing = "listing-question"
)

// Numbers are what clocks and deadlines are computed with; neither is nil.
type Numbers struct {
	Rules    *rules.Book
	Calendar *workdays.Calendar
}

// rule gives a number for a rectification: by the day on which it was opened.
func (n Numbers) rule(name rules.Name, s events.RectificationState) int {
	return n.Rules.On(name, s.OpenedOn)
}

// ListingDue is the day by which the province says whether a major case is listed, or why not.
func (n Numbers) ListingDue(s events.RectificationState) events.Day {
	return n.Calendar.Add(s.OpenedOn, n.rule(rules.AskListing, s), s.Office)
}

// Reminders gives those that are still to be stated, in no order, each with the moment from which it holds. The due day in force is reminded of while the unit's clock runs, also while a request
// for acceptance waits; For is that day as written, while the moments go by the day to which it moves. What had passed already when its day was recorded is left out.
func (n Numbers) Reminders(s events.RectificationState) []events.Reminder {
	if !slices.Contains([]events.RectificationStatus{pending, inProgress, awaiting}, s.State) || len(s.Dues) == 0 {
		return nil
	}
	var out []events.Reminder
	add := func(kind string, of, day events.Day, since time.Time) {
		at := day.Time().Add(time.Duration(n.rule(rules.RemindHour, s)) * time.Hour)
		stated := slices.ContainsFunc(s.Reminders, func(r events.Reminder) bool { return r.Kind == kind && r.For == of })
		if !stated && at.After(since) {
			out = append(out, events.Reminder{Kind: kind, For: of, At: at})
		}
	}
	due := s.Dues[len(s.Dues)-1]
	moved := n.Calendar.Move(due.Day, s.Office)
	add(RemindFirst, due.Day, moved.Add(-n.rule(rules.RemindBeforeFirst, s)), recorded(due))
	add(RemindSecond, due.Day, moved.Add(-n.rule(rules.RemindBeforeSecond, s)), recorded(due))
	add(RemindToday, due.Day, moved, recorded(due))
	add(RemindTalk, due.Day, moved.Add(n.rule(rules.RemindTalk, s)), recorded(due))
	add(RemindAgain, due.Day, moved.Add(n.rule(rules.RemindOverdue, s)), recorded(due))
	if s.HazardLevel == hazardMajor && !listingAnswered(s) {
		day := n.ListingDue(s)
		add(RemindListing, day, day, recorded(s.Dues[0]))
	}
	return out
}

// recorded is when a due day was recorded; of a record from before that was kept, the end of the day that it was set on.
func recorded(d events.Due) time.Time {
	if d.SetAt.IsZero() {
		return d.SetOn.Add(1).Time()
	}
	return d.SetAt
}

// NextReminder gives the moment of the next one; zero = none.
func (n Numbers) NextReminder(s events.RectificationState) time.Time {
	var next time.Time
	for _, r := range n.Reminders(s) {
		if next.IsZero() || r.At.Before(next) {
			next = r.At
		}
	}
	return next
}

// Remind gives the fact that states every reminder whose moment has come, the earliest first; nil = none has.
func (n Numbers) Remind(s events.RectificationState, now time.Time) events.Fact {
	due := slices.DeleteFunc(n.Reminders(s), func(r events.Reminder) bool { return r.At.After(now) })
	if len(due) == 0 {
		return nil
	}
	slices.SortStableFunc(due, func(a, b events.Reminder) int { return a.At.Compare(b.At) })
	for i := range due {
		due[i].At = now.UTC()
	}
	return events.RectificationRemindedFact{Reminders: due}
}
