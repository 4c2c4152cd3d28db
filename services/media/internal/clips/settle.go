package clips

import (
	"math"
	"math/big"

	"github.com/Eyevinn/mp4ff/mp4"
)

// empty is the media time of an edit that shows nothing.
const empty = -1

// settle makes edit lists and lengths of tracks in fragments those of an ordinary file: one whose samples begin at 0. Where decoding times begin later, as in a part of a broadcast, the clip begins
// with the track that begins first, and the others begin as much later as they did.
func settle(mvhd *mp4.MvhdBox, kept []*track) {
	scale, late := mvhd.Timescale, false
	for _, t := range kept {
		late = late || t.start > 0
	}
	if late {
		scale = common(kept)
	}
	lists, first := make([][]mp4.ElstEntry, len(kept)), uint64(math.MaxUint64)
	for i, t := range kept {
		lists[i] = t.edits(mvhd.Timescale, scale)
		first = min(first, lead(lists[i]))
	}
	mvhd.Timescale, mvhd.Duration = scale, 0
	for i, t := range kept {
		list := lists[i]
		if late && first > 0 {
			if list[0].SegmentDuration -= first; list[0].SegmentDuration == 0 {
				list = list[1:]
			}
		}
		t.edit(list, scale)
		mvhd.Duration = max(mvhd.Duration, t.duration(scale))
	}
}

// common is a time scale in which every track's times are whole, if 32 bits can say it.
func common(kept []*track) uint32 {
	product := uint64(1)
	for _, t := range kept {
		a, b := product, uint64(t.mdhd.Timescale)
		for b > 0 {
			a, b = b, a%b
		}
		product *= uint64(t.mdhd.Timescale) / a
		if product > math.MaxInt32 {
			return kept[0].mdhd.Timescale
		}
	}
	return uint32(product)
}

// lead is how long nothing is shown at first.
func lead(list []mp4.ElstEntry) uint64 {
	if len(list) > 0 && list[0].MediaTime == empty {
		return list[0].SegmentDuration
	}
	return 0
}

// edits gives the edit list for samples that begin at 0, with lengths in the scale to. An edit without a length lasts to the end; so does the last one where it was written before the fragments were.
func (t *track) edits(from, to uint32) []mp4.ElstEntry {
	old := []mp4.ElstEntry{{MediaRateInteger: 1}}
	if t.elst != nil && len(t.elst.Entries) > 0 {
		old = t.elst.Entries
	}
	var out []mp4.ElstEntry
	blank := func(d uint64) {
		switch last := len(out) - 1; {
		case d == 0:
		case last >= 0 && out[last].MediaTime == empty:
			out[last].SegmentDuration += d
		default:
			out = append(out, mp4.ElstEntry{SegmentDuration: d, MediaTime: empty, MediaRateInteger: 1})
		}
	}
	end, own := t.start+t.until, t.mdhd.Timescale
	for i, e := range old {
		d := rescale(e.SegmentDuration, from, to)
		if e.MediaTime < 0 {
			blank(d)
			continue
		}
		m := uint64(e.MediaTime)
		if last := i == len(old)-1; last && (d == 0 || t.indexed > 0 && m+rescale(d, to, own)+uint64(own) >= t.indexed) {
			d = rescale(end-min(m, end), own, to)
		}
		gap := uint64(0)
		if m < t.start {
			gap = min(d, rescale(t.start-m, own, to))
		}
		blank(gap)
		if d > gap {
			out = append(out, mp4.ElstEntry{SegmentDuration: d - gap, MediaTime: int64(max(m, t.start) - t.start), MediaRateInteger: e.MediaRateInteger, MediaRateFraction: e.MediaRateFraction})
		}
	}
	return out
}

// edit gives a track its edit list, none where it says nothing, and its length.
func (t *track) edit(list []mp4.ElstEntry, scale uint32) {
	t.elst, t.tkhd.Duration = nil, 0
	if len(list) == 1 && list[0].MediaTime == 0 && list[0].MediaRateInteger == 1 && list[0].SegmentDuration >= rescale(t.until, t.mdhd.Timescale, scale) {
		return
	}
	if len(list) == 0 {
		// No edit list would show what this one hides.
		list = []mp4.ElstEntry{{SegmentDuration: 1, MediaTime: empty, MediaRateInteger: 1}}
	}
	t.elst = &mp4.ElstBox{Entries: list}
	for _, e := range list {
		t.tkhd.Duration += e.SegmentDuration
		if e.SegmentDuration > math.MaxUint32 || e.MediaTime > math.MaxInt32 {
			t.elst.Version = 1
		}
	}
}

// rescale turns a time into another scale, rounded up; beyond 62 bits it is cut.
func rescale(n uint64, from, to uint32) uint64 {
	const most = 1 << 62
	v := new(big.Int).Mul(new(big.Int).SetUint64(n), big.NewInt(int64(to)))
	v.Add(v, big.NewInt(int64(from)-1)).Quo(v, big.NewInt(int64(from)))
	if !v.IsUint64() || v.Uint64() > most {
		return most
	}
	return v.Uint64()
}
