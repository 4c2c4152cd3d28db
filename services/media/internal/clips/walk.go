package clips

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sniff"
)

const (
	// maxBoxes bounds the boxes on the top level: three hours of a fragment a second, each with messages and an index of its own, have half of it.
	maxBoxes = 100_000
	// maxMoofs bounds the fragments' own indexes together, in bytes, since they are held at once: maxSamples of 16 bytes each, and the headers.
	maxMoofs = 40 << 20
	// ahead is how much is read with a box's header: most fragments' index and the next header lie in it.
	ahead = 16 << 10
)

// moof is a fragment's index: its content, and where its box begins, from which it counts.
type moof struct {
	at   int64
	body []byte
}

// outer is the structure of a clip on its top level.
type outer struct {
	boxes []string
	moov  extent
	mdat  []extent
	moofs []moof
	// broke says that a box after a fragment reaches beyond the end.
	broke bool
}

// walk reads the headers of the boxes on the top level, and of fragments the index. A clip has one moov of at most sniff.MaxIndex and at least one mdat. A box that reaches beyond the end
// is damaged, but after a fragment it is where a recording broke off: the clip ends before it.
func walk(r io.ReaderAt, size int64) (outer, error) {
	var o outer
	src := &nearby{r: r, size: size}
	held := int64(0)
	for at := int64(0); at+8 <= size; {
		name, body, end, err := header(src, at, size)
		if err != nil && len(o.moofs) > 0 && fault.Is(err, fault.Invalid) {
			o.broke = true
			break
		}
		if err != nil {
			return o, err
		}
		o.boxes = append(o.boxes, name)
		switch {
		case len(o.boxes) > maxBoxes:
			return o, damaged("too many boxes")
		case name == "moof":
			if held += end - body; held > maxMoofs {
				return o, refuse(sniff.CodeTooDemanding, "")
			}
			m := moof{at: at, body: make([]byte, end-body)}
			if n, err := src.ReadAt(m.body, body); n < len(m.body) {
				return o, readError(err)
			}
			o.moofs = append(o.moofs, m)
		case name == "mdat":
			o.mdat = append(o.mdat, extent{body, end})
		case name == "moov" && (o.moov.End > 0 || end-body > sniff.MaxIndex):
			return o, damaged("moov")
		case name == "moov":
			o.moov = extent{body, end}
		}
		at = end
	}
	if o.moov.End == 0 || len(o.mdat) == 0 {
		return o, damaged("no moov or no mdat")
	}
	return o, nil
}

// nearby reads a little more than it is asked for: an object store takes its time for each reading.
type nearby struct {
	r    io.ReaderAt
	size int64
	at   int64
	held []byte
	buf  [ahead]byte
}

// ReadAt implements io.ReaderAt.
func (w *nearby) ReadAt(p []byte, at int64) (int, error) {
	if len(p) > ahead {
		return w.r.ReadAt(p, at)
	}
	if at < w.at || at+int64(len(p)) > w.at+int64(len(w.held)) {
		n, err := w.r.ReadAt(w.buf[:min(ahead, w.size-at)], at)
		w.at, w.held = at, w.buf[:n]
		if n < len(p) {
			return copy(p, w.held), err
		}
	}
	return copy(p, w.held[at-w.at:]), nil
}

// wire says how the data that go to the child are divided: the moov, a table of extents (of mdat, then of fragments with their lengths), the fragments' indexes.
type wire struct {
	Moov  int64 `json:"moov"`
	Mdat  int   `json:"mdat"`
	Moofs int   `json:"moofs,omitempty"`
	Sound bool  `json:"sound,omitempty"`
}

func (o outer) wire(src io.ReaderAt, soundOnly bool) (w wire, data io.Reader, size int64) {
	w = wire{o.moov.End - o.moov.Start, len(o.mdat), len(o.moofs), soundOnly}
	var table []byte
	put := func(a, b int64) {
		table = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(table, uint64(a)), uint64(b))
	}
	for _, e := range o.mdat {
		put(e.Start, e.End)
	}
	size = w.Moov
	parts := []io.Reader{io.NewSectionReader(src, o.moov.Start, w.Moov), nil}
	for _, m := range o.moofs {
		put(m.at, int64(len(m.body)))
		parts = append(parts, bytes.NewReader(m.body))
		size += int64(len(m.body))
	}
	parts[1] = bytes.NewReader(table)
	return w, io.MultiReader(parts...), size + int64(len(table))
}

var errWire = errors.New("clips: a question that can't be")

// question takes the data apart again.
func (w wire) question(data []byte) (moov []byte, q question, err error) {
	if w.Moov < 0 || w.Mdat < 0 || w.Moofs < 0 || w.Mdat > maxBoxes || w.Moofs > maxBoxes || w.Moov+16*int64(w.Mdat+w.Moofs) > int64(len(data)) {
		return nil, q, errWire
	}
	q.Sound = w.Sound
	moov, data = data[:w.Moov], data[w.Moov:]
	rest := data[16*(w.Mdat+w.Moofs):]
	for i := range w.Mdat + w.Moofs {
		a, b := int64(binary.BigEndian.Uint64(data[16*i:])), int64(binary.BigEndian.Uint64(data[16*i+8:]))
		if i < w.Mdat {
			q.Mdat = append(q.Mdat, extent{a, b})
			continue
		}
		if b < 0 || b > int64(len(rest)) {
			return nil, q, errWire
		}
		q.Moofs = append(q.Moofs, moof{a, rest[:b]})
		rest = rest[b:]
	}
	return moov, q, nil
}
