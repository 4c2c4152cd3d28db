package pictures

import (
	"bytes"
	"image"
	"math"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

const (
	// animationEdge is the longer edge of an animation's copy, in pixels: it is looked at on a page.
	animationEdge = 1280
	// animationPixels bounds its frames × canvas, and with that its bytes and the time of encoding; what has more is made smaller.
	animationPixels = 48_000_000
)

// reel takes the pictures of an animation one after the other, all of one size, and writes them down.
type reel interface {
	// add takes the next picture, which is the reel's from then on, and how long it is shown, in milliseconds.
	add(m *image.RGBA, delay int) error
	end() (made, error)
}

// animation makes a film anew: every frame is put together as a player does, its areas are hidden, and what changed since the frame before is written. Of the old file nothing but pixels,
// times and the number of plays goes on.
func animation(f *film, t sniff.Type, areas []events.Area, orientation int, p *profile) (made, error) {
	var out reel = &webpReel{plays: f.plays}
	if t == sniff.GIF {
		out = newGIFReel(f)
	}
	w, h := f.copySize()
	playing := newPlayer(f)
	for _, one := range f.frames {
		m, err := playing.next()
		if err != nil {
			return made{}, verdict(err)
		}
		r := view(m)
		r.hide(areas, orientation)
		up := p.convert(r.shrink(w, h)).turned(orientation)
		if err := out.add(up.image().(*image.RGBA), one.delay); err != nil {
			return made{}, err
		}
	}
	return out.end()
}

// copySize gives the size of the copy as stored.
func (f *film) copySize() (w, h int) {
	w, h = fit(f.w, f.h, animationEdge)
	if all := float64(w) * float64(h) * float64(len(f.frames)); all > animationPixels {
		scale := math.Sqrt(animationPixels / all)
		w, h = max(int(float64(w)*scale), 1), max(int(float64(h)*scale), 1)
	}
	return w, h
}

// difference gives the smallest rectangle outside of which two pictures of one size are the same; never empty, and everything where there is none before.
func difference(before, m *image.RGBA) image.Rectangle {
	if before == nil {
		return m.Rect
	}
	d := image.Rectangle{Min: m.Rect.Max, Max: m.Rect.Min}
	for y := range m.Rect.Max.Y {
		a, b := before.Pix[y*before.Stride:][:4*m.Rect.Max.X], m.Pix[y*m.Stride:][:4*m.Rect.Max.X]
		if bytes.Equal(a, b) {
			continue
		}
		first, last := 0, len(a)-1
		for a[first] == b[first] {
			first++
		}
		for a[last] == b[last] {
			last--
		}
		d.Min.X, d.Max.X = min(d.Min.X, first/4), max(d.Max.X, last/4+1)
		d.Min.Y, d.Max.Y = min(d.Min.Y, y), y+1
	}
	if d.Empty() {
		return image.Rect(0, 0, 1, 1)
	}
	return d
}
