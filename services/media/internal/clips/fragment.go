package clips

import (
	"encoding/binary"
	"math/bits"

	"songshui.internal/services/media/internal/sniff"
)

// maxSamples bounds the samples of a clip in fragments: three hours of 60 pictures and of 50 pieces of sound a second are 1.2 million.
const maxSamples = 2_000_000

// defaults are what a run's samples have where it says nothing else: the trex box's, then the tfhd box's.
type defaults struct {
	description, duration, size, flags uint32
}

// part is one sample of a run.
type part struct {
	duration, size, flags uint32
	// offset is from decoding to composition; where the box counts it unsigned, a value beyond 31 bits is a negative one of a writer that knew no better.
	offset int32
}

// run is a trun: samples of one track that lie one behind the other.
type run struct {
	track, description uint32
	at, size           int64
	// decode is the decoding time of the first sample, −1 where it isn't said.
	decode int64
	parts  []part
}

// fragments reads the content of moof boxes.
type fragments struct {
	trex map[uint32]defaults
	// left is how many samples may still come.
	left int
}

// newFragments reads the defaults from a moov's mvex.
func newFragments(moov []byte) *fragments {
	f := &fragments{trex: map[uint32]defaults{}, left: maxSamples}
	sniff.Boxes(sniff.Inside(moov, "mvex"), func(name string, body []byte) {
		if c := (&cursor{b: body}); name == "trex" && len(body) >= 24 {
			c.skip(4)
			f.trex[c.u32()] = defaults{c.u32(), c.u32(), c.u32(), c.u32()}
		}
	})
	return f
}

// runs gives a fragment's runs in their order; nothing says yet that they lie in the file.
func (f *fragments) runs(m moof) (out []run, err error) {
	next := m.at
	whole := sniff.Boxes(m.body, func(name string, body []byte) {
		if name != "traf" || err != nil {
			return
		}
		var more []run
		more, next, err = f.traf(body, m.at, next)
		out = append(out, more...)
	})
	if err == nil && !whole {
		err = damaged("moof")
	}
	return out, err
}

const (
	tfhdBase        = 0x1
	tfhdDescription = 0x2
	tfhdDuration    = 0x8
	tfhdSize        = 0x10
	tfhdFlags       = 0x20
	tfhdBaseIsMoof  = 0x20000

	trunOffset     = 0x1
	trunFirstFlags = 0x4
	trunDuration   = 0x100
	trunSize       = 0x200
	trunFlags      = 0x400
	trunComposed   = 0x800
)

// traf reads a track's part of a fragment that begins at moofAt. Without a base of its own it counts from where the track before it ended, next.
func (f *fragments) traf(b []byte, moofAt, next int64) ([]run, int64, error) {
	c := &cursor{b: sniff.Inside(b, "tfhd")}
	flags, first := c.u32(), run{track: c.u32(), decode: -1}
	d := f.trex[first.track]
	base := next
	if flags&tfhdBaseIsMoof != 0 {
		base = moofAt
	}
	if flags&tfhdBase != 0 {
		base = c.i64()
	}
	for _, v := range []struct {
		flag uint32
		to   *uint32
	}{{tfhdDescription, &d.description}, {tfhdDuration, &d.duration}, {tfhdSize, &d.size}, {tfhdFlags, &d.flags}} {
		if flags&v.flag != 0 {
			*v.to = c.u32()
		}
	}
	if t := (&cursor{b: sniff.Inside(b, "tfdt")}); len(t.b) > 0 {
		if first.decode = t.time(); t.short || first.decode > 1<<50 {
			return nil, 0, damaged("tfdt")
		}
	}
	if c.short || base < 0 || base > 1<<60 {
		return nil, 0, damaged("tfhd")
	}
	first.description = max(1, d.description)
	var out []run
	var err error
	next = base
	whole := sniff.Boxes(b, func(name string, body []byte) {
		if name != "trun" || err != nil {
			return
		}
		r := first
		if err = f.trun(body, d, base, next, &r); err == nil {
			next, first.decode = r.at+r.size, -1
			out = append(out, r)
		}
	})
	if err == nil && !whole {
		err = damaged("traf")
	}
	return out, next, err
}

// trun reads a run, which lies at next where it doesn't say how far it is from base.
func (f *fragments) trun(b []byte, d defaults, base, next int64, r *run) error {
	c := &cursor{b: b}
	flags, n := c.u32(), int64(c.u32())
	r.at = next
	if flags&trunOffset != 0 {
		r.at = base + int64(int32(c.u32()))
	}
	// The flags of the first sample count instead of the default, not instead of its own.
	firstFlags := d.flags
	if flags&trunFirstFlags != 0 {
		firstFlags = c.u32()
	}
	each := int64(4 * bits.OnesCount32(flags&(trunDuration|trunSize|trunFlags|trunComposed)))
	if c.short || r.at < 0 || n*each > int64(len(c.b)) {
		return damaged("trun")
	}
	if n > int64(f.left) {
		return refuse(sniff.CodeTooDemanding, "")
	}
	f.left -= int(n)
	r.parts = make([]part, n)
	for i := range r.parts {
		p := part{duration: d.duration, size: d.size, flags: d.flags}
		if i == 0 {
			p.flags = firstFlags
		}
		if flags&trunDuration != 0 {
			p.duration = c.u32()
		}
		if flags&trunSize != 0 {
			p.size = c.u32()
		}
		if flags&trunFlags != 0 {
			p.flags = c.u32()
		}
		if flags&trunComposed != 0 {
			p.offset = int32(c.u32())
		}
		r.parts[i] = p
		r.size += int64(p.size)
	}
	return nil
}

// cursor reads figures one behind the other; short says that there were too few bytes.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) skip(n int) []byte {
	if n > len(c.b) {
		c.short, c.b = true, nil
		return make([]byte, n)
	}
	head := c.b[:n]
	c.b = c.b[n:]
	return head
}

func (c *cursor) u32() uint32 { return binary.BigEndian.Uint32(c.skip(4)) }

func (c *cursor) i64() int64 { return int64(binary.BigEndian.Uint64(c.skip(8))) }

// time reads a full box's first figure: of 64 bits in version 1, else of 32.
func (c *cursor) time() int64 {
	if v := c.u32() >> 24; v != 1 {
		return int64(c.u32())
	}
	if t := c.i64(); t >= 0 {
		return t
	}
	c.short = true
	return 0
}
