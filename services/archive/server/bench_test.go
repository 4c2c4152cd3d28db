package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/archive/server"
)

// many gives n cases: the samples again and again, each with a number of its own.
func many(t testing.TB, n int) []events.CaseState {
	all := samples(t)
	out := make([]events.CaseState, n)
	for i := range out {
		c := all[i%len(all)]
		c.Ref = fmt.Sprintf("%s-%d", c.Ref, i)
		c.ID = events.CaseIDFor(c.Office, c.Ref)
		c.Title = fmt.Sprintf("%s（%d）", c.Title, i)
		out[i] = c
	}
	return out
}

func (w *world) putMany(t testing.TB, cases []events.CaseState) {
	var group sync.WaitGroup
	for part := range slices.Chunk(cases, len(cases)/16+1) {
		group.Go(func() {
			for _, c := range part {
				w.putCase(t, c)
			}
		})
	}
	group.Wait()
}

const benchCases = 20_000

func percentile(b *testing.B, name string, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, name+"-p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, name+"-p99-ms")
}

// BenchmarkRebuild: a rebuild from the log against adding the same documents, ready encoded, to an index with the same settings.
func BenchmarkRebuild(b *testing.B) {
	w := newWorld(b)
	w.putMany(b, many(b, benchCases))
	s, err := server.New(server.Deps{Bus: w.bus, Verifier: w.verifier, Search: w.client}, server.Config{})
	check(b, err)
	var ours, raw time.Duration
	for b.Loop() {
		begin := time.Now()
		_, err := s.Rebuild(b.Context())
		check(b, err)
		ours += time.Since(begin)
		raw += w.rawAdd(b)
	}
	b.ReportMetric(float64(b.N*benchCases)/ours.Seconds(), "ours/s")
	b.ReportMetric(float64(b.N*benchCases)/raw.Seconds(), "raw/s")
	b.ReportMetric(raw.Seconds()/ours.Seconds(), "ours÷raw")
}

func (w *world) rawAdd(b *testing.B) time.Duration {
	var page meilisearch.DocumentsResult
	check(b, w.client.Index("cases").GetDocuments(&meilisearch.DocumentsQuery{Limit: benchCases + 10}, &page))
	var bodies [][]byte
	for part := range slices.Chunk(page.Results, 300) {
		var body bytes.Buffer
		for _, hit := range part {
			raw, err := json.Marshal(hit)
			check(b, err)
			body.Write(append(raw, '\n'))
		}
		bodies = append(bodies, body.Bytes())
	}
	settings, err := w.client.Index("cases").GetSettings()
	check(b, err)
	begin := time.Now()
	_, err = w.client.CreateIndex(&meilisearch.IndexConfig{Uid: "raw", PrimaryKey: "id"})
	check(b, err)
	info, err := w.client.Index("raw").UpdateSettings(&meilisearch.Settings{SearchableAttributes: settings.SearchableAttributes, FilterableAttributes: settings.FilterableAttributes,
		SortableAttributes: settings.SortableAttributes, RankingRules: settings.RankingRules, TypoTolerance: settings.TypoTolerance, Pagination: settings.Pagination, Faceting: settings.Faceting})
	check(b, err)
	for _, body := range bodies {
		info, err = w.client.Index("raw").AddDocumentsNdjson(body, nil)
		check(b, err)
	}
	_, err = w.client.WaitForTask(info.TaskUID, time.Millisecond)
	check(b, err)
	took := time.Since(begin)
	info, err = w.client.DeleteIndex("raw")
	check(b, err)
	_, err = w.client.WaitForTask(info.TaskUID, time.Millisecond)
	check(b, err)
	return took
}

// BenchmarkFound: at 50 cases a second from acceptance to being found by ref, polled every 5 ms on one in ten, beside 20,000 others; and the same documents added raw.
func BenchmarkFound(b *testing.B) {
	w := newWorld(b)
	w.putMany(b, many(b, benchCases))
	w.start(b)
	// The durable still delivers what the rebuild has covered; that is over when one more case is in.
	settled := w.putCase(b, many(b, 1)[0])
	w.until(b, "settled", func() bool {
		_, err := w.ask(b, province, archiveapi.Params{MinSeq: settled})
		return err == nil
	})
	fresh := many(b, benchCases+100_000)[benchCases:]
	b.Run("ours", func(b *testing.B) {
		foundAfter(b, func(i int) string {
			w.putCase(b, fresh[i])
			return fresh[i].Ref
		}, func(ref string) bool { return w.search(b, province, archiveapi.Params{Q: ref}).Total > 0 })
	})
	b.Run("raw", func(b *testing.B) {
		ix := w.client.Index("cases")
		var stored map[string]any
		check(b, ix.GetDocument(string(many(b, 1)[0].ID), nil, &stored))
		foundAfter(b, func(i int) string {
			ref := fmt.Sprintf("raw%d", i)
			stored["id"], stored["text"].(map[string]any)["ref"] = ref, ref
			_, err := ix.AddDocuments([]any{stored}, nil)
			check(b, err)
			return ref
		}, func(ref string) bool {
			res, err := ix.Search(ref, &meilisearch.SearchRequest{Filter: `visible_to IN ["supervisor"]`, MatchingStrategy: meilisearch.All, Facets: []string{"office", "sector", "state"}})
			check(b, err)
			return res.EstimatedTotalHits > 0
		})
	})
}

func foundAfter(b *testing.B, accept func(i int) (ref string), found func(ref string) bool) {
	var took []time.Duration
	next := time.NewTicker(20 * time.Millisecond)
	defer next.Stop()
	var group sync.WaitGroup
	var mu sync.Mutex
	for i := 0; b.Loop(); i++ {
		<-next.C
		ref := accept(i)
		begin := time.Now()
		if i%10 > 0 {
			continue
		}
		group.Go(func() {
			poll := time.NewTicker(5 * time.Millisecond)
			defer poll.Stop()
			for !found(ref) {
				<-poll.C
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(begin))
		})
	}
	group.Wait()
	percentile(b, "found", took)
}

// BenchmarkSearch: our endpoint against the engine asked the same.
func BenchmarkSearch(b *testing.B) {
	w := newWorld(b)
	w.putMany(b, many(b, benchCases))
	w.start(b)
	for name, p := range map[string]archiveapi.Params{
		"word":   {Q: "有限空间", HazardLevel: []string{"major"}},
		"terms":  {Q: "危化品 储罐 泄漏", Office: []string{"changchun", "meihekou"}},
		"filter": {Office: []string{"jilin"}, From: "2026-06-01", To: "2026-08-31"},
		"sound":  {Q: "无政上岗"},
		"slip":   {Q: "塔式起动重机 长春"},
		"none":   {Q: "核电站爆炸 地铁盾构"},
	} {
		b.Run(name, func(b *testing.B) {
			var ours []time.Duration
			for b.Loop() {
				begin := time.Now()
				w.search(b, province, p)
				ours = append(ours, time.Since(begin))
			}
			percentile(b, "ours", ours)
		})
	}
}
