// Package exposed keeps in memory what returns are judged by of every case: its office, state and publications. It follows CASES and owns nothing; while NATS is away it holds what it knows, and
// questions are refused with unavailable rather than answered from it.
package exposed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

const (
	// retryWithin bounds the wait between two tries to follow CASES.
	retryWithin = 5 * time.Second
	// waitWithin bounds the wait for what is in the log already.
	waitWithin = 5 * time.Second
)

// Cases are all cases. It is safe for concurrent use.
type Cases struct {
	bus *bus.Bus

	mu sync.Mutex
	// offices hold each office's cases, sorted where nothing changed since it was asked for.
	offices map[events.OfficeSlug]*office
	// upTo is the last sequence that was taken in; moved is closed and replaced when it moves.
	upTo  uint64
	moved chan struct{}
}

type office struct {
	byID   map[events.CaseID]oversight.CaseFile
	sorted []oversight.CaseFile
}

// New makes Cases; they know nothing until Run.
func New(b *bus.Bus) *Cases {
	return &Cases{bus: b, offices: map[events.OfficeSlug]*office{}, moved: make(chan struct{})}
}

// Run follows CASES until ctx ends, then gives nil.
func (c *Cases) Run(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(50*time.Millisecond), backoff.WithMaxInterval(retryWithin), backoff.WithMaxElapsedTime(0))
	for {
		err := c.bus.Watch(ctx, events.StreamCases, []string{"case.>"}, 0, c.take, wait.Reset)
		if ctx.Err() != nil {
			return nil
		}
		c.bus.Logger().Warn("cases are followed again", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait.NextBackOff()):
		}
	}
}

// seen is what a return is judged by of a case: the text of a case is most of it and none of our business.
type seen struct {
	ID          events.CaseID     `json:"id"`
	Office      events.OfficeSlug `json:"office"`
	State       events.CaseStatus `json:"state"`
	ExposedOn   events.Day        `json:"exposed_on"`
	WithdrawnOn events.Day        `json:"withdrawn_on"`
	Exposures   []struct {
		Outlet      string     `json:"outlet"`
		Level       string     `json:"level"`
		PublishedOn events.Day `json:"published_on"`
	} `json:"exposures"`
}

func (c *Cases) take(m bus.Message) {
	f, err := fileOf(m)
	if err != nil {
		c.bus.Logger().Warn("unreadable case skipped", "subject", m.Subject, "sequence", m.Sequence, "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.put(f)
	}
	if m.Sequence > c.upTo {
		c.upTo = m.Sequence
		close(c.moved)
		c.moved = make(chan struct{})
	}
}

func (c *Cases) put(f oversight.CaseFile) {
	o := c.offices[f.State.Office]
	if o == nil {
		o = &office{byID: map[events.CaseID]oversight.CaseFile{}}
		c.offices[f.State.Office] = o
	}
	if o.byID[f.State.ID].RelyOn.Sequence < f.RelyOn.Sequence {
		o.byID[f.State.ID], o.sorted = f, nil
	}
}

func fileOf(m bus.Message) (oversight.CaseFile, error) {
	if len(m.Body.State) == 0 {
		return oversight.CaseFile{}, fmt.Errorf("%w: no state", events.ErrMalformed)
	}
	s, err := events.DecodeState[seen](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return oversight.CaseFile{}, err
	}
	f := oversight.CaseFile{RelyOn: events.Reliance{Stream: events.StreamCases, Subject: m.Subject, Sequence: m.Sequence},
		State: events.CaseState{ID: s.ID, Office: s.Office, State: s.State, ExposedOn: s.ExposedOn, WithdrawnOn: s.WithdrawnOn, Exposures: make([]events.Publication, len(s.Exposures))}}
	for i, p := range s.Exposures {
		f.State.Exposures[i] = events.Publication{Outlet: p.Outlet, Level: p.Level, PublishedOn: p.PublishedOn}
	}
	return f, nil
}

// Of gives all cases of an office as they are in CASES now, by their first publication: what was in the log when it was asked is in. The caller mustn't change the list. fault.Unavailable while
// that can't be had.
func (c *Cases) Of(ctx context.Context, slug events.OfficeSlug) ([]oversight.CaseFile, error) {
	last, err := c.bus.Last(ctx, events.StreamCases, events.CaseSubject(slug, "*"))
	if errors.Is(err, bus.ErrNone) {
		return nil, nil
	}
	if err != nil && !errors.Is(err, events.ErrMalformed) {
		return nil, fmt.Errorf("oversight: cases of %s: %w", slug, err)
	}
	ctx, cancel := context.WithTimeout(ctx, waitWithin)
	defer cancel()
	for {
		c.mu.Lock()
		upTo, moved := c.upTo, c.moved
		if upTo >= last.Sequence {
			defer c.mu.Unlock()
			return c.sorted(slug), nil
		}
		c.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			f := fault.Wrap(fault.Unavailable, fmt.Sprintf("oversight: cases of %s", slug), fmt.Errorf("followed up to %d, the log is at %d", upTo, last.Sequence))
			f.Detail = "nats"
			return nil, f
		}
	}
}

func (c *Cases) sorted(slug events.OfficeSlug) []oversight.CaseFile {
	o := c.offices[slug]
	if o == nil {
		return nil
	}
	if o.sorted == nil {
		o.sorted = make([]oversight.CaseFile, 0, len(o.byID))
		for _, f := range o.byID {
			o.sorted = append(o.sorted, f)
		}
		slices.SortFunc(o.sorted, func(a, b oversight.CaseFile) int {
			return cmp.Or(cmp.Compare(a.State.ExposedOn, b.State.ExposedOn), cmp.Compare(a.State.ID, b.State.ID))
		})
	}
	return o.sorted
}
