package contract

import (
	"encoding/json"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

// testPlaces: radius, frame and nearness, also across the 180th meridian, with coordinates as text, and without any.
func testPlaces(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{FilterableAttributes: []string{"_geo", "n"}, SortableAttributes: []string{"_geo", "id"}},
		doc{"id": "changchun", "n": 1, "_geo": doc{"lat": 43.88, "lng": 125.32}}, doc{"id": "jilin", "n": 1, "_geo": doc{"lat": "43.84", "lng": "126.55"}},
		doc{"id": "fiji", "n": 2, "_geo": doc{"lat": -17.8, "lng": 178.4}}, doc{"id": "samoa", "n": 2, "_geo": doc{"lat": -13.8, "lng": -171.8}},
		doc{"id": "nowhere", "n": 1, "_geo": nil}, doc{"id": "without", "n": 2})
	for f, want := range map[string]string{
		"_geoRadius(43.88, 125.32, 1)":                                 "changchun",
		"_geoRadius(43.88, 125.32, 90000)":                             "changchun",
		"_geoRadius(43.88, 125.32, 110000)":                            "changchun jilin",
		"_geoRadius(43.88, 125.32, 20037000)":                          "changchun fiji jilin samoa",
		"NOT _geoRadius(43.88, 125.32, 110000)":                        "fiji nowhere samoa without",
		"_geoBoundingBox([44, 127], [43, 125])":                        "changchun jilin",
		"_geoBoundingBox([43.88, 125.32], [43, 125])":                  "changchun",
		"_geoBoundingBox([0, -170], [-20, 170])":                       "fiji samoa",
		"_geoBoundingBox([0, 180], [-20, 170])":                        "fiji",
		"_geoBoundingBox([44, 127], [43, 125]) AND n = 2":              "",
		"_geoRadius(43.88, 125.32, 1) OR _geoRadius(-17.8, 178.4, 10)": "changchun fiji",
	} {
		equal(t, f, ids(t, search(t, ix, "", meilisearch.SearchRequest{Filter: f, Sort: []string{"id:asc"}}).Hits), want)
	}
	near := search(t, ix, "", meilisearch.SearchRequest{Sort: []string{"_geoPoint(43.88, 125.32):asc"}, Filter: "n = 1"})
	equal(t, "nearest first, nowhere last", ids(t, near.Hits), "changchun jilin nowhere")
	for i, within := range [][2]int{{0, 0}, {98_000, 99_500}} {
		var metres int
		if err := json.Unmarshal(near.Hits[i]["_geoDistance"], &metres); err != nil || metres < within[0] || metres > within[1] {
			t.Errorf("distance %d: %d m, %v", i, metres, err)
		}
	}
	if _, has := near.Hits[2]["_geoDistance"]; has {
		t.Error("nowhere has a distance")
	}
	if _, has := search(t, ix, "", meilisearch.SearchRequest{Filter: "_geoRadius(43.88, 125.32, 1)"}).Hits[0]["_geoDistance"]; has {
		t.Error("a distance without an order by it")
	}
	for _, bad := range []string{"_geoRadius(43.88, 125.32)", "_geoRadius(43.88, x, 5)", "_geoRadius(100, 125, 5)", "_geoRadius(43, 200, 5)", "_geoBoundingBox([44, 127])", "_geoBoundingBox([43, 127], [44, 125])", "_geoBoundingBox([91, 127], [43, 125])",
		"_geoBoundingBox([44, 181], [43, 125])", "_geoRadius(43.88, 125.32, 5", "_geoPoint(1, 2)", "_geo = 5"} {
		_, err := ix.Search("", &meilisearch.SearchRequest{Filter: bad})
		refused(t, err, 400, "invalid_search_filter")
	}
	for _, bad := range []string{"_geoPoint(43.88):asc", "_geoPoint(100, 125):asc", "_geoPoint(43, 181):asc", "_geoPoint(a, b):asc", "_geoPoint(43, 125)", "_geo:asc"} {
		_, err := ix.Search("", &meilisearch.SearchRequest{Sort: []string{bad}})
		refused(t, err, 400, "invalid_search_sort")
	}
	bare := e.index(t, nil, doc{"id": "1", "_geo": doc{"lat": 1, "lng": 1}})
	_, err := bare.Search("", &meilisearch.SearchRequest{Filter: "_geoRadius(1, 1, 1)"})
	refused(t, err, 400, "invalid_search_filter")
	_, err = bare.Search("", &meilisearch.SearchRequest{Sort: []string{"_geoPoint(1, 1):asc"}})
	refused(t, err, 400, "invalid_search_sort")
	for _, bad := range []any{doc{"lat": 1}, doc{"lat": 1, "lng": "east"}, "1,1", []any{1, 1}} { // degrees out of range are left open: 1.50 takes them
		info, err := ix.AddDocuments([]doc{{"id": "bad", "_geo": bad}}, nil)
		e.failed(t, "invalid_document_geo_field", info, err)
	}
}
