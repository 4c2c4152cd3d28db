package pictures

import (
	"bytes"
	"encoding/binary"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gen2brain/webp"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

// partial is how far colours may lie from what they should be where they shine through: they are multiplied with their alpha and divided by it in whole numbers.
const partial = 4

// noRestore makes steps that a WebP can hold.
func noRestore(all []step) []step {
	for i := range all {
		all[i].after %= restore
	}
	return all
}

// An animated PNG and WebP are shown, and written, as the formats' own words reckon it; libwebp judges what is written.
func TestMoving(t *testing.T) {
	t.Parallel()
	for seed := range uint32(8) {
		const w, h = 61, 47
		all := stepsOf(7, w, h, seed)
		for typ, file := range map[sniff.Type][]byte{
			sniff.PNG:  apngOf(t, w, h, 3, all, seed%2 == 1),
			sniff.WebP: webpOf(t, w, h, 3, noRestore(slices.Clone(all))),
		} {
			want := screen(w, h, all)
			if typ == sniff.WebP {
				want = screen(w, h, noRestore(slices.Clone(all)))
				judged(t, file, want)
			}
			p, err := open(file, typ)
			if err != nil || p.size.Frames != 7 || p.film.plays != 3 {
				t.Fatalf("%s: %+v %v", typ.MIME, p, err)
			}
			if d := far(p.image.(*image.RGBA).Pix, want[0]); d > partial {
				t.Errorf("%s: the still is %.0f away", typ.MIME, d)
			}
			for i, m := range played(t, p.film) {
				if d := far(m.Pix, want[i]); d > partial {
					t.Errorf("%s %d: frame %d is played %.0f away", typ.MIME, seed, i, d)
				}
			}
			got, err := animation(p.film, typ, nil, 1, nil)
			if err != nil || got.head != (copyHead{"animation", "image/webp", w, h}) {
				t.Fatalf("%+v %v", got.head, err)
			}
			clean(t, got)
			judged(t, got.data, want)
			f, err := webpFilm(got.data)
			if err != nil || f.plays != 3 {
				t.Fatalf("%+v %v", f, err)
			}
			for i, one := range f.frames {
				if one.delay != 40+10*i {
					t.Errorf("%s: frame %d takes %d ms", typ.MIME, i, one.delay)
				}
			}
		}
	}
}

// judged compares a WebP as libwebp shows it.
func judged(t *testing.T, file []byte, want [][][4]float64) {
	t.Helper()
	all, err := webp.DecodeAll(bytes.NewReader(file))
	if err != nil || len(all.Image) != len(want) {
		t.Fatalf("libwebp: %v", err)
	}
	for i, m := range all.Image {
		if d := far(m.(*image.RGBA).Pix, want[i]); d > partial {
			t.Errorf("libwebp: frame %d is %.0f away", i, d)
		}
	}
}

// ffmpeg shows the animated PNG of the tests as they reckon it.
func TestMovingByFFmpeg(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
			t.Fatal(err)
		}
		t.Skip("ffmpeg is missing: animated PNG is held against the tests' own reckoning only")
	}
	const w, h = 61, 47
	all := stepsOf(7, w, h, 5)
	name := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(name, apngOf(t, w, h, 1, all, false), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "-v", "error", "-f", "apng", "-i", name, "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgba", "-").Output()
	if err != nil || len(out) != 7*4*w*h {
		t.Fatalf("%d bytes, %v", len(out), err)
	}
	want := screen(w, h, all)
	for i := range want {
		m := flat(&image.NRGBA{Pix: out[i*4*w*h:][:4*w*h], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}).(*image.RGBA)
		if d := far(m.Pix, want[i]); d > partial {
			t.Errorf("frame %d is %.0f away", i, d)
		}
	}
}

// cleanWebP fails unless a file is an animation's chunks and nothing else.
func cleanWebP(t *testing.T, name string, b []byte) {
	t.Helper()
	if len(b) != 8+int(binary.LittleEndian.Uint32(b[4:])) || b[20]&^(webpAnimated|webpAlpha) != 0 {
		t.Errorf("%s: bytes behind it, or flags %#x", name, b[20])
	}
	walk := func(rest []byte, allowed ...string) {
		for len(rest) > 0 {
			chunk, _, next, err := chunk(rest)
			if err != nil || !slices.Contains(allowed, chunk) {
				t.Fatalf("%s: a chunk %q: %v", name, chunk, err)
			}
			rest = next
		}
	}
	walk(b[12:], "VP8X", "ANIM", "ANMF")
	for rest := b[12:]; len(rest) > 0; {
		name, body, next, _ := chunk(rest)
		if name == "ANMF" {
			walk(body[16:], "ALPH", "VP8 ", "VP8L")
		}
		rest = next
	}
}

// Nothing beside the pixels goes on, hidden areas are hidden in every frame, and what they hid makes no difference to a single byte; a turned picture's animation is turned too.
func TestMovingRender(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	const secret = "secret of Exif GPS"
	exif := append([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"), secret...)
	const w, h = 80, 60
	one, other := noRestore(stepsOf(5, w, h, 3)), noRestore(stepsOf(5, w, h, 3))
	// The upright picture is 60 × 80: its area of 10,20 and 30 × 25 lies at 20,20 of the stored one, 25 × 30.
	area, stored := events.Area{X: 10, Y: 20, Width: 30, Height: 25}, image.Rect(20, 20, 45, 50)
	for i, s := range other {
		other[i].at = s.at
		for y := range s.at.Dy() {
			for x := range s.at.Dx() {
				if image.Pt(x, y).Add(s.at.Min).In(stored) {
					s.m.Pix[s.m.PixOffset(x, y)] ^= 0x55
					s.m.Pix[s.m.PixOffset(x, y)+3] ^= 0xff
				}
			}
		}
	}
	want := screen(w, h, one)
	beside := map[sniff.Type][][]byte{
		sniff.PNG: {appendPNG(nil, "eXIf", exif), appendPNG(nil, "tEXt", []byte("Author\x00"+secret)), appendPNG(nil, "iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"+secret)),
			appendPNG(nil, "tIME", []byte{7, 234, 7, 1, 1, 1, 1}), appendPNG(nil, "zzZz", []byte(secret))},
		sniff.WebP: {appendRIFF(nil, "EXIF", exif), appendRIFF(nil, "XMP ", []byte(secret)), appendRIFF(nil, "ZZZZ", []byte(secret))},
	}
	for typ, chunks := range beside {
		file := func(all []step) []byte {
			if typ == sniff.PNG {
				return append(apngOf(t, w, h, 0, all, true, chunks...), "PK\x03\x04"+secret...)
			}
			return append(webpOf(t, w, h, 0, all, chunks...), "PK\x03\x04"+secret...)
		}
		got, err := rendered(t, d, file(one), area)
		if err != nil || len(got) != 2 || got[1].head != (copyHead{"animation", "image/webp", h, w}) {
			t.Fatalf("%s: %v, %d copies", typ.MIME, err, len(got))
		}
		for _, c := range got {
			if clean(t, c); bytes.Contains(c.data, []byte("secret")) {
				t.Errorf("%s: something of %s's old file is in it", c.head.Name, typ.MIME)
			}
		}
		all, err := webp.DecodeAll(bytes.NewReader(got[1].data))
		if err != nil || len(all.Image) != 5 {
			t.Fatalf("%s: %v", typ.MIME, err)
		}
		for i, m := range all.Image {
			// Turned back, with what was hidden.
			back := view(m.(*image.RGBA)).turned(8)
			upright := view(&image.RGBA{Pix: bytes.Clone(back.planes[0].pix), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)})
			for y := range h {
				for x := range w {
					c := [4]byte(upright.planes[0].row(y)[4*x:])
					if image.Pt(x, y).In(stored) && c != [4]byte{hidden, hidden, hidden, 0xff} {
						t.Fatalf("%s: frame %d shows %v at %d,%d", typ.MIME, i, c, x, y)
					} else if !image.Pt(x, y).In(stored) && far(c[:], want[i][y*w+x:][:1]) > partial {
						t.Fatalf("%s: frame %d is %v at %d,%d, want %v", typ.MIME, i, c, x, y, want[i][y*w+x])
					}
				}
			}
		}
		again, err := rendered(t, d, file(other), area)
		if err != nil || !slices.EqualFunc(got, again, func(a, b made) bool { return a.head == b.head && bytes.Equal(a.data, b.data) }) {
			t.Errorf("%s: what was hidden shows in the bytes: %v", typ.MIME, err)
		}
		if e, err := d.Examine(t.Context(), original(file(one))); err != nil || e.Frames != 5 || e.DisplayWidth != h || e.Orientation != 6 {
			t.Errorf("%s: %+v %v", typ.MIME, e, err)
		}
	}
}
