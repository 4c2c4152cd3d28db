package sniff

import (
	"bufio"
	"encoding/binary"
	"io"
)

// jpeg walks the segments up to the first scan (ITU-T T.81 annex B).
func (s *source) jpeg() (Header, error) {
	h := Header{Frames: 1}
	at := int64(2)
	var b [8]byte
	for {
		if err := s.read(at, b[:2]); err != nil {
			return h, err
		}
		if b[0] != 0xff {
			return h, damaged("jpeg: no marker")
		}
		m := b[1]
		switch {
		case m == 0xff:
			at++
			continue
		case m == 0x01 || m >= 0xd0 && m <= 0xd7:
			at += 2
			continue
		case m == 0xd9:
			return h, damaged("jpeg: no picture")
		}
		if err := s.read(at+2, b[:2]); err != nil {
			return h, err
		}
		n := int64(binary.BigEndian.Uint16(b[:]))
		if n < 2 {
			return h, damaged("jpeg: segment")
		}
		if err := s.jpegSegment(&h, m, at+4, n-2); err != nil || m == 0xda {
			return h, err
		}
		at += 2 + n
	}
}

func (s *source) jpegSegment(h *Header, m byte, at, n int64) error {
	switch {
	case m >= 0xe0 && m <= 0xef || m == 0xfe:
		if err := s.count(n); err != nil {
			return err
		}
		if m == 0xe1 && h.Orientation == 0 {
			h.Orientation = s.orientation(at, n)
		}
	case m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc:
		var b [5]byte
		if h.Width != 0 || n < 6 {
			return damaged("jpeg: frame header")
		}
		if err := s.read(at, b[:]); err != nil {
			return err
		}
		h.Height, h.Width = int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
	case m == 0xda && h.Width == 0:
		return damaged("jpeg: scan without frame")
	}
	return nil
}

// gif walks the blocks (GIF89a) and stops as soon as there are too many frames. Its trailer may be missing, as browsers allow.
func (s *source) gif() (Header, error) {
	r := s.from(0, s.size)
	var b [13]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return Header{}, readError(err)
	}
	h := Header{Width: int(binary.LittleEndian.Uint16(b[6:])), Height: int(binary.LittleEndian.Uint16(b[8:])), Frames: 1}
	if err := checkPixels(h); err != nil {
		return h, err
	}
	h.Frames = 0
	if err := skipColours(r, b[10]); err != nil {
		return h, err
	}
	for {
		c, err := r.ReadByte()
		if err == io.EOF && h.Frames > 0 || err == nil && c == 0x3b {
			return h, nil
		}
		if err != nil {
			return h, readError(err)
		}
		switch c {
		case 0x2c:
			h.Frames++
			err = gifFrame(r)
		case 0x21:
			err = s.gifExtension(r)
		default:
			err = damaged("gif: block")
		}
		if err == nil && h.Frames > 0 {
			err = checkPixels(h)
		}
		if err != nil {
			return h, err
		}
	}
}

func gifFrame(r *bufio.Reader) error {
	var b [9]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return readError(err)
	}
	if err := skipColours(r, b[8]); err != nil {
		return err
	}
	if _, err := r.ReadByte(); err != nil {
		return readError(err)
	}
	_, err := skipBlocks(r)
	return err
}

func (s *source) gifExtension(r *bufio.Reader) error {
	if _, err := r.ReadByte(); err != nil {
		return readError(err)
	}
	n, err := skipBlocks(r)
	if err != nil {
		return err
	}
	// A control block (8 bytes) belongs to its frame, and frames are bounded by themselves.
	return s.count(max(n-8, 0))
}

// skipColours passes over the colour table that a descriptor's flags announce.
func skipColours(r *bufio.Reader, flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	if _, err := r.Discard(3 << (flags&7 + 1)); err != nil {
		return readError(err)
	}
	return nil
}

// skipBlocks passes over data blocks up to the empty one and gives their length.
func skipBlocks(r *bufio.Reader) (int64, error) {
	var sum int64
	for {
		n, err := r.ReadByte()
		if err != nil {
			return sum, readError(err)
		}
		if n == 0 {
			return sum, nil
		}
		if _, err := r.Discard(int(n)); err != nil {
			return sum, readError(err)
		}
		sum += int64(n) + 1
	}
}
