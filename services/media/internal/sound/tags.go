package sound

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"songshui.internal/services/media/internal/kinds"
)

// maxTags bounds how many tags are looked for at each end.
const maxTags = 16

// tags tells where the sound begins and ends, and what lies before and behind it: ID3v2 (also behind), ID3v1 with its extension, APEv1 and v2, Lyrics3.
func tags(o kinds.Original) (start, end int64, private []string, err error) {
	end = o.Size
	for range maxTags {
		n, names, err := id3v2(o, start, end)
		if err != nil {
			return 0, 0, nil, err
		}
		if n == 0 {
			break
		}
		start += n
		private = append(private, names...)
	}
	for range maxTags {
		n, name, err := last(o, start, end)
		if err != nil {
			return 0, 0, nil, err
		}
		if n == 0 {
			break
		}
		end -= n
		private = append(private, name)
	}
	return start, end, private, nil
}

// maxNamed is how much of a tag is looked at for what it names.
const maxNamed = 64 << 10

// id3v2 gives the length of a tag at an offset, 0 where there is none.
func id3v2(r io.ReaderAt, at, end int64) (int64, []string, error) {
	if end-at < 10 {
		return 0, nil, nil
	}
	var h [10]byte
	if err := readFull(r, h[:], at); err != nil {
		return 0, nil, err
	}
	if string(h[:3]) != "ID3" || h[6]|h[7]|h[8]|h[9] >= 0x80 {
		return 0, nil, nil
	}
	n := 10 + synchsafe(h[6:])
	if h[5]&0x10 != 0 {
		n += 10
	}
	if n > end-at {
		return 0, nil, damaged("a tag beyond the end")
	}
	b := make([]byte, min(n-10, maxNamed))
	if err := readFull(r, b, at+10); err != nil {
		return 0, nil, err
	}
	return n, append([]string{"ID3"}, named(b, h[3])...), nil
}

func synchsafe(b []byte) int64 {
	return int64(b[0])<<21 | int64(b[1])<<14 | int64(b[2])<<7 | int64(b[3])
}

// frameNames are the frames of an ID3v2 tag that say something of people, places and devices.
var frameNames = map[string]string{
	"TIT2": "Title", "TPE1": "Artist", "TPE2": "Artist", "TCOM": "Author", "TOWN": "Owner", "COMM": "Comment", "USLT": "Comment", "TCOP": "Copyright", "APIC": "ThumbnailImage", "TENC": "EncodedBy",
	"TSSE": "Encoder", "TDRC": "CreateDate", "TYER": "CreateDate", "TDAT": "CreateDate", "TDEN": "CreateDate", "TXXX": "UserData", "PRIV": "UserData", "GEOB": "UserData", "UFID": "UserData", "TPE3": "Artist",
}

func named(b []byte, version byte) []string {
	var out []string
	for version >= 3 && len(b) >= 10 && b[0] != 0 && len(out) < 100 {
		n := int64(binary.BigEndian.Uint32(b[4:]))
		if version >= 4 {
			n = synchsafe(b[4:])
		}
		if name := frameNames[string(b[:4])]; name != "" {
			out = append(out, name)
		}
		if n > int64(len(b)-10) {
			break
		}
		b = b[10+n:]
	}
	return out
}

// last gives the length and the name of the tag that ends at end, 0 where there is none.
func last(r io.ReaderAt, start, end int64) (int64, string, error) {
	tail := make([]byte, min(end-start, 128))
	if err := readFull(r, tail, end-int64(len(tail))); err != nil {
		return 0, "", err
	}
	room := end - start
	at := func(back int) []byte {
		if len(tail) < back {
			return nil
		}
		return tail[len(tail)-back:]
	}
	switch {
	case bytes.HasPrefix(at(128), []byte("TAG")):
		return 128, "ID3", nil
	case bytes.HasPrefix(at(32), []byte("APETAGEX")):
		f := at(32)
		n := int64(binary.LittleEndian.Uint32(f[12:]))
		if f[23]&0x80 != 0 {
			n += 32
		}
		return within(n, 32, room), "APE", nil
	case bytes.HasPrefix(at(10), []byte("3DI")):
		return within(synchsafe(at(10)[6:])&(1<<28-1)+20, 20, room), "ID3", nil
	case bytes.HasPrefix(at(9), []byte("LYRICS200")):
		digits := strings.TrimLeft(string(at(15)[:min(6, len(at(15)))]), "0")
		n, err := strconv.ParseInt(digits, 10, 32)
		if err != nil {
			n = 0
		}
		return within(n+15, 15, room), "Lyrics", nil
	}
	if room < 227 {
		return 0, "", nil
	}
	var extended [4]byte
	if err := readFull(r, extended[:], end-227); err != nil {
		return 0, "", err
	}
	if string(extended[:]) == "TAG+" {
		return 227, "ID3", nil
	}
	return 0, "", nil
}

// within takes a length that a tag says of itself, if that can be; otherwise only its last part, of which it is certain.
func within(n, least, room int64) int64 {
	if n < least || n > room {
		return least
	}
	return n
}
