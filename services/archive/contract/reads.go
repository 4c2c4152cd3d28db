package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

// testLargeBatch: a request of more than 10 MB is one task, whole, whether lines or an array.
func testLargeBatch(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{SearchableAttributes: []string{"title"}, FilterableAttributes: []string{"half"}})
	const each, filler = 300, 36_000
	body := strings.Repeat("有限空间", filler/len("有限空间"))
	var lines, array bytes.Buffer
	var docs []doc
	for i := range 2 * each {
		d := doc{"id": fmt.Sprintf("d%03d", i), "title": fmt.Sprintf("crane%03d", i), "half": i / each, "body": body}
		if i >= each {
			docs = append(docs, d)
		} else if err := json.NewEncoder(&lines).Encode(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.NewEncoder(&array).Encode(docs); err != nil {
		t.Fatal(err)
	}
	if lines.Len() < 10<<20 || array.Len() < 10<<20 {
		t.Fatalf("%d and %d bytes are no large batches", lines.Len(), array.Len())
	}
	info, err := ix.AddDocumentsNdjson(lines.Bytes(), nil)
	task := e.done(t, info, err)
	equal(t, "received", task.Details.ReceivedDocuments, each)
	equal(t, "indexed", task.Details.IndexedDocuments, each)
	info, err = ix.AddDocuments(docs, nil)
	equal(t, "indexed", e.done(t, info, err).Details.IndexedDocuments, each)
	res := search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"half"}, AttributesToRetrieve: []string{"id"}})
	same(t, "facets", res.FacetDistribution, map[string]any{"half": map[string]int{"0": each, "1": each}})
	res = search(t, ix, `"crane599"`, meilisearch.SearchRequest{})
	equal(t, "the last", ids(t, res.Hits), "d599")
	same(t, "whole", res.Hits[0]["body"], body)
}

// testManyIDs: a filter may name a thousand ids; the list, its facets and its total are of them alone. (1.50 takes 30 ms for a thousand, but 12 s for 20,000, and then gives them unsorted.)
func testManyIDs(t *testing.T, e *engine) {
	const all, named = 1500, 1000
	docs := make([]doc, all)
	for i := range docs {
		docs[i] = doc{"id": longID(i), "n": i % 7, "seen": []string{"one", "two"}[i%2]}
	}
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"id", "seen", "n"}, SortableAttributes: []string{"id"}, Pagination: &meilisearch.Pagination{MaxTotalHits: 100_000}}, docs...)
	var list []string
	for i := range named {
		list = append(list, `"`+longID(2*i)+`"`)
	}
	f := "id IN [" + strings.Join(list, ", ") + "]"
	res := search(t, ix, "", meilisearch.SearchRequest{Filter: f, Facets: []string{"seen"}, Page: 1, HitsPerPage: number(3), Sort: []string{"id:desc"}})
	equal(t, "total", res.TotalHits, all/2)
	same(t, "facets", res.FacetDistribution, map[string]any{"seen": map[string]int{"one": all / 2}})
	equal(t, "order", ids(t, res.Hits), strings.Join([]string{longID(1498), longID(1496), longID(1494)}, " "))
	res = search(t, ix, "", meilisearch.SearchRequest{Filter: "(" + f + ") AND seen = two", Page: 1})
	equal(t, "beside another", res.TotalHits, 0)
	res = search(t, ix, "", meilisearch.SearchRequest{Filter: "NOT " + f + " AND n = 1", Page: 1})
	equal(t, "without them", res.TotalHits, 108)
}

func longID(i int) string { return fmt.Sprintf("aaaaaaaaaaaaaaaaaaaaa%05d", i) }

// testManyQueries: a multi-search answers each query in its place; one that is wrong is told of, and fails the whole.
func testManyQueries(t *testing.T, e *engine) {
	docs := make([]doc, 60)
	for i := range docs {
		docs[i] = doc{"id": fmt.Sprintf("d%02d", i), "title": fmt.Sprintf("word%02d crane", i), "n": i % 3, "k": i % 4}
	}
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"n", "k"}, SortableAttributes: []string{"id"}, SearchableAttributes: []string{"title", "id"}}, docs...)
	info, err := ix.FetchInfo()
	if err != nil {
		t.Fatal(err)
	}
	var queries []*meilisearch.SearchRequest
	for i := range docs {
		queries = append(queries, &meilisearch.SearchRequest{IndexUID: info.UID, Query: fmt.Sprintf(`"word%02d"`, i), MatchingStrategy: meilisearch.All, AttributesToRetrieve: []string{"id"}})
	}
	// The same text under several filters, as facets are counted without their own.
	for n := range 3 {
		queries = append(queries, &meilisearch.SearchRequest{IndexUID: info.UID, Query: "crane -word00", Filter: fmt.Sprintf("n = %d", n), Facets: []string{"k"}, Page: 1, HitsPerPage: number(1),
			Sort: []string{"id:desc"}, MatchingStrategy: meilisearch.All})
	}
	res, err := e.MultiSearch(&meilisearch.MultiSearchRequest{Queries: queries})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Results) != len(queries) {
		t.Fatalf("%d results of %d queries", len(res.Results), len(queries))
	}
	for i := range docs {
		equal(t, queries[i].Query, ids(t, res.Results[i].Hits), fmt.Sprintf("d%02d", i))
	}
	for n, want := range []string{"d57", "d58", "d59"} {
		r := res.Results[len(docs)+n]
		equal(t, "page", ids(t, r.Hits), want)
		wants := map[string]int{"0": 5, "1": 5, "2": 5, "3": 5}
		total := int64(20)
		if n == 0 {
			wants["0"], total = 4, 19
		}
		equal(t, "total", r.TotalHits, total)
		same(t, "facets", r.FacetDistribution, map[string]any{"k": wants})
	}
	queries[7] = &meilisearch.SearchRequest{IndexUID: info.UID, Sort: []string{"n:asc"}}
	_, err = e.MultiSearch(&meilisearch.MultiSearchRequest{Queries: queries})
	refused(t, err, 400, "invalid_search_sort")
	var told *meilisearch.Error
	if errors.As(err, &told) && !strings.Contains(told.MeilisearchApiError.Message, "queries[7]") {
		t.Errorf("it isn't said which: %s", told.MeilisearchApiError.Message)
	}
}

// testWhole: while batches that replace all documents go in, every answer is of whole batches.
func testWhole(t *testing.T, e *engine) {
	const each, rounds = 40, 12
	batch := func(round int) []doc {
		docs := make([]doc, each)
		for i := range docs {
			docs[i] = doc{"id": fmt.Sprint(i), "round": round, "title": fmt.Sprintf("word%02d", round)}
		}
		return docs
	}
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"round"}}, batch(0)...)
	stop, errs := reading(t, func() error {
		res, err := ix.Search("word", &meilisearch.SearchRequest{Facets: []string{"round"}, Page: 1, HitsPerPage: number(5)})
		if err != nil {
			return err
		}
		var dist struct{ Round map[string]int }
		if err := json.Unmarshal(res.FacetDistribution, &dist); err != nil {
			return err
		}
		for _, n := range dist.Round {
			if len(dist.Round) != 1 || n != each || res.TotalHits != each {
				return fmt.Errorf("total %d, rounds %v", res.TotalHits, dist.Round)
			}
		}
		return nil
	})
	for round := range rounds {
		e.add(t, ix, batch(round+1)...)
	}
	stop()
	for err := range errs {
		t.Error(err)
	}
}

// testSwapUnderReaders: whoever reads while indexes are exchanged, and the old one removed, finds the one or the other, never neither.
func testSwapUnderReaders(t *testing.T, e *engine) {
	live := e.index(t, nil, doc{"id": "0"})
	name, err := live.FetchInfo()
	if err != nil {
		t.Fatal(err)
	}
	stop, errs := reading(t, func() error {
		res, err := live.Search("", &meilisearch.SearchRequest{Page: 1})
		if err != nil {
			return err
		}
		if res.TotalHits != 1 {
			return fmt.Errorf("%d hits", res.TotalHits)
		}
		return nil
	})
	for i := range 5 {
		next := e.index(t, nil, doc{"id": fmt.Sprint(i + 1)})
		other, err := next.FetchInfo()
		if err != nil {
			t.Fatal(err)
		}
		info, err := e.SwapIndexes([]*meilisearch.SwapIndexesParams{{Indexes: []string{name.UID, other.UID}}})
		e.done(t, info, err)
		info, err = e.DeleteIndex(other.UID)
		e.done(t, info, err)
		equal(t, "the new one", ids(t, search(t, live, "", meilisearch.SearchRequest{}).Hits), fmt.Sprint(i+1))
	}
	stop()
	for err := range errs {
		t.Error(err)
	}
}

// reading calls read again and again until stop; then errs holds the first error, if there was one.
func reading(t *testing.T, read func() error) (stop func(), errs chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	errs = make(chan error, 1)
	go func() {
		defer close(errs)
		for ctx.Err() == nil {
			if err := read(); err != nil {
				errs <- err
				return
			}
		}
	}()
	return cancel, errs
}

// testKeys: with a key in force, every request but one for health must carry it.
func testKeys(t *testing.T, e *engine) {
	if e.as == nil {
		t.Skip("left out: the engine asks for no key")
	}
	for key, want := range map[string]struct {
		status int
		code   string
	}{"": {401, "missing_authorization_header"}, "not the key": {403, "invalid_api_key"}} {
		c := e.as(key)
		_, err := c.ListIndexes(nil)
		refused(t, err, want.status, want.code)
		_, err = c.Index("contract-none").Search("", &meilisearch.SearchRequest{})
		refused(t, err, want.status, want.code)
		_, err = c.MultiSearch(&meilisearch.MultiSearchRequest{Queries: []*meilisearch.SearchRequest{{IndexUID: "contract-none"}}})
		refused(t, err, want.status, want.code)
		_, err = c.Index("contract-none").AddDocuments([]doc{{"id": "1"}}, nil)
		refused(t, err, want.status, want.code)
		if h, err := c.Health(); err != nil || h.Status != "available" {
			t.Errorf("health with %q: %v %v", key, h, err)
		}
	}
}

// testErrors: what else is refused at once, and what fails as a task.
func testErrors(t *testing.T, e *engine) {
	ix := e.index(t, nil, doc{"id": "1"})
	info, err := ix.FetchInfo()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		r    meilisearch.SearchRequest
		code string
	}{
		{meilisearch.SearchRequest{Limit: -1}, "invalid_search_limit"}, {meilisearch.SearchRequest{HitsPerPage: number(-1)}, "invalid_search_hits_per_page"},
		{meilisearch.SearchRequest{Page: -1}, "invalid_search_page"}, {meilisearch.SearchRequest{Filter: 5}, "invalid_search_filter"}, {meilisearch.SearchRequest{Filter: []any{5}}, "invalid_search_filter"},
		{meilisearch.SearchRequest{Facets: []string{"none"}}, "invalid_search_facets"}, {meilisearch.SearchRequest{Sort: []string{"none:asc"}}, "invalid_search_sort"},
	} {
		_, err := ix.SearchRaw("", &c.r)
		refused(t, err, 400, c.code)
	}
	_, err = e.MultiSearch(&meilisearch.MultiSearchRequest{Queries: []*meilisearch.SearchRequest{{IndexUID: "no blanks"}}})
	refused(t, err, 400, "invalid_index_uid")
	_, err = e.GetIndex("no blanks")
	refused(t, err, 400, "invalid_index_uid")
	_, err = e.GetIndex(strings.Repeat("a", 401))
	refused(t, err, 400, "invalid_index_uid")
	_, err = ix.AddDocumentsNdjson(nil, nil)
	refused(t, err, 400, "missing_payload")

	other := "other"
	again, err := ix.AddDocuments([]doc{{"id": "2", "other": "2"}}, &meilisearch.DocumentOptions{PrimaryKey: &other})
	e.failed(t, "index_primary_key_already_exists", again, err)
	long := strings.Repeat("a", 512)
	again, err = ix.AddDocuments([]doc{{"id": long}}, nil)
	e.failed(t, "invalid_document_id", again, err)
	again, err = ix.AddDocuments([]doc{{"id": long[:511]}}, nil)
	e.done(t, again, err)
	// Among good tasks a bad one fails alone.
	var infos []*meilisearch.TaskInfo
	for _, id := range []string{"a", "not good", "b"} {
		i, err := ix.AddDocuments([]doc{{"id": id}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, i)
	}
	e.done(t, infos[0], nil)
	e.failed(t, "invalid_document_id", infos[1], nil)
	e.done(t, infos[2], nil)
	list, err := e.GetTasks(&meilisearch.TasksQuery{UIDS: []int64{infos[1].TaskUID}, IndexUIDS: []string{info.UID}, Statuses: []meilisearch.TaskStatus{meilisearch.TaskStatusFailed}})
	if err != nil || len(list.Results) != 1 || list.Results[0].Error.Code != "invalid_document_id" {
		t.Errorf("the task that failed: %+v, %v", list, err)
	}
}

func keys(h meilisearch.Hit) []string {
	var out []string
	for k := range h {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
