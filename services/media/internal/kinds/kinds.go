// Package kinds is what the way of a medium asks of each kind (pictures, clips, sound, papers): to examine an original and to make its public copies. It owns and writes
// nothing; each kind has a package of its own that implements [Kind].
package kinds

import (
	"context"
	"io"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

// Original is a sealed original's bytes. Reading it fails like the object store does.
type Original struct {
	io.ReaderAt
	Size int64
	Type sniff.Type
}

// Job is what a rendering is made of.
type Job struct {
	Original    Original
	Examination events.Examination
	// Areas are to be burnt into every copy.
	Areas []events.Area
}

// Copy is a public copy.
type Copy struct {
	// Name is w320, w1280, w2560 (longest edge of a picture), animation, clip (the original without anything private), h264 (recoded for every browser), poster, sound,
	// paper, page-1 and so on.
	Name string
	// Type is the media type.
	Type string
	// Width and Height are upright, in pixels; 0 where there are none.
	Width, Height int
	// Size is Body's length in bytes.
	Size int64
	Body io.Reader
}

// Keep stores a copy; Body is read to its end before it returns.
type Keep func(ctx context.Context, c Copy) error

// Kind examines and renders media of one kind. Errors: *fault.Error of code invalid, unsupported_type or body_too_large is a judgement on the bytes that no other try
// will change; *Missing says that an outside program isn't there; everything else may be tried again. Cancelling ctx ends the work soon.
type Kind interface {
	Examine(ctx context.Context, o Original) (events.Examination, error)
	Render(ctx context.Context, j Job, keep Keep) error
}

// Missing says that the public copy needs an outside program that isn't on the PATH.
type Missing struct{ Program string }

func (m *Missing) Error() string { return "media: " + m.Program + " is missing" }
