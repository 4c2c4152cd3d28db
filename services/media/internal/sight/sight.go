// Package sight says who sees a medium now. It reads CASES and RECTIFICATION, so that a withdrawal is known at once on every replica: the last message of each at every question ([New]), or, where
// many ask for the same (and MEDIA too), out of memory once the log has said that nothing came since ([Heads]). While the log doesn't answer nobody sees anything. It writes nothing.
//
// A medium's own office and the province see it from the beginning. For everybody else it exists once it is cleared, and for those who see a case that holds it: the case
// file itself, or its rectification. Documents of an objection 陈述申辩 are for those who may read objections: the people of the case beside office and province.
package sight

import (
	"context"
	"errors"
	"slices"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/media"
)

// Of is what an actor may know of a medium.
type Of struct {
	// Inside: of its own office or the province.
	Inside bool
	// Case: sees a case that holds it. Withdrawn: saw one until it was withdrawn.
	Case, Withdrawn bool
	// Public: everybody who is signed in, or everybody, sees such a case.
	Public bool
}

// Sees says whether the medium exists for the actor.
func (o Of) Sees(m events.MediaState) bool {
	return o.Inside || o.Case && m.State == events.MediaCleared
}

// Gone says that the medium existed for the actor until a case was withdrawn.
func (o Of) Gone(m events.MediaState) bool {
	return !o.Inside && !o.Case && o.Withdrawn && m.State == events.MediaCleared
}

// Look answers for one request. It isn't for parallel use.
type Look struct {
	actor access.Actor
	// read gives a case, after its rectification, by subject.
	read  func(context.Context, string) (events.CaseState, error)
	after func(context.Context, string) (events.RectificationState, error)
}

// New begins a request of an actor that reads each record from the log, once.
func New(b *bus.Bus, a access.Actor) *Look {
	return &Look{a, once[events.CaseState](b, events.StreamCases), once[events.RectificationState](b, events.StreamRectification)}
}

func once[S any](b *bus.Bus, stream string) func(context.Context, string) (S, error) {
	known := map[string]S{}
	return func(ctx context.Context, subject string) (S, error) {
		if s, ok := known[subject]; ok {
			return s, nil
		}
		s, err := last[S](ctx, b, stream, subject)
		if err == nil {
			known[subject] = s
		}
		return s, err
	}
}

// At says what the actor may know of a medium. Errors are the bus's.
func (l *Look) At(ctx context.Context, m events.MediaState) (Of, error) {
	o := Of{Inside: media.Sees(l.actor, m)}
	if m.State != events.MediaCleared && len(m.Replaced) == 0 {
		return o, nil // nothing of it was ever for others
	}
	for _, id := range m.TakenBy {
		c, how, err := l.holds(ctx, m, id)
		if err != nil {
			return o, err
		}
		if how == none {
			continue
		}
		to, from := c.VisibleTo(), c.WithdrawnFrom()
		if how == objected {
			to, from = parties(to), parties(from)
		}
		o.Case = o.Case || l.actor.Sees(to)
		o.Withdrawn = o.Withdrawn || l.actor.Sees(from)
		o.Public = o.Public || slices.Contains(to, events.HolderSignedIn) || slices.Contains(to, events.HolderPublic)
		if o.Public && (o.Inside || o.Case) {
			break
		}
	}
	return o, nil
}

// holding is how a case holds a medium.
type holding int

const (
	none holding = iota
	// objected: as a document of an objection alone.
	objected
	shown
)

// holds reads a case that has taken a medium, and says how it or its rectification still holds it.
func (l *Look) holds(ctx context.Context, m events.MediaState, id events.CaseID) (events.CaseState, holding, error) {
	c, err := l.read(ctx, events.CaseSubject(m.Office, id))
	if err != nil {
		return c, none, err
	}
	if c.ID == "" {
		return c, none, nil
	}
	open := c
	open.Objections = nil
	if slices.Contains(media.OfCase(open), m.ID) {
		return c, shown, nil
	}
	r, err := l.after(ctx, events.RectificationSubject(m.Office, id))
	if err != nil {
		return c, none, err
	}
	switch {
	case slices.Contains(r.Media(), m.ID):
		return c, shown, nil
	case slices.Contains(media.OfCase(c), m.ID):
		return c, objected, nil
	}
	return c, none, nil
}

// parties are those of an audience who may read objections.
func parties(audience []string) []string {
	return slices.DeleteFunc(slices.Clone(audience), func(h string) bool {
		return h == events.HolderSignedIn || h == events.HolderPublic || strings.HasPrefix(h, events.HolderOutlet(""))
	})
}

// last gives a record as it stands; an empty one where there is none.
func last[S any](ctx context.Context, b *bus.Bus, stream, subject string) (S, error) {
	var none S
	m, err := b.Last(ctx, stream, subject)
	if errors.Is(err, bus.ErrNone) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	return events.DecodeState[S](events.Default, m.Meta.Type, m.Body)
}
