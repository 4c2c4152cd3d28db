package rectification_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/rectification"
)

// clock is the day after the samples' last.
var clock = time.Date(2026, 11, 24, 12, 0, 0, 0, events.Shanghai)

const asOf = events.Day("2026-11-23")

// samples is the one copy of the sample files.
const samples = "../songshui/internal/samples/"

func lines[T any](t testing.TB, file string) []T {
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

// sampleCases gives the samples' cases by reference, exposed where they carry publications.
func sampleCases(t testing.TB) map[string]events.CaseState {
	t.Helper()
	out := map[string]events.CaseState{}
	for _, c := range lines[events.CaseState](t, "cases.jsonl") {
		c.ID, c.State = events.CaseIDFor(c.Office, c.Ref), events.CaseSubmitted
		for _, p := range c.Exposures {
			c.State = events.CaseExposed
			if c.ExposedOn == "" || p.PublishedOn < c.ExposedOn {
				c.ExposedOn = p.PublishedOn
			}
		}
		out[c.Ref] = c
	}
	return out
}

func calendar(t testing.TB) *workdays.Calendar {
	t.Helper()
	c, err := workdays.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// numbers are those of the files in the program.
func numbers(t testing.TB) rectification.Numbers {
	t.Helper()
	book, err := rulesfile.Book()
	if err != nil {
		t.Fatal(err)
	}
	return rectification.Numbers{Rules: book, Calendar: calendar(t)}
}

type directory map[string]events.OutletState

func (d directory) outlet(name string) (events.OutletState, bool) {
	o, ok := d[name]
	return o, ok
}

func outlets(t testing.TB) directory {
	t.Helper()
	d := directory{}
	for _, o := range whole[[]events.OutletState](t, "outlets.json") {
		d[o.Name], d[string(o.ID)] = o, o
		for _, a := range o.Aliases {
			d[a] = o
		}
	}
	return d
}

// record is one rectification and the log of its facts.
type record struct {
	state   events.RectificationState
	c       events.CaseState
	outlets directory
	numbers rectification.Numbers
	now     time.Time
	metas   []events.Meta
	facts   []events.Fact
}

func openRecord(t testing.TB, c events.CaseState) *record {
	t.Helper()
	r := &record{c: c, outlets: outlets(t), numbers: numbers(t), now: clock}
	if err := r.take(rectification.Opened(c, relyOn(c), r.numbers), access.Given{On: c.ExposedOn}, events.System("rectification")); err != nil {
		t.Fatal(err)
	}
	return r
}

func relyOn(c events.CaseState) events.Reliance {
	return events.Reliance{Stream: events.StreamCases, Subject: events.CaseSubject(c.Office, c.ID), Sequence: 1}
}

func (r *record) take(f events.Fact, g access.Given, by events.Actor) error {
	meta := events.Meta{Type: f.EventType(), Time: r.now, On: g.On, Backdated: g.Backdated, Actor: by}
	before, _ := json.Marshal(r.state)
	next, err := rectification.Fold(r.state, meta, f)
	if err != nil {
		return err
	}
	// The next command may be decided on the very state that the last one left.
	if still, _ := json.Marshal(r.state); !bytes.Equal(before, still) {
		return fmt.Errorf("%s changes the state before it from\n%s to\n%s", f.EventType(), before, still)
	}
	r.state = next
	r.metas, r.facts = append(r.metas, meta), append(r.facts, f)
	return nil
}

func (r *record) world(a access.Actor) rectification.World {
	return rectification.World{Actor: a, Now: r.now, Numbers: r.numbers, Case: r.c, RelyOn: relyOn(r.c), OfficeName: "某市安委会办公室", Outlet: r.outlets.outlet, Medium: medium}
}

// medium knows every name but missing-….
func medium(ref rectification.MediaRef) (events.MediaState, string) {
	name := ref.File + ref.ID
	kind := "image"
	switch {
	case strings.HasPrefix(name, "missing"):
		return events.MediaState{}, "unknown_file"
	case strings.HasSuffix(name, ".mp4"):
		kind = "video"
	case strings.HasSuffix(name, ".pdf"):
		kind = "document"
	}
	return events.MediaState{ID: events.MediaIDFor("x", "", name), Kind: kind}, ""
}

// give gives a command of a body written as JSON.
func (r *record) give(t testing.TB, a access.Actor, name string, body any) error {
	t.Helper()
	b, ok := rectification.NewBody(name)
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
	fact, given, err := rectification.Decide(r.state, name, b, r.world(a))
	if err != nil {
		return err
	}
	return r.take(fact, given, a.Event())
}

func (r *record) must(t testing.TB, a access.Actor, name string, body any) {
	t.Helper()
	if err := r.give(t, a, name, body); err != nil {
		t.Fatalf("%s %s: %v", r.c.Ref, name, err)
	}
}

// The people of an office.
func desk(o events.OfficeSlug) access.Actor {
	return access.Actor{Account: "desk", Role: access.Office, Office: o, Duties: access.Duties()}
}

func second(o events.OfficeSlug) access.Actor {
	return access.Actor{Account: "second", Role: access.Office, Office: o, Duties: access.Duties()}
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
