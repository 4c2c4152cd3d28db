package oversight_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/oversight"
)

var (
	june    = caseOf("siping", "1", "municipal 2026-06-12")
	county  = caseOf("siping", "2", "county 2026-06-20")
	july    = caseOf("siping", "3", "municipal 2026-07-01")
	hidden  = caseOf("siping", "4")
	foreign = caseOf("yanbian", "1", "municipal 2026-06-12")
	gone    = withdrawnCase(caseOf("siping", "11", "municipal 2026-06-14"))
	paper   = fields{"document_no": "四安委办〔2026〕6号"}
)

func withdrawnCase(c events.CaseState) events.CaseState {
	c.State, c.WithdrawnOn = events.CaseWithdrawn, "2026-06-20"
	return c
}

func with(body fields, more fields) fields {
	out := fields{}
	for _, b := range []fields{body, more} {
		for k, v := range b {
			out[k] = v
		}
	}
	return out
}

// TestStoryTwo: June's return on 30 June at 23:50 over a line that drops, returned, filed again, received after the due day.
func TestStoryTwo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		again string
		want  oversight.Shown
	}{{"2026-07-04 10:00:00", oversight.ShownMet}, {"2026-07-06 23:59:59", oversight.ShownMet}, {"2026-07-07 00:00:00", oversight.ShownMetLate}, {"2026-07-07 09:00:00", oversight.ShownMetLate}} {
		r := openReturn(t, "siping", "2026-06", june, county, gone)
		if r.state.Due != "2026-07-06" {
			t.Fatalf("due %s: 5 July is a Sunday", r.state.Due)
		}
		who := signer("siping")
		r.now = at("2026-06-30 23:50:00")
		r.must(t, who, "file", paper)
		facts := len(r.facts)
		for _, moment := range []string{"2026-06-30 23:50:20", "2026-07-01 00:00:10"} {
			r.now = at(moment)
			r.must(t, who, "file", paper)
		}
		if len(r.facts) != facts || len(r.state.Filings) != 1 || r.state.Filings[0].On != "2026-06-30" {
			t.Fatalf("sent three times: %d facts, filings %+v", len(r.facts)-facts+1, r.state.Filings)
		}
		if !slices.Equal(r.state.Filings[0].Cases, []events.CaseID{june.ID, county.ID}) {
			t.Errorf("holds %v", r.state.Filings[0].Cases)
		}
		if got := r.shown(); got != oversight.ShownAwaiting {
			t.Errorf("filed: %s", got)
		}
		r.now = at("2026-07-02 15:00:00")
		r.must(t, province, "return", fields{"reason": "缺签发页", "cases": []fields{{"case": june.ID, "reason": "标题不符"}}})
		if got := r.shown(); got != oversight.ShownReturned {
			t.Errorf("returned: %s", got)
		}
		r.now = at(c.again)
		r.must(t, who, "file", with(paper, fields{"scan": "return.pdf"}))
		r.now = at("2026-07-09 11:00:00")
		r.must(t, province, "receive", fields{})
		v := r.on("2026-07-09")
		if v.Shown != c.want || v.Punctual == oversight.PunctualLate != (c.want == oversight.ShownMetLate) || !slices.Equal(v.Counted, []events.CaseID{june.ID}) || v.Backdated {
			t.Errorf("filed again at %s: %+v", c.again, v)
		}
		for day, want := range map[events.Day]oversight.Shown{"2026-06-29": oversight.ShownRunning, "2026-06-30": oversight.ShownAwaiting, "2026-07-02": oversight.ShownReturned, "2026-07-08": oversight.ShownAwaiting} {
			if got := r.on(day).Shown; got != want {
				t.Errorf("at the end of %s: %s, want %s", day, got, want)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	who, long := signer("siping"), strings.Repeat("长", 1001)
	filed := func(r *record) { r.must(t, who, "file", paper) }
	received := func(r *record) {
		filed(r)
		r.must(t, province, "receive", fields{})
	}
	supplemented := func(r *record) {
		r.must(t, who, "file", with(paper, fields{"cases": []any{june.ID}}))
		r.must(t, province, "receive", fields{})
		r.must(t, who, "supplement", with(paper, fields{"cases": []any{county.ID}}))
	}
	for _, c := range []struct {
		name    string
		before  func(*record)
		by      access.Actor
		command string
		body    fields
		want    string
	}{
		{"the default", nil, who, "file", paper, "taken"},
		{"nothing given", nil, who, "file", fields{}, "invalid document_no:required"},
		{"others' and other cases", nil, who, "file", with(paper, fields{"cases": []any{june.ID, july.ID, hidden.ID, foreign.ID, "x", gone.ID}}),
			"invalid cases[1]:not_in_month cases[2]:not_exposed cases[3]:unknown_case cases[4]:unknown_case cases[5]:not_exposed"},
		{"the same twice", nil, who, "file", with(paper, fields{"cases": []any{june.ID, june.ID}}), "taken"},
		{"no case and no word", nil, who, "file", with(paper, fields{"cases": []any{}}), "invalid zero_reason:required_for_zero_return"},
		{"nothing published and no word", func(r *record) { r.cases = []events.CaseState{july, hidden} }, who, "file", paper, "invalid zero_reason:required_for_zero_return"},
		{"a zero return", func(r *record) { r.cases = nil }, who, "file", with(paper, fields{"zero_reason": "本月无刊播"}), "taken"},
		{"a zero return though something was published", nil, who, "file", with(paper, fields{"zero_reason": "均为县级媒体"}), "taken"},
		{"a zero return with cases", nil, who, "file", with(paper, fields{"zero_reason": "x", "cases": []any{june.ID}}), "invalid zero_reason:zero_with_cases"},
		{"every wrong field", nil, who, "file", fields{"on": "2026-07-02", "backdate_reason": "x", "cases": []any{july.ID}, "document_no": "a\nb", "signed_by": drafter("siping").Account, "contact": "signer-yanbian", "scan": "missing.pdf"},
			"invalid on:in_future document_no:control_character signed_by:not_a_signer contact:unknown_account scan:unknown_file cases[0]:not_in_month"},
		{"nobody", nil, who, "file", with(paper, fields{"signed_by": "nobody", "contact": drafter("siping").Account}), "invalid signed_by:unknown_account"},
		{"a clip for a scan", nil, who, "file", with(paper, fields{"scan": "clip.mp4"}), "invalid scan:not_a_scan"},
		{"before the month", nil, who, "file", with(paper, fields{"on": "2026-05-31", "backdate_reason": "x"}), "invalid on:before_month"},
		{"no day", nil, who, "file", with(paper, fields{"on": "soon"}), "invalid on:day"},
		{"long ago without a reason", nil, who, "file", with(paper, fields{"on": "2026-06-20"}), "invalid backdate_reason:required"},
		{"long ago", nil, who, "file", with(paper, fields{"on": "2026-06-20", "backdate_reason": "补录"}), "taken"},
		{"too long a reason", nil, province, "recognise", fields{"kind": "decision", "reason": long}, "invalid reason:too_long"},

		{"filed and sent again", filed, who, "file", paper, "taken again"},
		{"filed, another number", filed, who, "file", fields{"document_no": "另"}, "wrong_state (filed)"},
		{"filed, other cases", filed, who, "file", with(paper, fields{"cases": []any{june.ID}}), "wrong_state (filed)"},
		{"filed, the same cases named", filed, who, "file", with(paper, fields{"cases": []any{county.ID, june.ID}}), "taken again"},
		{"filed, on another day", filed, who, "file", with(paper, fields{"on": "2026-06-29"}), "wrong_state (filed)"},
		{"filed, by another", filed, deputy("siping"), "file", paper, "wrong_state (filed)"},
		{"filed, for another", filed, deputy("siping"), "file", with(paper, fields{"signed_by": who.Account, "contact": who.Account}), "taken again"},
		{"filed, with a scan", filed, who, "file", with(paper, fields{"scan": "scan.pdf"}), "wrong_state (filed)"},
		{"received and sent again", received, who, "file", paper, "wrong_state (received)"},
		{"supplemented before it is received", filed, who, "supplement", with(paper, fields{"cases": []any{june.ID}}), "wrong_state (filed)"},
		{"supplemented by what it holds", received, who, "supplement", with(paper, fields{"cases": []any{june.ID}}), "invalid cases[0]:held_already"},
		{"supplemented by nothing", received, who, "supplement", paper, "invalid cases:required"},
		{"supplemented and sent again", supplemented, who, "supplement", with(paper, fields{"cases": []any{county.ID}}), "taken again"},
		{"supplemented otherwise", supplemented, who, "supplement", fields{"document_no": "另", "cases": []any{county.ID}}, "wrong_state (filed)"},
		{"supplemented, then filed as before", supplemented, who, "file", with(paper, fields{"cases": []any{june.ID, county.ID}}), "wrong_state (filed)"},
		{"scan before anything", nil, who, "add-scan", fields{"scan": "scan.pdf"}, "wrong_state (running)"},
		{"scan without a name", filed, who, "add-scan", fields{}, "invalid scan:required"},
		{"scan after the receipt", received, who, "add-scan", fields{"scan": "scan.pdf"}, "taken"},
		{"another scan after the receipt", func(r *record) {
			received(r)
			r.must(t, who, "add-scan", fields{"scan": "scan.pdf"})
		}, who, "add-scan", fields{"scan": "other.pdf"}, "wrong_state (scan_given)"},
		{"scan of a month recognised without a filing", func(r *record) { r.must(t, province, "recognise", fields{"kind": "paper", "reason": "x"}) }, who, "add-scan", fields{"scan": "scan.pdf"}, "wrong_state (not_filed)"},
		{"received unfiled", nil, province, "receive", fields{}, "wrong_state (running)"},
		{"received twice", received, province, "receive", fields{}, "wrong_state (received)"},
		{"returned without a reason", filed, province, "return", fields{"cases": []fields{{"case": july.ID}}}, "invalid reason:required cases[0].case:not_held cases[0].reason:required"},
		{"returned after the receipt", received, province, "return", fields{"reason": "x"}, "wrong_state (received)"},
		{"received before it was filed", filed, province, "receive", fields{"on": "2026-06-29"}, "invalid on:before_previous_step"},
		{"recognised without a kind", nil, province, "recognise", fields{}, "invalid kind:required reason:required"},
		{"recognised for nothing", nil, province, "recognise", fields{"kind": "kindness", "reason": "x"}, "invalid kind:unknown_value"},
		{"recognised again", func(r *record) { r.must(t, province, "recognise", fields{"kind": "paper", "reason": "x"}) }, province, "recognise", fields{"kind": "decision", "reason": "x"}, "taken"},
		{"filed after the recognition", func(r *record) { r.must(t, province, "recognise", fields{"kind": "paper", "reason": "x"}) }, who, "file", paper, "wrong_state (recognised)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := openReturn(t, "siping", "2026-06", june, county, july, hidden, foreign, gone)
			r.now = at("2026-06-30 12:00:00")
			if c.before != nil {
				c.before(r)
			}
			facts := len(r.facts)
			got := wrongOf(r.give(t, c.by, c.command, c.body))
			if got != strings.TrimSuffix(c.want, " again") {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if c.want != "taken" && len(r.facts) != facts {
				t.Error("a refused command changed something")
			}
		})
	}
}

// TestAuthorisation: every role and duty × every command × own and other office.
func TestAuthorisation(t *testing.T) {
	t.Parallel()
	actors := map[string]access.Actor{"own signer": signer("siping"), "own drafter": drafter("siping"), "other signer": signer("yanbian"), "supervisor": province,
		"unit": {Account: "u", Role: access.Unit, Cases: []events.CaseID{june.ID}}, "overseer": {Account: "o", Role: access.Overseer, Cases: []events.CaseID{june.ID}},
		"journalist": {Account: "j", Role: access.Journalist, Outlet: "sp-tv"}, "admin": {Account: "a", Role: access.Admin}, "nobody": {}}
	mayFile := map[string]string{"own signer": "taken", "own drafter": "forbidden (duty)"}
	mayAnswer := map[string]string{"supervisor": "taken"}
	commands := []struct {
		name string
		may  map[string]string
		body fields
		at   events.ReturnStatus
	}{
		{"file", mayFile, paper, events.ReturnRunning}, {"supplement", mayFile, with(paper, fields{"cases": []any{county.ID}}), events.ReturnReceived}, {"add-scan", mayFile, fields{"scan": "s.pdf"}, events.ReturnFiled},
		{"receive", mayAnswer, fields{}, events.ReturnFiled}, {"return", mayAnswer, fields{"reason": "x"}, events.ReturnFiled}, {"recognise", mayAnswer, fields{"kind": "paper", "reason": "x"}, events.ReturnRunning},
	}
	if len(commands) != len(oversight.ReturnTrack()) {
		t.Fatalf("%d commands in the table", len(oversight.ReturnTrack()))
	}
	for who, a := range actors {
		if sees := oversight.SeesReturn("siping", a); sees != (strings.HasPrefix(who, "own") || who == "supervisor") {
			t.Errorf("%s sees it: %v", who, sees)
		}
		for _, c := range commands {
			r := openReturn(t, "siping", "2026-06", june, county)
			r.now = at("2026-06-30 12:00:00")
			if c.at != events.ReturnRunning {
				r.must(t, signer("siping"), "file", with(paper, fields{"cases": []any{june.ID}}))
			}
			if c.at == events.ReturnReceived {
				r.must(t, province, "receive", fields{})
			}
			want := c.may[who]
			if want == "" {
				want = "forbidden"
			}
			next, not := oversight.ReturnNext(r.state, a)
			offered := slices.ContainsFunc(next, func(n oversight.Next) bool { return n.Command == c.name })
			told := slices.ContainsFunc(not, func(n oversight.NotNow) bool { return n.Command == c.name })
			if offered != (want == "taken") || told != (want == "forbidden (duty)") {
				t.Errorf("%s %s: offered %v, told why not %v", who, c.name, offered, told)
			}
			if got := wrongOf(oversight.ReturnForbidden(c.name, "siping", a)); strings.HasPrefix(want, "forbidden") && got != want || want == "taken" && got != want {
				t.Errorf("%s %s: asked before, %s", who, c.name, got)
			}
			if got := wrongOf(r.give(t, a, c.name, c.body)); got != want {
				t.Errorf("%s %s: %s, want %s", who, c.name, got, want)
			}
		}
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	r := openReturn(t, "siping", "2026-06", june)
	next, not := oversight.ReturnNext(r.state, signer("siping"))
	want := []oversight.Field{{Name: "cases", Type: "cases"}, {Name: "zero_reason", Type: "text"}, {Name: "document_no", Type: "line", Required: true}, {Name: "signed_by", Type: "account"},
		{Name: "contact", Type: "account"}, {Name: "scan", Type: "medium"}, {Name: "on", Type: "day"}, {Name: "backdate_reason", Type: "text"}}
	if len(next) != 1 || next[0].Command != "file" || !slices.Equal(next[0].Fields, want) {
		t.Errorf("next %+v", next)
	}
	if want := []oversight.NotNow{{"supplement", "wrong_state", "running"}, {"add-scan", "wrong_state", "running"}}; !slices.Equal(not, want) {
		t.Errorf("not now %+v", not)
	}
	if _, not := oversight.ReturnNext(r.state, drafter("siping")); len(not) != 3 || not[0].Detail != oversight.DetailDuty {
		t.Errorf("a drafter's: %+v", not)
	}
}

func TestWhichReturnsThereAre(t *testing.T) {
	t.Parallel()
	l := registry(t)
	for _, c := range []struct {
		office events.OfficeSlug
		month  events.Month
		owed   bool
	}{
		{"siping", "2026-05", false}, {"siping", "2026-06", true}, {"siping", "2026-12", true}, {"siping", "2027-01", false}, {"changchun", "2026-06", false}, {"nowhere", "2026-06", false},
		{"gongzhuling", "2026-07", true}, {"gongzhuling", "2026-08", true}, {"gongzhuling", "2026-09", false}, {"newtown", "2026-09", false}, {"newtown", "2026-10", true},
	} {
		if _, ok := oversight.Owed(l, c.office, c.month); ok != c.owed {
			t.Errorf("%s owes %s: %v", c.office, c.month, ok)
		}
	}
	// The last moment of June and the first of July in Shanghai, told in any zone.
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("west", -11*3600), time.FixedZone("east", 14*3600)} {
		if n := len(oversight.Owing(l, events.DayOf(at("2026-06-30 23:59:59").In(zone)))); n != 3 {
			t.Errorf("%s: %d returns in June", zone, n)
		}
		if n := len(oversight.Owing(l, events.DayOf(at("2026-07-01 00:00:00").In(zone)))); n != 6 {
			t.Errorf("%s: %d returns from the first moment of July", zone, n)
		}
	}
	for id, due := range map[oversight.ReturnID]events.Day{{Office: "siping", Month: "2026-06"}: "2026-07-06", {Office: "siping", Month: "2026-09"}: "2026-10-08", {Office: "siping", Month: "2026-12"}: "2027-01-05", {Office: "yanbian", Month: "2026-08"}: "2026-09-07", {Office: "siping", Month: "2028-02"}: "2028-03-06"} {
		if got := oversight.ReturnDue(l, id.Office, id.Month); got != due {
			t.Errorf("%s of %s is due %s, want %s", id.Month, id.Office, got, due)
		}
	}
}

func TestLeapDay(t *testing.T) {
	t.Parallel()
	r := openReturn(t, "siping", "2028-02", caseOf("siping", "7", "municipal 2028-02-29"), caseOf("siping", "8", "municipal 2028-03-01"))
	r.now = at("2028-02-29 23:59:59")
	r.must(t, signer("siping"), "file", paper)
	r.now = at("2028-03-01 00:00:00")
	r.must(t, province, "receive", fields{})
	if v := r.on("2028-03-01"); v.Shown != oversight.ShownMet || len(v.Held) != 1 || r.state.Filings[0].On != "2028-02-29" {
		t.Errorf("%+v", v)
	}
}

func TestReminders(t *testing.T) {
	t.Parallel()
	r := openReturn(t, "siping", "2026-06", june)
	next := func() string {
		n := oversight.NextReturnReminder(r.state, r.lists.book)
		if n.IsZero() {
			return ""
		}
		return n.In(events.Shanghai).Format("2006-01-02 15:04")
	}
	remind := func(moment, want string) {
		t.Helper()
		r.now = at(moment)
		fact, given := oversight.RemindReturn(r.state, r.lists.book, r.now)
		got := ""
		if fact != nil {
			for _, x := range fact.(events.ReturnRemindedFact).Reminders {
				got += x.Kind + " "
			}
			before := r.state.LastOn
			if err := r.take(fact, given, events.System("oversight")); err != nil || r.state.LastOn != before {
				t.Fatalf("%v, last step %s", err, r.state.LastOn)
			}
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%s: %q, want %q", moment, got, want)
		}
	}
	if got := next(); got != "2026-06-15 09:00" {
		t.Errorf("first at %s", got)
	}
	remind("2026-06-15 08:59:59", "")
	remind("2026-06-15 09:00:00", "return-first")
	remind("2026-06-15 09:00:01", "")
	remind("2026-06-15 08:00:00", "") // a clock that jumps back an hour
	r.now = at("2026-06-20 10:00:00")
	r.must(t, signer("siping"), "file", paper)
	if got := next(); got != "" {
		t.Errorf("filed, and next at %s", got)
	}
	remind("2026-06-25 09:00:00", "")
	r.now = at("2026-06-26 10:00:00")
	r.must(t, province, "return", fields{"reason": "x"})
	if got := next(); got != "2026-07-05 09:00" {
		t.Errorf("returned, and next at %s", got)
	}
	remind("2026-06-26 10:00:00", "") // what passed while it was filed
	remind("2026-07-08 00:00:00", "return-before")
	if r.state.Reminders[1].For != "2026-07-06" || next() != "" {
		t.Errorf("%+v, next %s", r.state.Reminders, next())
	}

	late := openReturn(t, "siping", "2026-06")
	late.state.OpenedAt = at("2026-06-15 09:00:01") // a campaign that is set up later
	if fact, _ := oversight.RemindReturn(late.state, late.lists.book, at("2026-07-06 00:00:00")); len(fact.(events.ReturnRemindedFact).Reminders) != 2 {
		t.Errorf("after an outage %+v", fact)
	}
	recognised := openReturn(t, "siping", "2026-06")
	recognised.must(t, province, "recognise", fields{"kind": "paper", "reason": "x"})
	if !oversight.NextReturnReminder(recognised.state, recognised.lists.book).IsZero() {
		t.Error("a recognised month reminds")
	}
}
