package pictures

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

// form draws an image in one of the forms that flat gives, of given bytes.
func form(kind string, w, h int, fill func([]byte)) image.Image {
	at := image.Rect(0, 0, w, h)
	switch kind {
	case "grey":
		m := image.NewGray(at)
		fill(m.Pix)
		return m
	case "rgba":
		m := image.NewNRGBA(at)
		fill(m.Pix)
		return flat(m)
	}
	ratios := map[string]image.YCbCrSubsampleRatio{"444": image.YCbCrSubsampleRatio444, "420": image.YCbCrSubsampleRatio420, "422": image.YCbCrSubsampleRatio422,
		"440": image.YCbCrSubsampleRatio440, "411": image.YCbCrSubsampleRatio411, "410": image.YCbCrSubsampleRatio410}
	m := image.NewYCbCr(at, ratios[kind])
	fill(m.Y)
	fill(m.Cb)
	fill(m.Cr)
	return m
}

var forms = []string{"grey", "rgba", "444", "420", "422", "440", "411", "410"}

func pixels(seed uint32) func([]byte) {
	return func(b []byte) {
		for i := range b {
			seed = seed*1664525 + 1013904223
			b[i] = byte(seed >> 24)
		}
	}
}

func drawArea(t *rapid.T, w, h int, style string) events.Area {
	return events.Area{X: rapid.IntRange(-5, w).Draw(t, "x"), Y: rapid.IntRange(-5, h).Draw(t, "y"), Width: rapid.IntRange(1, w).Draw(t, "width"),
		Height: rapid.IntRange(1, h).Draw(t, "height"), Style: style}
}

// Two pictures that differ only inside solid areas give the same bytes, whatever mosaics lie over and beside them.
func TestSolidKeepsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, h, kind := rapid.IntRange(1, 90).Draw(t, "w"), rapid.IntRange(1, 90).Draw(t, "h"), rapid.SampledFrom(forms).Draw(t, "form")
		orientation := rapid.IntRange(1, 8).Draw(t, "orientation")
		a := form(kind, w, h, pixels(rapid.Uint32().Draw(t, "seed")))
		b := form(kind, w, h, pixels(rapid.Uint32().Draw(t, "other seed")))
		uw, uh := w, h
		if orientation >= 5 {
			uw, uh = h, w
		}
		var areas []events.Area
		for range rapid.IntRange(1, 3).Draw(t, "areas") {
			areas = append(areas, drawArea(t, uw, uh, events.AreaSolid), drawArea(t, uw, uh, events.AreaMosaic))
		}
		equalise(view(a), view(b), areas, orientation)
		var out [2][]made
		for i, m := range []image.Image{a, b} {
			r := view(m)
			r.hide(areas, orientation)
			var err error
			if out[i], err = copies(r, sniff.PNG, orientation, nil, []int{20, 90}); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.EqualFunc(out[0], out[1], func(a, b made) bool { return a.head == b.head && bytes.Equal(a.data, b.data) }) {
			t.Fatal("what was hidden shows")
		}
	})
}

// equalise gives b the samples of a everywhere but for those pixels of a that lie in solid areas, reckoned from the upright picture, pixel by pixel.
func equalise(a, b raster, areas []events.Area, orientation int) {
	mask := newPlane(a.w, a.h, 1).turned(orientation)
	for _, r := range areas {
		for y := max(r.Y, 0); y < min(r.Y+r.Height, mask.h) && r.Style == events.AreaSolid; y++ {
			for x := max(r.X, 0); x < min(r.X+r.Width, mask.w); x++ {
				mask.row(y)[x] = 1
			}
		}
	}
	back := []int{0, 1, 2, 3, 4, 5, 8, 7, 6}
	mask = mask.turned(back[orientation])
	for i := range a.planes {
		s := a.sampled(i)
		for y := range a.planes[i].h {
			for x := range a.planes[i].w {
				// A sample that some hidden pixel shares may differ.
				hidden := false
				for py := y * s.Y; py < min((y+1)*s.Y, a.h); py++ {
					for px := x * s.X; px < min((x+1)*s.X, a.w); px++ {
						hidden = hidden || mask.row(py)[px] == 1
					}
				}
				if ch := a.planes[i].ch; !hidden {
					copy(b.planes[i].row(y)[x*ch:(x+1)*ch], a.planes[i].row(y)[x*ch:(x+1)*ch])
				}
			}
		}
	}
}

// Outside of an area's samples nothing changes; a mosaic's blocks are as large as promised, and each is its mean.
func TestMosaic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 200).Draw(t, "w"), rapid.IntRange(1, 200).Draw(t, "h")
		before := form("grey", w, h, pixels(rapid.Uint32().Draw(t, "seed"))).(*image.Gray)
		after := &image.Gray{Pix: bytes.Clone(before.Pix), Stride: before.Stride, Rect: before.Rect}
		a := drawArea(t, w, h, events.AreaMosaic)
		r := view(after)
		r.hide([]events.Area{a}, 1)
		in := r.stored(a, 1)
		for y := range h {
			for x := range w {
				if !image.Pt(x, y).In(in) && before.GrayAt(x, y) != after.GrayAt(x, y) {
					t.Fatalf("%d,%d changed, outside %v", x, y, in)
				}
			}
		}
		block := max(16, (min(in.Dx(), in.Dy())+7)/8)
		for y := in.Min.Y; y < in.Max.Y; y++ {
			run := 1
			for x := in.Min.X + 1; x <= in.Max.X; x++ {
				if x < in.Max.X && after.GrayAt(x, y) == after.GrayAt(x-1, y) {
					run++
					continue
				}
				if run < min(block, in.Dx()) {
					t.Fatalf("a run of %d in %v, want %d", run, in, block)
				}
				run = 1
			}
		}
	})
}

// An area is where a person saw it, in each of the eight ways in which a picture may be stored.
func TestAreaUpright(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, h, orientation := rapid.IntRange(1, 60).Draw(t, "w"), rapid.IntRange(1, 60).Draw(t, "h"), rapid.IntRange(1, 8).Draw(t, "orientation")
		stored := form("grey", w, h, pixels(rapid.Uint32().Draw(t, "seed")))
		up := view(stored).turned(orientation)
		a := drawArea(t, up.w, up.h, events.AreaSolid)
		view(stored).hide([]events.Area{a}, orientation)
		up.hide([]events.Area{a}, 1)
		if got := view(stored).turned(orientation); !bytes.Equal(got.planes[0].pix, up.planes[0].pix) {
			t.Fatal("hidden elsewhere")
		}
	})
}

// Areas that nobody could have drawn hide what they can and harm nothing.
func TestAreaBeyond(t *testing.T) {
	t.Parallel()
	const most = 1<<63 - 1
	for _, a := range []events.Area{{X: most, Y: most, Width: most, Height: most}, {X: -most, Y: -most, Width: most, Height: most}, {X: 5, Y: 5, Width: -1, Height: 9}, {Width: most, Height: most}} {
		m := image.NewGray(image.Rect(0, 0, 10, 10))
		view(m).hide([]events.Area{a}, 6)
		if all := a.X == 0; bytes.Contains(m.Pix, []byte{0}) == all {
			t.Errorf("%+v: %v", a, m.Pix)
		}
	}
}

// What is hidden in a child's copies is hidden in all of them: a white picture with a red patch that an area covers.
func TestRenderHides(t *testing.T) {
	t.Parallel()
	for _, style := range []string{events.AreaSolid, ""} {
		m := image.NewNRGBA(image.Rect(0, 0, 1500, 900))
		for i := range m.Pix {
			m.Pix[i] = 0xff
		}
		for y := 300; y < 400; y++ {
			for x := 700; x < 900; x++ {
				m.SetNRGBA(x, y, color.NRGBA{R: 0xff, A: 0xff})
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		got, err := rendered(t, decoder(t), b.Bytes(), events.Area{X: 700, Y: 300, Width: 200, Height: 100, Style: style})
		if err != nil || len(got) != 3 {
			t.Fatalf("%d copies, %v", len(got), err)
		}
		for _, c := range got {
			pic, _, err := image.Decode(bytes.NewReader(c.data))
			if err != nil || c.head.Type != "image/png" {
				t.Fatalf("%+v %v", c.head, err)
			}
			for y := range c.head.Height {
				for x := range c.head.Width {
					if p := color.NRGBAModel.Convert(pic.At(x, y)).(color.NRGBA); int(p.R) > int(p.G)+8 {
						t.Fatalf("%s: %v at %d,%d", c.head.Name, p, x, y)
					}
				}
			}
		}
	}
}
