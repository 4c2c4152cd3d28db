package contract

import (
	"strings"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

var people = []doc{
	{"id": "1", "name": "crane", "city": "Changchun", "n": 10, "tags": []string{"a", "b"}, "ok": true, "day": "2026-06-12", "none": nil, "o": doc{"k": "x"}},
	{"id": "2", "name": "crane", "city": "jilin", "n": 20.5, "tags": []string{"b", "c"}, "ok": false, "day": "2026-06-30", "blank": ""},
	{"id": "3", "name": "crane", "city": "New York", "n": -3, "tags": []string{}, "day": "2025-01-01", "none": "x", "o": doc{"k": "y"}},
	{"id": "4", "name": "crane", "city": "长春", "tags": "a", "n": "10", "o": []doc{{"k": "x"}, {"k": "z"}}},
}

var peopleSettings = &meilisearch.Settings{
	SearchableAttributes: []string{"name", "city"},
	FilterableAttributes: []string{"id", "city", "n", "tags", "ok", "day", "none", "blank", "o.k", "_geo"},
	SortableAttributes:   []string{"id", "n", "city", "day", "_geo"},
}

func testFilter(t *testing.T, e *engine) {
	ix := e.index(t, peopleSettings, people...)
	for f, want := range map[string]string{
		"":                            "1 2 3 4",
		"city = jilin":                "2",
		"city = JILIN":                "2",
		"city = 'New York'":           "3",
		`city = "new york"`:           "3",
		"city = 长春":                   "4",
		"city != jilin":               "1 3 4",
		"NOT city = jilin":            "1 3 4",
		"n = 10":                      "1 4",
		"n = 20.5":                    "2",
		"n > 10":                      "2",
		"n >= 10":                     "1 2 4",
		"n < 10":                      "3",
		"n <= -3":                     "3",
		"n 0 TO 20.5":                 "1 2 4",
		"NOT n 0 TO 20.5":             "3",
		"tags = a":                    "1 4",
		"tags = b AND tags = c":       "2",
		"tags IN [c, 'a']":            "1 2 4",
		"tags IN []":                  "",
		"tags NOT IN [a]":             "2 3",
		"NOT tags IN [a]":             "2 3",
		"ok = true":                   "1",
		"ok = false":                  "2",
		"none EXISTS":                 "1 3",
		"none NOT EXISTS":             "2 4",
		"none IS NULL":                "1",
		"none IS NOT NULL":            "2 3 4",
		"tags IS EMPTY":               "3",
		"blank IS EMPTY":              "2",
		"tags IS NOT EMPTY":           "1 2 4",
		"o.k = x":                     "1 4",
		"o.k EXISTS":                  "1 3 4",
		"city STARTS WITH new":        "3",
		"(city = jilin)":              "2",
		"id IN [1,2] AND n > 10":      "2",
		"id = 1 OR id = 2 AND id = 3": "1",
		"(id = 1 OR id = 2) AND (n > 10 OR ok = true)": "1 2",
		"NOT (id = 1 OR id = 2)":                       "3 4",
		"id=1 OR id=2":                                 "1 2",
		"city = none":                                  "",
		`city = 'it\'s'`:                               "",
	} {
		res := search(t, ix, "crane", meilisearch.SearchRequest{Filter: f, Sort: []string{"id:asc"}})
		equal(t, f, ids(t, res.Hits), want)
	}
}

func testFilterForms(t *testing.T, e *engine) {
	ix := e.index(t, peopleSettings, people...)
	for _, c := range []struct {
		filter any
		want   string
	}{
		{nil, "1 2 3 4"},
		{[]any{}, "1 2 3 4"},
		{[]any{"tags = a", "n = 10"}, "1 4"},
		{[]any{[]any{"id = 1", "id = 2"}, "tags = b"}, "1 2"},
		{[]string{"tags = b", "ok = true"}, "1"},
		{[][]string{{"id = 1", "id = 3"}, {"n < 0", "ok = false"}}, "3"},
		{[]any{"id = 1 OR id = 2", []string{"ok = true"}}, "1"},
	} {
		res := search(t, ix, "", meilisearch.SearchRequest{Filter: c.filter, Sort: []string{"id:asc"}})
		equal(t, canonical(t, c.filter), ids(t, res.Hits), c.want)
	}
}

func testFilterRefused(t *testing.T, e *engine) {
	ix := e.index(t, peopleSettings, people...)
	for _, f := range []any{
		"name = crane", "city", "city =", "= jilin", "city = jilin AND", "city = jilin city = x", "(city = jilin", "city = 'jilin",
		"city IN [a", "city IN a", "n TO 5", "city = jilin)", "AND", "city = AND", "city IS", "_geoRadius(1, 2)",
		strings.Repeat("(", 10_000) + "id = 1" + strings.Repeat(")", 10_000), 5, []any{5},
	} {
		_, err := ix.Search("", &meilisearch.SearchRequest{Filter: f})
		refused(t, err, 400, "invalid_search_filter")
	}
}

func testGeo(t *testing.T, e *engine) {
	ix := e.index(t, peopleSettings,
		doc{"id": "changchun", "_geo": doc{"lat": 43.88, "lng": 125.32}}, doc{"id": "jilin", "_geo": doc{"lat": 43.84, "lng": 126.55}},
		doc{"id": "nowhere"}, doc{"id": "tonghua", "_geo": doc{"lat": 41.73, "lng": 125.94}})
	near := search(t, ix, "", meilisearch.SearchRequest{Filter: "_geoRadius(43.88, 125.32, 120000)", Sort: []string{"_geoPoint(43.88, 125.32):asc"}})
	equal(t, "radius", ids(t, near.Hits), "changchun jilin")
	equal(t, "distance", string(near.Hits[0]["_geoDistance"]), "0")
	box := search(t, ix, "", meilisearch.SearchRequest{Filter: "_geoBoundingBox([44, 126], [41, 125])", Sort: []string{"id:asc"}})
	equal(t, "box", ids(t, box.Hits), "changchun tonghua")
	all := search(t, ix, "", meilisearch.SearchRequest{Sort: []string{"_geoPoint(41.73, 125.94):desc"}})
	equal(t, "far first", ids(t, all.Hits), "changchun jilin tonghua nowhere")
	info, err := ix.AddDocuments([]doc{{"id": "bad", "_geo": doc{"lat": 43, "lng": "east"}}}, nil)
	e.failed(t, "invalid_document_geo_field", info, err)
}

func testFacets(t *testing.T, e *engine) {
	ix := e.index(t, peopleSettings, people...)
	res := search(t, ix, "crane", meilisearch.SearchRequest{Facets: []string{"tags", "n", "ok", "blank"}, Filter: "id IN [1, 3]"})
	same(t, "facets", res.FacetDistribution, map[string]any{
		"tags": map[string]int{"a": 1, "b": 1}, "n": map[string]int{"-3": 1, "10": 1}, "ok": map[string]int{"true": 1}, "blank": map[string]int{},
	})
	same(t, "stats", res.FacetStats, map[string]any{"n": map[string]int{"min": -3, "max": 10}})
	res = search(t, ix, "nothing-like-it", meilisearch.SearchRequest{Facets: []string{"tags"}})
	same(t, "of no hits", res.FacetDistribution, map[string]any{"tags": map[string]int{}})
	_, err := ix.Search("", &meilisearch.SearchRequest{Facets: []string{"name"}})
	refused(t, err, 400, "invalid_search_facets")
}

func testFacetOrder(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"k"}, Faceting: &meilisearch.Faceting{MaxValuesPerFacet: 2}},
		doc{"id": 1, "k": "c"}, doc{"id": 2, "k": "c"}, doc{"id": 3, "k": "b"}, doc{"id": 4, "k": "a"})
	res := search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"k"}})
	same(t, "by name", res.FacetDistribution, map[string]any{"k": map[string]int{"a": 1, "b": 1}})
	info, err := ix.UpdateFaceting(&meilisearch.Faceting{MaxValuesPerFacet: 1, SortFacetValuesBy: map[string]meilisearch.SortFacetType{"k": meilisearch.SortFacetTypeCount}})
	e.done(t, info, err)
	res = search(t, ix, "", meilisearch.SearchRequest{Facets: []string{"k"}})
	same(t, "by count", res.FacetDistribution, map[string]any{"k": map[string]int{"c": 2}})
}

func testSort(t *testing.T, e *engine) {
	ix := e.index(t, peopleSettings, people...)
	for sort, want := range map[string]string{
		"id:desc": "4 3 2 1", "day:asc": "3 1 2 4", "day:desc": "2 1 3 4", "city:asc,id:asc": "1 2 3 4",
	} {
		res := search(t, ix, "", meilisearch.SearchRequest{Sort: strings.Split(sort, ",")})
		equal(t, sort, ids(t, res.Hits), want)
	}
	res := search(t, ix, "", meilisearch.SearchRequest{Sort: []string{"n:desc"}, Filter: "id IN [1, 2, 3]"})
	equal(t, "numbers", ids(t, res.Hits), "2 1 3")
	for _, bad := range []string{"name:asc", "id", "id:up", ""} {
		_, err := ix.Search("", &meilisearch.SearchRequest{Sort: []string{bad}})
		refused(t, err, 400, "invalid_search_sort")
	}
}

func testRules(t *testing.T, e *engine) {
	docs := []doc{{"id": "1", "title": "crane", "day": 1}, {"id": "2", "body": "crane", "day": 3}, {"id": "3", "title": "crane", "day": 2}}
	s := &meilisearch.Settings{SearchableAttributes: []string{"title", "body"}, SortableAttributes: []string{"day"}}
	ix := e.index(t, s, docs...)
	byDay := meilisearch.SearchRequest{Sort: []string{"day:desc"}}
	equal(t, "relevance first", ids(t, search(t, ix, "crane", byDay).Hits), "3 1 2")
	info, err := ix.UpdateSettings(&meilisearch.Settings{RankingRules: []string{"sort", "words", "typo", "proximity", "attribute", "exactness"}})
	e.done(t, info, err)
	equal(t, "sort first", ids(t, search(t, ix, "crane", byDay).Hits), "2 3 1")
	info, err = ix.UpdateSettings(&meilisearch.Settings{RankingRules: []string{"words", "day:asc"}})
	e.done(t, info, err)
	equal(t, "a rule of its own", ids(t, search(t, ix, "crane", meilisearch.SearchRequest{}).Hits), "1 3 2")
	_, err = ix.Search("", &byDay)
	refused(t, err, 400, "invalid_search_sort")
}
