package contract

import (
	"encoding/json"
	"testing"

	"github.com/meilisearch/meilisearch-go"
)

const twelve = "one two three four five six seven eight nine ten eleven twelve"

// testCrop: a window of words around the most matches, with a marker where text is left out; without a match the first words.
func testCrop(t *testing.T, e *engine) {
	ix := e.index(t, &meilisearch.Settings{DisplayedAttributes: []string{"id", "title", "list", "n", "short"}},
		doc{"id": "1", "title": twelve, "list": []string{twelve, "seven"}, "n": 5, "short": "one two", "secret": twelve})
	for _, c := range []struct {
		q      string
		length int64
		want   string
	}{
		{"seven", 3, "…six seven eight…"}, {"seven", 4, "…five six seven eight…"}, {"one", 3, "one two three…"}, {"twelve", 3, "…ten eleven twelve"},
		{"five seven", 3, "…five six seven…"}, {"one seven eight", 2, "…seven eight…"}, {"", 3, "one two three…"}, {"seven", 12, twelve}, {"seven", 100, twelve},
		{"seven", 1, "…seven…"}, {`"six seven"`, 2, "…six seven…"}, {"seven", 0, "…three four five six seven eight nine ten eleven twelve"},
	} {
		hit := search(t, ix, c.q, meilisearch.SearchRequest{AttributesToCrop: []string{"title"}, CropLength: c.length}).Hits[0]
		if c.length > 0 { // without one it is 10 words; which they are is the engine's
			equal(t, c.q, shown(t, hit).Title, c.want)
		} else if got := []rune(shown(t, hit).Title); len(got) >= len([]rune(twelve)) || len(got) < 40 {
			t.Errorf("by default: %s", string(got))
		}
		same(t, "the hit itself", hit["title"], twelve)
	}
	hit := search(t, ix, "seven", meilisearch.SearchRequest{AttributesToCrop: []string{"title:2", "list"}, CropLength: 3, CropMarker: "[…]", AttributesToHighlight: []string{"title"},
		HighlightPreTag: "<mark>", HighlightPostTag: "</mark>"}).Hits[0]
	got := shown(t, hit)
	equal(t, "a length of its own, marked", got.Title, "[…]six <mark>seven</mark>[…]")
	same(t, "each of a list", got.List, []string{"[…]six seven eight[…]", "seven"})
	equal(t, "shorter than the window", got.Short, "one two")
	equal(t, "number", got.N, "5")

	hit = search(t, ix, "seven", meilisearch.SearchRequest{AttributesToRetrieve: []string{"id"}, AttributesToCrop: []string{"title", "secret"}, CropLength: 2}).Hits[0]
	same(t, "only what is retrieved", keys(hit), []string{"_formatted", "id"})
	same(t, "cropped too, but nothing hidden", hit["_formatted"], doc{"id": "1", "title": "…six seven…"})
	hit = search(t, ix, "seven", meilisearch.SearchRequest{AttributesToCrop: []string{"*"}, CropLength: 1}).Hits[0]
	equal(t, "all", shown(t, hit).Short, "one…")
	_, err := ix.SearchRaw("", &meilisearch.SearchRequest{AttributesToCrop: []string{"title"}, CropLength: -1})
	refused(t, err, 400, "invalid_search_crop_length")
}

type formatted struct {
	Title, Short, N string
	List            []string
}

func shown(t *testing.T, hit meilisearch.Hit) (f formatted) {
	t.Helper()
	if err := json.Unmarshal(hit["_formatted"], &f); err != nil {
		t.Fatal(err)
	}
	return f
}
