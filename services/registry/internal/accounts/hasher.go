package accounts

import (
	"context"

	"github.com/alexedwards/argon2id"

	"songshui.internal/services/internal/fault"
)

// params are those of OWASP's password storage cheat sheet for argon2id: 19 MiB, two passes, one lane.
var params = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// decoy is checked in place of a password that isn't there, so that an unknown name takes as long as a wrong password. Its key is no password's: all zero.
const decoy = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// maxHashing bounds the memory of hashing: 2 × 19 MiB.
const maxHashing = 2

// Hasher hashes passwords, at most maxHashing at once; the others wait. One for each process.
type Hasher struct{ slots chan struct{} }

// NewHasher makes a Hasher.
func NewHasher() *Hasher { return &Hasher{make(chan struct{}, maxHashing)} }

// do runs f in a slot; fault.SlowDown if none comes free before ctx ends.
func (h *Hasher) do(ctx context.Context, f func() error) error {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
		return f()
	case <-ctx.Done():
		return fault.Wrap(fault.SlowDown, "accounts: hash", ctx.Err())
	}
}

func (h *Hasher) hash(ctx context.Context, password string) (hash string, err error) {
	err = h.do(ctx, func() error {
		hash, err = argon2id.CreateHash(password, params)
		return err
	})
	return hash, err
}

func (h *Hasher) matches(ctx context.Context, password, hash string) (ok bool, err error) {
	err = h.do(ctx, func() error {
		ok, err = match(password, hash)
		return err
	})
	return ok, err
}

func match(password, hash string) (bool, error) {
	if hash == "" {
		_, err := argon2id.ComparePasswordAndHash(password, decoy)
		return false, err
	}
	return argon2id.ComparePasswordAndHash(password, hash)
}
