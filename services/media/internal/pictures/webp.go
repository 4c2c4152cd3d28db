package pictures

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/draw"

	"golang.org/x/image/webp"
)

var errWebP = errors.New("webp: chunk")

// decodeWebP decodes a still, or every frame of an animation, which golang.org/x/image/webp doesn't know: each frame becomes a still of its own, and the
// first is put on the canvas.
func decodeWebP(file []byte) (image.Image, error) {
	if len(file) < 30 || string(file[12:16]) != "VP8X" || file[20]&2 == 0 {
		return webpStill(file)
	}
	canvas := image.NewRGBA(image.Rect(0, 0, int(uint24(file[24:]))+1, int(uint24(file[27:]))+1))
	seen := false
	for rest := file[12:]; len(rest) >= 8; {
		name, body, next, err := chunk(rest)
		if err != nil {
			return nil, err
		}
		rest = next
		if name != "ANMF" {
			continue
		}
		m, at, err := webpFrame(body)
		if err != nil {
			return nil, err
		}
		if !m.Bounds().Add(at).In(canvas.Rect) {
			return nil, errors.New("webp: a frame beyond the canvas")
		}
		if !seen {
			draw.Draw(canvas, m.Bounds().Add(at), m, image.Point{}, draw.Over)
			seen = true
		}
	}
	if !seen {
		return nil, errors.New("webp: no frame")
	}
	return canvas, nil
}

// webpFrame decodes the body of an ANMF chunk (RFC 9649 2.7.1.3) and gives where it belongs.
func webpFrame(body []byte) (image.Image, image.Point, error) {
	if len(body) < 16 {
		return nil, image.Point{}, errWebP
	}
	at := image.Pt(2*int(uint24(body)), 2*int(uint24(body[3:])))
	var still []byte
	if rest := body[16:]; len(rest) >= 4 && string(rest[:4]) == "ALPH" {
		const alpha = 0x10
		still = append(still, "VP8X\x0a\x00\x00\x00"...)
		still = append(still, alpha, 0, 0, 0)
		still = append(still, body[6:12]...)
	}
	for rest := body[16:]; len(rest) >= 8; {
		name, _, next, err := chunk(rest)
		if err != nil {
			return nil, at, err
		}
		if name == "ALPH" || name == "VP8 " || name == "VP8L" {
			still = append(still, rest[:len(rest)-len(next)]...)
		}
		rest = next
	}
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(still)+4))
	m, err := webpStill(append(append(head, "WEBP"...), still...))
	return m, at, err
}

// chunk takes a RIFF chunk off; its padding byte may be missing at the end.
func chunk(b []byte) (name string, body, next []byte, err error) {
	n := uint64(binary.LittleEndian.Uint32(b[4:]))
	if n > uint64(len(b)-8) {
		return "", nil, nil, errWebP
	}
	return string(b[:4]), b[8 : 8+n], b[min(8+n+n&1, uint64(len(b))):], nil
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

func webpStill(file []byte) (image.Image, error) {
	m, err := webp.Decode(bytes.NewReader(file))
	switch m := m.(type) {
	case *image.YCbCr:
		fullRange(m)
	case *image.NYCbCrA:
		fullRange(&m.YCbCr)
	}
	return m, err
}

var fullLuma, fullChroma = func() (y, c [256]byte) {
	for v := range 256 {
		y[v] = byte(max(0, min(255, ((v-16)*255+109)/219)))
		c[v] = byte(max(0, min(255, 128+((v-128)*255)/224)))
	}
	return y, c
}()

// fullRange stretches the samples in place: a lossy WebP has luma 16–235 and chroma 16–240 (RFC 6386 9.2), and the decoder hands them on as if they were a JPEG's 0–255.
func fullRange(m *image.YCbCr) {
	stretch(m.Y, &fullLuma)
	stretch(m.Cb, &fullChroma)
	stretch(m.Cr, &fullChroma)
}

func stretch(b []byte, to *[256]byte) {
	for i, v := range b {
		b[i] = to[v]
	}
}
