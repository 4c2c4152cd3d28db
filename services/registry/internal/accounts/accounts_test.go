package accounts

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
)

func TestDecoyCostsWhatAPasswordCosts(t *testing.T) {
	t.Parallel()
	p, _, _, err := argon2id.DecodeHash(decoy)
	if err != nil || *p != *params {
		t.Errorf("decoy %+v, passwords %+v, %v", p, params, err)
	}
}

func TestScalarsAreTakenAsWritten(t *testing.T) {
	t.Parallel()
	b, err := ParseBootstrap(strings.NewReader("accounts:\n - {name: 007, password: 0123, token: 1.50}\n - {name: true, password: '1e3', outlet: null}\n - name: |-\n    长\n   password: \"\"\n"))
	if err != nil || len(b.Accounts) != 3 {
		t.Fatal(b, err)
	}
	for i, want := range []BootstrapAccount{{Name: "007", Password: "0123", Token: "1.50"}, {Name: "true", Password: "1e3"}, {Name: "长"}} {
		if got := b.Accounts[i]; got.Name != want.Name || got.Password != want.Password || got.Token != want.Token || got.Outlet != "" {
			t.Errorf("accounts[%d]: %+v", i, got)
		}
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	b, err := bus.New(natstest.New(t), events.ServiceRegistry, bus.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), b.JetStream(), 1, nil); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), b, NewHasher())
	if err != nil {
		t.Fatal(err)
	}
	fail := func(name string) {
		if _, err := s.SignIn(t.Context(), name, "wrong"); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
	}
	fail("old")
	ahead.Store(int64(Window + time.Minute))
	fail("new")
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := s.keys(t.Context(), prefixTries)
	if err != nil || len(keys) != 1 || keys[0] != prefixTries+nameHash("new") {
		t.Errorf("left: %v, %v", keys, err)
	}
	fail("old") // a swept key can be made again
}

func TestTokenIsOneAccounts(t *testing.T) {
	t.Parallel()
	b, err := bus.New(natstest.New(t), events.ServiceRegistry, bus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), b.JetStream(), 1, nil); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), b, NewHasher())
	if err != nil {
		t.Fatal(err)
	}
	give := func(id events.AccountID, secret string) error {
		_, _, err := s.Change(t.Context(), id, events.Actor{}, "test", func(a *registry.Account) error {
			a.SetBootstrapToken(registry.HashSecret(secret))
			return nil
		})
		return err
	}
	if err := give("one", "secret"); err != nil {
		t.Fatal(err)
	}
	if err := give("two", "secret"); !errors.Is(err, ErrTokenTaken) {
		t.Errorf("a second owner: %v", err)
	}
	if err := give("one", "other"); err != nil {
		t.Fatal(err)
	}
	if err := give("two", "secret"); err != nil {
		t.Errorf("a token that was given up: %v", err)
	}
	if a, err := s.ByToken(t.Context(), "secret"); err != nil || a.ID != "two" {
		t.Errorf("%v, %v", a.ID, err)
	}
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher()
	for b.Loop() {
		if _, err := h.hash(b.Context(), "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
}
