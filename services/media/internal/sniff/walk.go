package sniff

import (
	"encoding/binary"
	"math"
	"slices"
	"time"
)

// Walk goes through the boxes of a clip while its bytes pass, in pieces of any size: what is wrong with them is known before the last one has come. It holds 48 bytes
// at most, and its fields are all there is, so that whoever has them as JSON goes on from there. What CheckClip finds in an index that is there as a whole it leaves to that.
type Walk struct {
	// Size is the clip's, in bytes; Seen is how many of them were fed.
	Size int64 `json:"size"`
	Seen int64 `json:"seen"`
	// Next is where the next box begins, Within where the moov ends that it lies in, 0 outside of it. Held are the bytes from Next on.
	Next   int64  `json:"next"`
	Within int64  `json:"within,omitempty"`
	Held   []byte `json:"held,omitempty"`
	Boxes  int    `json:"boxes"`
	// Index and Samples say that a moov and a mdat were met.
	Index   bool `json:"index,omitempty"`
	Samples bool `json:"samples,omitempty"`
	// Seconds is the duration that the moov's header names; 0 until it was met, and where it names none.
	Seconds float64 `json:"seconds,omitempty"`
}

// WalkOf begins a walk; nil for a type that isn't made of boxes with a moov.
func WalkOf(t Type, size int64) *Walk {
	if t != MP4 && t != MOV && t != M4A {
		return nil
	}
	return &Walk{Size: size}
}

// Clone gives a walk that goes on by itself; nil of nil.
func (w *Walk) Clone() *Walk {
	if w == nil {
		return nil
	}
	c := *w
	c.Held = slices.Clone(w.Held)
	return &c
}

// Duration is what the moov's header names, as far as the bytes have come.
func (w *Walk) Duration() time.Duration {
	return time.Duration(min(w.Seconds, math.MaxInt64/2/float64(time.Second)) * float64(time.Second))
}

// headerOfMovie is as much of a mvhd's content as ends with the duration (ISO 14496-12 8.2.2, version 1).
const headerOfMovie = 4 + 8 + 8 + 4 + 8

// Feed takes the next bytes. Damaged: a box that reaches beyond the end, a second or too large moov, too many boxes, and at the end, none or no mdat.
func (w *Walk) Feed(b []byte) error {
	for {
		skip := max(w.Next+int64(len(w.Held))-w.Seen, 0)
		if skip >= int64(len(b)) {
			w.Seen += int64(len(b))
			return w.ended()
		}
		w.Seen += skip
		b = b[skip:]
		n := min(w.wanted()-len(w.Held), len(b))
		w.Held = append(w.Held, b[:n]...)
		w.Seen += int64(n)
		b = b[n:]
		if len(w.Held) < w.wanted() {
			continue
		}
		if err := w.box(); err != nil {
			return err
		}
	}
}

// ended checks what the whole must hold once all bytes were seen.
func (w *Walk) ended() error {
	if w.Seen == w.Size && (!w.Index || !w.Samples) {
		return damaged("clip: no moov or no mdat")
	}
	return nil
}

// wanted is how many bytes from Next on must be held to go on.
func (w *Walk) wanted() int {
	if len(w.Held) < 8 {
		return 8
	}
	head, length := 8, uint64(binary.BigEndian.Uint32(w.Held))
	if length == 1 {
		if head = 16; len(w.Held) < head {
			return head
		}
		length = binary.BigEndian.Uint64(w.Held[8:])
	}
	if w.Within == 0 || string(w.Held[4:8]) != "mvhd" || length < uint64(head+headerOfMovie) {
		return head
	}
	return head + headerOfMovie
}

// box takes in the one whose header is held, and finds where the next one begins.
func (w *Walk) box() error {
	end := w.Size
	if w.Within > 0 {
		end = w.Within
	}
	name, body, length := string(w.Held[4:8]), w.Held[8:], uint64(binary.BigEndian.Uint32(w.Held))
	head := int64(8)
	switch length {
	case 0:
		length = uint64(end - w.Next)
	case 1:
		length, body, head = binary.BigEndian.Uint64(body), body[8:], 16
	}
	if length < uint64(head) || length > uint64(end-w.Next) {
		return damaged("box " + name)
	}
	if w.Boxes++; w.Boxes > maxBoxes {
		return damaged("clip: too many boxes")
	}
	next := w.Next + int64(length)
	switch {
	case w.Within > 0 && name == "mvhd":
		w.movie(body)
		next = w.Within // the rest of the index is for later
	case w.Within > 0:
	case name == "mdat":
		w.Samples = w.Samples || int64(length) > head
	case name == "moov":
		if w.Index || int64(length)-head > MaxIndex {
			return damaged("clip: moov")
		}
		w.Index, w.Within, next = true, next, w.Next+head
	}
	// What is too short for a header ends a container, and the file.
	if w.Within > 0 && next+8 > w.Within {
		next, w.Within = w.Within, 0
	}
	if w.Within == 0 && next+8 > w.Size {
		next = w.Size
	}
	w.Next, w.Held = next, w.Held[:0]
	return nil
}

func (w *Walk) movie(b []byte) {
	if len(b) < headerOfMovie {
		return
	}
	scale, duration, unknown := binary.BigEndian.Uint32(b[12:]), uint64(binary.BigEndian.Uint32(b[16:])), uint64(math.MaxUint32)
	if b[0] == 1 {
		scale, duration, unknown = binary.BigEndian.Uint32(b[20:]), binary.BigEndian.Uint64(b[24:]), math.MaxUint64
	}
	if scale > 0 && duration != unknown {
		w.Seconds = float64(duration) / float64(scale)
	}
}
