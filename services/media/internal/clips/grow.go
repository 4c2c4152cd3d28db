package clips

import (
	"math"
	"slices"

	"github.com/Eyevinn/mp4ff/mp4"

	"songshui.internal/services/media/internal/sniff"
)

// growth adds fragments to a track's tables.
type growth struct {
	*track
	// shift is added to decoding times, after they began again.
	shift int64
	// counts and offsets are those of ctts, each says what each chunk holds.
	counts  []uint32
	offsets []int32
	each    []chunkOf
	// sync are the numbers of sync samples; partly says that there are others.
	sync   []uint32
	partly bool
}

type chunkOf struct{ samples, description uint32 }

// grow adds the samples of all fragments to the tracks, whatever belongs to others is passed over. The last fragment is left out where its samples aren't all there: a recording that broke off.
func grow(moov []byte, q question, tracks []*track, m *metadata) error {
	f := newFragments(moov)
	grown := map[uint32]*growth{}
	for _, t := range tracks {
		if f.left -= int(t.stsz.SampleNumber); f.left < 0 {
			return refuse(sniff.CodeTooDemanding, "")
		}
		timed := uint64(0)
		for _, n := range t.stts.SampleCount {
			timed += uint64(n)
		}
		if grown[t.tkhd.TrackID] != nil || timed != uint64(t.stsz.SampleNumber) {
			return damaged("two tracks of one number, or samples without times")
		}
		grown[t.tkhd.TrackID] = t.unfold()
	}
	for i, x := range q.Moofs {
		runs, err := f.runs(x)
		if err != nil {
			return err
		}
		noteFragment(x.body, m)
		runs = slices.DeleteFunc(runs, func(r run) bool { return grown[r.track] == nil || len(r.parts) == 0 })
		if slices.ContainsFunc(runs, func(r run) bool { return !inside(chunk{r.at, r.size}, q.Mdat) }) {
			if i == len(q.Moofs)-1 {
				m.broke = true
				continue
			}
			return damaged("a fragment's samples lie beyond the end")
		}
		for _, r := range runs {
			if err := grown[r.track].add(r); err != nil {
				return err
			}
		}
	}
	for _, g := range grown {
		if err := g.fold(); err != nil {
			return err
		}
	}
	return nil
}

func noteFragment(b []byte, m *metadata) {
	m.read(b)
	sniff.Boxes(b, func(name string, body []byte) {
		if name == "traf" {
			m.read(body)
		}
	})
}

// unfold takes the tables that the moov brought in a form that can grow.
func (t *track) unfold() *growth {
	g := &growth{track: t}
	n := t.stsz.SampleNumber
	if t.stsz.SampleUniformSize > 0 {
		t.stsz.SampleSize = slices.Repeat([]uint32{t.stsz.SampleUniformSize}, int(n))
		t.stsz.SampleUniformSize = 0
	}
	if n == 0 {
		t.stts = &mp4.SttsBox{}
	}
	left := n
	if t.ctts != nil {
		for i, offset := range t.ctts.SampleOffset {
			k := min(t.ctts.SampleCount(i), left)
			g.composed(k, offset)
			left -= k
		}
	}
	g.composed(left, 0)
	if g.partly = t.stss != nil && n > 0; g.partly {
		g.sync = slices.DeleteFunc(slices.Clone(t.stss.SampleNumber), func(i uint32) bool { return i > n })
	} else {
		for i := range n {
			g.sync = append(g.sync, i+1)
		}
	}
	for i, e := range t.stsc.Entries {
		end := len(t.chunks)
		if i+1 < len(t.stsc.Entries) {
			end = int(t.stsc.Entries[i+1].FirstChunk) - 1
		}
		g.each = append(g.each, slices.Repeat([]chunkOf{{e.SamplesPerChunk, t.stsc.GetSampleDescriptionID(i + 1)}}, max(0, min(end, len(t.chunks))-len(g.each)))...)
	}
	t.indexed, t.until = t.length, t.length
	return g
}

// composed adds composition offsets.
func (g *growth) composed(n uint32, offset int32) {
	last := len(g.counts) - 1
	switch {
	case n == 0:
	case last >= 0 && g.offsets[last] == offset:
		g.counts[last] += n
	default:
		g.counts, g.offsets = append(g.counts, n), append(g.offsets, offset)
	}
}

// add takes a run in. A sample that lasts until the next run begins is as long as that: holes in time lie at the end of a sample, and where a sample would reach into the next run it is cut short.
// Times that go back by more than one sample are of a recording that began anew, and go on where the track is.
func (g *growth) add(r run) error {
	if int(r.description) > len(g.entries) {
		return damaged("a fragment of no description")
	}
	now := int64(g.start + g.length)
	if late := r.decode + g.shift - now; r.decode >= 0 && late != 0 {
		switch last := len(g.stts.SampleTimeDelta) - 1; {
		case last < 0:
			g.start = uint64(r.decode)
		case -late < int64(g.stts.SampleTimeDelta[last]):
			if err := g.stretch(late); err != nil {
				return err
			}
		default:
			g.shift -= late
		}
	}
	const notSync, dependsOnOthers = 0x10000, 0x1000000
	for _, p := range r.parts {
		g.stsz.SampleSize = append(g.stsz.SampleSize, p.size)
		g.stsz.SampleNumber++
		g.composed(1, p.offset)
		if g.handler == video && p.flags&(notSync|dependsOnOthers) != 0 {
			g.partly = true
		} else {
			g.sync = append(g.sync, g.stsz.SampleNumber)
		}
		if end := int64(g.length) + int64(p.offset) + int64(p.duration); end > int64(g.until) {
			g.until = uint64(end)
		}
		g.timed(p.duration)
	}
	if g.length > 1<<50 {
		return damaged("the times of fragments")
	}
	g.placed(r)
	return nil
}

// timed adds a sample's duration.
func (g *growth) timed(d uint32) {
	t := g.stts
	last := len(t.SampleCount) - 1
	if last >= 0 && t.SampleTimeDelta[last] == d && t.SampleCount[last] < math.MaxUint32 {
		t.SampleCount[last]++
	} else {
		t.SampleCount, t.SampleTimeDelta = append(t.SampleCount, 1), append(t.SampleTimeDelta, d)
	}
	g.length += uint64(d)
}

// stretch makes the last sample longer, or shorter.
func (g *growth) stretch(by int64) error {
	t := g.stts
	last := len(t.SampleCount) - 1
	d := int64(t.SampleTimeDelta[last]) + by
	if d < 0 || d > math.MaxUint32 || t.SampleCount[last] == 0 {
		return damaged("a hole in time")
	}
	if t.SampleCount[last]--; t.SampleCount[last] == 0 {
		t.SampleCount, t.SampleTimeDelta = t.SampleCount[:last], t.SampleTimeDelta[:last]
	}
	g.length = uint64(int64(g.length) + by - d)
	g.timed(uint32(d))
	return nil
}

// placed adds a run's place: to the chunk before where it follows that at once.
func (g *growth) placed(r run) {
	n, last := uint32(len(r.parts)), len(g.chunks)-1
	if last >= 0 && g.chunks[last].at+g.chunks[last].size == r.at && g.each[last].description == r.description {
		g.chunks[last].size += r.size
		g.each[last].samples += n
		return
	}
	g.chunks = append(g.chunks, chunk{r.at, r.size})
	g.each = append(g.each, chunkOf{n, r.description})
}

// fold makes the boxes anew.
func (g *growth) fold() error {
	t := g.track
	t.ctts = nil
	if slices.ContainsFunc(g.offsets, func(n int32) bool { return n != 0 }) {
		t.ctts = &mp4.CttsBox{}
		if slices.Min(g.offsets) < 0 {
			t.ctts.Version = 1
		}
		if err := t.ctts.AddSampleCountsAndOffset(g.counts, g.offsets); err != nil {
			return err
		}
	}
	if t.stss = nil; g.partly {
		t.stss = &mp4.StssBox{SampleNumber: g.sync}
	}
	t.stsc = &mp4.StscBox{}
	for i, c := range g.each {
		if i > 0 && c == g.each[i-1] {
			continue
		}
		if err := t.stsc.AddEntry(uint32(i+1), c.samples, c.description); err != nil {
			return err
		}
	}
	return nil
}
