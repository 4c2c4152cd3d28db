package access

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Lifetime is how long a signed actor is believed.
const Lifetime = time.Minute

// ErrActor says that a statement of identity isn't signed, not by portal, or too old.
var ErrActor = errors.New("access: actor not believed")

type statement struct {
	Actor
	Expires int64 `json:"exp"`
}

// Seal signs actors; portal alone has one. It is safe for concurrent use.
type Seal struct {
	key ed25519.PrivateKey
	now func() time.Time

	mu    sync.Mutex
	cache map[string]sealed
}

type sealed struct {
	token string
	until time.Time
}

// NewSeal makes a Seal of portal's key.
func NewSeal(key ed25519.PrivateKey, now func() time.Time) *Seal {
	return &Seal{key: key, now: now, cache: map[string]sealed{}}
}

// cacheSize bounds both caches: beyond it they start anew.
const cacheSize = 4096

// Sign gives a token for the actor that is believed for at least half of Lifetime and at most all of it. Signing anew for each request would cost more than all else portal does.
func (s *Seal) Sign(a Actor) (string, error) {
	plain, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("access: sign: %w", err)
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.cache[string(plain)]; ok && now.Before(c.until) {
		return c.token, nil
	}
	body, err := json.Marshal(statement{a, now.Add(Lifetime).Unix()})
	if err != nil {
		return "", fmt.Errorf("access: sign: %w", err)
	}
	enc := base64.RawURLEncoding
	token := enc.EncodeToString(body) + "." + enc.EncodeToString(ed25519.Sign(s.key, body))
	if len(s.cache) >= cacheSize {
		clear(s.cache)
	}
	s.cache[string(plain)] = sealed{token, now.Add(Lifetime / 2)}
	return token, nil
}

// Verifier checks tokens with portal's public key. It is safe for concurrent use.
type Verifier struct {
	key ed25519.PublicKey
	now func() time.Time

	mu    sync.Mutex
	cache map[string]statement
}

// NewVerifier makes a Verifier of portal's public key.
func NewVerifier(key ed25519.PublicKey, now func() time.Time) *Verifier {
	return &Verifier{key: key, now: now, cache: map[string]statement{}}
}

// Verify gives the actor of a token; ErrActor if it isn't signed by portal or is past its end.
func (v *Verifier) Verify(token string) (Actor, error) {
	v.mu.Lock()
	s, ok := v.cache[token]
	v.mu.Unlock()
	if !ok {
		var err error
		if s, err = v.check(token); err != nil {
			return Actor{}, err
		}
	}
	if v.now().Unix() > s.Expires {
		return Actor{}, fmt.Errorf("%w: too old", ErrActor)
	}
	return s.Actor, nil
}

func (v *Verifier) check(token string) (statement, error) {
	body64, sig64, ok := strings.Cut(token, ".")
	if !ok {
		return statement{}, fmt.Errorf("%w: not signed", ErrActor)
	}
	enc := base64.RawURLEncoding
	body, err1 := enc.DecodeString(body64)
	sig, err2 := enc.DecodeString(sig64)
	if err := errors.Join(err1, err2); err != nil {
		return statement{}, fmt.Errorf("%w: %w", ErrActor, err)
	}
	if !ed25519.Verify(v.key, body, sig) {
		return statement{}, fmt.Errorf("%w: signature", ErrActor)
	}
	var s statement
	if err := json.Unmarshal(body, &s); err != nil {
		return statement{}, fmt.Errorf("%w: %w", ErrActor, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.cache) >= cacheSize {
		clear(v.cache)
	}
	v.cache[token] = s
	return s, nil
}
