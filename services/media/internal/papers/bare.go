package papers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/pdfcpu/pdfcpu/pkg/filter"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// bytes gives a stream's bytes for the copy, still packed. Pictures lose what is no picture; a JPEG that was packed once more is unpacked for that, and then dropFilters
// says that DCTDecode alone is left.
func (c *copier) bytes(s types.StreamDict) (raw []byte, dropFilters bool) {
	raw = s.Raw
	chain := s.FilterPipeline
	if len(chain) == 0 {
		return raw, false
	}
	switch chain[len(chain)-1].Name {
	case filter.DCT:
		if len(chain) == 1 {
			return bareJPEG(raw), false
		}
		inner, err := unpack(raw, chain[:len(chain)-1])
		if err != nil {
			// Viewers can't show it either.
			c.file.err = errors.Join(c.file.err, damaged(err))
			return nil, false
		}
		return bareJPEG(inner), chain[len(chain)-1].DecodeParms == nil
	case filter.JPX:
		if len(chain) == 1 {
			return bareJP2(raw), false
		}
	}
	return raw, false
}

// unpack undoes filters that have no parameters.
func unpack(b []byte, chain []types.PDFFilter) ([]byte, error) {
	for _, f := range chain {
		if len(f.DecodeParms) > 0 {
			return nil, errors.New("a packed JPEG with parameters")
		}
		d, err := filter.NewFilter(f.Name, nil, maxUnpacked)
		if err != nil {
			return nil, err
		}
		r, err := d.Decode(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		if b, err = io.ReadAll(io.LimitReader(r, maxUnpacked)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// JPEG markers.
const (
	markSOI, markEOI, markSOS = 0xd8, 0xd9, 0xda
	markRST0, markRST7        = 0xd0, 0xd7
	markAPP0, markAPP15       = 0xe0, 0xef
	markCOM                   = 0xfe
)

// segment is a part of a JPEG up to the next marker; a scan's entropy-coded bytes belong to its header.
type segment struct {
	mark byte
	all  []byte
}

// nextSegment cuts a segment off; false where the rest is none. As decoders do, it passes over what stands between two of them, and over lone restart marks.
func nextSegment(b []byte) (segment, []byte, bool) {
	for {
		i := bytes.IndexByte(b, 0xff)
		if i < 0 || len(b)-i < 4 {
			return segment{}, nil, false
		}
		b = b[i:]
		if m := b[1]; m == 0 || m >= markRST0 && m <= markRST7 {
			b = b[2:]
			continue
		}
		if b[1] != 0xff {
			break
		}
		b = b[1:]
	}
	mark := b[1]
	n := 2 + int(binary.BigEndian.Uint16(b[2:]))
	if mark < 0xc0 || mark == markSOI || mark == markEOI || n < 4 || n > len(b) {
		return segment{}, b, false
	}
	if mark == markSOS {
		for n < len(b)-1 && !(b[n] == 0xff && b[n+1] != 0 && b[n+1] != 0xff && (b[n+1] < markRST0 || b[n+1] > markRST7)) {
			n++
		}
		if n >= len(b)-1 {
			n = len(b)
		}
	}
	return segment{mark, b[:n]}, b[n:], true
}

// bareJPEG gives a JPEG without EXIF, XMP, IPTC, thumbnails, comments and what follows its end. Tables, scans, the density, Adobe's colour transform and an ICC profile keep
// their bytes. What is no JPEG, or from where on it is none, is left out: viewers fall back to nothing there.
func bareJPEG(b []byte) []byte {
	if len(b) < 2 || b[0] != 0xff || b[1] != markSOI {
		return nil
	}
	out := append(make([]byte, 0, len(b)), b[:2]...)
	rest := b[2:]
	for {
		s, next, ok := nextSegment(rest)
		if !ok {
			return append(out, 0xff, markEOI)
		}
		rest = next
		if privatePart(s) == "" {
			out = append(out, s.all...)
		}
	}
}

// privatePart names what of a JPEG's segment isn't picture; "" keeps it.
func privatePart(s segment) string {
	if s.mark == markCOM {
		return "Comment"
	}
	if s.mark < markAPP0 || s.mark > markAPP15 {
		return ""
	}
	body := s.all[4:]
	switch {
	case s.mark == 0xe0 && bytes.HasPrefix(body, []byte("JFIF\x00")) && len(body) == 14:
		return ""
	case s.mark == 0xe2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")):
		return ""
	case s.mark == 0xee && bytes.HasPrefix(body, []byte("Adobe")) && len(body) == 12:
		return ""
	case s.mark == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00")):
		return "EXIF"
	case s.mark == 0xe1 && bytes.HasPrefix(body, []byte("http://ns.adobe.com/")):
		return "XMP"
	case s.mark == 0xed:
		return "IPTC"
	}
	return "ApplicationData"
}

// jpegPrivate names what is private in a JPEG.
func jpegPrivate(b []byte) []string {
	if len(b) < 2 || b[0] != 0xff || b[1] != markSOI {
		return nil
	}
	var out []string
	for rest, ok := b[2:], true; ok; {
		var s segment
		if s, rest, ok = nextSegment(rest); ok {
			if name := privatePart(s); name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// jp2Parts are the boxes of a JPEG 2000 file that are picture (ISO 15444-1, annex I).
var jp2Parts = map[string]bool{"jP  ": true, "ftyp": true, "jp2h": true, "jp2c": true}

// bareJP2 gives a JPEG 2000 file without boxes for XMP, EXIF, addresses and rights; a bare codestream stays as it is.
func bareJP2(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte("\x00\x00\x00\x0cjP  ")) {
		return b
	}
	out := make([]byte, 0, len(b))
	for len(b) >= 8 {
		n, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		switch {
		case n == 0:
			n = uint64(len(b))
		case n == 1 && len(b) >= 16:
			n, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		// A codestream that was cut off is still shown as far as it goes.
		n = min(n, uint64(len(b)))
		if n < head {
			break
		}
		if jp2Parts[string(b[4:8])] {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}
