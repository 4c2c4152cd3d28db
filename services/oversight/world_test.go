package oversight_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/oversight"
)

type fields = map[string]any

// at gives a moment in Shanghai.
func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", s, events.Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

// lists is a registry of one campaign and of offices that begin and end.
type lists struct {
	campaigns []events.CampaignState
	offices   map[events.OfficeSlug]events.OfficeState
	book      *rules.Book
	calendar  *workdays.Calendar
}

func (l lists) Campaigns() []events.CampaignState { return l.campaigns }
func (l lists) Rules() *rules.Book                { return l.book }
func (l lists) Calendar() *workdays.Calendar      { return l.calendar }
func (l lists) Office(o events.OfficeSlug) (events.OfficeState, bool) {
	s, ok := l.offices[o]
	return s, ok
}

func registry(t testing.TB) lists {
	t.Helper()
	states, err := rulesfile.Default()
	if err != nil {
		t.Fatal(err)
	}
	l := lists{offices: map[events.OfficeSlug]events.OfficeState{"siping": {Slug: "siping"}, "yanbian": {Slug: "yanbian"},
		"gongzhuling": {Slug: "gongzhuling", To: "2026-08-02"}, "newtown": {Slug: "newtown", From: "2026-10-31"}},
		campaigns: []events.CampaignState{{ID: "2026", From: "2026-06", To: "2026-12", Offices: []events.OfficeSlug{"siping", "yanbian", "gongzhuling", "newtown", "nowhere"}},
			{ID: "2028", From: "2028-02", To: "2028-02", Offices: []events.OfficeSlug{"siping"}}}}
	if l.book, err = rules.New(states...); err != nil {
		t.Fatal(err)
	}
	if l.calendar, err = workdays.Default(); err != nil {
		t.Fatal(err)
	}
	return l
}

// caseOf makes an exposed case of an office with publications written as “level day”.
func caseOf(office events.OfficeSlug, ref string, publications ...string) events.CaseState {
	c := events.CaseState{ID: events.CaseIDFor(office, ref), Office: office, Ref: ref, State: events.CaseSubmitted}
	for _, p := range publications {
		level, day, _ := strings.Cut(p, " ")
		if level == "unplaced" {
			level = ""
		}
		c.State = events.CaseExposed
		c.Exposures = append(c.Exposures, events.Publication{Outlet: "某媒体", Level: level, PublishedOn: events.Day(day)})
		if d := events.Day(day); c.ExposedOn == "" || d < c.ExposedOn {
			c.ExposedOn = d
		}
	}
	return c
}

// record is one return and the log of its facts.
type record struct {
	state  events.ReturnState
	cases  []events.CaseState
	people map[events.AccountID]access.Actor
	lists  lists
	now    time.Time
	metas  []events.Meta
	facts  []events.Fact
	// states are those after each fact.
	states []events.ReturnState
}

func openReturn(t testing.TB, office events.OfficeSlug, month events.Month, cases ...events.CaseState) *record {
	t.Helper()
	r := &record{cases: cases, lists: registry(t), now: month.First().Time(), people: map[events.AccountID]access.Actor{}}
	for _, a := range []access.Actor{signer(office), deputy(office), drafter(office), signer("yanbian")} {
		r.people[a.Account] = a
	}
	fact, ok := oversight.ReturnOpened(r.lists, office, month)
	if !ok {
		t.Fatalf("%s owes nothing for %s", office, month)
	}
	if err := r.take(fact, access.Given{On: month.First()}, events.System("oversight")); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *record) take(f events.Fact, g access.Given, by events.Actor) error {
	meta := events.Meta{Type: f.EventType(), Time: r.now.UTC(), On: g.On, Backdated: g.Backdated, Actor: by}
	next, err := oversight.FoldReturn(r.state, meta, f)
	if err != nil {
		return err
	}
	r.state = next
	r.metas, r.facts, r.states = append(r.metas, meta), append(r.facts, f), append(r.states, next)
	return nil
}

// medium knows every name but missing-….
func medium(ref oversight.MediaRef) (events.MediaState, string) {
	name := ref.File + ref.ID
	kind := "document"
	switch {
	case strings.HasPrefix(name, "missing"):
		return events.MediaState{}, "unknown_file"
	case strings.HasSuffix(name, ".mp4"):
		kind = "video"
	}
	return events.MediaState{ID: events.MediaIDFor("x", "", name), Kind: kind}, ""
}

func (r *record) world(a access.Actor) oversight.ReturnWorld {
	w := oversight.ReturnWorld{Actor: a, Now: r.now, BackdateAfter: r.lists.book.On(rules.BackdateAfter, r.state.Month.First()), Medium: medium,
		Person: func(id events.AccountID) (access.Actor, bool) {
			a, ok := r.people[id]
			return a, ok
		}}
	for i, c := range r.cases {
		if c.Office == r.state.Office {
			w.Cases = append(w.Cases, oversight.CaseFile{State: c, RelyOn: events.Reliance{Stream: events.StreamCases, Subject: events.CaseSubject(c.Office, c.ID), Sequence: uint64(i + 1)}})
		}
	}
	return w
}

// give gives a command of a body written as JSON.
func (r *record) give(t testing.TB, a access.Actor, name string, body any) error {
	t.Helper()
	b, ok := oversight.NewReturnBody(name)
	if !ok {
		t.Fatalf("no command %s", name)
	}
	data, err := json.Marshal(body)
	if err == nil {
		err = strict.Decode(data, b)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	fact, given, err := oversight.DecideReturn(r.state, name, b, r.world(a))
	if err != nil || fact == nil {
		return err
	}
	return r.take(fact, given, a.Event())
}

func (r *record) must(t testing.TB, a access.Actor, name string, body any) {
	t.Helper()
	if err := r.give(t, a, name, body); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func (r *record) judged() []oversight.ReturnCase {
	var out []oversight.ReturnCase
	for _, c := range r.cases {
		if rc, ok := oversight.CaseOfReturn(c, func(string) string { return "" }); ok && c.Office == r.state.Office {
			out = append(out, rc)
		}
	}
	return out
}

// on derives for the end of a day, now for today.
func (r *record) on(day events.Day) oversight.ReturnView {
	return oversight.DeriveReturn(r.state, r.judged(), day)
}

func (r *record) shown() oversight.Shown { return r.on(events.DayOf(r.now)).Shown }

// The people of an office.
func signer(o events.OfficeSlug) access.Actor {
	return access.Actor{Account: events.AccountID("signer-" + o), Role: access.Office, Office: o, Duties: access.Duties()}
}

func deputy(o events.OfficeSlug) access.Actor {
	return access.Actor{Account: events.AccountID("deputy-" + o), Role: access.Office, Office: o, Duties: access.Duties()}
}

func drafter(o events.OfficeSlug) access.Actor {
	return access.Actor{Account: events.AccountID("drafter-" + o), Role: access.Office, Office: o, Duties: []access.Duty{access.Drafter}}
}

var province = access.Actor{Account: "province", Role: access.Supervisor}

// wrongOf writes a refusal as its code and fields.
func wrongOf(err error) string {
	if err == nil {
		return "taken"
	}
	f := fault.Of(err)
	out := string(f.Code)
	if f.Detail != "" {
		out += " (" + f.Detail + ")"
	}
	for _, w := range f.Fields {
		out += " " + w.Field + ":" + w.Code
	}
	return out
}
