package keeping

import (
	"context"
	"errors"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
)

// catchUp bounds the wait for the ledger, which is a millisecond behind the stream.
const catchUp = 3 * time.Second

// ledger is an index in memory, made from MEDIA alone: which media name an object, what an office takes up, and what is left to remove.
type ledger struct {
	mu      sync.Mutex
	media   map[events.MediaID]entry
	objects map[string]*object
	used    map[events.OfficeSlug]int64
	left    map[place]goner
	erased  chan struct{} // holds one when there is something to erase
	seen    uint64
	moved   chan struct{}
}

// entry is what is known of a medium.
type entry struct {
	office events.OfficeSlug
	object string
	kept   bool
	taken  bool
	since  time.Time
}

// object is an original that media name.
type object struct {
	bytes int64
	named int // by how many media that have bytes
}

// place is where bytes are left: a medium that was sealed anew may have left several.
type place struct {
	id     events.MediaID
	object string
}

// goner is a medium whose bytes are to go.
type goner struct {
	office events.OfficeSlug
	id     events.MediaID
	object string
	since  time.Time
	// erased ones don't wait.
	erased bool
}

func newLedger() *ledger {
	return &ledger{media: map[events.MediaID]entry{}, objects: map[string]*object{}, used: map[events.OfficeSlug]int64{}, left: map[place]goner{},
		erased: make(chan struct{}, 1), moved: make(chan struct{})}
}

// run follows the stream until ctx ends.
func (l *ledger) run(ctx context.Context, b *bus.Bus) {
	for ctx.Err() == nil {
		l.mu.Lock()
		from := l.seen
		l.mu.Unlock()
		if from > 0 {
			from++
		}
		take := func(m bus.Message) { l.take(b, m) }
		if err := b.Watch(ctx, events.StreamMedia, []string{"media.>"}, from, take, nil); err != nil && ctx.Err() == nil {
			b.Logger().Warn("ledger of originals starts again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

func (l *ledger) take(b *bus.Bus, m bus.Message) {
	var s events.MediaState
	var err error
	if len(m.Body.State) > 0 {
		s, err = events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
	}
	if err != nil {
		b.Logger().Warn("medium left out of the ledger", "subject", m.Subject, "error", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = m.Sequence
	close(l.moved)
	l.moved = make(chan struct{})
	if s.ID != "" {
		l.put(s, m.Meta.Time)
	}
}

func (l *ledger) put(s events.MediaState, at time.Time) {
	before, kept := l.media[s.ID], media.HasBytes(s)
	l.media[s.ID] = entry{s.Office, s.Object, kept, media.Held(s), media.Since(s)}
	if kept != before.kept || s.Object != before.object {
		if before.kept {
			l.count(before.office, before.object, 0, -1)
		}
		if kept {
			l.count(s.Office, s.Object, s.Bytes, 1)
		}
	}
	if !kept {
		g := goner{s.Office, s.ID, s.Object, at, s.State == events.MediaErased}
		l.left[place{s.ID, s.Object}] = g
		if g.erased {
			select {
			case l.erased <- struct{}{}:
			default:
			}
		}
	}
}

func (l *ledger) count(office events.OfficeSlug, key string, bytes int64, by int) {
	o := l.objects[key]
	if o == nil {
		o = &object{bytes: bytes}
		l.objects[key] = o
		l.used[office] += bytes
	}
	if o.named += by; o.named == 0 {
		delete(l.objects, key)
		l.used[office] -= o.bytes
	}
}

// named says whether a medium that has bytes names the object.
func (l *ledger) named(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.objects[key] != nil
}

func (l *ledger) bytes(o events.OfficeSlug) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used[o]
}

// untaken gives by office the media that were sent before a time, not since, and that no case has taken.
func (l *ledger) untaken(before time.Time) map[events.OfficeSlug][]events.MediaID {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[events.OfficeSlug][]events.MediaID{}
	for id, e := range l.media {
		if e.kept && !e.taken && e.since.Before(before) {
			out[e.office] = append(out[e.office], id)
		}
	}
	return out
}

// goners gives what is left to remove of media that lost their bytes before a time; erased ones at once.
func (l *ledger) goners(before time.Time) []goner {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []goner
	for _, g := range l.left {
		if g.erased || g.since.Before(before) {
			out = append(out, g)
		}
	}
	return out
}

func (l *ledger) gone(g goner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := (place{g.id, g.object}); l.left[at] == g {
		delete(l.left, at)
	}
}

// wait returns when the ledger has seen the office's last message of this moment.
func (l *ledger) wait(ctx context.Context, b *bus.Bus, o events.OfficeSlug) error {
	last, err := b.Last(ctx, events.StreamMedia, "media."+string(o)+".>")
	if errors.Is(err, bus.ErrNone) {
		return nil
	}
	if err != nil && !errors.Is(err, events.ErrMalformed) {
		return err
	}
	return l.reach(ctx, last.Sequence)
}

// reach waits until the ledger has seen a sequence.
func (l *ledger) reach(ctx context.Context, sequence uint64) error {
	ctx, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	for {
		l.mu.Lock()
		seen, moved := l.seen, l.moved
		l.mu.Unlock()
		if seen >= sequence {
			return nil
		}
		select {
		case <-ctx.Done():
			f := fault.Wrap(fault.Unavailable, "media: ledger", ctx.Err())
			f.Detail = "media"
			return f
		case <-moved:
		}
	}
}
