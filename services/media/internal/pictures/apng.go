package pictures

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"math"
)

// pngReader reads the frames of an animated PNG.
type pngReader struct {
	film film
	// header is IHDR's body; palette are PLTE and tRNS, whole.
	header, palette []byte
	// data are the compressed parts of each frame.
	data     [][][]byte
	sequence uint32
	// elapsed are all delays so far, in milliseconds: rounded one by one they would add up to another time.
	elapsed float64
	// animated says that acTL was there, pictured that IDAT was, and first that IDAT is the frame at hand.
	animated, pictured, first bool
}

// pngFilm reads an animation (W3C PNG, third edition, 11.3.6); nil for a still. Each frame becomes a still of its own. The picture in IDAT is a frame only if a
// control chunk stands before it; else nobody sees it where animations are shown, and it goes into no copy. Checksums are those that image/png has read.
func pngFilm(file []byte) (*film, error) {
	p := &pngReader{}
	for rest := file[min(8, len(file)):]; len(rest) >= 12; {
		n := uint64(binary.BigEndian.Uint32(rest))
		if n > uint64(len(rest)-12) {
			return nil, errPNG
		}
		name, whole := string(rest[4:8]), rest[:12+n]
		if name == "IEND" {
			break
		}
		if err := p.take(name, whole[8:8+n], whole); err != nil {
			return nil, err
		}
		rest = rest[12+n:]
	}
	if !p.animated {
		return nil, nil
	}
	if len(p.data) == 0 {
		return nil, errors.New("png: no frame")
	}
	for i, parts := range p.data {
		if len(parts) == 0 {
			return nil, errors.New("png: a frame without a picture")
		}
		p.film.frames[i].pixels = p.still(p.film.frames[i].at.Size(), parts)
	}
	return &p.film, nil
}

var errPNG = errors.New("png: chunk")

func (p *pngReader) take(name string, body, whole []byte) error {
	switch {
	case name == "IHDR" && len(body) == 13 && p.header == nil:
		p.header = body
		p.film.w, p.film.h = int(binary.BigEndian.Uint32(body)), int(binary.BigEndian.Uint32(body[4:]))
	case p.header == nil:
		return errPNG
	case name == "PLTE", name == "tRNS":
		p.palette = append(p.palette, whole...)
	case name == "IDAT":
		return p.picture(body)
	case name == "acTL" && len(body) == 8 && !p.animated && !p.pictured:
		p.animated = true
		p.film.plays = int(binary.BigEndian.Uint32(body[4:]) & (1<<31 - 1))
	case name == "acTL":
		return errPNG
	case name == "fcTL" && p.animated:
		return p.control(body)
	case name == "fdAT" && p.animated:
		if len(body) < 4 || !p.pictured || p.first || len(p.data) == 0 {
			return errPNG
		}
		last := &p.data[len(p.data)-1]
		*last = append(*last, body[4:])
		return p.next(body)
	}
	return nil
}

func (p *pngReader) picture(body []byte) error {
	p.pictured = true
	switch len(p.data) {
	case 0:
		return nil
	case 1:
		p.first = true
		p.data[0] = append(p.data[0], body)
		return nil
	}
	return errors.New("png: two frames before the picture")
}

// next fails where a control or data chunk is out of sequence.
func (p *pngReader) next(body []byte) error {
	if binary.BigEndian.Uint32(body) != p.sequence {
		return errors.New("png: a frame out of sequence")
	}
	p.sequence++
	return nil
}

func (p *pngReader) control(body []byte) error {
	if len(body) != 26 {
		return errPNG
	}
	if err := p.next(body); err != nil {
		return err
	}
	var v [4]int
	for i := range v {
		n := binary.BigEndian.Uint32(body[4+4*i:])
		if n > 1<<30 {
			return errors.New("png: a frame beyond the canvas")
		}
		v[i] = int(n)
	}
	f := frame{at: image.Rect(v[2], v[3], v[2]+v[0], v[3]+v[1]), over: body[25] == 1, after: disposal(body[24])}
	canvas := image.Rect(0, 0, p.film.w, p.film.h)
	switch {
	case f.at.Empty() || !f.at.In(canvas), !p.pictured && f.at != canvas:
		return errors.New("png: a frame beyond the canvas")
	case f.after > restore || body[25] > 1:
		return errors.New("png: a frame of unknown ways")
	}
	f.delay = p.delay(binary.BigEndian.Uint16(body[20:]), binary.BigEndian.Uint16(body[22:]))
	p.film.frames, p.data, p.first = append(p.film.frames, f), append(p.data, nil), false
	return nil
}

// delay brings a fraction of seconds to milliseconds.
func (p *pngReader) delay(numerator, denominator uint16) int {
	if denominator == 0 {
		denominator = 100
	}
	before := math.Round(p.elapsed)
	p.elapsed += 1000 * float64(numerator) / float64(denominator)
	return int(math.Round(p.elapsed) - before)
}

// still decodes a frame as a file of its own.
func (p *pngReader) still(size image.Point, parts [][]byte) func() (image.Image, error) {
	return func() (image.Image, error) {
		header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(size.X)), uint32(size.Y))
		file := appendPNG([]byte("\x89PNG\r\n\x1a\n"), "IHDR", append(header, p.header[8:]...))
		file = append(file, p.palette...)
		for _, part := range parts {
			file = appendPNG(file, "IDAT", part)
		}
		m, err := png.Decode(bytes.NewReader(appendPNG(file, "IEND", nil)))
		if err != nil {
			return nil, err
		}
		return flat(m), nil
	}
}

// appendPNG appends a chunk.
func appendPNG(to []byte, name string, body []byte) []byte {
	at := len(to) + 4
	to = append(append(binary.BigEndian.AppendUint32(to, uint32(len(body))), name...), body...)
	return binary.BigEndian.AppendUint32(to, crc32.ChecksumIEEE(to[at:]))
}
