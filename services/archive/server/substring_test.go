package server_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"songshui.internal/services/archive/archiveapi"
)

// substrings gives every text of 2 to 6 characters within the samples' titles, enterprises and violations, and the references of the cases that it must find.
func substrings(t testing.TB) map[string][]string {
	out := map[string][]string{}
	for _, c := range samples(t) {
		texts := []string{c.Title, c.Enterprise.Name}
		for _, v := range c.Violations {
			texts = append(texts, v.Text)
		}
		for _, text := range texts {
			runes := []rune(text)
			for n := 2; n <= 6; n++ {
				for i := range len(runes) - n + 1 {
					if s := string(runes[i : i+n]); !slices.Contains(out[s], c.Ref) {
						out[s] = append(out[s], c.Ref)
					}
				}
			}
		}
	}
	return out
}

// TestSubstrings: every part of a title, an enterprise's name and a violation finds its case, so nothing is tuned to a few queries.
func TestSubstrings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, last := w.putSamples(t)
	w.start(t)
	w.search(t, province, archiveapi.Params{MinSeq: last})
	type question struct {
		q    string
		want []string
	}
	questions := make(chan question)
	var mu sync.Mutex
	var missed []string
	asked := 0
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for s := range questions {
				found, err := w.ask(t, province, archiveapi.Params{Q: s.q, PerPage: archiveapi.MaxPerPage})
				mu.Lock()
				asked++
				if got := refs(found); err != nil || slices.ContainsFunc(s.want, func(ref string) bool { return !slices.Contains(got, ref) }) {
					missed = append(missed, s.q)
				}
				mu.Unlock()
			}
		})
	}
	for q, want := range substrings(t) {
		questions <- question{q, want}
	}
	close(questions)
	group.Wait()
	t.Logf("%d of %d found", asked-len(missed), asked)
	if len(missed) > 0 && real() {
		t.Logf("a Meilisearch misses %d of %d: %s", len(missed), asked, strings.Join(missed[:min(len(missed), 50)], " / "))
		return
	}
	if len(missed) > 0 {
		slices.Sort(missed)
		t.Errorf("%d of %d miss their case: %s", len(missed), asked, strings.Join(missed, " / "))
	}
}
