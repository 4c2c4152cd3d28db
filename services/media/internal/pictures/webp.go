package pictures

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"

	"golang.org/x/image/webp"
)

// webpFilm reads an animation (RFC 9649 2.7.1), which golang.org/x/image/webp doesn't know: each frame becomes a still of its own. nil for a still. The background colour isn't used,
// as in browsers.
func webpFilm(file []byte) (*film, error) {
	if len(file) < 30 || string(file[12:16]) != "VP8X" || file[20]&webpAnimated == 0 {
		return nil, nil
	}
	end := uint64(binary.LittleEndian.Uint32(file[4:])) + 8
	if end > uint64(len(file)) {
		return nil, errors.New("webp: the file ends early")
	}
	f := &film{w: uint24(file[24:]) + 1, h: uint24(file[27:]) + 1}
	begun := false
	for rest := file[12:end]; len(rest) >= 8; {
		name, body, next, err := chunk(rest)
		if err != nil {
			return nil, err
		}
		rest = next
		switch {
		case name == "ANIM" && len(body) >= 6 && !begun:
			f.plays, begun = int(binary.LittleEndian.Uint16(body[4:])), true
		case name == "ANMF" && begun:
			one, err := webpFrame(body)
			if err != nil {
				return nil, err
			}
			if !one.at.In(image.Rect(0, 0, f.w, f.h)) {
				return nil, errors.New("webp: a frame beyond the canvas")
			}
			f.frames = append(f.frames, one)
		case name == "ANIM" || name == "ANMF":
			return nil, errors.New("webp: ANIM")
		}
	}
	if len(f.frames) == 0 {
		return nil, errors.New("webp: no frame")
	}
	return f, nil
}

const (
	webpAnimated = 0x02
	webpAlpha    = 0x10
	// webpReplaces and webpWiped are ANMF's flags.
	webpReplaces = 0x02
	webpWiped    = 0x01
)

// webpFrame reads the body of an ANMF chunk, whose picture must have the size that the frame says.
func webpFrame(body []byte) (frame, error) {
	if len(body) < 16 {
		return frame{}, errWebP
	}
	at, size := image.Pt(2*uint24(body), 2*uint24(body[3:])), image.Pt(uint24(body[6:])+1, uint24(body[9:])+1)
	f := frame{at: image.Rectangle{Min: at, Max: at.Add(size)}, delay: uint24(body[12:]), over: body[15]&webpReplaces == 0}
	if body[15]&webpWiped != 0 {
		f.after = wipe
	}
	var alpha, picture []byte
	for rest := body[16:]; len(rest) >= 8 && picture == nil; {
		name, inside, next, err := chunk(rest)
		if err != nil {
			return f, err
		}
		whole := rest[:len(rest)-len(next)]
		switch rest = next; name {
		case "ALPH":
			alpha = whole
		case "VP8 ", "VP8L":
			if webpSize(name, inside) != size {
				return f, errors.New("webp: a frame of another size")
			}
			picture = whole
		}
	}
	if picture == nil {
		return f, errors.New("webp: a frame without a picture")
	}
	f.pixels = func() (image.Image, error) {
		var still []byte
		if alpha != nil && string(picture[:4]) == "VP8 " {
			still = appendRIFF(nil, "VP8X", append([]byte{webpAlpha, 0, 0, 0}, body[6:12]...))
			still = append(still, alpha...)
		}
		m, err := webpStill(webpFile(append(still, picture...)))
		if err != nil {
			return nil, err
		}
		return flat(m), nil
	}
	return f, nil
}

// webpSize reads the size in a bitstream's header (RFC 6386 9.1, RFC 9649 3.4).
func webpSize(name string, b []byte) image.Point {
	switch {
	case name == "VP8 " && len(b) >= 10:
		return image.Pt(int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff))
	case name == "VP8L" && len(b) >= 5:
		bits := binary.LittleEndian.Uint32(b[1:])
		return image.Pt(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1)
	}
	return image.Point{}
}

// webpFile puts chunks into a file.
func webpFile(chunks []byte) []byte {
	return append(append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(chunks)+4)), "WEBP"...), chunks...)
}

// appendRIFF appends a chunk.
func appendRIFF(to []byte, name string, body []byte) []byte {
	to = append(binary.LittleEndian.AppendUint32(append(to, name...), uint32(len(body))), body...)
	if len(body)%2 == 1 {
		to = append(to, 0)
	}
	return to
}

var errWebP = errors.New("webp: chunk")

// chunk takes a RIFF chunk off; its padding byte may be missing at the end.
func chunk(b []byte) (name string, body, next []byte, err error) {
	n := uint64(binary.LittleEndian.Uint32(b[4:]))
	if n > uint64(len(b)-8) {
		return "", nil, nil, errWebP
	}
	return string(b[:4]), b[8 : 8+n], b[min(8+n+n&1, uint64(len(b))):], nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func put24(to []byte, n int) []byte { return append(to, byte(n), byte(n>>8), byte(n>>16)) }

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
