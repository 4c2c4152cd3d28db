package keeping

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
)

const (
	// sweepEvery is how often what is over is looked for.
	sweepEvery = 10 * time.Minute
	// againAfter is when a sweep that was broken off, or found somebody at an object, comes again.
	againAfter = time.Minute
	// recordAge is how long the record of a removed object stays; whoever was at the object is long gone. Others stay as long as their object, since
	// to remove one would not be fenced; they are there for shared objects alone.
	recordAge = 7 * 24 * time.Hour
)

// Run follows the stream and sweeps, at the start, after every erasure and then every sweepEvery, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = k.follow.Run(ctx)
	}()
	for ctx.Err() == nil {
		next := sweepEvery
		if err := k.Sweep(ctx); err != nil && ctx.Err() == nil {
			k.bus.Logger().Warn("sweep of media broken off; it comes again", "error", err)
			next = againAfter
		}
		select {
		case <-ctx.Done():
		case <-time.After(next):
		case <-k.ledger.erased:
		}
	}
	<-done
	return nil
}

// Sweep releases what no case took in time, and removes what is left of released and erased media. One medium's failure doesn't keep it from the others.
func (k *Keeper) Sweep(ctx context.Context) error {
	if err := k.follow.Wait(ctx, "media.>"); err != nil {
		return err
	}
	var all error
	for office, ids := range k.ledger.untaken(k.bus.Now().Add(-media.UntakenAge)) {
		all = errors.Join(all, k.sweepOffice(ctx, office, ids))
	}
	all = errors.Join(all, k.sweepGone(ctx))
	return errors.Join(all, k.sweepRecords(ctx))
}

func (k *Keeper) sweepOffice(ctx context.Context, office events.OfficeSlug, ids []events.MediaID) error {
	named, err := k.named(ctx, office)
	if err != nil {
		return err
	}
	var all error
	for _, id := range ids {
		if named[id] {
			// Its `taken` is missing: a dead letter, for a person.
			k.bus.Logger().Error("a record names a medium that doesn't say so; it is kept", "media", id)
			continue
		}
		if err := k.release(ctx, events.MediaSubject(office, id)); err != nil && !fault.Is(err, fault.WrongState) {
			all = errors.Join(all, err)
		}
	}
	return all
}

func (k *Keeper) sweepGone(ctx context.Context) error {
	var all error
	named := map[events.OfficeSlug]map[events.MediaID]bool{}
	for _, g := range k.ledger.goners(k.bus.Now().Add(-grace)) {
		if _, known := named[g.office]; !known && !g.erased {
			var err error
			if named[g.office], err = k.named(ctx, g.office); err != nil {
				return errors.Join(all, err)
			}
		}
		if !g.erased && named[g.office][g.id] {
			k.bus.Logger().Error("a record names a released medium; its bytes are kept", "media", g.id)
			continue
		}
		if err := k.clean(ctx, g); err != nil {
			all = errors.Join(all, fmt.Errorf("keeping: %s: %w", g.id, err))
			continue
		}
		k.ledger.gone(g)
	}
	return all
}

// records is what sweeps have learnt of the objects' records: a record is read again only after it was written again, or while its object is on its way out.
type records struct {
	mu sync.Mutex
	// newest is when, by the store's clock, the newest record that a whole sweep has read was written; going are the keys of those that say so.
	newest time.Time
	going  map[string]bool
}

// clockSkew is more than the clocks of a store's machines lie apart.
const clockSkew = time.Minute

// sweepRecords goes on with objects on their way out that the stream doesn't name any more, and drops records that are over.
func (k *Keeper) sweepRecords(ctx context.Context) error {
	seen := &k.records
	seen.mu.Lock()
	defer seen.mu.Unlock()
	var all error
	newest, going := seen.newest, map[string]bool{}
	for o, err := range k.objects.List(ctx, k.buckets.Uploads(), Prefix) {
		if err != nil {
			return errors.Join(all, err)
		}
		if o.LastModified.Before(seen.newest.Add(-clockSkew)) && !seen.going[o.Key] {
			continue
		}
		r, _, err := k.readRecord(ctx, o.Key)
		if errors.Is(err, objects.ErrNotFound) {
			continue
		}
		if err == nil && r.Going {
			going[o.Key] = true
			err = k.objects.Purge(ctx, k.buckets.Originals(), r.Object)
		}
		if err == nil && r.Going && k.bus.Now().Sub(o.LastModified) > recordAge {
			err = k.objects.Delete(ctx, k.buckets.Uploads(), o.Key)
		}
		if newest.Before(o.LastModified) {
			newest = o.LastModified
		}
		all = errors.Join(all, err)
	}
	if all == nil {
		seen.newest, seen.going = newest, going
	}
	return all
}

// named gives all media that cases (with the clips of their publications and the documents of objections), rectifications and returns (their scans) of an office name, whatever the media's records say.
func (k *Keeper) named(ctx context.Context, office events.OfficeSlug) (map[events.MediaID]bool, error) {
	out := map[events.MediaID]bool{}
	err := each(ctx, k.bus, events.StreamCases, "case."+string(office)+".>", func(c events.CaseState) {
		for _, id := range media.OfCase(c) {
			out[id] = true
		}
	})
	if err == nil {
		err = each(ctx, k.bus, events.StreamRectification, "rectification."+string(office)+".>", func(r events.RectificationState) {
			for _, id := range r.Media() {
				out[id] = true
			}
		})
	}
	if err == nil {
		err = each(ctx, k.bus, events.StreamReturns, "return."+string(office)+".>", func(r events.ReturnState) {
			for _, f := range r.Filings {
				out[f.Scan] = true // of those without one it is no medium's id
			}
		})
	}
	return out, err
}

// each reads the records of a filter as they stand. One that can't be read is an error: what it names isn't known.
func each[S any](ctx context.Context, b *bus.Bus, stream, filter string, take func(S)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wrong error
	whole := false
	err := b.Watch(ctx, stream, []string{filter}, 0, func(m bus.Message) {
		s, err := events.DecodeState[S](events.Default, m.Meta.Type, m.Body)
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("keeping: %s: %w", m.Subject, err))
			return
		}
		take(s)
	}, func() {
		whole = true
		cancel()
	})
	if err == nil && !whole {
		err = ctx.Err()
	}
	return errors.Join(err, wrong)
}
