package saved

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"songshui.internal/events"
)

// TestToldOnce: whatever is exposed, each case is told once, but for one that is exposed again after the record forgot it, none that was exposed before the millisecond in which the search was saved, and every one that the index
// gives together with all that was exposed before it; the record keeps a bounded number.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	saved := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	rapid.Check(t, func(r *rapid.T) {
		s, err := Fold(events.SearchState{}, events.Meta{Time: saved}, events.SearchSavedFact{ID: "S", Account: "a", Name: "n"})
		if err != nil {
			r.Fatal(err)
		}
		var exposed []events.Told
		told, twice := map[events.CaseID]int{}, map[events.CaseID]bool{}
		at := saved.Add(-10 * time.Millisecond)
		for round := range rapid.IntRange(1, 8).Draw(r, "rounds") {
			for n := range rapid.IntRange(0, 300).Draw(r, "exposed") {
				at = at.Add(time.Duration(rapid.IntRange(0, 2).Draw(r, "later")) * time.Millisecond)
				exposed = append(exposed, events.Told{Case: events.CaseID(fmt.Sprint(round, "-", n)), ExposedAt: at})
			}
			if len(s.Told) > 0 && rapid.Bool().Draw(r, "again") { // withdrawn and exposed once more
				again := rapid.SampledFrom(s.Told).Draw(r, "which")
				twice[again.Case] = true
				exposed = slices.DeleteFunc(exposed, func(t events.Told) bool { return t.Case == again.Case })
				exposed = append(exposed, events.Told{Case: again.Case, ExposedAt: at})
			}
			found := slices.DeleteFunc(slices.Clone(exposed), func(t events.Told) bool { return !t.ExposedAt.After(since(s)) })
			for fresh := news(s, found); len(fresh) > 0; fresh = news(s, fresh) {
				some := fresh[:min(len(fresh), toldAtOnce)]
				for _, c := range some {
					told[c.Case]++
				}
				if s, err = Fold(s, events.Meta{}, events.SearchToldFact{Cases: some}); err != nil {
					r.Fatal(err)
				}
			}
			if len(s.Told) > maxTold {
				r.Fatalf("%d are kept", len(s.Told))
			}
			for _, c := range exposed {
				if !c.ExposedAt.Before(saved) && told[c.Case] == 0 {
					r.Fatalf("%v was never told", c)
				}
			}
		}
		for id, n := range told {
			if n > 1 && (!twice[id] || len(exposed) <= maxTold) {
				r.Fatalf("%s was told %d times", id, n)
			}
		}
	})
}
