// Package drafts keeps cases that are still being written, in the key-value bucket `drafts`: each belongs to the account that writes it, nobody else can read it, and it goes ninety days after it was last
// written. A draft is no fact: it may hold anything that fits, right or wrong.
package drafts

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// Limits of drafts.
const (
	// MaxDraft is the size of a draft in bytes of JSON: many times the longest case that intake takes, and below what a message on the bus may have.
	MaxDraft = 512 << 10
	// MaxDrafts is how many an account has: more than anybody writes on at a time.
	MaxDrafts = 50
)

// Draft is a case as far as it is written: Body as the submission that it will be.
type Draft struct {
	ID      string         `json:"-"`
	Body    map[string]any `json:"body"`
	SavedAt time.Time      `json:"saved_at"`
	// Revision counts writes; 0 = never written.
	Revision uint64 `json:"-"`
}

// Store keeps drafts. It is safe for concurrent use.
type Store struct {
	kv  jetstream.KeyValue
	now func() time.Time
}

// New makes a Store over the bucket.
func New(kv jetstream.KeyValue, now func() time.Time) *Store { return &Store{kv, now} }

// NewID is a draft's name, which nobody can guess.
func NewID() string { return rand.Text() }

var named = regexp.MustCompile(`^[A-Z0-9]{26}$`)

func key(account events.AccountID, id string) (string, error) {
	if !named.MatchString(id) {
		return "", fault.New(fault.NotFound, "portal: draft")
	}
	return string(account) + "." + id, nil
}

// Get gives an account's draft; an empty one of revision 0 where it has never been written.
func (s *Store) Get(ctx context.Context, account events.AccountID, id string) (Draft, error) {
	k, err := key(account, id)
	if err != nil {
		return Draft{}, err
	}
	e, err := s.kv.Get(ctx, k)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return Draft{ID: id, Body: map[string]any{}}, nil
	}
	if err != nil {
		return Draft{}, away(err)
	}
	return decode(id, e)
}

func decode(id string, e jetstream.KeyValueEntry) (Draft, error) {
	d := Draft{ID: id, Revision: e.Revision()}
	r := json.NewDecoder(bytes.NewReader(e.Value()))
	r.UseNumber()
	if err := r.Decode(&d); err != nil {
		return d, fault.Wrap(fault.Internal, "portal: draft", err)
	}
	if d.Body == nil {
		d.Body = map[string]any{}
	}
	return d, nil
}

// Put writes a draft over the revision that its writer has seen. fault.Conflict if it was written since, fault.Invalid with field draft too_long or too_many beyond the limits.
func (s *Store) Put(ctx context.Context, account events.AccountID, d Draft) (Draft, error) {
	k, err := key(account, d.ID)
	if err != nil {
		return d, err
	}
	d.SavedAt = s.now().UTC().Truncate(time.Second)
	data, err := json.Marshal(d)
	if err != nil {
		return d, fault.Wrap(fault.Malformed, "portal: draft", err)
	}
	var wrong fault.Fields
	if len(data) > MaxDraft {
		wrong.AddArg("draft", "too_long", strconv.Itoa(MaxDraft))
		return d, wrong.Err("portal: draft")
	}
	if d.Revision == 0 {
		had, err := s.List(ctx, account)
		if err != nil {
			return d, err
		}
		if len(had) >= MaxDrafts && !slices.ContainsFunc(had, func(o Draft) bool { return o.ID == d.ID }) {
			wrong.AddArg("draft", "too_many", strconv.Itoa(MaxDrafts))
			return d, wrong.Err("portal: draft")
		}
		d.Revision, err = s.kv.Create(ctx, k, data)
		return d, conflict(err)
	}
	d.Revision, err = s.kv.Update(ctx, k, data, d.Revision)
	return d, conflict(err)
}

func conflict(err error) error {
	switch {
	case err == nil:
		return nil
	case bus.Overtaken(err):
		return fault.Wrap(fault.Conflict, "portal: draft", err)
	}
	return away(err)
}

// Drop removes a draft.
func (s *Store) Drop(ctx context.Context, account events.AccountID, id string) error {
	k, err := key(account, id)
	if err != nil {
		return err
	}
	if err := s.kv.Purge(ctx, k); err != nil {
		return away(err)
	}
	return nil
}

// List gives an account's drafts, the one written last first.
func (s *Store) List(ctx context.Context, account events.AccountID) (out []Draft, err error) {
	w, err := s.kv.Watch(ctx, string(account)+".*", jetstream.IgnoreDeletes())
	if err != nil {
		return nil, away(err)
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return nil, away(ctx.Err())
		case e, ok := <-w.Updates():
			if !ok {
				return nil, away(errors.New("the watch ended"))
			}
			if e == nil { // all that was there
				slices.SortFunc(out, func(a, b Draft) int { return b.SavedAt.Compare(a.SavedAt) })
				return out, nil
			}
			d, err := decode(e.Key()[len(account)+1:], e)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
}

func away(err error) error { return fault.Wrap(fault.Unavailable, "portal: drafts", err) }
