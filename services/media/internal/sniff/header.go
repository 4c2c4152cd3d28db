package sniff

import (
	"bufio"
	"io"
	"strconv"

	"songshui.internal/services/internal/fault"
)

// Header is what an image says of itself before it is decoded.
type Header struct {
	// Width and Height are as stored, in pixels.
	Width, Height int
	// Orientation is EXIF's, 1–8: how the stored pixels must be turned to stand upright. For HEIC it is told from the boxes irot and imir.
	Orientation int
	// Frames is 1 for a still.
	Frames int
}

// Upright gives width and height as people see the image.
func (h Header) Upright() (width, height int) {
	if h.Orientation >= 5 {
		return h.Height, h.Width
	}
	return h.Width, h.Height
}

// CheckImageHeader reads an image's header and refuses what no decoder should see: too_many_pixels (width × height over MaxPixels, or frames × canvas over
// MaxFramePixels), too_many_frames, metadata_too_large, damaged. Metadata counts up to where a JPEG's first scan begins, and in the whole of a PNG, GIF or WebP;
// a HEIC's is its meta box.
func CheckImageHeader(r io.ReaderAt, size int64, t Type) (Header, error) {
	s := &source{r: r, size: size}
	var h Header
	var err error
	switch t {
	case JPEG:
		h, err = s.jpeg()
	case PNG:
		h, err = s.png()
	case GIF:
		h, err = s.gif()
	case WebP:
		h, err = s.webp()
	case HEIC:
		h, err = s.heic()
	default:
		return Header{}, fault.New(fault.UnsupportedType, "sniff: header of "+t.MIME)
	}
	if err != nil {
		return Header{}, err
	}
	if h.Orientation < 1 || h.Orientation > 8 {
		h.Orientation = 1
	}
	return h, checkPixels(h)
}

func checkPixels(h Header) error {
	if h.Width <= 0 || h.Height <= 0 || h.Frames <= 0 {
		return damaged("no size")
	}
	canvas := int64(h.Width) * int64(h.Height)
	switch {
	case canvas > MaxPixels:
		return tooMany(CodeTooManyPixels, MaxPixels)
	case canvas > MaxFramePixels/int64(h.Frames):
		return tooMany(CodeTooManyPixels, MaxFramePixels)
	case h.Frames > MaxFrames:
		return tooMany(CodeTooManyFrames, MaxFrames)
	}
	return nil
}

func tooMany(code string, limit int) error {
	var f fault.Fields
	f.AddArg(Field, code, strconv.Itoa(limit))
	return f.Err("sniff: header")
}

// window is how much a source reads at once: a walk over a file of tiny chunks makes few requests to the object store.
const window = 64 << 10

// source is a file, the part of it that was read last, and how much of its metadata was seen.
type source struct {
	r        io.ReaderAt
	size     int64
	metadata int64

	buf   []byte
	start int64
}

// from gives a buffered reader of the bytes from off up to end.
func (s *source) from(off, end int64) *bufio.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(s.r, off, max(min(end, s.size)-off, 0)), window)
}

func (s *source) read(off int64, b []byte) error {
	n := int64(len(b))
	if off < 0 || off > s.size-n {
		return damaged("the file ends early")
	}
	if n > window {
		return readFull(s.r, b, off)
	}
	if off < s.start || off+n > s.start+int64(len(s.buf)) {
		if s.buf == nil {
			s.buf = make([]byte, 0, window)
		}
		s.buf = s.buf[:min(window, s.size-off)]
		s.start = off
		if err := readFull(s.r, s.buf, off); err != nil {
			s.buf = s.buf[:0]
			return err
		}
	}
	copy(b, s.buf[off-s.start:])
	return nil
}

// count adds bytes that are no picture.
func (s *source) count(n int64) error {
	s.metadata += n
	if s.metadata > MaxMetadata {
		var f fault.Fields
		f.AddArg(Field, CodeMetadataTooLarge, strconv.Itoa(MaxMetadata))
		return f.Err("sniff: metadata")
	}
	return nil
}

// maxExif is how much of an EXIF block is looked at for the orientation, which stands in its first directory.
const maxExif = 64 << 10

// orientation reads the EXIF orientation of n bytes of TIFF at off, 0 if there is none: a broken block doesn't break the picture.
func (s *source) orientation(off, n int64) int {
	if n < 0 {
		return 0
	}
	b := make([]byte, min(n, maxExif))
	if s.read(off, b) != nil {
		return 0
	}
	return exifOrientation(b)
}
