package pictures

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strconv"

	"songshui.internal/services/media/internal/sniff"
)

// quality of the copies: below it, lettering on signs and permits begins to ring.
const quality = 82

// lineArt is how many colours a PNG may have and count as drawn, not photographed: smoothed lettering has some thousands, a photograph's first few rows have more.
const lineArt = 4096

// copyHead is what goes before a copy's bytes.
type copyHead struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// made is a copy and its bytes.
type made struct {
	head copyHead
	data []byte
}

// copies makes the upright copies of a picture whose areas are hidden already, the smallest first. widths are ascending.
func copies(r raster, t sniff.Type, orientation int, p *profile, widths []int) ([]made, error) {
	for i, long := range widths {
		if long >= max(r.w, r.h) {
			widths = widths[:i+1]
			break
		}
	}
	encode := asJPEG
	if !r.opaque() || t == sniff.PNG && r.colours(lineArt) <= lineArt {
		encode = asPNG
	}
	out := make([]made, len(widths))
	for i := len(widths) - 1; i >= 0; i-- {
		w, h := fit(r.w, r.h, widths[i])
		if r = r.shrink(w, h); i == len(widths)-1 {
			r = p.convert(r)
		}
		up := r.turned(orientation)
		data, typ, err := encode(up)
		if err != nil {
			return nil, err
		}
		out[i] = made{copyHead{Name: "w" + strconv.Itoa(widths[i]), Type: typ, Width: up.w, Height: up.h}, data}
	}
	return out, nil
}

func asJPEG(r raster) ([]byte, string, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, r.image(), &jpeg.Options{Quality: quality})
	return b.Bytes(), sniff.JPEG.MIME, err
}

func asPNG(r raster) ([]byte, string, error) {
	m := r.image()
	if rgba, ok := m.(*image.RGBA); ok && r.colours(256) <= 256 {
		m = exact(rgba)
	}
	var b bytes.Buffer
	err := png.Encode(&b, m)
	return b.Bytes(), sniff.PNG.MIME, err
}

// colours counts colours up to one more than most.
func (r raster) colours(most int) int {
	p := r.planes[0]
	if len(r.planes) == 3 {
		return most + 1 // lossy
	}
	seen := make(map[uint32]struct{}, most)
	var last uint32
	for y := range p.h {
		row := p.row(y)
		for x := 0; x < len(row); x += p.ch {
			c := uint32(row[x])
			if p.ch == 4 {
				c |= uint32(row[x+1])<<8 | uint32(row[x+2])<<16 | uint32(row[x+3])<<24
			}
			if c == last && len(seen) > 0 {
				continue
			}
			last = c
			if seen[c] = struct{}{}; len(seen) > most {
				return len(seen)
			}
		}
	}
	return len(seen)
}

// exact gives an image of at most 256 colours a palette of them, in the order in which they are met.
func exact(m *image.RGBA) *image.Paletted {
	out := image.NewPaletted(m.Rect, nil)
	index := map[color.RGBA]byte{}
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
			c := m.RGBAAt(x, y)
			i, ok := index[c]
			if !ok {
				i = byte(len(out.Palette))
				index[c] = i
				out.Palette = append(out.Palette, c)
			}
			out.Pix[out.PixOffset(x, y)] = i
		}
	}
	return out
}
