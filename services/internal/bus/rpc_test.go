package bus_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/fault"
)

var refusal = &fault.Error{Code: fault.Conflict, Detail: "moved on", Fields: []fault.Field{{Field: "ref", Code: "taken", Arg: "1"}}, Current: json.RawMessage(`{"revision":3}`)}

// answering serves every kind of endpoint and gives the keys of two portals, of which the first is believed.
func answering(t *testing.T) (nc *natsgo.Conn, ours, theirs ed25519.PrivateKey) {
	t.Helper()
	nc = natstest.New(t)
	b, err := bus.New(nc, events.ServiceIntake, bus.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	public, ours, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, theirs, err = ed25519.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	stop, err := b.Serve(access.NewVerifier(public, time.Now), map[string]bus.Endpoint{
		"ready": func(context.Context, bus.Request) (any, error) { return map[string]string{"nats": "ok"}, nil },
	}, map[string]bus.Endpoint{
		"whoami": func(_ context.Context, r bus.Request) (any, error) {
			var p struct{ Add string }
			err := r.Decode(&p)
			return string(r.Actor.Account) + p.Add + string(r.Body), err
		},
		"refuse": func(context.Context, bus.Request) (any, error) { return nil, refusal },
		"fail":   func(context.Context, bus.Request) (any, error) { return nil, errors.New("a secret of ours") },
		"panic":  func(context.Context, bus.Request) (any, error) { panic("broken") },
		"much":   func(context.Context, bus.Request) (any, error) { return strings.Repeat("x", bus.MaxReply), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stop() })
	return nc, ours, theirs
}

// sign makes a token as of some time ago.
func sign(t *testing.T, key ed25519.PrivateKey, ago time.Duration) string {
	t.Helper()
	token, err := access.NewSeal(key, func() time.Time { return time.Now().Add(-ago) }).Sign(access.Actor{Account: "desk", Role: access.Office, Office: "changchun"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAsk(t *testing.T) {
	t.Parallel()
	nc, ours, _ := answering(t)
	c := bus.Client{Conn: nc, Token: sign(t, ours, 0)}
	var got string
	if err := c.Ask(t.Context(), events.ServiceIntake, "whoami", map[string]string{"Add": "+"}, []byte("body"), &got); err != nil || got != "desk+body" {
		t.Errorf("%q, %v", got, err)
	}
	var ready map[string]string
	if err := (bus.Client{Conn: nc}).Ask(t.Context(), events.ServiceIntake, "ready", nil, nil, &ready); err != nil || ready["nats"] != "ok" {
		t.Errorf("open endpoint without an actor: %v, %v", ready, err)
	}
	f := fault.Of(c.Ask(t.Context(), events.ServiceIntake, "refuse", nil, nil, &got))
	if f.Code != refusal.Code || f.Detail != refusal.Detail || !slices.Equal(f.Fields, refusal.Fields) || string(f.Current) != string(refusal.Current) {
		t.Errorf("refusal came as %+v", f)
	}
	for _, name := range []string{"fail", "panic", "much"} {
		err := c.Ask(t.Context(), events.ServiceIntake, name, nil, nil, &got)
		if !fault.Is(err, fault.Internal) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.Ask(t.Context(), events.ServiceIntake, "whoami", nil, make([]byte, nc.MaxPayload()), &got); !fault.Is(err, fault.BodyTooLarge) {
		t.Errorf("large body: %v", err)
	}
	if err := c.Ask(t.Context(), events.ServiceMedia, "whoami", nil, nil, &got); !fault.Is(err, fault.Unavailable) || fault.Of(err).Detail != events.ServiceMedia {
		t.Errorf("service that nobody runs: %v", err)
	}
}

func TestAskUnbelieved(t *testing.T) {
	t.Parallel()
	nc, ours, theirs := answering(t)
	for name, token := range map[string]string{
		"unsigned":       "",
		"another portal": sign(t, theirs, 0),
		"old":            sign(t, ours, access.Lifetime+2*time.Second),
		"no signature":   strings.SplitN(sign(t, ours, 0), ".", 2)[0],
	} {
		var got string
		if err := (bus.Client{Conn: nc, Token: token}).Ask(t.Context(), events.ServiceIntake, "whoami", struct{}{}, nil, &got); !fault.Is(err, fault.Unauthenticated) || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
