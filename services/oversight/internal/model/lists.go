package model

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/internal/workdays"
)

// registryKinds are the kinds of REGISTRY's records that figures need.
var registryKinds = []string{events.RegistryOffice, events.RegistryOutlet, events.RegistryCampaign, events.RegistryRule, events.RegistryCalendar}

// pastLists are the registry's lists as they stood; before REGISTRY had rules or days off, those of the files in the program, as registryapi.Directory has it.
type pastLists struct {
	offices   map[events.OfficeSlug]events.OfficeState
	outlets   map[string]events.OutletState
	campaigns []events.CampaignState
	book      *rules.Book
	calendar  *workdays.Calendar
	// now stands in for what REGISTRY didn't hold at all yet.
	now Lists
}

func (l *pastLists) Campaigns() []events.CampaignState { return l.campaigns }
func (l *pastLists) Rules() *rules.Book                { return l.book }
func (l *pastLists) Calendar() *workdays.Calendar      { return l.calendar }

func (l *pastLists) Office(o events.OfficeSlug) (events.OfficeState, bool) {
	if len(l.offices) == 0 {
		return l.now.Office(o)
	}
	s, ok := l.offices[o]
	return s, ok
}

func (l *pastLists) Outlet(name string) (events.OutletState, bool) {
	if len(l.outlets) == 0 {
		return l.now.Outlet(name)
	}
	o, ok := l.outlets[outletKey(name)]
	return o, ok
}

// outletKey is a name as registry compares it: without blanks.
func outletKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, name)
}

// listsAt reads REGISTRY up to a sequence. A kind of which it held nothing yet is told by what it holds now: a log older than its registry was judged by some list all the same.
func (m *Model) listsAt(ctx context.Context, upTo uint64) (*pastLists, error) {
	l := &pastLists{offices: map[events.OfficeSlug]events.OfficeState{}, outlets: map[string]events.OutletState{}, now: m.lists}
	byName, years := map[string]events.RuleState{}, map[int]events.CalendarState{}
	list, err := rulesfile.Default()
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		byName[r.Name] = r
	}
	files, err := workdays.Years()
	if err != nil {
		return nil, err
	}
	for _, y := range files {
		years[y.Year] = y
	}
	for _, kind := range registryKinds {
		err := m.lastOf(ctx, events.StreamRegistry, []string{events.RegistrySubject(kind, "*")}, upTo, func(msg *nats.Msg, _ stamp) error {
			return l.take(kind, msg, byName, years)
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(l.campaigns, func(a, b events.CampaignState) int { return cmp.Compare(a.ID, b.ID) })
	if len(l.campaigns) == 0 {
		l.campaigns = m.lists.Campaigns()
	}
	if l.book, err = rules.New(slices.Collect(maps.Values(byName))...); err != nil {
		return nil, err
	}
	if l.calendar, err = workdays.New(slices.Collect(maps.Values(years))...); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *pastLists) take(kind string, msg *nats.Msg, byName map[string]events.RuleState, years map[int]events.CalendarState) error {
	body, err := events.DecodeBody(msg.Data)
	if err != nil {
		return err
	}
	eventType := msg.Header.Get(events.HeaderType)
	switch kind {
	case events.RegistryOffice:
		var o events.OfficeState
		if o, err = events.DecodeState[events.OfficeState](events.Default, eventType, body); err == nil {
			l.offices[o.Slug] = o
		}
	case events.RegistryOutlet:
		var o events.OutletState
		if o, err = events.DecodeState[events.OutletState](events.Default, eventType, body); err == nil {
			for _, name := range append([]string{o.Name, string(o.ID)}, o.Aliases...) {
				l.outlets[outletKey(name)] = o
			}
		}
	case events.RegistryCampaign:
		var c events.CampaignState
		if c, err = events.DecodeState[events.CampaignState](events.Default, eventType, body); err == nil {
			l.campaigns = append(l.campaigns, c)
		}
	case events.RegistryRule:
		var r events.RuleState
		if r, err = events.DecodeState[events.RuleState](events.Default, eventType, body); err == nil && rules.Check(r) == nil {
			byName[r.Name] = r
		}
	case events.RegistryCalendar:
		var c events.CalendarState
		if c, err = events.DecodeState[events.CalendarState](events.Default, eventType, body); err == nil {
			years[c.Year] = c
		}
	}
	return err
}
