package pictures

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/kinds"
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

// original is a file as it was sealed.
func original(b []byte) kinds.Original {
	t, _ := sniff.Sniff(b)
	return kinds.Original{ReaderAt: bytes.NewReader(b), Size: int64(len(b)), Type: t}
}

func rendered(t testing.TB, d *Decoder, b []byte, areas ...events.Area) (out []made, err error) {
	t.Helper()
	err = d.Render(t.Context(), kinds.Job{Original: original(b), Areas: areas}, func(_ context.Context, c kinds.Copy) error {
		data, err := io.ReadAll(c.Body)
		if int64(len(data)) != c.Size {
			t.Errorf("%s: %d bytes, says %d", c.Name, len(data), c.Size)
		}
		out = append(out, made{copyHead{c.Name, c.Type, c.Width, c.Height}, data})
		return err
	})
	return out, err
}

type sample struct {
	File            string
	SHA256          string `json:"sha256"`
	Width           int
	Height          int
	DisplayWidth    int `json:"display_width"`
	DisplayHeight   int `json:"display_height"`
	Orientation     int
	Frames          int
	TakenAt         string           `json:"taken_at"`
	GPS             *events.Location `json:"gps"`
	PrivateMetadata []string         `json:"private_metadata"`
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

// clean fails if a copy holds anything but what its pixels need.
func clean(t *testing.T, c made) {
	t.Helper()
	switch c.head.Type {
	case "image/jpeg":
		cleanJPEG(t, c.head.Name, c.data)
	case "image/png":
		cleanPNG(t, c.head.Name, c.data)
	case "image/gif":
		cleanGIF(t, c.head.Name, c.data)
	case "image/webp":
		cleanWebP(t, c.head.Name, c.data)
	default:
		t.Errorf("%s: type %s", c.head.Name, c.head.Type)
	}
	for _, word := range []string{"Exif", "http://ns.adobe", "ICC_PROFILE", "GPS", "<script", "PK\x03\x04", "Photoshop"} {
		if bytes.Contains(c.data, []byte(word)) {
			t.Errorf("%s: holds %q", c.head.Name, word)
		}
	}
}

func cleanJPEG(t *testing.T, name string, b []byte) {
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
}

func cleanPNG(t *testing.T, name string, b []byte) {
	at := 8
	for at+12 <= len(b) {
		chunk := string(b[at+4 : at+8])
		if !slices.Contains([]string{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}, chunk) {
			t.Errorf("%s: a chunk %s", name, chunk)
		}
		at += 12 + int(binary.BigEndian.Uint32(b[at:]))
	}
	if at != len(b) {
		t.Errorf("%s: bytes behind it", name)
	}
}

// cleanGIF says that decoding and encoding again gives the same bytes: nothing else was in it.
func cleanGIF(t *testing.T, name string, b []byte) {
	g, err := gif.DecodeAll(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	g.Config.ColorModel, g.BackgroundIndex = nil, 0
	var again bytes.Buffer
	if err := gif.EncodeAll(&again, g); err != nil || !bytes.Equal(again.Bytes(), b) {
		t.Errorf("%s: %d bytes, again %d: %v", name, len(b), again.Len(), err)
	}
}

// named is what expected.json looks for among the private tags.
var named = []string{"GPSLatitude", "Make", "SerialNumber", "ThumbnailImage"}

func TestExamine(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	all := images(t)
	looks := make([]string, len(all))
	t.Run("samples", func(t *testing.T) {
		for i, m := range all {
			if instrumented && i%6 != 0 {
				continue // the detector has nothing to find in a child
			}
			t.Run(m.File, func(t *testing.T) {
				t.Parallel()
				e, err := d.Examine(t.Context(), original(read(t, m.folder, m.File)))
				if err != nil {
					t.Fatal(err)
				}
				if got, want := [6]int{e.Width, e.Height, e.DisplayWidth, e.DisplayHeight, e.Orientation, e.Frames},
					[6]int{m.Width, m.Height, m.DisplayWidth, m.DisplayHeight, max(m.Orientation, 1), max(m.Frames, 1)}; m.Width > 0 && got != want {
					t.Errorf("sizes %v, want %v", got, want)
				}
				want := m.TakenAt
				if want != "" {
					want = strings.ReplaceAll(want[:10], ":", "-") + "T" + want[11:]
				}
				if e.TakenAt != want {
					t.Errorf("taken at %q, want %q", e.TakenAt, want)
				}
				if (e.Position == nil) != (m.GPS == nil) || m.GPS != nil && (math.Abs(e.Position.Lat-m.GPS.Lat) > 1e-4 || math.Abs(e.Position.Lon-m.GPS.Lon) > 1e-4) {
					t.Errorf("position %v, want %v", e.Position, m.GPS)
				}
				got := slices.DeleteFunc(slices.Clone(e.Private), func(n string) bool { return !slices.Contains(named, n) })
				if m.PrivateMetadata != nil && !slices.Equal(got, m.PrivateMetadata) {
					t.Errorf("private %v, want %v", e.Private, m.PrivateMetadata)
				}
				if (e.Camera != "") != slices.Contains(e.Private, "Make") || len(e.Look) != 16 {
					t.Errorf("camera %q, look %q", e.Camera, e.Look)
				}
				if got := slices.Contains(e.Warnings, WarnClockNeverSet); got != (m.File == "manhole-fusong.jpg") {
					t.Errorf("warnings %v", e.Warnings)
				}
				// Blue signs with white letters look like plates.
				for _, a := range e.Proposed {
					if signs := []string{"dust-workshop.jpg", "dust-workshop-after.jpg", "silo-dust.png", "furnace-workshop.webp"}; a.Why != "plate" || !slices.Contains(signs, m.File) {
						t.Errorf("nobody is in it: %+v", a)
					}
				}
				looks[i] = e.Look
			})
		}
	})
	if !instrumented {
		alike(t, all, looks)
	}
}

// alike fails unless, of all samples, only the copy that went through a messenger looks like another one.
func alike(t *testing.T, all []sample, looks []string) {
	t.Helper()
	pairs := 0
	for i, m := range all {
		for j, other := range all[:i] {
			n, ok := Bits(looks[i], looks[j])
			if !ok || m.SHA256 == other.SHA256 && n != 0 {
				t.Errorf("%s, %s: %d bits", m.File, other.File, n)
			}
			if m.SHA256 == other.SHA256 || n > Alike {
				continue
			}
			pairs++
			if pair := [2]string{other.File, m.File}; pair != [2]string{"ammonia-valves-wechat.jpg", "ammonia-valves.jpg"} {
				t.Errorf("%v look alike: %d bits", pair, n)
			}
		}
	}
	if pairs != 1 {
		t.Errorf("%d pairs look alike, want 1", pairs)
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	for i, m := range images(t) {
		if instrumented && i%6 != 0 {
			continue
		}
		t.Run(m.File, func(t *testing.T) {
			t.Parallel()
			got, err := rendered(t, d, read(t, m.folder, m.File))
			if err != nil {
				t.Fatal(err)
			}
			if m.Frames > 1 {
				last := got[len(got)-1]
				got = got[:len(got)-1]
				clean(t, last)
				if g, err := gif.DecodeAll(bytes.NewReader(last.data)); err != nil || len(g.Image) != m.Frames || last.head.Name != "animation" || last.head.Width != m.Width {
					t.Errorf("animation: %+v %v", last.head, err)
				}
			}
			long := max(m.DisplayWidth, m.DisplayHeight)
			want := 1
			for want < len(Widths) && Widths[want-1] < long {
				want++
			}
			if len(got) != want && long > 0 {
				t.Fatalf("%d copies, want %d", len(got), want)
			}
			for i, c := range got {
				pic, _, err := image.Decode(bytes.NewReader(c.data))
				if err != nil {
					t.Fatal(err)
				}
				size := pic.Bounds().Size()
				if size != image.Pt(c.head.Width, c.head.Height) || long > 0 && (max(size.X, size.Y) != min(Widths[i], long) ||
					(size.X > size.Y) != (m.DisplayWidth > m.DisplayHeight)) {
					t.Errorf("%s: %v", c.head.Name, size)
				}
				clean(t, c)
			}
		})
	}
}

// metadata10MB is made like the sample of that name, which is too large to be kept here: 160 segments of a profile of zeros.
func metadata10MB(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 480)), nil); err != nil {
		t.Fatal(err)
	}
	var profile []byte
	for i := range 160 {
		profile = append(profile, segment(0xe2, append([]byte("ICC_PROFILE\x00"), append([]byte{byte(i + 1), 160}, make([]byte, 65000)...)...))...)
	}
	return slices.Insert(b.Bytes(), 2, profile...)
}

func TestBad(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	for file, want := range map[string]string{
		"truncated.jpg": "damaged", "bomb-30000x30000.png": "too_many_pixels", "huge-dimensions.jpg": "too_many_pixels", "gif-5000-frames.gif": "too_many_pixels",
		"polyglot-html.jpg": "ok", "polyglot-zip.jpg": "ok", "zero.jpg": "empty", "mp4-as.jpg": "damaged", "html-as.jpg": "damaged", "script.svg": "damaged",
		"eicar.txt": "damaged", "metadata-10mb.jpg": "metadata_too_large",
	} {
		b := metadata10MB(t)
		if file != "metadata-10mb.jpg" {
			b = read(t, "bad", file)
		}
		o := original(b)
		if o.Type.Kind != "image" {
			o.Type = sniff.JPEG // as if somebody had believed it
		}
		_, err := d.Examine(t.Context(), o)
		if code(err) != want {
			t.Errorf("%s examined: %v, want %s", file, err, want)
		}
		if err := d.Check(t.Context(), bytes.NewReader(b), o.Size, o.Type); code(err) != want {
			t.Errorf("%s checked: %v, want %s", file, err, want)
		}
		copies := 0
		err = d.Render(t.Context(), kinds.Job{Original: o}, func(_ context.Context, c kinds.Copy) error {
			copies++
			data, err := io.ReadAll(c.Body)
			clean(t, made{copyHead{file, c.Type, c.Width, c.Height}, data})
			if _, zipped := zip.NewReader(bytes.NewReader(data), int64(len(data))); zipped == nil {
				t.Errorf("%s: still an archive", file)
			}
			return err
		})
		if code(err) != want || (copies > 0) != (want == "ok") {
			t.Errorf("%s rendered: %v, %d copies, want %s", file, err, copies, want)
		}
	}
}

func init() {
	sandbox.Register("pictures.unchecked", sandbox.Operation{Work: func(in sandbox.Input) (any, []sandbox.Blob, error) {
		p := picture{kind: sniff.PNG}
		return nil, nil, p.decode(in.Data)
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
	if systemHEIC || systemWebP {
		t.Error("a library of the system would decode HEIC or encode WebP")
	}
}

// The largest JPEG that is taken fits into a child's memory, examined and rendered.
func TestLargest(t *testing.T) {
	t.Parallel()
	if instrumented || testing.Short() {
		t.Skip("99 megapixels take their time")
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rect(0, 0, 11500, 8600), image.YCbCrSubsampleRatio420), nil); err != nil {
		t.Fatal(err)
	}
	d := decoder(t)
	got, err := rendered(t, d, b.Bytes(), events.Area{X: 10, Y: 10, Width: 5000, Height: 3000}, events.Area{X: 4000, Y: 3000, Width: 5000, Height: 3000, Style: events.AreaMosaic})
	if err != nil || len(got) != 3 || got[2].head.Width != 2560 {
		t.Errorf("%d copies, %v", len(got), err)
	}
	if _, err := d.Examine(t.Context(), original(b.Bytes())); err != nil {
		t.Error(err)
	}
}

// What a store says comes back, and what isn't a picture never gets to a child.
func TestRenderFails(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	full := errors.New("the store is full")
	file := read(t, "followup-media", "welding-after.jpg")
	kept := 0
	err := d.Render(t.Context(), kinds.Job{Original: original(file)}, func(context.Context, kinds.Copy) error { kept++; return full })
	if !errors.Is(err, full) || fault.Is(err, fault.Invalid) || kept != 1 {
		t.Errorf("%v after %d", err, kept)
	}
	o := original(file)
	o.Type = sniff.MP4
	if _, err := d.Examine(t.Context(), o); code(err) != "unsupported_type" {
		t.Errorf("a clip: %v", err)
	}
	o = original(file)
	o.Size = sniff.MaxImage + 1
	if _, err := d.Examine(t.Context(), o); code(err) != "body_too_large" {
		t.Errorf("too large: %v", err)
	}
}
