package pictures

import (
	"image"
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Every pixel is the mean of the area that it covers, in any size.
func TestShrink(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := newPlane(rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h"), rapid.SampledFrom([]int{1, 4}).Draw(t, "ch"))
		copy(p.pix, rapid.SliceOfN(rapid.Byte(), len(p.pix), len(p.pix)).Draw(t, "pix"))
		w, h := rapid.IntRange(1, p.w).Draw(t, "to w"), rapid.IntRange(1, p.h).Draw(t, "to h")
		got := p.shrink(w, h)
		for y := range h {
			for x := range w {
				for k := range p.ch {
					want, have := mean(p, x, y, k, w, h), float64(got.row(y)[x*p.ch+k])
					if math.Abs(want-have) > 1 {
						t.Fatalf("%d,%d channel %d: %v, want %v", x, y, k, have, want)
					}
				}
			}
		}
	})
}

// mean is the definition, in floating point.
func mean(p plane, x, y, k, w, h int) float64 {
	overlap := func(i, d, src, dst int) float64 {
		scale := float64(src) / float64(dst)
		return max(0, min(float64(i+1), float64(d+1)*scale)-max(float64(i), float64(d)*scale))
	}
	var sum, weight float64
	for sy := range p.h {
		for sx := range p.w {
			o := overlap(sx, x, p.w, w) * overlap(sy, y, p.h, h)
			sum += o * float64(p.row(sy)[sx*p.ch+k])
			weight += o
		}
	}
	return sum / weight
}

// The letter F, stored in each of the eight ways (TIFF 6.0, Orientation), comes upright.
func TestTurned(t *testing.T) {
	t.Parallel()
	stored := map[int][]string{
		1: {"FFF", "F..", "FF.", "F.."}, 2: {"FFF", "..F", ".FF", "..F"}, 3: {"..F", ".FF", "..F", "FFF"}, 4: {"F..", "FF.", "F..", "FFF"},
		5: {"FFFF", "F.F.", "F..."}, 6: {"F...", "F.F.", "FFFF"}, 7: {"...F", ".F.F", "FFFF"}, 8: {"FFFF", ".F.F", "...F"},
	}
	for o, rows := range stored {
		for _, ch := range []int{1, 4} {
			p := newPlane(len(rows[0]), len(rows), ch)
			for y, row := range rows {
				for x := range row {
					for k := range ch {
						p.row(y)[x*ch+k] = row[x]
					}
				}
			}
			up := p.turned(o)
			for y, want := range stored[1] {
				var got []byte
				for x := range up.w {
					got = append(got, up.row(y)[x*ch])
				}
				if string(got) != want {
					t.Errorf("orientation %d, row %d: %s, want %s", o, y, got, want)
				}
			}
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, c := range [][5]int{{4000, 3000, 1280, 1280, 960}, {3000, 4000, 320, 240, 320}, {200, 100, 320, 200, 100}, {100000, 10, 320, 320, 1}, {320, 1, 320, 320, 1}} {
		if w, h := fit(c[0], c[1], c[2]); w != c[3] || h != c[4] {
			t.Errorf("%v: %d × %d", c, w, h)
		}
	}
}

// Every layout of chroma gives the same colour.
func TestChroma(t *testing.T) {
	t.Parallel()
	want := color.YCbCr{Y: 120, Cb: 90, Cr: 200}
	for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
		m := image.NewYCbCr(image.Rect(0, 0, 37, 23), ratio)
		for i := range m.Y {
			m.Y[i] = want.Y
		}
		for i := range m.Cb {
			m.Cb[i], m.Cr[i] = want.Cb, want.Cr
		}
		for _, size := range [][2]int{{37, 23}, {20, 11}, {1, 1}} {
			got := view(m).shrink(size[0], size[1]).image().(*image.YCbCr)
			for y := range size[1] {
				for x := range size[0] {
					if c := got.YCbCrAt(x, y); c != want {
						t.Fatalf("%v to %v: %v at %d,%d", ratio, size, c, x, y)
					}
				}
			}
		}
	}
}
