package clips

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

// indexOf reads the tracks that a clip's moov names.
func indexOf(t testing.TB, clip []byte) (outer, []*track) {
	t.Helper()
	o, err := walk(bytes.NewReader(clip), int64(len(clip)))
	if err != nil {
		t.Fatal(err)
	}
	tracks, err := readTracks(clip[o.moov.Start:o.moov.End], question{Mdat: o.mdat, Moofs: o.moofs}, &metadata{private: map[string]bool{}})
	if err != nil {
		t.Fatal(err)
	}
	return o, tracks
}

// emptied gives a clip's moov without samples, with mvex.
func emptied(t testing.TB, clip []byte, o outer, tracks []*track, trex string) string {
	t.Helper()
	b, err := mp4.DecodeBox(0, bytes.NewReader(clip[o.moov.Start-8:o.moov.End]))
	if err != nil {
		t.Fatal(err)
	}
	moov := b.(*mp4.MoovBox)
	moov.Mvhd.Duration = 0
	for i, trak := range moov.Traks {
		s := mp4.NewStblBox()
		for _, c := range []mp4.Box{trak.Mdia.Minf.Stbl.Stsd, &mp4.SttsBox{}, &mp4.StscBox{}, &mp4.StszBox{}, &mp4.StcoBox{}} {
			s.AddChild(c)
		}
		trak.Mdia.Minf.Children[len(trak.Mdia.Minf.Children)-1], trak.Mdia.Minf.Stbl = s, s
		trak.Tkhd.Duration, trak.Mdia.Mdhd.Duration = 0, 0
		trak.Children[slices.Index(trak.Children, mp4.Box(trak.Tkhd))] = withMatrix(trak.Tkhd, tracks[i].matrix, 44)
		if trak.Edts != nil {
			for _, e := range trak.Edts.Elst {
				e.Entries[0].SegmentDuration = 0
			}
		}
	}
	var out bytes.Buffer
	if err := moov.Encode(&out); err != nil {
		t.Fatal(err)
	}
	return box("moov", out.String()[8:], box("mehd", u32(0, 1)), box("mvex", trex))
}

// inFragments makes a fragment of every chunk of a clip, so that the copy's samples must come in the original's order. The last fragment is of n bytes less.
func inFragments(t testing.TB, clip []byte, less int) []byte {
	t.Helper()
	o, tracks := indexOf(t, clip)
	type piece struct {
		chunk
		index, first, n int
	}
	var pieces []piece
	for i, tr := range tracks {
		first := 0
		for j, g := range tr.unfold().each {
			pieces = append(pieces, piece{tr.chunks[j], i, first, int(g.samples)})
			first += int(g.samples)
		}
	}
	slices.SortFunc(pieces, func(a, b piece) int { return int(a.at - b.at) })
	out := []byte(box("ftyp", "iso5", u32(0x200), "iso5mp42") + emptied(t, clip, o, tracks, box("trex", u32(0, 1, 1, 7, 7, 7))+box("trex", u32(0, 2, 1, 7, 7, 0))) + box("emsg", "SECRET at 43.9N"))
	for k, p := range pieces {
		tr := tracks[p.index]
		decode, _ := tr.stts.GetDecodeTime(uint32(p.first + 1))
		head := box("tfhd", u32(tfhdBaseIsMoof, tr.tkhd.TrackID)) + box("tfdt", u32(1<<24, uint32(decode>>32), uint32(decode)))
		run := ""
		for n := p.first; n < p.first+p.n; n++ {
			flags, offset := uint32(0x2000000), int32(0)
			if tr.stss != nil && !tr.stss.IsSyncSample(uint32(n+1)) {
				flags = 0x1010000
			}
			if tr.ctts != nil {
				offset = tr.ctts.GetCompositionTimeOffset(uint32(n + 1))
			}
			size := tr.stsz.SampleUniformSize
			if size == 0 {
				size = tr.stsz.SampleSize[n]
			}
			run += u32(tr.stts.GetDur(uint32(n+1)), size, flags, uint32(offset))
		}
		moof := func(at uint32) string {
			return box("moof", box("mfhd", u32(0, uint32(k+1))), box("traf", head, box("trun", u32(1<<24|trunOffset|trunDuration|trunSize|trunFlags|trunComposed, uint32(p.n), at), run), box("uuid", "SECRET SECRET SECRET")))
		}
		out = append(out, moof(uint32(len(moof(0))+8))...)
		out = append(out, box("mdat", string(clip[p.at:p.at+p.size]))...)
	}
	out = out[:len(out)-less]
	if less == 0 {
		out = append(out, box("mfra", box("mfro", u32(0, 16)))...)
	}
	return out
}

// A sample clip put into fragments comes out as it does without them.
func TestFragmentsLikeOrdinary(t *testing.T) {
	t.Parallel()
	k := clips(t, Tools{})
	for _, file := range []string{"wind-lift.mp4", "crane-portrait.mp4"} {
		clip := read(t, "media", file)
		b := inFragments(t, clip, 0)
		if err := sniff.CheckClip(bytes.NewReader(b), int64(len(b))); err != nil {
			t.Fatal(err)
		}
		want, err := render(t, k, kinds.Job{Original: original(t, clip)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := render(t, k, kinds.Job{Original: original(t, b)})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		x, y := indexed(t, want[NameClip].data), indexed(t, got[NameClip].data)
		if x != y {
			t.Errorf("%s: not the same samples:\n%.900s\n%.900s", file, x, y)
		}
		for _, w := range append([]string{"SECRET", "mvex"}, never...) {
			if bytes.Contains(got[NameClip].data[:len(got[NameClip].data)/2], []byte(w)) && !bytes.Contains(want[NameClip].data, []byte(w)) {
				t.Errorf("%s: holds %q", file, w)
			}
		}
		a, err := k.Examine(t.Context(), original(t, b))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := k.Examine(t.Context(), original(t, clip))
		if err != nil || math.Abs(float64(a.DurationMS-plain.DurationMS)) > 50 || fmt.Sprint(a.Streams, a.Width, a.Height, a.Rotation) != fmt.Sprint(plain.Streams, plain.Width, plain.Height, plain.Rotation) {
			t.Errorf("%s: %+v\nwant %+v", file, a, plain)
		}
		if !slices.Contains(a.Private, "UUID") || !slices.Contains(a.Private, "EventMessage") {
			t.Errorf("%s: private %v", file, a.Private)
		}
		// A recording that broke off in its last fragment is the same without it.
		cut := inFragments(t, clip, 1)
		c, err := k.Examine(t.Context(), original(t, cut))
		if err != nil || c.DurationMS > a.DurationMS || !slices.Equal(c.Warnings, []string{WarnBrokeOff}) || len(a.Warnings) > 0 {
			t.Errorf("%s: cut: %+v %v", file, c, err)
		}
		if out, err := render(t, k, kinds.Job{Original: original(t, cut)}); err != nil || len(out[NameClip].data) >= len(got[NameClip].data) || !bytes.HasPrefix(payload(t, got[NameClip].data), payload(t, out[NameClip].data)) {
			t.Errorf("%s: cut: %v", file, err)
		}
	}
}

func payload(t testing.TB, clip []byte) []byte {
	o, _ := indexOf(t, clip)
	return clip[o.mdat[0].Start:o.mdat[0].End]
}

// indexed writes down a copy's samples: their times, sizes, offsets and bytes.
func indexed(t testing.TB, clip []byte) string {
	o, tracks := indexOf(t, clip)
	var out strings.Builder
	for _, tr := range tracks {
		g := tr.unfold()
		fmt.Fprintln(&out, tr.handler, tr.mdhd.Timescale, tr.stts.SampleCount, tr.stts.SampleTimeDelta, g.counts, g.offsets, g.sync, len(tr.stsz.SampleSize), tr.chunks[0].at-o.mdat[0].Start, len(tr.chunks))
		if tr.elst != nil {
			fmt.Fprintln(&out, tr.elst.Entries[0].MediaTime)
		}
	}
	h := sumOf(clip[o.mdat[0].Start:o.mdat[0].End])
	fmt.Fprintln(&out, h)
	return out.String()
}

func sumOf(b []byte) (sum uint64) {
	for _, c := range b {
		sum = sum*1_000_003 + uint64(c)
	}
	return sum
}

func traf(parts ...string) string { return box("traf", parts...) }

// Defaults of trex, tfhd and trun, the three ways to say where samples lie, signed and unsigned offsets.
func TestRuns(t *testing.T) {
	t.Parallel()
	moov := []byte(box("mvex", box("trex", u32(0, 1, 2, 10, 100, 0x10000)), box("trex", u32(0, 2, 1, 20, 200, 0))))
	sized := func(track uint32, n uint32) string { return traf(box("tfhd", u32(0, track)), box("trun", u32(0, n))) }
	for _, c := range []struct {
		name, body, want string
	}{
		{"trex", sized(1, 2), "[track 1/2 at 1000 (200) -1: {10 100 65536 0} {10 100 65536 0}]"},
		{"tfhd", traf(box("tfhd", u32(tfhdDescription|tfhdDuration|tfhdSize|tfhdFlags, 1, 3, 11, 50, 5)), box("trun", u32(0, 1))), "[track 1/3 at 1000 (50) -1: {11 50 5 0}]"},
		{"trun", traf(box("tfhd", u32(tfhdSize, 1, 50)), box("tfdt", u32(0, 77)), box("trun", u32(trunOffset|trunFirstFlags|trunSize|trunComposed, 2, 8, 9, 1, 2, 3, 0xfffffffe))), "[track 1/2 at 1008 (4) 77: {10 1 9 2} {10 3 65536 -2}]"},
		{"after another", sized(1, 1) + sized(2, 1), "[track 1/2 at 1000 (100) -1: {10 100 65536 0} track 2/1 at 1100 (200) -1: {20 200 0 0}]"},
		{"base is moof", sized(1, 1) + traf(box("tfhd", u32(tfhdBaseIsMoof, 2)), box("trun", u32(trunOffset, 1, 16)), box("trun", u32(0, 1))), "[track 1/2 at 1000 (100) -1: {10 100 65536 0} track 2/1 at 1016 (200) -1: {20 200 0 0} track 2/1 at 1216 (200) -1: {20 200 0 0}]"},
		{"base offset", traf(box("tfhd", u32(tfhdBase, 1, 1, 0)), box("trun", u32(trunOffset, 1, 0xffffffff))), fmt.Sprintf("[track 1/2 at %d (100) -1: {10 100 65536 0}]", 1<<32-1)},
		{"no defaults", sized(9, 1), "[track 9/1 at 1000 (0) -1: {0 0 0 0}]"},
		{"64-bit time", traf(box("tfhd", u32(0, 1)), box("tfdt", u32(1<<24, 1, 0)), box("trun", u32(0, 0))), fmt.Sprintf("[track 1/2 at 1000 (0) %d:]", int64(1)<<32)},
		{"short trun", traf(box("tfhd", u32(0, 1)), box("trun", u32(trunSize, 2, 1))), "damaged"},
		{"negative", traf(box("tfhd", u32(tfhdBase, 1, 0x80000000, 0)), box("trun", u32(0, 1))), "damaged"},
		{"before the file", traf(box("tfhd", u32(0, 1)), box("trun", u32(trunOffset, 1, 0xfffffc00))), "damaged"},
		{"no tfhd", traf(box("trun", u32(0, 1))), "damaged"},
		{"cut box", sized(1, 1)[:20], "damaged"},
		{"too many", sized(1, maxSamples+1), sniff.CodeTooDemanding},
		{"too many together", sized(1, maxSamples/2) + sized(2, maxSamples/2+1), sniff.CodeTooDemanding},
	} {
		runs, err := newFragments(moov).runs(moof{at: 1000, body: []byte(c.body)})
		var got []string
		for _, r := range runs {
			s := fmt.Sprintf("track %d/%d at %d (%d) %d:", r.track, r.description, r.at, r.size, r.decode)
			for _, p := range r.parts[:min(len(r.parts), 3)] {
				s += fmt.Sprint(" ", p)
			}
			got = append(got, s)
		}
		if err != nil {
			if code(err) != c.want {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
			continue
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s:\n%v, want\n%s", c.name, got, c.want)
		}
	}
}

// Holes lengthen the sample before them, overlaps shorten it, and times that begin anew go on.
func TestTimes(t *testing.T) {
	t.Parallel()
	parts := func(durations ...uint32) (out []part) {
		for _, d := range durations {
			out = append(out, part{duration: d, size: 1})
		}
		return out
	}
	for _, c := range []struct {
		name  string
		runs  []run
		want  string
		start uint64
	}{
		{"one after another", []run{{decode: 0, parts: parts(10, 10)}, {decode: 20, parts: parts(10)}, {decode: -1, parts: parts(10)}}, "[4] [10] 40", 0},
		{"hole", []run{{decode: 0, parts: parts(10, 10)}, {decode: 50, parts: parts(10)}}, "[1 1 1] [10 40 10] 60", 0},
		{"overlap", []run{{decode: 0, parts: parts(10, 10)}, {decode: 17, parts: parts(10)}}, "[1 1 1] [10 7 10] 27", 0},
		{"anew", []run{{decode: 0, parts: parts(10, 10)}, {decode: 0, parts: parts(10)}, {decode: 12, parts: parts(10)}}, "[2 1 1] [10 12 10] 42", 0},
		{"late", []run{{decode: 1000, parts: parts(10)}, {decode: 1010, parts: parts(10)}}, "[2] [10] 20", 1000},
		{"too long", []run{{decode: 0, parts: parts(10)}, {decode: 1 << 40, parts: parts(10)}}, "damaged", 0},
	} {
		tr := &track{handler: sound, entries: make([]entry, 1), stts: &mp4.SttsBox{}, stsc: &mp4.StscBox{}, stsz: &mp4.StszBox{}}
		g := tr.unfold()
		var err error
		for _, r := range c.runs {
			if r.description = 1; err == nil {
				err = g.add(r)
			}
		}
		if err != nil {
			if code(err) != c.want {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if got := fmt.Sprint(tr.stts.SampleCount, tr.stts.SampleTimeDelta, tr.length); got != c.want || tr.start != c.start {
			t.Errorf("%s: %s from %d, want %s", c.name, got, tr.start, c.want)
		}
	}
}

// Edit lists are moved to samples that begin at 0, and the first track begins at once.
func TestSettle(t *testing.T) {
	t.Parallel()
	made := func(scale uint32, start, length uint64, list ...mp4.ElstEntry) *track {
		tr := &track{tkhd: &mp4.TkhdBox{}, mdhd: &mp4.MdhdBox{Timescale: scale}, start: start, length: length, until: length}
		if len(list) > 0 {
			tr.elst = &mp4.ElstBox{Entries: list}
		}
		return tr
	}
	edit := func(d uint64, at int64) mp4.ElstEntry {
		return mp4.ElstEntry{SegmentDuration: d, MediaTime: at, MediaRateInteger: 1}
	}
	for _, c := range []struct {
		name   string
		tracks []*track
		want   string
	}{
		{"nothing", []*track{made(100, 0, 300)}, "1000 3000 []"},
		{"to the end", []*track{made(100, 0, 300, edit(0, 20))}, "1000 2800 [2800@20]"},
		{"hidden end", []*track{made(100, 0, 300, edit(1000, 0))}, "1000 1000 [1000@0]"},
		{"all hidden", []*track{made(100, 0, 300, edit(0, 400))}, "1000 1 [1@-1]"},
		{"late", []*track{made(100, 5000, 300), made(30, 1500, 90)}, "300 900 [] []"},
		{"one later", []*track{made(100, 5000, 300), made(30, 1530, 90)}, "300 1200 [] [300@-1 900@0]"},
		{"late with an edit", []*track{made(100, 5000, 300, edit(0, 10)), made(30, 1500, 90)}, "300 930 [] [30@-1 900@0]"},
		{"edit in the samples", []*track{made(100, 50, 300, edit(0, 60))}, "100 290 [290@10]"},
	} {
		mvhd := &mp4.MvhdBox{Timescale: 1000}
		settle(mvhd, c.tracks)
		got := fmt.Sprint(mvhd.Timescale, " ", mvhd.Duration)
		for _, tr := range c.tracks {
			var list []string
			if tr.elst != nil {
				for _, e := range tr.elst.Entries {
					list = append(list, fmt.Sprintf("%d@%d", e.SegmentDuration, e.MediaTime))
				}
			}
			got += fmt.Sprint(" ", list)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Encrypted clips are refused by name, in fragments and without.
func TestEncrypted(t *testing.T) {
	t.Parallel()
	k := clips(t, Tools{})
	clip := read(t, "media", "wind-lift.mp4")
	for _, b := range [][]byte{clip, inFragments(t, clip, 0)} {
		b = bytes.Replace(b, []byte("avc1\x00\x00\x00\x00"), []byte("encv\x00\x00\x00\x00"), 1)
		if _, err := k.Examine(t.Context(), original(t, b)); code(err) != CodeEncrypted {
			t.Errorf("%v", err)
		}
	}
}

// The parts of a question come back from the wire as they went.
func TestWire(t *testing.T) {
	t.Parallel()
	b := inFragments(t, read(t, "media", "wind-lift.mp4"), 0)
	o, err := walk(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	w, r, size := o.wire(bytes.NewReader(b), true)
	data, err := io.ReadAll(r)
	if err != nil || int64(len(data)) != size {
		t.Fatalf("%d bytes, want %d: %v", len(data), size, err)
	}
	moov, q, err := w.question(data)
	if err != nil || !q.Sound || !bytes.Equal(moov, b[o.moov.Start:o.moov.End]) || fmt.Sprint(q.Mdat) != fmt.Sprint(o.mdat) || fmt.Sprint(q.Moofs) != fmt.Sprint(o.moofs) {
		t.Errorf("%v", err)
	}
	for _, bad := range []wire{{Moov: size}, {Mdat: maxBoxes + 1}, {Moofs: -1}, {Moov: w.Moov, Mdat: w.Moofs, Moofs: w.Mdat + 1}} {
		if _, _, err := bad.question(data[:40]); err == nil {
			t.Errorf("%+v", bad)
		}
	}
	if _, _, err := w.question(data[:len(data)/2]); err == nil {
		t.Error("a part of the data is enough")
	}
}
