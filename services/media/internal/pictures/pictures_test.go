package pictures

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sniff"
)

const samples = "../../../songshui/internal/samples"

var held []byte

func init() {
	hidden["panic"] = func([]byte) error { panic("as a test asks") }
	hidden["loop"] = func([]byte) error {
		for n := uint64(1); ; n++ {
			if n == 0 {
				return nil
			}
		}
	}
	hidden["eat"] = func([]byte) error {
		for {
			held = append(held, make([]byte, 1<<20)...)
		}
	}
	hidden["hold"] = func([]byte) error {
		// More than it may, less than the hard limit: only the watch sees it.
		held = bytes.Repeat([]byte{1}, 400<<20)
		for begun := time.Now(); time.Since(begun) < time.Second; {
			held[0]++
		}
		return nil
	}
	hidden["gulp"] = func([]byte) error {
		held = make([]byte, 3<<30)
		return nil
	}
	hidden["deep"] = func([]byte) error { return deep(make([]byte, 1<<10)) }
	hidden["term"] = func([]byte) error {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		_ = self.Signal(syscall.SIGTERM)
		select {}
	}
	hidden["exit"] = func([]byte) error { os.Exit(0); return nil }
	hidden["unchecked"] = func(file []byte) error { _, err := decode(file, sniff.PNG); return err }
	hidden["system"] = func([]byte) error {
		if systemHEIC || len(os.Environ()) > 0 {
			return errors.New("a library of the system, or an environment")
		}
		return nil
	}
}

func deep(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := deep(append(b, 1)); err != nil {
		return err
	}
	return nil
}

func TestMain(m *testing.M) {
	if Main(os.Args) {
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

func decoder(t testing.TB, c Config) *Decoder {
	t.Helper()
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
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
	d := decoder(t, Config{})
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
	d := decoder(t, Config{})
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

// After each death the next picture is decoded as if nothing had been.
func TestDeaths(t *testing.T) {
	t.Parallel()
	good := read(t, "followup-media", "welding-after.jpg")
	d := decoder(t, Config{MaxMemory: 256 << 20, Timeout: 3 * time.Second, Parallel: 1})
	for _, c := range []struct{ op, want string }{
		{"panic", "damaged"}, {"loop", "too_demanding"}, {"eat", "too_demanding"}, {"hold", "too_demanding"}, {"gulp", "too_demanding"}, {"deep", "too_demanding"},
		{"term", "unavailable"}, {"exit", "internal"}, {"system", "ok"},
	} {
		if instrumented && c.op == "gulp" {
			continue // only the limit that isn't set then stops it
		}
		_, _, err := d.do(t.Context(), bytes.NewReader(good), request{Op: c.op, Type: sniff.JPEG, Size: int64(len(good))})
		if code(err) != c.want {
			t.Errorf("%s: %v, want %s", c.op, err, c.want)
		}
		if _, err := d.Check(t.Context(), bytes.NewReader(good), int64(len(good)), sniff.JPEG); err != nil {
			t.Errorf("after %s: %v", c.op, err)
		}
	}
	bomb := read(t, "bad", "bomb-30000x30000.png")
	_, _, err := d.do(t.Context(), bytes.NewReader(bomb), request{Op: "unchecked", Type: sniff.PNG, Size: int64(len(bomb))})
	if code(err) != "too_demanding" {
		t.Errorf("the bomb decoded: %v", err)
	}
}

func TestSourceFails(t *testing.T) {
	t.Parallel()
	d := decoder(t, Config{})
	good := read(t, "media", "boiler.webp")
	away := errors.New("the store is away")
	_, err := d.Check(t.Context(), &broke{bytes.NewReader(good[:1000]), away}, int64(len(good)), sniff.WebP)
	if !errors.Is(err, away) || fault.Is(err, fault.Invalid) {
		t.Errorf("%v, want the source's error", err)
	}
	_, err = d.Check(t.Context(), bytes.NewReader(good[:1000]), int64(len(good)), sniff.WebP)
	if fault.Is(err, fault.Invalid) || err == nil {
		t.Errorf("short: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(away)
	if _, err = d.Check(ctx, bytes.NewReader(good), int64(len(good)), sniff.WebP); !errors.Is(err, away) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err = d.Check(t.Context(), bytes.NewReader(good), int64(len(good)), sniff.WebP); err != nil {
		t.Error(err)
	}
}

type broke struct {
	r   *bytes.Reader
	err error
}

func (b *broke) Read(p []byte) (int, error) {
	if b.r.Len() == 0 {
		return 0, b.err
	}
	return b.r.Read(p)
}

// Children are used again, survive another's end in the pool, and go when nothing is to do.
func TestPool(t *testing.T) {
	t.Parallel()
	good := read(t, "followup-media", "welding-after.jpg")
	d := decoder(t, Config{Parallel: 1, IdleFor: time.Hour})
	check := func() *process {
		t.Helper()
		if _, err := d.Check(t.Context(), bytes.NewReader(good), int64(len(good)), sniff.JPEG); err != nil {
			t.Fatal(err)
		}
		return d.idle[0]
	}
	a := check()
	if b := check(); a != b {
		t.Error("a child wasn't used again")
	}
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	b := check()
	if a == b {
		t.Error("a dead child was used")
	}
	d.dismiss(b)
	if len(d.idle) != 0 || b.cmd.ProcessState == nil || !b.cmd.ProcessState.Success() {
		t.Errorf("dismissed: %v", b.cmd.ProcessState)
	}
	for range maxServed + 1 {
		_, _ = d.Check(t.Context(), bytes.NewReader(good[:9]), 9, sniff.JPEG)
	}
	last := check()
	if err := d.Close(); err != nil || last.cmd.ProcessState == nil {
		t.Error("Close left a child")
	}
	if _, err := d.Check(t.Context(), bytes.NewReader(good), int64(len(good)), sniff.JPEG); code(err) != "unavailable" {
		t.Errorf("after Close: %v", err)
	}
	if d := decoder(t, Config{Program: filepath.Join(t.TempDir(), "none")}); d != nil {
		if _, err := d.Check(t.Context(), bytes.NewReader(good), int64(len(good)), sniff.JPEG); code(err) != "unavailable" {
			t.Errorf("no program: %v", err)
		}
	}
}

func BenchmarkSamples(b *testing.B) {
	d := decoder(b, Config{})
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
