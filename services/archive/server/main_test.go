package server_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meilisearch/meilisearch-go"
	natsgo "github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/archive/server"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/embedded/search"
	"songshui.internal/services/internal/fault"
)

// world is archive on a NATS and an engine of its own; tests write the facts that other services would.
type world struct {
	conn     *natsgo.Conn
	bus      *bus.Bus
	verifier *access.Verifier
	seal     *access.Seal
	engine   *search.Server
	dir      string
	client   meilisearch.ServiceManager
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{conn: natstest.New(t), dir: t.TempDir()}
	public, private, err := ed25519.GenerateKey(nil)
	check(t, err)
	w.seal, w.verifier = access.NewSeal(private, time.Now), access.NewVerifier(public, time.Now)
	w.bus, err = bus.New(w.conn, events.ServiceArchive, bus.Options{})
	check(t, err)
	check(t, bus.Migrate(t.Context(), w.bus.JetStream(), 1, server.Durables()))
	if real() {
		w.client = meilisearchOf(t)
		return w
	}
	w.startEngine(t)
	return w
}

// embedded gives the engine inside the process, for what a Meilisearch that others use can't be asked to suffer.
func (w *world) embedded(t testing.TB) *search.Server {
	t.Helper()
	if w.engine == nil {
		w.startEngine(t)
	}
	return w.engine
}

func (w *world) startEngine(t testing.TB) {
	t.Helper()
	var err error
	w.engine, err = search.Start(context.Background(), search.Config{Dir: w.dir})
	check(t, err)
	t.Cleanup(func() { _ = w.engine.Close() })
	w.client = w.engine.Client()
}

// start runs a server until the test or stop ends it.
func (w *world) start(t testing.TB) (s *server.Server, stop func()) {
	t.Helper()
	s, err := server.New(server.Deps{Bus: w.bus, Verifier: w.verifier, Search: w.client}, server.Config{})
	check(t, err)
	return s, w.run(t, s)
}

// run runs a server until the test or stop ends it.
func (w *world) run(t testing.TB, s *server.Server) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	w.until(t, "ready", func() bool {
		var reply map[string]string
		err := bus.Client{Conn: w.conn}.Ask(t.Context(), events.ServiceArchive, archiveapi.EndpointReady, nil, nil, &reply)
		return err == nil && reply["search"] == "ok"
	})
	return stop
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits, without a sleep of its own, until something is so.
func (w *world) until(t testing.TB, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("not %s in time", what)
		case <-tick.C:
		}
	}
}

// The records are written as restated facts: a fact that says the whole state.
var (
	caseFiles = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: events.CaseSchema,
		Fold: func(_ events.CaseState, _ events.Meta, f events.Fact) (events.CaseState, error) {
			return f.(events.CaseRestatedFact).State, nil
		}}
	rectifications = bus.Aggregate[events.RectificationState, *events.RectificationState]{Stream: events.StreamRectification, Schema: events.RectificationSchema,
		Fold: func(_ events.RectificationState, _ events.Meta, f events.Fact) (events.RectificationState, error) {
			return f.(events.RectificationRestatedFact).State, nil
		}}
	mediaFiles = bus.Aggregate[events.MediaState, *events.MediaState]{Stream: events.StreamMedia, Schema: events.MediaSchema,
		Fold: func(_ events.MediaState, _ events.Meta, f events.Fact) (events.MediaState, error) {
			return f.(events.MediaRestatedFact).State, nil
		}}
	intent = bus.Intent{Name: "restate", Actor: events.System("test")}
)

func (w *world) putCase(t testing.TB, c events.CaseState) uint64 {
	t.Helper()
	l, err := caseFiles.Execute(t.Context(), w.bus, events.CaseSubject(c.Office, c.ID), intent, restated(c))
	check(t, err)
	return l.Sequence
}

func restated(c events.CaseState) bus.Decide[events.CaseState] {
	return func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) {
		return events.CaseRestatedFact{State: c}, nil
	}
}

func (w *world) putRectification(t testing.TB, r events.RectificationState) {
	t.Helper()
	_, err := rectifications.Execute(t.Context(), w.bus, events.RectificationSubject(r.Office, r.ID), intent, func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) {
		return events.RectificationRestatedFact{State: r}, nil
	})
	check(t, err)
}

func (w *world) putMedium(t testing.TB, m events.MediaState) {
	t.Helper()
	_, err := mediaFiles.Execute(t.Context(), w.bus, events.MediaSubject(m.Office, m.ID), intent, func(bus.Loaded[events.MediaState], *access.Given) (events.Fact, error) {
		return events.MediaRestatedFact{State: m}, nil
	})
	check(t, err)
}

// sample is a line of cases.jsonl.
type sample struct {
	Ref    string            `json:"ref"`
	Office events.OfficeSlug `json:"office"`
	events.CaseContent
	Exposures []events.Publication `json:"exposures"`
	Media     []events.CaseMedium  `json:"media"`
}

// samples gives the sample cases as intake would have them.
func samples(t testing.TB) []events.CaseState {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "songshui", "internal", "samples", "cases.jsonl"))
	check(t, err)
	var out []events.CaseState
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s sample
		check(t, json.Unmarshal(lines.Bytes(), &s))
		c := events.CaseState{ID: events.CaseIDFor(s.Office, s.Ref), Office: s.Office, Ref: s.Ref, RefKey: s.Ref, State: events.CaseSubmitted, CaseContent: s.CaseContent, Exposures: s.Exposures, Media: s.Media}
		for i := range c.Media {
			c.Media[i].ID = events.MediaIDFor(s.Office, "", c.Media[i].File)
		}
		for i := range c.Exposures {
			p := &c.Exposures[i]
			p.Level = p.ClaimedLevel
			if c.ExposedOn == "" || p.PublishedOn < c.ExposedOn {
				c.ExposedOn = p.PublishedOn
			}
			c.State = events.CaseExposed
		}
		out = append(out, c)
	}
	check(t, lines.Err())
	return out
}

func (w *world) putSamples(t testing.TB) (all []events.CaseState, last uint64) {
	t.Helper()
	all = samples(t)
	for _, c := range all {
		last = w.putCase(t, c)
	}
	return all, last
}

func office(slug events.OfficeSlug) access.Actor {
	return access.Actor{Account: "a-" + events.AccountID(slug), Role: access.Office, Office: slug, Duties: access.Duties()}
}

var (
	province   = access.Actor{Account: "province", Role: access.Supervisor}
	journalist = access.Actor{Account: "reporter", Role: access.Journalist, Outlet: "cc-tv"}
	admin      = access.Actor{Account: "admin", Role: access.Admin}
)

func (w *world) ask(t testing.TB, a access.Actor, p archiveapi.Params) (archiveapi.Found, error) {
	t.Helper()
	token, err := w.seal.Sign(a)
	check(t, err)
	return archiveapi.Client{Client: bus.Client{Conn: w.conn, Token: token}}.Search(t.Context(), p)
}

func (w *world) search(t testing.TB, a access.Actor, p archiveapi.Params) archiveapi.Found {
	t.Helper()
	found, err := w.ask(t, a, p)
	for tries := 0; real() && fault.Is(err, fault.Unavailable) && p.MinSeq > 0 && tries < 10; tries++ { // one that many tests write to takes its time
		found, err = w.ask(t, a, p)
	}
	check(t, err)
	return found
}

func refs(f archiveapi.Found) []string {
	out := make([]string, len(f.Hits))
	for i, h := range f.Hits {
		out[i] = h.Ref
	}
	return out
}

func refused(t testing.TB, err error, want fault.Code) *fault.Error {
	t.Helper()
	if !fault.Is(err, want) {
		t.Fatalf("got %v, want %s", err, want)
	}
	return fault.Of(err)
}

// breaker carries requests to an engine, or breaks them off.
type breaker struct {
	off    atomic.Bool
	before atomic.Pointer[func(*http.Request)]
	engine atomic.Pointer[search.Server]
	client meilisearch.ServiceManager
}

func newBreaker(e *search.Server) *breaker {
	b := &breaker{}
	b.engine.Store(e)
	b.client = meilisearch.New("http://search.test", meilisearch.DisableRetries(), meilisearch.WithCustomClient(&http.Client{Transport: b}))
	return b
}

// RoundTrip is the transport's.
func (b *breaker) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.off.Load() {
		return nil, errors.New("connection refused")
	}
	if before := b.before.Load(); before != nil {
		(*before)(r)
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	b.engine.Load().ServeHTTP(rec, in)
	return rec.Result(), nil
}
