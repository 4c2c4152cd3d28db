package pictures

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"slices"
	"testing"

	"songshui.internal/events"
)

// gifOf is an animation of frames with all disposals, in few colours; the patch moves.
func gifOf(t testing.TB, patch color.Color, w, h, frames int, disposal byte) []byte {
	t.Helper()
	palette := color.Palette{color.RGBA{}, color.RGBA{10, 20, 200, 0xff}, color.RGBA{240, 240, 230, 0xff}, patch}
	g := &gif.GIF{Config: image.Config{Width: w, Height: h}, LoopCount: 3}
	for i := range frames {
		m := image.NewPaletted(image.Rect(0, 0, w, h), palette)
		if i > 0 {
			m = image.NewPaletted(image.Rect(w/4, h/4, 3*w/4, 3*h/4), palette)
		}
		for j := range m.Pix {
			m.Pix[j] = byte(1 + (j/7+i)%2)
		}
		for y := h / 3; y < h/2; y++ {
			for x := w/3 + i; x < w/2+i; x++ {
				if (image.Point{X: x, Y: y}).In(m.Rect) {
					m.SetColorIndex(x, y, 3)
				}
			}
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, m), append(g.Delay, 7+i), append(g.Disposal, disposal)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnimation(t *testing.T) {
	t.Parallel()
	d := decoder(t)
	area := events.Area{X: 50, Y: 50, Width: 120, Height: 70}
	for _, disposal := range []byte{gif.DisposalNone, gif.DisposalBackground, gif.DisposalPrevious} {
		file := gifOf(t, color.RGBA{0xff, 0, 0, 0xff}, 200, 160, 4, disposal)
		file = slices.Insert(file, len(file)-1, []byte("\x21\xfe\x06secret\x00")...)
		got, err := rendered(t, d, file, area)
		if err != nil || len(got) != 2 {
			t.Fatalf("%d copies, %v", len(got), err)
		}
		moving := got[1]
		clean(t, moving)
		if bytes.Contains(moving.data, []byte("secret")) {
			t.Error("the comment is still there")
		}
		g, err := gif.DecodeAll(bytes.NewReader(moving.data))
		if err != nil || len(g.Image) != 4 || g.LoopCount != 3 || !slices.Equal(g.Delay, []int{7, 8, 9, 10}) || g.Config.Width != 200 || g.Config.Height != 160 {
			t.Fatalf("%v: %+v", err, moving.head)
		}
		was, is := shownBy(t, file), shownBy(t, moving.data)
		for i := range g.Image {
			want := view(was[i])
			want.hide([]events.Area{area}, 1)
			if !bytes.Equal(was[i].Pix, is[i].Pix) {
				t.Errorf("disposal %d: frame %d is another one", disposal, i)
			}
		}
		other, err := rendered(t, d, gifOf(t, color.RGBA{0, 0xff, 0, 0xff}, 200, 160, 4, disposal), area)
		if err != nil || !bytes.Equal(other[0].data, got[0].data) || !bytes.Equal(other[1].data, moving.data) {
			t.Errorf("disposal %d: what was hidden shows in the bytes: %v", disposal, err)
		}
	}
}

// A long animation is made smaller, one of many colours keeps them about.
func TestAnimationBounds(t *testing.T) {
	t.Parallel()
	f := &film{w: 2000, h: 1000, frames: make([]frame, 20)}
	if w, h := f.copySize(); w != 1280 || h != 640 {
		t.Errorf("%d × %d", w, h)
	}
	f.frames = make([]frame, 200)
	if w, h := f.copySize(); w*h*200 > animationPixels || w*h*200 < animationPixels*9/10 {
		t.Errorf("%d × %d", w, h)
	}
	m := image.NewRGBA(image.Rect(0, 0, 256, 128))
	for y := range 128 {
		for x := range 256 {
			m.SetRGBA(x, y, color.RGBA{byte(x), byte(2 * y), byte(x + y), 0xff})
		}
	}
	p := paletted(m)
	if len(p.Palette) > 256 {
		t.Fatalf("%d colours", len(p.Palette))
	}
	for y := range 128 {
		for x := range 256 {
			a, b := m.RGBAAt(x, y), color.RGBAModel.Convert(p.At(x, y)).(color.RGBA)
			if d := max(int(a.R)-int(b.R), int(b.R)-int(a.R), int(a.G)-int(b.G), int(b.G)-int(a.G)); d > 40 || b.A != 0xff {
				t.Fatalf("%v became %v, %d colours", a, b, len(p.Palette))
			}
		}
	}
}

// shownBy gives what this package's player shows of a GIF.
func shownBy(t *testing.T, file []byte) []*image.RGBA {
	t.Helper()
	f, err := gifFilm(file)
	if err != nil {
		t.Fatal(err)
	}
	return played(t, f)
}

func played(t *testing.T, f *film) []*image.RGBA {
	t.Helper()
	var out []*image.RGBA
	p := newPlayer(f)
	for range f.frames {
		m, err := p.next()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, cloned(nil, m))
	}
	return out
}
