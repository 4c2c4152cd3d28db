package engine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// facetCount is a value of a facet and how many hits have it.
type facetCount struct {
	label string
	key   string
	n     uint64
}

// facets counts the values of each facet over the hits. The objects keep the order of the settings: by name or by count.
func (ix *Index) facets(names []string, hits bitset) (distribution, stats json.RawMessage, err error) {
	s := &ix.meta.Settings
	names, err = ix.facetNames(names)
	if err != nil {
		return nil, nil, err
	}
	docs := hits.bitmap()
	var dist, st bytes.Buffer
	dist.WriteByte('{')
	st.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			dist.WriteByte(',')
		}
		dist.Write(mustJSON(name))
		dist.WriteByte(':')
		c := ix.cols[name]
		if c == nil {
			dist.WriteString("{}")
			continue
		}
		counts, lo, hi, numbers := c.counts(docs)
		writeCounts(&dist, s.cut(name, counts))
		if numbers {
			if st.Len() > 1 {
				st.WriteByte(',')
			}
			st.Write(mustJSON(name))
			st.WriteString(`:{"min":` + formatNumber(lo) + `,"max":` + formatNumber(hi) + `}`)
		}
	}
	dist.WriteByte('}')
	st.WriteByte('}')
	return dist.Bytes(), st.Bytes(), nil
}

func (ix *Index) facetNames(names []string) ([]string, error) {
	s := &ix.meta.Settings
	var out []string
	for _, n := range names {
		if n == "*" {
			for path := range ix.cols {
				if path != "_geo" && covers(s.FilterableAttributes, path) {
					out = append(out, path)
				}
			}
			continue
		}
		if !covers(s.FilterableAttributes, n) {
			return nil, Errorf("invalid_search_facets", "Invalid facet distribution: Attribute `%s` is not filterable. Available filterable attributes patterns are: `%s`.", clip([]byte(n)), strings.Join(s.FilterableAttributes, ", "))
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// counts goes through the values or, if they are fewer, through the hits.
func (c *column) counts(docs *roaring.Bitmap) (out []facetCount, lo, hi float64, numbers bool) {
	note := func(e *entry, n uint64) {
		if n == 0 {
			return
		}
		out = append(out, facetCount{e.s, e.key, n})
		if e.num {
			if !numbers {
				lo, hi, numbers = e.n, e.n, true
			}
			lo, hi = min(lo, e.n), max(hi, e.n)
		}
	}
	if docs.GetCardinality() >= uint64(len(c.entries)) {
		for i := range c.entries {
			note(&c.entries[i], c.entries[i].docs.count(docs))
		}
		return out, lo, hi, numbers
	}
	seen := map[uint32]uint64{}
	it := docs.Iterator()
	for it.HasNext() {
		slot := it.Next()
		if slot >= uint32(len(c.one)) {
			break
		}
		if v := c.one[slot]; v != 0 {
			seen[v-1]++
			continue
		}
		for _, v := range c.several[slot] {
			seen[v]++
		}
	}
	for i, n := range seen {
		note(&c.entries[i], n)
	}
	return out, lo, hi, numbers
}

func (s *Settings) cut(name string, counts []facetCount) []facetCount {
	by, ok := s.Faceting.SortFacetValuesBy[name]
	if !ok {
		by = s.Faceting.SortFacetValuesBy["*"]
	}
	counts = joined(counts)
	slices.SortFunc(counts, func(a, b facetCount) int {
		c := 0
		if by == "count" {
			c = cmp.Compare(b.n, a.n)
		}
		return cmp.Or(c, strings.Compare(a.key, b.key), strings.Compare(a.label, b.label))
	})
	return counts[:min(len(counts), s.Faceting.MaxValuesPerFacet)]
}

// joined adds up a number and a string that are written alike.
func joined(counts []facetCount) []facetCount {
	at := make(map[string]int, len(counts))
	out := counts[:0]
	for _, c := range counts {
		if i, ok := at[c.label]; ok {
			out[i].n += c.n
			continue
		}
		at[c.label] = len(out)
		out = append(out, c)
	}
	return out
}

func writeCounts(b *bytes.Buffer, counts []facetCount) {
	b.WriteByte('{')
	for i, c := range counts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(mustJSON(c.label))
		b.WriteByte(':')
		b.WriteString(strconv.FormatUint(c.n, 10))
	}
	b.WriteByte('}')
}
