package uploads

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/keeping"
)

const (
	// settled is how long an object of the bucket of uploads is left alone after its last write: somebody may be at work on it.
	settled = time.Minute
	// sweepEvery is how often uploads that nobody goes on with are looked for.
	sweepEvery = time.Hour
	// kindExpired is the entry in ACCESS for what nobody finished.
	kindExpired = "upload-expired"
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

// Sweep ends what nobody comes back for: uploads whose bytes are whole get their fact, those past their end are forgotten, tails and parts without an upload removed.
func (s *Store) Sweep(ctx context.Context) error {
	now := s.bus.Now()
	live := map[string]string{} // tail by upload
	held := map[string]bool{}
	var tails []objects.Info
	for info, err := range s.objects.List(ctx, s.buckets.Uploads(), "") {
		if err != nil {
			return fmt.Errorf("uploads: sweep: %w", err)
		}
		held[strings.TrimSuffix(info.Key, stateSuffix)] = true
		if now.Sub(info.LastModified) < settled || strings.HasPrefix(info.Key, keeping.Prefix) {
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
	s.allowed.Only(held, now.Add(-settled))
	return s.sweepParts(ctx, now)
}

// sweepParts drops multipart uploads that no state names: a process died, or was told of a conflict, just after it had begun one. Young ones may still be named.
func (s *Store) sweepParts(ctx context.Context, now time.Time) error {
	for open, err := range s.objects.Unfinished(ctx, s.buckets.Originals()) {
		if err != nil {
			return fmt.Errorf("uploads: sweep: %w", err)
		}
		id := open.Key[strings.LastIndexByte(open.Key, '/')+1:]
		if now.Sub(open.Began) < media.UploadAge || !validID(id) {
			continue
		}
		_, _, err := s.load(ctx, id)
		if err == nil {
			// One beside that of a living state waits for its end: some stores lose the other's parts too.
			continue
		}
		if errors.Is(err, objects.ErrNotFound) {
			err = s.objects.Abort(ctx, s.buckets.Originals(), open.Key, open.Upload)
		}
		if err != nil && !errors.Is(err, objects.ErrNotFound) {
			return fmt.Errorf("uploads: sweep %s: %w", id, err)
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
	late := st.Expired || now.After(st.expires())
	if !st.whole() {
		if late {
			return "", s.expire(ctx, &st, etag)
		}
		s.allowed.Running(st.Office, id, st.Size)
		return st.Tail, nil
	}
	// Bytes that all came are never given up for their age: only once they are a medium, or refused.
	if err := s.finish(ctx, &upload{store: s, st: st, etag: etag}); err != nil {
		s.bus.Logger().Warn("upload not brought to its end", "upload", id, "error", err)
		return "", nil
	}
	if late {
		return "", s.forget(ctx, &st)
	}
	return "", nil
}

// expire ends an upload that nobody has gone on with. Its state is marked first, over the one that was read: a client that comes back in this moment is either
// in time, and the upload stays, or finds it gone.
func (s *Store) expire(ctx context.Context, st *state, etag string) error {
	if !st.Expired {
		st.Expired = true
		if _, err := s.save(ctx, st, etag); errors.Is(err, objects.ErrChanged) || errors.Is(err, objects.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
	}
	detail := map[string]string{"file": st.File, "upload": st.ID, "office": string(st.Office), "account": string(st.Actor.Account),
		"bytes": strconv.FormatInt(st.Offset, 10), "size": strconv.FormatInt(st.Size, 10)}
	entry, err := json.Marshal(events.AccessEntry{At: s.bus.Now().UTC(), Actor: events.System(events.ServiceMedia), Kind: kindExpired, Outcome: "removed", Detail: detail})
	if err != nil {
		return fmt.Errorf("uploads: expire %s: %w", st.ID, err)
	}
	// The id keeps replicas that sweep at once from telling it twice.
	if err := s.bus.Publish(ctx, events.AccessSubject(events.ServiceMedia, kindExpired), kindExpired+"-"+st.ID, nil, entry); err != nil {
		return err
	}
	return s.forget(ctx, st)
}
