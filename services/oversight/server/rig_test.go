package server_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/oversight/server"
	"songshui.internal/services/registry/registryapi"
	registry "songshui.internal/services/registry/server"
)

// world is a system with registry running, cases written by whoever plays intake, and a clock that the test moves.
type world struct {
	t    *testing.T
	nc   *natsgo.Conn
	bus  *bus.Bus
	seal *access.Seal
	deps server.Deps
	look chan time.Time
	// people are the accounts of the bootstrap file by name.
	people map[string]access.Actor

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// at moves the clock to a moment in Shanghai, told in a zone far from it.
func (w *world) at(moment string) {
	w.t.Helper()
	at, err := time.ParseInLocation(time.DateTime, moment, events.Shanghai)
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = at.In(time.FixedZone("elsewhere", -11*3600))
}

var (
	caseRecords  = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: 1, Fold: restatedCase}
	mediaRecords = bus.Aggregate[events.MediaState, *events.MediaState]{Stream: events.StreamMedia, Schema: 1, Fold: restatedMedium}
)

func restatedCase(_ events.CaseState, _ events.Meta, f events.Fact) (events.CaseState, error) {
	return f.(events.CaseRestatedFact).State, nil
}

func restatedMedium(_ events.MediaState, _ events.Meta, f events.Fact) (events.MediaState, error) {
	return f.(events.MediaRestatedFact).State, nil
}

const accounts = `accounts:
  - {name: siping-signer, role: office, office: siping, token: siping-signer-token-01}
  - {name: siping-deputy, role: office, office: siping, token: siping-deputy-token-01}
  - {name: siping-drafter, role: office, office: siping, duties: [drafter], token: siping-drafter-token-1}
  - {name: yanbian-signer, role: office, office: yanbian, token: yanbian-signer-token-1}
  - {name: province, role: supervisor, token: province-token-00001}
`

func newWorld(t *testing.T, moment string) *world {
	t.Helper()
	w := &world{t: t, nc: natstest.New(t), look: make(chan time.Time), people: map[string]access.Actor{}}
	w.at(moment)
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.seal = access.NewSeal(priv, time.Now)
	quiet := slog.New(slog.DiscardHandler)
	if w.bus, err = bus.New(w.nc, events.ServiceOversight, bus.Options{Now: w.clock, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), w.bus.JetStream(), 1, server.Durables()); err != nil {
		t.Fatal(err)
	}
	rb, err := bus.New(w.nc, events.ServiceRegistry, bus.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	verifier := access.NewVerifier(pub, time.Now)
	reg, err := registry.New(registry.Deps{Bus: rb, Verifier: verifier}, registry.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w.background(reg.Run)
	file := filepath.Join(t.TempDir(), "accounts.yaml")
	if err := os.WriteFile(file, []byte(accounts), 0o600); err != nil {
		t.Fatal(err)
	}
	client := registryapi.Client{Client: bus.Client{Conn: w.nc}}
	eventually(t, "registry answers", func() bool { _, err := client.Ready(t.Context()); return err == nil })
	if err := reg.ApplyBootstrap(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"signer": "siping-signer-token-01", "deputy": "siping-deputy-token-01", "drafter": "siping-drafter-token-1", "yanbian": "yanbian-signer-token-1", "province": "province-token-00001"} {
		who, err := client.Authenticate(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		w.people[name] = who.Actor
	}
	directory, err := registryapi.StartDirectory(t.Context(), w.bus)
	if err != nil {
		t.Fatal(err)
	}
	w.deps = server.Deps{Bus: w.bus, Verifier: verifier, Directory: directory, Media: mediaapi.NewResolver(w.bus)}
	return w
}

// background runs something until the test ends.
func (w *world) background(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// run starts a server and waits until it answers.
func (w *world) run() (stop func()) {
	w.t.Helper()
	s, err := server.New(w.deps, server.Config{Look: w.look})
	if err != nil {
		w.t.Fatal(err)
	}
	stop = w.background(s.Run)
	eventually(w.t, "the server answers", func() bool {
		ready, err := oversightapi.Ready(w.t.Context(), bus.Client{Conn: w.nc})
		return err == nil && ready["nats"] == "ok"
	})
	return stop
}

// tick has the server look for months that have begun, and waits until it has; the second look is taken only once the first is done.
func (w *world) tick() {
	w.look <- time.Time{}
	w.look <- time.Time{}
}

// eventually asks again until what holds; it gives up after ten seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within ten seconds: %s", what)
		}
	}
}

// write puts a case of an office into the log: exposed, if it has publications, written as “level day”.
func (w *world) write(c events.CaseState) (sequence uint64) {
	w.t.Helper()
	in := bus.Intent{Name: "restate", Actor: events.System("test"), Given: access.Given{On: "2026-06-12"}}
	l, err := caseRecords.Execute(w.t.Context(), w.bus, events.CaseSubject(c.Office, c.ID), in, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) {
		return events.CaseRestatedFact{State: c, Reason: "test"}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return l.Sequence
}

func caseOf(office events.OfficeSlug, ref, level string, day events.Day) events.CaseState {
	c := events.CaseState{ID: events.CaseIDFor(office, ref), Office: office, Ref: ref, State: events.CaseSubmitted}
	if day != "" {
		c.State, c.ExposedOn = events.CaseExposed, day
		c.Exposures = []events.Publication{{Outlet: "某媒体", Level: level, PublishedOn: day}}
	}
	return c
}

func (w *world) medium(name string) events.MediaID {
	w.t.Helper()
	m := events.MediaState{ID: events.MediaIDFor("siping", "1c", name), Office: "siping", State: events.MediaSealed, File: name, Kind: "document"}
	in := bus.Intent{Name: "restate", Actor: events.System("test"), Given: access.Given{On: "2026-06-12"}}
	_, err := mediaRecords.Execute(w.t.Context(), w.bus, events.MediaSubject(m.Office, m.ID), in, func(bus.Loaded[events.MediaState], *access.Given) (events.Fact, error) {
		return events.MediaRestatedFact{State: m, Reason: "test"}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.ID
}

func (w *world) as(a access.Actor) oversightapi.ReturnClient {
	w.t.Helper()
	token, err := w.seal.Sign(a)
	if err != nil {
		w.t.Fatal(err)
	}
	return oversightapi.ReturnClient{Client: bus.Client{Conn: w.nc, Token: token}}
}

type fields = map[string]any

func (w *world) give(who, name, key string, body any) (oversightapi.ReturnCommanded, error) {
	data, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.as(w.people[who]).Command(w.t.Context(), oversightapi.ReturnCommandParams{Office: "siping", Month: "2026-06", Name: name, Key: key}, data)
}

func (w *world) must(who, name string, body any) oversightapi.ReturnCommanded {
	w.t.Helper()
	got, err := w.give(who, name, "", body)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return got
}

func (w *world) messages() []bus.Message {
	w.t.Helper()
	m, err := w.bus.History(w.t.Context(), events.StreamReturns, events.ReturnSubject("siping", "2026-06"), 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// replay folds the log from nothing: every state in it must be the fold of the facts up to it.
func (w *world) replay() {
	w.t.Helper()
	var s events.ReturnState
	for _, m := range w.messages() {
		fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
		if err == nil {
			s, err = server.ReturnAggregate.Step(s, m.Meta, fact)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if got, _ := json.Marshal(s); string(got) != string(m.Body.State) {
			w.t.Errorf("%s folds to\n%s\nthe log says\n%s", m.Meta.Type, got, m.Body.State)
		}
	}
}
