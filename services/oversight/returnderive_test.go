package oversight_test

import (
	"encoding/json"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/oversight"
)

func TestDerive(t *testing.T) {
	t.Parallel()
	who := signer("siping")
	withdrawn := june
	withdrawn.State, withdrawn.WithdrawnOn = events.CaseWithdrawn, "2026-07-08"
	unplaced := caseOf("siping", "5", "unplaced 2026-06-10")
	both := caseOf("siping", "6", "county 2026-06-10", "municipal 2026-07-02")
	type step struct {
		moment string
		by     string
		name   string
		body   fields
	}
	file := func(moment string, more fields) step { return step{moment, "office", "file", with(paper, more)} }
	receive := func(moment string) step { return step{moment, "province", "receive", fields{}} }
	for _, c := range []struct {
		name  string
		cases []events.CaseState
		steps []step
		day   events.Day
		want  string
	}{
		{"nothing yet", nil, nil, "2026-07-06", `{"shown":"running"}`},
		{"missed the day after it was due", nil, nil, "2026-07-07", `{"shown":"missed","overdue":true}`},
		{"only county", []events.CaseState{county}, []step{file("2026-07-01 09:00:00", nil), receive("2026-07-02 09:00:00")}, "2026-07-07", `{"shown":"missed","overdue":true,"only_other_levels":true,"held":1,"published":1}`},
		{"only 待认定", []events.CaseState{unplaced}, nil, "2026-07-07", `{"shown":"missed","overdue":true,"unplaced":true,"published":1}`},
		{"a zero return that was received", nil, []step{file("2026-07-01 09:00:00", fields{"zero_reason": "无"}), receive("2026-07-02 09:00:00")}, "2026-07-06", `{"shown":"running","zero_return":true}`},
		{"municipal in another month only", []events.CaseState{both}, []step{file("2026-07-03 09:00:00", nil), receive("2026-07-03 09:30:00")}, "2026-07-07", `{"shown":"missed","overdue":true,"only_other_levels":true,"held":1,"published":1}`},
		{"waits past the due day", []events.CaseState{june}, []step{file("2026-07-05 09:00:00", nil)}, "2026-07-20", `{"shown":"awaiting-receipt","overdue":true,"held":1,"published":1}`},
		{"sent back past the due day", []events.CaseState{june}, []step{file("2026-07-05 09:00:00", nil), {"2026-07-08 09:00:00", "province", "return", fields{"reason": "x"}}}, "2026-07-20", `{"shown":"returned","overdue":true,"held":1,"published":1}`},
		{"supplemented late", []events.CaseState{june, county}, []step{file("2026-07-01 09:00:00", fields{"cases": []any{county.ID}}), receive("2026-07-02 09:00:00"),
			{"2026-07-08 09:00:00", "office", "supplement", with(paper, fields{"cases": []any{june.ID}})}, receive("2026-07-09 09:00:00")}, "2026-07-09", `{"shown":"met-late","supplement":true,"punctual":"late","held":2,"counted":1,"published":2}`},
		{"supplemented after it was met", []events.CaseState{june, county}, []step{file("2026-07-01 09:00:00", fields{"cases": []any{june.ID}}), receive("2026-07-02 09:00:00"),
			{"2026-07-08 09:00:00", "office", "supplement", with(paper, fields{"cases": []any{county.ID}})}}, "2026-07-09", `{"shown":"met","supplement":true,"punctual":"in-time","held":2,"counted":1,"published":2}`},
		{"from paper", []events.CaseState{june}, []step{file("2026-08-20 09:00:00", fields{"on": "2026-07-03", "backdate_reason": "补录"}), receive("2026-08-21 09:00:00")}, "2026-08-21", `{"shown":"met","backdated":true,"punctual":"outside","held":1,"counted":1,"published":1}`},
		{"recognised by decision", []events.CaseState{county}, []step{file("2026-07-08 09:00:00", nil), receive("2026-07-08 10:00:00"), {"2026-07-09 09:00:00", "province", "recognise", fields{"kind": "decision", "reason": "省级媒体"}}},
			"2026-07-09", `{"shown":"recognised","recognised_kind":"decision","only_other_levels":true,"punctual":"late","held":1,"published":1}`},
		{"recognised from paper", nil, []step{{"2026-08-20 09:00:00", "province", "recognise", fields{"kind": "paper", "reason": "系统启用前", "on": "2026-07-03", "backdate_reason": "补录"}}}, "2026-07-03",
			`{"shown":"recognised","recognised_kind":"paper","backdated":true,"punctual":"outside"}`},
		{"recognised by a decision that was entered late", nil, []step{file("2026-07-04 09:00:00", fields{"zero_reason": "无"}), receive("2026-07-04 10:00:00"), {"2026-08-20 09:00:00", "province", "recognise", fields{"kind": "decision", "reason": "省级媒体", "on": "2026-07-08", "backdate_reason": "补录"}}}, "2026-07-08",
			`{"shown":"recognised","recognised_kind":"decision","zero_return":true,"backdated":true,"punctual":"in-time"}`},
		{"before the recognition", nil, []step{{"2026-08-20 09:00:00", "province", "recognise", fields{"kind": "paper", "reason": "x"}}}, "2026-08-19", `{"shown":"missed","overdue":true}`},
		{"the recognition before the last", nil, []step{{"2026-07-10 09:00:00", "province", "recognise", fields{"kind": "paper", "reason": "x"}}, {"2026-07-12 09:00:00", "province", "recognise", fields{"kind": "decision", "reason": "x"}}}, "2026-07-11",
			`{"shown":"recognised","recognised_kind":"paper","backdated":true,"punctual":"outside"}`},
	} {
		r := openReturn(t, "siping", "2026-06", c.cases...)
		for _, s := range c.steps {
			r.now = at(s.moment)
			by := who
			if s.by == "province" {
				by = province
			}
			r.must(t, by, s.name, s.body)
		}
		if got := counted(t, r.on(c.day)); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}

	r := openReturn(t, "siping", "2026-06", june)
	r.now = at("2026-07-01 09:00:00")
	r.must(t, who, "file", paper)
	r.must(t, province, "receive", fields{})
	r.cases[0] = withdrawn
	if before, after := r.on("2026-07-07").Shown, r.on("2026-07-08").Shown; before != oversight.ShownMet || after != oversight.ShownMissed {
		t.Errorf("withdrawn on 8 July: %s, then %s", before, after)
	}
	placed, ok := oversight.CaseOfReturn(unplaced, func(string) string { return "municipal" })
	if !ok || placed.Publications[0].Level != "municipal" {
		t.Errorf("placed since: %+v", placed)
	}
	if _, ok := oversight.CaseOfReturn(hidden, nil); ok {
		t.Error("a case that was never exposed is judged")
	}
}

// counted writes a view as JSON with numbers for lists.
func counted(t *testing.T, v oversight.ReturnView) string {
	t.Helper()
	held, points, published := len(v.Held), len(v.Counted), len(v.Published)
	v.Held, v.Counted, v.Published = nil, nil, nil
	out, err := json.Marshal(struct {
		oversight.ReturnView
		Held      int `json:"held,omitempty"`
		Counted   int `json:"counted,omitempty"`
		Published int `json:"published,omitempty"`
	}{v, held, points, published})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
