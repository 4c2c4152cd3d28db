package intake_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

func TestSampleCasesAreTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := map[events.CaseID]bool{}
	for i, line := range goodLines(t) {
		var c struct {
			Office    events.OfficeSlug
			Exposures []struct {
				PublishedOn events.Day `json:"published_on"`
			}
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		fact, given, err := w.submit(desk(c.Office, "a"), line, clock)
		if err != nil {
			t.Errorf("line %d: %v", i+1, err)
			continue
		}
		if warnings := intake.Warnings(fact.Submission); len(warnings) > 0 {
			t.Errorf("line %d: warnings %v", i+1, warnings)
		}
		state, err := intake.Fold(events.CaseState{}, events.Meta{On: given.On, Time: clock.UTC()}, fact)
		if err != nil {
			t.Fatal(err)
		}
		want, first := events.CaseSubmitted, events.Day("")
		for _, e := range c.Exposures {
			if want = events.CaseExposed; first == "" || e.PublishedOn < first {
				first = e.PublishedOn
			}
		}
		if state.State != want || state.ExposedOn != first || given.On != "2026-11-24" || given.Backdated {
			t.Errorf("line %d: %s on %q, given %+v, want %s on %q", i+1, state.State, state.ExposedOn, given, want, first)
		}
		ids[state.ID] = true
	}
	if len(ids) != 33 {
		t.Errorf("%d cases", len(ids))
	}
}

func TestBadCasesAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := bytes.Split(read(t, "bad/bad-cases.jsonl"), []byte("\n"))
	first, _, err := w.submit(desk("changchun", "a"), goodLines(t)[0], clock)
	if err != nil {
		t.Fatal(err)
	}
	there, err := intake.Fold(events.CaseState{}, events.Meta{}, first)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range whole[[]struct {
		Line              int
		Name, Field, Code string
	}](t, "bad/bad-cases.expected.json") {
		fact, _, err := w.submit(desk("changchun", "a"), bad[want.Line-1], clock)
		if err == nil && fact.ID == there.ID {
			err = intake.Again(there, fact.Submission)
		}
		f := fault.Of(err)
		switch {
		case err == nil:
			t.Errorf("line %d (%s) is taken", want.Line, want.Name)
		case want.Code == "malformed":
			if f.Code != fault.Malformed {
				t.Errorf("line %d (%s): %v", want.Line, want.Name, err)
			}
		case !slices.ContainsFunc(f.Fields, func(x fault.Field) bool { return x.Field == want.Field && x.Code == want.Code }):
			t.Errorf("line %d (%s): %v, want %s %s", want.Line, want.Name, err, want.Field, want.Code)
		case f.Code == fault.Invalid && len(f.Fields) > 1 && want.Line != 10:
			t.Errorf("line %d (%s): more than its one mistake is named: %v", want.Line, want.Name, err)
		}
	}
}

// embargo is a row of embargoes.json.
type embargo struct {
	Ref         string
	Outlets     []string
	SetAt       time.Time `json:"set_at"`
	Until       time.Time
	LiftedAt    *time.Time `json:"lifted_at"`
	LiftReason  string     `json:"lift_reason"`
	PublishedAt *time.Time `json:"published_at"`
	Expected    []struct {
		At       time.Time
		State    events.CaseStatus
		Awaiting bool     `json:"awaiting_publication"`
		SeenBy   []string `json:"seen_by"`
	}
}

func TestEmbargoes(t *testing.T) {
	t.Parallel()
	cases := map[string]fields{}
	for i := range goodLines(t) {
		f := sample(t, i)
		cases[f["ref"].(string)] = f
	}
	for _, e := range whole[[]embargo](t, "embargoes.json") {
		t.Run(e.Ref, func(t *testing.T) {
			t.Parallel()
			body := cases[e.Ref]
			office := events.OfficeSlug(body["office"].(string))
			a, b := desk(office, "a"), desk(office, "b")
			r := newRecord(t, a, body.with(fields{"exposures": []any{}, "media": []any{}}), e.SetAt)
			r.must(t, b, "review", fields{})
			r.must(t, b, "embargo", fields{"outlets": e.Outlets, "until": e.Until.Format(time.RFC3339)})
			viewers := map[string]access.Actor{"named_outlet": {Role: access.Journalist, Outlet: events.OutletID(e.Outlets[0])}, "other_outlet": {Role: access.Journalist, Outlet: "qg-weekly"},
				"own_office": a, "other_office": desk("changbaishan", "x"), "province": province}
			for _, want := range e.Expected {
				r.now = want.At
				if e.LiftedAt != nil && !want.At.Before(*e.LiftedAt) && r.state.State == events.CaseEmbargoed {
					r.must(t, b, "lift-embargo", fields{"reason": e.LiftReason})
				}
				if e.PublishedAt != nil && !want.At.Before(*e.PublishedAt) && r.state.State == events.CaseEmbargoed {
					p := fields(body["exposures"].([]any)[0].(map[string]any))
					early := p.with(fields{"published_on": events.DayOf(e.Until).Add(-1)})
					if got := wrong(r.give(b, "publish", early)); !slices.Equal(got, []string{"published_on before_embargo_end"}) {
						t.Errorf("a publication before the embargo's end: %q", got)
					}
					r.must(t, b, "publish", p)
				}
				var seen []string
				for name, v := range viewers {
					if intake.Audience(v, r.state) == nil {
						seen = append(seen, name)
					}
				}
				slices.Sort(seen)
				slices.Sort(want.SeenBy)
				if r.state.State != want.State || intake.AwaitingPublication(r.state, want.At) != want.Awaiting || !slices.Equal(seen, want.SeenBy) {
					t.Errorf("at %s: %s, awaiting %v, seen by %q; want %+v", want.At, r.state.State, intake.AwaitingPublication(r.state, want.At), seen, want)
				}
			}
		})
	}
}
