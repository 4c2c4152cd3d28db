package oversight_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

// TestThePictureIsTrue holds the picture in the package doc against the table.
func TestThePictureIsTrue(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, row := range oversight.ReturnTrack() {
		from := make([]string, len(row.From))
		for i, s := range row.From {
			from[i] = string(s)
		}
		to, who := "→ "+string(row.To), string(row.Who)
		if row.To == "" {
			to = "= stays"
		}
		if row.Duty != "" {
			who += " (" + string(row.Duty) + ")"
		}
		fmt.Fprintf(&want, "//\t%-12s %-45s %-14s %s\n", row.Name, strings.Join(from, " "), to, who)
	}
	if !strings.Contains(string(doc), "//\n"+want.String()+"//\n") {
		t.Errorf("the picture in doc.go isn't what the table gives:\n%s", want.String())
	}
}

// drawReturnBody draws a body that is mostly right.
func drawReturnBody(t *rapid.T, r *record, name string) fields {
	body := fields{}
	if rapid.IntRange(0, 4).Draw(t, "given day") == 0 {
		body["on"], body["backdate_reason"] = r.state.LastOn.Add(rapid.IntRange(-3, 6).Draw(t, "days after the last step")), "补录"
	}
	cases := func() []events.CaseID {
		var ids []events.CaseID
		for _, c := range r.cases {
			if rapid.IntRange(0, 2).Draw(t, "case") == 0 {
				ids = append(ids, c.ID)
			}
		}
		return ids
	}
	switch name {
	case "file", "supplement":
		body["document_no"] = rapid.SampledFrom([]string{"四安委办〔2026〕6号", "四安委办〔2026〕6号", "另"}).Draw(t, "number")
		if name == "supplement" || rapid.Bool().Draw(t, "named") {
			body["cases"] = cases()
		}
		if name == "file" && rapid.IntRange(0, 5).Draw(t, "zero") == 0 {
			body["zero_reason"] = "无"
		}
	case "add-scan":
		body["scan"] = rapid.SampledFrom([]string{"a.pdf", "b.pdf"}).Draw(t, "scan")
	case "return":
		body["reason"] = "补"
	case "recognise":
		body["kind"], body["reason"] = rapid.SampledFrom([]string{"decision", "paper"}).Draw(t, "kind"), "认定"
	}
	return body
}

func TestNoPathPastAGuard(t *testing.T) {
	t.Parallel()
	table := map[string]oversight.ReturnTransition{}
	var names []string
	for _, row := range oversight.ReturnTrack() {
		table[row.Name], names = row, append(names, row.Name)
	}
	people := []access.Actor{signer("siping"), deputy("siping"), drafter("siping"), province, signer("yanbian")}
	pool := []events.CaseState{june, county, july, hidden, caseOf("siping", "9", "municipal 2026-07-02", "municipal 2026-06-25"), caseOf("siping", "10", "unplaced 2026-06-03"), foreign}
	reached := map[oversight.Shown]int{}
	rapid.Check(t, func(rt *rapid.T) {
		r := openReturn(t, "siping", "2026-06", pool...)
		r.now = at("2026-07-02 12:00:00")
		for range rapid.IntRange(3, 25).Draw(rt, "steps") {
			r.now = r.now.Add(time.Duration(rapid.SampledFrom([]int{30, -1, 4, 12, 70}).Draw(rt, "hours")) * time.Hour)
			name, who := rapid.SampledFrom(names).Draw(rt, "command"), rapid.SampledFrom(people).Draw(rt, "who")
			if rapid.IntRange(0, 3).Draw(rt, "any") > 0 {
				name, who = offeredStep(rt, r.state, people, name, who)
			}
			before, facts := r.state, len(r.facts)
			next, _ := oversight.ReturnNext(r.state, who)
			offered := slices.ContainsFunc(next, func(n oversight.Next) bool { return n.Command == name })
			err := r.give(t, who, name, drawReturnBody(rt, r, name))
			switch stated := len(r.facts) > facts; {
			case offered && (fault.Is(err, fault.Forbidden) || fault.Is(err, fault.WrongState)):
				rt.Fatalf("%s by %s was offered, but %v", name, who.Account, err)
			case !offered && err == nil && (stated || before.State != events.ReturnFiled):
				rt.Fatalf("%s by %s went through unoffered", name, who.Account)
			case err == nil && stated:
				checkReturnStep(rt, table[name], before, r)
			case stated:
				rt.Fatalf("%s was refused and stated something", name)
			}
			reached[r.shown()]++
		}
		checkReturn(rt, r)
		checkReturnDays(rt, r)
		replayReturn(rt, r)
	})
	for _, s := range oversight.ShownStates() {
		if reached[s] == 0 {
			t.Errorf("no run came to %s: %v", s, reached)
		}
	}
}

// offeredStep draws a step that somebody may give now; recognising, which ends most ways, seldom.
func offeredStep(t *rapid.T, s events.ReturnState, people []access.Actor, name string, who access.Actor) (string, access.Actor) {
	type step struct {
		name string
		who  access.Actor
	}
	var steps []step
	for _, a := range people {
		next, _ := oversight.ReturnNext(s, a)
		for _, n := range next {
			if n.Command != "recognise" {
				steps = append(steps, step{n.Command, a})
			}
		}
	}
	if len(steps) == 0 {
		return name, who
	}
	chosen := rapid.SampledFrom(steps).Draw(t, "offered")
	return chosen.name, chosen.who
}

func checkReturnStep(t *rapid.T, row oversight.ReturnTransition, before events.ReturnState, r *record) {
	to := row.To
	if to == "" {
		to = before.State
	}
	if !slices.Contains(row.From, before.State) || r.state.State != to {
		t.Fatalf("%s led from %s to %s", row.Name, before.State, r.state.State)
	}
	if r.state.LastOn < before.LastOn || r.state.LastOn < r.state.Month.First() {
		t.Fatalf("%s went back from %s to %s", row.Name, before.LastOn, r.state.LastOn)
	}
	if last := r.facts[len(r.facts)-1]; !slices.ContainsFunc(row.Facts, func(f events.Fact) bool { return f.EventType() == last.EventType() }) {
		t.Fatalf("%s stated %s", row.Name, last.EventType())
	}
}

// checkReturn holds a record against what no path may lead past.
func checkReturn(t *rapid.T, r *record) {
	byID := map[events.CaseID]events.CaseState{}
	for _, c := range r.cases {
		byID[c.ID] = c
	}
	for i, f := range r.state.Filings {
		if f.DocumentNo == "" || (len(f.Cases) == 0) != (f.ZeroReason != "") && !f.Supplement || f.Supplement && (i == 0 || len(f.Cases) <= len(r.state.Filings[i-1].Cases)) {
			t.Fatalf("filing %+v", f)
		}
		if f.Result == "" && i < len(r.state.Filings)-1 {
			t.Fatalf("filing %d of %d was never answered", i, len(r.state.Filings))
		}
		for _, id := range f.Cases {
			c := byID[id]
			inJune := slices.ContainsFunc(c.Exposures, func(p events.Publication) bool { return events.MonthOf(p.PublishedOn) == "2026-06" })
			if c.Office != "siping" || c.State != events.CaseExposed || !inJune {
				t.Fatalf("holds %+v", c)
			}
		}
	}
}

// checkReturnDays holds what is shown of every day against a telling over the facts alone.
func checkReturnDays(t *rapid.T, r *record) {
	for day := r.state.Month.First().Add(20); day <= r.state.LastOn.Add(2); day = day.Add(1) {
		got := r.on(day)
		if want := naiveShown(r, day); got.Shown != want {
			t.Fatalf("at the end of %s: %s, the facts say %s", day, got.Shown, want)
		}
		if got.Shown == oversight.ShownMissed && day <= r.state.Due || got.Shown == oversight.ShownMet && len(got.Counted) == 0 {
			t.Fatalf("%s: %+v", day, got)
		}
	}
}

// naiveShown walks over the facts with a given day up to the day.
func naiveShown(r *record, day events.Day) oversight.Shown {
	counts := map[events.CaseID]bool{june.ID: day >= "2026-06-12", r.cases[4].ID: day >= "2026-06-25"}
	shown, met, waiting := oversight.Shown(""), oversight.Shown(""), oversight.Shown("")
	var content events.ReturnContent
	var meta events.Meta
	for i, f := range r.facts {
		if r.metas[i].On > day {
			break
		}
		switch f := f.(type) {
		case events.ReturnFiledFact:
			content, meta, waiting = f.ReturnContent, r.metas[i], oversight.ShownAwaiting
		case events.ReturnSupplementedFact:
			content, meta, waiting = f.ReturnContent, r.metas[i], oversight.ShownAwaiting
		case events.ReturnReturnedFact:
			waiting = oversight.ShownReturned
		case events.ReturnReceivedFact:
			waiting = ""
			for _, id := range content.Cases {
				if counts[id] && met == "" {
					met = oversight.ShownMet
					if !meta.Backdated && meta.Time.After(r.state.Due.Add(1).Time().Add(-time.Nanosecond)) {
						met = oversight.ShownMetLate
					}
				}
			}
		case events.ReturnRecognisedFact:
			shown = oversight.ShownRecognised
		}
	}
	for _, s := range []oversight.Shown{shown, met, waiting} {
		if s != "" {
			return s
		}
	}
	if day > r.state.Due {
		return oversight.ShownMissed
	}
	return oversight.ShownRunning
}

// replayReturn folds the facts again from nothing: the same states, none of which the later steps have changed.
func replayReturn(t *rapid.T, r *record) {
	var s events.ReturnState
	for i, f := range r.facts {
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		fact, err := events.Default.DecodeFact(f.EventType(), events.Body{Fact: data})
		if err == nil {
			s, err = oversight.FoldReturn(s, r.metas[i], fact)
		}
		if err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(s)
		if want, _ := json.Marshal(r.states[i]); string(got) != string(want) {
			t.Fatalf("after %s\n%s\nwas\n%s", f.EventType(), got, want)
		}
	}
}

func TestFoldRefusesWhatDoesntFit(t *testing.T) {
	t.Parallel()
	r := openReturn(t, "siping", "2026-06", june)
	for _, f := range []events.Fact{events.ReturnOpenedFact{}, events.ReturnReceivedFact{}, events.ReturnReturnedFact{}, events.ReturnScanAddedFact{}, events.CaseReviewedFact{}, events.TableFixedFact{}} {
		if _, err := oversight.FoldReturn(r.state, events.Meta{}, f); err == nil {
			t.Errorf("%s was folded", f.EventType())
		}
	}
	if _, err := oversight.FoldReturn(events.ReturnState{}, events.Meta{}, events.ReturnFiledFact{}); err == nil {
		t.Error("filed before it was opened")
	}
	r.must(t, province, "recognise", fields{"kind": "paper", "reason": "x"})
	got, err := oversight.FoldReturn(events.ReturnState{Revision: 7}, events.Meta{}, events.ReturnRestatedFact{State: r.state})
	if err != nil || got.State != events.ReturnRecognised || got.Revision != 7 {
		t.Errorf("restated: %+v, %v", got, err)
	}
	if _, err := oversight.FoldTable(events.TableState{}, events.Meta{}, events.ReturnReceivedFact{}); err == nil {
		t.Error("a table took a return's fact")
	}
	table, err := oversight.FoldTable(events.TableState{}, events.Meta{}, events.TableFixedFact{Month: "2026-06", Edition: events.Edition{Day: "2026-07-10"}})
	if err != nil || table.Month != "2026-06" || len(table.Editions) != 1 {
		t.Errorf("fixed: %+v, %v", table, err)
	}
}
