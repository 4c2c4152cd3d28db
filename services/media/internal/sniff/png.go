package sniff

import "encoding/binary"

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngWalk is what was seen of a PNG.
type pngWalk struct {
	Header
	// announced is acTL's number of frames, 0 in a still; controls are the frames that came; pictured says that IDAT has begun.
	announced, controls int
	pictured            bool
}

// png walks the chunks (W3C PNG, third edition). Of an animation acTL says the number of frames, and it must be right.
func (s *source) png() (Header, error) {
	h := pngWalk{Header: Header{Frames: 1}}
	var b [16]byte
	if err := s.read(8, b[:]); err != nil {
		return h.Header, err
	}
	if binary.BigEndian.Uint32(b[:]) != 13 || string(b[4:8]) != "IHDR" {
		return h.Header, damaged("png: no IHDR")
	}
	w, ht := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	if w > 1<<31-1 || ht > 1<<31-1 {
		return h.Header, damaged("png: size")
	}
	h.Width, h.Height = int(w), int(ht)
	if err := checkPixels(h.Header); err != nil {
		return h.Header, err
	}
	for at := int64(8 + 12 + 13); ; {
		if err := s.read(at, b[:8]); err != nil {
			return h.Header, err
		}
		n, name := int64(binary.BigEndian.Uint32(b[:])), string(b[4:8])
		if at+12+n > s.size {
			return h.Header, damaged("png: chunk")
		}
		if name == "IEND" {
			if h.controls != h.announced {
				return h.Header, damaged("png: the frames aren't as many as announced")
			}
			return h.Header, nil
		}
		if err := s.pngChunk(&h, name, at+8, n); err != nil {
			return h.Header, err
		}
		at += 12 + n
	}
}

func (s *source) pngChunk(h *pngWalk, name string, at, n int64) error {
	switch name {
	case "IDAT":
		h.pictured = true
		return nil
	case "PLTE", "fdAT":
		return nil
	case "fcTL":
		if h.announced > 0 {
			if h.controls++; h.controls > h.announced {
				return damaged("png: more frames than announced")
			}
			return nil
		}
	case "acTL":
		return s.pngAnimation(h, at, n)
	case "eXIf":
		h.Orientation = s.orientation(at, n)
	}
	// The fixed part counts too, so that a file of empty chunks ends somewhere.
	return s.count(n + 12)
}

// pngAnimation takes acTL's word for the frames at once, so that a bomb is refused before the rest of it is read. An acTL behind the picture would be one only to some players.
func (s *source) pngAnimation(h *pngWalk, at, n int64) error {
	var b [8]byte
	if n != 8 || h.announced > 0 || h.pictured || h.controls > 0 {
		return damaged("png: acTL")
	}
	if err := s.read(at, b[:]); err != nil {
		return err
	}
	if h.announced = int(min(binary.BigEndian.Uint32(b[:]), 1<<30)); h.announced == 0 {
		return damaged("png: an animation of no frames")
	}
	h.Frames = h.announced
	return checkPixels(h.Header)
}
