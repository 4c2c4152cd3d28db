package ways

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/kinds"
)

const (
	// partSize is that of a copy which is stored in parts, in bytes: the smallest that S3 takes, since two of them are in memory. A smaller copy is stored whole.
	partSize = 5 << 20
	// buffers are how many parts of one copy are in memory at once: one is read and hashed while another is written.
	buffers = 2
)

// Keep stores a copy and gives its entry. The key names medium, number of the rendering and copy, and then the content's hash; of a copy in parts, whose hash is known
// too late, a random word. Made again it is another object or the same, never a mixture.
func (w *Ways) Keep(ctx context.Context, id events.MediaID, number int, c kinds.Copy) (events.Rendition, error) {
	out := events.Rendition{ID: c.Name + "-" + strconv.Itoa(number), Name: c.Name, Type: c.Type, Width: c.Width, Height: c.Height, Bytes: c.Size}
	at := fmt.Sprintf("%s/%d-%s-", id, number, c.Name)
	var err error
	if c.Size > partSize {
		out.Key = at + strings.ToLower(rand.Text())[:16]
		out.SHA256, err = w.putParts(ctx, out.Key, c)
		return out, err
	}
	data := make([]byte, c.Size)
	if err := readCopy(c.Body, data); err != nil {
		return out, err
	}
	sum := sha256.Sum256(data)
	out.SHA256 = hex.EncodeToString(sum[:])
	out.Key = at + out.SHA256[:16]
	_, err = w.objects.Put(ctx, w.buckets.Renditions(), out.Key, data, objects.Options{ContentType: c.Type})
	return out, err
}

func readCopy(r io.Reader, into []byte) error {
	if _, err := io.ReadFull(r, into); err != nil {
		return fmt.Errorf("media: read a copy: %w", err)
	}
	return nil
}

// putParts streams a copy into the bucket and gives its SHA-256: a part is written while the next one is read and hashed.
func (w *Ways) putParts(ctx context.Context, key string, c kinds.Copy) (sum string, err error) {
	bucket := w.buckets.Renditions()
	upload, err := w.objects.Begin(ctx, bucket, key, objects.Options{ContentType: c.Type})
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = w.objects.Abort(context.WithoutCancel(ctx), bucket, key, upload)
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	free, full, failed := make(chan []byte, buffers), make(chan []byte), make(chan error, 1)
	for range buffers {
		free <- make([]byte, partSize)
	}
	var parts []objects.Part
	go func() {
		var err error
		for b := range full {
			if err == nil {
				var p objects.Part
				if p, err = w.objects.Part(ctx, bucket, key, upload, len(parts)+1, bytes.NewReader(b), int64(len(b))); err == nil {
					parts = append(parts, p)
				} else {
					cancel()
				}
			}
			free <- b[:partSize]
		}
		failed <- err
	}()
	h := sha256.New()
	for left := c.Size; left > 0 && err == nil && ctx.Err() == nil; {
		b := (<-free)[:min(left, partSize)]
		if err = readCopy(c.Body, b); err == nil {
			h.Write(b)
			full <- b
			left -= int64(len(b))
		}
	}
	close(full)
	if e := <-failed; e != nil {
		return "", e
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return "", err
	}
	if _, err = w.objects.Complete(ctx, bucket, key, upload, parts, false); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sweep deletes the objects of renderings that are over, and of the present one what its record doesn't name. A rendering on its way is left alone.
func (w *Ways) sweep(ctx context.Context, subject string, id events.MediaID) error {
	l, err := catalog.Aggregate.Load(ctx, w.bus, subject)
	if err != nil {
		return err
	}
	s := l.State
	done := s.State == events.MediaRendered || s.State == events.MediaCleared
	bucket := w.buckets.Renditions()
	for o, err := range w.objects.List(ctx, bucket, string(id)+"/") {
		if err != nil {
			return err
		}
		number := numberOf(o.Key)
		named := slices.ContainsFunc(s.Renditions, func(r events.Rendition) bool { return r.Key == o.Key })
		if named || number > media.Number(s) || number == media.Number(s) && !done {
			continue
		}
		if err := w.objects.Delete(ctx, bucket, o.Key); err != nil {
			return err
		}
	}
	return nil
}

// numberOf gives the rendering that a key belongs to; 0 for keys of the first days.
func numberOf(key string) int {
	_, name, _ := strings.Cut(key, "/")
	digits, _, _ := strings.Cut(name, "-")
	n, _ := strconv.Atoi(digits)
	return n
}
