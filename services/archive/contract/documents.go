package contract

import (
	"fmt"
	"sync"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

func testHealth(t *testing.T, e *engine) {
	h, err := e.Health()
	if err != nil || h.Status != "available" {
		t.Fatalf("health: %v %v", h, err)
	}
	v, err := e.Version()
	if err != nil || v.PkgVersion == "" {
		t.Fatalf("version: %v %v", v, err)
	}
}

func testIndex(t *testing.T, e *engine) {
	ix := e.index(t, nil)
	info, err := ix.FetchInfo()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "primary key", info.PrimaryKey, "id")
	again, err := e.CreateIndex(&meilisearch.IndexConfig{Uid: info.UID, PrimaryKey: "id"})
	e.failed(t, "index_already_exists", again, err)
	_, err = e.CreateIndex(&meilisearch.IndexConfig{Uid: "no blanks please"})
	refused(t, err, 400, "invalid_index_uid")
	gone, err := e.DeleteIndex(info.UID)
	e.done(t, gone, err)
	_, err = e.GetIndex(info.UID)
	refused(t, err, 404, "index_not_found")
	_, err = ix.Search("", &meilisearch.SearchRequest{})
	refused(t, err, 404, "index_not_found")
	gone, err = e.DeleteIndex(info.UID)
	e.failed(t, "index_not_found", gone, err)
}

func testSettings(t *testing.T, e *engine) {
	want := &meilisearch.Settings{
		SearchableAttributes: []string{"title", "body"}, FilterableAttributes: []string{"a", "b"}, SortableAttributes: []string{"a"},
		DisplayedAttributes: []string{"id", "title"}, RankingRules: []string{"sort", "words", "typo", "attribute", "exactness"},
		StopWords: []string{"the"}, Synonyms: map[string][]string{"lorry": {"truck"}},
		TypoTolerance: &meilisearch.TypoTolerance{Enabled: true, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 6, TwoTypos: 12},
			DisableOnWords: []string{"alpha"}, DisableOnAttributes: []string{"body"}},
		Pagination: &meilisearch.Pagination{MaxTotalHits: 5000}, Faceting: &meilisearch.Faceting{MaxValuesPerFacet: 50,
			SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeCount}},
		SeparatorTokens: []string{"|"}, Dictionary: []string{"有限空间"},
	}
	ix := e.index(t, want)
	got, err := ix.GetSettings()
	if err != nil {
		t.Fatal(err)
	}
	same(t, "searchable", got.SearchableAttributes, want.SearchableAttributes)
	same(t, "filterable", got.FilterableAttributes, want.FilterableAttributes)
	same(t, "sortable", got.SortableAttributes, want.SortableAttributes)
	same(t, "displayed", got.DisplayedAttributes, want.DisplayedAttributes)
	same(t, "rules", got.RankingRules, want.RankingRules)
	same(t, "stop words", got.StopWords, want.StopWords)
	same(t, "synonyms", got.Synonyms, want.Synonyms)
	same(t, "typo tolerance", got.TypoTolerance, want.TypoTolerance)
	same(t, "pagination", got.Pagination, want.Pagination)
	same(t, "faceting", got.Faceting, want.Faceting)
	same(t, "separators", got.SeparatorTokens, want.SeparatorTokens)
	same(t, "dictionary", got.Dictionary, want.Dictionary)

	// Settings that are not named stay.
	info, err := ix.UpdateSettings(&meilisearch.Settings{SortableAttributes: []string{"b"}})
	e.done(t, info, err)
	if got, err = ix.GetSettings(); err != nil {
		t.Fatal(err)
	}
	same(t, "sortable", got.SortableAttributes, []string{"b"})
	same(t, "filterable", got.FilterableAttributes, want.FilterableAttributes)

	// Documents that are there already follow changed settings.
	e.add(t, ix, doc{"id": "1", "title": "crane", "c": "x"})
	_, err = ix.Search("", &meilisearch.SearchRequest{Filter: "c = x"})
	refused(t, err, 400, "invalid_search_filter")
	info, err = ix.UpdateSettings(&meilisearch.Settings{FilterableAttributes: []string{"c"}, SearchableAttributes: []string{"c"}})
	e.done(t, info, err)
	equal(t, "by the new filter", ids(t, search(t, ix, "", meilisearch.SearchRequest{Filter: "c = x"}).Hits), "1")
	equal(t, "in the new attribute", ids(t, search(t, ix, "x", meilisearch.SearchRequest{}).Hits), "1")
	equal(t, "in the old attribute", ids(t, search(t, ix, "crane", meilisearch.SearchRequest{}).Hits), "")
}

func testSettingsRefused(t *testing.T, e *engine) {
	ix := e.index(t, nil)
	_, err := ix.UpdateSettings(&meilisearch.Settings{RankingRules: []string{"luck"}})
	refused(t, err, 400, "invalid_settings_ranking_rules")
}

func testReplace(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"state", "n"}}, doc{"id": "1", "title": "alpha", "state": "open", "n": 1, "gone": "omega"})
	task := e.add(t, ix, doc{"id": "1", "title": "beta", "state": "shut"})
	equal(t, "received", task.Details.ReceivedDocuments, 1)
	equal(t, "indexed", task.Details.IndexedDocuments, 1)
	var got doc
	if err := ix.GetDocument("1", nil, &got); err != nil {
		t.Fatal(err)
	}
	same(t, "document", got, doc{"id": "1", "title": "beta", "state": "shut"})
	for q, want := range map[string]string{"alpha": "", "omega": "", "beta": "1"} {
		equal(t, q, ids(t, search(t, ix, q, meilisearch.SearchRequest{}).Hits), want)
	}
	for f, want := range map[string]string{"state = open": "", "state = shut": "1", "n EXISTS": ""} {
		equal(t, f, ids(t, search(t, ix, "", meilisearch.SearchRequest{Filter: f}).Hits), want)
	}
	res := search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"state"}})
	same(t, "facets", res.FacetDistribution, map[string]any{"state": map[string]int{"shut": 1}})
	// The last of several with one id in a batch counts.
	e.add(t, ix, doc{"id": "2", "title": "first"}, doc{"id": "2", "title": "second"})
	equal(t, "first", ids(t, search(t, ix, "first", meilisearch.SearchRequest{}).Hits), "")
	equal(t, "second", ids(t, search(t, ix, "second", meilisearch.SearchRequest{}).Hits), "2")
}

func testDelete(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"n"}})
	var docs []doc
	for i := range 10 {
		docs = append(docs, doc{"id": fmt.Sprint(i), "n": i, "title": "thing"})
	}
	e.add(t, ix, docs...)
	left := func() string {
		return ids(t, search(t, ix, "thing", meilisearch.SearchRequest{Facets: []string{"n"}, Filter: "n >= 0"}).Hits)
	}
	info, err := ix.DeleteDocument("0", nil)
	equal(t, "deleted one", e.done(t, info, err).Details.DeletedDocuments, 1)
	info, err = ix.DeleteDocument("0", nil)
	equal(t, "deleted again", e.done(t, info, err).Details.DeletedDocuments, 0)
	info, err = ix.DeleteDocuments([]string{"1", "2", "none"}, nil)
	equal(t, "deleted batch", e.done(t, info, err).Details.DeletedDocuments, 2)
	info, err = ix.DeleteDocumentsByFilter("n > 7", nil)
	equal(t, "deleted by filter", e.done(t, info, err).Details.DeletedDocuments, 2)
	equal(t, "left", left(), "3 4 5 6 7")
	res := search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"n"}})
	same(t, "facets", res.FacetDistribution, map[string]any{"n": map[string]int{"3": 1, "4": 1, "5": 1, "6": 1, "7": 1}})
	// A deleted id may come again.
	e.add(t, ix, doc{"id": "0", "n": 0, "title": "thing"})
	if got := left(); len(got) != len("0 3 4 5 6 7") {
		t.Errorf("after adding again: %s", got)
	}
	_, err = ix.DeleteDocumentsByFilter("n >", nil)
	refused(t, err, 400, "invalid_document_filter")
	info, err = ix.DeleteAllDocuments(nil)
	equal(t, "deleted all", e.done(t, info, err).Details.DeletedDocuments, 6)
	equal(t, "left", left(), "")
}

func testDocuments(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"n"}})
	body := doc{"id": "a", "n": 1, "text": "<b>&\u2028\"\\ 𠮷", "list": []any{"x", 1.5, nil, true}, "nested": map[string]any{"k": []any{}}}
	e.add(t, ix, body, doc{"id": "b", "n": 2}, doc{"id": 3, "n": 3})
	var got doc
	if err := ix.GetDocument("a", nil, &got); err != nil {
		t.Fatal(err)
	}
	same(t, "document", got, body)
	got = nil
	if err := ix.GetDocument("3", &meilisearch.DocumentQuery{Fields: []string{"id"}}, &got); err != nil {
		t.Fatal(err)
	}
	same(t, "number as id", got, doc{"id": 3})
	refused(t, ix.GetDocument("none", nil, &got), 404, "document_not_found")
	var list meilisearch.DocumentsResult
	if err := ix.GetDocuments(&meilisearch.DocumentsQuery{Limit: 1, Offset: 1, Fields: []string{"n"}, Filter: "n >= 1"}, &list); err != nil {
		t.Fatal(err)
	}
	equal(t, "total", list.Total, 3)
	equal(t, "listed", len(list.Results), 1)
	equal(t, "fields", len(list.Results[0]), 1)
	if err := ix.GetDocuments(&meilisearch.DocumentsQuery{Ids: []string{"a", "none"}}, &list); err != nil {
		t.Fatal(err)
	}
	equal(t, "by ids", ids(t, list.Results), "a")
	stats, err := ix.GetStats(nil)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "number of documents", stats.NumberOfDocuments, 3)
}

func testDocumentsRefused(t *testing.T, e *engine) {
	ix := e.index(t, nil, doc{"id": "good"})
	info, err := ix.AddDocuments([]doc{{"id": "fine"}, {"id": "not good"}}, nil)
	e.failed(t, "invalid_document_id", info, err)
	info, err = ix.AddDocuments([]doc{{"name": "nobody"}}, nil)
	e.failed(t, "missing_document_id", info, err)
	info, err = ix.AddDocuments([]doc{{"id": 1.5}}, nil)
	e.failed(t, "invalid_document_id", info, err)
	_, err = ix.AddDocumentsNdjson([]byte("{\"id\":\"x\"}\n{nonsense\n"), nil)
	refused(t, err, 400, "malformed_payload")
	equal(t, "left as it was", ids(t, search(t, ix, "", meilisearch.SearchRequest{}).Hits), "good")
	info, err = ix.AddDocumentsNdjson([]byte("{\"id\":\"x\"}\n{\"id\":\"y\"}\n"), nil)
	e.done(t, info, err)
	equal(t, "hits", search(t, ix, "", meilisearch.SearchRequest{}).EstimatedTotalHits, 3)
}

func testTasks(t *testing.T, e *engine) {
	ix := e.index(t, nil)
	uid := ix.(interface{ FetchPrimaryKey() (*string, error) })
	if key, err := uid.FetchPrimaryKey(); err != nil || *key != "id" {
		t.Fatalf("primary key: %v %v", key, err)
	}
	var last int64
	for i := range 3 {
		info, err := ix.AddDocuments([]doc{{"id": i}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "type", info.Type, meilisearch.TaskTypeDocumentAdditionOrUpdate)
		equal(t, "status", info.Status, meilisearch.TaskStatusEnqueued)
		if info.TaskUID <= last && i > 0 {
			t.Errorf("task %d after %d", info.TaskUID, last)
		}
		if info.EnqueuedAt.IsZero() || info.IndexUID == "" {
			t.Errorf("summary is not whole: %+v", info)
		}
		last = info.TaskUID
	}
	// Tasks of an index are applied in order: when the last is done, so are the others.
	task := e.done(t, &meilisearch.TaskInfo{TaskUID: last}, nil)
	if task.StartedAt.IsZero() || task.FinishedAt.IsZero() || task.Duration == "" {
		t.Errorf("task is not whole: %+v", task)
	}
	list, err := ix.GetTasks(&meilisearch.TasksQuery{Limit: 2, Statuses: []meilisearch.TaskStatus{meilisearch.TaskStatusSucceeded},
		Types: []meilisearch.TaskType{meilisearch.TaskTypeDocumentAdditionOrUpdate}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "total", list.Total, 3)
	equal(t, "page", len(list.Results), 2)
	equal(t, "newest first", list.Results[0].UID, last)
	if list.Next == 0 {
		t.Error("no next page")
	}
	_, err = e.GetTask(1 << 31)
	refused(t, err, 404, "task_not_found")
}

func testSwap(t *testing.T, e *engine) {
	s := &meilisearch.Settings{FilterableAttributes: []string{"n"}}
	a, b := e.index(t, s, doc{"id": "a", "n": 1}), e.index(t, nil, doc{"id": "b"})
	ai, err := a.FetchInfo()
	if err != nil {
		t.Fatal(err)
	}
	bi, err := b.FetchInfo()
	if err != nil {
		t.Fatal(err)
	}
	info, err := e.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{ai.UID, bi.UID}}})
	e.done(t, info, err)
	equal(t, "first", ids(t, search(t, a, "", meilisearch.SearchRequest{}).Hits), "b")
	equal(t, "second", ids(t, search(t, b, "", meilisearch.SearchRequest{Filter: "n = 1"}).Hits), "a")
	e.add(t, a, doc{"id": "c"})
	equal(t, "added to the first", search(t, a, "", meilisearch.SearchRequest{}).EstimatedTotalHits, 2)
	info, err = e.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{ai.UID, ai.UID + "-none"}}})
	e.failed(t, "index_not_found", info, err)
	_, err = e.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{ai.UID}}})
	refused(t, err, 400, "invalid_swap_indexes")
}

func testConcurrent(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"writer", "round"}})
	const writers, rounds, each = 4, 5, 10
	var wg sync.WaitGroup
	infos := make(chan *meilisearch.TaskInfo, writers*rounds)
	for w := range writers {
		wg.Go(func() {
			for r := range rounds {
				var docs []doc
				for i := range each {
					docs = append(docs, doc{"id": fmt.Sprintf("%d-%d", w, i), "writer": w, "round": r, "title": fmt.Sprintf("word%d", r)})
				}
				info, err := ix.AddDocuments(docs, nil)
				if err != nil {
					t.Error(err)
					return
				}
				infos <- info
			}
		})
	}
	wg.Wait()
	close(infos)
	for info := range infos {
		e.done(t, info, nil)
	}
	res := search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"writer", "round"}, HitsPerPage: new(int64)})
	same(t, "facets", res.FacetDistribution, map[string]any{
		"writer": map[string]int{"0": each, "1": each, "2": each, "3": each}, "round": map[string]int{"4": writers * each},
	})
	equal(t, "of an old round", search(t, ix, `"word1"`, meilisearch.SearchRequest{}).EstimatedTotalHits, 0)
}
