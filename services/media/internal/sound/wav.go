package sound

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/kinds"
)

const maxChunks = 1000

// chunkNames are the chunks of a WAV that are no sound.
var chunkNames = map[string]string{"bext": "BroadcastExtension", "iXML": "XMP", "_PMX": "XMP", "id3 ": "ID3", "ID3 ": "ID3", "LIST": "Information", "cart": "UserData", "axml": "XMP"}

type wav struct {
	format         []byte
	dataAt, dataTo int64
	private        []string
}

// chunks reads the headers of a WAV's chunks.
func chunks(r io.ReaderAt, size int64) (w wav, err error) {
	n := 0
	for at := int64(12); at+8 <= size && n < maxChunks; n++ {
		var h [8]byte
		if err := readFull(r, h[:], at); err != nil {
			return w, err
		}
		name, length, begin := string(h[:4]), int64(binary.LittleEndian.Uint32(h[4:])), at+8
		if name == "data" && (length == math.MaxUint32 || length == 0) && w.dataAt == 0 {
			// A recorder that was switched off never wrote the length.
			length = size - begin
		}
		if length > size-begin {
			if name == "data" || w.dataAt == 0 {
				return w, damaged("chunk " + name + " beyond the end")
			}
			return w, nil
		}
		switch {
		case name == "fmt " && w.format == nil:
			w.format = make([]byte, min(length, 40))
			if err := readFull(r, w.format, begin); err != nil {
				return w, err
			}
		case name == "data" && w.dataAt == 0:
			w.dataAt, w.dataTo = begin, begin+length
		case chunkNames[name] != "":
			w.private = append(w.private, chunkNames[name])
		}
		at = begin + length + length&1
	}
	return w, nil
}

// The formats that are taken.
const (
	formatPCM        = 1
	formatFloat      = 3
	formatALaw       = 6
	formatMuLaw      = 7
	formatExtensible = 0xfffe
)

// guidTail ends every sub-format that is a format tag.
const guidTail = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

func openWAV(o kinds.Original) (file, error) {
	w, err := chunks(o, o.Size)
	if err != nil {
		return file{}, err
	}
	if len(w.format) < 16 || w.dataAt == 0 {
		return file{}, damaged("no fmt or no data")
	}
	tag, bits := binary.LittleEndian.Uint16(w.format), int(binary.LittleEndian.Uint16(w.format[14:]))
	format := w.format[:16]
	if tag == formatExtensible {
		if len(w.format) < 40 || string(w.format[26:]) != guidTail {
			return file{}, fault.New(fault.UnsupportedType, "sound: a WAV of an unknown format")
		}
		tag, format = binary.LittleEndian.Uint16(w.format[24:]), w.format[:40]
	}
	codec := codecOf(tag, bits)
	if codec == "" {
		return file{}, fault.New(fault.UnsupportedType, "sound: a WAV of an unknown format")
	}
	channels, hertz, block := int64(binary.LittleEndian.Uint16(format[2:])), int64(binary.LittleEndian.Uint32(format[4:])), int64(binary.LittleEndian.Uint16(format[12:]))
	if channels == 0 || hertz == 0 || block != channels*int64((bits+7)/8) {
		return file{}, damaged("fmt")
	}
	data := (w.dataTo - w.dataAt) / block * block
	if data == 0 {
		return file{}, damaged("no sound")
	}
	head := wavHead(format, data)
	pad := make([]byte, data&1)
	return file{codec: codec, durationMS: (data/block*1000 + hertz/2) / hertz, private: w.private, size: int64(len(head)) + data + data&1,
		body: func() io.Reader {
			return io.MultiReader(bytes.NewReader(head), io.NewSectionReader(o, w.dataAt, data), bytes.NewReader(pad))
		}}, nil
}

func wavHead(format []byte, data int64) []byte {
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+8+int64(len(format))+8+data+data&1))
	head = binary.LittleEndian.AppendUint32(append(head, "WAVEfmt "...), uint32(len(format)))
	return binary.LittleEndian.AppendUint32(append(append(head, format...), "data"...), uint32(data))
}

// codecOf gives ffprobe's name, nothing for what isn't taken.
func codecOf(tag uint16, bits int) string {
	return map[[2]int]string{
		{formatPCM, 8}: "pcm_u8", {formatPCM, 16}: "pcm_s16le", {formatPCM, 24}: "pcm_s24le", {formatPCM, 32}: "pcm_s32le",
		{formatFloat, 32}: "pcm_f32le", {formatFloat, 64}: "pcm_f64le", {formatALaw, 8}: "pcm_alaw", {formatMuLaw, 8}: "pcm_mulaw",
	}[[2]int{int(tag), bits}]
}
