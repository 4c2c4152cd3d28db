package pictures

import (
	"go/build"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

// examined does in this process what a child does; the samples are ours.
func examined(t testing.TB, file []byte) events.Examination {
	t.Helper()
	typ, _ := sniff.Sniff(file)
	p, err := open(file, typ)
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := examine(p, params{Type: typ}, file)
	if err != nil {
		t.Fatal(err)
	}
	return e.(events.Examination)
}

func TestBits(t *testing.T) {
	t.Parallel()
	if n, ok := Bits("00000000000000ff", "0000000000000f0f"); n != 8 || !ok {
		t.Errorf("%d %v", n, ok)
	}
	for _, bad := range []string{"", "0123", "0123456789abcdef0", "0123456789abcdeg"} {
		if _, ok := Bits(bad, "00000000000000ff"); ok {
			t.Errorf("%q is a look", bad)
		}
	}
}

// The picture of a person that the cascade's own module is tested with has one face, and the samples, drawn and without people, have none (TestExamine).
func TestFaces(t *testing.T) {
	t.Parallel()
	pkg, err := build.Import("github.com/esimov/pigo/core", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(pkg.Dir, "..", "testdata", "sample.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	e := examined(t, file)
	t.Logf("%+v", e)
	if len(e.Proposed) != 1 {
		t.Fatalf("%+v", e.Proposed)
	}
}

// A plate is found where it is drawn, at any place and of any size that can be read; a blue board and a blue board with one light line are none.
func TestPlates(t *testing.T) {
	t.Parallel()
	draw := func(at image.Rectangle, letters int) raster {
		m := image.NewRGBA(image.Rect(0, 0, 640, 480))
		pixels(7)(m.Pix)
		for i := range m.Pix {
			m.Pix[i] = m.Pix[i]/8 + 90
			if i%4 == 3 {
				m.Pix[i] = 0xff
			}
		}
		for y := at.Min.Y; y < at.Max.Y; y++ {
			for x := at.Min.X; x < at.Max.X; x++ {
				m.SetRGBA(x, y, color.RGBA{18, 60, 165, 0xff})
				if dx, dy := x-at.Min.X, y-at.Min.Y; letters > 0 && dy > at.Dy()/5 && dy < at.Dy()*4/5 && (dx*2*letters/at.Dx())%2 == 1 && dx < at.Dx()-2 {
					m.SetRGBA(x, y, color.RGBA{225, 228, 235, 0xff})
				}
			}
		}
		return view(m)
	}
	for _, at := range []image.Rectangle{image.Rect(30, 40, 30+63, 40+20), image.Rect(300, 200, 300+200, 200+64), image.Rect(560, 440, 560+70, 440+26)} {
		got := plates(draw(at, 7), 1280, 960)
		want := events.Area{X: 2 * at.Min.X, Y: 2 * at.Min.Y, Width: 2 * at.Dx(), Height: 2 * at.Dy(), Why: "plate"}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		for _, letters := range []int{0, 1} {
			if got := plates(draw(at, letters), 1280, 960); len(got) != 0 {
				t.Errorf("%d letters: %+v", letters, got)
			}
		}
	}
	if got := plates(draw(image.Rect(10, 10, 200, 200), 7), 640, 480); len(got) != 0 {
		t.Errorf("a square: %+v", got)
	}
}
