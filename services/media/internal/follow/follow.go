// Package follow keeps an index in memory up to the stream MEDIA: it hands over every medium's record as it stands, then each change, and says when the index has seen what.
//
// It reads MEDIA through bus and owns nothing durable; an index is made from the stream alone and can be lost at any moment. A broken watch goes on where it was. A
// record that can't be read is left out and logged.
package follow

import (
	"context"
	"errors"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

const (
	// catchUp bounds a wait; an index is a millisecond behind the stream.
	catchUp = 3 * time.Second
	// againAfter is when a broken watch begins again.
	againAfter = time.Second
)

// Follower is safe for concurrent use.
type Follower struct {
	bus   *bus.Bus
	index string
	put   func(s events.MediaState, at time.Time)

	mu    sync.Mutex
	seen  uint64 // sequence of the last message put
	moved chan struct{}
}

// New makes a Follower of an index, named for the log. put gets records with the time of their last fact, one after the other, in the stream's order; it is called by Run alone.
func New(b *bus.Bus, index string, put func(s events.MediaState, at time.Time)) *Follower {
	return &Follower{bus: b, index: index, put: put, moved: make(chan struct{})}
}

// Run follows the stream until ctx ends, and returns nil.
func (f *Follower) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		from, _ := f.position()
		if from > 0 {
			from++
		}
		if err := f.bus.Watch(ctx, events.StreamMedia, []string{"media.>"}, from, f.take, nil); err != nil && ctx.Err() == nil {
			f.bus.Logger().Warn("index of media starts again", "index", f.index, "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(againAfter):
			}
		}
	}
	return nil
}

func (f *Follower) position() (seen uint64, moved <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen, f.moved
}

func (f *Follower) take(m bus.Message) {
	var s events.MediaState
	var err error
	if len(m.Body.State) > 0 {
		s, err = events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
	}
	if err != nil {
		f.bus.Logger().Warn("medium left out of an index", "index", f.index, "subject", m.Subject, "error", err)
	}
	if s.ID != "" {
		f.put(s, m.Meta.Time)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = m.Sequence
	close(f.moved)
	f.moved = make(chan struct{})
}

// Wait returns when the index has seen the last message of this moment on a subject, which may hold a wildcard; fault.Unavailable after 3 seconds.
func (f *Follower) Wait(ctx context.Context, subject string) error {
	last, err := f.bus.Last(ctx, events.StreamMedia, subject)
	if errors.Is(err, bus.ErrNone) {
		return nil
	}
	if err != nil && !errors.Is(err, events.ErrMalformed) {
		return err
	}
	return f.Seen(ctx, last.Sequence)
}

// Seen returns when the index has seen a sequence of the stream; fault.Unavailable after 3 seconds.
func (f *Follower) Seen(ctx context.Context, sequence uint64) error {
	ctx, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	for {
		seen, moved := f.position()
		if seen >= sequence {
			return nil
		}
		select {
		case <-ctx.Done():
			f := fault.Wrap(fault.Unavailable, "media: "+f.index, ctx.Err())
			f.Detail = "media"
			return f
		case <-moved:
		}
	}
}
