// Package keeping ends what is kept: it releases media that neither a case nor a return took, and removes the bytes of released and erased ones. Nothing else in Songshui removes an
// original that was ever sealed.
//
// It reads MEDIA, CASES, RECTIFICATION and RETURNS, writes the fact `released`, removes originals and renditions, and owns the records of objects, named object-…, in the bucket of uploads.
//
// # Fact first, then bytes
//
// A medium's bytes go only after its record says `released` or `erased`. Every step can be repeated, by any replica: what a crash cut off is found again by [Keeper.Sweep],
// from the stream and from the objects' records. Several replicas may sweep at once.
//
// # One record per object
//
// Media of one office may share an object. Who makes another medium point to it (uploads, for bytes that the office has already) and who removes it agree through the object's
// record, a small object of S3 that is written only over the one that was read:
//
//   - a claim says that somebody is about to write a fact that names the object. While there is one the object isn't removed;
//   - asked says that somebody looks whether the object is still named. Claims are refused meanwhile;
//   - going says that it isn't, and is for ever: the bytes are on their way out. It is written over asked of the same writer only.
//
// A claim or an asked older than abandoned is its dead holder's and counts no more. Should a holder wake up after that, its claim's end shows it going, and it takes
// its fact back before anybody is told; a late asked can't become going. So no fact names bytes that are gone, whoever stops wherever.
package keeping

import (
	"context"
	"errors"
	"fmt"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/follow"
)

// ReasonUntaken is the reason in the fact `released`.
const ReasonUntaken = "untaken"

// grace is how long bytes stay after `released`: a command that saw the medium just before has ended by then, and its case is found.
const grace = time.Minute

// Keeper is safe for concurrent use. Its Run must be running for everything but Claim.
type Keeper struct {
	bus     *bus.Bus
	objects *objects.Store
	buckets objects.Buckets
	ledger  *ledger
	follow  *follow.Follower // fills the ledger
	records records
	// at is called between the durable steps.
	at func(place string)
}

// New makes a Keeper.
func New(b *bus.Bus, o *objects.Store, buckets objects.Buckets) *Keeper {
	l := newLedger()
	return &Keeper{bus: b, objects: o, buckets: buckets, ledger: l, follow: follow.New(b, "ledger of originals", l.put), at: func(string) {}}
}

// Fault makes the keeper call hook at each named place between two durable steps (“claimed”, “asked”, “going”), for tests that break off there.
func (k *Keeper) Fault(hook func(place string)) { k.at = hook }

// Used is how many bytes of originals an office's media take up, each object once; with everything sealed before it was asked, unless the log is away.
func (k *Keeper) Used(ctx context.Context, o events.OfficeSlug) int64 {
	if err := k.seen(ctx, o); err != nil {
		k.bus.Logger().Warn("what an office takes up may be counted late", "office", o, "error", err)
	}
	return k.ledger.bytes(o)
}

// seen returns when the ledger has seen the office's last message of this moment.
func (k *Keeper) seen(ctx context.Context, o events.OfficeSlug) error {
	return k.follow.Wait(ctx, "media."+string(o)+".>")
}

// Release states `released` of a medium that was sent UntakenAge ago at the latest and that no case took or names; its bytes go with a later Sweep. fault.WrongState for any
// other medium, fault.NotFound for none.
func (k *Keeper) Release(ctx context.Context, id events.MediaID) error {
	l, err := k.load(ctx, id)
	if err != nil {
		return err
	}
	named, err := k.named(ctx, l.State.Office)
	if err != nil {
		return err
	}
	if named[id] {
		return &fault.Error{Code: fault.WrongState, Op: "media: release " + string(id), Detail: "taken"}
	}
	return k.release(ctx, l.Subject)
}

func (k *Keeper) release(ctx context.Context, subject string) error {
	return k.state(ctx, subject, func(s events.MediaState) (events.Fact, error) {
		if k.bus.Now().Sub(media.Since(s)) < media.UntakenAge {
			return nil, &fault.Error{Code: fault.WrongState, Op: "media: release " + subject, Detail: string(s.State)}
		}
		return media.Release(s, ReasonUntaken)
	})
}

func (k *Keeper) state(ctx context.Context, subject string, decide func(events.MediaState) (events.Fact, error)) error {
	in := bus.Intent{Name: string(media.CommandRelease), Actor: events.System(events.ServiceMedia), Given: access.Given{On: events.DayOf(k.bus.Now())}}
	_, err := catalog.Aggregate.Execute(ctx, k.bus, subject, in, func(current bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
		return decide(current.State)
	})
	return err
}

// Erase removes the bytes of media whose record says `erased`: the copies, and the original unless another medium of the office names it. It can be repeated; what it can't do now, Sweep
// does. fault.WrongState for a medium that isn't erased.
func (k *Keeper) Erase(ctx context.Context, ids ...events.MediaID) error {
	var all error
	for _, id := range ids {
		l, err := k.load(ctx, id)
		if err == nil && l.State.State != events.MediaErased {
			err = &fault.Error{Code: fault.WrongState, Op: "media: erase bytes of " + string(id), Detail: string(l.State.State)}
		}
		if err == nil {
			err = k.clean(ctx, goner{office: l.State.Office, id: id, object: l.State.Object})
		}
		all = errors.Join(all, err)
	}
	return all
}

func (k *Keeper) load(ctx context.Context, id events.MediaID) (bus.Loaded[events.MediaState], error) {
	l, err := catalog.Aggregate.Load(ctx, k.bus, events.AnyOffice("media", string(id)))
	if err == nil && !l.Exists() {
		err = fault.New(fault.NotFound, "media: "+string(id))
	}
	return l, err
}

// clean removes a medium's copies, and its object unless something names it.
func (k *Keeper) clean(ctx context.Context, g goner) error {
	if err := k.cleanCopies(ctx, g); err != nil {
		return err
	}
	return k.dropObject(ctx, g.office, g.object)
}

// cleanCopies removes the renditions that were there before the record was seen without bytes: a medium that is sealed anew makes new ones.
func (k *Keeper) cleanCopies(ctx context.Context, g goner) error {
	bucket := k.buckets.Renditions()
	var keys []string
	for o, err := range k.objects.List(ctx, bucket, string(g.id)+"/") {
		if err != nil {
			return fmt.Errorf("keeping: copies of %s: %w", g.id, err)
		}
		keys = append(keys, o.Key)
	}
	l, err := k.load(ctx, g.id)
	if err != nil || media.HasBytes(l.State) {
		return err
	}
	for _, key := range keys {
		if err := k.objects.Delete(ctx, bucket, key); err != nil {
			return fmt.Errorf("keeping: copies of %s: %w", g.id, err)
		}
	}
	return nil
}

// dropObject removes an original that no medium names. ErrBusy: somebody is at it; come again.
func (k *Keeper) dropObject(ctx context.Context, office events.OfficeSlug, object string) error {
	if _, err := k.objects.Stat(ctx, k.buckets.Originals(), object); errors.Is(err, objects.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	ask, going, err := k.ask(ctx, object)
	if err != nil {
		return err
	}
	k.at("asked")
	if !going {
		// Whoever named the object did so before its claim ended, and so before this look.
		if err := k.seen(ctx, office); err != nil {
			return err
		}
		named := k.ledger.named(object)
		if err := k.answer(ctx, object, ask, !named); err != nil || named {
			return err
		}
	}
	k.at("going")
	return k.objects.Purge(ctx, k.buckets.Originals(), object)
}
