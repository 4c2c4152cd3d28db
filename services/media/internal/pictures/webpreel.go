package pictures

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "unsafe" // for go:linkname

	"github.com/gen2brain/webp"

	"songshui.internal/services/media/internal/sniff"
)

// systemWebP is for WebP what systemHEIC is for HEIC.
//
//go:linkname systemWebP github.com/gen2brain/webp.dynamic
var systemWebP bool

// How frames are encoded: what is drawn loses nothing, what is photographed has the quality of the stills. The methods are those beyond which libwebp takes several times as long for some
// per cent of the bytes.
var (
	webpDrawn  = webp.Options{Lossless: true, Quality: 20, Method: 0}
	webpFilmed = webp.Options{Quality: quality, Method: 2}
)

// webpReel writes an animated WebP. Each frame is what changed, and replaces what it covers, so that transparency needs no care.
type webpReel struct {
	plays  int
	chunks []byte
	before *image.RGBA
	alpha  byte
}

func (r *webpReel) add(m *image.RGBA, delay int) error {
	at := difference(r.before, m)
	r.before = m
	at.Min.X, at.Min.Y = at.Min.X&^1, at.Min.Y&^1 // a frame's place is even
	part, opaque := plainAlpha(m, at)
	options := webpFilmed
	if (raster{w: at.Dx(), h: at.Dy(), planes: []plane{{part.Pix, at.Dx(), at.Dy(), part.Stride, 4}}}).colours(lineArt) <= lineArt {
		options = webpDrawn
	}
	var b bytes.Buffer
	if err := webp.Encode(&b, part, options); err != nil {
		return err
	}
	body := put24(put24(nil, at.Min.X/2), at.Min.Y/2)
	body = put24(put24(put24(body, at.Dx()-1), at.Dy()-1), min(delay, 1<<24-1))
	body = append(body, webpReplaces)
	for rest := b.Bytes()[12:]; len(rest) >= 8; {
		name, inside, next, err := chunk(rest)
		if err != nil {
			return err
		}
		if name == "ALPH" || name == "VP8 " || name == "VP8L" {
			body = appendRIFF(body, name, inside)
		}
		rest = next
	}
	r.chunks = appendRIFF(r.chunks, "ANMF", body)
	if !opaque {
		r.alpha = webpAlpha
	}
	return nil
}

func (r *webpReel) end() (made, error) {
	size := r.before.Rect.Size()
	head := appendRIFF(nil, "VP8X", put24(put24([]byte{webpAnimated | r.alpha, 0, 0, 0}, size.X-1), size.Y-1))
	plays := r.plays
	if plays >= 1<<16 {
		plays = 0 // for ever, as good as
	}
	head = appendRIFF(head, "ANIM", binary.LittleEndian.AppendUint16(make([]byte, 4), uint16(plays)))
	return made{copyHead{Name: "animation", Type: sniff.WebP.MIME, Width: size.X, Height: size.Y}, webpFile(append(head, r.chunks...))}, nil
}

// plainAlpha gives a part with its colours not multiplied, in rows without gaps, as the encoder takes them, and whether it is opaque.
func plainAlpha(m *image.RGBA, at image.Rectangle) (*image.NRGBA, bool) {
	out, opaque := image.NewNRGBA(image.Rect(0, 0, at.Dx(), at.Dy())), true
	for y := range at.Dy() {
		row := out.Pix[y*out.Stride:][:out.Stride]
		copy(row, m.Pix[m.PixOffset(at.Min.X, at.Min.Y+y):])
		for i := 0; i < len(row); i += 4 {
			c := row[i : i+4 : i+4]
			a := uint32(c[3])
			if a == 0xff {
				continue
			}
			opaque = false
			for k := 0; k < 3 && a > 0; k++ {
				c[k] = byte(min((uint32(c[k])*255+a/2)/a, 255))
			}
		}
	}
	return out, opaque
}
