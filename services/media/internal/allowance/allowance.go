// Package allowance says how much an office may take up: bytes kept and on their way, uploads begun, bytes sent. It owns nothing durable. What is kept it asks for; what is on its
// way it knows of this process's uploads and, from each sweep, of all: with several replicas an office can go over its quota by what it begins at others between two sweeps. Rates
// are each replica's own.
//
// It is there so that one office's mistake (a folder of films, a script in a loop) doesn't fill the store or keep the others waiting; it isn't a price list.
package allowance

import (
	"context"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// Limits of one office; what is zero is as in Defaults.
type Limits struct {
	// Quota is for originals kept and uploads under way, in bytes.
	Quota int64
	// Begun is how many uploads may begin in a second, over time; BegunBurst how many at once.
	Begun      float64
	BegunBurst float64
	// Bytes is how many may be sent in a second, over time; BytesBurst how many at once.
	Bytes      float64
	BytesBurst float64
}

// Defaults are the limits without configuration; all [ours].
var Defaults = Limits{
	// Quota: a campaign's seven months with some hundred clips of 1.5 GB.
	Quota: 200 << 30,
	// Begun: a bulk submission of thousands of small files comes through as fast as it is decoded, and a loop is slowed.
	Begun: 50, BegunBurst: 5000,
	// Bytes: half a gigabit, and four of the largest clips before that counts.
	Bytes: 64 << 20, BytesBurst: 16 << 30,
}

// Allowance is safe for concurrent use.
type Allowance struct {
	limits Limits
	now    func() time.Time
	kept   func(context.Context, events.OfficeSlug) int64

	mu      sync.Mutex
	offices map[events.OfficeSlug]*office
	running map[string]upload
}

type office struct{ begun, bytes bucket }

type upload struct {
	office events.OfficeSlug
	bytes  int64
	since  time.Time
}

// New makes an Allowance; kept says how many bytes an office's originals take up.
func New(l Limits, now func() time.Time, kept func(context.Context, events.OfficeSlug) int64) *Allowance {
	fill(&l.Quota, Defaults.Quota)
	fill(&l.Begun, Defaults.Begun)
	fill(&l.BegunBurst, Defaults.BegunBurst)
	fill(&l.Bytes, Defaults.Bytes)
	fill(&l.BytesBurst, Defaults.BytesBurst)
	return &Allowance{limits: l, now: now, kept: kept, offices: map[events.OfficeSlug]*office{}, running: map[string]upload{}}
}

func fill[T int64 | float64](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

func (a *Allowance) of(o events.OfficeSlug) *office {
	at := a.offices[o]
	if at == nil {
		now := a.now()
		at = &office{bucket{a.limits.Begun, a.limits.BegunBurst, a.limits.BegunBurst, now}, bucket{a.limits.Bytes, a.limits.BytesBurst, a.limits.BytesBurst, now}}
		a.offices[o] = at
	}
	return at
}

// Begin counts an upload that is to begin. A wait above 0 is how long to stay away instead.
func (a *Allowance) Begin(o events.OfficeSlug) (wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := &a.of(o).begun
	if wait = b.wait(a.now(), 1); wait == 0 {
		b.left--
	}
	return wait
}

// Send says whether bytes may be sent now; a wait above 0 is how long to stay away. The bytes themselves are counted by Sent, as they come.
func (a *Allowance) Send(o events.OfficeSlug) (wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of(o).bytes.wait(a.now(), 0)
}

// Sent counts bytes; more than there were left have to be waited for by the next request.
func (a *Allowance) Sent(o events.OfficeSlug, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of(o).bytes.left -= float64(n)
}

// Reserve keeps room for an upload until Free; fault.Quota if the office's quota hasn't that much.
func (a *Allowance) Reserve(ctx context.Context, o events.OfficeSlug, id string, bytes int64) error {
	taken := a.kept(ctx, o)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, u := range a.running {
		if u.office == o {
			taken += u.bytes
		}
	}
	if taken+bytes > a.limits.Quota {
		return fault.New(fault.Quota, "media: upload")
	}
	a.running[id] = upload{o, bytes, a.now()}
	return nil
}

// Free gives an upload's room back: it is gone, or a medium that is counted as kept.
func (a *Allowance) Free(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.running, id)
}

// Running takes over what a sweep has found: uploads that other processes have begun, or this one before its start.
func (a *Allowance) Running(o events.OfficeSlug, id string, bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running[id] = upload{o, bytes, a.now()}
}

// Only forgets uploads that a sweep didn't find (held), begun before a time: their process died before it wrote anything, or another one has ended them.
func (a *Allowance) Only(held map[string]bool, before time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, u := range a.running {
		if !held[id] && u.since.Before(before) {
			delete(a.running, id)
		}
	}
}

// bucket fills at a rate up to its burst.
type bucket struct {
	rate, burst, left float64
	at                time.Time
}

// wait fills the bucket and says how long until it holds more than n−1, so that a wait for nothing is one out of debt.
func (b *bucket) wait(now time.Time, n float64) time.Duration {
	if past := now.Sub(b.at).Seconds(); past > 0 {
		b.left, b.at = min(b.burst, b.left+past*b.rate), now
	}
	if b.left >= n {
		return 0
	}
	return time.Duration((n - b.left) / b.rate * float64(time.Second))
}
