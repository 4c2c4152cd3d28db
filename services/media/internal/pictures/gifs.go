package pictures

import (
	"bytes"
	"image"
	"image/gif"

	"songshui.internal/services/media/internal/sniff"
)

// gifFilm decodes a GIF whole: its frames have one byte for each pixel.
func gifFilm(file []byte) (*film, error) {
	g, err := gif.DecodeAll(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	f := &film{w: g.Config.Width, h: g.Config.Height, plays: max(g.LoopCount+1, 1)}
	if g.LoopCount == 0 {
		f.plays = 0
	}
	for i, m := range g.Image {
		one := frame{at: m.Rect, delay: 10 * g.Delay[i], over: true, after: leave, pixels: func() (image.Image, error) { return m, nil }}
		switch g.Disposal[i] {
		case gif.DisposalBackground:
			one.after = wipe
		case gif.DisposalPrevious:
			one.after = restore
		}
		f.frames = append(f.frames, one)
	}
	return f, nil
}

// gifReel writes a GIF.
type gifReel struct {
	out    gif.GIF
	before *image.RGBA
	// through says that something may be transparent. A transparent pixel doesn't replace the one before it: then every frame is whole and is taken away after its time.
	through bool
}

func newGIFReel(f *film) *gifReel {
	r := &gifReel{out: gif.GIF{LoopCount: max(f.plays-1, 0)}}
	if f.plays == 1 {
		r.out.LoopCount = -1
	}
	for i, one := range f.frames {
		r.through = r.through || one.after == wipe || i == 0 && one.after == restore
	}
	return r
}

func (r *gifReel) add(m *image.RGBA, delay int) error {
	hard(m.Pix)
	if r.before == nil {
		r.through = r.through || !view(m).opaque()
		r.out.Config.Width, r.out.Config.Height = m.Rect.Dx(), m.Rect.Dy()
	}
	changed, disposal := m.Rect, byte(gif.DisposalBackground)
	if !r.through {
		changed, disposal = difference(r.before, m), gif.DisposalNone
	}
	r.out.Image = append(r.out.Image, paletted(m.SubImage(changed).(*image.RGBA)))
	r.out.Disposal = append(r.out.Disposal, disposal)
	r.out.Delay = append(r.out.Delay, delay/10)
	r.before = m
	return nil
}

func (r *gifReel) end() (made, error) {
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &r.out)
	return made{copyHead{Name: "animation", Type: sniff.GIF.MIME, Width: r.out.Config.Width, Height: r.out.Config.Height}, b.Bytes()}, err
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
