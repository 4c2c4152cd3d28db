package rectification_test

import (
	"reflect"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/rectification"
)

const ref = "长安委办曝〔2026〕1号"

var (
	start     = fields{"on": "2026-06-12", "backdate_reason": "补录", "responsible_person": "总经理", "funds_yuan": 1, "interim_safeguards": "停用", "emergency_plan": "撤离"}
	askAccept = fields{"on": "2026-06-20", "backdate_reason": "补录", "text": "完成", "media": []any{fields{"file": "after.jpg"}}}
	officers  = []fields{{"title": "甲", "certificate": "样1"}, {"title": "乙", "certificate": "样2"}}
	accept    = fields{"on": "2026-06-25", "backdate_reason": "补录", "officers": officers, "findings": "同意"}
	closing   = fields{"published_on": "2026-06-30", "backdate_reason": "补录", "outlet": "长春安行视界", "headline": "回访", "url": "https://tv.example.cn/1"}
	askExt    = fields{"on": "2026-06-15", "backdate_reason": "补录", "reason": "到货晚", "safeguards": "停用", "new_due": "2026-07-20"}
	listing   = fields{"on": "2026-06-14", "backdate_reason": "补录", "grade": 3, "order_no": "督1", "body": "安委会", "due": "2026-08-01"}
	reopening = fields{"on": "2026-07-05", "backdate_reason": "补录", "reason": "复查不合格", "new_due": "2026-08-01"}
)

func with(body fields, more fields) fields {
	out := fields{}
	for _, b := range []fields{body, more} {
		for k, v := range b {
			if v == nil {
				delete(out, k)
				continue
			}
			out[k] = v
		}
	}
	return out
}

// at gives a record that has come to a place on the track.
func at(t *testing.T, place string) *record {
	t.Helper()
	r := openRecord(t, sampleCases(t)[ref])
	o := r.c.Office
	way := map[string][]func(){
		"pending": {},
		"started": {func() { r.must(t, desk(o), "start", start) }},
		"listed":  {func() { r.must(t, desk(o), "start", start) }, func() { r.must(t, desk(o), "list", listing) }},
		"listed by the province": {func() { r.must(t, desk(o), "start", start) }, func() { r.must(t, province, "list", with(listing, fields{"grade": 2, "due": "2026-07-10"})) },
			func() { r.must(t, desk(o), "ask-extension", askExt) }},
		"extension asked": {func() { r.must(t, desk(o), "start", start) }, func() { r.must(t, desk(o), "ask-extension", askExt) }},
		"awaiting":        {func() { r.must(t, desk(o), "start", start) }, func() { r.must(t, desk(o), "ask-acceptance", askAccept) }},
		"accepted": {func() { r.must(t, desk(o), "start", start) }, func() { r.must(t, desk(o), "ask-acceptance", askAccept) },
			func() { r.must(t, second(o), "accept", accept) }},
	}
	way["closed"] = append(way["accepted"], func() { r.must(t, desk(o), "close", closing) })
	for _, step := range way[place] {
		step()
	}
	return r
}

func TestGuards(t *testing.T) {
	t.Parallel()
	o := events.OfficeSlug("changchun")
	drafter := access.Actor{Account: "drafter", Role: access.Office, Office: o, Duties: []access.Duty{access.Drafter}}
	theirs := events.CaseIDFor(o, ref)
	unit := access.Actor{Account: "unit", Role: access.Unit, Cases: []events.CaseID{theirs}}
	overseer := access.Actor{Account: "overseer", Role: access.Overseer, Cases: []events.CaseID{theirs}}
	journalist := access.Actor{Account: "press", Role: access.Journalist, Outlet: "cc-tv"}
	long := strings.Repeat("长", 2001)
	for _, c := range []struct {
		name, place string
		by          access.Actor
		command     string
		body        fields
		want        string
	}{
		{"another office", "pending", desk("jilin"), "start", start, "forbidden"},
		{"a journalist", "started", journalist, "progress", fields{"text": "x"}, "forbidden"},
		{"a unit starts", "pending", unit, "start", start, "forbidden"},
		{"a unit reports", "started", unit, "progress", fields{"text": "x"}, "taken"},
		{"another unit", "started", access.Actor{Account: "u", Role: access.Unit}, "progress", fields{"text": "x"}, "forbidden"},
		{"a unit opines", "extension asked", unit, "opine", fields{"text": "x"}, "forbidden"},
		{"an overseer opines", "extension asked", overseer, "opine", fields{"text": "x"}, "taken"},
		{"an overseer decides", "extension asked", overseer, "grant-extension", fields{}, "forbidden"},
		{"the province decides an ordinary extension", "extension asked", province, "grant-extension", fields{}, "forbidden (office_decides)"},
		{"the office decides", "extension asked", desk(o), "grant-extension", fields{}, "taken"},
		{"the office decides though the province listed", "listed by the province", desk(o), "refuse-extension", fields{}, "forbidden (province_decides)"},
		{"the province decides where it listed", "listed by the province", province, "grant-extension", fields{}, "taken"},
		{"the office delists the province's", "listed by the province", desk(o), "delist", fields{"reason": "x"}, "forbidden (province_decides)"},
		{"the office delists its own", "listed", desk(o), "delist", fields{"reason": "x"}, "taken"},
		{"the asker accepts", "awaiting", desk(o), "accept", accept, "forbidden (same_person)"},
		{"the asker returns", "awaiting", desk(o), "return", fields{"reason": "x"}, "forbidden (same_person)"},
		{"the province accepts for an office of one person", "awaiting", province, "accept", accept, "taken"},
		{"a drafter closes", "accepted", drafter, "close", closing, "forbidden (duty)"},
		{"the office reopens", "closed", desk(o), "reopen", reopening, "forbidden"},
		{"the office transfers", "started", desk(o), "transfer", fields{}, "forbidden"},

		{"started twice", "started", desk(o), "start", start, "wrong_state (in-progress)"},
		{"progress before the start", "pending", desk(o), "progress", fields{"text": "x"}, "wrong_state (pending)"},
		{"two extensions at once", "extension asked", desk(o), "ask-extension", with(askExt, fields{"new_due": "2026-07-30"}), "wrong_state (extension_pending)"},
		{"granted unasked", "started", desk(o), "grant-extension", fields{}, "wrong_state (nothing_asked)"},
		{"listed twice", "listed", desk(o), "list", listing, "wrong_state (listed)"},
		{"delisted unlisted", "started", desk(o), "delist", fields{"reason": "x"}, "wrong_state (not_listed)"},
		{"closed without acceptance", "started", desk(o), "close", closing, "wrong_state (in-progress)"},
		{"transferred unasked", "started", province, "transfer", fields{}, "wrong_state (nothing_asked)"},
		{"reopened while open", "started", province, "reopen", reopening, "wrong_state (in-progress)"},

		{"every wrong field", "pending", desk(o), "start", fields{"on": "2026-06-11", "backdate_reason": "x", "funds_yuan": -1, "responsible_person": "\u3000", "interim_safeguards": long,
			"items": []any{fields{}, fields{"violation": 3, "measure": "x", "due": "2026-02-30"}}, "supervising_unit": "a\nb", "due": "2026-07-04"},
			"invalid on:before_exposed supervising_unit:control_character responsible_person:empty funds_yuan:out_of_range interim_safeguards:too_long emergency_plan:required_for_major due:out_of_range " +
				"items[0].violation:required items[0].measure:required items[1].violation:unknown_violation items[1].due:day"},
		{"nothing given", "pending", desk(o), "start", fields{}, "invalid responsible_person:required funds_yuan:required_for_major interim_safeguards:required_for_major emergency_plan:required_for_major"},
		{"before discovery", "pending", desk(o), "start", with(start, fields{"on": "2026-06-02"}), "invalid on:before_found_on"},
		{"no day", "started", desk(o), "progress", fields{"on": "soon", "text": "x"}, "invalid on:day"},
		{"in the future", "closed", desk(o), "progress", fields{"on": "2026-11-25", "text": "x"}, "invalid on:in_future"},
		{"long ago without a reason", "started", desk(o), "progress", fields{"on": "2026-06-20", "text": "x"}, "invalid backdate_reason:required"},
		{"three days ago", "started", drafter, "progress", fields{"on": "2026-11-21", "text": "x"}, "taken"},
		{"four days ago by no signer", "started", drafter, "progress", fields{"on": "2026-11-20", "text": "x", "backdate_reason": "x"}, "invalid on:signer_required"},
		{"before the start", "listed", desk(o), "progress", fields{"on": "2026-06-11", "text": "x", "backdate_reason": "x"}, "invalid on:before_started_on"},
		{"before the step before", "listed", desk(o), "progress", fields{"on": "2026-06-13", "text": "x", "backdate_reason": "x"}, "invalid on:before_previous_step"},
		{"accepted before it was asked for", "awaiting", second(o), "accept", with(accept, fields{"on": "2026-06-19"}), "invalid on:before_asked_on"},
		{"no picture", "started", desk(o), "ask-acceptance", fields{"text": "x", "media": []string{"report.pdf"}}, "invalid media:after_media_missing"},
		{"a clip", "started", desk(o), "ask-acceptance", fields{"text": "x", "media": []string{"after.mp4"}}, "taken"},
		{"media that aren't there", "started", desk(o), "ask-acceptance", fields{"text": "x", "media": []any{"missing-1.jpg", fields{}, "after.jpg"}}, "invalid media:unknown_file media:unknown_file"},
		{"two officers, one certificate", "awaiting", second(o), "accept", with(accept, fields{"officers": []fields{{"title": "甲", "certificate": "样 1"}, {"title": "乙", "certificate": "样1"}}}), "invalid officers:two_officers_required"},
		{"an officer without certificate", "awaiting", second(o), "accept", with(accept, fields{"officers": append(officers, fields{"title": "丙"}), "findings": nil}), "invalid officers[2].certificate:required findings:required"},
		{"returned without reason", "awaiting", second(o), "return", fields{"findings": "x"}, "invalid reason:required_for_returned officers:two_officers_required"},
		{"extension to the same day", "started", desk(o), "ask-extension", with(askExt, fields{"new_due": "2026-07-03"}), "invalid new_due:not_later"},
		{"grade of the province", "started", desk(o), "list", with(listing, fields{"grade": 2}), "invalid grade:grade_not_allowed"},
		{"grade of the city", "started", province, "list", with(listing, fields{"grade": 4}), "invalid grade:grade_not_allowed"},
		{"no such grade", "started", desk(o), "list", with(listing, fields{"grade": 5}), "invalid grade:unknown_value"},
		{"a year", "started", desk(o), "list", with(listing, fields{"due": "2027-06-14"}), "taken"},
		{"a year and a day", "started", desk(o), "list", with(listing, fields{"due": "2027-06-15"}), "invalid due:more_than_one_year"},
		{"closed in an alias of the outlet", "accepted", desk(o), "close", closing, "taken"},
		{"closed elsewhere", "accepted", desk(o), "close", with(closing, fields{"outlet": "长春安行短视频"}), "invalid other_outlet_reason:required_for_other_outlet"},
		{"closed elsewhere with a reason", "accepted", desk(o), "close", with(closing, fields{"outlet": "某报", "other_outlet_reason": "停播"}), "taken"},
		{"script", "accepted", desk(o), "close", with(closing, fields{"url": "javascript:alert(1)//https://x"}), "invalid url:scheme"},
		{"published before acceptance", "accepted", desk(o), "close", with(closing, fields{"published_on": "2026-06-24"}), "invalid published_on:before_acceptance"},
		{"the same with a day", "accepted", desk(o), "close", with(closing, fields{"published_on": "2026-06-24", "on": "2026-06-24"}), "invalid published_on:before_acceptance"},
		{"recorded later", "accepted", desk(o), "close", with(closing, fields{"on": "2026-07-01"}), "taken"},
		{"published before acceptance, recorded later", "accepted", desk(o), "close", with(closing, fields{"published_on": "2026-06-24", "on": "2026-07-01"}), "invalid published_on:before_acceptance"},
		{"recorded before it was published", "accepted", desk(o), "close", with(closing, fields{"on": "2026-06-29"}), "invalid on:before_previous_step"},
		{"published tomorrow", "accepted", desk(o), "close", with(closing, fields{"published_on": "2026-11-25"}), "invalid published_on:in_future"},
		{"closed with nothing", "accepted", desk(o), "close", fields{}, "invalid outlet:required headline:required url:required published_on:required"},
		{"reopened to the day itself", "closed", province, "reopen", with(reopening, fields{"new_due": "2026-07-05"}), "invalid new_due:not_later"},
		{"reopened", "closed", province, "reopen", reopening, "taken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := at(t, c.place)
			before := len(r.facts)
			got := wrongOf(r.give(t, c.by, c.command, c.body))
			if got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			if got != "taken" && len(r.facts) != before {
				t.Error("a refused command changed something")
			}
		})
	}
}

func TestStartFillsIn(t *testing.T) {
	t.Parallel()
	r := at(t, "pending")
	r.must(t, desk(r.c.Office), "start", with(start, fields{"due": "2026-07-01"}))
	s := r.state
	if s.SupervisingUnit != "某市安委会办公室" || s.ResponsibleUnit != "长春市启衡化工有限公司" {
		t.Errorf("units %q, %q", s.SupervisingUnit, s.ResponsibleUnit)
	}
	want := events.Item{Violation: 2, Measure: r.c.Plan.Measures, Due: "2026-07-01"}
	if len(s.Items) != 3 || !reflect.DeepEqual(s.Items[2], want) {
		t.Errorf("items %+v", s.Items)
	}
	if v := rectification.Derive(s, numbers(t), "2026-06-20"); v.Due != "2026-07-01" || len(s.Dues) != 2 || s.Dues[0].Day != "2026-07-03" {
		t.Errorf("due %s of %+v", v.Due, s.Dues)
	}
}

func TestDefaultDue(t *testing.T) {
	t.Parallel()
	c := sampleCases(t)[ref]
	c.Plan.Deadline = ""
	if due := openRecord(t, c).state.Dues[0].Day; due != "2026-07-12" {
		t.Errorf("due %s, want 30 days after 2026-06-12", due)
	}
}

func TestEndingStopsTheClock(t *testing.T) {
	t.Parallel()
	r := at(t, "started")
	o := r.c.Office
	r.must(t, desk(o), "ask-not-applicable", fields{"on": "2026-07-01", "reason": "停产拆除", "backdate_reason": "补录"})
	if got := wrongOf(r.give(t, province, "transfer", fields{})); got != "wrong_state (nothing_asked)" {
		t.Errorf("the other ending: %s", got)
	}
	r.must(t, province, "confirm-not-applicable", fields{"on": "2026-07-08", "backdate_reason": "补录"})
	v := rectification.Derive(r.state, numbers(t), asOf)
	if r.state.State != events.RectificationNotApplicable || v.OverdueDays != 5 || v.Overdue || !v.FinishedLate {
		t.Errorf("%s, %d days, overdue %v, finished late %v", r.state.State, v.OverdueDays, v.Overdue, v.FinishedLate)
	}
	if next := rectification.NextFor(r.state, province); len(next) != 0 {
		t.Errorf("next %v", next)
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	r := at(t, "awaiting")
	names := func(a access.Actor) string {
		var out []string
		for _, n := range rectification.NextFor(r.state, a) {
			out = append(out, n.Command)
		}
		return strings.Join(out, " ")
	}
	if got := names(desk(r.c.Office)); got != "ask-transfer ask-not-applicable" {
		t.Errorf("the asker: %s", got)
	}
	if got := names(second(r.c.Office)); got != "accept return ask-transfer ask-not-applicable" {
		t.Errorf("the second: %s", got)
	}
	if got := names(desk("jilin")); got != "" {
		t.Errorf("another office: %s", got)
	}
	fields := rectification.NextFor(at(t, "pending").state, desk(r.c.Office))[0].Fields
	want := []rectification.Field{{Name: "supervising_unit", Type: "line"}, {Name: "responsible_unit", Type: "line"}, {Name: "responsible_person", Type: "line", Required: true}, {Name: "funds_yuan", Type: "yuan", Required: true}}
	for i, w := range want {
		if fields[i] != w {
			t.Errorf("field %d is %+v, want %+v", i, fields[i], w)
		}
	}
	if last := fields[len(fields)-1].Name; last != "backdate_reason" {
		t.Errorf("last field %s", last)
	}
}

func TestFoldRefusesWhatDoesntFit(t *testing.T) {
	t.Parallel()
	for _, f := range []events.Fact{events.ExtensionGrantedFact{}, events.RectificationDelistedFact{}, events.RectificationAcceptedFact{}, events.RectificationTransferredFact{}, events.RectificationOpenedFact{},
		events.CaseReviewedFact{}} {
		if _, err := rectification.Fold(at(t, "started").state, events.Meta{}, f); err == nil {
			t.Errorf("%s was folded", f.EventType())
		}
	}
	want := at(t, "accepted").state
	got, err := rectification.Fold(events.RectificationState{}, events.Meta{}, events.RectificationRestatedFact{State: want})
	if err != nil || got.State != want.State || got.LastOn != want.LastOn {
		t.Errorf("restated: %v", err)
	}
}
