package pictures

import (
	"fmt"
	"image"
	"image/draw"
)

// film is an animation: what a player needs to show it, whatever file it came in.
type film struct {
	w, h int
	// plays is how often it runs, 0 for ever.
	plays  int
	frames []frame
}

// frame is one step of a film.
type frame struct {
	// at is where it lies; never beyond the canvas.
	at image.Rectangle
	// delay is how long it is shown, in milliseconds.
	delay int
	// over says that the canvas shows through it, and isn't replaced.
	over  bool
	after disposal
	// pixels decodes it; flat, of at's size.
	pixels func() (image.Image, error)
}

// disposal is what becomes of a frame after its time.
type disposal byte

const (
	// leave keeps the frame on the canvas.
	leave disposal = iota
	// wipe makes its rectangle transparent.
	wipe
	// restore brings back what was there before.
	restore
)

// decode decodes every frame and keeps nothing.
func (f *film) decode() error {
	for _, one := range f.frames {
		if _, err := one.pixels(); err != nil {
			return err
		}
	}
	return nil
}

// player puts the frames of a film together.
type player struct {
	film                 *film
	at                   int
	canvas, shown, saved *image.RGBA
}

func newPlayer(f *film) *player {
	return &player{film: f, canvas: image.NewRGBA(image.Rect(0, 0, f.w, f.h))}
}

// next gives what is shown as the next frame, of which there must be one; it may be drawn on, and is good until the next call.
func (p *player) next() (*image.RGBA, error) {
	if p.at > 0 {
		p.dispose(p.film.frames[p.at-1])
	}
	f := p.film.frames[p.at]
	m, err := f.pixels()
	if err != nil {
		return nil, err
	}
	if m.Bounds().Size() != f.at.Size() {
		return nil, fmt.Errorf("a frame of %v, announced as %v", m.Bounds().Size(), f.at)
	}
	if f.after == restore {
		p.saved = cloned(p.saved, p.canvas)
	}
	op := draw.Src
	if f.over {
		op = draw.Over
	}
	draw.Draw(p.canvas, f.at, m, m.Bounds().Min, op)
	if p.at++; p.at == len(p.film.frames) {
		return p.canvas, nil
	}
	p.shown = cloned(p.shown, p.canvas)
	return p.shown, nil
}

func (p *player) dispose(f frame) {
	switch f.after {
	case wipe:
		draw.Draw(p.canvas, f.at, image.Transparent, image.Point{}, draw.Src)
	case restore:
		copy(p.canvas.Pix, p.saved.Pix)
	}
}

func cloned(into, m *image.RGBA) *image.RGBA {
	if into == nil {
		into = image.NewRGBA(m.Rect)
	}
	copy(into.Pix, m.Pix)
	return into
}
