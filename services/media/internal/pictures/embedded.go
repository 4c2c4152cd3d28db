package pictures

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"

	"songshui.internal/services/media/internal/sniff"
)

// maxProfile bounds a profile that is used; matrix profiles have some hundred bytes to 10 KB.
const maxProfile = 1 << 20

// embedded is what stands in a file beside its pixels and is no EXIF, XMP or IPTC.
type embedded struct {
	// icc is the colour profile, not checked yet.
	icc []byte
	// comment says that there is text in a comment segment or a text chunk.
	comment bool
	// narrow says that a HEIC's luma goes from 16 to 235.
	narrow bool
}

// beside reads what is embedded in a file that passed sniff.CheckImageHeader. What is broken is left out.
func beside(file []byte, t sniff.Type) embedded {
	var e embedded
	switch t {
	case sniff.JPEG:
		e.jpeg(file)
	case sniff.PNG:
		e.png(file)
	case sniff.WebP:
		e.webp(file)
	case sniff.HEIC:
		e.heic(file)
	}
	return e
}

const iccMarker = "ICC_PROFILE\x00"

func (e *embedded) jpeg(file []byte) {
	var parts [256][]byte
	total := 0
	for at := 2; at+4 <= len(file) && file[at] == 0xff; {
		m := file[at+1]
		if m == 0xff || m == 0x01 || m >= 0xd0 && m <= 0xd8 {
			at++
			if m != 0xff {
				at++
			}
			continue
		}
		n := int(binary.BigEndian.Uint16(file[at+2:]))
		if m == 0xda || m == 0xd9 || n < 2 || at+2+n > len(file) {
			break
		}
		body := file[at+4 : at+2+n]
		switch {
		case m == 0xfe && len(body) > 0:
			e.comment = true
		case m == 0xe2 && bytes.HasPrefix(body, []byte(iccMarker)) && len(body) > len(iccMarker)+2:
			seq := body[len(iccMarker)]
			if parts[seq] == nil {
				parts[seq] = body[len(iccMarker)+2:]
				total += len(parts[seq])
			}
		}
		at += 2 + n
	}
	if total > maxProfile {
		return
	}
	for _, p := range parts[1:] {
		if p == nil {
			break
		}
		e.icc = append(e.icc, p...)
	}
}

func (e *embedded) png(file []byte) {
	for at := 8; at+12 <= len(file); {
		n := uint64(binary.BigEndian.Uint32(file[at:]))
		if n > uint64(len(file)-at-12) {
			return
		}
		name, body := string(file[at+4:at+8]), file[at+8:at+8+int(n)]
		switch name {
		case "iCCP":
			if _, packed, ok := bytes.Cut(body[:min(len(body), maxProfile)], []byte{0}); ok && len(packed) > 1 && e.icc == nil {
				e.icc = inflate(packed[1:])
			}
		case "tEXt", "zTXt", "iTXt":
			e.comment = e.comment || !bytes.HasPrefix(body, []byte("XML:com.adobe.xmp\x00"))
		case "IEND":
			return
		}
		at += 12 + int(n)
	}
}

// inflate gives nil for what is broken or more than a profile may have.
func inflate(packed []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(z, maxProfile+1))
	if err != nil || len(out) > maxProfile {
		return nil
	}
	return out
}

func (e *embedded) webp(file []byte) {
	if len(file) < 12 {
		return
	}
	for rest := file[12:]; len(rest) >= 8; {
		name, body, next, err := chunk(rest)
		if err != nil {
			return
		}
		if name == "ICCP" && len(body) <= maxProfile {
			e.icc = body
			return
		}
		rest = next
	}
}

// heic takes the first profile of each sort among the properties: telephones give all of a picture's tiles the same.
func (e *embedded) heic(file []byte) {
	coded := false
	sniff.Boxes(file, func(name string, meta []byte) {
		if name != "meta" || len(meta) < 4 {
			return
		}
		sniff.Boxes(sniff.Inside(meta[4:], "iprp", "ipco"), func(name string, b []byte) {
			if name != "colr" || len(b) < 4 {
				return
			}
			switch body := b[4:]; string(b[:4]) {
			case "prof", "rICC":
				if e.icc == nil && len(body) <= maxProfile {
					e.icc = body
				}
			case "nclx":
				if !coded && len(body) >= 7 {
					coded, e.narrow = true, body[6]&0x80 == 0
				}
			}
		})
	})
}
