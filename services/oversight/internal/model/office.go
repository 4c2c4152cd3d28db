package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

// waitWithin bounds the wait for what is in the log already.
const waitWithin = 5 * time.Second

// Of gives all cases of an office as they are in CASES now, by their first publication: what was in the log when it was asked is in. The caller mustn't change the list. fault.Unavailable while
// that can't be had.
func (m *Model) Of(ctx context.Context, office events.OfficeSlug) ([]oversight.CaseFile, error) {
	last, err := m.bus.Last(ctx, events.StreamCases, events.CaseSubject(office, "*"))
	if errors.Is(err, bus.ErrNone) {
		return nil, nil
	}
	if err != nil && !errors.Is(err, events.ErrMalformed) {
		return nil, fmt.Errorf("oversight: cases of %s: %w", office, err)
	}
	ctx, cancel := context.WithTimeout(ctx, waitWithin)
	defer cancel()
	if err := m.Await(ctx, events.StreamCases, last.Sequence); err != nil {
		return nil, fault.Wrap(fault.Unavailable, fmt.Sprintf("oversight: cases of %s", office), err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if list, ok := m.sorted[office]; ok {
		return list, nil
	}
	list := []oversight.CaseFile{}
	for _, e := range m.table {
		if e.c != nil && e.c.Office == office {
			list = append(list, oversight.CaseFile{State: e.c.CaseState, RelyOn: events.Reliance{Stream: events.StreamCases, Subject: events.CaseSubject(office, e.c.ID), Sequence: e.c.sequence}})
		}
	}
	slices.SortFunc(list, func(a, b oversight.CaseFile) int {
		return cmp.Or(cmp.Compare(a.State.ExposedOn, b.State.ExposedOn), cmp.Compare(a.State.ID, b.State.ID))
	})
	m.sorted[office] = list
	return list, nil
}
