package server_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"songshui.internal/services/archive/archiveapi"
)

type expectations struct {
	Queries []struct {
		Q              string   `json:"q"`
		Level          string   `json:"level"`
		MustInclude    []string `json:"must_include"`
		MustNotInclude []string `json:"must_not_include"`
	} `json:"queries"`
	Robust []string `json:"robust_queries"`
}

func expected(t testing.TB) expectations {
	t.Helper()
	data, err := os.ReadFile("../../songshui/internal/samples/expected.json")
	check(t, err)
	var e expectations
	check(t, json.Unmarshal(data, &e))
	return e
}

// TestExpected: all queries of the samples, those that need more than any reasonable search included.
func TestExpected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, last := w.putSamples(t)
	w.start(t)
	passed := map[string]int{}
	for _, q := range expected(t).Queries {
		found := w.search(t, province, archiveapi.Params{Q: q.Q, MinSeq: last, PerPage: 10})
		got := refs(found)
		ok := len(q.MustInclude) > 0 || found.Total == 0
		latest := -1
		for _, ref := range q.MustInclude {
			i := slices.Index(got, ref)
			latest = max(latest, i)
			ok = ok && i >= 0
		}
		for _, ref := range q.MustNotInclude {
			if i := slices.Index(got, ref); i >= 0 && i < latest {
				ok = false
			}
		}
		if !ok {
			t.Errorf("%s %q gives %v, wants %v", q.Level, q.Q, got, q.MustInclude)
			continue
		}
		passed[q.Level]++
	}
	t.Logf("passed: %v", passed)
}

func TestRobust(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, last := w.putSamples(t)
	w.start(t)
	for _, q := range append(expected(t).Robust, "-", "--", "\x00", "\xff", "\"\"\"", "visible_to = 'x'", strings.Repeat("a ", 5000), "长安委办曝〔", "🚧") {
		if _, err := w.ask(t, province, archiveapi.Params{Q: q, MinSeq: last}); err != nil {
			t.Errorf("%.40q: %v", q, err)
		}
	}
	for _, all := range []string{"", " "} {
		if n := w.search(t, province, archiveapi.Params{Q: all}).Total; n != 33 {
			t.Errorf("%q lists %d cases", all, n)
		}
	}
}
