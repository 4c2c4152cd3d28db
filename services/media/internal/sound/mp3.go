package sound

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"songshui.internal/services/media/internal/kinds"
)

const (
	window = 1 << 20
	// maxFrame is more than the longest frame has: MPEG 1, 320 kbit/s, 32 kHz.
	maxFrame = 2 << 10
	// junkShare: a file of which more than a tenth is no frame isn't an MP3.
	junkShare = 10
)

// frames reads Layer III frames one after the other and passes over what lies between them.
type frames struct {
	r *bufio.Reader
	// kind is of the first frame that is followed by another one of its kind; all others must be alike.
	kind  [2]byte
	known bool
	// seen and junk are bytes of frames and of what isn't one.
	seen, junk int64
	count      int
	samples    int64
}

func newFrames(r io.ReaderAt, start, end int64) *frames {
	return &frames{r: bufio.NewReaderSize(io.NewSectionReader(r, start, end-start), window)}
}

// next gives the next frame's bytes, good until the call after it; io.EOF at the end. A last frame that is cut isn't given.
func (f *frames) next() ([]byte, frame, error) {
	for {
		b, err := f.r.Peek(2*maxFrame + 4)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, frame{}, err
		}
		if len(b) < 4 {
			f.junk += int64(len(b))
			return nil, frame{}, io.EOF
		}
		if h, ok := parse(b); ok && f.fits(h, b) {
			f.known, f.kind = true, h.kind
			f.seen += int64(h.length)
			f.samples += int64(h.samples)
			f.count++
			_, err := f.r.Discard(h.length)
			return b[:h.length], h, err
		}
		f.junk++
		if _, err := f.r.Discard(1); err != nil {
			return nil, frame{}, err
		}
	}
}

// fits says that a frame is all there and of the file's kind. Until that is known, another frame must follow.
func (f *frames) fits(h frame, b []byte) bool {
	if h.length > len(b) || f.known && h.kind != f.kind {
		return false
	}
	if f.known || len(b) == h.length {
		return true
	}
	next, ok := parse(b[h.length:])
	return ok && next.kind == h.kind
}

func openMP3(ctx context.Context, o kinds.Original) (file, error) {
	start, end, private, err := tags(o)
	if err != nil {
		return file{}, err
	}
	f := newFrames(o, start, end)
	var declared int64
	var tabled bool
	for {
		b, h, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return file{}, readError(err)
		}
		if f.count == 1 {
			if declared, tabled = table(b, h); tabled {
				f.samples -= int64(h.samples)
			}
		}
		if f.count%4096 == 0 && ctx.Err() != nil {
			return file{}, context.Cause(ctx)
		}
	}
	sounding := int64(f.count)
	if tabled {
		sounding--
	}
	switch {
	case sounding <= 0:
		return file{}, damaged("no frames")
	case f.junk > (f.seen+f.junk)/junkShare:
		return file{}, damaged("too much that is no frame")
	case declared > 0 && sounding < declared-declared/20-1:
		return file{}, damaged("fewer frames than its table says")
	}
	hertz := int64(hertzOf(f.kind))
	return file{codec: "mp3", durationMS: (f.samples*1000 + hertz/2) / hertz, private: private, size: f.seen,
		body: func() io.Reader { return &mp3Body{frames: newFrames(o, start, end)} }}, nil
}

func hertzOf(kind [2]byte) int {
	h := hertz1[kind[1]>>2&3]
	switch kind[0] >> 3 & 3 {
	case 2:
		return h / 2
	case 0:
		return h / 4
	}
	return h
}

// table looks for a Xing, Info or VBRI table in the first frame; frames is 0 where it doesn't say how many follow.
func table(b []byte, h frame) (frames int64, ok bool) {
	if x := h.side; len(b) >= x+12 && (string(b[x:x+4]) == "Xing" || string(b[x:x+4]) == "Info") {
		if b[x+7]&1 != 0 {
			frames = int64(binary.BigEndian.Uint32(b[x+8:]))
		}
		return frames, true
	}
	const vbri = 4 + 32
	if len(b) >= vbri+18 && string(b[vbri:vbri+4]) == "VBRI" {
		return int64(binary.BigEndian.Uint32(b[vbri+14:])), true
	}
	return 0, false
}

// tableEnd is where a Xing table and the encoder's part behind it end.
func tableEnd(b []byte, h frame) int {
	x := h.side
	if len(b) < x+8 || string(b[x:x+4]) != "Xing" && string(b[x:x+4]) != "Info" {
		return len(b)
	}
	end := x + 8
	for bit, n := range [4]int{4, 4, 100, 4} {
		if b[x+7]>>bit&1 != 0 {
			end += n
		}
	}
	const encoder = 36
	return min(end+encoder, len(b))
}

// mp3Body is the frames as they are read.
type mp3Body struct {
	frames *frames
	out    []byte
}

// Read implements io.Reader.
func (m *mp3Body) Read(p []byte) (int, error) {
	if len(m.out) == 0 {
		b, h, err := m.frames.next()
		if err != nil {
			return 0, err
		}
		if _, ok := table(b, h); ok && m.frames.count == 1 {
			clear(b[tableEnd(b, h):])
		}
		m.out = b
	}
	n := copy(p, m.out)
	m.out = m.out[n:]
	return n, nil
}
