package pictures

import (
	"image"
	"image/color"
	"image/draw"
)

// flat brings a decoded picture into one of three forms: *image.YCbCr, *image.Gray, or *image.RGBA for whatever is transparent, deep or in other colours. Where it can be
// the pixels are converted in place, since a second picture in memory may be one too many.
func flat(m image.Image) image.Image {
	switch m := m.(type) {
	case *image.YCbCr, *image.Gray, *image.RGBA:
		return m
	case *image.Gray16:
		return &image.Gray{Pix: highBytes(m.Pix), Stride: m.Stride / 2, Rect: m.Rect}
	case *image.RGBA64:
		return &image.RGBA{Pix: highBytes(m.Pix), Stride: m.Stride / 2, Rect: m.Rect}
	case *image.NRGBA64:
		return &image.RGBA{Pix: multiplied(highBytes(m.Pix)), Stride: m.Stride / 2, Rect: m.Rect}
	case *image.NRGBA:
		return &image.RGBA{Pix: multiplied(m.Pix), Stride: m.Stride, Rect: m.Rect}
	case *image.CMYK:
		for i := 0; i+4 <= len(m.Pix); i += 4 {
			p := m.Pix[i : i+4 : i+4]
			r, g, b := color.CMYKToRGB(p[0], p[1], p[2], p[3])
			p[0], p[1], p[2], p[3] = r, g, b, 0xff
		}
		return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	case *image.NYCbCrA:
		return withAlpha(m)
	case *image.Paletted:
		return looked(m)
	}
	out := image.NewRGBA(m.Bounds())
	draw.Draw(out, out.Rect, m, out.Rect.Min, draw.Src)
	return out
}

// highBytes packs the upper byte of each 16-bit sample at the beginning of the same memory.
func highBytes(pix []byte) []byte {
	n := len(pix) / 2
	for i := range n {
		pix[i] = pix[2*i]
	}
	return pix[:n:n]
}

// multiplied multiplies colours with their alpha, in place.
func multiplied(pix []byte) []byte {
	for i := 0; i+4 <= len(pix); i += 4 {
		p := pix[i : i+4 : i+4]
		if a := uint32(p[3]); a != 0xff {
			for k := range 3 {
				p[k] = byte((uint32(p[k])*a + 127) / 255)
			}
		}
	}
	return pix
}

func withAlpha(m *image.NYCbCrA) *image.RGBA {
	out := image.NewRGBA(m.Rect)
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		row := out.Pix[out.PixOffset(m.Rect.Min.X, y):]
		for i := range m.Rect.Dx() {
			x := m.Rect.Min.X + i
			yi, ci := m.YOffset(x, y), m.COffset(x, y)
			r, g, b := color.YCbCrToRGB(m.Y[yi], m.Cb[ci], m.Cr[ci])
			row[4*i], row[4*i+1], row[4*i+2], row[4*i+3] = r, g, b, m.A[m.AOffset(x, y)]
		}
	}
	multiplied(out.Pix)
	return out
}

// looked up in its palette; an index beyond it is transparent.
func looked(m *image.Paletted) *image.RGBA {
	var table [256][4]byte
	for i, c := range m.Palette {
		v := color.RGBAModel.Convert(c).(color.RGBA)
		table[i] = [4]byte{v.R, v.G, v.B, v.A}
	}
	out := image.NewRGBA(m.Rect)
	for y := range m.Rect.Dy() {
		src, dst := m.Pix[y*m.Stride:], out.Pix[y*out.Stride:]
		for x := range m.Rect.Dx() {
			copy(dst[4*x:4*x+4], table[src[x]][:])
		}
	}
	return out
}
