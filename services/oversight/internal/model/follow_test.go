package model

import (
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
	"songshui.internal/services/oversight/oversightapi"
)

func restated[S any](s func(events.Fact) S) func(S, events.Meta, events.Fact) (S, error) {
	return func(_ S, _ events.Meta, f events.Fact) (S, error) { return s(f), nil }
}

var (
	caseRecords = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: 1,
		Fold: restated(func(f events.Fact) events.CaseState { return f.(events.CaseRestatedFact).State })}
	rectRecords = bus.Aggregate[events.RectificationState, *events.RectificationState]{Stream: events.StreamRectification, Schema: 1,
		Fold: restated(func(f events.Fact) events.RectificationState { return f.(events.RectificationRestatedFact).State })}
)

// following is a model that follows a real log.
type following struct {
	t   *testing.T
	bus *bus.Bus
	m   *Model
	end map[string]uint64
}

func follow(t *testing.T) *following {
	t.Helper()
	nc := natstest.New(t)
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, events.Shanghai) }
	b, err := bus.New(nc, events.ServiceOversight, bus.Options{Logger: slog.New(slog.DiscardHandler), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), b.JetStream(), 1, nil); err != nil {
		t.Fatal(err)
	}
	return &following{t: t, bus: b, m: New(b, newLists(t)), end: map[string]uint64{}}
}

func (f *following) run() {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.m.Run(ctx) }()
	f.t.Cleanup(func() { cancel(); <-done })
	select {
	case <-f.m.Loaded():
	case <-time.After(20 * time.Second):
		f.t.Fatal("not loaded")
	}
}

func (f *following) await() {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 10*time.Second)
	defer cancel()
	for stream, seq := range f.end {
		if err := f.m.Await(ctx, stream, seq); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *following) putCase(c events.CaseState) {
	f.t.Helper()
	l, err := caseRecords.Execute(f.t.Context(), f.bus, events.CaseSubject(c.Office, c.ID), bus.Intent{Name: "x", Actor: events.System("x")}, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) {
		return events.CaseRestatedFact{State: c}, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.end[events.StreamCases] = l.Sequence
}

func (f *following) putRectification(r events.RectificationState) {
	f.t.Helper()
	l, err := rectRecords.Execute(f.t.Context(), f.bus, events.RectificationSubject(r.Office, r.ID), bus.Intent{Name: "x", Actor: events.System("x")}, func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) {
		return events.RectificationRestatedFact{State: r}, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.end[events.StreamRectification] = l.Sequence
}

// ask asks an endpoint as an actor.
func ask[R any](f *following, e bus.Endpoint, a access.Actor, params, body any) (R, error) {
	f.t.Helper()
	p, _ := json.Marshal(params)
	data, _ := json.Marshal(body)
	if body == nil {
		data = nil
	}
	var got R
	reply, err := e(f.t.Context(), bus.Request{Actor: a, Params: p, Body: data})
	if err != nil {
		return got, err
	}
	raw, err := json.Marshal(reply)
	if err == nil {
		err = json.Unmarshal(raw, &got)
	}
	return got, err
}

func TestAxesAndEditions(t *testing.T) {
	t.Parallel()
	f := follow(t)
	if _, err := f.m.Now(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("before the log was read: %v", err)
	}
	cases := sampleCases(t)[:4]
	for _, c := range cases[:3] {
		f.putCase(c)
		f.putRectification(rectificationOf(c, nil))
	}
	f.run()
	board := func(q oversight.Query) oversight.Board {
		t.Helper()
		b, err := ask[oversight.Board](f, f.m.answerBoard, province, q, nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := board(oversight.Query{})
	if n := figure(first.Total, oversight.FigurePending); n != 3 || first.Day != asOf {
		t.Fatalf("%d pending on %s", n, first.Day)
	}
	month := events.MonthOf(cases[0].ExposedOn)
	if _, err := ask[oversightapi.Fixed](f, f.m.answerFix, access.Actor{Role: access.Office, Office: "changchun"}, oversightapi.FixParams{Month: month}, nil); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an office fixes: %v", err)
	}
	fixed, err := ask[oversightapi.Fixed](f, f.m.answerFix, province, oversightapi.FixParams{Month: month, Key: "k"}, oversightapi.FixBody{Note: "报省安委会"})
	if err != nil || fixed.Edition.Number != 1 || fixed.Edition.Day != asOf {
		t.Fatalf("%+v %v", fixed, err)
	}
	if again, err := ask[oversightapi.Fixed](f, f.m.answerFix, province, oversightapi.FixParams{Month: month, Key: "k"}, oversightapi.FixBody{Note: "报省安委会"}); err != nil || again.Edition.Number != 1 {
		t.Errorf("sent again: %+v %v", again, err)
	}
	for body, want := range map[any]string{oversightapi.FixBody{Day: "2027-01-01"}: "day:in_future", oversightapi.FixBody{Day: "2026-01-01"}: "day:before_month", oversightapi.FixBody{Day: "x"}: "day:day"} {
		_, err := ask[oversightapi.Fixed](f, f.m.answerFix, province, oversightapi.FixParams{Month: month}, body)
		if fields := fault.Of(err).Fields; len(fields) != 1 || fields[0].Field+":"+fields[0].Code != want {
			t.Errorf("%+v: %v", body, err)
		}
	}
	// What comes after is another moment.
	moment := f.lastStored()
	r := rectificationOf(cases[0], nil)
	r.StartedOn, r.State = cases[0].ExposedOn, events.RectificationInProgress
	f.putRectification(r)
	f.putCase(cases[3])
	f.putRectification(rectificationOf(cases[3], nil))
	f.await()
	if b := board(oversight.Query{}); figure(b.Total, oversight.FigurePending) != 3 || figure(b.Total, oversight.FigureInProgress) != 1 {
		t.Errorf("afterwards: %+v", b.Total)
	}
	past, err := f.m.At(t.Context(), moment)
	if err != nil {
		t.Fatal(err)
	}
	then := past.Board(oversight.Query{Day: asOf})
	listsEqual(t, past, then)
	then.Sequences = first.Sequences
	if !reflect.DeepEqual(stripQueries(then), stripQueries(first)) {
		t.Errorf("as of then\n%+v\nwant\n%+v", then, first)
	}
	replayed, err := f.m.Replay(t.Context(), fixed.Edition.Sequences)
	if err != nil {
		t.Fatal(err)
	}
	if rows := editionRows(replayed.Board(oversight.Query{Month: month, Day: asOf})); !reflect.DeepEqual(rows, fixed.Edition.Rows) {
		t.Errorf("the edition again\n%+v\nwant\n%+v", rows, fixed.Edition.Rows)
	}
	f.difference(month, cases[0].ID)
	mine, err := ask[oversightapi.Editions](f, f.m.answerEditions, access.Actor{Role: access.Office, Office: "changchun"}, oversightapi.FixParams{Month: month}, nil)
	if err != nil || len(mine.Editions) != 1 || len(mine.Editions[0].Rows) != 1 || mine.Editions[0].Rows[0].Office != "changchun" || mine.Editions[0].Note != "" {
		t.Errorf("an office's editions: %+v %v", mine, err)
	}
	empty, err := f.m.At(t.Context(), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil || len(empty.table) != 0 {
		t.Errorf("before all: %d records, %v", len(empty.table), err)
	}
}

func (f *following) difference(month events.Month, changed events.CaseID) {
	f.t.Helper()
	d, err := ask[oversightapi.Difference](f, f.m.answerDifference, province, oversightapi.DifferenceParams{Month: month, Number: 1}, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	i := slices.IndexFunc(d.Changes, func(c oversightapi.Change) bool {
		return c.Office == oversightapi.Province && c.Figure == string(oversight.FigureInProgress)
	})
	if i < 0 || d.Changes[i].Then != 0 || d.Changes[i].Now != 1 || !slices.Equal(d.Changes[i].Came, []string{string(changed)}) || d.Changes[i].ByTime {
		f.t.Errorf("changes %+v", d.Changes)
	}
	if !slices.ContainsFunc(d.Facts, func(x oversightapi.ChangeFact) bool {
		return x.Record == string(changed) && x.Stream == events.StreamRectification && x.Type == events.RectificationRestatedFact{}.EventType() && x.Actor.Role == "system"
	}) {
		f.t.Errorf("facts %+v", d.Facts)
	}
	if _, err := ask[oversightapi.Difference](f, f.m.answerDifference, province, oversightapi.DifferenceParams{Month: month, Number: 2}, nil); !fault.Is(err, fault.NotFound) {
		f.t.Errorf("no such edition: %v", err)
	}
}

// stripQueries leaves the figures.
func stripQueries(b oversight.Board) map[string]map[oversight.Figure]int {
	out := map[string]map[oversight.Figure]int{}
	for name, list := range cells(b) {
		out[name] = map[oversight.Figure]int{}
		for _, c := range list {
			out[name][c.Figure] = c.Rows
		}
	}
	return out
}

// lastStored gives when the log's last message was stored.
func (f *following) lastStored() time.Time {
	f.t.Helper()
	var last time.Time
	for _, at := range []struct{ stream, filter string }{{events.StreamCases, "case.>"}, {events.StreamRectification, "rectification.>"}, {events.StreamReturns, ">"}} {
		m, err := f.bus.Last(f.t.Context(), at.stream, at.filter)
		if err != nil {
			f.t.Fatal(err)
		}
		if m.Stored.After(last) {
			last = m.Stored
		}
	}
	return last
}

// TestChangesWithinARecord: a second extension of a case, and another day of closing, are changes of that case, not of passing days.
func TestChangesWithinARecord(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	c := sampleCases(t)[0]
	l.putCase(t, c)
	r := rectificationOf(c, nil)
	r.StartedOn, r.State = c.ExposedOn, events.RectificationClosed
	r.Acceptances = []events.Acceptance{{AskedOn: c.ExposedOn.Add(9), Result: events.Accepted, DecidedOn: c.ExposedOn.Add(10)}}
	x := events.Extension{AskedOn: c.ExposedOn.Add(2), DueInForce: r.Dues[0].Day}
	r.Extensions, r.Closings = []events.Extension{x}, []events.Closing{{On: c.ExposedOn.Add(20)}}
	l.putRectification(t, r)
	then := l.now(t)
	q := oversight.Query{Month: events.MonthOf(c.ExposedOn), Day: asOf}
	e := events.Edition{Day: asOf, Rows: editionRows(then.Board(q))}
	if got := changes(e, then, l.now(t), q); len(got) != 0 {
		t.Errorf("nothing has changed: %+v", got)
	}
	r.Extensions = append(slices.Clone(r.Extensions), x)
	r.Closings = []events.Closing{{On: c.ExposedOn.Add(25)}}
	l.putRectification(t, r)
	of := map[string]oversightapi.Change{}
	for _, change := range changes(e, then, l.now(t), q) {
		if change.Office == oversightapi.Province {
			of[change.Figure] = change
		}
	}
	id := []string{string(c.ID)}
	if x := of["extensions-asked"]; x.Then != 1 || x.Now != 2 || !slices.Equal(x.Came, id) || len(x.Went) > 0 {
		t.Errorf("extensions %+v", x)
	}
	if d := of["days-to-close-median"]; d.Then != 20 || d.Now != 25 || !slices.Equal(d.Came, id) || !slices.Equal(d.Went, id) {
		t.Errorf("days to close %+v", d)
	}
	if len(of) != 3 {
		t.Errorf("changes %+v", of)
	}
}
