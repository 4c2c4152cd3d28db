package pictures

import (
	"bytes"
	"encoding/binary"
	"image"
	"testing"

	"songshui.internal/services/media/internal/sniff"
)

// changed gives a copy of a file with bytes put at an offset behind the nth place where a word stands.
func changed(t *testing.T, file []byte, word string, nth, offset int, b ...byte) []byte {
	t.Helper()
	out, at := bytes.Clone(file), 0
	for range nth {
		n := bytes.Index(out[at:], []byte(word))
		if n < 0 {
			t.Fatalf("no %q", word)
		}
		at += n + len(word)
	}
	copy(out[at+offset:], b)
	return out
}

// resealed gives a PNG its checksums anew.
func resealed(file []byte) []byte {
	out := bytes.Clone(file[:8])
	for rest := file[8:]; len(rest) >= 12; {
		n := binary.BigEndian.Uint32(rest)
		out = appendPNG(out, string(rest[4:8]), rest[8:8+n])
		rest = rest[12+n:]
	}
	return out
}

// Whoever lies about frames is refused, by the header where it can be.
func TestMovingLiars(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	all := noRestore(stepsOf(4, 40, 30, 1))
	p, w := apngOf(t, 40, 30, 0, all, false), webpOf(t, 40, 30, 0, all)
	control := p[bytes.Index(p, []byte("acTL"))-4:][:20]
	tiny := []step{{at: image.Rect(0, 0, 1, 1), m: image.NewNRGBA(image.Rect(0, 0, 1, 1)), denominator: 1}}
	many := webpOf(t, 1, 1, 0, tiny)
	at := bytes.Index(many, []byte("ANMF"))
	frame := many[at:]
	many = webpFile(append(many[12:at:at], bytes.Repeat(frame, 100_000)...))
	for name, c := range map[string]struct {
		file []byte
		want string
		// header says that no decoder is started.
		header bool
	}{
		"png as it was":            {p, "ok", false},
		"png again":                {resealed(p), "ok", false},
		"png beyond the canvas":    {resealed(changed(t, p, "fcTL", 2, 12, 0, 0, 0, 39)), "damaged", false},
		"png far beyond":           {resealed(changed(t, p, "fcTL", 2, 12, 0xff, 0xff, 0xff, 0xff)), "damaged", false},
		"png of a wide frame":      {resealed(changed(t, p, "fcTL", 3, 4, 0xff, 0xff, 0xff, 0xff)), "damaged", false},
		"png of an empty frame":    {resealed(changed(t, p, "fcTL", 3, 4, 0, 0, 0, 0)), "damaged", false},
		"png of a larger picture":  {resealed(changed(t, p, "fcTL", 2, 4, 0, 0, 0, 1)), "damaged", false},
		"png fdAT out of sequence": {resealed(changed(t, p, "fdAT", 2, 0, 0, 0, 0, 9)), "damaged", false},
		"png fcTL out of sequence": {resealed(changed(t, p, "fcTL", 2, 0, 0, 0, 0, 2)), "damaged", false},
		"png unknown disposal":     {resealed(changed(t, p, "fcTL", 2, 24, 3)), "damaged", false},
		"png unknown blending":     {resealed(changed(t, p, "fcTL", 2, 25, 2)), "damaged", false},
		"png wrong checksum":       {changed(t, p, "fdAT", 2, 9, 1, 2, 3), "damaged", false},
		"png fewer frames":         {resealed(changed(t, p, "acTL", 1, 0, 0, 0, 0, 5)), "damaged", true},
		"png more frames":          {resealed(changed(t, p, "acTL", 1, 0, 0, 0, 0, 3)), "damaged", true},
		"png no frames":            {resealed(changed(t, p, "acTL", 1, 0, 0, 0, 0, 0)), "damaged", true},
		"png 100,000 frames":       {resealed(changed(t, apngOf(t, 1, 1, 0, tiny, false), "acTL", 1, 0, 0, 1, 0x86, 0xa0)), "too_many_frames", true},
		"png 500 megapixels":       {resealed(changed(t, apngOf(t, 1000, 1000, 0, tiny, true), "acTL", 1, 0, 0, 0, 1, 0xf4)), "too_many_pixels", true},
		"png control twice":        {bytes.Replace(p, control, append(bytes.Clone(control), control...), 1), "damaged", true},
		"webp as it was":           {w, "ok", false},
		"webp beyond the canvas":   {changed(t, w, "ANMF", 2, 4, 20), "damaged", false},
		"webp of another size":     {changed(t, w, "ANMF", 1, 10, 20), "damaged", false},
		"webp a larger picture":    {changed(t, w, "VP8L", 3, 5, 0xff, 0xff, 0xff, 0x0f), "damaged", false},
		"webp no picture":          {changed(t, w, "VP8L", 3, -4, 'V', 'P', '9', 'L'), "damaged", false},
		"webp without ANIM":        {changed(t, w, "ANIM", 1, -4, 'A', 'N', 'I', 'X'), "damaged", false},
		"webp frame too long":      {changed(t, w, "ANMF", 2, 0, 0xff, 0xff), "damaged", true},
		"webp broken picture":      {changed(t, w, "VP8L", 4, 9, 0xff, 0xff, 0xff, 0xff), "damaged", false},
		"webp 100,000 frames":      {many, "too_many_frames", true},
		"webp 500 megapixels":      {webpFile(append(changed(t, webpOf(t, 1, 1, 0, tiny), "VP8X", 1, 8, 0xff, 0x3f, 0, 0xff, 0x17, 0)[12:at], bytes.Repeat(frame, 5)...)), "too_many_pixels", true},
	} {
		typ := sniff.PNG
		if name[0] == 'w' {
			typ = sniff.WebP
		}
		_, err := sniff.CheckImageHeader(bytes.NewReader(c.file), int64(len(c.file)), typ)
		if got := code(err); c.header && got != c.want || !c.header && got != "ok" {
			t.Errorf("%s: header %v, want %s", name, err, c.want)
		}
		if err := d.Check(t.Context(), bytes.NewReader(c.file), int64(len(c.file)), typ); code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		got, err := rendered(t, d, c.file)
		if code(err) != c.want || err != nil && len(got) > 0 {
			t.Errorf("%s rendered: %v, %d copies, want %s", name, err, len(got), c.want)
		}
	}
}

// A reader of frames ends, holds to the canvas, and what it lets through the player shows or refuses.
func fuzzFilm(f *testing.F, t sniff.Type, read func([]byte) (*film, error), seeds ...[]byte) {
	for _, b := range seeds {
		f.Add(b)
	}
	f.Fuzz(func(tt *testing.T, b []byte) {
		if len(b) > 64<<10 {
			return
		}
		if h, err := sniff.CheckImageHeader(bytes.NewReader(b), int64(len(b)), t); err != nil || h.Width*h.Height*h.Frames > 1<<20 {
			return
		}
		m, err := read(b)
		if err != nil || m == nil {
			return
		}
		p := newPlayer(m)
		for _, one := range m.frames {
			if !one.at.In(p.canvas.Rect) || one.at.Empty() || one.delay < 0 {
				tt.Fatalf("a frame at %v for %d ms on %v", one.at, one.delay, p.canvas.Rect)
			}
		}
		for range m.frames {
			if _, err := p.next(); err != nil {
				return
			}
		}
	})
}

func FuzzWebP(f *testing.F) {
	all := noRestore(stepsOf(3, 12, 10, 1))
	var seeds [][]byte
	for _, file := range []string{"boiler.webp", "dust-duct.webp"} {
		b := read(f, "media", file)
		seeds = append(seeds, b[:min(len(b), 4<<10)])
	}
	still := func(b []byte) (*film, error) {
		m, err := webpFilm(b)
		if m == nil && err == nil {
			_, err = webpStill(b)
		}
		return m, err
	}
	fuzzFilm(f, sniff.WebP, still, append(seeds, webpOf(f, 12, 10, 0, all), webpFile(nil))...)
}

func FuzzAPNG(f *testing.F) {
	all := stepsOf(3, 12, 10, 1)
	fuzzFilm(f, sniff.PNG, pngFilm, apngOf(f, 12, 10, 0, all, false), apngOf(f, 12, 10, 7, all, true))
}

// FuzzReel: what the writer makes of any picture is an animation that its reader takes.
func FuzzReel(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5}, uint8(3), uint8(7), 40)
	f.Fuzz(func(t *testing.T, b []byte, w, h uint8, delay int) {
		out := &webpReel{}
		for range 2 {
			m := image.NewRGBA(image.Rect(0, 0, int(w%32)+1, int(h%32)+1))
			for i := range m.Pix {
				if len(b) > 0 {
					m.Pix[i] = b[i%len(b)]
				}
			}
			multiplied(m.Pix)
			if err := out.add(m, max(delay, 0)); err != nil {
				t.Fatal(err)
			}
			b = b[len(b)/2:]
		}
		c, err := out.end()
		if err != nil {
			t.Fatal(err)
		}
		p, err := open(c.data, sniff.WebP)
		if err != nil || p.film.decode() != nil {
			t.Fatal(err)
		}
	})
}
