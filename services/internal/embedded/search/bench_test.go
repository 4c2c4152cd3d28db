package search_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2"
	_ "github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/meilisearch/meilisearch-go"
)

var phrases = []string{
	"有限空间作业未审批", "塔式起重机限位失效", "粉尘清扫不及时", "消防通道堵塞", "储罐区可燃气体探测器离线", "动火作业无监护",
	"电工无证上岗", "安全出口上锁", "危险化学品超量储存", "尾矿库干滩长度不足", "瓦斯抽采达标不实", "液氨制冷系统泄漏",
}

// cases makes n documents like archive's: about 1.5 KB of folded text, facets, days.
func cases(n int) []doc {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]doc, n)
	for i := range out {
		var b strings.Builder
		for b.Len() < 1100 {
			b.WriteString(phrases[r.IntN(len(phrases))])
			fmt.Fprintf(&b, "第%d项,", r.IntN(5000))
		}
		out[i] = doc{
			"id": fmt.Sprintf("case%06d", i), "ref": fmt.Sprintf("长安委办曝〔2026〕%d号", i), "title": phrases[i%len(phrases)] + fmt.Sprint(i),
			"enterprise": fmt.Sprintf("长春第%d化工厂", r.IntN(3000)), "summary": b.String(),
			"office": fmt.Sprintf("office%d", r.IntN(11)), "sector": fmt.Sprintf("sector%d", r.IntN(14)), "state": fmt.Sprintf("state%d", r.IntN(8)),
			"level": r.IntN(4), "day": fmt.Sprintf("2026-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28)),
			"visible_to": []string{"supervisor", "signed-in", fmt.Sprintf("office:%d", r.IntN(11))},
		}
	}
	return out
}

var caseSettings = &meilisearch.Settings{
	SearchableAttributes: []string{"ref", "title", "enterprise", "summary"},
	FilterableAttributes: []string{"id", "office", "sector", "state", "level", "day", "visible_to"},
	SortableAttributes:   []string{"day"}, Pagination: &meilisearch.Pagination{MaxTotalHits: 1_000_000},
}

func filled(b *testing.B, n int) (meilisearch.ServiceManager, meilisearch.IndexManager) {
	b.Helper()
	m := start(b, b.TempDir()).Client()
	ix := m.Index("cases")
	info, err := ix.UpdateSettings(caseSettings)
	wait(b, m, info, err)
	for part := range slices.Chunk(cases(n), 1000) {
		info, err = ix.AddDocuments(part, nil)
	}
	wait(b, m, info, err)
	return m, ix
}

// report gives the 99th percentile of what was measured.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
}

// BenchmarkVisible: one document added until a search finds it, in an index of 20,000, at 50 a second.
func BenchmarkVisible(b *testing.B) {
	_, ix := filled(b, 20_000)
	docs := cases(20_000)
	var took []time.Duration
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; b.Loop(); i++ {
		<-tick.C
		d := docs[i%len(docs)]
		mark := fmt.Sprintf("mark%d", i)
		d["title"] = mark
		begin := time.Now()
		if _, err := ix.AddDocuments([]doc{d}, nil); err != nil {
			b.Fatal(err)
		}
		for poll := time.NewTicker(time.Millisecond); ; <-poll.C {
			if total(b, ix, "\""+mark+"\"", nil) > 0 {
				poll.Stop()
				break
			}
		}
		took = append(took, time.Since(begin))
	}
	report(b, took)
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{20_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkSearch(b, n) })
	}
}

func benchmarkSearch(b *testing.B, n int) {
	_, ix := filled(b, n)
	const visible = "visible_to IN [supervisor, 'office:3']"
	for _, c := range []struct {
		name, q, filter string
		highlight       bool
	}{
		{"all", "", visible, false},
		{"filter", "", visible + " AND office = office3 AND day >= 2026-06-01 AND day <= 2026-06-30", false},
		{"bigram", "动火", visible, false},
		{"phrase", "有限空间作业", visible, true},
		{"title", "塔式起重机", visible + " AND state = state1", true},
		{"number", "长安委办曝〔2026〕77", visible, true},
		{"typo", "offisehouse", visible, false},
		{"terms", "有限空间 动火作业 瓦斯", visible, true},
		{"ids", "", visible + " AND id IN [" + strings.Join(manyIDs(n), ", ") + "]", false},
	} {
		b.Run(c.name, func(b *testing.B) {
			req := &meilisearch.SearchRequest{
				Filter: c.filter, Facets: []string{"office", "sector", "state"}, Sort: []string{"day:desc"}, HitsPerPage: new(int64), Page: 1,
				MatchingStrategy: meilisearch.All,
			}
			*req.HitsPerPage = 20
			if c.highlight {
				req.AttributesToHighlight, req.ShowMatchesPosition = []string{"title", "summary"}, true
			}
			var took []time.Duration
			for b.Loop() {
				begin := time.Now()
				res, err := ix.Search(c.q, req)
				if err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begin))
				b.ReportMetric(float64(res.TotalHits), "hits")
			}
			report(b, took)
		})
	}
}

// manyIDs names 20,000 documents as the ids of two readings of a query are named.
func manyIDs(n int) []string {
	out := make([]string, 20_000)
	for i := range out {
		out[i] = fmt.Sprintf(`"case%06d"`, i*n/len(out))
	}
	return out
}

const bulk = 10_000

// BenchmarkBulk adds through the API, 1,000 documents a task; one operation is all of them.
func BenchmarkBulk(b *testing.B) {
	docs := cases(bulk)
	for b.Loop() {
		m := start(b, b.TempDir()).Client()
		ix := m.Index("cases")
		info, err := ix.UpdateSettings(caseSettings)
		wait(b, m, info, err)
		for part := range slices.Chunk(docs, 1000) {
			info, err = ix.AddDocuments(part, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.WaitForTask(info.TaskUID, 5*time.Millisecond); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(bulk*float64(b.N)/b.Elapsed().Seconds(), "docs/s")
}

// BenchmarkBulkBleve adds the same documents, from JSON, to Bleve as it comes: the cjk analyzer for the same texts with
// positions, keywords with columns for the same facets, nothing stored; batches of 1,000.
func BenchmarkBulkBleve(b *testing.B) {
	var raws [][]byte
	for _, d := range cases(bulk) {
		raw, err := json.Marshal(d)
		if err != nil {
			b.Fatal(err)
		}
		raws = append(raws, raw)
	}
	for b.Loop() {
		ix, err := bleve.New(filepath.Join(b.TempDir(), "bleve"), rawMapping())
		if err != nil {
			b.Fatal(err)
		}
		for part := range slices.Chunk(raws, 1000) {
			batch := ix.NewBatch()
			for _, raw := range part {
				var d map[string]any
				if err := json.Unmarshal(raw, &d); err != nil {
					b.Fatal(err)
				}
				if err := batch.Index(d["id"].(string), d); err != nil {
					b.Fatal(err)
				}
			}
			if err := ix.Batch(batch); err != nil {
				b.Fatal(err)
			}
		}
		if err := ix.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(bulk*float64(b.N)/b.Elapsed().Seconds(), "docs/s")
}

func rawMapping() mapping.IndexMapping {
	m := bleve.NewIndexMapping()
	m.DefaultMapping.Dynamic = false
	for _, f := range caseSettings.SearchableAttributes {
		t := bleve.NewTextFieldMapping()
		t.Analyzer, t.Store, t.IncludeInAll, t.DocValues = "cjk", false, false, false
		m.DefaultMapping.AddFieldMappingsAt(f, t)
	}
	for _, f := range caseSettings.FilterableAttributes {
		k := bleve.NewKeywordFieldMapping()
		k.Store, k.IncludeInAll = false, false
		m.DefaultMapping.AddFieldMappingsAt(f, k)
	}
	return m
}

// BenchmarkOpen opens an index of 100,000 documents that was closed in order, and tells the heap it holds then.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s := start(b, dir)
	m := s.Client()
	info, err := m.Index("cases").UpdateSettings(caseSettings)
	wait(b, m, info, err)
	for part := range slices.Chunk(cases(100_000), 1000) {
		info, err = m.Index("cases").AddDocuments(part, nil)
	}
	wait(b, m, info, err)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s = start(b, dir)
		b.StopTimer()
		runtime.GC()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		b.ReportMetric(float64(mem.HeapAlloc)/(1<<20), "heap-MiB")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
