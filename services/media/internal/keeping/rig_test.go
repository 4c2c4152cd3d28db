package keeping_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/embedded/s3/s3test"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/keeping"
)

const office = events.OfficeSlug("jilin")

// rig is a set of backings, with a clock that the test moves.
type rig struct {
	*testing.T
	nc      *natsgo.Conn
	store   *objects.Store
	buckets objects.Buckets
	ahead   atomic.Int64
	*bus.Bus
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, nc: natstest.New(t)}
	js, err := jetstream.New(r.nc)
	r.must(err)
	r.must(bus.Migrate(t.Context(), js, 1, nil))
	client, prefix := s3test.New(t)
	r.store, r.buckets = objects.NewStore(client), objects.Buckets{Prefix: prefix}
	r.must(objects.Ensure(t.Context(), client, r.buckets))
	r.Bus, err = bus.New(r.nc, events.ServiceMedia, bus.Options{Logger: slog.New(slog.DiscardHandler), Now: r.now})
	r.must(err)
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func (r *rig) pass(d time.Duration) { r.ahead.Add(int64(d)) }

// keeper runs until the test ends.
func (r *rig) keeper(hook func(string)) *keeping.Keeper {
	k := keeping.New(r.Bus, r.store, r.buckets)
	if hook != nil {
		k.Fault(hook)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- k.Run(ctx) }()
	r.Cleanup(func() {
		cancel()
		r.must(<-done)
	})
	return k
}

func (r *rig) append(subject string, actor events.Actor, fact events.Fact) error {
	in := bus.Intent{Name: "test", Actor: actor, Given: access.Given{On: events.DayOf(r.now())}}
	_, err := catalog.Aggregate.Execute(context.Background(), r.Bus, subject, in, func(l bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
		if f, ok := fact.(events.MediaSealedFact); ok {
			return media.Seal(l.State, f)
		}
		return fact, nil
	})
	return err
}

// original stores an object and a copy of its medium-to-be, and gives the fact that names it.
func (r *rig) original(object, name string) events.MediaSealedFact {
	r.Helper()
	_, err := r.store.Put(r.Context(), r.buckets.Originals(), object, []byte(object), objects.Options{})
	r.must(err)
	return r.fact(object, name)
}

func (r *rig) fact(object, name string) events.MediaSealedFact {
	sum := sha256.Sum256([]byte(object))
	hash := hex.EncodeToString(sum[:])
	return events.MediaSealedFact{ID: events.MediaIDFor(office, hash, name), Office: office, File: name, SHA256: hash, Bytes: int64(len(object)), Type: "image/jpeg", Kind: "image", Object: object}
}

// sealed makes a medium with a copy.
func (r *rig) sealed(f events.MediaSealedFact) events.MediaID {
	r.Helper()
	r.must(r.append(events.MediaSubject(office, f.ID), events.System("media"), f))
	_, err := r.store.Put(r.Context(), r.buckets.Renditions(), string(f.ID)+"/1-w320-x", []byte("copy"), objects.Options{})
	r.must(err)
	return f.ID
}

func (r *rig) status(id events.MediaID) events.MediaStatus {
	r.Helper()
	l, err := catalog.Aggregate.Load(r.Context(), r.Bus, events.MediaSubject(office, id))
	r.must(err)
	return l.State.State
}

func (r *rig) there(b objects.Bucket, key string) bool {
	r.Helper()
	_, err := r.store.Stat(r.Context(), b, key)
	if !errors.Is(err, objects.ErrNotFound) {
		r.must(err)
	}
	return err == nil
}

// wants fails the test unless a medium has a state, and object and copy are there or not.
func (r *rig) wants(what string, id events.MediaID, s events.MediaStatus, object string, original, copied bool) {
	r.Helper()
	got := fmt.Sprint(r.status(id), r.there(r.buckets.Originals(), object), r.there(r.buckets.Renditions(), string(id)+"/1-w320-x"))
	if want := fmt.Sprint(s, original, copied); got != want {
		r.Errorf("%s: state, original, copy: %s, want %s", what, got, want)
	}
}

// adopt makes another medium point to an object, as uploads does.
func (r *rig) adopt(k *keeping.Keeper, f events.MediaSealedFact) error {
	c, err := k.Claim(context.Background(), office, f.ID, f.Object)
	if err != nil {
		return err
	}
	err = r.append(events.MediaSubject(office, f.ID), events.System("media"), f)
	if end := c.End(context.Background()); err == nil {
		err = end
	}
	return err
}

// renew states that a medium's bytes were sent again now.
func (r *rig) renew(id events.MediaID) error {
	in := bus.Intent{Name: "test", Actor: events.System("media"), Given: access.Given{On: events.DayOf(r.now())}}
	_, err := catalog.Aggregate.Execute(context.Background(), r.Bus, events.MediaSubject(office, id), in, func(l bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
		return media.Renew(l.State, r.now())
	})
	return err
}
