// Package catalog is media's records on NATS: the aggregate of the stream MEDIA, and an index in memory of every office's media by name and by
// hash. It reads and writes MEDIA through bus. The index is made from the stream alone and can be lost at any moment; a question waits until it has seen
// what was in the stream when it was asked.
package catalog

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
)

// Aggregate is how media are kept.
var Aggregate = bus.Aggregate[events.MediaState, *events.MediaState]{Stream: events.StreamMedia, Schema: events.MediaSchema, Fold: media.Fold}

// catchUp bounds the wait for the index; a sealed medium is in it after a millisecond.
const catchUp = 3 * time.Second

// entry is what the index keeps of a medium.
type entry struct {
	id     events.MediaID
	file   string
	sha256 string
}

type office struct {
	byFile map[string][]entry
	bySHA  map[string][]entry
}

// Catalog answers questions about media. It is safe for concurrent use.
type Catalog struct {
	bus *bus.Bus

	mu      sync.Mutex
	offices map[events.OfficeSlug]*office
	seen    uint64 // sequence of the last message taken in
	moved   chan struct{}
}

// New makes a Catalog; Run fills it.
func New(b *bus.Bus) *Catalog {
	return &Catalog{bus: b, offices: map[events.OfficeSlug]*office{}, moved: make(chan struct{})}
}

// Run follows the stream until ctx ends.
func (c *Catalog) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		from := c.sequence()
		if from > 0 {
			from++
		}
		if err := c.bus.Watch(ctx, events.StreamMedia, []string{"media.>"}, from, c.take, nil); err != nil && ctx.Err() == nil {
			c.bus.Logger().Warn("media index starts again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
	return nil
}

func (c *Catalog) sequence() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

func (c *Catalog) take(m bus.Message) {
	var s events.MediaState
	var err error
	if len(m.Body.State) > 0 {
		s, err = events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
	}
	if err != nil {
		c.bus.Logger().Warn("medium left out of the index", "subject", m.Subject, "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = m.Sequence
	close(c.moved)
	c.moved = make(chan struct{})
	if s.ID != "" {
		c.put(s)
	}
}

func (c *Catalog) put(s events.MediaState) {
	o := c.offices[s.Office]
	if o == nil {
		o = &office{map[string][]entry{}, map[string][]entry{}}
		c.offices[s.Office] = o
	}
	same := func(e entry) bool { return e.id == s.ID }
	files, sums := slices.DeleteFunc(o.byFile[s.File], same), slices.DeleteFunc(o.bySHA[s.SHA256], same)
	if media.HasBytes(s) {
		e := entry{s.ID, s.File, s.SHA256}
		files, sums = append(files, e), append(sums, e)
	}
	o.byFile[s.File], o.bySHA[s.SHA256] = files, sums
}

// Wanted is a question: every field that is given must match.
type Wanted struct {
	ID     events.MediaID
	File   string // cleaned
	SHA256 string
}

// Find gives an office's media that match, at most limit, as they stand; those without bytes are left out. It sees every medium sealed before it was asked.
func (c *Catalog) Find(ctx context.Context, o events.OfficeSlug, w Wanted, limit int) ([]events.MediaState, error) {
	ids := []events.MediaID{w.ID}
	if w.ID == "" {
		if err := c.wait(ctx, o); err != nil {
			return nil, err
		}
		ids = c.match(o, w)
	}
	out := make([]events.MediaState, 0, min(len(ids), limit))
	for _, id := range ids {
		if len(out) == limit {
			break
		}
		l, err := Aggregate.Load(ctx, c.bus, events.MediaSubject(o, id))
		if err != nil {
			return nil, err
		}
		if s := l.State; media.HasBytes(s) && (w.File == "" || w.File == s.File) && (w.SHA256 == "" || w.SHA256 == s.SHA256) {
			out = append(out, s)
		}
	}
	return out, nil
}

func (c *Catalog) match(slug events.OfficeSlug, w Wanted) []events.MediaID {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.offices[slug]
	if o == nil {
		return nil
	}
	from := o.byFile[w.File]
	if w.SHA256 != "" {
		from = o.bySHA[w.SHA256]
	}
	var ids []events.MediaID
	for _, e := range from {
		if w.File == "" || e.file == w.File {
			ids = append(ids, e.id)
		}
	}
	return ids
}

// wait returns when the index has seen the office's last message of this moment.
func (c *Catalog) wait(ctx context.Context, o events.OfficeSlug) error {
	last, err := c.bus.Last(ctx, events.StreamMedia, "media."+string(o)+".>")
	if errors.Is(err, bus.ErrNone) {
		return nil
	}
	if err != nil && !errors.Is(err, events.ErrMalformed) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, catchUp)
	defer cancel()
	for {
		c.mu.Lock()
		seen, moved := c.seen, c.moved
		c.mu.Unlock()
		if seen >= last.Sequence {
			return nil
		}
		select {
		case <-ctx.Done():
			f := fault.Wrap(fault.Unavailable, "media: index", ctx.Err())
			f.Detail = "media"
			return f
		case <-moved:
		}
	}
}

// Get gives one medium of any office; fault.NotFound if there is none.
func (c *Catalog) Get(ctx context.Context, id events.MediaID) (bus.Loaded[events.MediaState], error) {
	if _, err := events.ParseMediaID(string(id)); err != nil {
		return bus.Loaded[events.MediaState]{}, fault.Wrap(fault.NotFound, "media: get", err)
	}
	l, err := Aggregate.Load(ctx, c.bus, events.AnyOffice("media", string(id)))
	if err == nil && !l.Exists() {
		err = fault.New(fault.NotFound, "media: get "+string(id))
	}
	return l, err
}
