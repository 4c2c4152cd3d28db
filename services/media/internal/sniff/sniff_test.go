package sniff_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sniff"
)

const samples = "../../../songshui/internal/samples"

type sample struct {
	File        string
	MIME        string
	Width       int
	Height      int
	Orientation int
	Frames      int
	DisplayW    int `json:"display_width"`
	DisplayH    int `json:"display_height"`
}

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{samples}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func inspect(b []byte) (sniff.Report, error) {
	return sniff.Inspect(bytes.NewReader(b), int64(len(b)))
}

// code gives an error's code, for invalid that of its field.
func code(err error) string {
	if err == nil {
		return "ok"
	}
	e := fault.Of(err)
	if e.Code == fault.Invalid && len(e.Fields) == 1 && e.Fields[0].Field == sniff.Field {
		return e.Fields[0].Code
	}
	return string(e.Code)
}

func TestSamples(t *testing.T) {
	t.Parallel()
	n := 0
	for _, set := range [][2]string{{"expected.json", "media"}, {"followups.expected.json", "followup-media"}} {
		var want struct{ Media []sample }
		if err := json.Unmarshal(read(t, set[0]), &want); err != nil {
			t.Fatal(err)
		}
		for _, m := range want.Media {
			n++
			rep, err := inspect(read(t, set[1], m.File))
			if err != nil || len(rep.Warnings) > 0 {
				t.Errorf("%s: %v %v", m.File, err, rep.Warnings)
				continue
			}
			if m.MIME != "" && rep.Type.MIME != m.MIME {
				t.Errorf("%s: %s, want %s", m.File, rep.Type.MIME, m.MIME)
			}
			if rep.Type.Kind != "image" || m.Orientation == 0 {
				continue
			}
			h := rep.Image
			w, ht := h.Upright()
			if got, want := [5]int{h.Width, h.Height, h.Orientation, w, ht}, [5]int{m.Width, m.Height, m.Orientation, m.DisplayW, m.DisplayH}; got != want {
				t.Errorf("%s: %v, want %v", m.File, got, want)
			}
			if h.Frames != max(m.Frames, 1) {
				t.Errorf("%s: %d frames, want %d", m.File, h.Frames, m.Frames)
			}
		}
	}
	if n < 49 {
		t.Errorf("only %d samples", n)
	}
}

func TestBad(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"truncated.jpg":         "ok", // the full decode tells
		"bomb-30000x30000.png":  "too_many_pixels",
		"huge-dimensions.jpg":   "too_many_pixels",
		"script.svg":            "unsupported_type",
		"html-as.jpg":           "unsupported_type",
		"polyglot-html.jpg":     "ok", // sanitised by rendering
		"polyglot-zip.jpg":      "ok",
		"mp4-as.jpg":            "ok", // relabelled
		"javascript.pdf":        "ok", // quarantined by its warning
		"zero.jpg":              "empty",
		"eicar.txt":             "unsupported_type",
		"gif-5000-frames.gif":   "too_many_pixels",
		"truncated-mdat.mp4":    "damaged",
		"name-dotdot.multipart": "unsupported_type",
	} {
		rep, err := inspect(read(t, "bad", file))
		if got := code(err); got != want {
			t.Errorf("%s: %s (%v), want %s", file, got, err, want)
		}
		if file == "mp4-as.jpg" && rep.Type != sniff.MP4 {
			t.Errorf("%s is %v", file, rep.Type)
		}
		if got := slices.Contains(rep.Warnings, sniff.WarnActiveContent); got != (file == "javascript.pdf") {
			t.Errorf("%s: active content %v", file, got)
		}
	}
}

func TestSniffOthers(t *testing.T) {
	t.Parallel()
	frame := append([]byte{0xff, 0xfb, 0x90, 0x00}, make([]byte, 413)...)
	for name, c := range map[string]struct {
		head []byte
		want string
	}{
		"mp3 frames":  {append(slices.Clone(frame), frame...), "audio/mpeg"},
		"mp3 once":    {append(slices.Clone(frame), "text text"...), ""},
		"id3":         {[]byte("ID3\x04\x00\x00\x00\x00\x01\x00rest"), "audio/mpeg"},
		"utf-16":      {[]byte("\xff\xfe<\x00h\x00t\x00m\x00l\x00"), ""},
		"wav":         {[]byte("RIFF\x24\x00\x00\x00WAVEfmt "), "audio/wav"},
		"avi":         {[]byte("RIFF\x24\x00\x00\x00AVI LIST"), ""},
		"mif1 heic":   {[]byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"), "image/heic"},
		"mif1 avif":   {[]byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif"), ""},
		"ogg":         {[]byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), ""},
		"zip":         {[]byte("PK\x03\x04aaaaaaaaaaaaaaaaaaa"), ""},
		"exe":         {[]byte("MZ\x90\x00\x03\x00\x00\x00aaaaaaaaaaa"), ""},
		"pdf later":   {[]byte("\n%PDF-1.7"), ""},
		"nothing":     {nil, ""},
		"two of jpeg": {[]byte{0xff, 0xd8}, ""},
	} {
		got, ok := sniff.Sniff(c.head)
		if got.MIME != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, want %q", name, got.MIME, c.want)
		}
	}
}

// segments puts application segments of n bytes each behind a JPEG's start.
func segments(jpeg []byte, count, n int) []byte {
	out := slices.Clone(jpeg[:2])
	for range count {
		out = append(out, 0xff, 0xe2, byte((n+2)>>8), byte(n+2))
		out = append(out, make([]byte, n)...)
	}
	return append(out, jpeg[2:]...)
}

func TestMetadataLimit(t *testing.T) {
	t.Parallel()
	jpeg := read(t, "media", "pit-longshan.jpg")
	if _, err := inspect(segments(jpeg, 160, 65000)); code(err) != "metadata_too_large" {
		t.Errorf("10 MB of profile: %v", err)
	}
	if _, err := inspect(segments(jpeg, 20, 65000)); err != nil {
		t.Errorf("1.3 MB of profile: %v", err)
	}
	png := read(t, "media", "silo-dust.png")
	text := binary.BigEndian.AppendUint32(nil, 3<<20)
	text = append(append(append(text, "zTXt"...), make([]byte, 3<<20)...), 0, 0, 0, 0)
	if _, err := inspect(slices.Concat(png[:33], text, png[33:])); code(err) != "metadata_too_large" {
		t.Errorf("3 MB of text in a PNG: %v", err)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, typ := range sniff.Types() {
		limit := sniff.MaxBytes(typ.Kind)
		if err := sniff.CheckSize(typ, limit); err != nil {
			t.Errorf("%s of its limit: %v", typ.MIME, err)
		}
		if err := sniff.CheckSize(typ, limit+1); code(err) != "body_too_large" {
			t.Errorf("%s over its limit: %v", typ.MIME, err)
		}
	}
}

// cut keeps every file's head and loses the rest: nothing may panic, and what lost its structure is damaged.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"silo-dust.png", "boiler.webp", "gas-station-anim.gif", "openpit-liuhe.heic", "wind-lift.mp4", "truck-leak-shuangliao.mov",
		"interview-liaoyuan.m4a", "newspaper-clipping-20260702.pdf", "crane-portrait.mp4"} {
		whole := read(t, "media", file)
		if _, err := inspect(whole[:len(whole)*2/3]); code(err) != "damaged" {
			t.Errorf("%s: %v, want damaged", file, err)
		}
	}
}

var errAway = errors.New("the store is away")

// failing answers the first reads and then fails.
type failing struct {
	r  *bytes.Reader
	ok int
}

func (f *failing) ReadAt(b []byte, off int64) (int, error) {
	if f.ok--; f.ok < 0 {
		return 0, errAway
	}
	return f.r.ReadAt(b, off)
}

func TestSourceFails(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"dust-workshop.jpg", "silo-dust.png", "boiler.webp", "gas-station-anim.gif", "openpit-liuhe.heic", "wind-lift.mp4", "整改指令书 样例.pdf"} {
		b := read(t, "media", file)
		for ok := range 2 {
			_, err := sniff.Inspect(&failing{bytes.NewReader(b), ok}, int64(len(b)))
			if !errors.Is(err, errAway) {
				t.Errorf("%s after %d reads: %v", file, ok, err)
			}
		}
	}
}

// An index may name what was never written, though every box is whole.
func TestChunkBeyond(t *testing.T) {
	t.Parallel()
	b := read(t, "media", "wind-lift.mp4")
	at := bytes.Index(b, []byte("stco"))
	if at < 0 {
		t.Fatal("no stco")
	}
	binary.BigEndian.PutUint32(b[at+12:], uint32(len(b)))
	if _, err := inspect(b); code(err) != "damaged" {
		t.Errorf("%v, want damaged", err)
	}
}
