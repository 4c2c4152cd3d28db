package clips

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/Eyevinn/mp4ff/mp4"
)

// newHead makes the file type, the moov and the header of the mdat. Nothing is carried over that isn't named here.
func newHead(mvhd *mp4.MvhdBox, matrix [9]int32, kept []*track, l layout, ftyp *mp4.FtypBox) ([]byte, error) {
	wide := uint64(l.payload) > math.MaxUint32-sizeOfMoov(kept)
	moov := mp4.NewMoovBox()
	moov.AddChild(movieHeader(mvhd, matrix, kept))
	tables := make([]*mp4.Co64Box, len(kept))
	for i, t := range kept {
		tables[i] = &mp4.Co64Box{ChunkOffset: make([]uint64, len(l.at[i]))}
		trak, err := newTrack(t, uint32(i+1), mvhd.Timescale, offsetBox(tables[i], wide))
		if err != nil {
			return nil, err
		}
		moov.AddChild(trak)
	}
	mdat := mdatHeader(l.payload)
	base := ftyp.Size() + moov.Size() + uint64(len(mdat))
	for i := range kept {
		for j, at := range l.at[i] {
			tables[i].ChunkOffset[j] = base + uint64(at)
		}
		stbl := moov.Traks[i].Mdia.Minf.Stbl
		stbl.Children[len(stbl.Children)-1] = offsetBox(tables[i], wide)
	}
	var out bytes.Buffer
	out.Grow(int(base))
	if err := ftyp.Encode(&out); err != nil {
		return nil, err
	}
	if err := moov.Encode(&out); err != nil {
		return nil, err
	}
	out.Write(mdat)
	if uint64(out.Len()) != base {
		return nil, damaged("a sample entry that doesn't keep its length")
	}
	return out.Bytes(), nil
}

// fileType is a copy's; what keeps the original's sample entries, which is for ffmpeg only, is a QuickTime file.
func fileType(rebuilt, soundOnly bool) *mp4.FtypBox {
	switch {
	case !rebuilt:
		return mp4.NewFtyp("qt  ", 0x200, []string{"qt  "})
	case soundOnly:
		return mp4.NewFtyp("M4A ", 0x200, []string{"M4A ", "isom", "iso2"})
	}
	return mp4.NewFtyp("isom", 0x200, []string{"isom", "iso2", "mp41"})
}

// sizeOfMoov is more than the new moov can have.
func sizeOfMoov(kept []*track) uint64 {
	sum := uint64(1 << 20)
	for _, t := range kept {
		sum += 8*uint64(len(t.chunks)) + t.stts.Size() + t.stsz.Size() + t.stsc.Size()
		if t.ctts != nil {
			sum += t.ctts.Size()
		}
		if t.stss != nil {
			sum += t.stss.Size()
		}
	}
	return sum
}

// offsetBox gives 32-bit offsets where they are enough.
func offsetBox(b *mp4.Co64Box, wide bool) mp4.Box {
	if wide {
		return b
	}
	out := &mp4.StcoBox{ChunkOffset: make([]uint32, len(b.ChunkOffset))}
	for i, at := range b.ChunkOffset {
		out.ChunkOffset[i] = uint32(at)
	}
	return out
}

func mdatHeader(payload int64) []byte {
	if payload <= math.MaxUint32-8 {
		return append(binary.BigEndian.AppendUint32(nil, uint32(payload+8)), "mdat"...)
	}
	return binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01mdat"), uint64(payload+16))
}

func movieHeader(old *mp4.MvhdBox, matrix [9]int32, kept []*track) mp4.Box {
	m := mp4.CreateMvhd()
	m.Timescale, m.NextTrackID = old.Timescale, uint32(len(kept)+1)
	for _, t := range kept {
		m.Duration = max(m.Duration, t.duration(old.Timescale))
	}
	if m.Duration > math.MaxUint32 {
		m.Version = 1
	}
	return withMatrix(m, matrix, 64)
}

// withMatrix gives a header the matrix that mp4ff doesn't keep, so many bytes before its end.
func withMatrix(b mp4.Box, matrix [9]int32, before int) mp4.Box {
	var out bytes.Buffer
	if err := b.Encode(&out); err != nil {
		return b
	}
	body := out.Bytes()[8:]
	for i, v := range matrix {
		binary.BigEndian.PutUint32(body[len(body)-before+4*i:], uint32(v))
	}
	return raw(b.Type(), body)
}

func newTrack(t *track, id, movieScale uint32, offsets mp4.Box) (*mp4.TrakBox, error) {
	const shown = 3 // enabled, in the movie
	tkhd := &mp4.TkhdBox{Version: 1, Flags: shown, TrackID: id, Duration: t.duration(movieScale), Layer: t.tkhd.Layer, Volume: t.tkhd.Volume, Width: t.tkhd.Width, Height: t.tkhd.Height}
	trak := mp4.NewTrakBox()
	trak.AddChild(withMatrix(tkhd, t.matrix, 44))
	if t.elst != nil && len(t.elst.Entries) > 0 {
		edts := &mp4.EdtsBox{}
		edts.AddChild(t.elst)
		trak.AddChild(edts)
	}
	mdia := mp4.NewMdiaBox()
	mdia.AddChild(&mp4.MdhdBox{Version: 1, Timescale: t.mdhd.Timescale, Duration: t.length, Language: undetermined})
	mdia.AddChild(&mp4.HdlrBox{HandlerType: t.handler})
	minf := mp4.NewMinfBox()
	if t.handler == video {
		minf.AddChild(mp4.CreateVmhd())
	} else {
		minf.AddChild(mp4.CreateSmhd())
	}
	dinf := &mp4.DinfBox{}
	dinf.AddChild(mp4.CreateDref())
	minf.AddChild(dinf)
	stbl, err := sampleTable(t, offsets)
	if err != nil {
		return nil, err
	}
	minf.AddChild(stbl)
	mdia.AddChild(minf)
	trak.AddChild(mdia)
	return trak, nil
}

// undetermined is the language und.
const undetermined = 0x55c4

// sampleTable keeps the order and the times of the samples; the offsets come last.
func sampleTable(t *track, offsets mp4.Box) (*mp4.StblBox, error) {
	stsd := mp4.NewStsdBox()
	for _, e := range t.entries {
		if e.box == nil {
			return nil, damaged("a sample entry that can't be made anew")
		}
		stsd.AddChild(e.box)
	}
	stbl := mp4.NewStblBox()
	stbl.AddChild(stsd)
	stbl.AddChild(t.stts)
	if t.ctts != nil {
		stbl.AddChild(t.ctts)
	}
	if t.stss != nil {
		stbl.AddChild(t.stss)
	}
	stbl.AddChild(t.stsc)
	stbl.AddChild(t.stsz)
	stbl.AddChild(offsets)
	return stbl, nil
}
