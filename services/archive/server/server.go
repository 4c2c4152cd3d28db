// Package server runs archive: it keeps the index in step with the log and answers rpc.archive. It is the only place where archive's parts are put together.
//
// Several may run beside each other: one writes, all answer queries. While the engine is away queries are refused with fault.Unavailable (Detail "search"), writing
// waits, and `ready` says so; nothing is lost.
package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/archive/internal/index"
	"songshui.internal/services/archive/internal/saved"
	"songshui.internal/services/archive/internal/writer"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/registry/registryapi"
)

// awaitMost is how long a query waits for a sequence that it must know of (api.md: at most 3 s).
const awaitMost = 3 * time.Second

// Deps are what archive runs on. Search must be made with meilisearch.DisableRetries.
type Deps struct {
	Bus      *bus.Bus
	Verifier *access.Verifier
	Search   meilisearch.ServiceManager
	// Days gives the working days as the registry has them (registryapi.Directory.Calendar); without it only weekends are off.
	Days func() *workdays.Calendar
}

// Config has nothing to set.
type Config struct{}

// Rebuilt and Difference are what Rebuild and VerifyIndex give.
type (
	// Rebuilt counts the cases of the new index and names those that were passed over.
	Rebuilt = writer.Rebuilt
	// Difference is a case whose document isn't what the log says.
	Difference = writer.Difference
)

// Server is archive, ready to run.
type Server struct {
	deps   Deps
	index  *index.Index
	writer *writer.Writer
	saved  *saved.Searches
	// maxFrozen and idsAtOnce are archive.MaxFrozen and the constant of that name, but in tests.
	maxFrozen, idsAtOnce int
}

// New makes a Server; nothing is touched before Run.
func New(d Deps, _ Config) (*Server, error) {
	if d.Bus == nil || d.Verifier == nil || d.Search == nil {
		return nil, errors.New("archive: a dependency is missing")
	}
	if d.Days == nil {
		weekends, err := workdays.New()
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		d.Days = func() *workdays.Calendar { return weekends }
	}
	x := index.New(d.Search)
	people := registryapi.Client{Client: bus.Client{Conn: d.Bus.Conn()}}
	s := &Server{deps: d, index: x, writer: writer.New(d.Bus, x), maxFrozen: archive.MaxFrozen, idsAtOnce: idsAtOnce}
	s.saved = saved.New(d.Bus, x, func(ctx context.Context, id events.AccountID) (access.Actor, error) {
		who, err := people.Account(ctx, string(id))
		return who.Actor, err
	})
	return s, nil
}

// Durables are the consumers that archive reads with; migrate makes them.
func Durables() []bus.Durable { return writer.Durables() }

// Run answers requests and writes the index until ctx ends. An index that is missing or of another shape is built first; until then queries are refused.
func (s *Server) Run(ctx context.Context) error {
	open, signed := s.saved.Open(), s.saved.Signed()
	open[archiveapi.EndpointReady] = s.ready
	signed[archiveapi.EndpointSearch], signed[archiveapi.EndpointSuggest], signed[archiveapi.EndpointSearchTold] = s.search, s.suggest, s.told
	stop, err := s.deps.Bus.Serve(s.deps.Verifier, open, signed)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	defer func() { _ = stop() }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var telling sync.WaitGroup
	telling.Go(func() { s.saved.Run(ctx, s.ask) })
	err = s.writer.Run(ctx)
	cancel()
	telling.Wait()
	return err
}

// ask makes a query of an actor's parameters as of today.
func (s *Server) ask(a access.Actor, p archive.Params) (archive.Query, error) {
	q, err := archive.Ask(a, p)
	q.Today = events.DayOf(s.deps.Bus.Now())
	q.OverdueUntil = past(s.deps.Days(), q.Today)
	return q, err
}

// SearchAggregate is how saved searches are kept, for verify.
var SearchAggregate = saved.Aggregate

// Rebuild builds the index anew from the log, whether a Server runs or not; queries go on meanwhile.
func (s *Server) Rebuild(ctx context.Context) (Rebuilt, error) { return s.writer.Rebuild(ctx) }

// VerifyIndex composes every document again and gives those that differ from the index; none says that the index equals the log. An index that isn't built is an error.
func (s *Server) VerifyIndex(ctx context.Context) ([]Difference, error) { return s.writer.Verify(ctx) }

func (s *Server) search(ctx context.Context, r bus.Request) (any, error) {
	begin := time.Now()
	var p archive.Params
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	q, err := s.ask(r.Actor, p)
	if err != nil {
		return nil, err
	}
	if err := s.known(ctx, p.MinSeq); err != nil {
		return nil, err
	}
	var found archive.Found
	switch {
	case p.Continues():
		found, err = s.continued(ctx, r.Actor, q, p.Cursor)
	case p.Cursor != "":
		found, err = s.freeze(ctx, r.Actor, q)
	default:
		found, err = s.index.Search(ctx, q)
	}
	if err != nil {
		if fault.Is(err, fault.Unavailable) || errors.Is(err, index.ErrNotBuilt) {
			s.writer.Doubt()
		}
		return nil, err
	}
	found.Hits = s.dressed(found.Hits, q)
	found.TookMS = float64(time.Since(begin).Microseconds()) / 1000
	return found, nil
}

// dressed gives hits the days that are reckoned anew each day.
func (s *Server) dressed(hits []archive.Hit, q archive.Query) []archive.Hit {
	for i := range hits {
		if h := &hits[i]; h.DueOn != "" {
			h.OverdueDays = max(0, s.deps.Days().Move(h.DueOn, h.Office).Until(q.Today))
		}
	}
	return hits
}

// known waits until the index is built and knows a sequence of CASES.
func (s *Server) known(ctx context.Context, sequence uint64) error {
	if !s.writer.Built() {
		f := fault.Wrap(fault.Unavailable, "archive: search", index.ErrNotBuilt)
		f.Detail = "search"
		return f
	}
	if sequence == 0 {
		return nil
	}
	return s.await(ctx, sequence)
}

// past gives the last due day that is past today, once it has been moved off days off. Local holidays of single offices are left to OverdueDays.
func past(days *workdays.Calendar, today events.Day) events.Day {
	due := today.Add(-1)
	for days.Move(due, "") >= today {
		due = due.Add(-1)
	}
	return due
}

func (s *Server) await(ctx context.Context, sequence uint64) error {
	ctx, cancel := context.WithTimeout(ctx, awaitMost)
	defer cancel()
	return s.writer.Await(ctx, sequence)
}

func (s *Server) ready(ctx context.Context, _ bus.Request) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, bus.ReadyTimeout)
	defer cancel()
	state := "ok"
	switch {
	case s.index.Ready(ctx) != nil:
		state = "away"
	case !s.writer.Built():
		state = "building"
	}
	return map[string]string{"search": state}, nil
}
