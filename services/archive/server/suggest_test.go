package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

func (w *world) suggest(t testing.TB, a access.Actor, p archiveapi.SuggestParams) (archiveapi.Suggestions, error) {
	t.Helper()
	token, err := w.seal.Sign(a)
	check(t, err)
	return archiveapi.Client{Client: bus.Client{Conn: w.conn, Token: token}}.Suggest(t.Context(), p)
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, last := w.putSamples(t)
	w.start(t)
	w.search(t, province, archiveapi.Params{MinSeq: last})
	for _, c := range []struct {
		q, kind, text, highlight string
	}{
		{"启衡", "enterprise", "长春市启衡化工有限公司", "长春市<mark>启衡</mark>化工有限公司"},
		{"啟衡", "enterprise", "长春市启衡化工有限公司", "长春市<mark>启衡</mark>化工有限公司"},
		{"qih", "enterprise", "长春市启衡化工有限公司", "长春市<mark>启衡</mark>化工有限公司"},
		{"qihenghuagongy", "enterprise", "长春市启衡化工有限公司", "长春市<mark>启衡化工有</mark>限公司"},
		{"changchunshiqi", "enterprise", "长春市启衡化工有限公司", "<mark>长春市启</mark>衡化工有限公司"},
		{"chang'ch", "enterprise", "长春市启衡化工有限公司", "<mark>长春</mark>市启衡化工有限公司"},
		{"renshen", "enterprise", "抚松县渟禾人参食品有限公司", "抚松县渟禾<mark>人参</mark>食品有限公司"},
		{"长春 化工", "enterprise", "长春市启衡化工有限公司", "<mark>长春</mark>市启衡<mark>化工</mark>有限公司"},
		{"SP-BG", "ref", "SP-BG-2026-001", "<mark>SP-BG</mark>-2026-001"},
		{"th/2026/07", "ref", "TH/2026/0701", "<mark>TH/2026/07</mark>01"},
		{"曝2026", "ref", "梅安委办曝2026－01", "梅安委办<mark>曝2026</mark>－01"},
		{"尾矿", "tag", "尾矿库", "<mark>尾矿</mark>库"},
		{"weik", "tag", "尾矿库", "<mark>尾矿</mark>库"},
		{"九台", "place", "九台区", "<mark>九台</mark>区"},
		{"jiut", "place", "九台区", "<mark>九台</mark>区"},
		{"amm", "tag", "ammonia", "<mark>amm</mark>onia"},
		{"", "", "", ""}, {"\"", "", "", ""}, {"🚧", "", "", ""}, {"核电站", "", "", ""}, {"x", "", "", ""},
	} {
		got, err := w.suggest(t, province, archiveapi.SuggestParams{Q: c.q})
		check(t, err)
		if c.text == "" {
			if len(got.Items) > 0 {
				t.Errorf("%q suggests %v", c.q, got.Items)
			}
			continue
		}
		i := slices.IndexFunc(got.Items, func(s archiveapi.Suggestion) bool { return s.Text == c.text })
		if i < 0 || string(got.Items[i].Kind) != c.kind || got.Items[i].Highlight != c.highlight {
			t.Errorf("%q suggests %+v, wants %s %s", c.q, got.Items, c.text, c.highlight)
			continue
		}
		if found := w.search(t, province, archiveapi.Params{Q: got.Items[i].Query}); found.Total == 0 {
			t.Errorf("%q: the suggested query %s finds nothing", c.q, got.Items[i].Query)
		}
	}
	all, err := w.suggest(t, province, archiveapi.SuggestParams{Q: "市", Limit: 20})
	check(t, err)
	seen := map[archiveapi.Suggestion]bool{}
	for _, s := range all.Items {
		if seen[s] || !strings.Contains(s.Text, "市") {
			t.Errorf("suggested: %+v", s)
		}
		seen[s] = true
	}
	if len(all.Items) != 20 {
		t.Errorf("%d are suggested", len(all.Items))
	}
	_, err = w.suggest(t, province, archiveapi.SuggestParams{Q: "市", Limit: 21})
	refused(t, err, fault.BadParameter)
}

// TestSuggestHidden: nothing of a case is suggested to those who may not see it, nor after it was withdrawn.
func TestSuggestHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	c := events.CaseState{ID: events.CaseIDFor("jilin", "s"), Office: "jilin", Ref: "密〔2026〕1号", State: events.CaseSubmitted}
	c.Title, c.Enterprise.Name, c.Tags = "某", "吉林市密室有限公司", []string{"密闭"}
	knows := func(a access.Actor, q string) int {
		got, err := w.suggest(t, a, archiveapi.SuggestParams{Q: q})
		check(t, err)
		return len(got.Items)
	}
	step := func(state events.CaseStatus, want map[string]int) {
		c.State = state
		w.search(t, province, archiveapi.Params{MinSeq: w.putCase(t, c)})
		for name, a := range map[string]access.Actor{"own": office("jilin"), "other": office("changchun"), "journalist": journalist} {
			for _, q := range []string{"密", "mishi", "密〔2026〕1号", "密室有限公司"} {
				if n := knows(a, q); n > 0 != (want[name] > 0) {
					t.Errorf("%s: %s is suggested %d for %q", state, name, n, q)
				}
			}
		}
	}
	step(events.CaseSubmitted, map[string]int{"own": 1})
	c.ExposedOn = "2026-11-01"
	step(events.CaseExposed, map[string]int{"own": 1, "other": 1, "journalist": 1})
	step(events.CaseWithdrawn, map[string]int{"own": 1})
}

// BenchmarkSuggest: suggestions among 20,000 cases, as a name is typed.
func BenchmarkSuggest(b *testing.B) {
	w := newWorld(b)
	_, last := w.putSamples(b)
	w.start(b)
	w.search(b, province, archiveapi.Params{MinSeq: last})
	w.putOthers(b, others(b, benchCases))
	var took []time.Duration
	for b.Loop() {
		for _, q := range []string{"长", "长春", "长春市启", "市", "有限公司", "q", "qi", "qih", "qiheng", "sp-bg", "2026", "安", "储罐", "1"} {
			begin := time.Now()
			_, err := w.suggest(b, province, archiveapi.SuggestParams{Q: q, Limit: archive.MaxSuggestions})
			check(b, err)
			took = append(took, time.Since(begin))
		}
	}
	percentile(b, "suggest", took)
}
