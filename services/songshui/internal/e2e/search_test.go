package e2e_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/samples"
)

var update = flag.Bool("update", false, "write the golden files anew")

type query struct {
	Q, Level       string
	MustInclude    []string `json:"must_include"`
	MustNotInclude []string `json:"must_not_include"`
}

func expected(t *testing.T) (queries []query, robust []string) {
	t.Helper()
	b, err := fs.ReadFile(samples.Files, "expected.json")
	must(t, err)
	var e struct {
		Queries []query
		Robust  []string `json:"robust_queries"`
	}
	must(t, json.Unmarshal(b, &e))
	return e.Queries, e.Robust
}

func search(t *testing.T, as, params string) portalapi.Found {
	t.Helper()
	r := call(t, as, http.MethodGet, "/api/v1/search?"+params, nil)
	var found portalapi.Found
	r.decode(t, &found)
	if r.status != http.StatusOK {
		t.Fatalf("search %s: %d %s", params, r.status, r.body)
	}
	return found
}

func TestQueries(t *testing.T) {
	t.Parallel()
	queries, robust := expected(t)
	asked := 0
	for _, q := range queries {
		if q.Level != "must" {
			continue
		}
		asked++
		var refs []string
		for _, h := range search(t, "supervisor", url.Values{"q": {q.Q}, "per_page": {"100"}}.Encode()).Hits {
			// Other tests submit cases of their own while this one runs.
			if _, ok := system.cases[h.Ref]; ok {
				refs = append(refs, h.Ref)
			}
		}
		last := -1
		for _, ref := range q.MustInclude {
			at := slices.Index(refs, ref)
			if at < 0 || at >= 10 {
				t.Errorf("%s doesn't find %s among the first ten: %q", q.Q, ref, refs)
			}
			last = max(last, at)
		}
		for _, ref := range q.MustNotInclude {
			if at := slices.Index(refs, ref); at >= 0 && at < last {
				t.Errorf("%s finds %s before what it must find: %q", q.Q, ref, refs)
			}
		}
	}
	if asked < 20 {
		t.Errorf("%d queries asked", asked)
	}
	for _, q := range robust {
		if r := call(t, "journalist", http.MethodGet, "/api/v1/search?"+url.Values{"q": {q}}.Encode(), nil); r.status >= 500 {
			t.Errorf("%.40q: %d %s", q, r.status, r.body)
		}
	}
}

func TestSearchParameters(t *testing.T) {
	t.Parallel()
	all := search(t, "journalist", "per_page=100&office=siping&office=liaoyuan")
	if all.Total != len(all.Hits) || all.Total != all.Facets["office"]["siping"]+all.Facets["office"]["liaoyuan"] || all.Facets["office"]["siping"] == 0 {
		t.Errorf("two offices: total %d, %d hits, %v", all.Total, len(all.Hits), all.Facets["office"])
	}
	for _, h := range all.Hits {
		if h.Office != "siping" && h.Office != "liaoyuan" || h.State != "exposed" || h.PublishedOn == "" || h.Title == "" {
			t.Errorf("%+v", h)
		}
	}
	for _, facet := range []string{"office", "sector", "category", "hazard_level", "level", "outlet", "state", "rectification_state"} {
		for slug, n := range all.Facets[facet] {
			if got := search(t, "journalist", "office=siping&office=liaoyuan&"+facet+"="+url.QueryEscape(slug)); facet != "office" && got.Total != n {
				t.Errorf("%s %s: %d, its facet says %d", facet, slug, got.Total, n)
			}
		}
		if len(all.Facets[facet]) == 0 {
			t.Errorf("no facet %s", facet)
		}
	}
	first, second := search(t, "journalist", "office=siping&office=liaoyuan&per_page=2"), search(t, "journalist", "office=siping&office=liaoyuan&per_page=2&page=2")
	if len(first.Hits) != 2 || len(second.Hits) != 2 || first.Hits[0].ID == second.Hits[0].ID || first.Total != all.Total {
		t.Errorf("pages: %+v, %+v", first.Hits, second.Hits)
	}
	day := all.Hits[0].PublishedOn
	for _, h := range search(t, "journalist", "office=siping&office=liaoyuan&from="+day+"&to="+day).Hits {
		if h.PublishedOn != day {
			t.Errorf("published on %s: %+v", day, h)
		}
	}
	marked := search(t, "journalist", "q="+url.QueryEscape("塔吊"))
	if len(marked.Hits) == 0 || !strings.Contains(fmt.Sprint(marked.Hits[0].Highlight), "<mark>塔吊</mark>") {
		t.Errorf("nothing is marked: %+v", marked.Hits)
	}
	for params, want := range map[string][2]string{"offfice=siping": {"offfice", "unknown_field"}, "per_page=101": {"per_page", "out_of_range"}, "page=x": {"page", "type"},
		"q=%ff": {"q", "encoding"}, "from=2026-13-01": {"from", "day"}, "sort=x": {"sort", "unknown_value"}} {
		p := call(t, "journalist", http.MethodGet, "/api/v1/search?"+params, nil).problem(t, http.StatusBadRequest, "bad_parameter")
		if named(p.Errors, want[0], want[1]) == nil {
			t.Errorf("%s: %+v", params, p.Errors)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/livez", "/readyz"} {
		r := call(t, "", http.MethodGet, path, nil)
		var said map[string]string
		r.decode(t, &said)
		if r.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
		for _, backing := range []string{"nats", "s3", "search"} {
			if path == "/readyz" && said[backing] != "ok" {
				t.Errorf("%s of %s: %v", backing, path, said)
			}
		}
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	r := call(t, "", http.MethodGet, "/api/openapi.json", nil)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Responses   map[string]struct{ Description string }
		}
	}
	r.decode(t, &doc)
	if r.status != http.StatusOK || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%d %.200s", r.status, r.body)
	}
	var lines []string
	for path, operations := range doc.Paths {
		for method, o := range operations {
			line := path + " " + method + " " + o.OperationID
			if strings.HasPrefix(path, "/files") || strings.HasPrefix(path, "/media/") || strings.HasPrefix(path, "/api/v1/media") {
				line += " " + strings.Join(slices.Sorted(maps.Keys(o.Responses)), " ")
			}
			for status, answer := range o.Responses {
				if answer.Description == "" {
					t.Errorf("%s %s: %s isn't described", path, method, status)
				}
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	golden(t, "openapi.txt", strings.Join(lines, "\n")+"\n")
}

// golden holds text against a golden file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join(system.testdata, name)
	if *update {
		must(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", name, got)
	}
}
