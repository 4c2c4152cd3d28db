package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/registry"
)

const (
	// MaxFailures is how many attempts on one name may fail within Window; further ones are refused unread.
	MaxFailures = 10
	// Window is how long a failed attempt counts.
	Window = time.Hour
)

// attempts is what tries.<hash> holds: nanoseconds of the failed (and the running) attempts, and when a refusal was last put into ACCESS.
type attempts struct {
	At     []int64 `json:"at"`
	Noted  int64   `json:"noted,omitempty"`
	Latest int64   `json:"latest"`
}

// Authenticate gives the account of an API token; fault.Unauthenticated if there is none or it is disabled.
func (s *Store) Authenticate(ctx context.Context, token string) (registry.Account, error) {
	a, err := s.ByToken(ctx, token)
	return enabled(a, err, "accounts: authenticate")
}

// Current gives an account as it stands; fault.Unauthenticated if it is gone or disabled, or a personal one whose rectification has ended.
func (s *Store) Current(ctx context.Context, id events.AccountID) (registry.Account, error) {
	op := "accounts: account " + string(id)
	a, _, err := s.ByID(ctx, id)
	if a, err = enabled(a, err, op); err != nil || a.Personal == nil {
		return a, err
	}
	at, err := s.rectification(ctx, a.Personal.Case)
	if err == nil && !registry.Open(at) {
		return registry.Account{}, fault.New(fault.Unauthenticated, op)
	}
	return a, err
}

func enabled(a registry.Account, err error, op string) (registry.Account, error) {
	if errors.Is(err, ErrNone) || err == nil && a.Disabled {
		return registry.Account{}, fault.New(fault.Unauthenticated, op)
	}
	return a, err
}

// SignIn checks a name and a password. fault.Unauthenticated for an unknown name, a wrong password and a disabled account, told apart in ACCESS only; fault.SlowDown after
// MaxFailures within Window. The attempt is counted before it is looked at, so that many at once gain nothing.
func (s *Store) SignIn(ctx context.Context, name, password string) (registry.Account, error) {
	const op = "accounts: sign in"
	var a registry.Account
	outcome := ""
	err := s.hasher.do(ctx, func() error {
		now := s.bus.Now()
		if err := s.count(ctx, name, now); err != nil {
			return err
		}
		var err error
		if outcome, err = s.check(ctx, name, password, &a); err != nil || outcome != "ok" {
			return err
		}
		return s.uncount(ctx, name, now)
	})
	if err != nil {
		return registry.Account{}, err
	}
	entry := events.AccessEntry{Kind: "sign-in", Outcome: outcome}
	if a.ID != "" {
		entry.Detail = map[string]string{"account": string(a.ID)}
	}
	if outcome == "ok" {
		entry.Actor = a.Actor().Event()
	}
	if err := s.bus.Note(ctx, entry); err != nil {
		return registry.Account{}, err
	}
	if outcome != "ok" {
		return registry.Account{}, fault.New(fault.Unauthenticated, op)
	}
	return a, nil
}

// check takes one hash's time whatever the outcome.
func (s *Store) check(ctx context.Context, name, password string, a *registry.Account) (outcome string, err error) {
	found, err := s.ByName(ctx, name)
	if err != nil && !errors.Is(err, ErrNone) {
		return "", err
	}
	known := err == nil
	if !known { // the same number of reads as for a known name
		if _, _, err := s.get(ctx, prefixAccount+"none"); err != nil {
			return "", err
		}
	}
	if len(password) > registry.MaxPassword {
		password = ""
	}
	hash := ""
	if known {
		hash, *a = found.PasswordHash, found
	}
	ok, err := match(password, hash)
	switch {
	case err != nil:
		return "", fmt.Errorf("accounts: sign in: %w", err)
	case !known:
		return "unknown-name", nil
	case !ok:
		return "wrong-password", nil
	case found.Disabled:
		return "disabled", nil
	}
	return "ok", nil
}

// count adds an attempt, or refuses it.
func (s *Store) count(ctx context.Context, name string, now time.Time) error {
	slow, note := false, false
	err := s.alter(ctx, name, func(t *attempts) bool {
		t.At = slices.DeleteFunc(t.At, func(at int64) bool { return at <= now.Add(-Window).UnixNano() })
		if slow = len(t.At) >= MaxFailures; !slow {
			t.At = append(t.At, now.UnixNano())
			return true
		}
		note = t.Noted <= now.Add(-Window).UnixNano()
		if note {
			t.Noted = now.UnixNano()
		}
		return note
	})
	if err != nil || !slow {
		return err
	}
	if note { // once in a window: a flood of refusals mustn't flood the log
		if err := s.bus.Note(ctx, events.AccessEntry{Kind: "sign-in", Outcome: "slow-down", Detail: s.accountNamed(ctx, name)}); err != nil {
			return err
		}
	}
	return fault.New(fault.SlowDown, "accounts: sign in")
}

func (s *Store) accountNamed(ctx context.Context, name string) map[string]string {
	a, err := s.ByName(ctx, name)
	if err != nil {
		return nil
	}
	return map[string]string{"account": string(a.ID)}
}

// uncount takes an attempt back that went well.
func (s *Store) uncount(ctx context.Context, name string, at time.Time) error {
	return s.alter(ctx, name, func(t *attempts) bool {
		i := slices.Index(t.At, at.UnixNano())
		if i < 0 {
			return false
		}
		t.At = slices.Delete(t.At, i, i+1)
		return true
	})
}

func (s *Store) alter(ctx context.Context, name string, change func(*attempts) bool) error {
	key := prefixTries + nameHash(name)
	return again(ctx, "count attempts", func() error {
		var t attempts
		b, rev, err := s.get(ctx, key)
		if err != nil {
			return err
		}
		if rev > 0 {
			if err := json.Unmarshal(b, &t); err != nil {
				return fmt.Errorf("accounts: attempts: %w", err)
			}
		}
		if !change(&t) {
			return nil
		}
		t.Latest = s.bus.Now().UnixNano()
		if b, err = json.Marshal(t); err != nil {
			return fmt.Errorf("accounts: attempts: %w", err)
		}
		return s.put(ctx, key, b, rev)
	})
}

// Sweep forgets attempts that don't count any more: names that people typed wrongly would pile up.
func (s *Store) Sweep(ctx context.Context) error {
	keys, err := s.keys(ctx, prefixTries)
	if err != nil {
		return err
	}
	old := s.bus.Now().Add(-Window).UnixNano()
	for _, key := range keys {
		b, rev, err := s.get(ctx, key)
		if err != nil {
			return err
		}
		var t attempts
		if rev == 0 || json.Unmarshal(b, &t) == nil && t.Latest > old {
			continue
		}
		if err := s.kv.Purge(ctx, key, jetstream.LastRevision(rev)); err != nil && !bus.Overtaken(err) {
			return away("sweep", err)
		}
	}
	// Only counts of attempts are ever deleted, so a marker that goes while its key comes back loses a count at most.
	if err := s.kv.PurgeDeletes(ctx); err != nil {
		return away("sweep", err)
	}
	return nil
}

// Redeem sets a password by a one-time link and voids all links of the account. fault.Unauthenticated with the detail “link” if the link isn't good; fault.Invalid for the password.
func (s *Store) Redeem(ctx context.Context, link, password string) (registry.Account, error) {
	bad := &fault.Error{Code: fault.Unauthenticated, Detail: "link", Op: "accounts: redeem"}
	id, secret, ok := registry.SplitLink(link)
	if !ok {
		return registry.Account{}, bad
	}
	a, _, err := s.ByID(ctx, id)
	if err != nil && !errors.Is(err, ErrNone) {
		return registry.Account{}, err
	}
	if err != nil || !a.HasLink(secret, s.bus.Now()) {
		entry := events.AccessEntry{Kind: "redeem", Outcome: "refused"}
		if err == nil {
			entry.Detail = map[string]string{"account": string(id)}
		}
		if err := s.bus.Note(ctx, entry); err != nil {
			return registry.Account{}, err
		}
		return registry.Account{}, bad
	}
	if err := registry.CheckPassword(password); err != nil {
		return registry.Account{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return registry.Account{}, err
	}
	a, _, err = s.Change(ctx, id, a.Actor().Event(), "link", func(a *registry.Account) error {
		if !a.HasLink(secret, s.bus.Now()) {
			return bad
		}
		a.PasswordHash, a.Links = hash, nil
		return nil
	})
	if err != nil {
		return registry.Account{}, err
	}
	return a, s.alter(ctx, a.Name, func(t *attempts) bool {
		had := len(t.At) > 0
		*t = attempts{}
		return had
	})
}
