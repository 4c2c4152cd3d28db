package pictures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/sniff"
)

// Widths are the longer edges of the public copies, in pixels: lists, pages, looking closely.
var Widths = []int{320, 1280, 2560}

// Config says how children are run; zero values are the defaults.
type Config struct {
	// Program is the executable whose main calls Main; by default the running one.
	Program string
	// MaxMemory bounds what a child holds, in bytes; by default 1 GiB: 100 megapixels of JPEG with halved chroma, or 60 of 16-bit PNG
	// or HEIC; what needs more is too_demanding.
	MaxMemory int64
	// Timeout bounds the work on one picture, by the clock and by processor time; by default one minute. Waiting for a child doesn't count.
	Timeout time.Duration
	// Parallel is how many children may live at once; by default as many as processors, at most 2.
	Parallel int
	// IdleFor is how long a child without work is kept; by default 10 s.
	IdleFor time.Duration
}

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

// Decoder runs the children. It is safe for concurrent use; what is over Config.Parallel waits.
type Decoder struct {
	config Config
	slots  chan struct{}

	mu     sync.Mutex
	idle   []*process
	closed bool
}

// New makes a Decoder; no child is started before the first picture. It fails where the running executable has no path.
func New(c Config) (*Decoder, error) {
	if c.Program == "" {
		program, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("pictures: %w", err)
		}
		c.Program = program
	}
	if c.MaxMemory <= 0 {
		c.MaxMemory = 1 << 30
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	if c.Parallel <= 0 {
		c.Parallel = min(runtime.NumCPU(), 2)
	}
	if c.IdleFor <= 0 {
		c.IdleFor = 10 * time.Second
	}
	return &Decoder{config: c, slots: make(chan struct{}, c.Parallel)}, nil
}

// Close ends the children without work; those at work end with it. Calls after it are unavailable.
func (d *Decoder) Close() error {
	d.mu.Lock()
	idle := d.idle
	d.idle, d.closed = nil, true
	d.mu.Unlock()
	for _, p := range idle {
		p.idle.Stop()
		p.end(false)
	}
	return nil
}

// Check decodes every pixel of an image of size bytes and keeps nothing. The package doc names the refusals.
func (d *Decoder) Check(ctx context.Context, r io.Reader, size int64, t sniff.Type) (Info, error) {
	info, _, err := d.do(ctx, r, request{Op: opCheck, Type: t, Size: size})
	return info, err
}

// Render decodes an image and makes its copies, the smallest first. widths are longest edges in pixels, 1–2560; a picture that doesn't reach one gets a copy of
// its own size for it, and none for those beyond. Refusals are Check's.
func (d *Decoder) Render(ctx context.Context, original io.Reader, size int64, t sniff.Type, widths []int) (Info, []Rendition, error) {
	widths = slices.Compact(slices.Sorted(slices.Values(widths)))
	if len(widths) == 0 || widths[0] < 1 || widths[len(widths)-1] > Widths[len(Widths)-1] {
		return Info{}, nil, &fault.Error{Code: fault.Internal, Op: "pictures: render", Err: fmt.Errorf("widths %v", widths)}
	}
	return d.do(ctx, original, request{Op: opRender, Type: t, Size: size, Widths: widths})
}

func (d *Decoder) do(ctx context.Context, r io.Reader, req request) (Info, []Rendition, error) {
	if req.Type.Kind != media.KindImage {
		return Info{}, nil, fault.New(fault.UnsupportedType, "pictures: "+req.Type.MIME)
	}
	if err := sniff.CheckSize(req.Type, req.Size); err != nil {
		return Info{}, nil, err
	}
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return Info{}, nil, fmt.Errorf("pictures: %w", context.Cause(ctx))
	}
	p, err := d.ready(req)
	if err != nil {
		return Info{}, nil, &fault.Error{Code: fault.Unavailable, Op: "pictures: start a child", Detail: "pictures", Err: err}
	}
	rep, copies, err := p.work(ctx, r, req.Size)
	if err != nil {
		return Info{}, nil, err
	}
	if rep.Last {
		p.end(false)
	} else {
		d.keep(p)
	}
	if rep.Fault != nil {
		rep.Fault.Op = "pictures: " + req.Op
		if rep.Cause != "" {
			rep.Fault.Err = errors.New(rep.Cause)
		}
		return Info{}, nil, rep.Fault
	}
	return rep.Info, copies, nil
}

// ready gives a child that has taken the request. A waiting one may have died meanwhile; a new one that doesn't answer is an error.
func (d *Decoder) ready(req request) (*process, error) {
	for {
		p, err := d.take()
		if err != nil {
			return nil, err
		}
		fresh := p == nil
		if fresh {
			if p, err = start(d.config); err != nil {
				return nil, err
			}
		}
		if err = p.open(req); err == nil {
			return p, nil
		}
		p.end(true)
		if fresh {
			return nil, fmt.Errorf("%w: %v: %s", err, p.cmd.ProcessState, p.said)
		}
	}
}

var errClosed = errors.New("closed")

// take gives the child that worked last, or nil; an error after Close.
func (d *Decoder) take() (*process, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errClosed
	}
	n := len(d.idle)
	if n == 0 {
		return nil, nil
	}
	p := d.idle[n-1]
	d.idle = d.idle[:n-1]
	p.idle.Stop()
	return p, nil
}

// keep lets a child wait for more, but not for long.
func (d *Decoder) keep(p *process) {
	d.mu.Lock()
	closed := d.closed
	if !closed {
		d.idle = append(d.idle, p)
		p.idle = time.AfterFunc(d.config.IdleFor, func() { d.dismiss(p) })
	}
	d.mu.Unlock()
	if closed {
		p.end(false)
	}
}

// dismiss ends a child that still waits.
func (d *Decoder) dismiss(p *process) {
	d.mu.Lock()
	i := slices.Index(d.idle, p)
	if i >= 0 {
		d.idle = slices.Delete(d.idle, i, i+1)
	}
	d.mu.Unlock()
	if i >= 0 {
		p.end(false)
	}
}
