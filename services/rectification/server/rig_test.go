package server_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/rectification/rectificationapi"
	"songshui.internal/services/rectification/server"
	"songshui.internal/services/registry/registryapi"
)

var now = time.Date(2026, 7, 10, 12, 0, 0, 0, events.Shanghai)

func clock() time.Time { return now }

// world is a system with the layout made, and a case's record to be written by whoever plays intake.
type world struct {
	t       testing.TB
	nc      *natsgo.Conn
	bus     *bus.Bus
	seal    *access.Seal
	key     ed25519.PublicKey
	c       events.CaseState
	medium  events.MediaState
	deps    server.Deps
	stopped context.CancelFunc
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

func newWorld(t *testing.T) *world { return newWorldAt(t, clock) }

func newWorldAt(t testing.TB, now func() time.Time) *world {
	return newWorldOn(t, natstest.New(t), now)
}

func newWorldOn(t testing.TB, nc *natsgo.Conn, now func() time.Time) *world {
	t.Helper()
	w := &world{t: t, nc: nc}
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.key, w.seal = pub, access.NewSeal(priv, time.Now)
	if w.bus, err = bus.New(w.nc, events.ServiceRectification, bus.Options{Now: now, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), w.bus.JetStream(), 1, server.Durables()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../../songshui/internal/samples/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	if err := json.Unmarshal([]byte(line), &w.c); err != nil {
		t.Fatal(err)
	}
	w.c.ID, w.c.State, w.c.ExposedOn = events.CaseIDFor(w.c.Office, w.c.Ref), events.CaseExposed, w.c.Exposures[0].PublishedOn
	w.medium = events.MediaState{ID: events.MediaIDFor(w.c.Office, "1c", "after.jpg"), Office: w.c.Office, State: events.MediaSealed, File: "after.jpg", Kind: "image"}
	directory, err := registryapi.StartDirectory(t.Context(), w.bus)
	if err != nil {
		t.Fatal(err)
	}
	w.deps = server.Deps{Bus: w.bus, Verifier: access.NewVerifier(pub, time.Now), Directory: directory, Media: mediaapi.NewResolver(w.bus)}
	return w
}

// write puts a case's state into the log as it is.
func (w *world) write(c events.CaseState) uint64 {
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

func (w *world) writeMedium() {
	w.t.Helper()
	in := bus.Intent{Name: "restate", Actor: events.System("test"), Given: access.Given{On: "2026-06-12"}}
	_, err := mediaRecords.Execute(w.t.Context(), w.bus, events.MediaSubject(w.medium.Office, w.medium.ID), in, func(bus.Loaded[events.MediaState], *access.Given) (events.Fact, error) {
		return events.MediaRestatedFact{State: w.medium, Reason: "test"}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// run starts a server and waits until it answers; it is stopped with the test, or by w.stop.
func (w *world) run() {
	w.t.Helper()
	s, err := server.New(w.deps, server.Config{})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	w.stopped = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(w.stopped)
	eventually(w.t, "the server answers", func() bool {
		ready, err := rectificationapi.Ready(w.t.Context(), bus.Client{Conn: w.nc})
		return err == nil && ready["nats"] == "ok"
	})
}

// eventually asks again until what holds; it gives up after ten seconds.
func eventually(t testing.TB, what string, holds func() bool) {
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

func (w *world) as(a access.Actor) bus.Client {
	w.t.Helper()
	token, err := w.seal.Sign(a)
	if err != nil {
		w.t.Fatal(err)
	}
	return bus.Client{Conn: w.nc, Token: token}
}

func (w *world) give(a access.Actor, name, key string, body any) (rectificationapi.Commanded, error) {
	data, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return rectificationapi.Command(w.t.Context(), w.as(a), w.c.ID, name, key, data)
}

func (w *world) must(a access.Actor, name string, body any) rectificationapi.Commanded {
	w.t.Helper()
	got, err := w.give(a, name, "", body)
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return got
}

func (w *world) get(a access.Actor) (rectificationapi.View, error) {
	return rectificationapi.Get(w.t.Context(), w.as(a), w.c.ID)
}

func (w *world) messages() []bus.Message {
	w.t.Helper()
	m, err := w.bus.History(w.t.Context(), events.StreamRectification, events.RectificationSubject(w.c.Office, w.c.ID), 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

var (
	desk       = access.Actor{Account: "desk", Role: access.Office, Office: "changchun", Duties: access.Duties()}
	second     = access.Actor{Account: "second", Role: access.Office, Office: "changchun", Duties: access.Duties()}
	other      = access.Actor{Account: "other", Role: access.Office, Office: "jilin", Duties: access.Duties()}
	province   = access.Actor{Account: "province", Role: access.Supervisor}
	journalist = access.Actor{Account: "press", Role: access.Journalist, Outlet: "cc-tv"}
)

type fields = map[string]any

var start = fields{"on": "2026-06-12", "backdate_reason": "补录", "responsible_person": "总经理", "funds_yuan": 1, "interim_safeguards": "停用", "emergency_plan": "撤离"}

// replay folds the log from nothing: every state in it must be the fold of the facts up to it.
func (w *world) replay() {
	w.t.Helper()
	foldAll(w.t, w.messages())
}

// foldAll folds a record's messages and holds each state in them against it; it gives the last.
func foldAll(t interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}, messages []bus.Message) (s events.RectificationState) {
	t.Helper()
	for _, m := range messages {
		fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
		if err == nil {
			s, err = server.Aggregate.Step(s, m.Meta, fact)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(s); string(got) != string(m.Body.State) {
			t.Errorf("%s folds to\n%s\nthe log says\n%s", m.Meta.Type, got, m.Body.State)
		}
	}
	return s
}
