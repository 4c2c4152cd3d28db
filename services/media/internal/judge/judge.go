// Package judge says whether bytes may become a medium: their type by content, the size for their kind, header limits, and whether all of them can be read. It owns
// nothing and writes nothing; the limits are sniff's and the decoding is done in pictures' child. Refusals are fault.UnsupportedType, fault.BodyTooLarge or
// fault.Invalid on the field “file”; any other error is of a backing, and the question can be asked again.
package judge

import (
	"context"
	"io"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/pictures"
	"songshui.internal/services/media/internal/sniff"
)

// HeadSize is how many of the first bytes Head wants to see, unless there are fewer.
const HeadSize = sniff.HeadSize

// Judge is safe for concurrent use.
type Judge struct{ decoder *pictures.Decoder }

// New makes a Judge that decodes images with d.
func New(d *pictures.Decoder) *Judge { return &Judge{d} }

// Head tells the type from the first bytes, and refuses by it and by the size of the whole.
func (j *Judge) Head(head []byte, size int64) (sniff.Type, error) {
	t, ok := sniff.Sniff(head)
	if !ok {
		return t, fault.New(fault.UnsupportedType, "media: judge")
	}
	return t, sniff.CheckSize(t, size)
}

// Whole looks at all bytes: structure first, so that no decoder is started on what its header condemns; then every pixel of an image.
func (j *Judge) Whole(ctx context.Context, data io.ReaderAt, size int64) error {
	r, err := sniff.Inspect(data, size)
	if err != nil || r.Type.Kind != media.KindImage {
		return err
	}
	return j.decoder.Check(ctx, io.NewSectionReader(data, 0, size), size, r.Type)
}

// Refused says whether err is a judgement on the bytes rather than a backing's failure.
func Refused(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.UnsupportedType) || fault.Is(err, fault.BodyTooLarge)
}
