package sniff_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"songshui.internal/services/media/internal/sniff"
)

var clips = []string{"wind-lift.mp4", "truck-leak-shuangliao.mov", "interview-liaoyuan.m4a", "crane-portrait.mp4", "overloaded-grain.mp4", "exposure-tv-changchun.mp4"}

// walk feeds a clip in pieces; from one to the next only what JSON holds is kept.
func walk(b []byte, piece int) (*sniff.Walk, error) {
	w := sniff.WalkOf(sniff.MP4, int64(len(b)))
	for p := range slices.Chunk(b, piece) {
		if err := w.Feed(p); err != nil {
			return w, err
		}
		saved, err := json.Marshal(w)
		if err != nil {
			return w, err
		}
		w = &sniff.Walk{}
		if err := json.Unmarshal(saved, w); err != nil {
			return w, err
		}
	}
	return w, nil
}

func TestWalk(t *testing.T) {
	t.Parallel()
	for _, file := range clips {
		b := read(t, "media", file)
		for _, piece := range []int{len(b), 64 << 10, 4093, 7, 1} {
			if piece < 100 {
				b := slices.Clone(b[:min(len(b), 20<<10)])
				if _, err := walk(b, piece); err != nil && code(err) != "damaged" {
					t.Errorf("%s by %d: %v", file, piece, err)
				}
				continue
			}
			w, err := walk(b, piece)
			if err != nil || w.Duration() < time.Second || w.Duration() > time.Minute {
				t.Errorf("%s by %d: %v, %v", file, piece, w.Duration(), err)
			}
		}
		for n, want := range map[string][]byte{"half": b[:len(b)/2], "no index": slices.Concat(b[:bytes.Index(b, []byte("moov"))], []byte("free"), b[bytes.Index(b, []byte("moov"))+4:])} {
			if _, err := walk(want, 1000); code(err) != "damaged" {
				t.Errorf("%s, %s: %v", file, n, err)
			}
		}
	}
}

// wide is a clip of four hours with a header of version 1, in boxes of 64 bits.
func wide() []byte {
	box := func(name string, body []byte) []byte {
		return append(binary.BigEndian.AppendUint64(append([]byte{0, 0, 0, 1}, name...), uint64(len(body)+16)), body...)
	}
	header := make([]byte, 108)
	header[0] = 1
	binary.BigEndian.PutUint32(header[20:], 1000)
	binary.BigEndian.PutUint64(header[24:], 4*3600*1000)
	return slices.Concat(box("ftyp", make([]byte, 8)), box("mdat", make([]byte, 100)), box("moov", box("mvhd", header)))
}

func TestWalkWide(t *testing.T) {
	t.Parallel()
	b := wide()
	for _, piece := range []int{1, 5, len(b)} {
		if w, err := walk(b, piece); err != nil || w.Duration() != 4*time.Hour {
			t.Errorf("by %d: %v, %v", piece, w.Duration(), err)
		}
	}
}

// FuzzWalk refuses nothing that the check of the whole takes, however the bytes come.
func FuzzWalk(f *testing.F) {
	f.Add(wide(), 7)
	f.Add(wide(), 100)
	f.Fuzz(func(t *testing.T, b []byte, piece int) {
		if len(b) == 0 || len(b) > 1<<16 {
			return
		}
		w, err := walk(b, max(1, piece%len(b), len(b)/1000))
		if err != nil && sniff.CheckClip(bytes.NewReader(b), int64(len(b))) == nil {
			t.Fatal(err)
		}
		if len(w.Held) > 48 {
			t.Fatalf("%d bytes held", len(w.Held))
		}
	})
}
