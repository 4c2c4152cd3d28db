package clips

import (
	"context"
	"io"
	"os"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
)

// Names of the copies.
const (
	NameClip   = "clip"
	NameH264   = "h264"
	NamePoster = "poster"
	NameSound  = "sound"
)

// Clips implements kinds.Kind for MP4, MOV and M4A. It is safe for concurrent use; one recoding runs at a time.
type Clips struct {
	box   *sandbox.Sandbox
	tools Tools
	turn  chan struct{}
}

// New makes Clips whose indexes are read in box. Without tools.FFmpeg there is neither poster nor recoding.
func New(box *sandbox.Sandbox, tools Tools) *Clips {
	return &Clips{box: box, tools: tools, turn: make(chan struct{}, 1)}
}

// Examine reads the structure and the index, no sample. The package doc names the refusals.
func (c *Clips) Examine(ctx context.Context, o kinds.Original) (events.Examination, error) {
	p, err := c.plan(ctx, o, o.Type == sniff.M4A)
	return p.Examination, err
}

// planned is an answer with what belongs to it.
type planned struct {
	answer
	head, ranges []byte
}

func (c *Clips) plan(ctx context.Context, src kinds.Original, soundOnly bool) (planned, error) {
	o, err := walk(src, src.Size)
	if err != nil {
		return planned{}, err
	}
	params, data, n := o.wire(src, soundOnly)
	// The fragments' indexes are let go as they are sent.
	o.moofs = nil
	var p planned
	blobs, err := c.box.Do(ctx, sandbox.Request{Op: opPlan, Params: params, Data: data, Size: n}, &p.answer)
	if err != nil {
		return planned{}, err
	}
	p.head, p.ranges = blobs[0].Data, blobs[1].Data
	if o.broke {
		p.Examination.Warnings = []string{WarnBrokeOff}
	}
	for _, name := range o.boxes {
		if found := outside[name]; found != "" && !slices.Contains(p.Examination.Private, found) {
			p.Examination.Private = append(p.Examination.Private, found)
		}
	}
	slices.Sort(p.Examination.Private)
	return p, nil
}

// outside names what boxes on the top level hold; emsg are messages to a player, prft is a recorder's clock.
var outside = map[string]string{"uuid": "UUID", "udta": "UserData", "meta": "UserData", "emsg": "EventMessage", "prft": "ProducerReferenceTime"}

// size is the stripped copy's.
func (p planned) size() int64 { return int64(len(p.head)) + p.Payload }

// strip hands the copy's bytes to use, and gives what was wrong with them rather than what use makes of it.
func (p planned) strip(o kinds.Original, use func(io.Reader) error) error {
	b := newBody(p.head, p.ranges, p.NAL, o, o.Size)
	err := use(b)
	if b.err != nil {
		return b.err
	}
	return err
}

// Render makes the copies; which ones the package doc says. keep may have got some when a later one fails.
func (c *Clips) Render(ctx context.Context, j kinds.Job, keep kinds.Keep) error {
	soundOnly := j.Original.Type == sniff.M4A
	p, err := c.plan(ctx, j.Original, soundOnly)
	if err != nil {
		return err
	}
	// There is nothing to hide in sound.
	hide := j.Areas
	if !p.Picture {
		hide = nil
	}
	recode := len(hide) > 0 || !p.Playable
	if recode && c.tools.FFmpeg == "" {
		return &kinds.Missing{Program: program}
	}
	copied := kinds.Copy{Name: NameClip, Type: sniff.MP4.MIME, Width: p.Examination.DisplayWidth, Height: p.Examination.DisplayHeight, Size: p.size()}
	if soundOnly {
		copied.Name, copied.Type = NameSound, sniff.M4A.MIME
	}
	publish := p.Rebuilt && !p.CutOff && len(hide) == 0 && (p.Playable || !soundOnly)
	kept := func(r io.Reader) error {
		copied.Body = r
		return keep(ctx, copied)
	}
	if c.tools.FFmpeg == "" || !recode && !p.Picture {
		return p.strip(j.Original, kept)
	}
	return c.withTools(ctx, func(dir string) error {
		if !publish {
			kept = drain
		}
		local, err := c.local(dir, p, j.Original, kept)
		if err != nil {
			return err
		}
		if recode {
			if local, err = c.recode(ctx, dir, local, p, hide, soundOnly, keep); err != nil {
				return err
			}
		}
		if !p.Picture {
			return nil
		}
		return c.poster(ctx, dir, local, p, keep)
	})
}

// local writes what ffmpeg reads: the copy where one can be made, which publish gets at the same time, else the original.
func (c *Clips) local(dir string, p planned, o kinds.Original, publish func(io.Reader) error) (string, error) {
	f, err := os.Create(pathIn(dir, "source"))
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	if len(p.head) == 0 {
		if _, err := io.Copy(f, io.NewSectionReader(o, 0, min(o.Size, sniff.MaxVideo))); err != nil {
			return "", err
		}
		return f.Name(), f.Close()
	}
	if err := p.strip(o, func(r io.Reader) error { return publish(io.TeeReader(r, f)) }); err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
