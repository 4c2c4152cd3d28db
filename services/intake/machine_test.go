package intake_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// drawBody draws a body that is mostly right.
func drawBody(t *rapid.T, name string, c events.CaseState, whole fields) fields {
	body := bodies[name]
	switch name {
	case "embargo":
		body = body.with(fields{"until": string(c.LastOn.Add(rapid.IntRange(-1, 4).Draw(t, "until"))) + "T04:00:00Z"})
	case "publish":
		body = body.with(fields{"published_on": c.LastOn.Add(rapid.IntRange(-3, 1).Draw(t, "published on")), "headline": rapid.SampledFrom([]string{"曝光", "追踪", "回访"}).Draw(t, "headline")})
	case "correct", "ask-withdrawal", "withdraw", "decline-withdrawal", "lift-embargo":
		if rapid.IntRange(0, 9).Draw(t, "no reason") == 0 {
			body = body.with(fields{"reason": nil})
		}
	case "attach", "detach":
		body = fields{"media": []any{photo.with(fields{"file": rapid.SampledFrom([]string{"a.jpg", "b.jpg", "c.jpg", "missing.jpg"}).Draw(t, "file")})}}
	case "resubmit":
		body = whole.with(fields{"ref": c.Ref})
		if rapid.Bool().Draw(t, "exposed") {
			body = body.with(fields{"exposures": []any{publication.with(fields{"published_on": "2026-06-12"})}})
		}
	}
	body = body.with(fields{})
	if on := c.LastOn.Add(rapid.SampledFrom([]int{-1, 0, 0, 0, 1, 2}).Draw(t, "days")); rapid.Bool().Draw(t, "given day") {
		body["on"], body["backdate_reason"] = on, "补录"
	}
	return body
}

func TestNoPathPastAGuard(t *testing.T) {
	t.Parallel()
	whole := unexposed(t)
	reached := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		start := whole.with(fields{"on": "2026-11-01", "backdate_reason": "补录"})
		if rapid.IntRange(0, 4).Draw(rt, "exposed at once") == 0 {
			start = start.with(fields{"exposures": []any{publication.with(fields{"published_on": "2026-06-12"})}})
		}
		r := newRecord(t, desk("changchun", "submitter"), start, clock)
		var who []access.Actor
		for _, p := range people(r.state.ID) {
			who = append(who, p.actor)
		}
		who = append(who, desk("changchun", "other"))
		for range rapid.IntRange(5, 40).Draw(rt, "steps") {
			a, name := rapid.SampledFrom(who).Draw(rt, "who"), rapid.SampledFrom(intake.Track()).Draw(rt, "command").Command
			if rapid.IntRange(0, 3).Draw(rt, "any") > 0 {
				a = rapid.SampledFrom([]access.Actor{desk("changchun", "submitter"), desk("changchun", "other"), province}).Draw(rt, "who may")
				next := intake.Next(a, r.state)
				// Publication is offered nearly always and ends the ways that lead elsewhere: what is seldom offered is taken more often.
				if seldom := slices.DeleteFunc(slices.Clone(next), func(row intake.Transition) bool {
					return len(row.From) > 1 && row.Command != "withdraw" && row.Command != "decline-withdrawal"
				}); len(seldom) > 0 && rapid.Bool().Draw(rt, "seldom") {
					next = seldom
				}
				if len(next) > 0 {
					name = rapid.SampledFrom(next).Draw(rt, "offered").Command
				}
			}
			offered := intake.Audience(a, r.state) == nil && slices.ContainsFunc(intake.Next(a, r.state), func(row intake.Transition) bool { return row.Command == name })
			before, kept := r.state, snapshot(rt, r.state)
			err := r.give(a, name, drawBody(rt, name, r.state, whole))
			refused := fault.Is(err, fault.Forbidden) || fault.Is(err, fault.WrongState) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Gone)
			if offered && refused || !offered && err == nil {
				rt.Fatalf("%s by %s on %s: offered %v, but %v", name, a.Account, before.State, offered, err)
			}
			if snapshot(rt, before) != kept {
				rt.Fatalf("%s changed the state before it", name)
			}
			if err != nil {
				if !reflect.DeepEqual(before, r.state) {
					rt.Fatalf("%s was refused but changed the case", name)
				}
				continue
			}
			checkStep(rt, name, a, before, r)
			reached[name]++
		}
		replay(rt, r)
	})
	for command := range from {
		if reached[command] == 0 && !testing.Short() { // with -short rapid makes too few runs for that
			t.Errorf("no run came through %s: %v", command, reached)
		}
	}
}

func snapshot(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// ways are the changes of state that domain.md knows.
var ways = map[events.CaseStatus][]events.CaseStatus{
	events.CaseSubmitted: {events.CaseReviewed, events.CaseExposed, events.CaseWithdrawn},
	events.CaseReviewed:  {events.CaseEmbargoed, events.CaseExposed, events.CaseWithdrawn},
	events.CaseEmbargoed: {events.CaseReviewed, events.CaseExposed, events.CaseWithdrawn},
	events.CaseExposed:   {events.CaseWithdrawn},
	events.CaseWithdrawn: {events.CaseSubmitted, events.CaseExposed},
}

// checkStep holds one step against what no path may lead past; the last fact is what made it.
func checkStep(t *rapid.T, name string, a access.Actor, before events.CaseState, r *record) {
	c := r.state
	must := func(ok bool, what string) {
		if !ok {
			t.Fatalf("%s by %s (%s → %s): %s\n%s", name, a.Account, before.State, c.State, what, snapshot(t, c))
		}
	}
	must(c.State == before.State || slices.Contains(ways[before.State], c.State), "no such way")
	must(c.LastOn >= before.LastOn && c.LastOn <= events.DayOf(clock), "days go back or ahead")
	must((c.State == events.CaseEmbargoed) == (c.Embargo != nil), "embargo and state differ")
	must(c.ID == before.ID && c.Office == before.Office && c.Digest == before.Digest, "identity changed")
	must((c.State == events.CaseExposed || c.State == events.CaseWithdrawn) || len(c.Exposures) == 0, "publications of a case that isn't exposed")
	must(slices.Contains(c.VisibleTo(), events.HolderSignedIn) == (c.State == events.CaseExposed), "seen by readers without being exposed")
	if c.State == events.CaseExposed {
		must(len(c.Exposures) > 0, "exposed without a publication")
		for _, p := range c.Exposures {
			must(c.ExposedOn <= p.PublishedOn, "exposed after a publication")
		}
		if before.State == events.CaseEmbargoed {
			must(c.Exposures[0].PublishedOn >= events.DayOf(before.Embargo.Until), "exposed before the embargo's end")
		}
	}
	if c.State == events.CaseReviewed || c.State == events.CaseEmbargoed {
		must(c.ReviewedBy != "" && c.ReviewedBy != c.SubmittedBy, "not reviewed by a second person")
	}
	if c.State == events.CaseSubmitted {
		must(c.ReviewedBy == "" && c.ReviewedOn == "", "reviewed before it was submitted again")
	}
	if c.State == events.CaseWithdrawn {
		w := c.Withdrawal
		must(w != nil && w.Reason != "" && w.ConsentReason != "" && w.ConsentedBy == province.Account && w.AskedBy != w.ConsentedBy, "withdrawn without request and consent")
	}
	if before.State == events.CaseExposed && !reflect.DeepEqual(before.CaseContent, c.CaseContent) {
		must(len(c.Corrections) == len(before.Corrections)+1 && c.Corrections[len(c.Corrections)-1].Reason != "", "an exposed case changed without a reason shown")
	}
	ids := map[events.MediaID]bool{}
	for _, m := range c.Media {
		must(!ids[m.ID], "a medium twice")
		ids[m.ID] = true
	}
}

// replay folds the facts, as they would be read from the log, from nothing.
func replay(t *rapid.T, r *record) {
	var c events.CaseState
	for _, f := range r.facts {
		raw, err := events.EncodeBody(f.fact, r.state)
		if err != nil {
			t.Fatal(err)
		}
		body, err := events.DecodeBody(raw)
		if err != nil {
			t.Fatal(err)
		}
		fact, err := events.Default.DecodeFact(f.meta.Type, body)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = intake.Fold(c, f.meta, fact); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := snapshot(t, c), snapshot(t, r.state); got != want {
		t.Fatalf("folding gives\n%s\nthe state is\n%s", got, want)
	}
}
