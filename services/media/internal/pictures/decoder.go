package pictures

import (
	"context"
	"fmt"
	"io"
	"slices"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// Widths are the longer edges of the public copies, in pixels: lists, pages, looking closely.
var Widths = []int{320, 1280, 2560}

// Info is what a picture is; the fields are events.Examination's.
type Info struct {
	// Width and Height are as stored, in pixels.
	Width  int `json:"width"`
	Height int `json:"height"`
	// DisplayWidth and DisplayHeight are upright.
	DisplayWidth  int `json:"display_width"`
	DisplayHeight int `json:"display_height"`
	// Orientation is EXIF's, 1–8; Frames is 1 for a still.
	Orientation int `json:"orientation"`
	Frames      int `json:"frames"`
}

// Rendition is a public copy.
type Rendition struct {
	// Name is w and the longest edge asked for, e.g. w1280.
	Name string
	// Type is image/jpeg.
	Type string
	// Width and Height are upright, in pixels; the longer edge is at most the one asked for.
	Width, Height int
	Data          []byte
}

// Decoder is safe for concurrent use.
type Decoder struct{ box *sandbox.Sandbox }

// New makes a Decoder that decodes in box.
func New(box *sandbox.Sandbox) *Decoder { return &Decoder{box} }

// Check decodes every pixel of an image of size bytes and keeps nothing. The package doc names the refusals.
func (d *Decoder) Check(ctx context.Context, r io.Reader, size int64, t sniff.Type) (Info, error) {
	rep, _, err := d.do(ctx, r, size, opCheck, params{Type: t})
	return rep.Info, err
}

// Render decodes an image and makes its copies, the smallest first. widths are longest edges in pixels, 1–2560; a picture that doesn't reach one gets a copy of
// its own size for it, and none for those beyond. Refusals are Check's.
func (d *Decoder) Render(ctx context.Context, original io.Reader, size int64, t sniff.Type, widths []int) (Info, []Rendition, error) {
	widths = slices.Compact(slices.Sorted(slices.Values(widths)))
	if len(widths) == 0 || widths[0] < 1 || widths[len(widths)-1] > Widths[len(Widths)-1] {
		return Info{}, nil, &fault.Error{Code: fault.Internal, Op: "pictures: render", Err: fmt.Errorf("widths %v", widths)}
	}
	rep, blobs, err := d.do(ctx, original, size, opRender, params{Type: t, Widths: widths})
	if err != nil {
		return Info{}, nil, err
	}
	copies := make([]Rendition, len(blobs))
	for i, b := range blobs {
		copies[i] = Rendition{Name: b.Name, Type: sniff.JPEG.MIME, Width: rep.Copies[i].Width, Height: rep.Copies[i].Height, Data: b.Data}
	}
	return rep.Info, copies, nil
}

func (d *Decoder) do(ctx context.Context, r io.Reader, size int64, op string, p params) (result, []sandbox.Blob, error) {
	var rep result
	if p.Type.Kind != media.KindImage {
		return rep, nil, fault.New(fault.UnsupportedType, "pictures: "+p.Type.MIME)
	}
	if err := sniff.CheckSize(p.Type, size); err != nil {
		return rep, nil, err
	}
	blobs, err := d.box.Do(ctx, sandbox.Request{Op: op, Params: p, Data: r, Size: size}, &rep)
	return rep, blobs, err
}

const (
	opCheck  = "pictures.check"
	opRender = "pictures.render"
)

type params struct {
	Type   sniff.Type `json:"type"`
	Widths []int      `json:"widths,omitempty"`
}

type result struct {
	Info   Info       `json:"info"`
	Copies []copyHead `json:"copies,omitempty"`
}

type copyHead struct {
	Name   string `json:"name"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

func init() {
	systemHEIC = false
	sandbox.Register(opCheck, sandbox.Operation{MaxInput: sniff.MaxImage, Work: work})
	sandbox.Register(opRender, sandbox.Operation{MaxInput: sniff.MaxImage, Work: work})
}

// work is done in the child; without widths it makes no copies.
func work(in sandbox.Input) (any, []sandbox.Blob, error) {
	var p params
	if err := in.Decode(&p); err != nil {
		return nil, nil, err
	}
	m, info, err := examine(in.Data, p.Type)
	if err != nil || len(p.Widths) == 0 {
		return result{Info: info}, nil, err
	}
	orientation := info.Orientation
	if p.Type == sniff.HEIC {
		orientation = 1
	}
	heads, data, err := copies(m, orientation, p.Widths)
	if err != nil {
		return nil, nil, &fault.Error{Code: fault.Internal, Op: "pictures: encode", Err: err}
	}
	blobs := make([]sandbox.Blob, len(heads))
	for i, h := range heads {
		blobs[i] = sandbox.Blob{Name: h.Name, Data: data[i]}
	}
	return result{info, heads}, blobs, nil
}
