package registryapi

import (
	"maps"
	"slices"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/internal/workdays"
)

// fromFiles begins with what the files in the program say, so that there is never a moment without rules.
func (d *Directory) fromFiles() error {
	list, err := rulesfile.Default()
	if err != nil {
		return err
	}
	for _, r := range list {
		d.rules[r.Name] = r
	}
	years, err := workdays.Years()
	if err != nil {
		return err
	}
	for _, y := range years {
		d.years[y.Year] = y
	}
	if d.book, err = rules.New(list...); err != nil {
		return err
	}
	d.calendar, err = workdays.New(years...)
	return err
}

// putRule takes a rule; the caller holds the lock. A rule that isn't known here is for newer code.
func (d *Directory) putRule(r events.RuleState) error {
	if !slices.Contains(rules.Names(), rules.Name(r.Name)) {
		return nil
	}
	next := maps.Clone(d.rules)
	next[r.Name] = r
	book, err := rules.New(slices.Collect(maps.Values(next))...)
	if err != nil {
		return err
	}
	d.rules, d.book = next, book
	return nil
}

func (d *Directory) putYear(c events.CalendarState) error {
	next := maps.Clone(d.years)
	next[c.Year] = c
	calendar, err := workdays.New(slices.Collect(maps.Values(next))...)
	if err != nil {
		return err
	}
	d.years, d.calendar = next, calendar
	return nil
}

// change alters what is known and tells those who asked, outside the lock.
func (d *Directory) change(alter func() error) error {
	d.mu.Lock()
	err := alter()
	hooks := slices.Clone(d.hooks)
	d.mu.Unlock()
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		hook()
	}
	return nil
}

// OnChange calls hook after a campaign, a rule or a year's days off has changed: whoever has computed deadlines computes them again. The hook must return at once; it
// may be called several times for one edit, from one goroutine.
func (d *Directory) OnChange(hook func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hooks = append(d.hooks, hook)
}

// Calendar gives the days off as known now. It doesn't change; ask again for what came since.
func (d *Directory) Calendar() *workdays.Calendar {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.calendar
}

// Rules gives the rules as known now. They don't change; ask again for what came since.
func (d *Directory) Rules() *rules.Book {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.book
}

// Campaigns gives every campaign in the order of their years.
func (d *Directory) Campaigns() []events.CampaignState {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.SortedFunc(maps.Values(d.campaigns), func(a, b events.CampaignState) int { return strings.Compare(a.ID, b.ID) })
}

// Year gives a year's file of days off; false where there is none, and only weekends are off.
func (d *Directory) Year(year int) (events.CalendarState, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	c, ok := d.years[year]
	return c, ok
}
