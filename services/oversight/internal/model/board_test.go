package model

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

// randomRecords draws some cases with rectifications, publications and returns.
func randomRecords(t *rapid.T, offices []events.OfficeSlug) (cases []events.CaseState, rects []events.RectificationState, returns []events.ReturnState) {
	day := func(name string, from events.Day, most int) events.Day {
		return from.Add(rapid.IntRange(0, most).Draw(t, name))
	}
	held := map[oversight.ReturnID][]events.CaseID{}
	for i := range rapid.IntRange(0, 12).Draw(t, "cases") {
		office := rapid.SampledFrom(offices[:4]).Draw(t, "office")
		c := events.CaseState{ID: events.CaseIDFor(office, fmt.Sprint(i)), Office: office, Ref: fmt.Sprint(i), State: events.CaseExposed, CaseContent: events.CaseContent{Sector: rapid.SampledFrom(sectors).Draw(t, "sector"),
			Enterprise: events.Enterprise{Name: rapid.SampledFrom([]string{"甲", "乙"}).Draw(t, "enterprise")}}}
		for range rapid.IntRange(0, 3).Draw(t, "publications") {
			on := day("published", "2026-06-01", 120)
			c.Exposures = append(c.Exposures, events.Publication{Outlet: "某", Level: rapid.SampledFrom([]string{"municipal", "municipal", "county", ""}).Draw(t, "level"), PublishedOn: on})
			if c.ExposedOn == "" || on < c.ExposedOn {
				c.ExposedOn = on
			}
			id := oversight.ReturnID{Office: office, Month: events.MonthOf(on)}
			held[id] = append(held[id], c.ID)
		}
		if len(c.Exposures) == 0 {
			c.State = events.CaseSubmitted
		}
		cases = append(cases, c)
		if c.ExposedOn == "" {
			continue
		}
		if rapid.IntRange(0, 5).Draw(t, "withdrawn") == 0 {
			cases[len(cases)-1].State, cases[len(cases)-1].WithdrawnOn = events.CaseWithdrawn, day("withdrawn on", c.ExposedOn, 60)
		}
		rects = append(rects, randomRectification(t, c, day))
	}
	for id, ids := range held {
		slices.Sort(ids)
		f := events.Filing{On: day("filed", id.Month.First(), 50), Cases: slices.Compact(ids), Backdated: rapid.Bool().Draw(t, "backdated")}
		f.At = f.On.Time().Add(time.Hour)
		if rapid.Bool().Draw(t, "answered") {
			f.Result, f.AnsweredOn = rapid.SampledFrom([]string{events.FilingReceived, events.FilingReturned}).Draw(t, "result"), day("answered on", f.On, 9)
		}
		returns = append(returns, events.ReturnState{Office: id.Office, Month: id.Month, Due: id.Month.Last().Add(5), State: events.ReturnFiled, Filings: []events.Filing{f}})
	}
	return cases, rects, returns
}

func randomRectification(t *rapid.T, c events.CaseState, day func(string, events.Day, int) events.Day) events.RectificationState {
	r := events.RectificationState{ID: c.ID, Office: c.Office, OpenedOn: c.ExposedOn, Dues: []events.Due{{Day: day("due", c.ExposedOn, 60), SetBy: "opened", SetOn: c.ExposedOn}}}
	if rapid.Bool().Draw(t, "started") {
		r.StartedOn = day("started on", c.ExposedOn, 20)
		for range rapid.IntRange(0, 2).Draw(t, "extensions") {
			x := events.Extension{AskedOn: day("asked", r.StartedOn, 30), DueInForce: r.Dues[0].Day}
			x.AskedAt = x.AskedOn.Add(rapid.IntRange(0, 9).Draw(t, "late by")).Time()
			if rapid.Bool().Draw(t, "decided") {
				x.Decision, x.DecidedOn = rapid.SampledFrom([]string{events.Granted, events.Refused, events.Lapsed}).Draw(t, "decision"), day("decided on", x.AskedOn, 30)
			}
			r.Extensions = append(r.Extensions, x)
		}
		if rapid.Bool().Draw(t, "asked acceptance") {
			a := events.Acceptance{AskedOn: day("acceptance", r.StartedOn, 60)}
			if rapid.Bool().Draw(t, "checked") {
				a.Result, a.DecidedOn = events.Accepted, day("checked on", a.AskedOn, 20)
				r.Closings = append(r.Closings, events.Closing{On: day("closed on", a.DecidedOn, 20)})
			}
			r.Acceptances = append(r.Acceptances, a)
		}
		if rapid.IntRange(0, 6).Draw(t, "ended") == 0 {
			r.Ending = &events.Ending{Kind: events.RectificationTransferred, ConsentedOn: day("ended on", r.StartedOn, 80)}
		}
	}
	return r
}

// TestRandom asks for all lists of random boards, adds the lines up, and has the same from records that came in another order.
func TestRandom(t *testing.T) {
	t.Parallel()
	base := newLists(t)
	rapid.Check(t, func(t *rapid.T) {
		cases, rects, returns := randomRecords(t, base.offices)
		q := oversight.Query{Day: events.Day("2026-06-01").Add(rapid.IntRange(0, 200).Draw(t, "day"))}
		load := func(backwards bool) *Snapshot {
			m := New(nil, base)
			close(m.loaded)
			var all []*decoded
			for i, c := range cases {
				all = append(all, &decoded{c: newCase(c, stamp{sequence: uint64(i + 1)})})
			}
			for i, r := range rects {
				all = append(all, &decoded{r: &Rectification{stamp{sequence: uint64(i + 1)}, r}})
			}
			for i, r := range returns {
				all = append(all, &decoded{rt: &Return{stamp{sequence: uint64(i + 1)}, r}})
			}
			if backwards {
				slices.Reverse(all)
			}
			var s *Snapshot
			for i, d := range append(all, nil) {
				// What was derived is asked for in between, so that it is kept and must be derived anew.
				m.put("", 0, []*decoded{d})
				var err error
				if s, err = m.Now(); err != nil {
					t.Fatal(err)
				}
				if i%3 == 0 {
					s.Board(q)
				}
			}
			return s
		}
		if rapid.Bool().Draw(t, "by month") {
			q.Month = rapid.SampledFrom([]events.Month{"2026-06", "2026-07", "2026-08"}).Draw(t, "month")
		}
		if rapid.Bool().Draw(t, "by sector") {
			q.Sector = rapid.SampledFrom(sectors).Draw(t, "sector")
		}
		s := load(false)
		b := s.Board(q)
		listsEqual(t, s, b)
		for i, c := range b.Total {
			sum := 0
			for _, o := range b.Offices {
				sum += o.Figures[i].Rows
			}
			if sum != c.Rows {
				t.Fatalf("%s: the offices have %d, all %d", c.Figure, sum, c.Rows)
			}
		}
		if again := load(true).Board(q); !reflect.DeepEqual(again, b) {
			t.Fatalf("another order gives\n%+v\nwant\n%+v", again, b)
		}
		naive(t, cases, rects, q, b)
	})
}

// naive counts some figures from the whole states.
func naive(t *rapid.T, cases []events.CaseState, rects []events.RectificationState, q oversight.Query, b oversight.Board) {
	exposed, asked, closed := 0, 0, 0
	within := func(c events.CaseState) (published bool) {
		for _, p := range c.Exposures {
			published = published || p.PublishedOn <= q.Day && (q.Month == "" || events.MonthOf(p.PublishedOn) == q.Month)
		}
		return published && (q.Sector == "" || c.Sector == q.Sector)
	}
	byID := map[events.CaseID]events.CaseState{}
	for _, c := range cases {
		byID[c.ID] = c
		if within(c) && (c.WithdrawnOn == "" || q.Day < c.WithdrawnOn) {
			exposed++
		}
	}
	for _, r := range rects {
		if !within(byID[r.ID]) {
			continue
		}
		for _, x := range r.Extensions {
			if x.AskedOn <= q.Day {
				asked++
			}
		}
		if ended := r.Ending != nil && r.Ending.ConsentedOn <= q.Day; !ended && len(r.Closings) > 0 && r.Closings[0].On <= q.Day {
			closed++
		}
	}
	for f, n := range map[oversight.Figure]int{oversight.FigureExposed: exposed, oversight.FigureExtensionsAsked: asked, oversight.FigureClosed: closed} {
		if got := figure(b.Total, f); got != n {
			t.Fatalf("%s is %d, want %d", f, got, n)
		}
	}
}

func TestWhoSees(t *testing.T) {
	t.Parallel()
	office := access.Actor{Account: "a", Role: access.Office, Office: "siping"}
	for _, c := range []struct {
		actor access.Actor
		ask   events.OfficeSlug
		gets  events.OfficeSlug
		code  fault.Code
	}{
		{province, "", "", ""}, {province, "jilin", "jilin", ""}, {office, "", "siping", ""}, {office, "siping", "siping", ""}, {office, "jilin", "", fault.Forbidden},
		{access.Actor{Role: access.Office}, "", "", fault.Forbidden}, {access.Actor{Role: access.Journalist, Outlet: "x"}, "", "", fault.Forbidden},
		{access.Actor{Role: access.Unit}, "", "", fault.Forbidden}, {access.Actor{Role: access.Overseer}, "siping", "", fault.Forbidden}, {access.Actor{Role: access.Admin}, "", "", fault.Forbidden},
	} {
		q := oversight.Query{Office: c.ask}
		err := Scope(c.actor, &q)
		if c.code == "" && (err != nil || q.Office != c.gets) || c.code != "" && !fault.Is(err, c.code) {
			t.Errorf("%s asking for %q: %q, %v", c.actor.Role, c.ask, q.Office, err)
		}
	}
	s := sampleLog(t).now(t)
	b := s.Board(oversight.Query{Office: "siping", Day: asOf})
	if len(b.Offices) != 1 || b.Offices[0].Office != "siping" || figure(b.Total, oversight.FigureExposed) != 3 {
		t.Errorf("siping's board: %+v", b.Offices)
	}
	for _, c := range b.Total {
		for _, r := range s.Rows(oversight.Query{Figure: c.Figure, Office: "siping", Day: asOf}) {
			if r.Office != "siping" {
				t.Errorf("%s lists %s", c.Figure, r.Office)
			}
		}
	}
}

func TestEarlierCases(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	put := func(office events.OfficeSlug, ref, name, uscc string, state events.CaseStatus, on events.Day) events.CaseID {
		c := events.CaseState{ID: events.CaseIDFor(office, ref), Office: office, Ref: ref, State: state, ExposedOn: on, SubmittedOn: on,
			CaseContent: events.CaseContent{Enterprise: events.Enterprise{Name: name, USCC: uscc}}}
		if on != "" {
			c.Exposures, c.ExposedAt = []events.Publication{{Level: "municipal", PublishedOn: on}}, on.Time().Add(12*time.Hour)
		}
		l.putCase(t, c)
		return c.ID
	}
	put("jilin", "1", "吉林（甲）公司", "A", events.CaseExposed, "2025-01-01")
	put("jilin", "2", "吉林(甲) 公司", "", events.CaseExposed, "2026-06-01")
	put("jilin", "3", "吉林(甲)公司", "B", events.CaseExposed, "2026-06-02")
	put("siping", "4", "改名公司", "A", events.CaseWithdrawn, "2026-06-03")
	last := put("siping", "5", "吉林（甲）公司", "A", events.CaseExposed, "2026-07-01")
	hidden := put("jilin", "6", "吉林（甲）公司", "A", events.CaseSubmitted, "")
	s := l.now(t)
	refs := func(a access.Actor, id events.CaseID) string {
		got, err := s.Earlier(a, id)
		if err != nil {
			return string(fault.Of(err).Code)
		}
		out := ""
		for _, c := range got {
			out += c.Ref
		}
		return out
	}
	siping := access.Actor{Role: access.Office, Office: "siping"}
	jilin := access.Actor{Role: access.Office, Office: "jilin"}
	for _, c := range []struct {
		actor access.Actor
		id    events.CaseID
		want  string
	}{{province, last, "421"}, {siping, last, "421"}, {jilin, last, "21"}, {access.Actor{Role: access.Journalist}, last, "21"}, {access.Actor{Role: access.Admin}, last, "not_found"},
		{siping, hidden, "not_found"}, {jilin, hidden, "521"}, {province, "nothing", "not_found"}} {
		if got := refs(c.actor, c.id); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.actor.Role, c.actor.Office, got, c.want)
		}
	}
	var again string
	for _, a := range s.Agains() {
		again += a.Before.Ref + "→" + a.Case.Ref + " "
	}
	if again != "2→3 2→5 " {
		t.Errorf("again %q", again)
	}
}

// withPast adds the campaign of 2019 with 公主岭, which ended as an office in September of it.
type withPast struct{ *lists }

func (l withPast) Campaigns() []events.CampaignState {
	return append([]events.CampaignState{{ID: "2019", From: "2019-06", To: "2019-12", Offices: []events.OfficeSlug{"siping", "gongzhuling"}, Sectors: sectors}}, l.lists.Campaigns()...)
}

func (l withPast) Office(o events.OfficeSlug) (events.OfficeState, bool) {
	s, ok := l.lists.Office(o)
	if o == "gongzhuling" {
		s.To = "2019-09-10"
	}
	return s, ok
}

// TestOfficesCountWhereTheyExisted: an office that has ended owes the months in which it existed, in its campaign alone; its cases are on the board for as long as they are there.
func TestOfficesCountWhereTheyExisted(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.m.lists = withPast{newLists(t)}
	c := events.CaseState{ID: events.CaseIDFor("gongzhuling", "1"), Office: "gongzhuling", Ref: "1", State: events.CaseExposed, ExposedOn: "2019-07-03",
		CaseContent: events.CaseContent{Sector: "mining"}, Exposures: []events.Publication{{Level: "municipal", PublishedOn: "2019-07-03"}}}
	l.putCase(t, c)
	l.putRectification(t, events.RectificationState{ID: c.ID, Office: c.Office, OpenedOn: c.ExposedOn, Dues: []events.Due{{Day: "2019-08-02", SetBy: "opened", SetOn: c.ExposedOn}}})
	s := l.now(t)
	worth := func(q oversight.Query) (months string, exposed, overdue int) {
		b := s.Board(q)
		listsEqual(t, s, b)
		for _, o := range b.Offices {
			if o.Office != "gongzhuling" {
				continue
			}
			for _, m := range o.Returns {
				months += string(m.Month) + " " + string(m.Shown) + " "
			}
			return months, figure(o.Figures, oversight.FigureExposed), figure(o.Figures, oversight.FigureOverdue)
		}
		return "none", 0, 0
	}
	for _, c := range []struct {
		q                oversight.Query
		months           string
		exposed, overdue int
	}{
		{oversight.Query{Day: "2019-12-31"}, "2019-06 missed 2019-07 missed 2019-08 missed 2019-09 missed ", 1, 1},
		{oversight.Query{Day: "2019-07-31"}, "2019-06 missed 2019-07 running ", 1, 0},
		{oversight.Query{Day: "2026-11-23", Month: "2019-07"}, "2019-07 missed ", 1, 1},
		{oversight.Query{Day: "2026-11-23", Month: "2019-10"}, "none", 0, 0},
		{oversight.Query{Day: "2026-11-23", Month: "2026-06"}, "none", 0, 0},
		{oversight.Query{Day: "2026-11-23"}, "", 1, 1},
	} {
		if months, exposed, overdue := worth(c.q); months != c.months || exposed != c.exposed || overdue != c.overdue {
			t.Errorf("%+v: %q, %d exposed, %d overdue", c.q, months, exposed, overdue)
		}
	}
}
