package engine

import (
	"cmp"
	"container/heap"
	"math"
	"strings"
)

// order compares two slots; negative if a comes first.
type order func(a, b uint32) int

// orderOf turns the ranking rules into one order. Cost rules count only where the query has words. The last resort is the
// document's id, so that an order never depends on when a document came.
func (ix *Index) orderOf(costs []cost, sort []string) (order, error) {
	s := &ix.meta.Settings
	var rules []order
	byCost := func(part func(cost) uint64) {
		if costs != nil {
			rules = append(rules, func(a, b uint32) int { return cmp.Compare(part(costs[a]), part(costs[b])) })
		}
	}
	sorted := false
	for _, r := range s.RankingRules {
		switch r {
		case "words":
			byCost(cost.words)
		case "typo":
			byCost(cost.typos)
		case "attribute", "attributeRank":
			byCost(cost.attribute)
		case "exactness":
			byCost(cost.inexact)
		case "proximity": // a term's tokens stand side by side already
		case "sort":
			sorted = true
			for _, c := range sort {
				o, err := ix.criterion(c)
				if err != nil {
					return nil, err
				}
				rules = append(rules, o)
			}
		default:
			name, dir, _ := strings.Cut(r, ":")
			rules = append(rules, ix.byColumn(name, dir == "desc"))
		}
	}
	if len(sort) > 0 && !sorted {
		return nil, Errorf("invalid_search_sort", "You must specify where `sort` is listed in the rankingRules setting to use the sort parameter at search time.")
	}
	return func(a, b uint32) int {
		for _, r := range rules {
			if c := r(a, b); c != 0 {
				return c
			}
		}
		return strings.Compare(ix.ids[a], ix.ids[b])
	}, nil
}

// criterion reads `attribute:asc`, `attribute:desc` or `_geoPoint(lat, lng):asc`.
func (ix *Index) criterion(c string) (order, error) {
	at := strings.LastIndexByte(c, ':')
	if at < 0 || c[at+1:] != "asc" && c[at+1:] != "desc" {
		return nil, Errorf("invalid_search_sort", "Invalid syntax for the sort parameter: expected expression ending by `:asc` or `:desc`, found `%s`.", clip([]byte(c)))
	}
	name, desc := c[:at], c[at+1:] == "desc"
	s := &ix.meta.Settings
	attr := name
	lat, lng, geo := geoPoint(name)
	switch {
	case geo:
		attr = "_geo"
	case name == "_geo" || strings.HasPrefix(name, "_geoPoint"):
		return nil, Errorf("invalid_search_sort", "Invalid syntax for the geo parameter: expected expression formatted like `_geoPoint(latitude, longitude)` and ending by `:asc` or `:desc`, found `%s`.", clip([]byte(c)))
	}
	if !covers(s.SortableAttributes, attr) {
		return nil, Errorf("invalid_search_sort", "Attribute `%s` is not sortable. Available sortable attributes are: `%s`.", clip([]byte(attr)), strings.Join(s.SortableAttributes, ", "))
	}
	if geo {
		return ix.byDistance(lat, lng, desc), nil
	}
	return ix.byColumn(attr, desc), nil
}

func geoPoint(s string) (lat, lng float64, ok bool) {
	in, ok := strings.CutPrefix(s, "_geoPoint(")
	if !ok || !strings.HasSuffix(in, ")") {
		return 0, 0, false
	}
	a, b, ok := strings.Cut(strings.TrimSuffix(in, ")"), ",")
	lat, ok1 := parseNumber(a)
	lng, ok2 := parseNumber(b)
	return lat, lng, ok && ok1 && ok2 && math.Abs(lat) <= 90 && math.Abs(lng) <= 180
}

func (ix *Index) byDistance(lat, lng float64, desc bool) order {
	c := ix.cols["_geo"]
	return func(a, b uint32) int {
		da, oka := c.distance(a, lat, lng)
		db, okb := c.distance(b, lat, lng)
		return directed(oka, okb, cmp.Compare(da, db), desc)
	}
}

func (c *column) distance(slot uint32, lat, lng float64) (float64, bool) {
	if c == nil || slot >= uint32(len(c.lat)) || math.IsNaN(c.lat[slot]) {
		return 0, false
	}
	return distance(c.lat[slot], c.lng[slot], lat, lng), true
}

// directed puts documents without a value last whichever way the others go.
func directed(hasA, hasB bool, c int, desc bool) int {
	switch {
	case !hasA && !hasB:
		return 0
	case !hasA:
		return 1
	case !hasB:
		return -1
	case desc:
		return -c
	}
	return c
}

// byColumn compares numbers before strings; of several values the smallest counts going up, the largest going down.
func (ix *Index) byColumn(name string, desc bool) order {
	c := ix.cols[name]
	if c == nil {
		return func(a, b uint32) int { return 0 }
	}
	return func(a, b uint32) int {
		ea, eb := c.extreme(a, desc), c.extreme(b, desc)
		if ea == nil || eb == nil {
			return directed(ea != nil, eb != nil, 0, desc)
		}
		return directed(true, true, ea.compare(eb), desc)
	}
}

func (c *column) extreme(slot uint32, largest bool) *entry {
	if slot >= uint32(len(c.one)) {
		return nil
	}
	if v := c.one[slot]; v != 0 {
		return &c.entries[v-1]
	}
	var best *entry
	for _, i := range c.several[slot] {
		if e := &c.entries[i]; best == nil || largest == (e.compare(best) > 0) {
			best = e
		}
	}
	return best
}

func (e *entry) compare(o *entry) int {
	switch {
	case e == o:
		return 0
	case e.num && o.num:
		return cmp.Compare(e.n, o.n)
	case e.num:
		return -1
	case o.num:
		return 1
	}
	return strings.Compare(e.key, o.key)
}

// top gives the first n of the hits in their order, without sorting the others.
func top(hits bitset, n int, by order) []uint32 {
	h := &worst{by: by}
	hits.each(func(slot uint32) {
		switch {
		case len(h.slots) < n:
			heap.Push(h, slot)
		case n > 0 && by(slot, h.slots[0]) < 0:
			h.slots[0] = slot
			heap.Fix(h, 0)
		}
	})
	out := make([]uint32, len(h.slots))
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = heap.Pop(h).(uint32)
	}
	return out
}

// worst is a heap with the last of its slots on top.
type worst struct {
	slots []uint32
	by    order
}

func (w *worst) Len() int           { return len(w.slots) }
func (w *worst) Less(i, j int) bool { return w.by(w.slots[i], w.slots[j]) > 0 }
func (w *worst) Swap(i, j int)      { w.slots[i], w.slots[j] = w.slots[j], w.slots[i] }
func (w *worst) Push(x any)         { w.slots = append(w.slots, x.(uint32)) }
func (w *worst) Pop() any {
	last := w.slots[len(w.slots)-1]
	w.slots = w.slots[:len(w.slots)-1]
	return last
}
