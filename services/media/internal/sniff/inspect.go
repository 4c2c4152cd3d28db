package sniff

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
)

// Warnings.
const (
	// WarnActiveContent says that a paper holds scripts, launch actions or files: it is never shown inline.
	WarnActiveContent = "active_content"
	// WarnEncrypted says that a paper is encrypted, so that nobody can say what is in it: it is never shown inline.
	WarnEncrypted = "encrypted"
)

// Report is what headers say of a file.
type Report struct {
	Type Type
	// Image is set for images only.
	Image Header
	// Warnings are codes, sorted.
	Warnings []string
}

// Inspect tells the type of a whole file and makes every check that needs no decoding: size, header limits, structure. It reads an image's or a paper's
// bytes once at most, of a clip only its index.
func Inspect(r io.ReaderAt, size int64) (Report, error) {
	if size <= 0 {
		return Report{}, refuse(CodeEmpty, "inspect")
	}
	head := make([]byte, min(size, HeadSize))
	if err := readFull(r, head, 0); err != nil {
		return Report{}, err
	}
	t, ok := Sniff(head)
	if !ok {
		return Report{}, fault.New(fault.UnsupportedType, "sniff: inspect")
	}
	rep := Report{Type: t}
	if err := CheckSize(t, size); err != nil {
		return rep, err
	}
	var err error
	switch {
	case t.Kind == media.KindImage:
		rep.Image, err = CheckImageHeader(r, size, t)
	case t == MP4 || t == MOV || t == M4A:
		err = CheckClip(r, size)
	case t == PDF:
		rep.Warnings, err = CheckPDF(r, size)
	}
	return rep, err
}

// CheckSize refuses an empty file (empty) and one over its kind's limit (body_too_large, the limit in bytes as Detail).
func CheckSize(t Type, size int64) error {
	limit := MaxBytes(t.Kind)
	switch {
	case limit == 0:
		return fault.New(fault.UnsupportedType, "sniff: size")
	case size <= 0:
		return refuse(CodeEmpty, "size")
	case size > limit:
		return &fault.Error{Code: fault.BodyTooLarge, Op: "sniff: size", Detail: strconv.FormatInt(limit, 10)}
	}
	return nil
}

// readFull fills b from an offset; a file that ends early is damaged.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	return readError(err)
}

// readError tells a file that ends early from a source that fails.
func readError(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("the file ends early")
	}
	return fmt.Errorf("sniff: read: %w", err)
}
