package sniff

import (
	"bufio"
	"encoding/binary"
	"io"

	"songshui.internal/services/internal/fault"
)

// maxBoxes bounds the boxes on the top level: a fragment a second for three hours has 22,000.
const maxBoxes = 100_000

// CheckClip checks the boxes of an MP4, MOV or M4A: each ends inside the file, there are an index (moov, at most MaxIndex) and samples (mdat), and every
// chunk that the index names begins inside the file. Otherwise damaged. After a fragment (moof) with samples a box may reach beyond the end: a recorder that lost power leaves such
// files, of which the rest is whole. Samples aren't decoded.
func CheckClip(r io.ReaderAt, size int64) error {
	s := &source{r: r, size: size}
	var index, samples, fragments bool
	boxes := 0
	var refused error
	err := s.each(0, size, func(x box) error {
		switch boxes++; {
		case boxes > maxBoxes:
			refused = damaged("clip: too many boxes")
		case x.name == "moof":
			fragments = true
		case x.name == "mdat":
			samples = samples || x.end > x.start
		case x.name == "moov" && (index || x.end-x.start > MaxIndex):
			refused = damaged("clip: moov")
		case x.name == "moov":
			index = true
			refused = s.chunks(x, 0)
		}
		return refused
	})
	brokeOff := fragments && refused == nil && fault.Is(err, fault.Invalid)
	if err != nil && !brokeOff {
		return err
	}
	if !index || !samples {
		return damaged("clip: no moov or no mdat")
	}
	return nil
}

// tables are the containers between a moov and its chunk tables, from the outside in.
var tables = []string{"trak", "mdia", "minf", "stbl"}

// chunks checks the chunk offsets of every track in a container, moov at depth 0.
func (s *source) chunks(in box, depth int) error {
	return s.each(in.start, in.end, func(x box) error {
		switch {
		case depth < len(tables) && x.name == tables[depth]:
			return s.chunks(x, depth+1)
		case depth == len(tables) && x.name == "stco":
			return s.offsets(x, 4)
		case depth == len(tables) && x.name == "co64":
			return s.offsets(x, 8)
		}
		return nil
	})
}

func (s *source) offsets(x box, width int) error {
	var b [8]byte
	if err := s.read(x.start, b[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(b[4:]))
	if n > (x.end-x.start-8)/int64(width) {
		return damaged("clip: chunk table")
	}
	r := s.from(x.start+8, x.end)
	for ; n > 0; n-- {
		at, err := offset(r, b[:width])
		if err != nil {
			return readError(err)
		}
		if at >= uint64(s.size) {
			return damaged("clip: a chunk lies beyond the end")
		}
	}
	return nil
}

func offset(r *bufio.Reader, b []byte) (uint64, error) {
	if _, err := io.ReadFull(r, b); err != nil {
		return 0, err
	}
	if len(b) == 4 {
		return uint64(binary.BigEndian.Uint32(b)), nil
	}
	return binary.BigEndian.Uint64(b), nil
}
