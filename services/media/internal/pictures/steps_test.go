package pictures

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"image/color"
	"slices"
	"testing"

	"github.com/gen2brain/webp"
)

// step is a frame of an animation that a test makes.
type step struct {
	at                     image.Rectangle
	m                      *image.NRGBA
	numerator, denominator uint16
	after                  disposal
	over                   bool
}

// stepsOf makes n frames of few colours, transparent ones among them; those behind the first are smaller than the canvas and lie at even places.
func stepsOf(n, w, h int, seed uint32) []step {
	random := func(below int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>16) % below
	}
	colours := []color.NRGBA{{}, {10, 20, 200, 0xff}, {240, 240, 230, 0xff}, {0, 160, 80, 0xff}, {200, 40, 40, 0x80}, {250, 200, 0, 0x40}}
	var out []step
	for i := range n {
		s := step{at: image.Rect(0, 0, w, h), numerator: uint16(40 + 10*i), denominator: 1000, after: disposal(random(3)), over: random(2) == 0}
		if i > 0 {
			x, y := 2*random(w/4), 2*random(h/4)
			s.at = image.Rect(x, y, x+1+random(w-x), y+1+random(h-y))
		}
		s.m = image.NewNRGBA(image.Rect(0, 0, s.at.Dx(), s.at.Dy()))
		c := colours[0]
		for y := range s.at.Dy() {
			for x := range s.at.Dx() {
				if random(9) == 0 {
					c = colours[random(len(colours))]
				}
				s.m.SetNRGBA(x, y, c)
			}
		}
		out = append(out, s)
	}
	return out
}

// screen tells pixel by pixel, in fractions, what each step shows, premultiplied: the formats' own words, and nothing of the player's.
func screen(w, h int, all []step) [][][4]float64 {
	canvas := make([][4]float64, w*h)
	var shown [][][4]float64
	for _, s := range all {
		before := slices.Clone(canvas)
		for y := s.at.Min.Y; y < s.at.Max.Y; y++ {
			for x := s.at.Min.X; x < s.at.Max.X; x++ {
				c := s.m.NRGBAAt(x-s.at.Min.X, y-s.at.Min.Y)
				a := float64(c.A) / 255
				source := [4]float64{float64(c.R) * a, float64(c.G) * a, float64(c.B) * a, float64(c.A)}
				for k := range source {
					if s.over {
						source[k] += canvas[y*w+x][k] * (1 - a)
					}
				}
				canvas[y*w+x] = source
			}
		}
		shown = append(shown, slices.Clone(canvas))
		switch s.after {
		case wipe:
			for y := s.at.Min.Y; y < s.at.Max.Y; y++ {
				clear(canvas[y*w+s.at.Min.X : y*w+s.at.Max.X])
			}
		case restore:
			canvas = before
		}
	}
	return shown
}

// far gives how far premultiplied pixels lie from what should be shown, at most, of 255.
func far(pix []byte, want [][4]float64) float64 {
	most := 0.0
	for i, v := range pix {
		most = max(most, want[i/4][i%4]-float64(v), float64(v)-want[i/4][i%4])
	}
	return most
}

// apngOf writes steps as an animated PNG. hidden puts a red picture before them that is no frame; beside are chunks that go in front of the picture.
func apngOf(t testing.TB, w, h, plays int, all []step, hidden bool, beside ...[]byte) []byte {
	t.Helper()
	file := []byte("\x89PNG\r\n\x1a\n")
	header := append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h)), 8, 6, 0, 0, 0)
	file = appendPNG(file, "IHDR", header)
	file = append(file, slices.Concat(beside...)...)
	file = appendPNG(file, "acTL", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(len(all))), uint32(plays)))
	if hidden {
		red := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range red.Pix {
			red.Pix[i] = []byte{0xff, 0, 0, 0xff}[i%4]
		}
		file = appendPNG(file, "IDAT", deflated(t, red))
	}
	sequence := uint32(0)
	for i, s := range all {
		control := binary.BigEndian.AppendUint32(nil, sequence)
		sequence++
		for _, v := range []int{s.at.Dx(), s.at.Dy(), s.at.Min.X, s.at.Min.Y} {
			control = binary.BigEndian.AppendUint32(control, uint32(v))
		}
		control = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(control, s.numerator), s.denominator)
		control = append(control, byte(s.after), 0)
		if s.over {
			control[25] = 1
		}
		file = appendPNG(file, "fcTL", control)
		data := deflated(t, s.m)
		if i == 0 && !hidden {
			file = appendPNG(file, "IDAT", data)
			continue
		}
		for _, part := range [][]byte{data[:len(data)/2], data[len(data)/2:]} {
			file = appendPNG(file, "fdAT", append(binary.BigEndian.AppendUint32(nil, sequence), part...))
			sequence++
		}
	}
	return appendPNG(file, "IEND", nil)
}

// deflated gives the body of a picture's IDAT: eight bits of four channels, no filter.
func deflated(t testing.TB, m *image.NRGBA) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	for y := range m.Rect.Dy() {
		if _, err := z.Write(append([]byte{0}, m.Pix[y*m.Stride:][:4*m.Rect.Dx()]...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpOf writes steps as an animated WebP, without loss; restore isn't there. around are chunks that go before and behind the frames.
func webpOf(t testing.TB, w, h, plays int, all []step, around ...[]byte) []byte {
	t.Helper()
	chunks := appendRIFF(nil, "VP8X", put24(put24([]byte{webpAnimated | webpAlpha | 0x2c, 0, 0, 0}, w-1), h-1))
	chunks = append(chunks, slices.Concat(around...)...)
	chunks = appendRIFF(chunks, "ANIM", append([]byte{1, 2, 3, 4}, byte(plays), byte(plays>>8)))
	for _, s := range all {
		body := put24(put24(nil, s.at.Min.X/2), s.at.Min.Y/2)
		body = put24(put24(put24(body, s.at.Dx()-1), s.at.Dy()-1), 1000*int(s.numerator)/int(s.denominator))
		flags := byte(0)
		if s.after == wipe {
			flags |= webpWiped
		}
		if !s.over {
			flags |= webpReplaces
		}
		var b bytes.Buffer
		if err := webp.Encode(&b, s.m, webp.Options{Lossless: true, Exact: true, Method: 1}); err != nil {
			t.Fatal(err)
		}
		chunks = appendRIFF(chunks, "ANMF", append(append(body, flags), b.Bytes()[12:]...))
	}
	return webpFile(append(chunks, slices.Concat(around...)...))
}
