package pictures

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

const samples = "../../../songshui/internal/samples"

func TestMain(m *testing.M) {
	if sandbox.Main(os.Args) {
		return
	}
	os.Exit(m.Run())
}

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{samples}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decoder(t testing.TB) *Decoder {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	return New(box)
}

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

type sample struct {
	File            string
	MIME            string
	DisplayWidth    int      `json:"display_width"`
	DisplayHeight   int      `json:"display_height"`
	Orientation     int      `json:"orientation"`
	PrivateMetadata []string `json:"private_metadata"`
	folder          string
}

func images(t testing.TB) []sample {
	t.Helper()
	var out []sample
	for _, set := range [][2]string{{"expected.json", "media"}, {"followups.expected.json", "followup-media"}} {
		var want struct{ Media []sample }
		if err := json.Unmarshal(read(t, set[0]), &want); err != nil {
			t.Fatal(err)
		}
		for _, m := range want.Media {
			if typ, ok := sniff.Sniff(read(t, set[1], m.File)); ok && typ.Kind == "image" {
				m.folder = set[1]
				out = append(out, m)
			}
		}
	}
	if len(out) < 50 {
		t.Fatalf("only %d images", len(out))
	}
	return out
}

// clean fails if a copy holds anything but what a JPEG needs to be decoded.
func clean(t *testing.T, name string, b []byte) {
	t.Helper()
	for at := 2; at+4 <= len(b); {
		m := b[at+1]
		if m == 0xda {
			break
		}
		if m != 0xdb && m != 0xc0 && m != 0xc4 {
			t.Errorf("%s: a segment %#x", name, m)
		}
		at += 2 + int(b[at+2])<<8 + int(b[at+3])
	}
	if !bytes.HasSuffix(b, []byte{0xff, 0xd9}) || bytes.Count(b, []byte{0xff, 0xd9}) != 1 || bytes.Count(b, []byte{0xff, 0xd8, 0xff}) != 1 {
		t.Errorf("%s: not one picture and nothing behind it", name)
	}
	for _, word := range []string{"Exif", "http://ns.adobe", "ICC_PROFILE", "GPS", "<script", "PK\x03\x04", "Photoshop"} {
		if bytes.Contains(b, []byte(word)) {
			t.Errorf("%s: holds %q", name, word)
		}
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	for i, m := range images(t) {
		if instrumented && i%6 != 0 {
			continue // the detector has nothing to find in a child
		}
		t.Run(m.File, func(t *testing.T) {
			t.Parallel()
			b := read(t, m.folder, m.File)
			typ, _ := sniff.Sniff(b)
			info, got, err := d.Render(t.Context(), bytes.NewReader(b), int64(len(b)), typ, Widths)
			if err != nil {
				t.Fatal(err)
			}
			if m.DisplayWidth > 0 && (info.DisplayWidth != m.DisplayWidth || info.DisplayHeight != m.DisplayHeight || info.Orientation != max(m.Orientation, 1)) {
				t.Errorf("%+v, want %d × %d", info, m.DisplayWidth, m.DisplayHeight)
			}
			long := max(info.DisplayWidth, info.DisplayHeight)
			want := 1
			for want < len(Widths) && Widths[want-1] < long {
				want++
			}
			if len(got) != want {
				t.Fatalf("%d copies, want %d", len(got), want)
			}
			for i, c := range got {
				pic, err := jpeg.Decode(bytes.NewReader(c.Data))
				if err != nil {
					t.Fatal(err)
				}
				if size := pic.Bounds().Size(); size != image.Pt(c.Width, c.Height) || max(size.X, size.Y) != min(Widths[i], long) ||
					(size.X > size.Y) != (info.DisplayWidth > info.DisplayHeight) {
					t.Errorf("%s: %v", c.Name, size)
				}
				clean(t, c.Name, c.Data)
			}
		})
	}
}

func TestBad(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	for file, want := range map[string]string{
		"truncated.jpg": "damaged", "bomb-30000x30000.png": "too_many_pixels", "huge-dimensions.jpg": "too_many_pixels", "gif-5000-frames.gif": "too_many_pixels",
		"polyglot-html.jpg": "ok", "polyglot-zip.jpg": "ok", "zero.jpg": "empty", "mp4-as.jpg": "damaged", "html-as.jpg": "damaged",
	} {
		b := read(t, "bad", file)
		typ := sniff.JPEG
		if found, ok := sniff.Sniff(b); ok && found.Kind == "image" {
			typ = found
		}
		_, got, err := d.Render(t.Context(), bytes.NewReader(b), int64(len(b)), typ, Widths)
		if code(err) != want {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
		for _, c := range got {
			clean(t, file, c.Data)
		}
		if strings.HasPrefix(file, "polyglot") && len(got) == 0 {
			t.Errorf("%s: no copy", file)
		}
	}
}

func init() {
	sandbox.Register("pictures.unchecked", sandbox.Operation{Work: func(in sandbox.Input) (any, []sandbox.Blob, error) {
		_, err := decode(in.Data, sniff.PNG)
		return nil, nil, err
	}})
}

// Whoever got past the check of headers would meet the child's limits.
func TestBombDecoded(t *testing.T) {
	t.Parallel()
	box, err := sandbox.New(sandbox.Config{MaxMemory: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = box.Close() }()
	bomb := read(t, "bad", "bomb-30000x30000.png")
	if _, err = box.Do(t.Context(), sandbox.Request{Op: "pictures.unchecked", Data: bytes.NewReader(bomb), Size: int64(len(bomb))}, nil); code(err) != "too_demanding" {
		t.Errorf("the bomb decoded: %v", err)
	}
	if systemHEIC {
		t.Error("a library of the system would decode HEIC")
	}
}

func BenchmarkSamples(b *testing.B) {
	d := decoder(b)
	type file struct {
		data []byte
		typ  sniff.Type
	}
	var files []file
	for _, m := range images(b) {
		data := read(b, m.folder, m.File)
		typ, _ := sniff.Sniff(data)
		files = append(files, file{data, typ})
	}
	for b.Loop() {
		done := make(chan error, len(files))
		for f := range slices.Values(files) {
			go func() {
				_, _, err := d.Render(b.Context(), bytes.NewReader(f.data), int64(len(f.data)), f.typ, Widths[:2])
				done <- err
			}()
		}
		for range files {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
	}
}
