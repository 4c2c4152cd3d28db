package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
	"songshui.internal/services/oversight/internal/model"
	"songshui.internal/services/oversight/oversightapi"
)

// tries is how often a mark is written again that somebody else's browser wrote meanwhile.
const tries = 5

// Inbox answers the inbox's endpoints. It is safe for concurrent use.
type Inbox struct {
	bus   *bus.Bus
	model *model.Model
}

// New makes an Inbox over a model.
func New(b *bus.Bus, m *model.Model) *Inbox { return &Inbox{bus: b, model: m} }

// Endpoints are what the inbox answers; all take an actor.
func (x *Inbox) Endpoints() map[string]bus.Endpoint {
	return map[string]bus.Endpoint{oversightapi.EndpointInbox: x.list, oversightapi.EndpointInboxSeen: x.see}
}

// marks are what an account has seen: short hashes of the ids of entries that are still there.
type marks map[string]bool

func short(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:6])
}

// key is the account's, in the alphabet of keys.
func key(a access.Actor) string {
	sum := sha256.Sum256([]byte(a.Account))
	return hex.EncodeToString(sum[:16])
}

func (x *Inbox) list(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.InboxParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	s, err := x.model.Now()
	if err != nil {
		return nil, err
	}
	seen, _, err := x.load(ctx, r.Actor)
	if err != nil {
		return nil, err
	}
	return page(Entries(s, r.Actor, x.bus.Now()), seen, p)
}

func page(all []oversightapi.InboxEntry, seen marks, p oversightapi.InboxParams) (any, error) {
	out := oversightapi.Inbox{Total: len(all)}
	shown := []oversightapi.InboxEntry{}
	for _, e := range all {
		e.Seen = seen[short(e.ID)]
		if !e.Seen {
			out.UnseenTotal++
		}
		if !e.Seen || !p.Unseen {
			shown = append(shown, e)
		}
	}
	var err error
	out.Entries, out.Page, out.PerPage, err = oversight.Page(shown, p.Page, p.PerPage)
	return out, err
}

func (x *Inbox) see(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.SeenParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	s, err := x.model.Now()
	if err != nil {
		return nil, err
	}
	all := Entries(s, r.Actor, x.bus.Now())
	for range tries {
		seen, revision, err := x.load(ctx, r.Actor)
		if err != nil {
			return nil, err
		}
		next := after(all, seen, p.IDs)
		err = x.store(ctx, r.Actor, next, revision)
		if err == nil {
			return page(all, next, oversightapi.InboxParams{})
		}
		if !bus.Overtaken(err) {
			return nil, err
		}
	}
	return nil, fault.New(fault.Conflict, "oversight: inbox")
}

// after gives the marks with ids added, all with none; marks of entries that are gone are dropped, which bounds them.
func after(all []oversightapi.InboxEntry, seen marks, ids []string) marks {
	named := map[string]bool{}
	for _, id := range ids {
		named[id] = true
	}
	next := marks{}
	for _, e := range all {
		if k := short(e.ID); len(ids) == 0 || named[e.ID] || seen[k] {
			next[k] = true
		}
	}
	return next
}

func (x *Inbox) load(ctx context.Context, a access.Actor) (marks, uint64, error) {
	kv, err := x.bus.JetStream().KeyValue(ctx, events.BucketInbox)
	if err != nil {
		return nil, 0, unavailable(err)
	}
	e, err := kv.Get(ctx, key(a))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return marks{}, 0, nil
	}
	if err != nil {
		return nil, 0, unavailable(err)
	}
	m := marks{}
	if err := json.Unmarshal(e.Value(), &m); err != nil {
		return nil, 0, fmt.Errorf("oversight: inbox: %w", err)
	}
	return m, e.Revision(), nil
}

// store writes the marks where nobody else did meanwhile; otherwise bus.Overtaken holds of the error.
func (x *Inbox) store(ctx context.Context, a access.Actor, m marks, revision uint64) error {
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("oversight: inbox: %w", err)
	}
	kv, err := x.bus.JetStream().KeyValue(ctx, events.BucketInbox)
	if err != nil {
		return unavailable(err)
	}
	if revision == 0 {
		_, err = kv.Create(ctx, key(a), data)
	} else {
		_, err = kv.Update(ctx, key(a), data, revision)
	}
	if err == nil || bus.Overtaken(err) {
		return err
	}
	return unavailable(err)
}

func unavailable(err error) error {
	f := fault.Wrap(fault.Unavailable, "oversight: inbox", err)
	f.Detail = "nats"
	return f
}
