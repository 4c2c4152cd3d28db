package server_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/intake/server"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/registry/registryapi"
	registry "songshui.internal/services/registry/server"
)

const samples = "../../songshui/internal/samples/"

// rig is intake on a NATS server of its own, with the province's list and no media.
type rig struct {
	t    testing.TB
	conn *nats.Conn
	bus  *bus.Bus
	seal *access.Seal
}

func newRig(t testing.TB) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	nc := natstest.New(t)
	js, err := jetstream.New(nc)
	must(t, err)
	must(t, bus.Migrate(ctx, js, 1, server.Durables()))
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	verifier := access.NewVerifier(public, time.Now)
	rb, err := bus.New(nc, events.ServiceRegistry, bus.Options{})
	must(t, err)
	reg, err := registry.New(registry.Deps{Bus: rb, Verifier: verifier}, registry.Config{})
	must(t, err)
	must(t, reg.Seed(ctx))
	b, err := bus.New(nc, events.ServiceIntake, bus.Options{})
	must(t, err)
	directory, err := registryapi.StartDirectory(ctx, b)
	must(t, err)
	s, err := server.New(server.Deps{Bus: b, Verifier: verifier, Directory: directory, Media: mediaapi.NewResolver(b)}, server.Config{})
	must(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	r := &rig{t: t, conn: nc, bus: b, seal: access.NewSeal(private, time.Now)}
	r.ready(ctx)
	return r
}

// ready waits until intake answers; requests before that have no responder.
func (r *rig) ready(ctx context.Context) {
	r.t.Helper()
	for range 1000 {
		var said map[string]string
		if r.client(access.Actor{}).Ask(ctx, events.ServiceIntake, intakeapi.EndpointReady, nil, nil, &said) == nil {
			return
		}
		must(r.t, r.conn.Flush())
	}
	r.t.Fatal("intake doesn't answer")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *rig) client(a access.Actor) intakeapi.Client {
	token, err := r.seal.Sign(a)
	must(r.t, err)
	return intakeapi.Client{Client: bus.Client{Conn: r.conn, Token: token}}
}

func office(slug events.OfficeSlug, account events.AccountID) access.Actor {
	return access.Actor{Account: account, Role: access.Office, Office: slug, Duties: access.Duties()}
}

var province = access.Actor{Account: "province", Role: access.Supervisor}

// change gives a line with top-level fields replaced; nil takes one out.
func change(t testing.TB, line []byte, fields map[string]any) []byte {
	t.Helper()
	var top map[string]any
	must(t, json.Unmarshal(line, &top))
	for k, v := range fields {
		if v == nil {
			delete(top, k)
		} else {
			top[k] = v
		}
	}
	b, err := json.Marshal(top)
	must(t, err)
	return b
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(samples + file)
	must(t, err)
	return b
}

// line gives the sample case number i without its media.
func line(t testing.TB, i int) []byte {
	t.Helper()
	return change(t, lines(read(t, "cases.jsonl"))[i], map[string]any{"media": []any{}})
}

func lines(b []byte) [][]byte {
	var out [][]byte
	start := 0
	for i, c := range b {
		if c == '\n' {
			out = append(out, b[start:i])
			start = i + 1
		}
	}
	return append(out, b[start:])
}
