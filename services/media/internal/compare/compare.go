// Package compare finds what makes a person look twice at a medium: the same bytes or the same look as another one's, a camera far from the case's place, days that don't fit.
//
// It consumes MEDIA (media-compare), and is asked by the consumers of cases and rectifications; it reads CASES, RECTIFICATION and the index of media, and writes `compared` facts
// into MEDIA, only where what is found has changed. What is compared is read when it is decided, so a repeated or late message does no harm. The rules are
// [WithCase] and [WithOthers].
package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
)

// Compare is the durable: one message at a time over all replicas, so that of two media that come together one finds the other.
var Compare = bus.Durable{Name: "media-compare", Stream: events.StreamMedia, Filters: []string{"media.>"}, AckWait: 20 * time.Second, MaxAckPending: 1}

// Comparer compares.
type Comparer struct {
	bus     *bus.Bus
	catalog *catalog.Catalog
	alike   int
}

// New makes a Comparer; two looks that differ in at most alike bits, of 64, look alike.
func New(b *bus.Bus, c *catalog.Catalog, alike int) *Comparer { return &Comparer{b, c, alike} }

// Run compares every medium that changes, and those that it is like, until ctx ends.
func (c *Comparer) Run(ctx context.Context) error {
	return c.bus.Consume(ctx, Compare, 1, func(ctx context.Context, batch []*bus.Message) error {
		for _, m := range batch {
			if err := c.changed(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *Comparer) changed(ctx context.Context, m *bus.Message) error {
	s, err := events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return err
	}
	if s.Examination == nil || !media.HasBytes(s) {
		return nil
	}
	if err := c.catalog.Seen(ctx, m.Sequence); err != nil {
		return err
	}
	found, err := c.Medium(ctx, m.Subject)
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.Media == "" {
			continue
		}
		if _, err := c.Medium(ctx, events.MediaSubject(f.Office, f.Media)); err != nil {
			return err
		}
	}
	return nil
}

// Medium compares one medium anew and gives what is found; nothing is found of one that isn't examined.
func (c *Comparer) Medium(ctx context.Context, subject string) ([]events.Finding, error) {
	var found []events.Finding
	in := bus.Intent{Name: string(media.CommandCompare), Actor: events.System(events.ServiceMedia), Given: access.Given{On: events.DayOf(c.bus.Now())}}
	_, err := catalog.Aggregate.Execute(ctx, c.bus, subject, in, func(current bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
		found = nil
		if current.State.Examination == nil || !media.HasBytes(current.State) {
			return nil, nil
		}
		var err error
		if found, err = c.findings(ctx, current.State); err != nil {
			return nil, err
		}
		return media.Compare(current.State, found)
	})
	if err != nil {
		return nil, fmt.Errorf("media: compare %s: %w", subject, err)
	}
	return found, nil
}

func (c *Comparer) findings(ctx context.Context, s events.MediaState) ([]events.Finding, error) {
	var out []events.Finding
	for _, id := range s.TakenBy {
		h, held, err := c.holder(ctx, s.Office, id, s.ID)
		if err != nil {
			return nil, err
		}
		if held {
			out = append(out, WithCase(*s.Examination, h)...)
		}
	}
	var others []Other
	for _, e := range c.catalog.Like(s.SHA256, s.Examination.Look, c.alike) {
		others = append(others, Other{e.ID, e.Office, e.SHA256, e.Look})
	}
	return ordered(append(out, WithOthers(s, others, c.alike)...)), nil
}

// holder reads a case that has taken a medium, and whether it still holds it.
func (c *Comparer) holder(ctx context.Context, office events.OfficeSlug, id events.CaseID, medium events.MediaID) (Holder, bool, error) {
	state, err := last[events.CaseState](ctx, c.bus, events.StreamCases, events.CaseSubject(office, id))
	if err != nil {
		return Holder{}, false, err
	}
	if slices.Contains(media.OfCase(state), medium) {
		return Holder{Case: state}, true, nil
	}
	r, err := last[events.RectificationState](ctx, c.bus, events.StreamRectification, events.RectificationSubject(office, id))
	return Holder{Case: state, After: true}, slices.Contains(r.Media(), medium), err
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
