package contract

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

// testNothing: what is null, empty and not there are three things.
func testNothing(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"v", "v.k", "id"}, SortableAttributes: []string{"v", "id"}},
		doc{"id": "a", "v": nil}, doc{"id": "b", "v": ""}, doc{"id": "c", "v": []any{}}, doc{"id": "d", "v": doc{}}, doc{"id": "e"}, doc{"id": "f", "v": "x"},
		doc{"id": "g", "v": []any{nil}}, doc{"id": "h", "v": []any{nil, "", "x"}}, doc{"id": "i", "v": 0}, doc{"id": "j", "v": false}, doc{"id": "k", "v": doc{"k": nil}},
		doc{"id": "m", "v": "null"})
	for f, want := range map[string]string{
		"v EXISTS":                              "a b c d f g h i j k m",
		"v NOT EXISTS":                          "e",
		"NOT v EXISTS":                          "e",
		"v IS NULL":                             "a",
		"v IS NOT NULL":                         "b c d e f g h i j k m",
		"v IS EMPTY":                            "b c d",
		"v IS NOT EMPTY":                        "a e f g h i j k m",
		"v.k IS NULL":                           "k",
		"v.k EXISTS":                            "k",
		"v = ''":                                "",
		"v = x":                                 "f h",
		"v = 'null'":                            "m",
		"v = 0":                                 "i",
		"v = false":                             "j",
		"v != x":                                "a b c d e g i j k m",
		"v >= 0":                                "f h i j m",
		"v IN ['', x]":                          "f h",
		"v IS NULL OR v IS EMPTY":               "a b c d",
		"NOT (v IS NULL OR v IS EMPTY)":         "e f g h i j k m",
		"v EXISTS AND NOT v IS NULL AND v != x": "b c d g i j k m",
	} {
		equal(t, f, ids(t, search(t, ix, "", meilisearch.SearchRequest{Filter: f, Sort: []string{"id:asc"}}).Hits), want)
	}
	res := search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"v"}, Filter: "id IN [a, b, c, e, f, h, i, j]"})
	var counts map[string]any
	if err := json.Unmarshal(res.FacetDistribution, &counts); err != nil {
		t.Fatal(err)
	}
	same(t, "nothing has no facet", counts["v"], map[string]int{"x": 2, "0": 1, "false": 1})
	for _, sort := range []string{"v:asc", "v:desc"} {
		res := search(t, ix, "", meilisearch.SearchRequest{Sort: []string{sort, "id:asc"}, Filter: "id IN [a, b, c, d, e, g, i]"})
		equal(t, sort, ids(t, res.Hits), "i a b c d e g")
	}
}

// testNested: a value inside objects and lists is found by its path, however they are nested.
func testNested(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"id", "l", "o.k", "o.p.q", "month"}, SortableAttributes: []string{"id", "o.p.q", "month"}, SearchableAttributes: []string{"t", "o.w"}},
		doc{"id": "1", "l": []any{[]any{1, 2}, []any{3}}, "o": []doc{{"k": []any{"a", "b"}, "w": "alpha"}, {"k": "c", "w": []string{"beta", "gamma"}}}, "month": []string{"2026-06", "2026-07"}},
		doc{"id": "2", "l": []any{2}, "o": doc{"k": "b", "p": doc{"q": 5}}, "month": []string{"2026-07"}, "t": "alpha"},
		doc{"id": "3", "l": []any{"x", []any{"y", 3}}, "o": doc{"p": []doc{{"q": 9}, {"q": 1}}}, "month": []string{"2026-05", "2026-06", "2026-06"}},
		doc{"id": "4", "o.k": "b"})
	for f, want := range map[string]string{
		"l = 3": "1 3", "l = 2": "1 2", "l = y": "3", "l > 2": "1 3", "l != 2": "3 4", "l IN [1, x]": "1 3",
		"o.k = b": "1 2 4", "o.k = c": "1", "o.k = a AND o.k = c": "1", "o.p.q > 4": "2 3", "o.p.q < 4": "3", "o.p.q 2 TO 8": "2", "o.p.q EXISTS": "2 3",
		"month = 2026-06": "1 3", "month IN [2026-05, 2026-07]": "1 2 3", "month = 2026-06 AND month = 2026-07": "1", "NOT month = 2026-07": "3 4",
	} {
		equal(t, f, ids(t, search(t, ix, "", meilisearch.SearchRequest{Filter: f, Sort: []string{"id:asc"}}).Hits), want)
	}
	res := search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"month", "o.k"}})
	same(t, "each document once a value", res.FacetDistribution, map[string]any{
		"month": map[string]int{"2026-05": 1, "2026-06": 2, "2026-07": 2}, "o.k": map[string]int{"a": 1, "b": 3, "c": 1},
	})
	equal(t, "sorted by a path", ids(t, search(t, ix, "", meilisearch.SearchRequest{Sort: []string{"o.p.q:asc", "id:desc"}}).Hits), "3 2 4 1")
	equal(t, "searched by a path", ids(t, search(t, ix, "alpha", meilisearch.SearchRequest{Sort: []string{"id:asc"}, AttributesToSearchOn: []string{"o.w"}}).Hits), "1")
	equal(t, "no phrase across a list", ids(t, search(t, ix, `"beta gamma"`, meilisearch.SearchRequest{}).Hits), "")
}

// testNumbers: numbers are compared as numbers, however they are written, and texts as texts.
func testNumbers(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"n"}, SortableAttributes: []string{"n", "id"}},
		doc{"id": "a", "n": 9007199254740991}, doc{"id": "b", "n": -0.5}, doc{"id": "c", "n": 1e3}, doc{"id": "d", "n": 20260612}, doc{"id": "e", "n": "1000"}, doc{"id": "f", "n": 10_000_000})
	for f, want := range map[string]string{
		"n = 1000": "c e", "n = 1000.0": "c", "n >= 20260612": "a d", "n < 0": "b", "n = 9007199254740991": "a", "n 1000 TO 20260612": "c d e f", "n > 9007199254740990": "a", "n IN [1000, -0.5]": "b c e",
	} {
		equal(t, f, ids(t, search(t, ix, "", meilisearch.SearchRequest{Filter: f, Sort: []string{"id:asc"}}).Hits), want)
	}
	equal(t, "numbers before text", ids(t, search(t, ix, "", meilisearch.SearchRequest{Sort: []string{"n:asc"}}).Hits), "b c f d a e")
	res := search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"n"}, Filter: "n < 20260613 AND n != 1000"})
	same(t, "facets", res.FacetDistribution, map[string]any{"n": map[string]int{"-0.5": 1, "20260612": 1, "10000000": 1}})
	same(t, "stats", res.FacetStats, map[string]any{"n": map[string]any{"min": -0.5, "max": 20260612}})
}

// testSorts: several orders one after the other, relevance among equals, and distance among them.
func testSorts(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{SearchableAttributes: []string{"title", "body"}, SortableAttributes: []string{"penalty", "day", "_geo", "id"}, FilterableAttributes: []string{"_geo", "penalty"},
		RankingRules: []string{"sort", "words", "typo", "proximity", "attribute", "exactness", "day:desc", "id:asc"}},
		doc{"id": "a", "title": "crane", "penalty": 5000, "day": 20260601, "_geo": doc{"lat": 43.88, "lng": 125.32}},
		doc{"id": "b", "body": "crane", "penalty": 5000, "day": 20260603, "_geo": doc{"lat": 43.84, "lng": 126.55}},
		doc{"id": "c", "title": "crane", "day": 20260602}, doc{"id": "d", "body": "crane", "day": 20260602},
		doc{"id": "e", "title": "crane", "penalty": 9000, "day": 20260601, "_geo": doc{"lat": 43.84, "lng": 126.55}})
	for _, c := range []struct{ sort, want string }{
		{"penalty:desc", "e a b c d"}, {"penalty:desc,day:desc", "e b a c d"}, {"penalty:asc,day:asc", "a b e c d"}, {"day:asc,penalty:desc", "e a c d b"}, {"", "c a e b d"},
		{"_geoPoint(43.84, 126.55):asc", "e b a c d"}, {"_geoPoint(43.84, 126.55):asc,penalty:asc", "b e a c d"}, {"_geoPoint(43.84, 126.55):desc", "a e b c d"}, {"day:asc,_geoPoint(43.84, 126.55):asc", "e a c d b"},
	} {
		r := meilisearch.SearchRequest{}
		if c.sort != "" {
			r.Sort = strings.SplitAfter(c.sort, "sc,")
			for i := range r.Sort {
				r.Sort[i] = strings.TrimSuffix(r.Sort[i], ",")
			}
		}
		equal(t, c.sort, ids(t, search(t, ix, "crane", r).Hits), c.want)
	}
}
