package clips

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

func box(name string, parts ...string) string {
	body := strings.Join(parts, "")
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8))) + name + body
}

func u32(n ...uint32) string {
	var b []byte
	for _, v := range n {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return string(b)
}

// insert puts boxes at the end of the moov of a clip whose mdat lies before it, so that no offset changes.
func insert(t testing.TB, clip []byte, boxes ...string) []byte {
	t.Helper()
	o, err := walk(bytes.NewReader(clip), int64(len(clip)))
	if err != nil || o.moov.End != int64(len(clip)) {
		t.Fatal("moov isn't last", err)
	}
	more := strings.Join(boxes, "")
	out := append(bytes.Clone(clip), more...)
	binary.BigEndian.PutUint32(out[o.moov.Start-8:], uint32(o.moov.End-o.moov.Start)+8+uint32(len(more)))
	return out
}

func qt(name, text string) string {
	return box(name, string([]byte{0, byte(len(text)), 0x15, 0xc7}), text)
}

func apple(pairs ...string) string {
	keys, items := u32(0, uint32(len(pairs)/2)), ""
	for i := 0; i < len(pairs); i += 2 {
		keys += box("mdta", "com.apple.quicktime."+pairs[i])
		items += box(u32(uint32(i/2+1)), box("data", u32(1, 0), pairs[i+1]))
	}
	return box("meta", box("hdlr", u32(0, 0), "mdta", u32(0, 0, 0), "\x00"), box("keys", keys), box("ilst", items))
}

// What cameras and telephones write is found, and gone from the copy.
func TestMetadata(t *testing.T) {
	t.Parallel()
	clip := read(t, "media", "wind-lift.mp4")
	data := box("trak", box("tkhd", u32(7, 0, 0, 3, 0, 0), strings.Repeat("\x00", 60)), box("mdia", box("hdlr", u32(0, 0), "meta", u32(0, 0, 0), "CAMERA\x00")))
	for _, c := range []struct {
		name  string
		boxes []string
		want  events.Examination
	}{
		{"telephone", []string{apple("make", "Apple", "model", "iPhone 15", "creationdate", "2026-07-15T09:30:12+0800", "location.ISO6709", "+43.8171+125.3235+210.4/", "software", "SECRET"), data},
			events.Examination{Camera: "Apple iPhone 15", TakenAt: "2026-07-15T09:30:12+08:00", Position: &events.Location{Lat: 43.8171, Lon: 125.3235},
				Private: []string{"CompressorName", "ContentCreateDate", "GPSLatitude", "HandlerDescription", "Make", "Model", "Software", "TimedMetadata"}}},
		{"camera", []string{box("udta", qt("\xa9mak", "Canon"), qt("\xa9mod", "Canon EOS"), qt("\xa9day", "2026-07-15T09:30:12"), qt("\xa9xyz", "-4349.02-12519.41/"), box("SNum", "SECRET 4711"), "\x00\x00\x00\x00")},
			events.Examination{Camera: "Canon EOS", TakenAt: "2026-07-15T09:30:12", Position: &events.Location{Lat: -43.817, Lon: -125.3235},
				Private: []string{"CompressorName", "ContentCreateDate", "GPSLatitude", "HandlerDescription", "Make", "Model", "SerialNumber"}}},
		{"3gpp", []string{box("udta", box("loci", u32(0), "\x15\xc7SECRET\x00\x00", u32(0x7d5333, 0x2bd1eb, 0), "earth\x00\x00")), box("uuid", "SECRET SECRET 16"), box("free", "SECRET")},
			events.Examination{Position: &events.Location{Lat: 43.82, Lon: 125.325}, Private: []string{"CompressorName", "GPSLatitude", "HandlerDescription", "UUID"}}},
	} {
		b := insert(t, clip, c.boxes...)
		k := clips(t, Tools{})
		x, err := k.Examine(t.Context(), original(t, b))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if x.Camera != c.want.Camera || x.TakenAt != c.want.TakenAt || fmt.Sprint(x.Private) != fmt.Sprint(c.want.Private) || x.Position == nil ||
			fmt.Sprintf("%.3f %.3f", x.Position.Lat, x.Position.Lon) != fmt.Sprintf("%.3f %.3f", c.want.Position.Lat, c.want.Position.Lon) {
			t.Errorf("%s: %+v %+v", c.name, x, x.Position)
		}
		out, err := render(t, k, kinds.Job{Original: original(t, b)})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		plain, err := render(t, k, kinds.Job{Original: original(t, clip)})
		if err != nil || !bytes.Equal(out[NameClip].data, plain[NameClip].data) {
			t.Errorf("%s: not the copy that the clip without it has: %v", c.name, err)
		}
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"+43.8171+125.3235/": "43.8171 125.3235", "+4349.026+12519.410+210/": "43.8171 125.3235", "+434901.56+1251924.6/": "43.8171 125.3235", "-00.5000-000.2500/": "-0.5000 -0.2500",
		"+91.0+000.1/": "", "+00.0000+000.0000/": "", "43+125": "", "+43.8": "", "": "", "+4.3.8+125": "", "+12345678+1": "",
	} {
		p, ok := iso6709(s)
		if got := fmt.Sprintf("%.4f %.4f", p.Lat, p.Lon); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s %v, want %q", s, got, ok, want)
		}
	}
}

// A clip of more than 4 GiB needs 64-bit offsets, and a long mdat.
func TestWide(t *testing.T) {
	t.Parallel()
	small := read(t, "media", "wind-lift.mp4")
	for _, over := range []bool{false, true} {
		size := int64(3 << 30)
		if over {
			size = 5 << 30
		}
		src := grown(t, small, size)
		moov := make([]byte, src.o.moov.End-src.o.moov.Start)
		if _, err := src.ReadAt(moov, src.o.moov.Start); err != nil {
			t.Fatal(err)
		}
		a, head, ranges, err := plan(moov, question{Mdat: src.o.mdat})
		if err != nil || a.Payload < size {
			t.Fatalf("%+v %v", a, err)
		}
		if bytes.Contains(head, []byte("co64")) != over || bytes.Contains(head, []byte("stco")) == over {
			t.Errorf("%d bytes: wrong width of offsets", size)
		}
		copied := stripReader{head, ranges, a, src}
		o, err := walk(copied, int64(len(head))+a.Payload)
		if err != nil || o.mdat[0].End-o.mdat[0].Start != a.Payload {
			t.Fatalf("%+v %v", o, err)
		}
		again, _, _, err := plan(head[o.moov.Start:o.moov.End], question{Mdat: o.mdat})
		if err != nil || again.Payload != a.Payload {
			t.Errorf("%+v %v", again, err)
		}
	}
}

// stripReader reads a copy's head; its samples are zeros.
type stripReader struct {
	head, ranges []byte
	answer
	src *bigClip
}

func (s stripReader) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(s.head)) {
		copy(p, s.head[at:])
	}
	return len(p), nil
}

// FuzzPlan: whatever a moov holds, a plan is refused or its head can be planned again with the same samples, and its ranges lie within the samples.
func FuzzPlan(f *testing.F) {
	for _, file := range []string{"wind-lift.mp4", "truck-leak-shuangliao.mov", "interview-liaoyuan.m4a", "crane-portrait.mp4"} {
		b := read(f, "media", file)
		o, err := walk(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[o.moov.Start:o.moov.End], o.mdat[0].Start, o.mdat[0].End, strings.HasSuffix(file, "a"))
	}
	f.Fuzz(func(t *testing.T, moov []byte, start, end int64, soundOnly bool) {
		if start < 0 || end < start || end > 1<<40 {
			return
		}
		defer func() {
			// mp4ff's own panics end as damaged in the child.
			if v := recover(); v != nil && !strings.Contains(fmt.Sprint(v), "runtime error") {
				panic(v)
			}
		}()
		a, head, ranges, err := plan(moov, question{Mdat: []extent{{start, end}}, Sound: soundOnly})
		if err != nil || !a.Rebuilt {
			return
		}
		sum, at := int64(0), int64(0)
		for len(ranges) > 0 {
			var s span
			if s, ranges, err = cut(ranges, at, end); err != nil || s.at < start {
				t.Fatalf("%+v %v", s, err)
			}
			sum, at = sum+s.size, s.at+s.size
		}
		o, err := walk(stripReader{head: head}, int64(len(head))+a.Payload)
		if err != nil || sum != a.Payload {
			t.Fatalf("%+v, %d of %d bytes: %v", o, sum, a.Payload, err)
		}
		b, _, _, err := plan(head[o.moov.Start:o.moov.End], question{Mdat: o.mdat, Sound: soundOnly})
		if err != nil || b.Payload != a.Payload || len(b.Examination.Private) > 0 || b.Examination.Position != nil {
			t.Fatalf("%+v, before %+v: %v", b, a, err)
		}
	})
}

// FuzzWalk: no panic, no endless loop, and extents within the file.
func FuzzWalk(f *testing.F) {
	b := read(f, "media", "wind-lift.mp4")
	f.Add(b[:64])
	f.Add([]byte("\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00moov"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := walk(bytes.NewReader(b), int64(len(b)))
		if err != nil && code(err) != sniff.CodeDamaged {
			t.Fatal(err)
		}
		for _, e := range append(o.mdat, o.moov) {
			if e.Start < 0 || e.End < e.Start || e.End > int64(len(b)) {
				t.Fatalf("%+v", e)
			}
		}
	})
}
