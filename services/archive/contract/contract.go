// Package contract says what archive counts on from a search engine, as tests through meilisearch-go alone. The same suite
// runs against the engine inside the process and, where SONGSHUI_TEST_MEILI_URL (and SONGSHUI_TEST_MEILI_KEY) name one,
// against a Meilisearch. It is written from Meilisearch's documentation: where the embedded engine does more (CJK phrases,
// contiguous highlights), the suite asks only for what both promise.
//
// What it doesn't ask for, since a Meilisearch doesn't promise it: that the queries of a multi-search are answered of one moment
// (each reads by itself there), an order of equal hits, and how CJK text is cut into words.
//
// It makes indexes with names of its own and removes them; it touches no others.
package contract

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/meilisearch/meilisearch-go"
)

// Engine is the engine under test. Its clients must not retry or encode contents.
type Engine struct {
	Client meilisearch.ServiceManager
	// As gives a client with another key, empty for none; nil where the engine asks for no key.
	As func(key string) meilisearch.ServiceManager
}

// taskTimeout is how long a task may take; a Meilisearch on a busy machine takes seconds.
const taskTimeout = 30 * time.Second

// Run runs the whole suite.
func Run(t *testing.T, under Engine) {
	for name, f := range map[string]func(*testing.T, *engine){
		"health": testHealth, "index": testIndex, "settings": testSettings, "settings refused": testSettingsRefused,
		"replace": testReplace, "delete": testDelete, "documents": testDocuments, "documents refused": testDocumentsRefused,
		"tasks": testTasks, "swap": testSwap, "concurrent": testConcurrent,
		"filter": testFilter, "filter refused": testFilterRefused, "filter forms": testFilterForms, "geo": testGeo,
		"facets": testFacets, "facet order": testFacetOrder, "sort": testSort, "rules": testRules,
		"pagination": testPagination, "max total hits": testMaxTotalHits, "text": testText, "typo": testTypo,
		"ranking": testRanking, "search on": testSearchOn, "strategy": testStrategy,
		"retrieve": testRetrieve, "highlight": testHighlight, "positions": testPositions,
		"crop": testCrop, "nothing": testNothing, "nested": testNested, "numbers": testNumbers, "sorts": testSorts, "places": testPlaces,
		"large batch": testLargeBatch, "many ids": testManyIDs, "many queries": testManyQueries, "whole": testWhole, "swap under readers": testSwapUnderReaders,
		"keys": testKeys, "errors": testErrors,
		"multi-search": testMultiSearch, "search refused": testSearchRefused, "odd text": testOddText,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, &engine{under.Client, under.As})
		})
	}
}

// engine is the engine under test with what every test needs.
type engine struct {
	meilisearch.ServiceManager
	as func(key string) meilisearch.ServiceManager
}

type doc map[string]any

// index makes an index of its own with settings and documents, removed at the end.
func (e *engine) index(t *testing.T, s *meilisearch.Settings, docs ...doc) meilisearch.IndexManager {
	t.Helper()
	uid := "contract-" + strings.ToLower(rand.Text()[:12])
	info, err := e.CreateIndex(&meilisearch.IndexConfig{Uid: uid, PrimaryKey: "id"})
	e.done(t, info, err)
	t.Cleanup(func() { _, _ = e.DeleteIndex(uid) })
	ix := e.Index(uid)
	if s != nil {
		info, err = ix.UpdateSettings(s)
		e.done(t, info, err)
	}
	if len(docs) > 0 {
		e.add(t, ix, docs...)
	}
	return ix
}

func (e *engine) add(t *testing.T, ix meilisearch.IndexManager, docs ...doc) *meilisearch.Task {
	t.Helper()
	info, err := ix.AddDocuments(docs, nil)
	return e.done(t, info, err)
}

// wait gives a task that is over.
func (e *engine) wait(t *testing.T, info *meilisearch.TaskInfo, err error) *meilisearch.Task {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), taskTimeout)
	defer cancel()
	task, err := e.WaitForTaskWithContext(ctx, info.TaskUID, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

// done waits for a task that must succeed.
func (e *engine) done(t *testing.T, info *meilisearch.TaskInfo, err error) *meilisearch.Task {
	t.Helper()
	task := e.wait(t, info, err)
	if task.Status != meilisearch.TaskStatusSucceeded {
		t.Fatalf("task %d (%s): %s: %s %s", task.TaskUID, task.Type, task.Status, task.Error.Code, task.Error.Message)
	}
	return task
}

// failed waits for a task that must fail with a code.
func (e *engine) failed(t *testing.T, code string, info *meilisearch.TaskInfo, err error) {
	t.Helper()
	task := e.wait(t, info, err)
	if task.Status != meilisearch.TaskStatusFailed || task.Error.Code != code {
		t.Errorf("task %s: %s %q, want failed %q", task.Type, task.Status, task.Error.Code, code)
	}
	if task.Error.Message == "" || task.Error.Type == "" || task.Error.Link == "" {
		t.Errorf("task %s: error is not whole: %+v", task.Type, task.Error)
	}
}

// refused checks an error answer.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *meilisearch.Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want a refusal with %q", err, code)
		return
	}
	if e.StatusCode != status || e.MeilisearchApiError.Code != code {
		t.Errorf("got %d %q (%s), want %d %q", e.StatusCode, e.MeilisearchApiError.Code, e.MeilisearchApiError.Message, status, code)
	}
	if e.MeilisearchApiError.Message == "" || e.MeilisearchApiError.Type == "" || e.MeilisearchApiError.Link == "" {
		t.Errorf("error is not whole: %+v", e.MeilisearchApiError)
	}
}

func search(t *testing.T, ix meilisearch.IndexManager, q string, r meilisearch.SearchRequest) *meilisearch.SearchResponse {
	t.Helper()
	if r.MatchingStrategy == "" {
		r.MatchingStrategy = meilisearch.All
	}
	res, err := ix.Search(q, &r)
	if err != nil {
		t.Fatalf("search %q: %v", q, err)
	}
	return res
}

// ids gives the hits' ids in their order, joined by blanks.
func ids(t *testing.T, hits meilisearch.Hits) string {
	t.Helper()
	out := make([]string, len(hits))
	for i, h := range hits {
		if err := json.Unmarshal(h["id"], &out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(out, " ")
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// same compares by JSON.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, w := canonical(t, got), canonical(t, want)
	if g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}

func canonical(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		t.Fatal(err)
	}
	if b, err = json.Marshal(x); err != nil {
		t.Fatal(err)
	}
	return string(b)
}
