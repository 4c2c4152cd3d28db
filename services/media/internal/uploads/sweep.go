package uploads

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
)

const (
	// settled is how long an object of the bucket of uploads is left alone after its last write: somebody may be at work on it.
	settled = time.Minute
	// sweepEvery is how often uploads that nobody goes on with are looked for.
	sweepEvery = time.Hour
)

// Run sweeps at the start and then every hour, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.bus.Logger().Warn("sweep of uploads broken off; it comes again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Sweep ends what nobody comes back for: uploads whose bytes are whole get their fact, those past their end are forgotten, tails without an upload removed.
func (s *Store) Sweep(ctx context.Context) error {
	now := s.bus.Now()
	live := map[string]string{} // tail by upload
	var tails []objects.Info
	for info, err := range s.objects.List(ctx, s.buckets.Uploads(), "") {
		if err != nil {
			return fmt.Errorf("uploads: sweep: %w", err)
		}
		if now.Sub(info.LastModified) < settled {
			continue
		}
		id, isState := strings.CutSuffix(info.Key, stateSuffix)
		if !isState {
			tails = append(tails, info)
			continue
		}
		tail, err := s.sweepOne(ctx, id, now)
		if err != nil {
			return fmt.Errorf("uploads: sweep %s: %w", id, err)
		}
		live[id] = tail
	}
	for _, t := range tails {
		id, _, _ := strings.Cut(t.Key, ".")
		// One whose upload was young was not looked at: it goes when it is older.
		if tail, seen := live[id]; (seen && tail != t.Key) || now.Sub(t.LastModified) > media.UploadAge {
			s.drop(ctx, t.Key)
		}
	}
	return nil
}

func (s *Store) sweepOne(ctx context.Context, id string, now time.Time) (tail string, err error) {
	st, etag, err := s.load(ctx, id)
	if errors.Is(err, objects.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if now.After(st.expires()) {
		return "", s.forget(ctx, &st)
	}
	if !st.whole() {
		return st.Tail, nil
	}
	u := &upload{store: s, st: st, etag: etag}
	if err := s.finish(ctx, u); err != nil {
		s.bus.Logger().Warn("upload not brought to its end", "upload", id, "error", err)
	}
	return "", nil
}
