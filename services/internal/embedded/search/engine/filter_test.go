package engine

import (
	"strings"
	"testing"
)

// FuzzFilter: a filter never panics, whatever it is; one that parses is understood alike inside brackets and when negated twice.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		"", "a = b", "a != 'x y' AND NOT (b IN [1, \"2\",] OR c EXISTS)", "a 1 TO 2", "a IS NOT NULL", "a NOT IN []", "a STARTS WITH x",
		"_geoRadius(1, 2, 3)", "_geoBoundingBox([1,2],[3,4])", "((((", "a = 'it\\'s'", "长春 = 有限空间", "a CONTAINS b", "NOT", "a=1OR b=2",
	} {
		f.Add(s)
	}
	s := DefaultSettings()
	s.FilterableAttributes = []string{"*"}
	ix := &Index{meta: meta{Settings: s}, cols: map[string]*column{}, live: newBits(64).bitmap()}
	for slot := range uint32(8) {
		ix.enterForTest(slot)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseFilter(text)
		if err != nil || strings.TrimSpace(text) == "" {
			return
		}
		if err := n.check(&s); err != nil {
			t.Fatal(err)
		}
		got := ix.filter(n)
		for _, same := range []string{"(" + text + ")", "NOT (NOT (" + text + "))"} {
			m, err := parseFilter(same)
			if err != nil {
				if strings.Contains(err.Error(), "depth") {
					continue
				}
				t.Fatalf("%q: %v", same, err)
			}
			if !ix.filter(m).Equals(got) {
				t.Fatalf("%q differs from %q", same, text)
			}
		}
	})
}

func (ix *Index) enterForTest(slot uint32) {
	if ix.slots == nil {
		ix.slots = map[string]uint32{}
	}
	ix.enter(slot, &row{id: string(rune('a' + slot)), seq: uint64(slot) + 1, cells: []cell{
		{path: "a", values: []value{{s: string(rune('a' + slot%3))}, {num: true, n: float64(slot), s: formatNumber(float64(slot))}}},
	}})
}

func BenchmarkParseFilter(b *testing.B) {
	for b.Loop() {
		if _, err := parseFilter("visible_to IN ['office:changchun', supervisor, signed-in] AND (day >= 2026-06-01 AND day <= 2026-06-30) AND sector = 'wei-hua'"); err != nil {
			b.Fatal(err)
		}
	}
}
