package pictures

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	_ "unsafe" // for go:linkname

	"github.com/gen2brain/heic"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// systemHEIC says whether heic uses a library that it found on the system. It has no option for that but a build tag; it is set to false, so that
// a plain `go run` decodes inside WebAssembly too.
//
//go:linkname systemHEIC github.com/gen2brain/heic.dynamic
var systemHEIC bool

// decode decodes every pixel of a file that passed sniff.CheckImageHeader and gives what the first copy is made of. HEIC comes upright.
func decode(file []byte, t sniff.Type) (image.Image, error) {
	r := bytes.NewReader(file)
	switch t {
	case sniff.JPEG:
		return jpeg.Decode(r)
	case sniff.PNG:
		return png.Decode(r)
	case sniff.GIF:
		return decodeGIF(r)
	case sniff.WebP:
		return decodeWebP(file)
	case sniff.HEIC:
		return heic.Decode(r)
	}
	return nil, fault.New(fault.UnsupportedType, "pictures: decode "+t.MIME)
}

// decodeGIF decodes all frames and puts the first on its canvas.
func decodeGIF(r *bytes.Reader) (image.Image, error) {
	g, err := gif.DecodeAll(r)
	if err != nil {
		return nil, err
	}
	canvas := image.NewRGBA(image.Rect(0, 0, g.Config.Width, g.Config.Height))
	draw.Draw(canvas, canvas.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(canvas, g.Image[0].Rect, g.Image[0], g.Image[0].Rect.Min, draw.Over)
	return canvas, nil
}

// minHEIC is the shortest edge, in pixels, that heic v0.4.5 decodes rightly: libheif's chroma planes are at least 64 bytes wide, which it doesn't reckon with.
const minHEIC = 128

// examine checks the header again (the child trusts nobody) and decodes.
func examine(file []byte, t sniff.Type) (image.Image, Info, error) {
	h, err := sniff.CheckImageHeader(bytes.NewReader(file), int64(len(file)), t)
	if err != nil {
		return nil, Info{}, err
	}
	if t == sniff.HEIC && min(h.Width, h.Height) < minHEIC {
		return nil, Info{}, fault.New(fault.UnsupportedType, "pictures: a HEIC of less than 128 pixels")
	}
	m, err := decode(file, t)
	if err != nil {
		return nil, Info{}, verdict(err)
	}
	info := Info{Width: h.Width, Height: h.Height, Orientation: h.Orientation, Frames: h.Frames}
	info.DisplayWidth, info.DisplayHeight = h.Upright()
	size := m.Bounds().Size()
	switch {
	case t == sniff.HEIC:
		info.DisplayWidth, info.DisplayHeight = size.X, size.Y
	case size != image.Pt(h.Width, h.Height):
		return nil, Info{}, verdict(fmt.Errorf("decoded to %v, the header says %d × %d", size, h.Width, h.Height))
	}
	if size.X <= 0 || size.Y <= 0 {
		return nil, Info{}, verdict(errors.New("no pixels"))
	}
	return m, info, nil
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
