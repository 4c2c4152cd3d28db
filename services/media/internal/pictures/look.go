package pictures

import (
	_ "embed"
	"fmt"
	"image"
	"math/bits"
	"slices"
	"strconv"
	"sync"

	"github.com/corona10/goimagehash"
	pigo "github.com/esimov/pigo/core"

	"songshui.internal/events"
)

// Alike is in how many bits, of 64, the looks of two pictures may differ that count as looking alike: the same shot made smaller, compressed again or with a little
// cut off differs in 0–6, two shots of like scenes in more than 10 (measured on the samples).
const Alike = 8

// Bits gives in how many bits two looks differ; false if one of them is none.
func Bits(a, b string) (int, bool) {
	x, err1 := strconv.ParseUint(a, 16, 64)
	y, err2 := strconv.ParseUint(b, 16, 64)
	return bits.OnesCount64(x ^ y), err1 == nil && err2 == nil && len(a) == 16 && len(b) == 16
}

// lookEdge is the longer edge of what looks and faces are taken from, in pixels: faces of a 40th of a picture are found.
const lookEdge = 960

// look gives the perceptual hash of an upright picture.
func look(m *image.Gray) (string, error) {
	h, err := goimagehash.PerceptionHash(m)
	if err != nil {
		return "", fmt.Errorf("pictures: look: %w", err)
	}
	return fmt.Sprintf("%016x", h.GetHash()), nil
}

// The cascade of github.com/esimov/pigo v1.4.6, MIT licence (NOTICE).
//
//go:embed facefinder
var cascade []byte

var finder = sync.OnceValues(func() (*pigo.Pigo, error) { return pigo.NewPigo().Unpack(cascade) })

const (
	// minFace is the smallest face looked for, in pixels of lookEdge.
	minFace = 24
	// sureEnough is the least score of a face: below it, bolts and lamps are faces too.
	sureEnough = 8
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
