package pictures

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	_ "unsafe" // for go:linkname

	"github.com/gen2brain/heic"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// systemHEIC says whether heic uses a library that it found on the system. It has no option for that but a build tag; it is set to false, so that
// a plain `go run` decodes inside WebAssembly too.
//
//go:linkname systemHEIC github.com/gen2brain/heic.dynamic
var systemHEIC bool

// picture is a decoded file.
type picture struct {
	// size has the sizes, the orientation and the number of frames.
	size events.Examination
	kind sniff.Type
	// image is what the copies are made of, flat; a HEIC comes upright, an animation's is what its first frame shows.
	image image.Image
	// film is an animation's, of two frames or more.
	film *film
	embedded
}

// orientation is how the pixels must be turned.
func (p *picture) orientation() int {
	if p.kind == sniff.HEIC {
		return 1
	}
	return p.size.Orientation
}

// minHEIC is the shortest edge, in pixels, that heic v0.4.5 decodes rightly: libheif's chroma planes are at least 64 bytes wide, which it doesn't reckon with.
const minHEIC = 128

// open checks the header again (the child trusts nobody) and decodes every pixel, but of an animation only the first frame's.
func open(file []byte, t sniff.Type) (*picture, error) {
	h, err := sniff.CheckImageHeader(bytes.NewReader(file), int64(len(file)), t)
	if err != nil {
		return nil, err
	}
	if t == sniff.HEIC && min(h.Width, h.Height) < minHEIC {
		return nil, fault.New(fault.UnsupportedType, "pictures: a HEIC of less than 128 pixels")
	}
	p := &picture{kind: t, embedded: beside(file, t)}
	p.size = events.Examination{Width: h.Width, Height: h.Height, Orientation: h.Orientation, Frames: h.Frames}
	p.size.DisplayWidth, p.size.DisplayHeight = h.Upright()
	if err := p.decode(file); err != nil {
		return nil, verdict(err)
	}
	size := p.image.Bounds().Size()
	switch {
	case t == sniff.HEIC:
		p.size.DisplayWidth, p.size.DisplayHeight = size.X, size.Y
	case size != image.Pt(h.Width, h.Height):
		return nil, verdict(fmt.Errorf("decoded to %v, the header says %d × %d", size, h.Width, h.Height))
	}
	if size.X <= 0 || size.Y <= 0 {
		return nil, verdict(errors.New("no pixels"))
	}
	p.image = flat(p.image)
	return p, nil
}

func (p *picture) decode(file []byte) (err error) {
	r := bytes.NewReader(file)
	switch p.kind {
	case sniff.JPEG:
		p.image, err = jpeg.Decode(r)
	case sniff.PNG:
		if p.image, err = png.Decode(r); err == nil {
			p.film, err = pngFilm(file)
		}
	case sniff.GIF:
		p.film, err = gifFilm(file)
	case sniff.WebP:
		if p.film, err = webpFilm(file); p.film == nil && err == nil {
			p.image, err = webpStill(file)
		}
	case sniff.HEIC:
		p.image, err = heic.Decode(r)
		if m, ok := p.image.(*image.YCbCr); ok && p.narrow {
			fullRange(m)
		}
	default:
		return fault.New(fault.UnsupportedType, "pictures: decode "+p.kind.MIME)
	}
	if err != nil || p.film == nil {
		return err
	}
	if p.image, err = newPlayer(p.film).next(); len(p.film.frames) == 1 {
		p.film = nil
	}
	return err
}

// verdict makes a decoder's error a refusal.
func verdict(err error) error {
	var f *fault.Error
	var j jpeg.UnsupportedError
	var p png.UnsupportedError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &j), errors.As(err, &p):
		return fault.Wrap(fault.UnsupportedType, "pictures: decode", err)
	}
	return sandbox.Refuse(sniff.CodeDamaged, err)
}
