// Package sniff tells what bytes are, and refuses from their headers what no decoder should ever be started on.
//
// It owns the limits of what is taken and one small reader of each format's outer structure (JPEG segments, PNG and RIFF chunks, GIF blocks, ISO boxes,
// PDF names). It reads through an io.ReaderAt, holds at most 64 KiB of a file at a time, decodes no picture, writes nothing, and imports
// the standard library and its own service's domain only. A name or a declared type is never looked at.
//
// Refusals are *fault.Error: unsupported_type, body_too_large, or invalid with field `file` and one of the codes below. What is no refusal but calls
// for care is a warning. An error of the reader itself (the object store is away) comes back as it is, not as damage.
package sniff

import (
	"bytes"
	"encoding/binary"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
)

// Field is the path of what is refused.
const Field = "file"

// Codes of the field `file`.
const (
	CodeEmpty            = "empty"
	CodeDamaged          = "damaged"
	CodeTooManyPixels    = "too_many_pixels"
	CodeTooManyFrames    = "too_many_frames"
	CodeMetadataTooLarge = "metadata_too_large"
	// CodeTooDemanding is pictures' word for a file whose decoding took more memory or time than it may.
	CodeTooDemanding = "too_demanding"
)

// Type is what a file is by its content.
type Type struct {
	// MIME is the media type, e.g. image/jpeg.
	MIME string `json:"mime"`
	// Kind is one of media.KindImage, KindVideo, KindAudio, KindDocument.
	Kind string `json:"kind"`
	// Ext is the usual suffix with its dot, e.g. .jpg.
	Ext string `json:"ext"`
}

// The types that are taken.
var (
	JPEG = Type{"image/jpeg", media.KindImage, ".jpg"}
	PNG  = Type{"image/png", media.KindImage, ".png"}
	WebP = Type{"image/webp", media.KindImage, ".webp"}
	GIF  = Type{"image/gif", media.KindImage, ".gif"}
	HEIC = Type{"image/heic", media.KindImage, ".heic"}
	MP4  = Type{"video/mp4", media.KindVideo, ".mp4"}
	MOV  = Type{"video/quicktime", media.KindVideo, ".mov"}
	M4A  = Type{"audio/mp4", media.KindAudio, ".m4a"}
	MP3  = Type{"audio/mpeg", media.KindAudio, ".mp3"}
	WAV  = Type{"audio/wav", media.KindAudio, ".wav"}
	PDF  = Type{"application/pdf", media.KindDocument, ".pdf"}
)

// Types gives every type that is taken.
func Types() []Type { return []Type{JPEG, PNG, WebP, GIF, HEIC, MP4, MOV, M4A, MP3, WAV, PDF} }

// Sniff tells the type from a file's beginning (at most HeadSize bytes of it are looked at); false for everything that isn't taken, text, HTML, SVG and
// archives among it. A prefix that is shorter than the signature isn't recognised.
func Sniff(head []byte) (Type, bool) {
	head = head[:min(len(head), HeadSize)]
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return JPEG, true
	case bytes.HasPrefix(head, []byte(pngSignature)):
		return PNG, true
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return GIF, true
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return PDF, true
	case len(head) >= 12 && string(head[:4]) == "RIFF":
		return riffType(string(head[8:12]))
	case len(head) >= 16 && string(head[4:8]) == "ftyp":
		return brandType(head)
	case isMP3(head):
		return MP3, true
	}
	return Type{}, false
}

func riffType(form string) (Type, bool) {
	switch form {
	case "WEBP":
		return WebP, true
	case "WAVE":
		return WAV, true
	}
	return Type{}, false
}

// brands are the major brands of ISO 14496-12 files; the two of sequences and stills in general are decided by the compatible ones.
var brands = map[string]Type{
	"heic": HEIC, "heix": HEIC, "heim": HEIC, "heis": HEIC,
	"qt  ": MOV,
	"M4A ": M4A, "M4B ": M4A,
	"isom": MP4, "iso2": MP4, "iso3": MP4, "iso4": MP4, "iso5": MP4, "iso6": MP4, "iso7": MP4, "iso8": MP4, "iso9": MP4,
	"mp41": MP4, "mp42": MP4, "avc1": MP4, "hvc1": MP4, "M4V ": MP4, "MSNV": MP4, "dash": MP4, "XAVC": MP4, "f4v ": MP4,
	"3gp4": MP4, "3gp5": MP4, "3gp6": MP4, "3gp7": MP4, "3g2a": MP4, "3g2b": MP4, "3g2c": MP4,
}

func brandType(head []byte) (Type, bool) {
	size := int(binary.BigEndian.Uint32(head))
	if size < 16 || size > HeadSize {
		return Type{}, false
	}
	major := string(head[8:12])
	if t, ok := brands[major]; ok {
		return t, true
	}
	if major != "mif1" && major != "msf1" {
		return Type{}, false
	}
	box := head[:min(len(head), size)]
	for at := 16; at+4 <= len(box); at += 4 {
		if brands[string(box[at:at+4])] == HEIC {
			return HEIC, true
		}
	}
	return Type{}, false
}

// isMP3 wants an ID3v2 tag, or a Layer III frame that is followed by another one where that is in sight.
func isMP3(head []byte) bool {
	if len(head) >= 10 && string(head[:3]) == "ID3" {
		return head[3] < 0xff && head[4] < 0xff && head[6]|head[7]|head[8]|head[9] < 0x80
	}
	n := mp3Frame(head)
	if n == 0 {
		return false
	}
	return len(head) < n+4 || mp3Frame(head[n:]) > 0
}

var (
	mp3Rates1 = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}
	mp3Rates2 = [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}
	mp3Hertz  = [4]int{44100, 48000, 32000, 0}
)

// mp3Frame gives the length in bytes of the MPEG 1, 2 or 2.5 Layer III frame that starts here; 0 if none does.
func mp3Frame(b []byte) int {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 || b[1]>>1&3 != 1 {
		return 0
	}
	rates, samples, version := mp3Rates2, 72, b[1]>>3&3
	hertz := mp3Hertz[b[2]>>2&3]
	switch version {
	case 3:
		rates, samples = mp3Rates1, 144
	case 2:
		hertz /= 2
	case 0:
		hertz /= 4
	default:
		return 0
	}
	rate := rates[b[2]>>4]
	if rate == 0 || hertz == 0 {
		return 0
	}
	return samples*rate*1000/hertz + int(b[2]>>1&1)
}

func refuse(code, op string) error {
	return &fault.Error{Code: fault.Invalid, Op: "sniff: " + op, Fields: fault.Fields{{Field: Field, Code: code}}}
}

func damaged(op string) error { return refuse(CodeDamaged, op) }
