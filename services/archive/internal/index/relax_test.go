package index

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/embedded/search"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// filled gives an index of some texts, each with its reference as id, on an engine of its own; spelled as for an engine that parts Chinese by a dictionary.
func filled(t testing.TB, spelled bool, all ...archive.Texts) *Index {
	t.Helper()
	engine, err := search.Start(context.Background(), search.Config{Dir: t.TempDir()})
	check(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	x := New(engine.Client())
	x.learned.Store(true)
	x.spelled.Store(spelled)
	fill(t, x, all)
	return x
}

func fill(t testing.TB, x *Index, all []archive.Texts) {
	t.Helper()
	check(t, x.Create(t.Context(), Live))
	var b bytes.Buffer
	for i, texts := range all {
		d := archive.Document{ID: events.CaseID(fmt.Sprintf("c%02d", i)), VisibleTo: []string{access.Actor{Role: access.Supervisor}.Holds()[0]}, Texts: texts}
		check(t, x.Encode(&b, d))
	}
	check(t, x.Put(t.Context(), Live, b.Bytes()))
}

// samples are the texts of the sample cases.
func samples(t testing.TB) (out []archive.Texts) {
	t.Helper()
	data, err := os.ReadFile("../../../songshui/internal/samples/cases.jsonl")
	check(t, err)
	for line := range strings.Lines(string(data)) {
		var s struct {
			Ref string `json:"ref"`
			events.CaseContent
			Exposures []events.Publication `json:"exposures"`
			Media     []events.CaseMedium  `json:"media"`
		}
		check(t, json.Unmarshal([]byte(line), &s))
		d, ok := archive.Compose(events.CaseState{Ref: s.Ref, State: events.CaseSubmitted, CaseContent: s.CaseContent, Exposures: s.Exposures, Media: s.Media}, nil, nil)
		if !ok {
			t.Fatal("a sample without document")
		}
		out = append(out, d.Texts)
	}
	return out
}

func find(t testing.TB, x *Index, q string) archive.Found {
	t.Helper()
	asked, err := archive.Ask(access.Actor{Role: access.Supervisor}, archive.Params{Q: q, PerPage: archive.MaxPerPage})
	check(t, err)
	found, err := x.Search(t.Context(), asked)
	check(t, err)
	return found
}

func refsOf(f archive.Found) (out []string) {
	for _, h := range f.Hits {
		out = append(out, h.Ref)
	}
	return out
}

func TestReadAs(t *testing.T) {
	t.Parallel()
	x := filled(t, false, samples(t)...)
	for _, c := range []struct{ q, want string }{
		{"塔掉", "塔掉=塔吊 sound"}, {"液铵", "液铵=液氨 sound"}, {"yean", "yean=液氨 pinyin"}, {"安出口", "安出口=安全出口 slip"}, {"储罐 泻漏", "泻漏=洩漏 sound"}, {"methanl", "methanl=methanol slip"},
		{"应急楚置", "应急楚置=應急處置 sound"}, {"尾碎库", "尾碎库=尾矿库 slip"}, {"塔吊", ""}, {"methanol", ""}, {"长安委办曝[2026]第1号", ""}, {"0米高", ""}, {"核电站", ""}, {"地铁盾构", ""}, {"核 电 站", ""},
	} {
		var got []string
		found := find(t, x, c.q)
		for _, r := range found.ReadAs {
			got = append(got, r.Term+"="+r.As+" "+string(r.How))
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s is read as %v, want %s", c.q, got, c.want)
		}
		if c.want != "" && (found.Total == 0 || len(found.Hits[0].Highlight) == 0) {
			t.Errorf("%s: %d hits, marked %v", c.q, found.Total, found.Hits)
		}
	}
}

// TestLiteralFirst: what was read into a term never stands beside what has it as written.
func TestLiteralFirst(t *testing.T) {
	t.Parallel()
	x := filled(t, false, archive.Texts{Ref: "a", Title: "塔吊倾覆"}, archive.Texts{Ref: "b", Summary: "塔掉"}, archive.Texts{Ref: "c", Title: "180℃"}, archive.Texts{Ref: "d", Summary: "80人"})
	for q, want := range map[string]string{"塔掉": "b", "塔吊": "a", "塔钓": "a b", "80": "d c", "tadiao": "a b"} {
		if got := strings.Join(refsOf(find(t, x, q)), " "); got != want {
			t.Errorf("%s finds %s, want %s", q, got, want)
		}
	}
}

// TestHidden: cases that the asker may not see change nothing of how terms are read, what is proposed and what is suggested.
func TestHidden(t *testing.T) {
	t.Parallel()
	all := samples(t)
	half := all[:len(all)/2]
	without, with := filled(t, false, half...), filled(t, false, half...)
	var b bytes.Buffer
	for i, texts := range all {
		check(t, with.Encode(&b, archive.Document{ID: events.CaseID(fmt.Sprintf("h%02d", i)), VisibleTo: []string{"office:changchun"}, Texts: texts}))
	}
	check(t, with.Put(t.Context(), Live, b.Bytes()))
	data, err := os.ReadFile("../../server/testdata/recall.tsv")
	check(t, err)
	for line := range strings.Lines(string(data)) {
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			continue
		}
		x, err := json.Marshal(find(t, without, f[1]))
		check(t, err)
		y, err := json.Marshal(find(t, with, f[1]))
		check(t, err)
		if string(x) != string(y) {
			t.Errorf("%q: %s, with hidden cases %s", f[1], x, y)
		}
		typing := archive.Typing{Text: f[1], Limit: archive.MaxSuggestions, Holds: access.Actor{Role: access.Supervisor}.Holds()}
		p, err := without.Suggest(t.Context(), typing)
		check(t, err)
		q, err := with.Suggest(t.Context(), typing)
		check(t, err)
		if !slices.Equal(p, q) {
			t.Errorf("%q suggests %v, with hidden cases %v", f[1], p, q)
		}
	}
}

func TestPropose(t *testing.T) {
	t.Parallel()
	x := filled(t, false, samples(t)...)
	for q, want := range map[string]string{
		"锅炉铅封": "锅炉 铅封", "塔吊 核电站": "塔吊", "长春启恒化工公司": `"长春市启衡化工有限公司"`, "核电站": "", "🚧🚧": "",
	} {
		found := find(t, x, q)
		if want == "" {
			if len(found.DidYouMean) > 0 {
				t.Errorf("%s: proposed are %v", q, found.DidYouMean)
			}
			continue
		}
		i := slices.IndexFunc(found.DidYouMean, func(p archive.Proposal) bool { return p.Q == want })
		if i < 0 {
			t.Errorf("%s: proposed are %v, want %s (found %d)", q, found.DidYouMean, want, found.Total)
			continue
		}
		for _, p := range found.DidYouMean {
			if n := find(t, x, p.Q).Total; n != p.Total || n == 0 || n > 33 {
				t.Errorf("%s: %s is said to find %d and finds %d", q, p.Q, p.Total, n)
			}
		}
	}
}

// TestSpelled: an index spelled for an engine that parts Chinese by a dictionary finds the same in the same order.
func TestSpelled(t *testing.T) {
	t.Parallel()
	all := samples(t)
	plain, spelled := filled(t, false, all...), filled(t, true, all...)
	queries := []string{"有限 空间", "gb 50156", "qtz80", "meth", "TH/2026/07", "타워크레인", "一"}
	data, err := os.ReadFile("../../server/testdata/recall.tsv")
	check(t, err)
	for line := range strings.Lines(string(data)) {
		if f := strings.Split(line, "\t"); len(f) == 3 {
			queries = append(queries, f[1])
		}
	}
	for i, c := range all {
		runes := []rune(c.Title + c.Enterprise)
		for at := i % 5; at+i%5+2 <= len(runes); at += 9 {
			queries = append(queries, string(runes[at:at+i%5+2]))
		}
	}
	for _, q := range queries {
		a, b := find(t, plain, q), find(t, spelled, q)
		if !slices.Equal(refsOf(a), refsOf(b)) || !slices.Equal(a.ReadAs, b.ReadAs) {
			t.Errorf("%q finds %v (%v) and spelled %v (%v)", q, refsOf(a), a.ReadAs, refsOf(b), b.ReadAs)
		}
	}
}
