package pictures

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"strconv"
)

// quality of the copies: below it, lettering on signs and permits begins to ring.
const quality = 82

// raster is a picture on the way to a copy: one plane (grey), three (luma and halved chroma) or one of four channels.
type raster struct {
	w, h   int
	planes []plane
}

func (r raster) chroma(i, w, h int) (int, int) {
	if i == 0 {
		return w, h
	}
	return (w + 1) / 2, (h + 1) / 2
}

func (r raster) shrink(w, h int) raster {
	out := raster{w: w, h: h}
	for i, p := range r.planes {
		pw, ph := r.chroma(i, w, h)
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
	out := raster{w: r.w, h: r.h}
	if orientation >= 5 {
		out.w, out.h = r.h, r.w
	}
	for _, p := range r.planes {
		out.planes = append(out.planes, p.turned(orientation))
	}
	return out
}

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

// first makes the largest raster of an image that was decoded: w × h, nowhere larger than the image.
func first(m image.Image, w, h int) raster {
	b := m.Bounds()
	switch m := m.(type) {
	case *image.YCbCr:
		cw, ch := chromaSize(m)
		y, c := m.YOffset(b.Min.X, b.Min.Y), m.COffset(b.Min.X, b.Min.Y)
		return raster{b.Dx(), b.Dy(), []plane{
			{m.Y[y:], b.Dx(), b.Dy(), m.YStride, 1}, {m.Cb[c:], cw, ch, m.CStride, 1}, {m.Cr[c:], cw, ch, m.CStride, 1}}}.shrink(w, h)
	case *image.Gray:
		return raster{b.Dx(), b.Dy(), []plane{{m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], b.Dx(), b.Dy(), m.Stride, 1}}}.shrink(w, h)
	}
	return onWhite(m, w, h)
}

func chromaSize(m *image.YCbCr) (w, h int) {
	w, h = m.Rect.Dx(), m.Rect.Dy()
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		return (w + 1) / 2, (h + 1) / 2
	case image.YCbCrSubsampleRatio422:
		return (w + 1) / 2, h
	case image.YCbCrSubsampleRatio440:
		return w, (h + 1) / 2
	case image.YCbCrSubsampleRatio411:
		return (w + 3) / 4, h
	case image.YCbCrSubsampleRatio410:
		return (w + 3) / 4, (h + 1) / 2
	}
	return w, h
}

// band is how many rows are converted at once.
const band = 32

// onWhite shrinks any image over white, band by band.
func onWhite(m image.Image, w, h int) raster {
	b := m.Bounds()
	s := newShrinker(b.Dx(), b.Dy(), w, h, 4)
	rows := image.NewRGBA(image.Rect(0, 0, b.Dx(), band))
	white := image.NewUniform(color.White)
	for y := 0; y < b.Dy(); y += band {
		n := min(band, b.Dy()-y)
		area := image.Rect(0, 0, b.Dx(), n)
		draw.Draw(rows, area, white, image.Point{}, draw.Src)
		draw.Draw(rows, area, m, b.Min.Add(image.Pt(0, y)), draw.Over)
		for i := range n {
			s.add(rows.Pix[i*rows.Stride : i*rows.Stride+b.Dx()*4])
		}
	}
	return raster{w, h, []plane{s.out}}
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

// copies makes the upright JPEG copies, the smallest first. widths are ascending.
func copies(m image.Image, orientation int, widths []int) ([]copyHead, [][]byte, error) {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	for i, long := range widths {
		if long >= max(w, h) {
			widths = widths[:i+1]
			break
		}
	}
	heads, data := make([]copyHead, len(widths)), make([][]byte, len(widths))
	var at raster
	for i := len(widths) - 1; i >= 0; i-- {
		dw, dh := fit(w, h, widths[i])
		if at.planes == nil {
			at = first(m, dw, dh)
		} else {
			at = at.shrink(dw, dh)
		}
		up := at.turned(orientation)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, up.image(), &jpeg.Options{Quality: quality}); err != nil {
			return nil, nil, err
		}
		heads[i] = copyHead{Name: "w" + strconv.Itoa(widths[i]), Width: up.w, Height: up.h}
		data[i] = b.Bytes()
	}
	return heads, data, nil
}
