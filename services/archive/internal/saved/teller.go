package saved

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// Index is what the teller asks; index.Index is one.
type Index interface {
	// Positions gives up to where the index knows each stream.
	Positions(ctx context.Context, streams ...string) (map[string]uint64, error)
	// Newly finds cases exposed after a moment, as the query is written.
	Newly(ctx context.Context, q archive.Query, since time.Time) ([]events.Told, error)
}

// People says who an account is now; fault.Unauthenticated for one that is gone or disabled.
type People func(ctx context.Context, account events.AccountID) (access.Actor, error)

const (
	// lookEvery is how often the index is asked whether it knows more; an exposure is told a second or two after it is found.
	lookEvery = time.Second
	// retryAfter is how long following waits after a fault.
	retryAfter = time.Second
)

type teller struct {
	index   Index
	people  People
	changed chan struct{}
}

// look has the teller look again, even if the index knows nothing new.
func (t *teller) look() {
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

// Run follows SEARCHES and tells, until ctx ends. ask makes a query of a person's parameters as of now.
func (x *Searches) Run(ctx context.Context, ask func(access.Actor, archive.Params) (archive.Query, error)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.follow(ctx)
	}()
	x.tell(ctx, ask)
	<-done
}

func (x *Searches) follow(ctx context.Context) {
	first := true
	for ctx.Err() == nil {
		err := x.bus.Watch(ctx, events.StreamSearches, []string{"search.>"}, 0, func(m bus.Message) {
			if s, ok := decode(m); ok {
				x.keep(m.Sequence, s)
			}
			x.passed(m.Sequence)
		}, func() {
			if first {
				first = false
				close(x.caughtUp)
			}
			x.teller.look()
		})
		if err != nil && ctx.Err() == nil {
			x.bus.Logger().Warn("saved searches aren't followed", "error", err)
			bus.Pause(ctx, retryAfter)
		}
	}
}

// tell looks at every search whenever the index knows more than before.
func (x *Searches) tell(ctx context.Context, ask func(access.Actor, archive.Params) (archive.Query, error)) {
	if x.ready(ctx) != nil {
		return
	}
	var known map[string]uint64
	for ctx.Err() == nil {
		now, err := x.teller.index.Positions(ctx, events.StreamCases, events.StreamRectification, events.StreamMedia)
		if err == nil && !maps.Equal(now, known) {
			if err = x.tellAll(ctx, ask); err == nil {
				known = now
			}
		}
		if err != nil && ctx.Err() == nil {
			x.bus.Logger().Info("saved searches wait to be told", "error", err)
		}
		t := time.NewTimer(lookEvery)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-x.teller.changed:
			known = nil
			bus.Pause(ctx, lookEvery/10) // several changes at once are one look
		}
		t.Stop()
	}
}

func (x *Searches) tellAll(ctx context.Context, ask func(access.Actor, archive.Params) (archive.Query, error)) error {
	type who struct {
		actor access.Actor
		err   error
	}
	people := map[events.AccountID]who{}
	for _, s := range x.of("") {
		w, asked := people[s.Account]
		if !asked {
			w.actor, w.err = x.teller.people(ctx, s.Account)
			people[s.Account] = w
		}
		if fault.Is(w.err, fault.Unauthenticated) || fault.Is(w.err, fault.NotFound) {
			continue
		}
		if w.err != nil {
			return w.err
		}
		if err := x.tellOne(ctx, s, w.actor, ask); err != nil {
			return err
		}
	}
	return nil
}

func (x *Searches) tellOne(ctx context.Context, s events.SearchState, a access.Actor, ask func(access.Actor, archive.Params) (archive.Query, error)) error {
	var p archive.Params
	err := json.Unmarshal([]byte(s.Params), &p)
	var q archive.Query
	if err == nil {
		q, err = ask(a, p)
	}
	if err != nil { // of another version; its owner sees what is wrong on opening it
		x.bus.Logger().Warn("a saved search can't be read", "search", s.ID, "error", err)
		return nil
	}
	found, err := x.teller.index.Newly(ctx, q, since(s))
	for fresh := news(s, found); err == nil && len(fresh) > 0; fresh = news(s, fresh) {
		if s, err = x.tellOf(ctx, s, fresh[:min(len(fresh), toldAtOnce)]); s.ID == "" || s.Removed {
			return err
		}
	}
	return err
}

// tellOf states that some cases are told, but for those that another process told meanwhile, and gives the search as it is then.
func (x *Searches) tellOf(ctx context.Context, s events.SearchState, some []events.Told) (events.SearchState, error) {
	after, err := Aggregate.Execute(ctx, x.bus, events.SearchSubject(s.Account, s.ID), x.told(), func(now bus.Loaded[events.SearchState], _ *access.Given) (events.Fact, error) {
		fresh := news(now.State, some)
		if !now.Exists() || now.State.Removed || len(fresh) == 0 {
			return nil, nil
		}
		for i := range fresh {
			fresh[i].At = x.bus.Now().UTC()
		}
		return events.SearchToldFact{Cases: fresh}, nil
	})
	if err == nil && after.Exists() {
		x.keep(after.Sequence, after.State)
	}
	return after.State, err
}
