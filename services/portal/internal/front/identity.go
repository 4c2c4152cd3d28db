package front

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal"
	"songshui.internal/services/registry/registryapi"
)

// Accounts is the Identity that asks registry, and remembers its answers for cacheFor.
type Accounts struct {
	conn     *nats.Conn
	sessions *scs.SessionManager
	now      func() time.Time

	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	account registryapi.Identity
	until   time.Time
}

// NewAccounts makes it.
func NewAccounts(conn *nats.Conn, sessions *scs.SessionManager, now func() time.Time) *Accounts {
	a := &Accounts{conn: conn, sessions: sessions, now: now, known: map[string]remembered{}}
	// Best effort: a notice that is lost costs cacheFor.
	_, _ = conn.Subscribe(events.NoticeAccount, func(m *nats.Msg) { a.forget(string(m.Data)) })
	return a
}

// forget drops what is remembered of an account.
func (a *Accounts) forget(account string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, r := range a.known {
		if string(r.account.Actor.Account) == account {
			delete(a.known, key)
		}
	}
}

// maxKnown bounds what is remembered; beyond it all is forgotten.
const maxKnown = 10_000

func (a *Accounts) remember(ctx context.Context, key string, ask func(context.Context) (registryapi.Identity, error)) (registryapi.Identity, error) {
	now := a.now()
	a.mu.Lock()
	r, ok := a.known[key]
	a.mu.Unlock()
	if ok && now.Before(r.until) {
		return r.account, nil
	}
	id, err := ask(ctx)
	if err != nil {
		return id, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= maxKnown {
		clear(a.known)
	}
	a.known[key] = remembered{id, now.Add(cacheFor)}
	return id, nil
}

// ByToken implements Identity.
func (a *Accounts) ByToken(ctx context.Context, token string) (access.Actor, string, error) {
	sum := sha256.Sum256([]byte(token))
	id, err := a.remember(ctx, "t"+hex.EncodeToString(sum[:]), func(ctx context.Context) (registryapi.Identity, error) {
		return registryapi.Client{Client: bus.Client{Conn: a.conn}}.Authenticate(ctx, token)
	})
	return id.Actor, id.Name, err
}

// Session values.
const (
	sessionAccount = "account"
	sessionSeen    = "seen"
)

// BySession implements Identity. A session that was idle for too long, or whose account is gone, is none.
func (a *Accounts) BySession(r *http.Request) (access.Actor, string, bool, error) {
	ctx := r.Context()
	account := a.sessions.GetString(ctx, sessionAccount)
	if account == "" {
		return access.Actor{}, "", false, nil
	}
	now, seen := a.now(), time.Unix(a.sessions.GetInt64(ctx, sessionSeen), 0)
	if now.Sub(seen) > portal.IdleAfter {
		return access.Actor{}, "", false, a.sessions.Destroy(ctx)
	}
	id, err := a.remember(ctx, "a"+account, func(ctx context.Context) (registryapi.Identity, error) {
		return registryapi.Client{Client: bus.Client{Conn: a.conn}}.Account(ctx, account)
	})
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.NotFound) {
		return access.Actor{}, "", false, a.sessions.Destroy(ctx)
	}
	if err != nil {
		return access.Actor{}, "", false, err
	}
	if now.Sub(seen) > portal.IdleWritten {
		a.sessions.Put(ctx, sessionSeen, now.Unix())
	}
	return id.Actor, id.Name, true, nil
}

// Begin starts a session for an account that has signed in, with a fresh token.
func (a *Accounts) Begin(ctx context.Context, account string) error {
	if err := a.sessions.RenewToken(ctx); err != nil {
		return fault.Wrap(fault.Unavailable, "portal: session", err)
	}
	a.sessions.Put(ctx, sessionAccount, account)
	a.sessions.Put(ctx, sessionSeen, a.now().Unix())
	return nil
}

// End ends the session.
func (a *Accounts) End(ctx context.Context) error { return a.sessions.Destroy(ctx) }
