package engine

import (
	"math"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// posting is the set of slots that hold a value. One slot alone is kept in place: values such as ids have one each.
type posting struct {
	many *roaring.Bitmap
	one  uint32
	n    uint8 // 0 or 1 where many is nil
}

func (p *posting) add(slot uint32) {
	switch {
	case p.many != nil:
		p.many.Add(slot)
	case p.n == 0 || p.one == slot:
		p.one, p.n = slot, 1
	default:
		p.many = roaring.BitmapOf(p.one, slot)
		p.n = 0
	}
}

func (p *posting) remove(slot uint32) (empty bool) {
	if p.many != nil {
		p.many.Remove(slot)
		return p.many.IsEmpty()
	}
	if p.n == 1 && p.one == slot {
		p.n = 0
	}
	return p.n == 0
}

func (p *posting) addTo(b *roaring.Bitmap) {
	if p.many != nil {
		b.Or(p.many)
	} else if p.n == 1 {
		b.Add(p.one)
	}
}

func (p *posting) count(in *roaring.Bitmap) uint64 {
	if p.many != nil {
		return p.many.AndCardinality(in)
	}
	if p.n == 1 && in.Contains(p.one) {
		return 1
	}
	return 0
}

// entry is one distinct value of a column.
type entry struct {
	value
	key  string // norm(s) for strings
	docs posting
}

// column holds the values of one path for all documents. A value is stored once; a slot holds numbers of entries.
type column struct {
	exists, null, empty *roaring.Bitmap
	entries             []entry
	free                []uint32
	byKey               map[string]uint32
	byNum               map[float64]uint32
	one                 []uint32            // slot → entry + 1; 0: none or several
	several             map[uint32][]uint32 // slot → entries
	lat, lng            []float64           // of _geo: NaN where there is none
}

func newColumn() *column {
	return &column{
		exists: roaring.New(), null: roaring.New(), empty: roaring.New(),
		byKey: map[string]uint32{}, byNum: map[float64]uint32{}, several: map[uint32][]uint32{},
	}
}

func (c *column) entryOf(v value) uint32 {
	key := ""
	if v.num {
		if i, ok := c.byNum[v.n]; ok {
			return i
		}
	} else {
		key = norm(v.s)
		if i, ok := c.byKey[key]; ok {
			return i
		}
	}
	var i uint32
	if n := len(c.free); n > 0 {
		i = c.free[n-1]
		c.free = c.free[:n-1]
	} else {
		i = uint32(len(c.entries))
		c.entries = append(c.entries, entry{})
	}
	c.entries[i] = entry{value: v, key: key}
	if v.num {
		c.byNum[v.n] = i
	} else {
		c.byKey[key] = i
	}
	return i
}

func (c *column) drop(i, slot uint32) {
	e := &c.entries[i]
	if !e.docs.remove(slot) {
		return
	}
	if e.num {
		delete(c.byNum, e.n)
	} else {
		delete(c.byKey, e.key)
	}
	*e = entry{}
	c.free = append(c.free, i)
}

func (c *column) add(slot uint32, in *cell) {
	c.exists.Add(slot)
	if in.flags&flagNull != 0 {
		c.null.Add(slot)
	}
	if in.flags&flagEmpty != 0 {
		c.empty.Add(slot)
	}
	if in.flags&flagGeo != 0 {
		c.lat, c.lng = grow(c.lat, slot, math.NaN()), grow(c.lng, slot, math.NaN())
		c.lat[slot], c.lng[slot] = in.values[0].n, in.values[1].n
		return
	}
	for _, v := range in.values {
		i := c.entryOf(v)
		c.entries[i].docs.add(slot)
		c.append(slot, i)
	}
}

func grow[T any](s []T, slot uint32, fill T) []T {
	for uint32(len(s)) <= slot {
		s = append(s, fill)
	}
	return s
}

func (c *column) append(slot, i uint32) {
	c.one = grow(c.one, slot, 0)
	have := c.values(slot)
	for _, h := range have {
		if h == i {
			return
		}
	}
	if len(have) == 0 {
		c.one[slot] = i + 1
		return
	}
	c.several[slot] = append(append(make([]uint32, 0, len(have)+1), have...), i)
	c.one[slot] = 0
}

// values gives the entries of a slot; the result is read at once.
func (c *column) values(slot uint32) []uint32 {
	if slot >= uint32(len(c.one)) {
		return nil
	}
	if v := c.one[slot]; v != 0 {
		return []uint32{v - 1}
	}
	return c.several[slot]
}

func (c *column) remove(slot uint32) {
	c.exists.Remove(slot)
	c.null.Remove(slot)
	c.empty.Remove(slot)
	if slot < uint32(len(c.lat)) {
		c.lat[slot], c.lng[slot] = math.NaN(), math.NaN()
	}
	for _, i := range c.values(slot) {
		c.drop(i, slot)
	}
	if slot < uint32(len(c.one)) {
		c.one[slot] = 0
	}
	delete(c.several, slot)
}

// equal gives the documents with a value that s names, as a string or, where it is one, as a number.
func (c *column) equal(s string) *roaring.Bitmap {
	out := roaring.New()
	if i, ok := c.byKey[norm(s)]; ok {
		c.entries[i].docs.addTo(out)
	}
	if f, ok := parseNumber(s); ok {
		if i, ok := c.byNum[f]; ok {
			c.entries[i].docs.addTo(out)
		}
	}
	return out
}

// in gives the documents with one of the values; thousands of ids may be named.
func (c *column) in(values []string) *roaring.Bitmap {
	out := roaring.New()
	var single []uint32
	add := func(p *posting) {
		if p.many != nil {
			out.Or(p.many)
		} else if p.n == 1 {
			single = append(single, p.one)
		}
	}
	for _, s := range values {
		if i, ok := c.byKey[norm(s)]; ok {
			add(&c.entries[i].docs)
		}
		if len(c.byNum) == 0 {
			continue
		}
		if f, ok := parseNumber(s); ok {
			if i, ok := c.byNum[f]; ok {
				add(&c.entries[i].docs)
			}
		}
	}
	slices.Sort(single)
	out.AddMany(single)
	return out
}

// fewEntries is up to how many distinct values their sets are joined; with more, slots are looked through.
const fewEntries = 512

// where gives the documents with a value that holds true for match.
func (c *column) where(match func(*entry) bool) *roaring.Bitmap {
	out := roaring.New()
	if len(c.entries) <= fewEntries {
		for i := range c.entries {
			e := &c.entries[i]
			if e.live() && match(e) {
				e.docs.addTo(out)
			}
		}
		return out
	}
	hit := make([]bool, len(c.entries))
	for i := range c.entries {
		e := &c.entries[i]
		hit[i] = e.live() && match(e)
	}
	found := make(bitset, len(c.one)/64+1)
	for slot, v := range c.one {
		if v != 0 && hit[v-1] {
			found.set(uint32(slot))
		}
	}
	for slot, vs := range c.several {
		for _, v := range vs {
			if hit[v] {
				found.set(slot)
				break
			}
		}
	}
	return found.bitmap()
}

func (e *entry) live() bool { return e.docs.many != nil || e.docs.n > 0 }

// bitset is a dense set of slots.
type bitset []uint64

func newBits(n uint32) bitset { return make(bitset, n/64+1) }

func (b bitset) set(i uint32)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) has(i uint32) bool { return b[i>>6]&(1<<(i&63)) != 0 }

func (b bitset) bitmap() *roaring.Bitmap { return roaring.FromDense(b, true) }

func denseOf(r *roaring.Bitmap, n uint32) bitset {
	b := newBits(n)
	it := r.ManyIterator()
	var buf [256]uint32
	for k := it.NextMany(buf[:]); k > 0; k = it.NextMany(buf[:]) {
		for _, v := range buf[:k] {
			b.set(v)
		}
	}
	return b
}

func (b bitset) each(f func(uint32)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			f(uint32(i)<<6 + uint32(bits.TrailingZeros64(w)))
		}
	}
}

func (b bitset) count() (n uint64) {
	for _, w := range b {
		n += uint64(bits.OnesCount64(w))
	}
	return n
}
