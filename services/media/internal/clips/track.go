package clips

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/Eyevinn/mp4ff/mp4"

	"songshui.internal/services/media/internal/sniff"
)

// Handlers of the tracks that are kept.
const (
	video = "vide"
	sound = "soun"
)

// track is one trak of a moov.
type track struct {
	handler string
	tkhd    *mp4.TkhdBox
	matrix  [9]int32
	mdhd    *mp4.MdhdBox
	elst    *mp4.ElstBox
	entries []entry

	stts *mp4.SttsBox
	ctts *mp4.CttsBox
	stss *mp4.StssBox
	stsc *mp4.StscBox
	stsz *mp4.StszBox

	chunks []chunk
	// length is the sum of stts in mdhd's time scale.
	length uint64

	// Of a track in fragments, in the same scale: start is the decoding time of the first sample, until the end of what is shown last, and indexed the length of what the moov names.
	start, until, indexed uint64
}

// chunk is a run of a track's samples that lie one behind the other.
type chunk struct {
	at, size int64
}

// readTrack reads a trak; nil for one that is neither video nor sound.
func readTrack(b []byte, q question, m *metadata) (*track, error) {
	t := &track{}
	hdlr := sniff.Inside(b, "mdia", "hdlr")
	if len(hdlr) < 12 {
		return nil, damaged("hdlr")
	}
	t.handler = string(hdlr[8:12])
	m.read(b)
	if len(hdlr) > 24 && plain(hdlr[24:]) != "" {
		m.note("HandlerDescription")
	}
	if t.handler != video && t.handler != sound {
		m.note(dropped(t.handler))
		return nil, nil
	}
	if err := t.headers(b); err != nil {
		return nil, err
	}
	if t.mdhd.CreationTime > 0 || t.mdhd.ModificationTime > 0 || t.tkhd.CreationTime > 0 || t.tkhd.ModificationTime > 0 {
		m.note("CreateDate")
	}
	stbl := sniff.Inside(b, "mdia", "minf", "stbl")
	var err error
	if t.entries, err = entries(sniff.Inside(stbl, "stsd"), t.handler); err != nil {
		return nil, err
	}
	if t.handler == video {
		if body := sniff.Inside(stbl, "stsd"); len(body) > 8+8+43 && body[8+8+42] > 0 {
			m.note("CompressorName")
		}
	}
	if err := t.tables(stbl, len(q.Moofs) > 0); err != nil {
		return nil, err
	}
	if len(q.Moofs) > 0 && t.stsz.SampleNumber == 0 {
		return t, nil
	}
	t.chunks, err = t.layout(stbl, q.Mdat)
	return t, err
}

// dropped names a track that isn't published.
func dropped(handler string) string {
	switch handler {
	case "tmcd":
		return "TimeCode"
	case "text", "sbtl", "subt", "clcp":
		return "TextTrack"
	}
	return "TimedMetadata"
}

func (t *track) headers(b []byte) (err error) {
	tkhd := sniff.Inside(b, "tkhd")
	if t.tkhd, err = decode[*mp4.TkhdBox]("tkhd", tkhd); err != nil {
		return err
	}
	if t.mdhd, err = decode[*mp4.MdhdBox]("mdhd", sniff.Inside(b, "mdia", "mdhd")); err != nil {
		return err
	}
	if t.elst, err = decode[*mp4.ElstBox]("elst", sniff.Inside(b, "edts", "elst")); err != nil {
		return err
	}
	if t.tkhd == nil || t.mdhd == nil || t.mdhd.Timescale == 0 {
		return damaged("a track without its headers")
	}
	t.matrix, err = matrixOf(tkhd, len(tkhd)-44)
	return err
}

// matrixOf reads the nine figures at an offset: 16.16, the last of each row 2.30.
func matrixOf(b []byte, at int) (m [9]int32, err error) {
	if at < 0 || len(b) < at+36 {
		return m, damaged("matrix")
	}
	for i := range m {
		m[i] = int32(binary.BigEndian.Uint32(b[at+4*i:]))
	}
	return m, nil
}

// tables reads the sample tables; a track in fragments may be without.
func (t *track) tables(stbl []byte, fragments bool) (err error) {
	if t.stts, err = decode[*mp4.SttsBox]("stts", sniff.Inside(stbl, "stts")); err != nil {
		return err
	}
	if t.ctts, err = decode[*mp4.CttsBox]("ctts", sniff.Inside(stbl, "ctts")); err != nil {
		return err
	}
	if t.stss, err = decode[*mp4.StssBox]("stss", sniff.Inside(stbl, "stss")); err != nil {
		return err
	}
	if t.stsc, err = decode[*mp4.StscBox]("stsc", sniff.Inside(stbl, "stsc")); err != nil {
		return err
	}
	if t.stsz, err = decode[*mp4.StszBox]("stsz", sniff.Inside(stbl, "stsz")); err != nil {
		return err
	}
	if fragments && t.stsz == nil {
		t.stts, t.ctts, t.stss, t.stsc, t.stsz = &mp4.SttsBox{}, nil, nil, &mp4.StscBox{}, &mp4.StszBox{}
	}
	if t.stts == nil || t.stsc == nil || t.stsz == nil {
		return damaged("a track without its tables")
	}
	for i, n := range t.stts.SampleCount {
		t.length += uint64(n) * uint64(t.stts.SampleTimeDelta[i])
		if t.length > 1<<50 {
			return damaged("stts")
		}
	}
	return nil
}

func offsets(stbl []byte) ([]uint64, error) {
	if body := sniff.Inside(stbl, "stco"); body != nil {
		b, err := decode[*mp4.StcoBox]("stco", body)
		if err != nil {
			return nil, err
		}
		out := make([]uint64, len(b.ChunkOffset))
		for i, at := range b.ChunkOffset {
			out[i] = uint64(at)
		}
		return out, nil
	}
	b, err := decode[*mp4.Co64Box]("co64", sniff.Inside(stbl, "co64"))
	if err != nil || b == nil {
		if err == nil {
			err = damaged("no chunk offsets")
		}
		return nil, err
	}
	return b.ChunkOffset, nil
}

// layout gives the chunks with their sizes; each must lie in one of the mdat.
func (t *track) layout(stbl []byte, mdat []extent) ([]chunk, error) {
	at, err := offsets(stbl)
	if err != nil {
		return nil, err
	}
	out := make([]chunk, len(at))
	next, samples := 0, int(t.stsz.SampleNumber)
	for i, e := range t.stsc.Entries {
		end := len(at) + 1
		if i+1 < len(t.stsc.Entries) {
			end = min(end, int(t.stsc.Entries[i+1].FirstChunk))
		}
		if i == 0 && e.FirstChunk != 1 || i > 0 && e.FirstChunk <= t.stsc.Entries[i-1].FirstChunk || uint64(t.stsc.GetSampleDescriptionID(i+1)) > uint64(len(t.entries)) {
			return nil, damaged("stsc")
		}
		for c := int(e.FirstChunk); c < end; c++ {
			n := int(e.SamplesPerChunk)
			if n > samples-next {
				return nil, damaged("stsc names more samples than there are")
			}
			out[c-1] = chunk{int64(at[c-1]), t.bytes(next, n)}
			next += n
			if !inside(out[c-1], mdat) {
				return nil, damaged("samples lie beyond the end")
			}
		}
	}
	if next != samples || len(at) > 0 && len(t.stsc.Entries) == 0 {
		return nil, damaged("stsc names fewer samples than there are")
	}
	return out, nil
}

// bytes sums the sizes of n samples.
func (t *track) bytes(from, n int) int64 {
	if t.stsz.SampleUniformSize > 0 {
		return int64(n) * int64(t.stsz.SampleUniformSize)
	}
	sum := int64(0)
	for _, size := range t.stsz.SampleSize[from : from+n] {
		sum += int64(size)
	}
	return sum
}

func inside(c chunk, mdat []extent) bool {
	if c.size == 0 {
		return true
	}
	i, exact := slices.BinarySearchFunc(mdat, c.at, func(e extent, at int64) int { return int(min(1, max(-1, e.Start-at))) })
	if !exact {
		i--
	}
	return i >= 0 && c.at >= mdat[i].Start && c.size <= mdat[i].End-c.at
}

// seconds is the length of the track's samples.
func (t *track) seconds() float64 { return float64(t.length) / float64(t.mdhd.Timescale) }

// duration is what the track's header says in the movie's time scale; where that is unknown, or more than there is to show, the length of its samples.
func (t *track) duration(movieScale uint32) uint64 {
	length := uint64(t.seconds() * float64(movieScale))
	edited := uint64(0)
	if t.elst != nil {
		for _, e := range t.elst.Entries {
			edited += min(e.SegmentDuration, math.MaxUint32)
		}
	}
	if d := t.tkhd.Duration; d > 0 && d <= max(length, edited)+uint64(movieScale) {
		return d
	}
	return length
}

// hides says that an edit list keeps more than a second of the track from being shown: what somebody cut off must not be published.
func (t *track) hides(movieScale uint32) bool {
	if t.elst == nil || len(t.elst.Entries) == 0 || movieScale == 0 {
		return false
	}
	shown := 0.0
	for _, e := range t.elst.Entries {
		if e.MediaTime >= 0 {
			shown += float64(e.SegmentDuration) / float64(movieScale)
		}
	}
	// A length of 0 means to the end.
	if last := t.elst.Entries[len(t.elst.Entries)-1]; last.SegmentDuration == 0 && last.MediaTime >= 0 {
		shown += t.seconds() - float64(last.MediaTime)/float64(t.mdhd.Timescale)
	}
	return t.seconds()-shown > 1
}

// rotation gives degrees counter-clockwise as ffprobe does, of the track's matrix times the movie's.
func rotation(track, movie [9]int32) int {
	f := func(m [9]int32, i int) float64 { return float64(m[i]) / 65536 }
	a := f(track, 0)*f(movie, 0) + f(track, 1)*f(movie, 3)
	b := f(track, 0)*f(movie, 1) + f(track, 1)*f(movie, 4)
	c := f(track, 3)*f(movie, 0) + f(track, 4)*f(movie, 3)
	d := f(track, 3)*f(movie, 1) + f(track, 4)*f(movie, 4)
	across, down := math.Hypot(a, c), math.Hypot(b, d)
	if across == 0 || down == 0 {
		return 0
	}
	r := -math.Round(math.Atan2(b/down, a/across) * 180 / math.Pi)
	return int(r)
}
