package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry/registryapi"
)

// people answers as registry does: who an account is now. Whoever is in gone is disabled.
type people struct{ gone sync.Map }

func (w *world) registry(t testing.TB, all ...access.Actor) *people {
	t.Helper()
	p := &people{}
	b, err := bus.New(w.conn, events.ServiceRegistry, bus.Options{})
	check(t, err)
	stop, err := b.Serve(nil, map[string]bus.Endpoint{registryapi.EndpointAccount: func(_ context.Context, r bus.Request) (any, error) {
		var asked registryapi.AccountRequest
		if err := json.Unmarshal(r.Body, &asked); err != nil {
			return nil, err
		}
		_, gone := p.gone.Load(asked.ID)
		i := slices.IndexFunc(all, func(a access.Actor) bool { return a.Account == asked.ID })
		if gone || i < 0 {
			return nil, fault.New(fault.Unauthenticated, "test")
		}
		return registryapi.Identity{Actor: all[i]}, nil
	}}, nil)
	check(t, err)
	t.Cleanup(func() { _ = stop() })
	return p
}

func (w *world) as(t testing.TB, a access.Actor) archiveapi.Client {
	t.Helper()
	token, err := w.seal.Sign(a)
	check(t, err)
	return archiveapi.Client{Client: bus.Client{Conn: w.conn, Token: token}}
}

// telling counts how often each case was told of each search, as the log has it.
type telling struct {
	mu   sync.Mutex
	told map[string]int
	most int
}

func (w *world) telling(t testing.TB) *telling {
	t.Helper()
	all := &telling{told: map[string]int{}}
	go func() {
		_ = w.bus.Watch(t.Context(), events.StreamSearches, []string{"search.>"}, 1, func(m bus.Message) {
			fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
			if f, ok := fact.(events.SearchToldFact); err == nil && ok {
				all.mu.Lock()
				defer all.mu.Unlock()
				all.most = max(all.most, len(f.Cases))
				for _, c := range f.Cases {
					all.told[m.Meta.Subject+" "+string(c.Case)]++
				}
			}
		}, nil)
	}()
	return all
}

func (a *telling) of(search events.SearchID, id events.CaseID) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.told[string(search)+" "+string(id)]
}

func (a *telling) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.told)
}

func exposedCase(n int, title string) events.CaseState {
	ref := fmt.Sprintf("告〔2026〕%d号", n)
	return events.CaseState{ID: events.CaseIDFor("jilin", ref), Office: "jilin", Ref: ref, RefKey: ref, State: events.CaseExposed, ExposedOn: "2026-11-20", ExposedAt: time.Now(),
		CaseContent: events.CaseContent{Title: title, FoundOn: "2026-11-19"}}
}

// TestManyTold: a saved search tells each of more cases than one request gives, than one fact takes and than a record keeps, and each once, while two processes tell.
func TestManyTold(t *testing.T) {
	t.Parallel()
	const many = 1100
	w := newWorld(t)
	w.registry(t, journalist)
	_, stop := w.start(t)
	w.start(t)
	c := w.as(t, journalist)
	one, err := c.SaveSearch(t.Context(), archiveapi.SaveSearch{Name: "冷库", Query: "q=冷库", Params: archiveapi.Params{Q: "冷库"}})
	check(t, err)
	all := w.telling(t)
	ids := make([]events.CaseID, many)
	saved, err := time.Parse(time.RFC3339Nano, one.SavedAt)
	check(t, err)
	for i := range many {
		one := exposedCase(i, "冷库氨气浓度超标")
		if i == 0 {
			one.ExposedAt = saved.Add(time.Microsecond) // in the millisecond in which the search was saved
		}
		if ids[i] = one.ID; i%5 == 4 { // exposed in the same millisecond as the one before
			one.ExposedAt = one.ExposedAt.Truncate(time.Millisecond)
		}
		w.putCase(t, one)
	}
	w.until(t, "all are told", func() bool { return all.count() == many })
	last := exposedCase(many, "冷库又一例")
	w.putCase(t, last)
	w.until(t, "one more is told", func() bool { return all.of(one.ID, last.ID) == 1 })
	for i, id := range ids {
		if n := all.of(one.ID, id); n != 1 {
			t.Errorf("case %d of %d was told %d times", i, many, n)
		}
	}
	list, err := c.Told(t.Context(), one.ID)
	check(t, err)
	if len(list.Cases) != archiveapi.MaxToldListed || list.Cases[0].ID != last.ID {
		t.Errorf("%d listed, first %v", len(list.Cases), list.Cases[0])
	}

	stop() // nothing is told again by the one that goes on, nor after a change that finds the same
	_, err = c.SaveSearch(t.Context(), archiveapi.SaveSearch{ID: one.ID, Name: "氨", Query: "q=氨气|冷库", Params: archiveapi.Params{Q: "氨气|冷库"}})
	check(t, err)
	another := exposedCase(many+1, "冷库再一例")
	w.putCase(t, another)
	w.until(t, "the other process tells", func() bool { return all.of(one.ID, another.ID) == 1 })
	if all.count() != many+2 || all.of(one.ID, ids[many-1]) != 1 {
		t.Errorf("%d told", all.count())
	}
}

// TestTellingPeople: a disabled person is told nothing until enabled again, and then of what was exposed meanwhile; whoever may not see a case is not told of it; a caption that names it later is enough.
func TestTellingPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := access.Actor{Account: "other", Role: access.Journalist, Outlet: "jl-daily"}
	known := w.registry(t, journalist, other)
	w.start(t)
	all := w.telling(t)
	save := func(a access.Actor, q string) events.SearchID {
		t.Helper()
		s, err := w.as(t, a).SaveSearch(t.Context(), archiveapi.SaveSearch{Name: q, Query: "q=" + q, Params: archiveapi.Params{Q: q}})
		check(t, err)
		return s.ID
	}
	mine, others, caption := save(journalist, "冷库"), save(other, "冷库"), save(other, "压力表")
	known.gone.Store(journalist.Account, true)
	first := exposedCase(1, "冷库氨气浓度超标")
	w.putCase(t, first)
	w.until(t, "the other is told", func() bool { return all.of(others, first.ID) == 1 })
	hidden := exposedCase(2, "冷库未曝光")
	hidden.State, hidden.ExposedOn, hidden.ExposedAt = events.CaseSubmitted, "", time.Time{}
	w.putCase(t, hidden)
	second := exposedCase(3, "冷库第三例")
	w.putCase(t, second)
	w.until(t, "the other is told again", func() bool { return all.of(others, second.ID) == 1 })
	if all.of(mine, first.ID)+all.of(mine, second.ID)+all.of(others, hidden.ID) != 0 {
		t.Errorf("told %v", all.told)
	}
	known.gone.Delete(journalist.Account)
	third := exposedCase(4, "冷库第四例")
	w.putCase(t, third)
	w.until(t, "all is told to who came back", func() bool {
		return all.of(mine, first.ID) == 1 && all.of(mine, second.ID) == 1 && all.of(mine, third.ID) == 1
	})

	third.Media = []events.CaseMedium{{ID: "m-1", File: "a.jpg", Caption: "压力表失效"}}
	w.putCase(t, third)
	w.putMedium(t, events.MediaState{ID: "m-1", Office: "jilin", State: events.MediaCleared, TakenBy: []events.CaseID{third.ID}})
	w.until(t, "the caption is told", func() bool { return all.of(caption, third.ID) == 1 })
}

// TestSavingTwice: one key is one search, also side by side; after it was removed the same begins a new one without what it told; an account has as many as it may and no more.
func TestSavingTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registry(t, journalist)
	w.start(t)
	c := w.as(t, journalist)
	all := w.telling(t)
	s := archiveapi.SaveSearch{Name: "冷库", Query: "q=冷库", Params: archiveapi.Params{Q: "冷库"}, Key: "one"}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := c.SaveSearch(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	list, err := c.Searches(t.Context())
	check(t, err)
	if len(list.Searches) != 1 {
		t.Fatalf("%d searches", len(list.Searches))
	}
	old := list.Searches[0]
	one := exposedCase(1, "冷库氨气浓度超标")
	w.putCase(t, one)
	w.until(t, "told", func() bool { return all.of(old.ID, one.ID) == 1 })
	feed, err := c.FeedOfSearch(t.Context(), archiveapi.NamedSearch{ID: old.ID})
	check(t, err)
	check(t, c.RemoveSearch(t.Context(), old.ID))
	s.Name = "冷库二"
	again, err := c.SaveSearch(t.Context(), s)
	check(t, err)
	at := func(s archiveapi.SavedSearch) time.Time {
		at, err := time.Parse(time.RFC3339Nano, s.SavedAt)
		check(t, err)
		return at
	}
	if len(again.Told) != 0 || again.Name != "冷库二" || again.Feed || !at(again).After(at(old)) {
		t.Errorf("again %+v after %+v", again, old)
	}
	if _, err := c.FeedOf(t.Context(), feed.Token); !fault.Is(err, fault.NotFound) {
		t.Errorf("the old feed: %v", err)
	}
	list, err = c.Searches(t.Context())
	check(t, err)
	if len(list.Searches) != 1 || list.Searches[0].Name != "冷库二" {
		t.Errorf("searches %+v", list)
	}

	var refusals atomic.Int64
	for i := range archiveapi.MaxSaved + 10 {
		group.Go(func() {
			_, err := c.SaveSearch(t.Context(), archiveapi.SaveSearch{Name: fmt.Sprint(i), Query: "q=冷库", Params: archiveapi.Params{Q: "冷库"}})
			if f := fault.Of(err); err != nil && (f.Code != fault.Invalid || f.Fields[0].Field != "search" || f.Fields[0].Code != "too_many") {
				t.Error(err)
			} else if err != nil {
				refusals.Add(1)
			}
		})
	}
	group.Wait()
	if refusals.Load() != 11 {
		t.Errorf("%d were refused", refusals.Load())
	}
	if _, err := c.SaveSearch(t.Context(), s); err != nil { // the same again is none more
		t.Error(err)
	}
	for name, wrong := range map[string]archiveapi.SaveSearch{
		"name required": {Name: " ", Query: "q=x"}, "name too_long": {Name: string(slices.Repeat([]rune("长"), archiveapi.MaxSavedName+1)), Query: "q=x"}, "name encoding": {Name: "a\x01", Query: "q=x"},
		"query too_long": {Name: "a", Query: string(slices.Repeat([]rune("q"), archiveapi.MaxSavedQuery+1))},
	} {
		_, err := c.SaveSearch(t.Context(), wrong)
		if f := refused(t, err, fault.Invalid); f.Fields[0].Field+" "+f.Fields[0].Code != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = c.SaveSearch(t.Context(), archiveapi.SaveSearch{Name: "a", Query: "q=x", Params: archive.Params{Sort: "best"}})
	refused(t, err, fault.BadParameter)
}
