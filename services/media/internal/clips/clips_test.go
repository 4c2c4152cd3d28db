package clips

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

func TestMain(m *testing.M) {
	if sandbox.Main(os.Args) {
		return
	}
	os.Exit(m.Run())
}

const samples = "../../../songshui/internal/samples"

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{samples}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func original(t testing.TB, b []byte) kinds.Original {
	t.Helper()
	typ, ok := sniff.Sniff(b)
	if !ok {
		t.Fatal("not a type that is taken")
	}
	return kinds.Original{ReaderAt: bytes.NewReader(b), Size: int64(len(b)), Type: typ}
}

func clips(t testing.TB, tools Tools) *Clips {
	t.Helper()
	box, err := sandbox.New(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	return New(box, tools)
}

// made is what Render kept.
type made struct {
	kinds.Copy
	data []byte
}

func render(t testing.TB, c *Clips, j kinds.Job) (map[string]made, error) {
	t.Helper()
	out := map[string]made{}
	err := c.Render(t.Context(), j, func(_ context.Context, c kinds.Copy) error {
		b, err := io.ReadAll(c.Body)
		if err != nil {
			return err
		}
		if int64(len(b)) != c.Size {
			t.Errorf("%s: %d bytes, said %d", c.Name, len(b), c.Size)
		}
		if _, twice := out[c.Name]; twice {
			t.Errorf("%s twice", c.Name)
		}
		out[c.Name] = made{c, b}
		return nil
	})
	return out, err
}

func names(m map[string]made) string {
	var out []string
	for n := range m {
		out = append(out, n)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func code(err error) string {
	if err == nil {
		return "ok"
	}
	if e := fault.Of(err); e.Code == fault.Invalid && len(e.Fields) == 1 {
		return e.Fields[0].Code
	}
	return err.Error()
}

type sample struct {
	File          string   `json:"file"`
	MIME          string   `json:"mime"`
	Seconds       float64  `json:"duration_s"`
	Streams       []string `json:"streams"`
	Width         int      `json:"width"`
	Height        int      `json:"height"`
	Rotation      int      `json:"rotation"`
	DisplayWidth  int      `json:"display_width"`
	DisplayHeight int      `json:"display_height"`
	Boxes         []string `json:"top_level_boxes"`
	GPS           *struct{ Lat, Lon float64 }
	folder        string
}

// clipSamples are the sample clips with what must be found in them.
func clipSamples(t testing.TB) []sample {
	t.Helper()
	var out []sample
	for file, folder := range map[string]string{"expected.json": "media", "followups.expected.json": "followup-media"} {
		var e struct{ Media []sample }
		if err := json.Unmarshal(read(t, file), &e); err != nil {
			t.Fatal(err)
		}
		for _, s := range e.Media {
			if s.folder = folder; s.Seconds > 0 {
				out = append(out, s)
			}
		}
	}
	if len(out) < 7 {
		t.Fatalf("only %d clips", len(out))
	}
	return out
}

func TestExamine(t *testing.T) {
	t.Parallel()
	c := clips(t, Tools{})
	for _, s := range clipSamples(t) {
		t.Run(s.File, func(t *testing.T) {
			o := original(t, read(t, s.folder, s.File))
			if o.Type.MIME != s.MIME {
				t.Errorf("type %s, want %s", o.Type.MIME, s.MIME)
			}
			x, err := c.Examine(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			got := sample{File: s.File, MIME: s.MIME, Seconds: float64(x.DurationMS) / 1000, Streams: x.Streams, Width: x.Width, Height: x.Height, Rotation: x.Rotation,
				DisplayWidth: x.DisplayWidth, DisplayHeight: x.DisplayHeight}
			if math.Abs(got.Seconds-s.Seconds) > 0.05 || !slices.Equal(got.Streams, s.Streams) || got.Width != s.Width || got.Height != s.Height || got.Rotation != s.Rotation ||
				got.DisplayWidth != s.DisplayWidth || got.DisplayHeight != s.DisplayHeight {
				t.Errorf("%+v\nwant %+v", got, s)
			}
			if (s.GPS == nil) != (x.Position == nil) || s.GPS != nil && (math.Abs(s.GPS.Lat-x.Position.Lat) > 1e-4 || math.Abs(s.GPS.Lon-x.Position.Lon) > 1e-4) {
				t.Errorf("position %+v, want %+v", x.Position, s.GPS)
			}
			if s.GPS != nil && !slices.Contains(x.Private, "GPSLatitude") {
				t.Errorf("private: %v", x.Private)
			}
			if taken := map[string]string{"truck-leak-shuangliao.mov": "2026-11-02T18:31:00+00:00"}[s.File]; x.TakenAt != taken {
				t.Errorf("taken at %q, want %q", x.TakenAt, taken)
			}
			if out, err := walk(o, o.Size); err != nil || !slices.Equal(out.boxes, s.Boxes) {
				t.Errorf("%v %v, want %v", out.boxes, err, s.Boxes)
			}
		})
	}
}

// Strings that a stripped clip must not hold.
var never = []string{"udta", "meta", "uuid", "loci", "\xa9xyz", "+44.9885", "VideoHandler", "SoundHandler", "Lavc", "Lavf", "FFMP", "ilst", "keys", "free", "wide", "gps", "Apple", "mebx", "tmcd"}

func TestStrip(t *testing.T) {
	t.Parallel()
	c := clips(t, Tools{})
	for _, s := range clipSamples(t) {
		t.Run(s.File, func(t *testing.T) {
			t.Parallel()
			b := read(t, s.folder, s.File)
			out, err := render(t, c, kinds.Job{Original: original(t, b)})
			if err != nil {
				t.Fatal(err)
			}
			name, typ := NameClip, "video/mp4"
			if s.MIME == "audio/mp4" {
				name, typ = NameSound, "audio/mp4"
			}
			if names(out) != name || out[name].Type != typ || out[name].Width != s.DisplayWidth || out[name].Height != s.DisplayHeight {
				t.Fatalf("%s: %+v", names(out), out[name].Copy)
			}
			stripped := out[name].data
			o := original(t, stripped)
			top, err := walk(o, o.Size)
			if err != nil || !slices.Equal(top.boxes, []string{"ftyp", "moov", "mdat"}) {
				t.Errorf("boxes %v %v", top.boxes, err)
			}
			head := stripped[:top.mdat[0].Start]
			for _, w := range never {
				if bytes.Contains(head, []byte(w)) {
					t.Errorf("the index holds %q", w)
				}
			}
			x, err := c.Examine(t.Context(), o)
			if err != nil || x.Position != nil || x.TakenAt != "" || len(x.Private) > 0 || x.Rotation != s.Rotation {
				t.Errorf("%+v %v", x, err)
			}
			sameFrames(t, b, stripped)
		})
	}
}

func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
		t.Fatalf("%s is required", name)
	}
	t.Skipf("left out: no %s on the PATH", name)
	return ""
}

// sameFrames decodes both and compares every frame with its time.
func sameFrames(t *testing.T, a, b []byte) {
	t.Helper()
	if x, y := frames(t, a), frames(t, b); x != y || x == "" {
		t.Errorf("frames differ:\n%.500s\n%.500s", x, y)
	}
}

func frames(t *testing.T, clip []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip")
	if err := os.WriteFile(path, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), tool(t, "ffmpeg"), "-v", "error", "-i", path, "-map", "0:v?", "-map", "0:a?", "-f", "framemd5", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func TestBad(t *testing.T) {
	t.Parallel()
	c := clips(t, Tools{})
	good := read(t, "media", "wind-lift.mp4")
	// The same with an mdat that was made to fit.
	fitting := read(t, "bad", "truncated-mdat.mp4")
	mdat := bytes.LastIndex(fitting, []byte("mdat"))
	binary.BigEndian.PutUint32(fitting[mdat-4:], uint32(len(fitting)-mdat+4))
	overlapping := bytes.Clone(good)
	table := bytes.Index(overlapping, []byte("stco"))
	copy(overlapping[table+16:table+20], overlapping[table+12:table+16])
	for name, b := range map[string][]byte{"truncated-mdat": read(t, "bad", "truncated-mdat.mp4"), "fitting mdat": fitting, "overlapping": overlapping, "cut": good[:len(good)*2/3], "head only": good[:40]} {
		if _, err := c.Examine(t.Context(), original(t, b)); code(err) != sniff.CodeDamaged {
			t.Errorf("%s: %v", name, err)
		}
		if out, err := render(t, c, kinds.Job{Original: original(t, b)}); code(err) != sniff.CodeDamaged || len(out) > 0 {
			t.Errorf("%s: %v %v", name, err, names(out))
		}
	}
	if _, err := c.Examine(t.Context(), original(t, lengthened(t, good))); code(err) != CodeTooLong {
		t.Errorf("too long: %v", err)
	}
	// A store says in its own words why a body couldn't be read.
	broken := bytes.Clone(good)
	top, err := walk(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	copy(broken[top.mdat[0].Start:], "\xff\xff\xff")
	if err := c.Render(t.Context(), kinds.Job{Original: original(t, broken)}, func(_ context.Context, c kinds.Copy) error {
		_, err := io.ReadAll(c.Body)
		return fmt.Errorf("the store says: %v", err)
	}); code(err) != sniff.CodeDamaged {
		t.Errorf("a broken sample: %v", err)
	}
	var missing *kinds.Missing
	job := kinds.Job{Original: original(t, good), Areas: area}
	if out, err := render(t, c, job); !errors.As(err, &missing) || missing.Program != "ffmpeg" || len(out) > 0 {
		t.Errorf("areas without ffmpeg: %v %v", err, names(out))
	}
}

// lengthened writes four hours into the movie's header.
func lengthened(t *testing.T, clip []byte) []byte {
	b := bytes.Clone(clip)
	i := bytes.Index(b, []byte("mvhd"))
	if i < 0 {
		t.Fatal("no mvhd")
	}
	copy(b[i+16:], []byte{0, 0, 3, 0xe8, 0, 0xdb, 0xba, 0x01})
	return b
}
