package pictures

import (
	"image"

	"songshui.internal/events"
)

// A hidden area's blocks are at least this many pixels of the full picture wide and high, and an eighth of its shorter edge; of an area that is smaller there is
// one block.
const (
	minBlock = 16
	perEdge  = 8
)

// hidden is the colour of solid areas, 0–255 grey: of no picture's pixels, and dark enough that nobody takes it for a part of one.
const hidden = 0x20

// hide burns areas of the upright picture into the raster of one that stands as orientation says. Samples of chroma that reach into an area are hidden whole.
// Solid areas come first, so that no mosaic beside them can hold what they hide, and last, so that they are solid.
func (r raster) hide(areas []events.Area, orientation int) {
	r.solid(areas, orientation)
	for _, a := range areas {
		if a.Style != events.AreaMosaic {
			continue
		}
		at := r.stored(a, orientation)
		block := max(minBlock, (min(at.Dx(), at.Dy())+perEdge-1)/perEdge)
		for i, p := range r.planes {
			p.mosaic(r.covered(i, at), (block+r.sampled(i).X-1)/r.sampled(i).X, (block+r.sampled(i).Y-1)/r.sampled(i).Y)
		}
	}
	r.solid(areas, orientation)
}

func (r raster) solid(areas []events.Area, orientation int) {
	for _, a := range areas {
		if a.Style == events.AreaMosaic {
			continue
		}
		at := r.stored(a, orientation)
		for i, p := range r.planes {
			c := []byte{hidden, hidden, hidden, 0xff}
			if i > 0 {
				c[0] = 0x80 // no colour
			}
			p.fill(r.covered(i, at), c[:p.ch])
		}
	}
}

// stored gives where an area of the upright picture lies in the raster; empty if outside.
func (r raster) stored(a events.Area, orientation int) image.Rectangle {
	const far = 1 << 30
	x, y := clamp(a.X, -far, far), clamp(a.Y, -far, far)
	at := image.Rect(x, y, x+clamp(a.Width, 0, far), y+clamp(a.Height, 0, far))
	if orientation >= 5 {
		at = image.Rect(at.Min.Y, at.Min.X, at.Max.Y, at.Max.X)
	}
	switch orientation {
	case 2, 3, 7, 8:
		at.Min.X, at.Max.X = r.w-at.Max.X, r.w-at.Min.X
	}
	switch orientation {
	case 3, 4, 6, 7:
		at.Min.Y, at.Max.Y = r.h-at.Max.Y, r.h-at.Min.Y
	}
	return at.Intersect(image.Rect(0, 0, r.w, r.h))
}

func clamp(v, low, high int) int { return max(low, min(v, high)) }

// sampled is how many pixels a sample of a plane covers.
func (r raster) sampled(i int) image.Point {
	if i == 0 {
		return image.Pt(1, 1)
	}
	return r.step
}

// covered gives the samples of a plane that lie in an area or reach into it.
func (r raster) covered(i int, at image.Rectangle) image.Rectangle {
	s := r.sampled(i)
	return image.Rect(at.Min.X/s.X, at.Min.Y/s.Y, (at.Max.X+s.X-1)/s.X, (at.Max.Y+s.Y-1)/s.Y)
}

func (p plane) fill(at image.Rectangle, c []byte) {
	for y := at.Min.Y; y < at.Max.Y; y++ {
		row := p.row(y)
		for x := at.Min.X; x < at.Max.X; x++ {
			copy(row[x*p.ch:], c)
		}
	}
}

// mosaic gives each block, of at least w × h samples, its mean.
func (p plane) mosaic(at image.Rectangle, w, h int) {
	if at.Empty() {
		return
	}
	nx, ny := max(at.Dx()/w, 1), max(at.Dy()/h, 1)
	for j := range ny {
		for i := range nx {
			block := image.Rect(at.Min.X+i*at.Dx()/nx, at.Min.Y+j*at.Dy()/ny, at.Min.X+(i+1)*at.Dx()/nx, at.Min.Y+(j+1)*at.Dy()/ny)
			p.fill(block, p.mean(block))
		}
	}
}

func (p plane) mean(at image.Rectangle) []byte {
	sum := make([]uint64, p.ch)
	for y := at.Min.Y; y < at.Max.Y; y++ {
		row := p.row(y)
		for x := at.Min.X; x < at.Max.X; x++ {
			for k := range p.ch {
				sum[k] += uint64(row[x*p.ch+k])
			}
		}
	}
	n := uint64(at.Dx() * at.Dy())
	out := make([]byte, p.ch)
	for k, v := range sum {
		out[k] = byte((v + n/2) / n)
	}
	return out
}
