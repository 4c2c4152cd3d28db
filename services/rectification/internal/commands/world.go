package commands

import (
	"context"
	"errors"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/rectification"
)

// Codes of media that can't be taken.
const (
	unknownFile = "unknown_file"
	ambiguous   = "ambiguous"
)

// maxLookups bounds how many media of one body are looked for; the domain refuses longer lists anyway.
const maxLookups = 64

type found struct {
	state events.MediaState
	wrong string
}

// world gathers what a command is judged by; media are looked for before, since deciding must not wait.
func (c *Commands) world(ctx context.Context, r bus.Request, f caseFile, body rectification.Body) (rectification.World, error) {
	office := f.state.Office
	name := string(office)
	if o, ok := c.directory.Office(office); ok {
		name = o.Name
	}
	media := map[rectification.MediaRef]found{}
	for _, ref := range rectification.Media(body) {
		if _, ok := media[ref]; ok {
			continue
		}
		if len(media) == maxLookups {
			break
		}
		m, err := c.medium(ctx, r.Token, office, ref)
		if err != nil {
			return rectification.World{}, err
		}
		media[ref] = m
	}
	return rectification.World{Actor: r.Actor, Now: c.bus.Now(), Numbers: c.numbers(), Case: f.state, RelyOn: f.relyOn, OfficeName: name, Outlet: c.directory.Outlet,
		Medium: func(ref rectification.MediaRef) (events.MediaState, string) {
			m, ok := media[ref]
			if !ok {
				return events.MediaState{}, unknownFile
			}
			return m.state, m.wrong
		}}, nil
}

func (c *Commands) medium(ctx context.Context, token string, office events.OfficeSlug, ref rectification.MediaRef) (found, error) {
	m, err := c.media.Resolve(ctx, token, office, mediaapi.MediaRef{ID: events.MediaID(ref.ID), File: ref.File, SHA256: ref.SHA256})
	switch {
	case err == nil && m.Office == office && m.State != events.MediaReleased && m.State != events.MediaErased:
		return found{state: m}, nil
	case errors.Is(err, mediaapi.ErrAmbiguous):
		return found{wrong: ambiguous}, nil
	// Units and overseers may not look for files by name: they name ids.
	case err == nil, errors.Is(err, mediaapi.ErrNotFound), fault.Is(err, fault.NotFound), fault.Is(err, fault.Forbidden):
		return found{wrong: unknownFile}, nil
	}
	return found{}, err
}
