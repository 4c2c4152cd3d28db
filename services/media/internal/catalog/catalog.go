// Package catalog is media's records on NATS: the aggregate of the stream MEDIA, and an index in memory of every office's media by name and by
// hash. It reads and writes MEDIA through bus. The index is made from the stream alone and can be lost at any moment; a question waits until it has seen
// what was in the stream when it was asked.
package catalog

import (
	"context"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/follow"
)

// Aggregate is how media are kept.
var Aggregate = bus.Aggregate[events.MediaState, *events.MediaState]{Stream: events.StreamMedia, Schema: events.MediaSchema, Fold: media.Fold}

// Entry is what the index keeps of a medium that has its bytes.
type Entry struct {
	ID      events.MediaID
	Office  events.OfficeSlug
	File    string
	SHA256  string
	State   events.MediaStatus
	Missing string
	// Asked says that somebody has asked to have it erased.
	Asked bool
	// Look is the perceptual hash as it stands in the record, empty without one.
	Look     string
	SealedAt time.Time

	look    uint64
	hasLook bool
}

type office struct {
	byFile map[string][]events.MediaID
	bySHA  map[string][]events.MediaID
}

// Catalog answers questions about media. It is safe for concurrent use. Its Follower fills the index, and says what that has seen.
type Catalog struct {
	*follow.Follower
	bus *bus.Bus

	mu      sync.Mutex
	byID    map[events.MediaID]Entry
	offices map[events.OfficeSlug]*office
}

// New makes a Catalog; Run fills it.
func New(b *bus.Bus) *Catalog {
	c := &Catalog{bus: b, byID: map[events.MediaID]Entry{}, offices: map[events.OfficeSlug]*office{}}
	c.Follower = follow.New(b, "catalog", c.put)
	return c
}

func (c *Catalog) put(s events.MediaState, _ time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.offices[s.Office]
	if o == nil {
		o = &office{map[string][]events.MediaID{}, map[string][]events.MediaID{}}
		c.offices[s.Office] = o
	}
	_, known := c.byID[s.ID]
	if !media.HasBytes(s) {
		if known {
			delete(c.byID, s.ID)
			remove(o.byFile, s.File, s.ID)
			remove(o.bySHA, s.SHA256, s.ID)
		}
		return
	}
	e := Entry{ID: s.ID, Office: s.Office, File: s.File, SHA256: s.SHA256, State: s.State, Missing: s.Missing, Asked: s.ErasureAsked != nil, SealedAt: s.SealedAt}
	if s.Examination != nil {
		e.Look = s.Examination.Look
		e.look, e.hasLook = parseLook(e.Look)
	}
	c.byID[s.ID] = e
	if !known {
		o.byFile[s.File] = append(o.byFile[s.File], s.ID)
		o.bySHA[s.SHA256] = append(o.bySHA[s.SHA256], s.ID)
	}
}

func remove(from map[string][]events.MediaID, key string, id events.MediaID) {
	rest := slices.DeleteFunc(from[key], func(other events.MediaID) bool { return other == id })
	if len(rest) == 0 {
		delete(from, key)
		return
	}
	from[key] = rest
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
		if err := c.Wait(ctx, "media."+string(o)+".>"); err != nil {
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
	for _, id := range from {
		if w.File == "" || c.byID[id].File == w.File {
			ids = append(ids, id)
		}
	}
	return ids
}

// Select gives the entries that fit, newest first. It sees every message that was in the stream when it was asked.
func (c *Catalog) Select(ctx context.Context, fits func(Entry) bool) ([]Entry, error) {
	if err := c.Wait(ctx, "media.>"); err != nil {
		return nil, err
	}
	c.mu.Lock()
	var out []Entry
	for _, e := range c.byID {
		if fits(e) {
			out = append(out, e)
		}
	}
	c.mu.Unlock()
	slices.SortFunc(out, byAge)
	return out, nil
}

// Like gives, oldest first, the media of all offices that have these bytes, or a look that differs in at most alike bits of 64. It answers from what the index has seen.
func (c *Catalog) Like(sha256, look string, alike int) []Entry {
	mine, hasLook := parseLook(look)
	var out []Entry
	c.mu.Lock()
	for _, e := range c.byID {
		if e.SHA256 == sha256 || hasLook && e.hasLook && bits.OnesCount64(mine^e.look) <= alike {
			out = append(out, e)
		}
	}
	c.mu.Unlock()
	slices.SortFunc(out, func(a, b Entry) int { return byAge(b, a) })
	return out
}

// Kept says whether a medium is there with its bytes, as far as the index has seen.
func (c *Catalog) Kept(id events.MediaID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.byID[id]
	return ok
}

func parseLook(s string) (uint64, bool) {
	v, err := strconv.ParseUint(s, 16, 64)
	return v, err == nil && len(s) == 16
}

// byAge orders the newest first.
func byAge(a, b Entry) int {
	if d := b.SealedAt.Compare(a.SealedAt); d != 0 {
		return d
	}
	return strings.Compare(string(b.ID), string(a.ID))
}

// Get gives one medium of any office; fault.NotFound if there is none.
func (c *Catalog) Get(ctx context.Context, id events.MediaID) (bus.Loaded[events.MediaState], error) {
	if _, err := events.ParseMediaID(string(id)); err != nil {
		return bus.Loaded[events.MediaState]{}, fault.Wrap(fault.NotFound, "media: get", err)
	}
	// With its office known the record is one exact look-up instead of a search through the subjects.
	subject := events.AnyOffice("media", string(id))
	c.mu.Lock()
	if e, ok := c.byID[id]; ok {
		subject = events.MediaSubject(e.Office, id)
	}
	c.mu.Unlock()
	l, err := Aggregate.Load(ctx, c.bus, subject)
	if err == nil && !l.Exists() {
		err = fault.New(fault.NotFound, "media: get "+string(id))
	}
	return l, err
}
