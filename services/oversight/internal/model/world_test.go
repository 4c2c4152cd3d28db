package model

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/oversight"
)

// samples is the one copy of the sample files.
const samples = "../../../songshui/internal/samples/"

func lines1[T any](t testing.TB, file string) []T {
	t.Helper()
	data, err := os.ReadFile(samples + file)
	if err != nil {
		t.Fatal(err)
	}
	var out []T
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var one T
		if err := json.Unmarshal(s.Bytes(), &one); err != nil {
			t.Fatalf("%s:%d: %v", file, len(out)+1, err)
		}
		out = append(out, one)
	}
	return out
}

func whole[T any](t testing.TB, file string) T {
	t.Helper()
	data, err := os.ReadFile(samples + file)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return out
}

// lists are the registry's lists of the samples.
type lists struct {
	offices  []events.OfficeSlug
	book     *rules.Book
	calendar *workdays.Calendar
	outlets  map[string]events.OutletState
}

var sectors = []string{"hazardous-chemicals", "mining", "industry-trade", "road-traffic", "construction"}

func (l *lists) Campaigns() []events.CampaignState {
	return []events.CampaignState{{ID: "2026", From: "2026-06", To: "2026-12", Offices: l.offices, Sectors: sectors}}
}
func (l *lists) Rules() *rules.Book           { return l.book }
func (l *lists) Calendar() *workdays.Calendar { return l.calendar }
func (l *lists) OnChange(func())              {}
func (l *lists) Office(o events.OfficeSlug) (events.OfficeState, bool) {
	s := events.OfficeState{Slug: o, Name: strings.ToUpper(string(o))}
	if o == "changbaishan" {
		s.From = "2006-01-01"
	}
	return s, true
}
func (l *lists) Outlet(name string) (events.OutletState, bool) {
	o, ok := l.outlets[name]
	return o, ok
}

func newLists(t testing.TB) *lists {
	t.Helper()
	l := &lists{outlets: map[string]events.OutletState{}}
	var err error
	if l.book, err = rulesfile.Book(); err != nil {
		t.Fatal(err)
	}
	if l.calendar, err = workdays.Default(); err != nil {
		t.Fatal(err)
	}
	for _, o := range whole[struct {
		Offices []struct{ Slug events.OfficeSlug }
	}](t, "expected.json").Offices {
		l.offices = append(l.offices, o.Slug)
	}
	for _, o := range whole[[]events.OutletState](t, "outlets.json") {
		for _, n := range append([]string{o.Name, string(o.ID)}, o.Aliases...) {
			l.outlets[n] = o
		}
	}
	return l
}

// newModel makes a model that is loaded without a log.
func newModel(t testing.TB) *Model {
	t.Helper()
	m := New(nil, newLists(t))
	close(m.loaded)
	return m
}

// message writes a message's body with a long fact before the state, as submissions have.
func message(t testing.TB, state any) []byte {
	t.Helper()
	s, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(`{"fact":{"text":"他说：\"}{\\\"","n":[1,{"a":null}]},"state":` + string(s) + `}`)
}

// log hands states to a model as messages.
type log struct {
	m   *Model
	r   *reader
	seq uint64
}

func newLog(t testing.TB) *log { return &log{m: newModel(t), r: newReader()} }

func (l *log) put(t testing.TB, noun, stream string, state any) {
	t.Helper()
	l.seq++
	d, err := l.r.decode(noun, "songshui.x.v1", stamp{sequence: l.seq}, message(t, state))
	if err != nil {
		t.Fatal(err)
	}
	l.m.put(stream, l.seq, []*decoded{d})
}

func (l *log) putCase(t testing.TB, c events.CaseState) {
	l.put(t, "case", events.StreamCases, c)
}
func (l *log) putRectification(t testing.TB, r events.RectificationState) {
	l.put(t, "rectification", events.StreamRectification, r)
}
func (l *log) putReturn(t testing.TB, r events.ReturnState) {
	l.put(t, "return", events.StreamReturns, r)
}

func (l *log) now(t testing.TB) *Snapshot {
	t.Helper()
	s, err := l.m.Now()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// cells gives a board's lines, with the name of each.
func cells(b oversight.Board) map[string][]oversight.Cell {
	out := map[string][]oversight.Cell{"total": b.Total}
	for _, o := range b.Offices {
		out["office "+string(o.Office)] = o.Figures
	}
	for _, s := range b.Sectors {
		out["sector "+s.Sector] = s.Figures
	}
	return out
}

func figure(list []oversight.Cell, f oversight.Figure) int {
	for _, c := range list {
		if c.Figure == f && c.Value != nil {
			return *c.Value
		}
	}
	return -1
}

// listsEqual asks for all lists of a board: each is as long as its figure says.
func listsEqual(t interface{ Fatalf(string, ...any) }, s *Snapshot, b oversight.Board) {
	for name, list := range cells(b) {
		for _, c := range list {
			q, err := oversight.ParseQuery(c.Query)
			if err != nil {
				t.Fatalf("%s: %v", c.Query, err)
			}
			def, _ := oversight.LookupFigure(c.Figure)
			if n := len(s.Rows(q)); n != c.Rows || def.Percentile == 0 && *c.Value != n {
				t.Fatalf("%s of %s: %d, its list %q has %d", c.Figure, name, c.Rows, c.Query, n)
			}
		}
	}
	for _, o := range b.Offices {
		for _, m := range o.Returns {
			q, err := oversight.ParseQuery(m.Query)
			if err != nil {
				t.Fatalf("%s: %v", m.Query, err)
			}
			if n := len(s.Rows(q)); n != m.Exposed {
				t.Fatalf("%s %s: %d exposed, its list has %d", o.Office, m.Month, m.Exposed, n)
			}
		}
	}
}

var province = access.Actor{Account: "province", Role: access.Supervisor}
