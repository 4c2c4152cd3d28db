package model

import (
	"cmp"
	"maps"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/oversight"
)

// month is an office's month, as the board tells it.
type month struct {
	oversight.ReturnID
	state events.ReturnState
	view  oversight.ReturnView
}

// campaign gives the one that a query is about: that of its month, else the last that has begun by the day, else the first.
func (s *Snapshot) campaign(q oversight.Query) events.CampaignState {
	var at events.CampaignState
	for i, c := range s.lists.Campaigns() {
		switch {
		case q.Month != "" && c.From <= q.Month && q.Month <= c.To:
			return c
		case q.Month == "" && (i == 0 || c.From <= events.MonthOf(q.Day)):
			at = c
		}
	}
	return at
}

// months tells what every office's month within the query is worth, by office in the campaign's order and then by month. Those that aren't owed or hadn't begun by the day are left out. st are the day's standings.
func (s *Snapshot) months(q oversight.Query, st *standings) []month {
	if q.Sector != "" {
		return nil
	}
	c := s.campaign(q)
	var out []month
	for _, office := range c.Offices {
		if q.Office != "" && office != q.Office {
			continue
		}
		for m := c.From; m <= c.To && oversight.Begun(m, q.Day); m = m.Next() {
			if q.Month != "" && m != q.Month {
				continue
			}
			if _, ok := oversight.Owed(s.lists, office, m); ok {
				id := oversight.ReturnID{Office: office, Month: m}
				out = append(out, month{ReturnID: id, state: s.returnOf(id)})
			}
		}
	}
	published := s.published(out)
	for i := range out {
		out[i].view = s.worth(out[i], published[out[i].Office][out[i].Month], st)
	}
	return out
}

// worth gives what a month is worth, from what is kept of the day where nothing behind it has changed.
func (s *Snapshot) worth(m month, p *publishedIn, st *standings) oversight.ReturnView {
	r := s.returns[m.ReturnID]
	if kept, ok := st.months[m.ReturnID]; ok && kept.of == r && kept.due == m.state.Due && !p.unplaced && slices.Equal(kept.cases, p.cases) {
		return kept.view
	}
	cases := make([]oversight.ReturnCase, len(p.cases))
	for i, c := range p.cases {
		cases[i] = s.exposureOf(c)
	}
	view := oversight.DeriveReturn(m.state, cases, st.day)
	if st.months == nil {
		st.months = map[oversight.ReturnID]keptMonth{}
	}
	st.months[m.ReturnID] = keptMonth{of: r, due: m.state.Due, cases: p.cases, view: view}
	return view
}

// returnOf gives the record, or one that runs where it isn't open yet.
func (s *Snapshot) returnOf(id oversight.ReturnID) events.ReturnState {
	if r := s.returns[id]; r != nil {
		return r.ReturnState
	}
	return events.ReturnState{Office: id.Office, Month: id.Month, State: events.ReturnRunning, Due: oversight.ReturnDue(s.lists, id.Office, id.Month)}
}

// publishedIn are the cases of an office with a publication in a month; unplaced says that some outlet's level is to be looked up.
type publishedIn struct {
	cases    []*Case
	unplaced bool
}

// published finds the cases that each month's return is judged by.
func (s *Snapshot) published(of []month) map[events.OfficeSlug]map[events.Month]*publishedIn {
	out := map[events.OfficeSlug]map[events.Month]*publishedIn{}
	for _, m := range of {
		if out[m.Office] == nil {
			out[m.Office] = map[events.Month]*publishedIn{}
		}
		out[m.Office][m.Month] = &publishedIn{}
	}
	for i := range s.table {
		c := s.table[i].c
		if c == nil || !c.exposed {
			continue
		}
		months := out[c.Office]
		for _, m := range c.months {
			if p := months[m]; p != nil {
				p.cases, p.unplaced = append(p.cases, c), p.unplaced || c.unplaced
			}
		}
	}
	return out
}

// Board counts all that a query looks at; its Day is set.
func (s *Snapshot) Board(q oversight.Query) oversight.Board {
	q.Figure = ""
	campaign := s.campaign(q)
	b := oversight.Board{Query: q, Campaign: campaign.ID, Months: []events.Month{}, Offices: []oversight.OfficeLine{}, Sectors: []oversight.SectorLine{}, Sequences: s.Sequences}
	var total oversight.Tally
	offices, sectors := tallies[events.OfficeSlug]{}, tallies[string]{}
	st := s.standings(q.Day)
	s.lines(q, st, func(l line) {
		total.AddCase(l.exposure, l.is, l.hits)
		offices.of(l.c.Office).AddCase(l.exposure, l.is, l.hits)
		sectors.of(l.c.Sector).AddCase(l.exposure, l.is, l.hits)
		b.CalendarMissing = b.CalendarMissing || l.is != nil && l.is.CalendarMissing
	})
	months := s.months(q, st)
	st.mu.Unlock()
	cells := map[events.OfficeSlug][]oversight.MonthCell{}
	for _, m := range months {
		total.AddMonth(&m.view)
		offices.of(m.Office).AddMonth(&m.view)
		cells[m.Office] = append(cells[m.Office], m.cell(q))
		if !slices.Contains(b.Months, m.Month) {
			b.Months = append(b.Months, m.Month)
		}
	}
	slices.Sort(b.Months)
	for _, o := range order(campaign.Offices, offices) {
		at := q
		at.Office = o
		name, _ := s.lists.Office(o)
		b.Offices = append(b.Offices, oversight.OfficeLine{Office: o, Name: name.Name, Returns: append([]oversight.MonthCell{}, cells[o]...), Figures: offices[o].Cells(at)})
	}
	for _, sector := range order(campaign.Sectors, sectors) {
		at := q
		at.Sector = sector
		b.Sectors = append(b.Sectors, oversight.SectorLine{Sector: sector, Figures: sectors[sector].Cells(at)})
	}
	b.Total = total.Cells(q)
	return b
}

type tallies[K comparable] map[K]*oversight.Tally

func (t tallies[K]) of(k K) *oversight.Tally {
	if t[k] == nil {
		t[k] = &oversight.Tally{}
	}
	return t[k]
}

// order gives the keys that have a tally: first those known, in their order, then the others sorted.
func order[K cmp.Ordered](known []K, t tallies[K]) []K {
	var out []K
	for _, k := range known {
		if t[k] != nil && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	rest := slices.Sorted(maps.Keys(t))
	return append(out, slices.DeleteFunc(rest, func(k K) bool { return slices.Contains(out, k) })...)
}

func (m month) cell(q oversight.Query) oversight.MonthCell {
	q.Office, q.Month, q.Figure = m.Office, m.Month, oversight.FigureExposed
	v := m.view
	c := oversight.MonthCell{Month: m.Month, Due: m.state.Due, Shown: v.Shown, Kind: v.Kind, Overdue: v.Overdue, ZeroReturn: v.ZeroReturn, OnlyOtherLevels: v.OnlyOtherLevels,
		NothingExposed: len(v.Published) == 0, Unplaced: v.Unplaced, Supplement: v.Supplement, Backdated: v.Backdated, Punctual: v.Punctual, Exposed: len(v.Published), Query: q.Encode()}
	for _, f := range m.state.Filings {
		if f.On <= q.Day {
			c.FiledOn, c.FiledAt = f.On, f.At
		}
	}
	return c
}

// Rows lists everything behind a query's figure, in its order.
func (s *Snapshot) Rows(q oversight.Query) []oversight.Row {
	def, ok := oversight.LookupFigure(q.Figure)
	if !ok {
		return nil
	}
	rows := []oversight.Row{}
	st := s.standings(q.Day)
	defer st.mu.Unlock()
	if def.Unit == oversight.UnitMonths {
		for _, m := range s.months(q, st) {
			if def.MatchesMonth(&m.view) {
				rows = append(rows, oversight.Row{Office: m.Office, Month: m.Month, State: string(m.view.Shown), Kind: m.view.Kind, Due: m.state.Due, DueBy: oversight.BySystem, Backdated: m.view.Backdated})
			}
		}
		oversight.SortRows(rows)
		return rows
	}
	s.lines(q, st, func(l line) {
		once, extensions := def.Matches(l.exposure, l.is)
		if once {
			rows = append(rows, l.row(q.Day))
		}
		for _, i := range extensions {
			r, x := l.row(q.Day), l.is.Extensions[i]
			r.Extension, r.AskedOn, r.NewDue, r.Decision, r.Backdated = &i, x.AskedOn, x.NewDue, x.Decision, x.Backdated
			rows = append(rows, r)
		}
	})
	oversight.SortRows(rows)
	return rows
}

func (l line) row(day events.Day) oversight.Row {
	r := oversight.Row{Case: l.c.ID, Ref: l.c.Ref, Title: l.c.Title, Enterprise: l.c.Enterprise.Name, Office: l.c.Office, Sector: l.c.Sector, ExposedOn: l.c.ExposedOn,
		Withdrawn: l.c.State == events.CaseWithdrawn && l.c.WithdrawnOn <= day}
	if s := l.is; s != nil {
		r.State, r.Due, r.DueBackdated, r.DueMoved, r.OverdueDays, r.Grade, r.ClosedOn = string(s.State), s.Due, s.DueBackdated, s.DueMoved, s.OverdueDays, s.Grade, s.ClosedOn
		if s.DueOpened && l.c.Plan.Deadline != s.Due {
			r.DueBy = oversight.BySystem
		}
		if s.ClosedOn != "" {
			days := s.DaysToClose
			r.DaysToClose = &days
		}
	}
	return r
}
