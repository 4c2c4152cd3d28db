package sniff

import "encoding/binary"

// webp walks the RIFF chunks (RFC 9649).
func (s *source) webp() (Header, error) {
	h := Header{Frames: 1}
	var b [18]byte
	if err := s.read(0, b[:12]); err != nil {
		return h, err
	}
	end := int64(binary.LittleEndian.Uint32(b[4:])) + 8
	if end > s.size {
		return h, damaged("webp: the file ends early")
	}
	frames := 0
	for at := int64(12); at+8 <= end; {
		if err := s.read(at, b[:8]); err != nil {
			return h, err
		}
		n, name := int64(binary.LittleEndian.Uint32(b[4:])), string(b[:4])
		if at+8+n > end {
			return h, damaged("webp: chunk")
		}
		var err error
		switch name {
		case "VP8 ", "VP8L", "VP8X":
			err = s.webpSize(&h, name, at+8, n)
		case "ANMF":
			frames++
			h.Frames = frames
			if h.Width > 0 {
				err = checkPixels(h)
			}
		case "ALPH", "ANIM":
		case "EXIF":
			h.Orientation = s.orientation(at+8, n)
			err = s.count(n)
		default:
			err = s.count(n + 8)
		}
		if err != nil {
			return h, err
		}
		at += 8 + n + n&1
	}
	return h, nil
}

// webpSize takes the size of the first of VP8X (canvas), VP8 and VP8L; the pictures inside a canvas are checked against it by the decoder.
func (s *source) webpSize(h *Header, name string, at, n int64) error {
	var b [10]byte
	if n < 10 && (name != "VP8L" || n < 5) {
		return damaged("webp: header")
	}
	if err := s.read(at, b[:min(n, 10)]); err != nil {
		return err
	}
	var w, ht int
	switch name {
	case "VP8X":
		w, ht = uint24(b[4:])+1, uint24(b[7:])+1
	case "VP8 ":
		w, ht = int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff)
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[1:])
		w, ht = int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1
	}
	if h.Width == 0 {
		h.Width, h.Height = w, ht
	}
	return checkPixels(Header{Width: w, Height: ht, Frames: 1})
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
