package server

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"songshui.internal/events"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/internal/blob"
	"songshui.internal/services/media/internal/clips"
	"songshui.internal/services/media/internal/kinds"
	"songshui.internal/services/media/internal/pictures"
	"songshui.internal/services/media/internal/sandbox"
	"songshui.internal/services/media/internal/sniff"
	"songshui.internal/services/media/internal/ways"
)

// Bench makes public copies as the service does, without record and consumer: `songshui bench` measures with it.
type Bench struct {
	box      *sandbox.Sandbox
	pictures *pictures.Decoder
	clips    *clips.Clips
	ways     *ways.Ways
	objects  *objects.Store
	buckets  objects.Buckets
}

// NewBench makes one with children for as many pictures at once. The main of the running program must call Child; Close ends the children.
func NewBench(o *objects.Store, b objects.Buckets, parallel int) (*Bench, error) {
	box, err := sandbox.New(sandbox.Config{Parallel: parallel})
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	return &Bench{box, pictures.New(box), clips.New(box, clips.Tools{}), ways.New(nil, o, b, nil, nil, nil), o, b}, nil
}

// Close ends the children.
func (b *Bench) Close() error { return b.box.Close() }

// Picture makes all copies of a JPEG and throws them away.
func (b *Bench) Picture(ctx context.Context, file []byte) error {
	o := kinds.Original{ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Type: sniff.JPEG}
	return b.pictures.Render(ctx, kinds.Job{Original: o}, func(_ context.Context, c kinds.Copy) error {
		_, err := io.Copy(io.Discard, c.Body)
		return err
	})
}

// PlainPicture is the least that Picture can cost: the same libraries in this process.
func (*Bench) PlainPicture(file []byte) error { return pictures.Plain(file) }

// Strip makes the copy of an MP4 of size bytes among the originals, without ffmpeg, and gives its entry; the object is among the renditions.
func (b *Bench) Strip(ctx context.Context, key string, size int64) (kept events.Rendition, err error) {
	r := blob.New(ctx, b.objects, b.buckets.Originals(), key, size)
	defer r.Close()
	j := kinds.Job{Original: kinds.Original{ReaderAt: r, Size: size, Type: sniff.MP4}}
	err = b.clips.Render(ctx, j, func(ctx context.Context, c kinds.Copy) error {
		kept, err = b.ways.Keep(ctx, "bench", 1, c)
		return err
	})
	return kept, err
}
