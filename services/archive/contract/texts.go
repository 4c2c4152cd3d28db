package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

func number(n int64) *int64 { return &n }

func many(n int) []doc {
	docs := make([]doc, n)
	for i := range docs {
		docs[i] = doc{"id": fmt.Sprintf("%03d", i), "title": "crane"}
	}
	return docs
}

func testPagination(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{SortableAttributes: []string{"id"}}, many(25)...)
	sort := []string{"id:asc"}
	res := search(t, ix, "crane", meilisearch.SearchRequest{Page: 3, HitsPerPage: number(10), Sort: sort})
	equal(t, "last page", ids(t, res.Hits), "020 021 022 023 024")
	equal(t, "total", res.TotalHits, 25)
	equal(t, "pages", res.TotalPages, 3)
	equal(t, "page", res.Page, 3)
	equal(t, "per page", res.HitsPerPage, 10)
	equal(t, "beyond", len(search(t, ix, "", meilisearch.SearchRequest{Page: 9, HitsPerPage: number(10)}).Hits), 0)
	res = search(t, ix, "", meilisearch.SearchRequest{HitsPerPage: number(0)})
	equal(t, "none a page", len(res.Hits), 0)
	equal(t, "total", res.TotalHits, 25)
	res = search(t, ix, "", meilisearch.SearchRequest{Offset: 20, Limit: 3, Sort: sort})
	equal(t, "offset and limit", ids(t, res.Hits), "020 021 022")
	equal(t, "estimate", res.EstimatedTotalHits, 25)
	equal(t, "default limit", len(search(t, ix, "", meilisearch.SearchRequest{}).Hits), 20)
}

func testMaxTotalHits(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{Pagination: &meilisearch.Pagination{MaxTotalHits: 7}}, many(25)...)
	res := search(t, ix, "", meilisearch.SearchRequest{Page: 2, HitsPerPage: number(5)})
	// What the total is beyond the bound is left open: 1.50 counts on.
	equal(t, "hits", len(res.Hits), 2)
	equal(t, "limit", len(search(t, ix, "", meilisearch.SearchRequest{Limit: 20}).Hits), 7)
}

func testText(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{SearchableAttributes: []string{"title"}, SortableAttributes: []string{"id"}},
		doc{"id": "1", "title": "有限空间作业中毒窒息"},
		doc{"id": "2", "title": "有限公司 空间不足"},
		doc{"id": "3", "title": "Tower crane QTZ80, methanol (98%) th/2026/0701"},
		doc{"id": "4", "title": "타워크레인 설치"},
		doc{"id": "5", "title": "tower methane"})
	for q, want := range map[string]string{
		"有限空间作业": "1", "\"有限空间\"": "1", "不足": "2", "公司 不足": "2", "作业 不足": "",
		"tower": "3 5", "TOWER": "3 5", "tower crane": "3", "crane tower": "3", "qtz80": "3", "QTZ": "3", "th/2026/0701": "3",
		"\"tower crane\"": "3", "\"crane tower\"": "", "\"tower methanol\"": "", "tower -crane": "5", "-tower": "1 2 4", "tower -\"tower crane\"": "5",
		"meth": "3 5", "\"meth\"": "", "methanol(": "3", "타워크레인": "4", "": "1 2 3 4 5", "  ": "1 2 3 4 5",
	} {
		res := search(t, ix, q, meilisearch.SearchRequest{Sort: []string{"id:asc"}})
		equal(t, q, ids(t, res.Hits), want)
	}
}

func testTypo(t *testing.T, e *engine) {
	ix := e.index(t, nil, doc{"id": "1", "title": "crane hook"}, doc{"id": "2", "title": "ventilation"})
	for q, want := range map[string]string{
		"crame": "1", "hoop": "", "ventilatoin": "2", "vemtilatlon": "2", "\"crame\"": "", "rane": "",
	} {
		equal(t, q, ids(t, search(t, ix, q, meilisearch.SearchRequest{}).Hits), want)
	}
	info, err := ix.UpdateTypoTolerance(&meilisearch.TypoTolerance{Enabled: false, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 5, TwoTypos: 9}})
	e.done(t, info, err)
	equal(t, "switched off", ids(t, search(t, ix, "crame", meilisearch.SearchRequest{}).Hits), "")
}

func testRanking(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{SearchableAttributes: []string{"title", "body"}},
		doc{"id": "body", "body": "crane"}, doc{"id": "typo", "title": "crate"}, doc{"id": "title", "title": "crane"})
	equal(t, "typo after attribute", ids(t, search(t, ix, "crane", meilisearch.SearchRequest{}).Hits), "title body typo")
}

func testSearchOn(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{SearchableAttributes: []string{"title", "body"}},
		doc{"id": "1", "title": "crane", "hidden": "secret"}, doc{"id": "2", "body": "crane"})
	equal(t, "one attribute", ids(t, search(t, ix, "crane", meilisearch.SearchRequest{AttributesToSearchOn: []string{"body"}}).Hits), "2")
	equal(t, "not searchable", ids(t, search(t, ix, "secret", meilisearch.SearchRequest{}).Hits), "")
	_, err := ix.Search("crane", &meilisearch.SearchRequest{AttributesToSearchOn: []string{"hidden"}})
	refused(t, err, 400, "invalid_search_attributes_to_search_on")
}

func testStrategy(t *testing.T, e *engine) {
	ix := e.index(t, nil, doc{"id": "1", "title": "red crane"}, doc{"id": "2", "title": "red"}, doc{"id": "3", "title": "crane"})
	equal(t, "all", ids(t, search(t, ix, "red crane", meilisearch.SearchRequest{MatchingStrategy: meilisearch.All}).Hits), "1")
	equal(t, "last", ids(t, search(t, ix, "red crane", meilisearch.SearchRequest{MatchingStrategy: meilisearch.Last}).Hits), "1 2")
	_, err := ix.Search("red", &meilisearch.SearchRequest{MatchingStrategy: "any"})
	refused(t, err, 400, "invalid_search_matching_strategy")
}

func testRetrieve(t *testing.T, e *engine) {
	// A part of an object that is displayed as a whole is left open: 1.50 gives nothing.
	ix := e.index(t, &meilisearch.Settings{DisplayedAttributes: []string{"id", "title", "o"}},
		doc{"id": "1", "title": "x", "secret": "y", "o": doc{"a": 1, "b": 2}})
	all := search(t, ix, "", meilisearch.SearchRequest{}).Hits[0]
	same(t, "displayed", all, doc{"id": "1", "title": "x", "o": doc{"a": 1, "b": 2}})
	some := search(t, ix, "", meilisearch.SearchRequest{AttributesToRetrieve: []string{"title", "secret"}}).Hits[0]
	same(t, "retrieved", some, doc{"title": "x"})
	whole := e.index(t, nil, doc{"id": "1", "title": "x", "o": doc{"a": 1, "b": 2}})
	some = search(t, whole, "", meilisearch.SearchRequest{AttributesToRetrieve: []string{"title", "o.b"}}).Hits[0]
	same(t, "retrieved", some, doc{"title": "x", "o": doc{"b": 2}})
}

func testHighlight(t *testing.T, e *engine) {
	text := "Tower crane 有限空间 of methanol"
	ix := e.index(t, nil, doc{"id": "1", "title": text, "list": []string{"no", "crane"}, "n": 5, "other": "crane"})
	for q, want := range map[string]string{
		"crane":    "Tower <mark>crane</mark> 有限空间 of methanol",
		"tower":    "<mark>Tower</mark> crane 有限空间 of methanol",
		"meth":     "Tower crane 有限空间 of <mark>meth</mark>anol",
		"methanpl": "Tower crane 有限空间 of <mark>methanol</mark>",
	} {
		hit := search(t, ix, q, meilisearch.SearchRequest{
			AttributesToHighlight: []string{"title", "list"}, HighlightPreTag: "<mark>", HighlightPostTag: "</mark>",
		}).Hits[0]
		var f map[string]any
		if err := json.Unmarshal(hit["_formatted"], &f); err != nil {
			t.Fatal(err)
		}
		equal(t, q, f["title"], any(want))
		equal(t, "number", f["n"], any("5"))
		equal(t, "not asked for", f["other"], any("crane"))
		if q == "crane" {
			same(t, "list", f["list"], []string{"no", "<mark>crane</mark>"})
		}
	}
	hit := search(t, ix, "有限空间", meilisearch.SearchRequest{AttributesToHighlight: []string{"*"}, HighlightPreTag: "[", HighlightPostTag: "]"}).Hits[0]
	var f struct{ Title string }
	if err := json.Unmarshal(hit["_formatted"], &f); err != nil {
		t.Fatal(err)
	}
	if plain := strings.NewReplacer("[", "", "]", "").Replace(f.Title); plain != text || !strings.Contains(f.Title, "[有限") {
		t.Errorf("CJK: %s", f.Title)
	}
}

func testPositions(t *testing.T, e *engine) {
	text := "塔吊 Tower crane and crane"
	ix := e.index(t, nil, doc{"id": "1", "title": text, "list": []string{"none", "a crane"}})
	hit := search(t, ix, "crane", meilisearch.SearchRequest{ShowMatchesPosition: true}).Hits[0]
	var pos map[string][]struct {
		Start, Length int
		Indices       []int
	}
	if err := json.Unmarshal(hit["_matchesPosition"], &pos); err != nil {
		t.Fatal(err)
	}
	equal(t, "matches", len(pos["title"]), 2)
	for _, p := range pos["title"] {
		equal(t, "bytes", text[p.Start:p.Start+p.Length], "crane")
	}
	if len(pos["list"]) != 1 || pos["list"][0].Start != 2 || len(pos["list"][0].Indices) != 1 || pos["list"][0].Indices[0] != 1 {
		t.Errorf("in a list: %+v", pos["list"])
	}
}

func testMultiSearch(t *testing.T, e *engine) {
	a, b := e.index(t, peopleSettings, people...), e.index(t, nil, doc{"id": "x", "name": "crane"})
	ai, err := a.FetchInfo()
	if err != nil {
		t.Fatal(err)
	}
	bi, err := b.FetchInfo()
	if err != nil {
		t.Fatal(err)
	}
	res, err := e.MultiSearch(&meilisearch.MultiSearchRequest{Queries: []*meilisearch.SearchRequest{
		{IndexUID: ai.UID, Query: "crane", Filter: "n > 10", Facets: []string{"tags"}},
		{IndexUID: bi.UID, Query: "crane", Page: 1, HitsPerPage: number(5)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "results", len(res.Results), 2)
	equal(t, "first", ids(t, res.Results[0].Hits), "2")
	equal(t, "index", res.Results[0].IndexUID, ai.UID)
	same(t, "facets", res.Results[0].FacetDistribution, map[string]any{"tags": map[string]int{"b": 1, "c": 1}})
	equal(t, "second", ids(t, res.Results[1].Hits), "x")
	equal(t, "total", res.Results[1].TotalHits, 1)
	_, err = e.MultiSearch(&meilisearch.MultiSearchRequest{Queries: []*meilisearch.SearchRequest{{IndexUID: ai.UID}, {IndexUID: ai.UID, Filter: "name = x"}}})
	refused(t, err, 400, "invalid_search_filter")
	_, err = e.MultiSearch(&meilisearch.MultiSearchRequest{Queries: []*meilisearch.SearchRequest{{IndexUID: "contract-none"}}})
	if err == nil {
		t.Error("an index that is not there was searched")
	}
}

func testSearchRefused(t *testing.T, e *engine) {
	ix := e.index(t, nil, doc{"id": "1"})
	_, err := ix.SearchRaw("", &meilisearch.SearchRequest{Offset: -1})
	refused(t, err, 400, "invalid_search_offset")
	_, err = ix.SearchRaw("x", &meilisearch.SearchRequest{Hybrid: &meilisearch.SearchRequestHybrid{Embedder: "none", SemanticRatio: 1}})
	if err == nil {
		t.Error("an embedder that is not there was used")
	}
}

func testOddText(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"k"}},
		doc{"id": "1", "title": "\"(((*\x00\u200b\ufeff 🏗️ é ß İ ǆ 𠮷野家 \u0301", "k": "a'b\"c\\"}, doc{"id": "2", "title": strings.Repeat("长", 70_000)},
		doc{"id": "3", "title": strings.Repeat("x", 70_000)})
	for _, q := range []string{
		"\"", "*", "(((", "-", "--", "-\"", "\"\"", "\"\"\"\"", "\x00", "\u200b", "\ufeff", "🏗️", "é", "İ", "ǆ", "\u0301", "\\", "%", "' OR 1=1",
		"'\"", "AND", "NOT", "field:value", "[1 TO 2]", "a~", "/.*/", "?", "\u202e", "𠮷", "-- --", strings.Repeat("a", 10_000), strings.Repeat("长", 10_000),
		strings.Repeat("a ", 10_000), strings.Repeat("\"", 1001), strings.Repeat("타", 600), strings.Repeat("-", 5000),
	} {
		for _, s := range []meilisearch.MatchingStrategy{meilisearch.All, meilisearch.Last, meilisearch.Frequency} {
			_, err := ix.Search(q, &meilisearch.SearchRequest{MatchingStrategy: s, AttributesToHighlight: []string{"*"}, ShowMatchesPosition: true})
			if err != nil {
				t.Errorf("%.20q: %.200s", q, err)
			}
		}
	}
	res := search(t, ix, "", meilisearch.SearchRequest{Filter: `k = "a'b\"c\\"`})
	equal(t, "quotes in a filter", ids(t, res.Hits), "1")
}
