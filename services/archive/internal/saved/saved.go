package saved

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// Searches answers for saved searches. It is safe for concurrent use.
type Searches struct {
	bus    *bus.Bus
	teller teller

	mu sync.RWMutex
	// all are the searches that aren't removed, as far as SEARCHES has been followed.
	all       map[events.SearchID]events.SearchState
	sequences map[events.SearchID]uint64
	caughtUp  chan struct{}
	// followed is up to where SEARCHES has been followed; moved is closed when that changes.
	followed uint64
	moved    chan struct{}
	// saving lets one search begin at a time, so that requests side by side don't go past archiveapi.MaxSaved; each further process can add one.
	saving sync.Mutex
}

// New makes Searches that follow SEARCHES and tell while Run runs.
func New(b *bus.Bus, index Index, people People) *Searches {
	return &Searches{bus: b, teller: teller{index: index, people: people, changed: make(chan struct{}, 1)}, all: map[events.SearchID]events.SearchState{}, sequences: map[events.SearchID]uint64{}, caughtUp: make(chan struct{}), moved: make(chan struct{})}
}

// Open are the endpoints without an actor, Signed those with one.
func (x *Searches) Open() map[string]bus.Endpoint {
	return map[string]bus.Endpoint{archiveapi.EndpointFeedOf: x.feedOf}
}

// Signed are the endpoints with an actor.
func (x *Searches) Signed() map[string]bus.Endpoint {
	return map[string]bus.Endpoint{archiveapi.EndpointSearches: x.list, archiveapi.EndpointSearchSave: x.save, archiveapi.EndpointSearchRemove: x.remove, archiveapi.EndpointSearchFeed: x.feed}
}

// keep takes a state into account unless a later one was.
func (x *Searches) keep(sequence uint64, s events.SearchState) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if sequence < x.sequences[s.ID] {
		return
	}
	x.sequences[s.ID] = sequence
	if s.Removed {
		delete(x.all, s.ID)
		return
	}
	x.all[s.ID] = s
}

// of lists an account's searches, the newest first; of all accounts for "".
func (x *Searches) of(account events.AccountID) (out []events.SearchState) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, s := range x.all {
		if account == "" || s.Account == account {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b events.SearchState) int {
		if c := b.SavedAt.Compare(a.SavedAt); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return out
}

// passed takes into account that SEARCHES has been followed up to a sequence.
func (x *Searches) passed(sequence uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if sequence > x.followed {
		x.followed = sequence
		close(x.moved)
		x.moved = make(chan struct{})
	}
}

// current waits until all is known that any process has stated of an account's searches.
func (x *Searches) current(ctx context.Context, account events.AccountID) error {
	if err := x.ready(ctx); err != nil {
		return err
	}
	last, err := x.bus.Last(ctx, events.StreamSearches, events.SearchSubject(account, "*"))
	if errors.Is(err, bus.ErrNone) {
		return nil
	}
	if err != nil && !errors.Is(err, events.ErrMalformed) { // a message that can't be read is passed over by follow too
		return err
	}
	for {
		x.mu.RLock()
		followed, moved := x.followed, x.moved
		x.mu.RUnlock()
		if followed >= last.Sequence {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return fault.Wrap(fault.Unavailable, "archive: saved searches", ctx.Err())
		}
	}
}

// ready waits until SEARCHES has been read; a list that is short would let too many be saved.
func (x *Searches) ready(ctx context.Context) error {
	select {
	case <-x.caughtUp:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, "archive: saved searches", ctx.Err())
	}
}

func (x *Searches) list(ctx context.Context, r bus.Request) (any, error) {
	if err := x.current(ctx, r.Actor.Account); err != nil {
		return nil, err
	}
	out := archiveapi.SavedSearches{Searches: []archiveapi.SavedSearch{}}
	for _, s := range x.of(r.Actor.Account) {
		out.Searches = append(out.Searches, View(s))
	}
	return out, nil
}

// View is a search as its owner sees it.
func View(s events.SearchState) archiveapi.SavedSearch {
	return archiveapi.SavedSearch{ID: s.ID, Name: s.Name, Query: s.Query, SavedAt: s.SavedAt.Format(time.RFC3339Nano), Told: s.Told, Feed: s.Feed != ""}
}

// checked reads what is to be saved: the parameters as JSON, without what pages.
func checked(a access.Actor, p archiveapi.SaveSearch) (name, params string, err error) {
	name = strings.TrimSpace(p.Name)
	var wrong fault.Fields
	switch {
	case name == "":
		wrong.Add("name", "required")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		wrong.Add("name", "encoding")
	case utf8.RuneCountInString(name) > archiveapi.MaxSavedName:
		wrong.AddArg("name", "too_long", strconv.Itoa(archiveapi.MaxSavedName))
	}
	if len(p.Query) > archiveapi.MaxSavedQuery {
		wrong.AddArg("query", "too_long", strconv.Itoa(archiveapi.MaxSavedQuery))
	}
	if err := wrong.Err("archive: save a search"); err != nil {
		return "", "", err
	}
	q := p.Params
	q.Page, q.PerPage, q.Cursor, q.MinSeq = 0, 0, "", 0
	if _, err := archive.Ask(a, q); err != nil {
		return "", "", err
	}
	data, err := json.Marshal(q)
	return name, string(data), err
}

func (x *Searches) save(ctx context.Context, r bus.Request) (any, error) {
	var p archiveapi.SaveSearch
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	name, params, err := checked(r.Actor, p)
	if err != nil {
		return nil, err
	}
	if p.ID != "" {
		return x.change(ctx, r, p.ID, "change-search", func(s events.SearchState) events.Fact {
			if s.Name == name && s.Query == p.Query && s.Params == params {
				return nil
			}
			return events.SearchChangedFact{Name: name, Query: p.Query, Params: params}
		})
	}
	if err := x.current(ctx, r.Actor.Account); err != nil {
		return nil, err
	}
	id := events.SearchID(rand.Text())
	if p.Key != "" { // the same sent twice is one search; sent again after it was removed, it begins anew
		id = events.SearchID(short(string(r.Actor.Account) + "\x00" + p.Key))
	}
	x.saving.Lock()
	defer x.saving.Unlock()
	if had := x.of(r.Actor.Account); len(had) >= archiveapi.MaxSaved && !slices.ContainsFunc(had, func(s events.SearchState) bool { return s.ID == id }) {
		var wrong fault.Fields
		wrong.AddArg("search", "too_many", strconv.Itoa(archiveapi.MaxSaved))
		return nil, wrong.Err("archive: save a search")
	}
	after, err := Aggregate.Execute(ctx, x.bus, events.SearchSubject(r.Actor.Account, id), x.intent(r.Actor, "save-search"), func(now bus.Loaded[events.SearchState], _ *access.Given) (events.Fact, error) {
		if now.Exists() && !now.State.Removed {
			return nil, nil
		}
		return events.SearchSavedFact{ID: id, Account: r.Actor.Account, Name: name, Query: p.Query, Params: params}, nil
	})
	return x.after(after, err)
}

func (x *Searches) told() bus.Intent {
	return bus.Intent{Name: "tell", Actor: events.System(events.ServiceArchive), Given: access.Given{On: events.DayOf(x.bus.Now())}}
}

func (x *Searches) intent(a access.Actor, name string) bus.Intent {
	return bus.Intent{Name: name, Actor: a.Event(), Given: access.Given{On: events.DayOf(x.bus.Now())}}
}

// change appends a fact to one of the actor's searches; fault.NotFound for any other.
func (x *Searches) change(ctx context.Context, r bus.Request, id events.SearchID, name string, fact func(events.SearchState) events.Fact) (any, error) {
	missing := fault.New(fault.NotFound, "archive: saved search")
	if len(id) > 64 || id == "" || strings.ContainsFunc(string(id), func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return nil, missing
	}
	after, err := Aggregate.Execute(ctx, x.bus, events.SearchSubject(r.Actor.Account, id), x.intent(r.Actor, name), func(now bus.Loaded[events.SearchState], _ *access.Given) (events.Fact, error) {
		if !now.Exists() || now.State.Removed {
			return nil, missing
		}
		return fact(now.State), nil
	})
	return x.after(after, err)
}

func (x *Searches) after(l bus.Loaded[events.SearchState], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	x.keep(l.Sequence, l.State)
	x.teller.look()
	return View(l.State), nil
}

func (x *Searches) remove(ctx context.Context, r bus.Request) (any, error) {
	var p archiveapi.NamedSearch
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	if _, err := x.change(ctx, r, p.ID, "remove-search", func(events.SearchState) events.Fact { return events.SearchRemovedFact{} }); err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

func (x *Searches) feed(ctx context.Context, r bus.Request) (any, error) {
	var p archiveapi.NamedSearch
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	token, hash := "", ""
	if !p.End {
		token = rand.Text()
		hash = hashOf(token)
	}
	if _, err := x.change(ctx, r, p.ID, "feed-search", func(events.SearchState) events.Fact { return events.SearchFeedFact{Feed: hash} }); err != nil {
		return nil, err
	}
	return archiveapi.SearchFeed{Token: token}, nil
}

// Of gives one of an account's searches; fault.NotFound for any other.
func (x *Searches) Of(ctx context.Context, account events.AccountID, id events.SearchID) (events.SearchState, error) {
	if err := x.current(ctx, account); err != nil {
		return events.SearchState{}, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	s, ok := x.all[id]
	if !ok || s.Account != account {
		return s, fault.New(fault.NotFound, "archive: saved search")
	}
	return s, nil
}

func (x *Searches) feedOf(ctx context.Context, r bus.Request) (any, error) {
	var p archiveapi.SearchFeed
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	if err := x.ready(ctx); err != nil {
		return nil, err
	}
	hash := hashOf(p.Token)
	for _, s := range x.of("") {
		if p.Token != "" && s.Feed == hash {
			return archiveapi.FeedOwner{Account: s.Account, Search: View(s)}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "archive: feed")
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// short makes an id of a key.
func short(s string) string { return strings.ToUpper(hashOf(s)[:26]) }
