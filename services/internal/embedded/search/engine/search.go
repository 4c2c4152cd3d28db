package engine

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// Query is one search, checked for form but not against the settings.
type Query struct {
	Q         string
	Filter    any // nil, string, or []any
	Facets    []string
	Sort      []string
	Retrieve  []string // nil: all displayed
	Highlight []string
	Pre, Post string
	Positions bool
	SearchOn  []string // nil: all searchable
	Strategy  string   // last (default), all, frequency
	Offset    int
	Limit     int

	Crop       []string // attributes to crop: name, or name:words
	CropLength int      // words kept where Crop names no number
	CropMarker string
}

// Result is a page of hits. Total is exact, and at most pagination.maxTotalHits.
type Result struct {
	Took              time.Duration
	Hits              []json.RawMessage
	Total             int
	FacetDistribution json.RawMessage // nil unless asked for
	FacetStats        json.RawMessage
}

func positive(terms []term) []term {
	return slices.DeleteFunc(slices.Clone(terms), func(t term) bool { return t.exclude })
}

// fields lists what to search, the best place first. Under "*" all attributes stand alike.
func (ix *Index) fields(on []string) ([]field, error) {
	s := &ix.meta.Settings
	for _, a := range on {
		if a != "*" && !covers(s.SearchableAttributes, a) {
			return nil, Errorf("invalid_search_attributes_to_search_on", "Attribute `%s` is not searchable. Available searchable attributes are: `%s`.", clip([]byte(a)), strings.Join(s.SearchableAttributes, ", "))
		}
	}
	names, err := ix.text.reader.Fields()
	if err != nil {
		return nil, err
	}
	var out []field
	for _, n := range names {
		rank, ok := s.rank(n)
		if !ok || n == "_id" && !slices.Contains(s.SearchableAttributes, "_id") || on != nil && !covers(on, n) {
			continue
		}
		out = append(out, field{n, rank, !covers(s.TypoTolerance.DisableOnAttributes, n)})
	}
	slices.SortFunc(out, func(a, b field) int { return a.rank - b.rank })
	return out, nil
}

// match narrows hits to those that hold the query. Without a term to look for there are no costs.
func (ix *Index) match(terms []term, fields []field, hits bitset, strategy string) ([]cost, bitset, error) {
	m := &matcher{segs: ix.text.segs, fields: fields, settings: &ix.meta.Settings, nslots: uint32(len(ix.ids))}
	var wanted []term
	for i := range terms {
		if !terms[i].exclude {
			wanted = append(wanted, terms[i])
			continue
		}
		for w, b := range m.term(&terms[i], hits) {
			hits[w] &^= b
		}
	}
	if len(wanted) == 0 || m.err != nil {
		return nil, hits, m.err
	}
	m.costs = make([]cost, m.nslots)
	if strategy == "frequency" {
		wanted = m.rarestFirst(wanted, hits)
	}
	matched := hits
	for i := range wanted {
		found := m.term(&wanted[i], matched)
		if i == 0 || strategy == "all" {
			hits = found
		} else {
			left := cost(min(len(wanted)-i, math.MaxUint8)) << 56
			dropped := slices.Clone(matched)
			for w := range dropped {
				dropped[w] &^= found[w]
			}
			dropped.each(func(slot uint32) { m.costs[slot] += left })
		}
		matched = found
	}
	return m.costs, hits, m.err
}

func (m *matcher) rarestFirst(terms []term, hits bitset) []term {
	costs := m.costs
	m.costs = nil
	counts := make(map[int]uint64, len(terms))
	at := make([]int, len(terms))
	for i := range terms {
		counts[i], at[i] = m.term(&terms[i], hits).count(), i
	}
	m.costs = costs
	slices.SortStableFunc(at, func(a, b int) int { return int(int64(counts[a]) - int64(counts[b])) })
	out := make([]term, len(terms))
	for i, a := range at {
		out[i] = terms[a]
	}
	return out
}

// hits reads a page's documents and dresses them.
func (ix *Index) hits(page []uint32, q *Query, m *marker, fields []field) ([]json.RawMessage, error) {
	if out, ok := ix.named(page, q); ok {
		return out, nil
	}
	raws, err := ix.raw(page)
	if err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, len(raws))
	plain := q.Retrieve == nil && covers(ix.meta.Settings.DisplayedAttributes, "*") && len(q.Highlight) == 0 && len(q.Crop) == 0 && !q.Positions
	origin := ix.geoOrigin(q.Sort)
	for i, raw := range raws {
		if plain && origin == nil {
			out[i] = raw
			continue
		}
		doc, err := decodeObject(raw)
		if err != nil {
			return nil, err
		}
		hit := ix.dress(doc, q, m, fields)
		if origin != nil {
			if d, ok := ix.cols["_geo"].distance(page[i], origin[0], origin[1]); ok {
				hit["_geoDistance"] = int64(math.Round(d))
			}
		}
		if out[i], err = marshal(hit); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// named gives hits of which nothing but the id is wanted, without reading their documents. An id that may have been written as a number doesn't tell how it was.
func (ix *Index) named(page []uint32, q *Query) (out []json.RawMessage, ok bool) {
	if len(q.Retrieve) != 1 || q.Retrieve[0] != ix.meta.PrimaryKey || len(q.Highlight) > 0 || len(q.Crop) > 0 || q.Positions || !covers(ix.meta.Settings.DisplayedAttributes, ix.meta.PrimaryKey) || ix.geoOrigin(q.Sort) != nil {
		return nil, false
	}
	out = make([]json.RawMessage, len(page))
	for i, slot := range page {
		id := ix.ids[slot]
		if isNumber(strings.TrimPrefix(id, "-")) {
			return nil, false
		}
		raw, err := marshal(map[string]string{ix.meta.PrimaryKey: id})
		if err != nil {
			return nil, false
		}
		out[i] = raw
	}
	return out, true
}

// marshal writes JSON without escaping < and >, which would only cost: nothing here is put into HTML as it is.
func marshal(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return []byte(strings.TrimSuffix(b.String(), "\n")), err
}

func (ix *Index) geoOrigin(sort []string) *[2]float64 {
	for _, c := range sort {
		if at := strings.LastIndexByte(c, ':'); at >= 0 {
			if lat, lng, ok := geoPoint(c[:at]); ok {
				return &[2]float64{lat, lng}
			}
		}
	}
	return nil
}

func (ix *Index) dress(doc map[string]any, q *Query, m *marker, fields []field) map[string]any {
	displayed := ix.meta.Settings.DisplayedAttributes
	shown := doc
	if !slices.Contains(displayed, "*") {
		shown = pick("", doc, displayed)
	}
	hit := shown
	if q.Retrieve != nil && !slices.Contains(q.Retrieve, "*") {
		hit = pick("", shown, q.Retrieve)
	} else {
		hit = pick("", shown, []string{"*"})
	}
	if len(q.Highlight) > 0 || len(q.Crop) > 0 {
		hit["_formatted"] = newFormatter(m, q).format("", formatted(shown, hit, q))
	}
	if q.Positions {
		found := map[string][]position{}
		searched := map[string]bool{}
		for _, f := range fields {
			searched[f.name] = true
		}
		m.positions(found, "", shown, nil, func(p string) bool { return searched[p] })
		hit["_matchesPosition"] = found
	}
	return hit
}

// List gives documents in the order of their ids, or as sort says, that pass filter and, where given, are named in ids.
func (ix *Index) List(filter any, ids, sort []string, offset, limit int) (raws [][]byte, total int, err error) {
	n, err := parseFilter(filter)
	if err != nil {
		return nil, 0, err
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if err := n.check(&ix.meta.Settings); err != nil {
		return nil, 0, err
	}
	hits := denseOf(ix.filter(n), uint32(len(ix.ids)))
	if ids != nil {
		named := newBits(uint32(len(ix.ids)))
		for _, id := range ids {
			if slot, ok := ix.slots[id]; ok && hits.has(slot) {
				named.set(slot)
			}
		}
		hits = named
	}
	var rules []order
	for _, c := range sort {
		o, err := ix.criterion(c)
		if err != nil {
			return nil, 0, err
		}
		rules = append(rules, o)
	}
	slots := top(hits, offset+limit, func(a, b uint32) int {
		for _, r := range rules {
			if c := r(a, b); c != 0 {
				return c
			}
		}
		return strings.Compare(ix.ids[a], ix.ids[b])
	})
	raws, err = ix.raw(slots[min(offset, len(slots)):])
	return raws, int(hits.count()), err
}

// Matching lists the ids that pass a filter, nil for all.
func (ix *Index) Matching(filter any) ([]string, error) {
	n, err := parseFilter(filter)
	if err != nil {
		return nil, err
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if err := n.check(&ix.meta.Settings); err != nil {
		return nil, err
	}
	var out []string
	it := ix.filter(n).Iterator()
	for it.HasNext() {
		out = append(out, ix.ids[it.Next()])
	}
	return out, nil
}

// CheckFilter reports a filter that can't be read.
func CheckFilter(filter any) error {
	_, err := parseFilter(filter)
	return err
}

// Pick copies the named attributes of a document; nil and "*" mean all.
func Pick(raw []byte, attributes []string) ([]byte, error) {
	if attributes == nil || slices.Contains(attributes, "*") {
		return raw, nil
	}
	doc, err := decodeObject(raw)
	if err != nil {
		return nil, err
	}
	return marshal(pick("", doc, attributes))
}
