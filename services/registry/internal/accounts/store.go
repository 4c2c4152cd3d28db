package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
)

const (
	prefixAccount = "account."
	prefixName    = "name."
	prefixToken   = "token."
	prefixTries   = "tries."

	// tries is how often a change is decided anew after others changed the same key.
	tries = 10
)

// ErrNone says that there is no such account.
var ErrNone = errors.New("accounts: no such account")

// Store is the bucket of accounts. It is safe for concurrent use.
type Store struct {
	bus    *bus.Bus
	kv     jetstream.KeyValue
	hasher *Hasher
}

// Open opens the bucket, which `songshui migrate` has made.
func Open(ctx context.Context, b *bus.Bus, h *Hasher) (*Store, error) {
	kv, err := b.JetStream().KeyValue(ctx, events.BucketAccounts)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, fmt.Errorf("%w: bucket %s is missing", bus.ErrLayout, events.BucketAccounts)
	}
	if err != nil {
		return nil, away("open", err)
	}
	return &Store{b, kv, h}, nil
}

func away(op string, err error) error {
	f := fault.Wrap(fault.Unavailable, "accounts: "+op, err)
	f.Detail = "nats"
	return f
}

func nameHash(name string) string {
	sum := sha256.Sum256([]byte(registry.NameKey(name)))
	return hex.EncodeToString(sum[:10])
}

// get gives a key's value and revision; 0 if there is none.
func (s *Store) get(ctx context.Context, key string) ([]byte, uint64, error) {
	e, err := s.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, away("get", err)
	}
	return e.Value(), e.Revision(), nil
}

// put writes a key at an expected revision; 0 = it must not be there.
func (s *Store) put(ctx context.Context, key string, value []byte, revision uint64) error {
	var err error
	if revision == 0 {
		_, err = s.kv.Create(ctx, key, value)
	} else {
		_, err = s.kv.Update(ctx, key, value, revision)
	}
	if err != nil && !bus.Overtaken(err) {
		return away("put", err)
	}
	return err
}

// again calls do until it gives no conflict, at most tries times.
func again(ctx context.Context, op string, do func() error) error {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(2*time.Millisecond), backoff.WithMaxInterval(100*time.Millisecond))
	err := backoff.Retry(func() error {
		if err := do(); err != nil && !bus.Overtaken(err) {
			return backoff.Permanent(err)
		} else if err != nil {
			return err
		}
		return nil
	}, backoff.WithContext(backoff.WithMaxRetries(wait, tries-1), ctx))
	if bus.Overtaken(err) {
		return fault.Wrap(fault.Conflict, "accounts: "+op, err)
	}
	return err
}

// ByID gives an account and its revision; ErrNone if there is none.
func (s *Store) ByID(ctx context.Context, id events.AccountID) (registry.Account, uint64, error) {
	var a registry.Account
	b, rev, err := s.get(ctx, prefixAccount+string(id))
	if err != nil {
		return a, 0, err
	}
	if rev == 0 {
		return a, 0, ErrNone
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, 0, fmt.Errorf("accounts: account %s: %w", id, err)
	}
	return a, rev, nil
}

// ByName gives the account with a name; ErrNone if there is none.
func (s *Store) ByName(ctx context.Context, name string) (registry.Account, error) {
	return s.by(ctx, prefixName+nameHash(name), func(a registry.Account) bool { return registry.NameKey(a.Name) == registry.NameKey(name) })
}

// ByToken gives the account with an API token, disabled or not; ErrNone if there is none.
func (s *Store) ByToken(ctx context.Context, token string) (registry.Account, error) {
	hash := registry.HashSecret(token)
	return s.by(ctx, prefixToken+hash, func(a registry.Account) bool { return a.HasToken(hash) })
}

func (s *Store) by(ctx context.Context, key string, bears func(registry.Account) bool) (registry.Account, error) {
	id, rev, err := s.get(ctx, key)
	if err != nil {
		return registry.Account{}, err
	}
	if rev == 0 {
		return registry.Account{}, ErrNone
	}
	a, _, err := s.ByID(ctx, events.AccountID(id))
	if err == nil && !bears(a) {
		err = ErrNone
	}
	return a, err
}

// Named gives the id that a name stands for, and makes one for a new name. The account itself may still be missing: Change makes it.
func (s *Store) Named(ctx context.Context, name string) (events.AccountID, error) {
	var id events.AccountID
	err := again(ctx, "name", func() error {
		b, rev, err := s.get(ctx, prefixName+nameHash(name))
		if err != nil {
			return err
		}
		if rev > 0 {
			id = events.AccountID(b)
			return nil
		}
		id = registry.NewAccountID()
		return s.put(ctx, prefixName+nameHash(name), []byte(id), 0)
	})
	return id, err
}

// Change loads an account (an empty one with the id if there is none), lets change alter it and keeps it; nothing is written, and false given, when nothing differs.
// change may be called more than once. Who did it and from where is for ACCESS.
func (s *Store) Change(ctx context.Context, id events.AccountID, by events.Actor, source string, change func(*registry.Account) error) (registry.Account, bool, error) {
	var after registry.Account
	changed := false
	err := again(ctx, "change "+string(id), func() error {
		before, rev, err := s.ByID(ctx, id)
		if err != nil && !errors.Is(err, ErrNone) {
			return err
		}
		after = before.Clone()
		after.ID = id
		if rev == 0 {
			after.CreatedAt = s.bus.Now().UTC()
		}
		if err := change(&after); err != nil {
			return err
		}
		what := registry.Changes(before, after)
		if changed = len(what) > 0; !changed {
			return nil
		}
		for _, hash := range after.Tokens {
			if !before.HasToken(hash) {
				if err := s.claimToken(ctx, hash, id); err != nil {
					return err
				}
			}
		}
		detail := map[string]string{"account": string(id), "changed": strings.Join(what, " "), "source": source, "role": string(after.Role)}
		if err := s.bus.Note(ctx, events.AccessEntry{Actor: by, Kind: "account", Outcome: "changed", Detail: detail}); err != nil {
			return err
		}
		b, err := json.Marshal(after)
		if err != nil {
			return fmt.Errorf("accounts: change %s: %w", id, err)
		}
		if err := s.put(ctx, prefixAccount+string(id), b, rev); err != nil {
			return err
		}
		// A hint to whoever remembers identities: without it a change is seen when they ask again.
		_ = s.bus.Conn().Publish(events.NoticeAccount, []byte(id))
		return nil
	})
	return after, changed && err == nil, err
}

// ErrTokenTaken says that a token belongs to another account.
var ErrTokenTaken = errors.New("accounts: the token belongs to another account")

// claimToken leads a token's hash to an account; a hint that no account bears out is taken over.
func (s *Store) claimToken(ctx context.Context, hash string, id events.AccountID) error {
	return again(ctx, "token", func() error {
		b, rev, err := s.get(ctx, prefixToken+hash)
		if err != nil {
			return err
		}
		owner := events.AccountID(b)
		if owner == id {
			return nil
		}
		if rev > 0 {
			other, _, err := s.ByID(ctx, owner)
			if err != nil && !errors.Is(err, ErrNone) {
				return err
			}
			if other.HasToken(hash) {
				return ErrTokenTaken
			}
		}
		return s.put(ctx, prefixToken+hash, []byte(id), rev)
	})
}

// IDs lists every account.
func (s *Store) IDs(ctx context.Context) ([]events.AccountID, error) {
	keys, err := s.keys(ctx, prefixAccount)
	ids := make([]events.AccountID, len(keys))
	for i, k := range keys {
		ids[i] = events.AccountID(strings.TrimPrefix(k, prefixAccount))
	}
	return ids, err
}

func (s *Store) keys(ctx context.Context, prefix string) ([]string, error) {
	l, err := s.kv.ListKeysFiltered(ctx, prefix+">")
	if err != nil {
		return nil, away("list", err)
	}
	defer func() { _ = l.Stop() }()
	var keys []string
	for k := range l.Keys() {
		keys = append(keys, k)
	}
	if ctx.Err() != nil {
		return nil, away("list", ctx.Err())
	}
	return keys, nil
}
