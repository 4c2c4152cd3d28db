// Package judge says whether bytes may become a medium: their type by content, the size for their kind, header limits, and whether all of them can be read. It owns
// nothing and writes nothing; the limits are sniff's and the kinds', and decoding is done in their children.
//
// It judges three times: by the first bytes, by a clip's boxes while the bytes pass, so that one of four hours or one that is broken is refused early, and by
// the whole. That asks what the way of a medium would find out after sealing: every pixel of an image, the pages of a paper, index and length of a clip, the frames of sound.
//
// Refusals are fault.UnsupportedType, fault.BodyTooLarge or fault.Invalid on the field “file”; any other error is of a backing, and the question can be asked again.
package judge

import (
	"context"
	"io"
	"strconv"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/clips"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/pictures"
	"songshui.internal/services/media/internal/sniff"
)

// HeadSize is how many of the first bytes Head wants to see, unless there are fewer.
const HeadSize = sniff.HeadSize

// Judge is safe for concurrent use.
type Judge struct {
	decoder *pictures.Decoder
	kinds   map[sniff.Type]kinds.Kind
}

// New makes a Judge that decodes images with d and has everything else examined by its kind.
func New(d *pictures.Decoder, of map[sniff.Type]kinds.Kind) *Judge { return &Judge{d, of} }

// Head tells the type from the first bytes, and refuses by it and by the size of the whole.
func (j *Judge) Head(head []byte, size int64) (sniff.Type, error) {
	t, ok := sniff.Sniff(head)
	if !ok {
		return t, fault.New(fault.UnsupportedType, "media: judge")
	}
	return t, sniff.CheckSize(t, size)
}

// Passing shows a clip's next bytes to its walk, and refuses what is broken, and video that is too long by its index.
func (j *Judge) Passing(w *sniff.Walk, kind string, next []byte) error {
	if err := w.Feed(next); err != nil {
		return err
	}
	if kind == media.KindVideo && w.Duration() > clips.MaxDuration {
		return &fault.Error{Code: fault.Invalid, Op: "media: judge",
			Fields: fault.Fields{{Field: sniff.Field, Code: clips.CodeTooLong, Arg: strconv.Itoa(int(clips.MaxDuration.Seconds()))}}}
	}
	return nil
}

// Whole looks at all bytes: structure first, so that no decoder is started on what its header condemns; then every pixel of an image, and everything else as its kind examines it.
func (j *Judge) Whole(ctx context.Context, data io.ReaderAt, size int64) error {
	r, err := sniff.Inspect(data, size)
	if err != nil {
		return err
	}
	if r.Type.Kind == media.KindImage {
		return j.decoder.Check(ctx, io.NewSectionReader(data, 0, size), size, r.Type)
	}
	if k, ok := j.kinds[r.Type]; ok {
		_, err = k.Examine(ctx, kinds.Original{ReaderAt: data, Size: size, Type: r.Type})
	}
	return err
}

// Refused says whether err is a judgement on the bytes rather than a backing's failure.
func Refused(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.UnsupportedType) || fault.Is(err, fault.BodyTooLarge)
}
