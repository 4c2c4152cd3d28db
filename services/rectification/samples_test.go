package rectification_test

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/rectification"
)

// fields is a body as written; what a step doesn't name is left out.
type fields = map[string]any

type followup struct {
	Ref        string     `json:"ref"`
	StartedOn  events.Day `json:"started_on"`
	Supervises string     `json:"supervising_unit"`
	Person     string     `json:"responsible_person"`
	Funds      int64      `json:"funds_yuan"`
	Safeguards string     `json:"interim_safeguards"`
	Emergency  *string    `json:"emergency_plan"`
	Items      []fields   `json:"items"`
	Progress   []fields   `json:"progress"`
	Extensions []struct {
		AskedOn      events.Day `json:"asked_on"`
		Reason       string     `json:"reason"`
		Safeguards   string     `json:"safeguards"`
		NewDue       events.Day `json:"new_due"`
		Opinion      string     `json:"opinion"`
		DecidedOn    events.Day `json:"decided_on"`
		Decision     string     `json:"decision"`
		DecisionText string     `json:"decision_text"`
	} `json:"extensions"`
	Listed      fields `json:"listed"`
	Acceptances []struct {
		AskedOn events.Day `json:"asked_on"`
		Text    string     `json:"text"`
		Media   []string   `json:"media"`
		Result  string     `json:"result"`
		Reason  string     `json:"reason"`
		Site    fields     `json:"site_record"`
	} `json:"acceptances"`
	Closing  fields `json:"closing"`
	Reopened fields `json:"reopened"`
	Again    fields `json:"closing_again"`
}

// command is a step of a follow-up; path is where its fields stand in the line.
type command struct {
	on   events.Day
	name string
	body fields
	path string
	by   func(events.OfficeSlug) access.Actor
}

func ofProvince(events.OfficeSlug) access.Actor { return province }

// commands gives the steps of a line in the order of their days.
func (f followup) commands() []command {
	start := command{f.StartedOn, "start", fields{"on": f.StartedOn, "supervising_unit": f.Supervises, "responsible_person": f.Person, "funds_yuan": f.Funds, "interim_safeguards": f.Safeguards,
		"emergency_plan": f.Emergency, "items": f.Items}, "", desk}
	var all []command
	put := func(on any, name, path string, by func(events.OfficeSlug) access.Actor, body fields) {
		day, ok := on.(events.Day)
		if !ok {
			day = events.Day(on.(string))
		}
		body["on"] = day
		all = append(all, command{day, name, body, path, by})
	}
	for _, p := range f.Progress {
		put(p["on"], "progress", "progress[0].", desk, fields{"text": p["text"], "media": p["media"]})
	}
	if f.Listed != nil {
		put(f.Listed["on"], "list", "listed.", desk, fields{"grade": f.Listed["grade"], "order_no": f.Listed["order_no"], "body": f.Listed["body"], "due": f.Listed["due"]})
	}
	for _, x := range f.Extensions {
		put(x.AskedOn, "ask-extension", "extensions[0].", desk, fields{"reason": x.Reason, "safeguards": x.Safeguards, "new_due": x.NewDue})
		put(x.DecidedOn, "opine", "extensions[0].", desk, fields{"text": x.Opinion})
		name := map[string]string{"granted": "grant-extension", "refused": "refuse-extension"}[x.Decision]
		put(x.DecidedOn, name, "extensions[0].", desk, fields{"text": x.DecisionText})
	}
	for _, a := range f.Acceptances {
		put(a.AskedOn, "ask-acceptance", "acceptances[0].", desk, fields{"text": a.Text, "media": a.Media})
		switch a.Result {
		case "accepted":
			put(a.Site["on"], "accept", "acceptances[0].site_record.", second, fields{"officers": a.Site["officers"], "findings": a.Site["findings"]})
		case "returned":
			put(a.Site["on"], "return", "acceptances[0].site_record.", second, fields{"reason": a.Reason, "officers": a.Site["officers"], "findings": a.Site["findings"]})
		}
	}
	for path, c := range map[string]fields{"closing.": f.Closing, "closing_again.": f.Again} {
		if c != nil {
			put(c["published_on"], "close", path, desk, fields{"outlet": c["outlet"], "headline": c["headline"], "url": c["url"], "published_on": c["published_on"], "other_outlet_reason": c["other_outlet_reason"]})
		}
	}
	if f.Reopened != nil {
		put(f.Reopened["on"], "reopen", "reopened.", ofProvince, fields{"by": f.Reopened["by"], "reason": f.Reopened["reason"], "new_due": f.Reopened["new_due"]})
	}
	slices.SortStableFunc(all, func(a, b command) int { return cmp.Compare(a.on, b.on) })
	return append([]command{start}, all...)
}

func TestSampleFollowups(t *testing.T) {
	t.Parallel()
	cases, n := sampleCases(t), numbers(t)
	expected := whole[struct {
		Followups  []json.RawMessage         `json:"followups"`
		States     map[string]map[string]int `json:"states_by_day"`
		OverRun    []overdueRow              `json:"overdue_running"`
		OverStop   []overdueRow              `json:"overdue_stopped"`
		DaysClosed struct{ Closed int }      `json:"days_to_close"`
	}](t, "followups.expected.json")
	records := map[string]*record{}
	for ref, c := range cases {
		if c.State == events.CaseExposed {
			records[ref] = openRecord(t, c)
		}
	}
	for i, f := range lines[followup](t, "followups.jsonl") {
		r := records[f.Ref]
		for _, cmd := range f.commands() {
			cmd.body["backdate_reason"] = "补录"
			r.must(t, cmd.by(r.c.Office), cmd.name, cmd.body)
		}
		compareRow(t, f.Ref, rectification.Derive(r.state, n, asOf), r.state, expected.Followups[i])
	}
	for day, want := range expected.States {
		got := map[string]int{}
		for _, r := range records {
			if s := rectification.StateOn(r.state, events.Day(day)); s != "" {
				got[string(s)]++
			}
		}
		for state, n := range want {
			if got[state] != n {
				t.Errorf("%s: %d %s, want %d", day, got[state], state, n)
			}
		}
	}
	for _, r := range records {
		replay(t, r)
	}
	overdueLists(t, records, n, expected.OverRun, expected.OverStop)
}

func compareRow(t *testing.T, ref string, v rectification.View, s events.RectificationState, want json.RawMessage) {
	t.Helper()
	var w fields
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	data, _ := json.Marshal(v)
	var g fields
	_ = json.Unmarshal(data, &g)
	g["ref"], g["state"] = ref, string(s.State)
	// The samples call overdue what is over, whether or not the clock still runs.
	g["overdue"] = v.Overdue || v.FinishedLate
	for _, x := range g["late_extensions"].([]any) {
		delete(x.(fields), "decide_by")
	}
	for name, value := range w {
		if !reflect.DeepEqual(g[name], value) {
			t.Errorf("%s: %s is %v, want %v", ref, name, g[name], value)
		}
	}
	if v.CalendarMissing {
		t.Errorf("%s: calendar missing", ref)
	}
}

type overdueRow struct {
	Ref      string     `json:"ref"`
	State    string     `json:"state"`
	Due      events.Day `json:"due"`
	DueMoved events.Day `json:"due_moved"`
	Days     int        `json:"days"`
}

func overdueLists(t *testing.T, records map[string]*record, n rectification.Numbers, running, stopped []overdueRow) {
	t.Helper()
	want := map[string]overdueRow{}
	for _, r := range running {
		want["running "+r.Ref] = r
	}
	for _, r := range stopped {
		want["stopped "+r.Ref] = r
	}
	got := map[string]overdueRow{}
	for ref, r := range records {
		v := rectification.Derive(r.state, n, asOf)
		row := overdueRow{ref, string(r.state.State), v.Due, v.DueMoved, v.OverdueDays}
		if v.Overdue {
			got["running "+ref] = row
		}
		if v.FinishedLate {
			got["stopped "+ref] = row
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("overdue %v\nwant %v", got, want)
	}
}

// replay folds the facts from nothing: the state must be the same, after a round through JSON too.
func replay(t *testing.T, r *record) {
	t.Helper()
	var s events.RectificationState
	for i, f := range r.facts {
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		read, err := events.Default.DecodeFact(f.EventType(), events.Body{Fact: data})
		if err == nil {
			s, err = rectification.Fold(s, r.metas[i], read)
		}
		if err != nil {
			t.Fatalf("%s: replay: %v", r.c.Ref, err)
		}
	}
	a, _ := json.Marshal(s)
	b, _ := json.Marshal(r.state)
	if string(a) != string(b) {
		t.Errorf("%s: replay gives\n%s\nwant\n%s", r.c.Ref, a, b)
	}
}

// TestBadFollowups gives each line's commands; the one that is wrong must be refused with the sample's code, on the command's own field.
func TestBadFollowups(t *testing.T) {
	t.Parallel()
	cases := sampleCases(t)
	expected := whole[[]struct {
		Line              int
		Name, Field, Code string
	}](t, "bad/bad-followups.expected.json")
	for i, f := range lines[followup](t, "bad/bad-followups.jsonl") {
		want := expected[i]
		c, ok := cases[f.Ref]
		if !ok {
			if want.Code != "unknown_ref" {
				t.Errorf("line %d: no case %s", want.Line, f.Ref)
			}
			continue
		}
		r, refused := openRecord(t, c), ""
		for _, cmd := range f.commands() {
			cmd.body["backdate_reason"] = "补录"
			before := len(r.facts)
			err := r.give(t, cmd.by(c.Office), cmd.name, cmd.body)
			if err == nil {
				continue
			}
			if len(r.facts) != before {
				t.Errorf("line %d: a refused command changed something", want.Line)
			}
			fe := fault.Of(err)
			for _, w := range fe.Fields {
				path := w.Field
				if path == "on" && cmd.name == "start" {
					path = "started_on"
				}
				refused += cmd.path + path + ":" + w.Code
			}
			if fe.Code != fault.Invalid {
				refused += wrongOf(err)
			}
			break
		}
		if refused != want.Field+":"+want.Code {
			t.Errorf("line %d (%s): %q, want %s:%s", want.Line, want.Name, refused, want.Field, want.Code)
		}
	}
}

func TestSampleCalendar(t *testing.T) {
	t.Parallel()
	cal := calendar(t)
	for _, c := range whole[[]struct {
		Op     string
		Day    events.Day
		Asked  events.Day
		Due    events.Day
		N      int
		Office events.OfficeSlug
		Result any
	}](t, "calendar.expected.json") {
		var got any
		switch c.Op {
		case "working":
			got = cal.Working(c.Day, c.Office)
		case "add":
			got = string(cal.Add(c.Day, c.N, c.Office))
		case "move":
			got = string(cal.Move(c.Day, c.Office))
		case "left":
			got = float64(cal.Left(c.Asked, c.Due, c.Office))
		}
		if got != c.Result {
			t.Errorf("%+v: %v", c, got)
		}
	}
	if cal.Known("2027-01-04") || !cal.Known("2026-12-31") || !cal.Working("2027-01-01", "") || cal.Working("2027-01-02", "") {
		t.Error("a year without a file must have weekends alone, and say so")
	}
	if n := cal.Left("2026-01-01", "9999-12-31", ""); n != 1000 {
		t.Errorf("left %d", n)
	}
	if _, err := workdays.New(events.CalendarState{Year: 2026, Worked: []events.Day{"2027-01-01"}}); err == nil || !strings.Contains(err.Error(), "2027-01-01") {
		t.Errorf("a day of another year: %v", err)
	}
}
