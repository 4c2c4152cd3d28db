package pictures

import (
	"bytes"
	"image"
	"image/draw"
	"image/gif"
	"math"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

const (
	// animationEdge is the longer edge of an animation's copy, in pixels: it is looked at on a page.
	animationEdge = 1280
	// animationPixels bounds its frames × canvas, and with that its bytes; what has more is made smaller.
	animationPixels = 48_000_000
)

// animation makes a GIF anew: every frame is put together as a player does, its areas are hidden, and what changed since the frame before is written. Comments and all
// extensions but the number of loops are gone with the old file.
func animation(g *gif.GIF, areas []events.Area, orientation int) (made, error) {
	w, h := animationSize(g)
	p := newPlayer(g)
	out := &gif.GIF{LoopCount: g.LoopCount, Delay: g.Delay}
	// What is transparent in one frame may not show the one before it: then every frame is whole and is taken away after its time.
	through := p.disposal(0) == gif.DisposalPrevious
	for i := range g.Image {
		through = through || p.disposal(i) == gif.DisposalBackground
	}
	var before *image.RGBA
	for i := range g.Image {
		r := view(p.next(i))
		r.hide(areas, orientation)
		m := r.shrink(w, h).turned(orientation).image().(*image.RGBA)
		hard(m.Pix)
		if i == 0 {
			through = through || !view(m).opaque()
			out.Config.Width, out.Config.Height = m.Rect.Dx(), m.Rect.Dy()
		}
		changed, disposal := m.Rect, byte(gif.DisposalBackground)
		if !through {
			changed, disposal = difference(before, m), gif.DisposalNone
		}
		out.Image = append(out.Image, paletted(m.SubImage(changed).(*image.RGBA)))
		out.Disposal = append(out.Disposal, disposal)
		before = m
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, out)
	return made{copyHead{Name: "animation", Type: sniff.GIF.MIME, Width: out.Config.Width, Height: out.Config.Height}, b.Bytes()}, err
}

// animationSize gives the size of the copy as stored.
func animationSize(g *gif.GIF) (w, h int) {
	w, h = fit(g.Config.Width, g.Config.Height, animationEdge)
	if all := float64(w) * float64(h) * float64(len(g.Image)); all > animationPixels {
		scale := math.Sqrt(animationPixels / all)
		w, h = max(int(float64(w)*scale), 1), max(int(float64(h)*scale), 1)
	}
	return w, h
}

// player puts the frames of a GIF together.
type player struct {
	g                    *gif.GIF
	canvas, shown, saved *image.RGBA
}

func newPlayer(g *gif.GIF) *player {
	return &player{g: g, canvas: image.NewRGBA(image.Rect(0, 0, g.Config.Width, g.Config.Height))}
}

// next gives what is shown as frame i, which must be the one after the last; it may be drawn on, and is good until the next call.
func (p *player) next(i int) *image.RGBA {
	f := p.g.Image[i]
	if i > 0 {
		p.dispose(i - 1)
	}
	disposal := p.disposal(i)
	if disposal == gif.DisposalPrevious {
		p.saved = cloned(p.saved, p.canvas)
	}
	draw.Draw(p.canvas, f.Rect, f, f.Rect.Min, draw.Over)
	if i == len(p.g.Image)-1 {
		return p.canvas
	}
	p.shown = cloned(p.shown, p.canvas)
	return p.shown
}

func (p *player) disposal(i int) byte {
	if i < len(p.g.Disposal) {
		return p.g.Disposal[i]
	}
	return gif.DisposalNone
}

func (p *player) dispose(i int) {
	switch p.disposal(i) {
	case gif.DisposalBackground:
		draw.Draw(p.canvas, p.g.Image[i].Rect, image.Transparent, image.Point{}, draw.Src)
	case gif.DisposalPrevious:
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

// hard makes every pixel opaque or transparent: a GIF knows nothing between.
func hard(pix []byte) {
	for i := 0; i+4 <= len(pix); i += 4 {
		c := pix[i : i+4 : i+4]
		switch a := uint32(c[3]); {
		case a == 0xff:
		case a < 0x80:
			clear(c)
		default:
			for k := range 3 {
				c[k] = byte(min(uint32(c[k])*255/a, 255))
			}
			c[3] = 0xff
		}
	}
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
