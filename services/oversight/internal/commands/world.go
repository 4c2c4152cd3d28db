package commands

import (
	"context"
	"errors"

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

// world gathers what a command is judged by before deciding, which must not wait.
func (c *Commands) world(ctx context.Context, r bus.Request, id oversight.ReturnID, body oversight.ReturnBody) (oversight.ReturnWorld, error) {
	cases, err := c.cases.Of(ctx, id.Office)
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
