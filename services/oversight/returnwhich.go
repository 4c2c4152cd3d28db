package oversight

import (
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/workdays"
)

// Registry is what the lists of the registry say; registryapi.Directory is one.
type Registry interface {
	Campaigns() []events.CampaignState
	Office(events.OfficeSlug) (events.OfficeState, bool)
	Rules() *rules.Book
	Calendar() *workdays.Calendar
}

// Owed gives the campaign for which an office owes a return for a month: one whose months and offices hold it, while the office exists on a day of that month [ours: an office that began or ended within a
// month owes that month]. False = there is no such return.
func Owed(r Registry, office events.OfficeSlug, month events.Month) (events.CampaignState, bool) {
	o, ok := r.Office(office)
	if !ok || o.From > month.Last() || o.To != "" && o.To < month.First() {
		return events.CampaignState{}, false
	}
	for _, c := range r.Campaigns() {
		if c.From <= month && month <= c.To && slices.Contains(c.Offices, office) {
			return c, true
		}
	}
	return events.CampaignState{}, false
}

// Begun says whether a month has begun on a day: before it, its returns aren't there yet.
func Begun(month events.Month, today events.Day) bool { return month.First() <= today }

// ReturnID names a return.
type ReturnID struct {
	Office events.OfficeSlug `json:"office"`
	Month  events.Month      `json:"month"`
}

// Owing lists every return of every campaign whose month has begun, by month and then in the campaign's order of offices.
func Owing(r Registry, today events.Day) []ReturnID {
	var out []ReturnID
	seen := map[ReturnID]bool{}
	for _, c := range r.Campaigns() {
		for m := c.From; m <= c.To && Begun(m, today); m = m.Next() {
			for _, o := range c.Offices {
				id := ReturnID{o, m}
				if _, ok := Owed(r, o, m); ok && !seen[id] {
					seen[id] = true
					out = append(out, id)
				}
			}
		}
	}
	return out
}

// ReturnDue gives the day on which a month's return is due: the rule's day of the next month, moved off days off.
func ReturnDue(r Registry, office events.OfficeSlug, month events.Month) events.Day {
	next := month.Next()
	day := min(next.First().Add(r.Rules().On(rules.ReturnDueDay, month.First())-1), next.Last())
	return r.Calendar().Move(day, office)
}

// ReturnOpened makes the fact that begins a record; its given day is the month's first. False if no such return is owed.
func ReturnOpened(r Registry, office events.OfficeSlug, month events.Month) (events.ReturnOpenedFact, bool) {
	c, ok := Owed(r, office, month)
	if !ok {
		return events.ReturnOpenedFact{}, false
	}
	return events.ReturnOpenedFact{Office: office, Month: month, Campaign: c.ID, Due: ReturnDue(r, office, month)}, true
}
