package sound

import (
	"context"
	"errors"
	"io"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/sniff"
)

// NameSound is the copy's name.
const NameSound = "sound"

// Sound implements kinds.Kind for MP3 and WAV; the zero value is ready, and safe for concurrent use.
type Sound struct{}

// Examine reads an MP3 from beginning to end, of a WAV the headers of its chunks.
func (Sound) Examine(ctx context.Context, o kinds.Original) (events.Examination, error) {
	f, err := open(ctx, o)
	if err != nil {
		return events.Examination{}, err
	}
	x := events.Examination{DurationMS: f.durationMS, Streams: []string{f.codec}, Private: slices.Sorted(slices.Values(f.private))}
	x.Private = slices.Compact(x.Private)
	return x, nil
}

// Render makes the copy. Areas don't apply.
func (Sound) Render(ctx context.Context, j kinds.Job, keep kinds.Keep) error {
	f, err := open(ctx, j.Original)
	if err != nil {
		return err
	}
	return keep(ctx, kinds.Copy{Name: NameSound, Type: j.Original.Type.MIME, Size: f.size, Body: f.body()})
}

// file is what is known of an original before it is copied.
type file struct {
	codec      string
	durationMS int64
	private    []string
	// size is the copy's in bytes.
	size int64
	body func() io.Reader
}

func open(ctx context.Context, o kinds.Original) (file, error) {
	switch o.Type {
	case sniff.MP3:
		return openMP3(ctx, o)
	case sniff.WAV:
		return openWAV(o)
	}
	return file{}, fault.New(fault.UnsupportedType, "sound: "+o.Type.MIME)
}

func damaged(why string) error {
	return &fault.Error{Code: fault.Invalid, Op: "sound", Fields: fault.Fields{{Field: sniff.Field, Code: sniff.CodeDamaged}}, Err: errors.New(why)}
}

// readFull fills b; a file that ends early is damaged, a source that fails isn't.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return readError(err)
}

func readError(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("the file ends early")
	}
	return err
}
