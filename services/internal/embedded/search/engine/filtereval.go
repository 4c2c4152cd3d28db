package engine

import (
	"math"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

const earthRadius = 6_371_000 // metres

// filterable checks that every attribute of a filter is.
func (n *node) check(s *Settings) error {
	if n.attr != "" && !covers(s.FilterableAttributes, n.attr) {
		names := make([]string, len(s.FilterableAttributes))
		for i, a := range s.FilterableAttributes {
			names[i] = "`" + a + "`"
		}
		if len(names) == 0 {
			return filterError("Attribute `%s` is not filterable. This index does not have configured filterable attributes.", n.attr)
		}
		return filterError("Attribute `%s` is not filterable. Available filterable attribute patterns are: %s.", n.attr, strings.Join(names, ", "))
	}
	for _, c := range n.children {
		if err := c.check(s); err != nil {
			return err
		}
	}
	return nil
}

// filter evaluates a checked filter. The caller holds the lock and owns the result.
func (ix *Index) filter(n *node) *roaring.Bitmap {
	switch n.op {
	case opAnd:
		out := ix.live.Clone()
		for _, c := range n.children {
			if out.IsEmpty() {
				break
			}
			out.And(ix.filter(c))
		}
		return out
	case opOr:
		out := roaring.New()
		for _, c := range n.children {
			out.Or(ix.filter(c))
		}
		return out
	case opNot:
		return roaring.AndNot(ix.live, ix.filter(n.children[0]))
	}
	c := ix.cols[n.attr]
	if c == nil {
		c = newColumn()
	}
	return ix.condition(n, c)
}

func (ix *Index) condition(n *node, c *column) *roaring.Bitmap {
	switch n.op {
	case opEqual:
		return c.equal(n.values[0])
	case opNotEqual:
		return roaring.AndNot(ix.live, c.equal(n.values[0]))
	case opIn:
		return c.in(n.values)
	case opExists:
		return c.exists.Clone()
	case opNull:
		return c.null.Clone()
	case opEmpty:
		return c.empty.Clone()
	case opStartsWith:
		head := norm(n.values[0])
		return c.where(func(e *entry) bool { return !e.num && strings.HasPrefix(e.key, head) })
	case opGeoRadius, opGeoBox:
		return c.within(n)
	case opBetween:
		return c.where(both(compare(opGreaterEqual, n.values[0]), compare(opLessEqual, n.values[1])))
	}
	return c.where(compare(n.op, n.values[0]))
}

func both(a, b func(*entry) bool) func(*entry) bool {
	return func(e *entry) bool { return a(e) && b(e) }
}

// compare makes a test of order: of numbers if the operand is one, and of strings by their bytes in lower case whatever it is (as Meilisearch 1.50).
func compare(o op, operand string) func(*entry) bool {
	f, isNumber := parseNumber(operand)
	key := norm(operand)
	return func(e *entry) bool {
		if e.num {
			return isNumber && ordered(o, e.n, f)
		}
		return ordered(o, e.key, key)
	}
}

func ordered[T float64 | string](o op, a, b T) bool {
	switch o {
	case opLess:
		return a < b
	case opLessEqual:
		return a <= b
	case opGreater:
		return a > b
	}
	return a >= b
}

func (c *column) within(n *node) *roaring.Bitmap {
	var v [4]float64
	for i, s := range n.values {
		v[i], _ = parseNumber(s)
	}
	out := roaring.New()
	for slot, lat := range c.lat {
		if math.IsNaN(lat) {
			continue
		}
		lng := c.lng[slot]
		if n.op == opGeoRadius && distance(lat, lng, v[0], v[1]) <= v[2] || n.op == opGeoBox && inBox(lat, lng, v) {
			out.Add(uint32(slot))
		}
	}
	return out
}

// inBox takes top, right, bottom, left; a box whose left is east of its right crosses the 180th meridian.
func inBox(lat, lng float64, v [4]float64) bool {
	if lat > v[0] || lat < v[2] {
		return false
	}
	if v[3] <= v[1] {
		return v[3] <= lng && lng <= v[1]
	}
	return lng >= v[3] || lng <= v[1]
}

// distance is the great-circle distance in metres.
func distance(lat1, lng1, lat2, lng2 float64) float64 {
	const rad = math.Pi / 180
	dlat, dlng := (lat2-lat1)*rad/2, (lng2-lng1)*rad/2
	a := math.Sin(dlat)*math.Sin(dlat) + math.Cos(lat1*rad)*math.Cos(lat2*rad)*math.Sin(dlng)*math.Sin(dlng)
	return 2 * earthRadius * math.Asin(math.Min(1, math.Sqrt(a)))
}
