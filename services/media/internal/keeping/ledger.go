package keeping

import (
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/media"
)

// ledger is an index in memory, made from MEDIA alone: which media name an object, what an office takes up, and what is left to remove.
type ledger struct {
	mu      sync.Mutex
	media   map[events.MediaID]entry
	objects map[string]*object
	used    map[events.OfficeSlug]int64
	left    map[place]goner
	erased  chan struct{} // holds one when there is something to erase
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
		erased: make(chan struct{}, 1)}
}

func (l *ledger) put(s events.MediaState, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
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
