package clips

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// Codes of the field `file` beside sniff's.
const (
	// CodeTooLong says that a clip is longer than MaxDuration.
	CodeTooLong = "too_long"
	// CodeEncrypted says that a clip's samples are encrypted, so that nobody can look at them.
	CodeEncrypted = "encrypted"
)

func damaged(why string) error { return sandbox.Refuse(sniff.CodeDamaged, errors.New("clip: "+why)) }

func refuse(code, arg string) error {
	return &fault.Error{Code: fault.Invalid, Op: "clips", Fields: fault.Fields{{Field: sniff.Field, Code: code, Arg: arg}}}
}

// extent is a part of a file: from Start up to End, in bytes.
type extent struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

func header(r io.ReaderAt, at, size int64) (name string, body, end int64, err error) {
	var b [16]byte
	n, err := r.ReadAt(b[:min(16, size-at)], at)
	if n < 8 || (err != nil && !errors.Is(err, io.EOF)) {
		return "", 0, 0, readError(err)
	}
	name, body = string(b[4:8]), at+8
	length := int64(binary.BigEndian.Uint32(b[:]))
	switch {
	case length == 0:
		return name, body, size, nil
	case length == 1 && n == 16 && b[8] < 0x40:
		length, body = int64(binary.BigEndian.Uint64(b[8:])), at+16
	}
	if length < body-at || length > size-at {
		return "", 0, 0, damaged("box " + name)
	}
	return name, body, at + length, nil
}

func readError(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("the file ends early")
	}
	return err
}

// decode has mp4ff read a box; the zero value and no error for one that isn't there (nil).
func decode[B mp4.Box](name string, body []byte) (B, error) {
	var none B
	if body == nil {
		return none, nil
	}
	b, err := mp4.DecodeBoxBodySR(0, mp4.BoxHeader{Name: name, Size: uint64(len(body)) + 8, Hdrlen: 8}, bits.NewFixedSliceReader(body))
	if err != nil {
		return none, damaged(name + ": " + err.Error())
	}
	box, ok := b.(B)
	if !ok {
		return none, damaged(name)
	}
	return box, nil
}

// raw makes a box of bytes of ours.
func raw(name string, body []byte) mp4.Box {
	return mp4.CreateUnknownBox(name, uint64(len(body))+8, body)
}
