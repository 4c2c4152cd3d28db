package clips

import (
	"bytes"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"

	"songshui.internal/services/media/internal/sniff"
)

// FuzzRuns: whatever a fragment's index holds, runs are refused or as long as their samples, and never more than the limit.
func FuzzRuns(f *testing.F) {
	f.Add([]byte(traf(box("tfhd", u32(0, 1)), box("tfdt", u32(0, 77)), box("trun", u32(0xf05, 1, 8, 9, 1, 2, 3, 4)))), int64(1000), uint32(0), uint32(100))
	f.Add([]byte(traf(box("tfhd", u32(tfhdBase|0x3a, 1, 0, 9, 1, 2, 3, 4)), box("trun", u32(0, 3)))), int64(0), uint32(7), uint32(0))
	f.Fuzz(func(t *testing.T, body []byte, at int64, duration, size uint32) {
		if at < 0 || at > 1<<40 {
			return
		}
		x := &fragments{trex: map[uint32]defaults{1: {1, duration, size, 0}}, left: 1000}
		runs, err := x.runs(moof{at, body})
		if err != nil {
			if c := code(err); c != sniff.CodeDamaged && c != sniff.CodeTooDemanding {
				t.Fatal(err)
			}
			return
		}
		tr := &track{handler: video, entries: make([]entry, 1), stts: &mp4.SttsBox{}, stsc: &mp4.StscBox{}, stsz: &mp4.StszBox{}, tkhd: &mp4.TkhdBox{}, mdhd: &mp4.MdhdBox{Timescale: 1000}}
		g, n := tr.unfold(), 0
		for _, r := range runs {
			sum := int64(0)
			for _, p := range r.parts {
				sum += int64(p.size)
			}
			if r.at < 0 || sum != r.size || r.at > 1<<62 {
				t.Fatalf("%+v", r)
			}
			if n += len(r.parts); len(r.parts) > 0 && g.add(r) != nil {
				return
			}
		}
		if n > 1000 {
			t.Fatal(n)
		}
		if err := g.fold(); err != nil {
			t.Fatal(err)
		}
		timed, length := uint64(0), uint64(0)
		for i, k := range tr.stts.SampleCount {
			timed, length = timed+uint64(k), length+uint64(k)*uint64(tr.stts.SampleTimeDelta[i])
		}
		if int(timed) != int(tr.stsz.SampleNumber) || length != tr.length || len(g.each) != len(tr.chunks) {
			t.Fatalf("%d of %d samples timed, %d of %d", timed, tr.stsz.SampleNumber, length, tr.length)
		}
		settle(&mp4.MvhdBox{Timescale: 600}, []*track{tr})
	})
}

// FuzzFragments: a whole file of fragments is refused, or its copy can be planned again with the same samples.
func FuzzFragments(f *testing.F) {
	b := inFragments(f, read(f, "media", "wind-lift.mp4"), 0)
	o, err := walk(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		f.Fatal(err)
	}
	moov := b[o.moov.Start:o.moov.End]
	f.Add(o.moofs[0].body, o.moofs[1].body, o.moofs[0].at, o.moofs[1].at, int64(len(b)))
	f.Add([]byte{}, o.moofs[2].body, int64(0), o.moofs[2].at, int64(len(b)))
	f.Fuzz(func(t *testing.T, first, second []byte, a, b, end int64) {
		if a < 0 || b < a || end < b || end > 1<<40 {
			return
		}
		got, head, ranges, err := plan(moov, question{Mdat: []extent{{8, end}}, Moofs: []moof{{a, first}, {b, second}}})
		if err != nil || len(head) == 0 {
			return
		}
		sum, at := int64(0), int64(0)
		for len(ranges) > 0 {
			var s span
			if s, ranges, err = cut(ranges, at, end); err != nil {
				t.Fatal(err)
			}
			sum, at = sum+s.size, s.at+s.size
		}
		o, err := walk(stripReader{head: head}, int64(len(head))+got.Payload)
		if err != nil || sum != got.Payload || len(o.moofs) > 0 {
			t.Fatalf("%+v, %d of %d bytes: %v", o, sum, got.Payload, err)
		}
		again, _, _, err := plan(head[o.moov.Start:o.moov.End], question{Mdat: o.mdat})
		if err != nil || again.Payload != got.Payload && !again.CutOff || len(again.Examination.Private) > 0 {
			t.Fatalf("%+v, before %+v: %v", again, got, err)
		}
	})
}
