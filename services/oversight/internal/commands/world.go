package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/oversight"
)

// Codes of media that can't be taken.
const (
	unknownFile = "unknown_file"
	ambiguous   = "ambiguous"
)

// readWithin bounds reading an office's cases.
const readWithin = 5 * time.Second

// world gathers what a command is judged by before deciding, which must not wait.
func (c *Commands) world(ctx context.Context, r bus.Request, id oversight.ReturnID, body oversight.ReturnBody) (oversight.ReturnWorld, error) {
	cases, err := c.cases(ctx, id.Office)
	if err != nil {
		return oversight.ReturnWorld{}, err
	}
	scan, wrong, err := c.scan(ctx, r.Token, id.Office, oversight.ReturnScan(body))
	if err != nil {
		return oversight.ReturnWorld{}, err
	}
	people := map[events.AccountID]access.Actor{}
	for _, account := range oversight.ReturnPeople(body) {
		switch known, err := c.people.Account(ctx, string(account)); {
		case err == nil:
			people[account] = known.Actor
		case !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.NotFound):
			return oversight.ReturnWorld{}, err
		}
	}
	return oversight.ReturnWorld{Actor: r.Actor, Now: c.bus.Now(), BackdateAfter: c.rule(rules.BackdateAfter, id.Month), Cases: cases,
		Medium: func(oversight.MediaRef) (events.MediaState, string) { return scan, wrong },
		Person: func(id events.AccountID) (access.Actor, bool) {
			a, ok := people[id]
			return a, ok
		}}, nil
}

func (c *Commands) scan(ctx context.Context, token string, office events.OfficeSlug, ref oversight.MediaRef) (m events.MediaState, wrong string, err error) {
	if !ref.Given() {
		return m, "", nil
	}
	m, err = c.media.Resolve(ctx, token, office, mediaapi.MediaRef{ID: events.MediaID(ref.ID), File: ref.File, SHA256: ref.SHA256})
	switch {
	case err == nil && m.Office == office && m.State != events.MediaReleased && m.State != events.MediaErased:
		return m, "", nil
	case errors.Is(err, mediaapi.ErrAmbiguous):
		return m, ambiguous, nil
	case err == nil, errors.Is(err, mediaapi.ErrNotFound), fault.Is(err, fault.NotFound), fault.Is(err, fault.Forbidden):
		return m, unknownFile, nil
	}
	return m, "", err
}

// seen is what a return is judged by of a case: the text of a case is most of it and none of our business.
type seen struct {
	ID          events.CaseID        `json:"id"`
	Office      events.OfficeSlug    `json:"office"`
	State       events.CaseStatus    `json:"state"`
	Exposures   []events.Publication `json:"exposures"`
	ExposedOn   events.Day           `json:"exposed_on"`
	WithdrawnOn events.Day           `json:"withdrawn_on"`
}

// cases reads all cases of an office as they stand in CASES now, by their first publication.
func (c *Commands) cases(ctx context.Context, office events.OfficeSlug) ([]oversight.CaseFile, error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	var out []oversight.CaseFile
	done := false
	err := c.bus.Watch(ctx, events.StreamCases, []string{events.CaseSubject(office, "*")}, 0, func(m bus.Message) {
		if len(m.Body.State) == 0 {
			return
		}
		s, err := events.DecodeState[seen](events.Default, m.Meta.Type, m.Body)
		if err != nil {
			c.bus.Logger().Warn("unreadable case skipped", "subject", m.Subject, "sequence", m.Sequence, "error", err)
			return
		}
		out = append(out, oversight.CaseFile{RelyOn: events.Reliance{Stream: events.StreamCases, Subject: m.Subject, Sequence: m.Sequence},
			State: events.CaseState{ID: s.ID, Office: s.Office, State: s.State, Exposures: s.Exposures, ExposedOn: s.ExposedOn, WithdrawnOn: s.WithdrawnOn}})
	}, func() {
		done = true
		cancel()
	})
	if err == nil && !done {
		err = fault.New(fault.Unavailable, "not read in time")
	}
	if err != nil {
		return nil, fmt.Errorf("oversight: cases of %s: %w", office, err)
	}
	slices.SortFunc(out, func(a, b oversight.CaseFile) int {
		return cmp.Or(cmp.Compare(a.State.ExposedOn, b.State.ExposedOn), cmp.Compare(a.State.ID, b.State.ID))
	})
	return out, nil
}

// level gives the level of an outlet that the province has placed since a publication was recorded.
func (c *Commands) level(outlet string) string {
	o, _ := c.directory.Outlet(outlet)
	return o.Level
}

func (c *Commands) judged(files []oversight.CaseFile) []oversight.ReturnCase {
	var out []oversight.ReturnCase
	for _, f := range files {
		if rc, ok := oversight.CaseOfReturn(f.State, c.level); ok {
			out = append(out, rc)
		}
	}
	return out
}
