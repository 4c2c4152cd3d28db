package sniff

import "encoding/binary"

// box is one of ISO 14496-12: where its content begins and where it ends.
type box struct {
	name       string
	start, end int64
}

// next reads the box at an offset inside a container that ends at end; a box that reaches beyond it is damaged.
func (s *source) next(at, end int64) (box, error) {
	var b [16]byte
	if err := s.read(at, b[:8]); err != nil {
		return box{}, err
	}
	x := box{name: string(b[4:8]), start: at + 8}
	n := int64(binary.BigEndian.Uint32(b[:]))
	switch n {
	case 0:
		n = end - at
	case 1:
		if err := s.read(at+8, b[8:]); err != nil {
			return x, err
		}
		big := binary.BigEndian.Uint64(b[8:])
		if big > 1<<62 {
			return x, damaged("box " + x.name)
		}
		n, x.start = int64(big), at+16
	}
	if at+n < x.start || n > end-at {
		return x, damaged("box " + x.name)
	}
	x.end = at + n
	return x, nil
}

// each calls f for every box of a container; up to 7 bytes at the end, which can't hold a box, are passed over.
func (s *source) each(start, end int64, f func(box) error) error {
	for at := start; at+8 <= end; {
		x, err := s.next(at, end)
		if err != nil {
			return err
		}
		if err := f(x); err != nil {
			return err
		}
		at = x.end
	}
	return nil
}

// Boxes calls f for every box of a container that is in memory; false says that the last one doesn't fit. QuickTime ends some containers with four zero bytes, which are passed over.
func Boxes(b []byte, f func(name string, body []byte)) (whole bool) {
	for len(b) >= 8 {
		n, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		switch {
		case n == 0:
			n = uint64(len(b))
		case n == 1 && len(b) >= 16:
			n, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if n < head || n > uint64(len(b)) {
			return false
		}
		f(string(b[4:8]), b[head:n])
		b = b[n:]
	}
	return true
}

// Inside goes down a path of boxes in memory, the first of each name; nil where there is none.
func Inside(b []byte, path ...string) []byte {
	for _, want := range path {
		var found []byte
		Boxes(b, func(name string, body []byte) {
			if name == want && found == nil {
				found = body
			}
		})
		b = found
	}
	return b
}
