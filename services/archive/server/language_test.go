package server_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/fault"
)

// TestLanguage compares random queries of the language with the sets of their parts: the same cases, total, counts, and counts under all but the picked facet, in whatever order and pages.
func TestLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, last := w.putSamples(t)
	w.start(t)
	w.search(t, province, archiveapi.Params{MinSeq: last})
	byRef := map[string]events.CaseState{}
	for _, c := range all {
		byRef[c.Ref] = c
	}
	parts := map[string]map[string]bool{}
	for _, text := range []string{"塔吊", "化工", "液氨", "安全", "检查", `"有限空间"`, "muck", "没有的词"} {
		parts[text] = map[string]bool{}
		if text == "没有的词" {
			continue
		}
		for _, h := range w.search(t, province, archiveapi.Params{Q: text, PerPage: 100}).Hits {
			parts[text][h.Ref] = true
		}
	}
	where := func(text string, holds func(events.CaseState) bool) {
		parts[text] = map[string]bool{}
		for _, c := range all {
			parts[text][c.Ref] = holds(c)
		}
	}
	where("单位:长春|jilin", func(c events.CaseState) bool { return c.Office == "changchun" || c.Office == "jilin" })
	where("行业：建筑施工", func(c events.CaseState) bool { return c.Sector == "construction" })
	where("发现日期:2026-06..2026-07", func(c events.CaseState) bool { return c.FoundOn >= "2026-06-01" && c.FoundOn <= "2026-07-31" })
	where("罚款:5万..", func(c events.CaseState) bool { return c.PenaltyYuan != nil && *c.PenaltyYuan >= 50_000 })
	where("hazard:major", func(c events.CaseState) bool { return c.HazardLevel == "major" })
	where("企业:化工", func(c events.CaseState) bool { return strings.Contains(c.Enterprise.Name, "化工") })
	where("文号:"+all[3].Ref, func(c events.CaseState) bool { return c.Ref == all[3].Ref })
	where("月份:2026-07", func(c events.CaseState) bool {
		return slices.ContainsFunc(c.Exposures, func(e events.Publication) bool { return strings.HasPrefix(string(e.PublishedOn), "2026-07") })
	})
	atoms := slices.Sorted(maps.Keys(parts))
	rapid.Check(t, func(r *rapid.T) {
		var clauses []string
		fits := map[string]bool{}
		for _, c := range all {
			fits[c.Ref] = true
		}
		for range rapid.IntRange(1, 3).Draw(r, "clauses") {
			var units []string
			any := map[string]bool{}
			for range rapid.IntRange(1, 2).Draw(r, "units") {
				atom, not := rapid.SampledFrom(atoms).Draw(r, "atom"), rapid.IntRange(0, 3).Draw(r, "not") == 0
				for ref := range fits {
					any[ref] = any[ref] || parts[atom][ref] != not
				}
				if not {
					atom = "-" + atom
				}
				units = append(units, atom)
			}
			clauses = append(clauses, strings.Join(units, rapid.SampledFrom([]string{" | ", "| ", " OR ", " 或 "}).Draw(r, "or")))
			for ref := range fits {
				fits[ref] = fits[ref] && any[ref]
			}
		}
		p := archiveapi.Params{Q: strings.Join(clauses, " "), PerPage: 7, Sort: rapid.SampledFrom([]string{"", "newest", "oldest", "penalty"}).Draw(r, "sort")}
		if rapid.Bool().Draw(r, "sector") {
			p.Sector = []string{"construction", "mining"}
		}
		counts, sectors, want := map[string]int{}, map[string]int{}, []string{}
		for ref, ok := range fits {
			c := byRef[ref]
			if !ok {
				continue
			}
			sectors[c.Sector]++
			if len(p.Sector) == 0 || slices.Contains(p.Sector, c.Sector) {
				counts[string(c.Office)]++
				want = append(want, ref)
			}
		}
		var got []string
		var hits []archiveapi.Hit
		for p.Page = 1; ; p.Page++ {
			found, err := w.ask(t, province, p)
			if err != nil {
				r.Fatal(err)
			}
			if len(want) == 0 && len(found.ReadAs) > 0 {
				return // nothing as written: what it was read as is another test's
			}
			if found.Total != len(want) || !maps.Equal(found.Facets["office"], counts) || len(p.Sector) > 0 && !maps.Equal(found.Alternatives["sector"], sectors) {
				r.Fatalf("%+v: %d %v %v, want %d %v %v", p, found.Total, found.Facets["office"], found.Alternatives, len(want), counts, sectors)
			}
			got, hits = append(got, refs(found)...), append(hits, found.Hits...)
			if len(found.Hits) < p.PerPage {
				break
			}
		}
		if key := sortKey(p.Sort); key != nil && !slices.IsSortedFunc(hits, func(a, b archiveapi.Hit) int { return strings.Compare(key(a), key(b)) }) {
			r.Errorf("%+v: not in order: %v", p, got)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			r.Errorf("%+v: %v, want %v", p, got, want)
		}
	})
}

// sortKey is a text by which hits of an order come one after the other.
func sortKey(sort string) func(archiveapi.Hit) string {
	switch sort {
	case "newest":
		return func(h archiveapi.Hit) string {
			return strings.Map(func(r rune) rune { return '9' - (r - '0') }, strings.ReplaceAll(string(h.PublishedOn), "-", "")) + "z"
		}
	case "oldest":
		return func(h archiveapi.Hit) string { return string(h.PublishedOn) + "z" }
	case "penalty":
		return func(h archiveapi.Hit) string { return fmt.Sprintf("%012d", 100_000_000_000-worth(h)) }
	}
	return nil
}

// TestLanguageRead: readings, highlights and refusals keep to the language.
func TestLanguageRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, last := w.putSamples(t)
	w.start(t)
	find := func(q string) archiveapi.Found {
		return w.search(t, province, archiveapi.Params{Q: q, MinSeq: last, PerPage: 100})
	}
	plain, read := find("液氨"), find("液铵|没有的词")
	if read.Total < plain.Total || len(read.ReadAs) != 1 || read.ReadAs[0].As != "液氨" || read.Hits[0].ID != plain.Hits[0].ID {
		t.Errorf("a homophone among alternatives: %v %+v, want %v", refs(read), read.ReadAs, refs(plain))
	}
	if f := find(`"液铵"`); f.Total != 0 {
		t.Errorf("what is quoted is read otherwise: %+v", f)
	}
	office := all[0].Office
	if f := find("-单位:" + string(office)); f.Total == 0 || f.Facets["office"][string(office)] != 0 || f.Total+find("单位:"+string(office)).Total != len(all) {
		t.Errorf("all but %s: %d %v", office, f.Total, f.Facets)
	}
	if f := find("液氨 -塔吊"); len(f.Hits) == 0 || !strings.Contains(fmt.Sprint(f.Hits[0].Highlight), "<mark>液氨</mark>") {
		t.Errorf("highlight %+v", f.Hits)
	}
	for q, place := range map[string]string{"塔吊 单位:火星": "6-8", "罚款:很多": "3-5", "刊播:2026-13": "3-10", "期限:2026-07..2026-06": "3-19"} {
		_, err := w.ask(t, province, archiveapi.Params{Q: q})
		if f := refused(t, err, fault.BadParameter); len(f.Fields) != 1 || f.Fields[0].Field != "q" || f.Fields[0].Arg != place {
			t.Errorf("%s: %+v, want q at %s", q, f.Fields, place)
		}
	}
}

// TestReferenceFirst: the case whose reference is asked for stands before all that mention it, whatever the brackets.
func TestReferenceFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, _ := w.putSamples(t)
	w.start(t)
	i := slices.IndexFunc(all, func(c events.CaseState) bool { return c.Ref == "长安委办曝〔2026〕1号" })
	var last uint64
	for n, text := range []string{"长安委办曝〔2026〕1号", "见长安委办曝〔2026〕1号及长安委办曝〔2026〕1号", "长安委办曝2026 1"} {
		c := all[i]
		c.Ref = "另〔2026〕" + strings.Repeat("9", n+1) + "号"
		c.ID, c.Title, c.Summary, c.Tags, c.ExposedOn = events.CaseIDFor(c.Office, c.Ref), text, text+text, []string{text}, "2026-11-24"
		last = w.putCase(t, c)
	}
	c := all[i]
	c.Ref = "长安委办曝〔2026〕11号"
	c.ID, c.ExposedOn = events.CaseIDFor(c.Office, c.Ref), "2026-11-24"
	last = max(last, w.putCase(t, c))
	for _, q := range []string{"长安委办曝〔2026〕1号", "长安委办曝(2026)1号", "长安委办曝[2026]1号", "长安委办曝【2026】1号", "長安委辦曝〔２０２６〕1號", "文号:长安委办曝[2026]1号"} {
		if found := w.search(t, province, archiveapi.Params{Q: q, MinSeq: last}); len(found.Hits) == 0 || found.Hits[0].Ref != "长安委办曝〔2026〕1号" {
			t.Errorf("%s: %v", q, refs(found))
		}
	}
}
