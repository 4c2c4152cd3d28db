package pictures

import (
	"image"
)

// raster is a picture of one plane (grey), three (luma and chroma) or one of four channels (red, green and blue multiplied with alpha, and alpha).
type raster struct {
	w, h   int
	planes []plane
	// step is how many pixels a chroma sample covers, across and down.
	step image.Point
}

// view gives the raster of an image that flat has made, on the same pixels.
func view(m image.Image) raster {
	b := m.Bounds()
	r := raster{w: b.Dx(), h: b.Dy(), step: image.Pt(1, 1)}
	switch m := m.(type) {
	case *image.YCbCr:
		r.step = steps(m.SubsampleRatio)
		cw, ch := (r.w+r.step.X-1)/r.step.X, (r.h+r.step.Y-1)/r.step.Y
		y, c := m.YOffset(b.Min.X, b.Min.Y), m.COffset(b.Min.X, b.Min.Y)
		r.planes = []plane{{m.Y[y:], r.w, r.h, m.YStride, 1}, {m.Cb[c:], cw, ch, m.CStride, 1}, {m.Cr[c:], cw, ch, m.CStride, 1}}
	case *image.Gray:
		r.planes = []plane{{m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], r.w, r.h, m.Stride, 1}}
	case *image.RGBA:
		r.planes = []plane{{m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], r.w, r.h, m.Stride, 4}}
	}
	return r
}

func steps(s image.YCbCrSubsampleRatio) image.Point {
	switch s {
	case image.YCbCrSubsampleRatio420:
		return image.Pt(2, 2)
	case image.YCbCrSubsampleRatio422:
		return image.Pt(2, 1)
	case image.YCbCrSubsampleRatio440:
		return image.Pt(1, 2)
	case image.YCbCrSubsampleRatio411:
		return image.Pt(4, 1)
	case image.YCbCrSubsampleRatio410:
		return image.Pt(4, 2)
	}
	return image.Pt(1, 1)
}

// shrink gives the raster at w × h, nowhere larger than it, chroma halved both ways.
func (r raster) shrink(w, h int) raster {
	out := raster{w: w, h: h, step: r.step}
	if len(r.planes) == 3 {
		out.step = image.Pt(2, 2)
	}
	for i, p := range r.planes {
		pw, ph := w, h
		if i > 0 {
			pw, ph = (w+1)/2, (h+1)/2
		}
		// Chroma may be stored at less than half.
		out.planes = append(out.planes, p.shrink(min(pw, p.w), min(ph, p.h)).grown(pw, ph))
	}
	return out
}

// grown repeats pixels of a plane that is too small; most aren't.
func (p plane) grown(w, h int) plane {
	if p.w >= w && p.h >= h {
		return p
	}
	out := newPlane(w, h, p.ch)
	for y := range h {
		src, dst := p.row(y*p.h/h), out.row(y)
		for x := range w {
			copy(dst[x*p.ch:(x+1)*p.ch], src[x*p.w/w*p.ch:])
		}
	}
	return out
}

func (r raster) turned(orientation int) raster {
	out := raster{w: r.w, h: r.h, step: r.step}
	if orientation >= 5 {
		out.w, out.h, out.step = r.h, r.w, image.Pt(r.step.Y, r.step.X)
	}
	for _, p := range r.planes {
		out.planes = append(out.planes, p.turned(orientation))
	}
	return out
}

// image gives a shrunk raster as an image on the same pixels.
func (r raster) image() image.Image {
	bounds, p := image.Rect(0, 0, r.w, r.h), r.planes
	switch {
	case len(p) == 3:
		return &image.YCbCr{Y: p[0].pix, Cb: p[1].pix, Cr: p[2].pix, YStride: p[0].stride, CStride: p[1].stride,
			SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: bounds}
	case p[0].ch == 1:
		return &image.Gray{Pix: p[0].pix, Stride: p[0].stride, Rect: bounds}
	}
	return &image.RGBA{Pix: p[0].pix, Stride: p[0].stride, Rect: bounds}
}

// grey gives the luma as it would be on white, of a shrunk raster.
func (r raster) grey() *image.Gray {
	p := r.planes[0]
	if p.ch == 1 {
		return &image.Gray{Pix: p.pix, Stride: p.stride, Rect: image.Rect(0, 0, r.w, r.h)}
	}
	out := image.NewGray(image.Rect(0, 0, r.w, r.h))
	for y := range r.h {
		row := p.row(y)
		for x := range r.w {
			c := row[4*x : 4*x+4]
			out.Pix[y*out.Stride+x] = byte((19595*uint32(c[0])+38470*uint32(c[1])+7471*uint32(c[2])+1<<15)>>16) + 0xff - c[3]
		}
	}
	return out
}

// opaque says whether nothing shines through.
func (r raster) opaque() bool {
	p := r.planes[0]
	if p.ch != 4 {
		return true
	}
	for y := range p.h {
		row := p.row(y)
		for i := 3; i < len(row); i += 4 {
			if row[i] != 0xff {
				return false
			}
		}
	}
	return true
}

// fit gives the size with its longer edge at most long; never larger.
func fit(w, h, long int) (int, int) {
	switch {
	case max(w, h) <= long:
		return w, h
	case w >= h:
		return long, max((h*long+w/2)/w, 1)
	}
	return max((w*long+h/2)/h, 1), long
}
