// Package sessions keeps sessions (alexedwards/scs) in the key-value bucket `sessions`: the key is the hash of the cookie's
// token, the bucket's age is a session's absolute end.
package sessions

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
)

// New makes the session manager over the bucket. secure sets the cookie's Secure attribute.
func New(kv jetstream.KeyValue, secure bool) *scs.SessionManager {
	m := scs.New()
	m.Store = store{kv}
	m.HashTokenInStore = true
	m.Lifetime = events.SessionAge
	m.Cookie.Name = "songshui"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = secure
	m.Cookie.Persist = false
	return m
}

type store struct{ kv jetstream.KeyValue }

var _ scs.CtxStore = store{}

// timeout bounds one look into the bucket.
const timeout = 3 * time.Second

// key makes a hash fit the bucket: scs gives base64 with characters that keys may not hold at their end.
func key(hash string) string {
	b := []byte(hash)
	for i, c := range b {
		if c == '+' {
			b[i] = '_'
		}
	}
	return string(b)
}

func (s store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	e, err := s.kv.Get(ctx, key(token))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return e.Value(), true, nil
}

func (s store) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := s.kv.Put(ctx, key(token), b)
	return err
}

func (s store) DeleteCtx(ctx context.Context, token string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.kv.Purge(ctx, key(token))
}

func (s store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

func (s store) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

func (s store) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
