package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type object = map[string]any

// reference is an index done naively: all documents in a map, every question answered by looking at each.
type reference map[string]object

func values(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		if v == "" {
			return nil
		}
	case []any:
		var out []any
		for _, e := range v {
			out = append(out, values(e)...)
		}
		return out
	}
	return []any{v}
}

func written(v any) string {
	if f, ok := v.(float64); ok {
		return formatNumber(f)
	}
	return fmt.Sprint(v)
}

// condition is a random test of one attribute: its text and its naive meaning.
type condition struct {
	text string
	pass func(object) bool
}

func anyOf(attr string, test func(any) bool) func(object) bool {
	return func(o object) bool { return slices.ContainsFunc(values(o[attr]), test) }
}

var attrs = []string{"s", "n", "m"}

func conditions(t *rapid.T, depth int) condition {
	if depth > 0 {
		switch rapid.IntRange(0, 3).Draw(t, "shape") {
		case 0:
			a, b := conditions(t, depth-1), conditions(t, depth-1)
			return condition{"(" + a.text + " AND " + b.text + ")", func(o object) bool { return a.pass(o) && b.pass(o) }}
		case 1:
			a, b := conditions(t, depth-1), conditions(t, depth-1)
			return condition{"(" + a.text + " OR " + b.text + ")", func(o object) bool { return a.pass(o) || b.pass(o) }}
		case 2:
			a := conditions(t, depth-1)
			return condition{"NOT (" + a.text + ")", func(o object) bool { return !a.pass(o) }}
		}
	}
	return leaf(t)
}

func leaf(t *rapid.T) condition {
	attr := rapid.SampledFrom(attrs).Draw(t, "attr")
	s := rapid.SampledFrom([]string{"a", "B", "长春", "1", "2", "-1.5", "true"}).Draw(t, "operand")
	n := float64(rapid.IntRange(-2, 4).Draw(t, "number"))
	has := func(want string) func(any) bool {
		return func(v any) bool { return strings.EqualFold(written(v), want) }
	}
	number := func(test func(float64) bool, text func(string) bool) func(object) bool {
		return anyOf(attr, func(v any) bool {
			if f, ok := v.(float64); ok {
				return test(f)
			}
			return text(strings.ToLower(written(v)))
		})
	}
	num := strconv.FormatFloat(n, 'f', -1, 64)
	switch rapid.IntRange(0, 9).Draw(t, "operator") {
	case 0:
		return condition{attr + " = '" + s + "'", anyOf(attr, has(s))}
	case 1:
		return condition{attr + " != '" + s + "'", func(o object) bool { return !anyOf(attr, has(s))(o) }}
	case 2:
		return condition{attr + " IN [a, '" + s + "']", func(o object) bool { return anyOf(attr, has(s))(o) || anyOf(attr, has("a"))(o) }}
	case 3:
		return condition{attr + " > " + num, number(func(f float64) bool { return f > n }, func(s string) bool { return s > num })}
	case 4:
		return condition{attr + " <= " + num, number(func(f float64) bool { return f <= n }, func(s string) bool { return s <= num })}
	case 5:
		return condition{attr + " -1 TO " + num, number(func(f float64) bool { return f >= -1 && f <= n }, func(s string) bool { return s >= "-1" && s <= num })}
	case 6:
		return condition{attr + " EXISTS", func(o object) bool { _, ok := o[attr]; return ok }}
	case 7:
		return condition{attr + " IS NULL", func(o object) bool { v, ok := o[attr]; return ok && v == nil }}
	case 8:
		return condition{attr + " IS EMPTY", func(o object) bool {
			v, ok := o[attr]
			l, isList := v.([]any)
			return ok && (v == "" || isList && len(l) == 0)
		}}
	}
	return condition{attr + " >= 'b'", anyOf(attr, func(v any) bool {
		_, isNumber := v.(float64)
		return !isNumber && strings.ToLower(written(v)) >= "b"
	})}
}

func scalars(t *rapid.T) any {
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		return float64(rapid.IntRange(-2, 4).Draw(t, "number"))
	case 1:
		return -1.5
	case 2:
		return rapid.Bool().Draw(t, "bool")
	}
	return rapid.SampledFrom([]string{"a", "b", "c", "长春", "1", ""}).Draw(t, "string")
}

func randomObject(t *rapid.T, id string) object {
	o := object{"id": id}
	for _, a := range attrs {
		switch rapid.IntRange(0, 4).Draw(t, "presence") {
		case 0:
		case 1:
			o[a] = nil
		case 2:
			list := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "length") {
				list = append(list, scalars(t))
			}
			o[a] = list
		default:
			o[a] = scalars(t)
		}
	}
	return o
}

func openStore(t interface {
	Helper()
	Fatal(...any)
}, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var facetSettings = func() Settings {
	s := DefaultSettings()
	s.FilterableAttributes, s.SortableAttributes = attrs, attrs
	return s
}()

func write(t interface {
	Helper()
	Fatal(...any)
}, ix *Index, removed []string, docs ...object) {
	t.Helper()
	var raws []json.RawMessage
	for _, d := range docs {
		raws = append(raws, mustJSON(d))
	}
	parsed, key, err := ix.Parse(raws, "id")
	if err != nil {
		t.Fatal(err)
	}
	var ops []Op
	for i := range parsed {
		ops = append(ops, Op{ID: parsed[i].ID(), Document: &parsed[i]})
	}
	for _, id := range removed {
		ops = append(ops, Op{ID: id})
	}
	if err := ix.Write(ops, key, time.Now(), 1); err != nil {
		t.Fatal(err)
	}
}

// TestFiltersAgree: filters, counts and totals are what looking at every document gives, after any history of adding,
// replacing and removing, and again after the store was opened anew.
func TestFiltersAgree(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		dir := filepath.Join(root, strconv.Itoa(round))
		defer os.RemoveAll(dir)
		store := openStore(t, dir)
		defer func() { _ = store.Close() }()
		ix, err := store.Create("x", "id", time.Now(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "settings first") {
			configure(t, ix)
		}
		ref := reference{}
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			history(t, ix, ref)
		}
		configure(t, ix)
		agree(t, ix, ref)
		if rapid.Bool().Draw(t, "reopen") {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			store = openStore(t, dir)
			if ix, err = store.Index("x"); err != nil {
				t.Fatal(err)
			}
			history(t, ix, ref)
			agree(t, ix, ref)
		}
	})
}

func configure(t *rapid.T, ix *Index) {
	if err := ix.Configure(facetSettings, time.Now(), 1); err != nil {
		t.Fatal(err)
	}
}

func history(t *rapid.T, ix *Index, ref reference) {
	ids := rapid.SliceOfN(rapid.StringMatching("[a-f]"), 0, 8)
	var docs []object
	for _, id := range ids.Draw(t, "added") {
		d := randomObject(t, id)
		docs = append(docs, d)
		ref[id] = d
	}
	removed := ids.Draw(t, "removed")
	for _, id := range removed {
		delete(ref, id)
	}
	write(t, ix, removed, docs...)
}

func agree(t *rapid.T, ix *Index, ref reference) {
	for range 5 {
		c := conditions(t, 3)
		got, err := ask(ix, &Query{Filter: c.text, Facets: attrs, Limit: 100})
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		var want []string
		counts := map[string]map[string]int{"s": {}, "n": {}, "m": {}}
		for _, id := range slices.Sorted(maps.Keys(ref)) {
			if !c.pass(ref[id]) {
				continue
			}
			want = append(want, id)
			for _, a := range attrs {
				for v := range distinct(values(ref[id][a])) {
					counts[a][v]++
				}
			}
		}
		var have []string
		for _, h := range got.Hits {
			var d struct{ ID string }
			if err := json.Unmarshal(h, &d); err != nil {
				t.Fatal(err)
			}
			have = append(have, d.ID)
		}
		if !slices.Equal(have, want) || got.Total != len(want) {
			t.Fatalf("%s: got %v (%d), want %v", c.text, have, got.Total, want)
		}
		var facets map[string]map[string]int
		if err := json.Unmarshal(got.FacetDistribution, &facets); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(facets) != fmt.Sprint(counts) {
			t.Fatalf("%s: facets %v, want %v", c.text, facets, counts)
		}
	}
}

// distinct keeps a number and a string that is written like it apart, as the index does.
func distinct(vs []any) func(func(string) bool) {
	seen := map[any]bool{}
	return func(yield func(string) bool) {
		for _, v := range vs {
			if b, ok := v.(bool); ok {
				v = strconv.FormatBool(b)
			}
			if !seen[v] {
				seen[v] = true
				if !yield(written(v)) {
					return
				}
			}
		}
	}
}

// TestMend: full text that is behind the store, ahead of nothing, or gone altogether is made whole on opening.
func TestMend(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(t *testing.T, dir string, older string){
		"gone":   func(t *testing.T, dir, _ string) { remove(t, dir) },
		"behind": func(t *testing.T, dir, older string) { remove(t, dir); copyDir(t, older, dir) },
		"broken": func(t *testing.T, dir, _ string) {
			if err := os.WriteFile(filepath.Join(dir, "root.bolt"), []byte("nonsense"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, older := t.TempDir(), t.TempDir()
			store := openStore(t, dir)
			ix, err := store.Create("x", "id", time.Now(), 0)
			if err != nil {
				t.Fatal(err)
			}
			write(t, ix, nil, object{"id": "1", "title": "old one"}, object{"id": "2", "title": "old two"}, object{"id": "3", "title": "old three"})
			text := ix.textPath(ix.meta)
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			copyDir(t, text, older)
			store = openStore(t, dir)
			if ix, err = store.Index("x"); err != nil {
				t.Fatal(err)
			}
			write(t, ix, []string{"3"}, object{"id": "2", "title": "new two"}, object{"id": "4", "title": "new four"})
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			harm(t, text, older)
			store = openStore(t, dir)
			defer store.Close()
			if ix, err = store.Index("x"); err != nil {
				t.Fatal(err)
			}
			for q, want := range map[string]int{"old": 1, "new": 2, "two": 1, "three": 0, "four": 1, "": 3} {
				res, err := ask(ix, &Query{Q: q, Limit: 10, Strategy: "all"})
				if err != nil {
					t.Fatal(err)
				}
				if res.Total != want {
					t.Errorf("%q: %d hits, want %d", q, res.Total, want)
				}
			}
			if n, err := ix.text.reader.DocCount(); err != nil || n != 3 {
				t.Errorf("%d documents in the full text, %v", n, err)
			}
		})
	}
}

func remove(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func ask(ix *Index, q *Query) (*Result, error) {
	out, _, err := ix.store.Search([]Ask{{ix.meta.UID, q}})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// TestPacked: a document is what it was, also one that a store holds as it is.
func TestPacked(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 100, 121, 10_000} {
		doc := []byte(`{"a":"` + strings.Repeat("长春", n) + `"}`)
		small := pack(doc)
		if n == 10_000 && len(small) > len(doc)/10 {
			t.Errorf("%d bytes of %d", len(small), len(doc))
		}
		for _, stored := range [][]byte{small, doc} {
			if got, err := unpack(stored); err != nil || string(got) != string(doc) {
				t.Errorf("%d: %.40s, %v", n, got, err)
			}
		}
	}
}

// TestParts: what is looked at in parts, one a core, is what is looked at as one.
func TestParts(t *testing.T) {
	t.Parallel()
	store := openStore(t, t.TempDir())
	defer store.Close()
	ix, err := store.Create("x", "id", time.Now(), 1)
	if err != nil {
		t.Fatal(err)
	}
	const n = 5 * share
	var docs []object
	for i := range n {
		docs = append(docs, object{"id": strconv.Itoa(i), "title": []string{"有限空间作业票", "空间作业有限票", "有限空间和空间作业票"}[i%3]})
	}
	write(t, ix, nil, docs...)
	ix.meta.Settings.Pagination.MaxTotalHits = n
	for q, want := range map[string]int{"有限空间作业": n/3 + 1, "空间作业": n, "限空间和空间作": n / 3, `"作业有限"`: n/3 + 1} {
		res, err := ask(ix, &Query{Q: q, Strategy: "all"})
		if err != nil || res.Total != want {
			t.Errorf("%s: %v, %v, want %d", q, res, err, want)
		}
	}
}
