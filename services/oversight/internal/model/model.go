package model

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

// Directory is the registry's lists; registryapi.Directory is one.
type Directory interface {
	oversight.Registry
	Outlet(nameOrAliasOrID string) (events.OutletState, bool)
	// OnChange calls hook after a campaign, a rule or a year's days off has changed.
	OnChange(hook func())
}

// Lists are the registry's lists as they stand, or stood.
type Lists interface {
	oversight.Registry
	Outlet(nameOrAliasOrID string) (events.OutletState, bool)
}

// Case is what is kept of a case. It doesn't change once made; nor do the records below.
type Case struct {
	stamp
	events.CaseState
	// exposure has the publications as told; unplaced says that some outlet's level is to be looked up.
	exposure oversight.ReturnCase
	exposed  bool
	unplaced bool
	// months are those of its publications, each once.
	months []events.Month
	// name is the enterprise's as compared.
	name string
}

// Rectification is what is kept of a rectification.
type Rectification struct {
	stamp
	events.RectificationState
}

// Return is a monthly return.
type Return struct {
	stamp
	events.ReturnState
}

func newCase(s events.CaseState, at stamp) *Case {
	c := &Case{stamp: at, CaseState: s, name: enterpriseName(s.Enterprise.Name)}
	c.exposure, c.exposed = oversight.CaseOfReturn(s, func(string) string { c.unplaced = true; return "" })
	for _, p := range s.Exposures {
		if m := events.MonthOf(p.PublishedOn); !slices.Contains(c.months, m) {
			c.months = append(c.months, m)
		}
	}
	return c
}

// enterpriseName is a name as it is compared: NFKC, letters folded, without blanks, all brackets alike.
func enterpriseName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return -1
		case strings.ContainsRune("[【〔「", r):
			return '('
		case strings.ContainsRune("]】〕」", r):
			return ')'
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(s))
}

// entry is one case and its rectification; either may be missing while the other has come.
type entry struct {
	c *Case
	r *Rectification
}

func (e entry) id() events.CaseID {
	if e.c != nil {
		return e.c.ID
	}
	return e.r.ID
}

// Model follows the log. It is safe for concurrent use.
type Model struct {
	bus   *bus.Bus
	lists Directory

	mu      sync.RWMutex
	slots   map[events.CaseID]int
	table   []entry
	returns map[oversight.ReturnID]*Return
	// sorted are offices' cases as Of gives them, where none has changed since.
	sorted map[events.OfficeSlug][]oversight.CaseFile
	// upTo is by stream the last sequence taken in; moved is closed and replaced when one moves.
	upTo  map[string]uint64
	moved chan struct{}

	loaded chan struct{}
	// days are what was derived of the records as they stand, for the days asked for last.
	days days
	past pasts
}

// New makes a Model that knows nothing until Run.
func New(b *bus.Bus, lists Directory) *Model {
	m := &Model{bus: b, lists: lists, slots: map[events.CaseID]int{}, returns: map[oversight.ReturnID]*Return{}, sorted: map[events.OfficeSlug][]oversight.CaseFile{}, upTo: map[string]uint64{}, moved: make(chan struct{}), loaded: make(chan struct{})}
	m.past.turn = make(chan struct{}, 1)
	lists.OnChange(m.days.forget)
	return m
}

// put takes messages in; a message older than what is known of its record changes nothing.
func (m *Model) put(stream string, upTo uint64, all []*decoded) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range all {
		switch {
		case d == nil:
		case d.c != nil:
			if e := m.slot(d.c.ID); e.c == nil || e.c.sequence < d.sequence {
				e.c = d.c
				delete(m.sorted, d.c.Office)
			}
		case d.r != nil:
			if e := m.slot(d.r.ID); e.r == nil || e.r.sequence < d.sequence {
				e.r = d.r
			}
		case d.rt != nil:
			id := oversight.ReturnID{Office: d.rt.Office, Month: d.rt.Month}
			if old := m.returns[id]; old == nil || old.sequence < d.sequence {
				m.returns[id] = d.rt
			}
		}
	}
	if upTo > m.upTo[stream] {
		m.upTo[stream] = upTo
	}
	close(m.moved)
	m.moved = make(chan struct{})
}

func (m *Model) slot(id events.CaseID) *entry {
	i, ok := m.slots[id]
	if !ok {
		i = len(m.table)
		m.slots[id] = i
		m.table = append(m.table, entry{})
	}
	return &m.table[i]
}

// Snapshot is everything as it stood at one moment. It doesn't change; as of a past moment it was replayed.
type Snapshot struct {
	Sequences map[string]uint64
	// past says that it was replayed.
	past    bool
	table   []entry
	returns map[oversight.ReturnID]*Return
	lists   Lists
	days    *days
}

// Now gives what stands. fault.Unavailable until the log was read once.
func (m *Model) Now() (*Snapshot, error) {
	select {
	case <-m.loaded:
	default:
		return nil, unavailable(errors.New("the log isn't read yet"))
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return &Snapshot{Sequences: maps.Clone(m.upTo), table: slices.Clone(m.table), returns: maps.Clone(m.returns), lists: m.lists, days: &m.days}, nil
}

// Await waits until the model knows a stream up to a sequence, at most until ctx ends: fault.Unavailable then.
func (m *Model) Await(ctx context.Context, stream string, sequence uint64) error {
	for {
		m.mu.RLock()
		at, moved := m.upTo[stream], m.moved
		m.mu.RUnlock()
		if at >= sequence {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return unavailable(ctx.Err())
		}
	}
}

func unavailable(err error) error {
	f := fault.Wrap(fault.Unavailable, "oversight: board", err)
	f.Detail = "nats"
	return f
}

// Loaded is closed when the log was read once.
func (m *Model) Loaded() <-chan struct{} { return m.loaded }
