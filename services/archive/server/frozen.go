package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/index"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// idsAtOnce is how many ids one entry of the bucket holds: some 600 kB, below what the bus takes in one message.
const idsAtOnce = 20_000

// frozen is what is kept of a list beside its ids. Nothing in it tells of a case.
type frozen struct {
	Account events.AccountID          `json:"account"`
	Total   int                       `json:"total"`
	Facets  map[string]map[string]int `json:"facets"`
	ReadAs  []archive.ReadAs          `json:"read_as,omitempty"`
	// Alternatives and Position are as in archive.Found, Marked is what pages are marked with.
	Alternatives map[string]map[string]int `json:"alternatives,omitempty"`
	Position     map[string]uint64         `json:"position"`
	Marked       []index.Marked            `json:"marked,omitempty"`
	Near         *events.Location          `json:"near,omitempty"`
	// Listed is how many ids there are.
	Listed int `json:"listed"`
}

// freeze keeps all that a query finds and gives the first page. A list that is too long is refused, with the bound.
func (s *Server) freeze(ctx context.Context, a access.Actor, q archive.Query) (archive.Found, error) {
	f, err := s.index.Freeze(ctx, q, s.maxFrozen)
	if err != nil {
		return archive.Found{}, err
	}
	if len(f.IDs) > s.maxFrozen {
		var wrong fault.Fields
		wrong.AddArg("cursor", "too_many", strconv.Itoa(s.maxFrozen))
		return archive.Found{}, &fault.Error{Code: fault.BadParameter, Fields: wrong, Op: "archive: freeze"}
	}
	found := f.Found
	if len(f.IDs) <= q.PerPage {
		return found, nil
	}
	token := rand.Text()
	kv, err := s.deps.Bus.JetStream().KeyValue(ctx, events.BucketCursors)
	if err != nil {
		return archive.Found{}, cursorsAway(err)
	}
	key := keyOf(token)
	for i := 0; i < len(f.IDs); i += s.idsAtOnce {
		if _, err := kv.Put(ctx, key+"."+strconv.Itoa(i/s.idsAtOnce), []byte(strings.Join(f.IDs[i:min(i+s.idsAtOnce, len(f.IDs))], "\n"))); err != nil {
			return archive.Found{}, cursorsAway(err)
		}
	}
	head, err := json.Marshal(frozen{a.Account, found.Total, found.Facets, found.ReadAs, found.Alternatives, found.Position, f.Marked, q.Near, len(f.IDs)})
	if err != nil {
		return archive.Found{}, fmt.Errorf("archive: freeze: %w", err)
	}
	if _, err := kv.Put(ctx, key, head); err != nil {
		return archive.Found{}, cursorsAway(err)
	}
	found.Cursor = token + "." + strconv.Itoa(q.PerPage)
	return found, nil
}

// continued gives a further page of a frozen list, without what its reader may no longer see. fault.Gone (Detail "cursor") for another account's list and for one that has ended.
func (s *Server) continued(ctx context.Context, a access.Actor, q archive.Query, cursor string) (archive.Found, error) {
	token, at, _ := strings.Cut(cursor, ".")
	from, err := strconv.Atoi(at)
	if err != nil || from < 0 {
		return archive.Found{}, ended()
	}
	kv, err := s.deps.Bus.JetStream().KeyValue(ctx, events.BucketCursors)
	if err != nil {
		return archive.Found{}, cursorsAway(err)
	}
	key := keyOf(token)
	var f frozen
	head, err := kv.Get(ctx, key)
	if err == nil {
		err = json.Unmarshal(head.Value(), &f)
	}
	if errors.Is(err, jetstream.ErrKeyNotFound) || err == nil && (f.Account != a.Account || from > f.Listed) {
		return archive.Found{}, ended()
	}
	if err != nil {
		return archive.Found{}, cursorsAway(err)
	}
	to := min(from+q.PerPage, f.Listed)
	var ids []string
	for i := from; i < to; {
		chunk, err := kv.Get(ctx, key+"."+strconv.Itoa(i/s.idsAtOnce))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return archive.Found{}, ended()
		}
		if err != nil {
			return archive.Found{}, cursorsAway(err)
		}
		all := strings.Split(string(chunk.Value()), "\n")
		some := all[i%s.idsAtOnce : min(i%s.idsAtOnce+to-i, len(all))]
		ids = append(ids, some...)
		i += len(some)
	}
	q.Near = f.Near
	hits, err := s.index.Page(ctx, q, ids, f.Marked)
	if err != nil {
		return archive.Found{}, err
	}
	found := archive.Found{Hits: hits, Total: f.Total, Facets: f.Facets, Alternatives: f.Alternatives, ReadAs: f.ReadAs, Position: f.Position}
	if to < f.Listed {
		found.Cursor = token + "." + strconv.Itoa(to)
	}
	return found, nil
}

// keyOf is where a list lies: who reads the bucket can't page it.
func keyOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func ended() error {
	return &fault.Error{Code: fault.Gone, Detail: "cursor", Op: "archive: cursor"}
}

func cursorsAway(err error) error {
	return fault.Wrap(fault.Unavailable, "archive: cursors", err)
}
