package clips

import (
	"encoding/binary"
	"io"
)

const (
	// window is how much of the original is read at once.
	window = 2 << 20
	// readOver is how much is read and thrown away rather than asked for anew.
	readOver = 256 << 10
	// maxSEI bounds a unit of supplemental enhancement information.
	maxSEI = 1 << 20
)

// body is a copy as it is read: the new head, then the ranges of the original, with user data in NAL units overwritten. It holds one window of the original.
type body struct {
	src    io.ReaderAt
	size   int64
	ranges []byte
	nal    nalKind

	// err is why reading ended before its time: stores wrap what a body says, so Render asks here.
	err error
	// out is what comes next; before it is empty nothing is read.
	out []byte
	// left is what is left of the present span, end where it ends.
	span span
	left int64
	end  int64

	win   []byte
	winAt int64

	// unit is the beginning of a NAL unit, or all of one that is searched.
	unit   []byte
	search bool
	// pass is how much of the present unit is still to pass on; blanked says that it is overwritten.
	pass    int64
	blanked bool
}

func newBody(head []byte, ranges []byte, nal nalKind, src io.ReaderAt, size int64) *body {
	return &body{src: src, size: size, ranges: ranges, nal: nal, out: head}
}

// Read implements io.Reader. A unit that doesn't fit its chunk is damaged; errors of the source come as they are.
func (b *body) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(b.out) == 0 {
			if err := b.next(); err != nil {
				if err != io.EOF {
					b.err = err
					return n, err
				}
				if n > 0 {
					return n, nil
				}
				return 0, err
			}
			continue
		}
		k := copy(p[n:], b.out)
		b.out = b.out[k:]
		n += k
	}
	return n, nil
}

// next sets out, or goes a step further.
func (b *body) next() error {
	if len(b.unit) > 0 {
		return b.nalUnit()
	}
	if b.left == 0 {
		if len(b.ranges) == 0 {
			return io.EOF
		}
		var err error
		if b.span, b.ranges, err = cut(b.ranges, b.end, b.size); err != nil {
			return err
		}
		b.left, b.end = b.span.size, b.span.at+b.span.size
	}
	if b.span.track != 0 || b.nal == noNAL {
		return b.plain(b.left)
	}
	if b.pass > 0 {
		return b.plain(b.pass)
	}
	return b.nalUnit()
}

// plain passes up to n bytes on.
func (b *body) plain(n int64) error {
	p, err := b.take(n)
	if err != nil {
		return err
	}
	if b.pass > 0 {
		b.pass -= int64(len(p))
		if b.blanked {
			for i := range p {
				p[i] = 0xff
			}
		}
	}
	b.out = p
	return nil
}

const lengthBytes = 4

// nalUnit gathers the length and the header of a unit, of one that is searched the whole, and decides.
func (b *body) nalUnit() error {
	want := lengthBytes
	if len(b.unit) >= lengthBytes {
		length := int64(binary.BigEndian.Uint32(b.unit))
		switch {
		case length-int64(len(b.unit)-lengthBytes) > b.left:
			return damaged("a NAL unit beyond its chunk")
		case length == 0 || !b.search && len(b.unit) >= lengthBytes+min(b.nal.head(), int(length)):
			return b.decide(length)
		case b.search && int64(len(b.unit)-lengthBytes) == length:
			scrub(b.unit[lengthBytes:], b.nal.head())
			b.flush(false)
			return nil
		case b.search:
			want = lengthBytes + int(length)
		default:
			want = lengthBytes + min(b.nal.head(), int(length))
		}
	}
	p, err := b.take(int64(want - len(b.unit)))
	if err != nil {
		return err
	}
	b.unit = append(b.unit, p...)
	return nil
}

func (b *body) decide(length int64) error {
	u := keep
	if length > 0 {
		u = b.nal.use(b.unit[lengthBytes])
	}
	if u == search {
		if length > maxSEI {
			return damaged("a SEI unit of too many bytes")
		}
		b.search = true
		return nil
	}
	b.pass = length - int64(len(b.unit)-lengthBytes)
	b.flush(u == blank)
	return nil
}

func (b *body) flush(blanked bool) {
	b.out = append(b.out[:0:0], b.unit...)
	b.unit, b.search, b.blanked = b.unit[:0], false, blanked
}

// take gives up to n bytes of the span, at least one.
func (b *body) take(n int64) ([]byte, error) {
	at := b.end - b.left
	if b.left == 0 {
		return nil, damaged("a NAL unit ends early")
	}
	if end := b.winAt + int64(len(b.win)); at < b.winAt || at >= end {
		if at < end || at > end+readOver {
			end = at
		}
		if err := b.fill(end); err != nil {
			return nil, err
		}
	}
	p := b.win[at-b.winAt:]
	p = p[:min(int64(len(p)), n, b.left)]
	b.left -= int64(len(p))
	return p, nil
}

func (b *body) fill(at int64) error {
	if b.win == nil {
		b.win = make([]byte, 0, window)
	}
	b.winAt, b.win = at, b.win[:min(window, b.size-at)]
	n, err := b.src.ReadAt(b.win, at)
	if n < len(b.win) {
		b.win = b.win[:0]
		return readError(err)
	}
	return nil
}
