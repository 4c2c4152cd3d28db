package pictures

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// Widths are the longer edges of the public copies, in pixels: lists, pages, looking closely. A picture that doesn't reach one gets a copy of its own size for it, and
// none for those beyond.
var Widths = []int{320, 1280, 2560}

// Decoder examines and renders pictures, and is their [kinds.Kind]. It is safe for concurrent use.
type Decoder struct{ box *sandbox.Sandbox }

var _ kinds.Kind = (*Decoder)(nil)

// New makes a Decoder that decodes in box.
func New(box *sandbox.Sandbox) *Decoder { return &Decoder{box} }

// Check decodes every pixel of a picture of size bytes and keeps nothing. The package doc names the refusals.
func (d *Decoder) Check(ctx context.Context, r io.Reader, size int64, t sniff.Type) error {
	_, err := d.do(ctx, opCheck, r, size, params{Type: t}, nil)
	return err
}

// Examine tells what a picture is and says of itself. The package doc names the refusals.
func (d *Decoder) Examine(ctx context.Context, o kinds.Original) (events.Examination, error) {
	var e events.Examination
	_, err := d.do(ctx, opExamine, io.NewSectionReader(o, 0, o.Size), o.Size, params{Type: o.Type}, &e)
	return e, err
}

// Render makes a picture's copies, the smallest first, and the animation last. The package doc names the refusals; what keep fails of comes back as it is.
func (d *Decoder) Render(ctx context.Context, j kinds.Job, keep kinds.Keep) error {
	var heads []copyHead
	o := j.Original
	blobs, err := d.do(ctx, opRender, io.NewSectionReader(o, 0, o.Size), o.Size, params{Type: o.Type, Areas: j.Areas}, &heads)
	if err != nil {
		return err
	}
	if len(heads) != len(blobs) {
		return fault.New(fault.Internal, "pictures: render: copies and their heads")
	}
	for i, b := range blobs {
		h := heads[i]
		c := kinds.Copy{Name: h.Name, Type: h.Type, Width: h.Width, Height: h.Height, Size: int64(len(b.Data)), Body: bytes.NewReader(b.Data)}
		if err := keep(ctx, c); err != nil {
			return fmt.Errorf("pictures: keep %s: %w", h.Name, err)
		}
	}
	return nil
}

func (d *Decoder) do(ctx context.Context, op string, r io.Reader, size int64, p params, result any) ([]sandbox.Blob, error) {
	if p.Type.Kind != media.KindImage {
		return nil, fault.New(fault.UnsupportedType, "pictures: "+p.Type.MIME)
	}
	if err := sniff.CheckSize(p.Type, size); err != nil {
		return nil, err
	}
	return d.box.Do(ctx, sandbox.Request{Op: op, Params: p, Data: r, Size: size}, result)
}
