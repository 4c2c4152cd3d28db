package model

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/oversight"
	"songshui.internal/services/rectification/rectificationapi"
)

const asOf = events.Day("2026-11-23")

func sampleCases(t testing.TB) []events.CaseState {
	t.Helper()
	all := lines1[events.CaseState](t, "cases.jsonl")
	for i := range all {
		c := &all[i]
		c.ID, c.State, c.SubmittedOn = events.CaseIDFor(c.Office, c.Ref), events.CaseSubmitted, c.FoundOn
		for _, p := range c.Exposures {
			c.State = events.CaseExposed
			if c.ExposedOn == "" || p.PublishedOn < c.ExposedOn {
				c.ExposedOn = p.PublishedOn
			}
		}
	}
	return all
}

type followup struct {
	Ref        string     `json:"ref"`
	StartedOn  events.Day `json:"started_on"`
	Extensions []struct {
		AskedOn   events.Day `json:"asked_on"`
		NewDue    events.Day `json:"new_due"`
		DecidedOn events.Day `json:"decided_on"`
		Decision  string     `json:"decision"`
	} `json:"extensions"`
	Listed  *events.Listing `json:"listed"`
	Accepts []struct {
		AskedOn events.Day `json:"asked_on"`
		Result  string     `json:"result"`
		Site    *struct {
			On events.Day `json:"on"`
		} `json:"site_record"`
	} `json:"acceptances"`
	Closing  *events.Closing   `json:"closing"`
	Reopened *events.Reopening `json:"reopened"`
	Again    *events.Closing   `json:"closing_again"`
}

// rectificationOf gives the record of an exposed case; f is nil where nothing followed.
func rectificationOf(c events.CaseState, f *followup) events.RectificationState {
	r := events.RectificationState{ID: c.ID, Office: c.Office, State: events.RectificationPending, OpenedOn: c.ExposedOn}
	due := c.Plan.Deadline
	if due == "" {
		due = c.ExposedOn.Add(30)
	}
	set := func(day events.Day, by string, on events.Day) {
		r.Dues = append(r.Dues, events.Due{Day: day, SetBy: by, SetOn: on, SetAt: on.Time()})
	}
	set(due, "opened", c.ExposedOn)
	if f == nil {
		return r
	}
	r.StartedOn, r.State = f.StartedOn, events.RectificationInProgress
	if f.Listed != nil {
		r.Listings = append(r.Listings, *f.Listed)
		set(f.Listed.Due, "listed", f.Listed.On)
	}
	for _, asked := range f.Extensions {
		x := events.Extension{AskedOn: asked.AskedOn, AskedAt: asked.AskedOn.Time(), NewDue: asked.NewDue, DueInForce: r.Dues[len(r.Dues)-1].Day, Listed: f.Listed != nil,
			Decision: asked.Decision, DecidedOn: asked.DecidedOn}
		r.Extensions = append(r.Extensions, x)
		if x.Decision == events.Granted {
			set(x.NewDue, "extended", x.DecidedOn)
		}
	}
	if f.Reopened != nil {
		r.Reopenings = append(r.Reopenings, *f.Reopened)
		set(f.Reopened.NewDue, "reopened", f.Reopened.On)
	}
	for _, a := range f.Accepts {
		to := events.Acceptance{AskedOn: a.AskedOn, Result: a.Result}
		if a.Site != nil {
			to.DecidedOn = a.Site.On
		}
		if f.Reopened != nil && a.AskedOn >= f.Reopened.On {
			to.Round = 1
		}
		r.Acceptances = append(r.Acceptances, to)
	}
	for i, c := range []*events.Closing{f.Closing, f.Again} {
		if c != nil {
			closing := *c
			closing.On, closing.Round = c.PublishedOn, i
			r.Closings = append(r.Closings, closing)
		}
	}
	return r
}

func sampleLog(t testing.TB) *log {
	t.Helper()
	l := newLog(t)
	follow := map[string]*followup{}
	for _, f := range lines1[followup](t, "followups.jsonl") {
		follow[f.Ref] = &f
	}
	for _, c := range sampleCases(t) {
		l.putCase(t, c)
		if c.State == events.CaseExposed {
			l.putRectification(t, rectificationOf(c, follow[c.Ref]))
		}
	}
	return l
}

func TestSampleFollowups(t *testing.T) {
	t.Parallel()
	s := sampleLog(t).now(t)
	type row struct {
		Ref      string
		State    string
		Due      events.Day
		DueMoved events.Day `json:"due_moved"`
		Days     int
	}
	expected := whole[struct {
		States  map[events.Day]map[oversight.Figure]int `json:"states_by_day"`
		Running []row                                   `json:"overdue_running"`
		Stopped []row                                   `json:"overdue_stopped"`
		Days    struct {
			Closed, Median int
			P90            int `json:"p90_nearest_rank"`
		} `json:"days_to_close"`
	}](t, "followups.expected.json")
	names := map[oversight.Figure]oversight.Figure{"awaiting-acceptance": oversight.FigureAwaitingCheck, "accepted": oversight.FigureAwaitingMedia}
	for d, states := range expected.States {
		b := s.Board(oversight.Query{Day: d})
		for state, n := range states {
			if got := figure(b.Total, cmp.Or(names[state], state)); got != n {
				t.Errorf("%s: %d %s, want %d", d, got, state, n)
			}
		}
	}
	b := s.Board(oversight.Query{Day: asOf})
	listsEqual(t, s, b)
	for f, n := range map[oversight.Figure]int{oversight.FigureClosed: expected.Days.Closed, oversight.FigureDaysMedian: expected.Days.Median, oversight.FigureDaysP90: expected.Days.P90,
		oversight.FigureOverdue: len(expected.Running), oversight.FigureFinishedLate: len(expected.Stopped), oversight.FigureExposed: 32, oversight.FigureExtensionsAsked: 3,
		oversight.FigureExtensionsGranted: 2, oversight.FigureExtensionsLate: 1, oversight.FigureReopened: 1, oversight.FigureAwaitingMediaLate: 1} {
		if got := figure(b.Total, f); got != n {
			t.Errorf("%s is %d, want %d", f, got, n)
		}
	}
	for f, want := range map[oversight.Figure][]row{oversight.FigureOverdue: expected.Running, oversight.FigureFinishedLate: expected.Stopped} {
		var got []row
		for _, r := range s.Rows(oversight.Query{Figure: f, Day: asOf}) {
			got = append(got, row{r.Ref, r.State, r.Due, r.DueMoved, r.OverdueDays})
			if r.DueBy != "" { // the samples' cases name their deadlines, and offices set the others
				t.Errorf("%s: due on %s by %s", r.Ref, r.Due, r.DueBy)
			}
		}
		byRef := func(a, b row) int { return cmp.Compare(a.Ref, b.Ref) }
		slices.SortFunc(got, byRef)
		slices.SortFunc(want, byRef)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\nwant %v", f, got, want)
		}
	}
}

// TestSampleQuota receives a return of each office and month that holds all that was published.
func TestSampleQuota(t *testing.T) {
	t.Parallel()
	l := sampleLog(t)
	quota := whole[struct {
		Quota map[events.Month]struct {
			Met, Missed []events.OfficeSlug
			Only        []events.OfficeSlug `json:"only_other_levels"`
		}
		ByMonth map[events.Month]int `json:"by_month_cases"`
	}](t, "expected.json")
	held := map[oversight.ReturnID][]events.CaseID{}
	for _, c := range sampleCases(t) {
		for _, p := range c.Exposures {
			id := oversight.ReturnID{Office: c.Office, Month: events.MonthOf(p.PublishedOn)}
			held[id] = append(held[id], c.ID)
		}
	}
	for id, cases := range held {
		due := id.Month.Last().Add(5)
		l.putReturn(t, events.ReturnState{Office: id.Office, Month: id.Month, State: events.ReturnReceived, Due: due, Filings: []events.Filing{{On: id.Month.Last(), At: due.Time(), Cases: cases,
			Result: events.FilingReceived, AnsweredOn: due}}})
	}
	s := l.now(t)
	const after = events.Day("2026-12-31")
	for m, want := range quota.Quota {
		b := s.Board(oversight.Query{Month: m, Day: after})
		listsEqual(t, s, b)
		var met, missed, only []events.OfficeSlug
		for _, o := range b.Offices {
			c := o.Returns[0]
			switch c.Shown {
			case oversight.ShownMet:
				met = append(met, o.Office)
			case oversight.ShownMissed:
				missed = append(missed, o.Office)
			}
			if c.OnlyOtherLevels {
				only = append(only, o.Office)
			}
		}
		if !slices.Equal(met, want.Met) || !slices.Equal(missed, want.Missed) || !slices.Equal(only, want.Only) {
			t.Errorf("%s: met %v, missed %v, other levels %v, want %+v", m, met, missed, only, want)
		}
		if got := figure(b.Total, oversight.FigureExposed); got != quota.ByMonth[m] {
			t.Errorf("%s: %d exposed, want %d", m, got, quota.ByMonth[m])
		}
		if got := figure(b.Total, oversight.FigureReturnsInTime); got != len(met) {
			t.Errorf("%s: %d in time, want %d", m, got, len(met))
		}
	}
}

// TestReader: what is read lean gives the same figures as the whole state.
func TestReader(t *testing.T) {
	t.Parallel()
	numbers := rectificationapi.Numbers{Rules: newLists(t).book, Calendar: newLists(t).calendar}
	follow := map[string]*followup{}
	for _, f := range lines1[followup](t, "followups.jsonl") {
		follow[f.Ref] = &f
	}
	r := newReader()
	for _, c := range sampleCases(t) {
		whole := rectificationOf(c, follow[c.Ref])
		d, err := r.decode("rectification", "x", stamp{}, message(t, whole))
		if err != nil {
			t.Fatal(err)
		}
		for m := events.Month("2026-05"); m <= "2027-02"; m = m.Next() {
			if a, b := standing(&Rectification{RectificationState: whole}, numbers, m.Last()), standing(d.r, numbers, m.Last()); !reflect.DeepEqual(a, b) {
				t.Fatalf("%s %s: %+v, want %+v", c.Ref, m, b, a)
			}
		}
		d, err = r.decode("case", "x", stamp{}, message(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if d.c.Title != c.Title || d.c.Enterprise.USCC != c.Enterprise.USCC || d.c.Enterprise.Name != c.Enterprise.Name || len(d.c.Exposures) != len(c.Exposures) || d.c.ExposedOn != c.ExposedOn {
			t.Fatalf("%s: %+v", c.Ref, d.c)
		}
	}
}

// FuzzReader: no bytes make the reader fall over or go round for ever.
func FuzzReader(f *testing.F) {
	for _, s := range []string{`{"fact":{},"state":{"id":"a","exposures":[{"outlet":"\u003c","level":"","published_on":"2026-01-01"}],"embargo":null}}`, `{"state":{"title":"\\\""},"fact":[]}`, `{`, `{"state"`,
		`{"state":{"exposures":[`, `{"state":{"ref":1}}`, `{"fact":"\ud800","state":{"a":[[]]}}`, `{"state":{"reminders":[{"at":"x"}]}}`, "{\"state\":\x00}", `{"state":]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		for _, noun := range []string{"case", "rectification", "return"} {
			_, _ = newReader().decode(noun, "x", stamp{}, data)
		}
	})
}

// TestRecognitionsOnTheBoard: months that were recognised say how, on the board, in their list and in a table as told.
func TestRecognitionsOnTheBoard(t *testing.T) {
	t.Parallel()
	l := sampleLog(t)
	for office, kind := range map[events.OfficeSlug]string{"siping": events.RecognisedFromPaper, "jilin": events.RecognisedByDecision} {
		l.putReturn(t, events.ReturnState{Office: office, Month: "2026-06", State: events.ReturnRecognised, Due: "2026-07-06", Recognition: &events.Recognition{Kind: kind, On: "2026-11-01"}})
	}
	s := l.now(t)
	q := oversight.Query{Month: "2026-06", Day: asOf}
	kinds := map[events.OfficeSlug][]string{}
	b := s.Board(q)
	for _, o := range b.Offices {
		kinds[o.Office] = append(kinds[o.Office], o.Returns[0].Kind)
	}
	for _, r := range editionRows(b) {
		kinds[r.Office] = append(kinds[r.Office], r.Kind)
	}
	q.Figure = "returns-recognised"
	for _, r := range s.Rows(q) {
		kinds[r.Office] = append(kinds[r.Office], r.Kind)
	}
	for office, want := range map[events.OfficeSlug][]string{"siping": {"paper", "paper", "paper"}, "jilin": {"decision", "decision", "decision"}, "baishan": {"", ""}} {
		if !slices.Equal(kinds[office], want) {
			t.Errorf("%s: %q", office, kinds[office])
		}
	}
}
