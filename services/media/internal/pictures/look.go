package pictures

import (
	_ "embed"
	"fmt"
	"image"
	"math/bits"
	"slices"
	"strconv"
	"sync"

	"github.com/corona10/goimagehash/transforms"
	pigo "github.com/esimov/pigo/core"

	"songshui.internal/events"
)

// Alike is in how many bits, of 64, the looks of two pictures may differ that count as looking alike. On the samples, made smaller to 1280, 800 and 400 pixels and compressed
// to a quality of 70, 50 and 60, 98 % differ in at most 3; the nearest two pictures of different scenes, and those before and after mending, in 4 and more.
const Alike = 3

// Bits gives in how many bits two looks differ; false if one of them is none.
func Bits(a, b string) (int, bool) {
	x, err1 := strconv.ParseUint(a, 16, 64)
	y, err2 := strconv.ParseUint(b, 16, 64)
	return bits.OnesCount64(x ^ y), err1 == nil && err2 == nil && len(a) == 16 && len(b) == 16
}

// lookEdge is the longer edge of what looks and faces are taken from, in pixels: faces of a 40th of a picture are found.
const lookEdge = 960

// look gives the perceptual hash of an upright picture: which of 64 frequencies of its cosine transform, at 64 × 64 pixels, go up. goimagehash's own hash takes the
// lowest frequencies; it can't tell a picture of the mended scene (2 bits away) from a smaller copy (2 bits too). The lowest three are left out here.
func look(m *image.Gray) string {
	const edge, lowest = 64, 3
	p := plane{m.Pix, m.Rect.Dx(), m.Rect.Dy(), m.Stride, 1}
	small := p.shrink(min(edge, p.w), min(edge, p.h)).grown(edge, edge)
	values := make([]float64, edge*edge)
	for i := range values {
		values[i] = float64(small.row(i / edge)[i%edge])
	}
	transforms.DCT2DFast64(&values)
	var bits uint64
	for y := range 8 {
		for x := range 8 {
			bits <<= 1
			if values[(y+lowest)*edge+x+lowest] > 0 {
				bits |= 1
			}
		}
	}
	return fmt.Sprintf("%016x", bits)
}

// The cascade of github.com/esimov/pigo v1.4.6, MIT licence (NOTICE).
//
//go:embed facefinder
var cascade []byte

var finder = sync.OnceValues(func() (*pigo.Pigo, error) { return pigo.NewPigo().Unpack(cascade) })

const (
	// minFace is the smallest face looked for, in pixels of lookEdge.
	minFace = 24
	// sureEnough is the least score of a face: the most that anything in the samples reaches, where there are none, is 4.4.
	sureEnough = 5
	// maxFaces bounds the proposals.
	maxFaces = 50
)

// faces proposes areas for an upright picture of w × h, of which m is a smaller grey copy; the surest first.
func faces(m *image.Gray, w, h int) ([]events.Area, error) {
	f, err := finder()
	if err != nil {
		return nil, fmt.Errorf("pictures: faces: %w", err)
	}
	mw, mh := m.Rect.Dx(), m.Rect.Dy()
	found := f.RunCascade(pigo.CascadeParams{MinSize: minFace, MaxSize: min(mw, mh), ShiftFactor: 0.1, ScaleFactor: 1.1,
		ImageParams: pigo.ImageParams{Pixels: m.Pix, Rows: mh, Cols: mw, Dim: m.Stride}}, 0)
	found = f.ClusterDetections(found, 0.2)
	slices.SortStableFunc(found, func(a, b pigo.Detection) int {
		switch {
		case a.Q > b.Q:
			return -1
		case a.Q < b.Q:
			return 1
		}
		return 0
	})
	var out []events.Area
	for _, d := range found {
		if d.Q < sureEnough || len(out) == maxFaces {
			break
		}
		// The cascade frames a face from brow to chin; hair and ears are hidden too.
		half := d.Scale * 6 / 10
		box := image.Rect((d.Col-half)*w/mw, (d.Row-half)*h/mh, (d.Col+half)*w/mw, (d.Row+half)*h/mh).Intersect(image.Rect(0, 0, w, h))
		if !box.Empty() {
			out = append(out, events.Area{X: box.Min.X, Y: box.Min.Y, Width: box.Dx(), Height: box.Dy(), Why: "face"})
		}
	}
	return out, nil
}
