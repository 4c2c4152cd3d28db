package pictures

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// maxPalette is how many colours a frame has beside the transparent one.
const maxPalette = 255

// paletted gives a picture, whose pixels are opaque or transparent, a palette: its own colours where there are few, else those of a median cut.
func paletted(m *image.RGBA) *image.Paletted {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	r := raster{w: w, h: h, planes: []plane{{m.Pix, w, h, m.Stride, 4}}}
	if r.colours(maxPalette) <= maxPalette {
		return exact(m)
	}
	colours, index := medianCut(m)
	out := image.NewPaletted(m.Rect, append(colours, color.RGBA{}))
	clear := byte(len(colours))
	for y := range h {
		src, dst := m.Pix[y*m.Stride:][:4*w], out.Pix[y*out.Stride:][:w]
		for x := range w {
			if dst[x] = clear; src[4*x+3] != 0 {
				dst[x] = index[bin(src[4*x:])]
			}
		}
	}
	return out
}

// bin is a colour by its upper five bits of each channel.
func bin(c []byte) int { return int(c[0]>>3)<<10 | int(c[1]>>3)<<5 | int(c[2]>>3) }

// tint is the pixels of one bin: how many, and the sums of their channels.
type tint struct {
	bin int
	n   uint64
	sum [3]uint64
}

// channel gives red, green or blue of a bin, 0–31.
func (t tint) channel(k int) int { return t.bin >> (10 - 5*k) & 31 }

// medianCut divides the colours by where half of the pixels lie, always those with the most pixels times the square of how far they reach, and gives each part's mean and
// which part each bin is in.
func medianCut(m *image.RGBA) (color.Palette, []byte) {
	parts := [][]tint{tints(m)}
	for len(parts) < maxPalette {
		at, channel, most := -1, 0, uint64(0)
		for i, p := range parts {
			k, reach := widest(p)
			var n uint64
			for _, t := range p {
				n += t.n
			}
			if v := uint64(reach*reach) * n; v > most {
				at, channel, most = i, k, v
			}
		}
		if at < 0 {
			break
		}
		low, high := halves(parts[at], channel)
		parts[at] = low
		parts = append(parts, high)
	}
	var colours color.Palette
	index := make([]byte, 1<<15)
	for i, p := range parts {
		var n uint64
		var sum [3]uint64
		for _, t := range p {
			index[t.bin] = byte(i)
			n += t.n
			for k, v := range t.sum {
				sum[k] += v
			}
		}
		colours = append(colours, color.RGBA{byte(sum[0] / n), byte(sum[1] / n), byte(sum[2] / n), 0xff})
	}
	return colours, index
}

func tints(m *image.RGBA) []tint {
	all := make([]tint, 1<<15)
	for y := range m.Rect.Dy() {
		row := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
		for i := 0; i < len(row); i += 4 {
			if c := row[i : i+4]; c[3] != 0 {
				t := &all[bin(c)]
				t.n++
				for k := range 3 {
					t.sum[k] += uint64(c[k])
				}
			}
		}
	}
	for i := range all {
		all[i].bin = i
	}
	return slices.DeleteFunc(all, func(t tint) bool { return t.n == 0 })
}

// widest gives the channel in which a part reaches farthest, and how far, in bins.
func widest(p []tint) (channel, reach int) {
	for k := range 3 {
		low, high := 31, 0
		for _, t := range p {
			low, high = min(low, t.channel(k)), max(high, t.channel(k))
		}
		if high-low > reach {
			channel, reach = k, high-low
		}
	}
	return channel, reach
}

// halves divides a part of at least two bins; neither half is empty.
func halves(p []tint, channel int) (low, high []tint) {
	slices.SortFunc(p, func(a, b tint) int { return cmp.Or(a.channel(channel)-b.channel(channel), a.bin-b.bin) })
	var n, half uint64
	for _, t := range p {
		half += t.n
	}
	half /= 2
	at := 1
	for i, t := range p[:len(p)-1] {
		if n += t.n; n > half {
			break
		}
		at = i + 1
	}
	return p[:at:at], p[at:]
}
