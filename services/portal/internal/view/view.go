// Package view puts together what several services know of one case, for the API and the pages alike.
package view

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/rectification/rectificationapi"
)

type fromIntake struct {
	Case    json.RawMessage     `json:"case"`
	Office  events.OfficeSlug   `json:"office"`
	Media   []events.CaseMedium `json:"media"`
	Next    []portalapi.Next    `json:"next"`
	History []portalapi.Step    `json:"history"`
}

type fromRectification struct {
	Next    []portalapi.Next `json:"next"`
	History []portalapi.Step `json:"history"`
}

// Case gives a case as the client's actor may see it, with its rectification, media and the history of both tracks. fault.NotFound if it isn't there or not for these eyes,
// fault.Gone if it was for them until it was withdrawn.
// minSeq, if not 0, is an own write on the case's stream that must be in; when it isn't within 3 s the refusal is unavailable.
func Case(ctx context.Context, c bus.Client, id string, minSeq uint64) (portalapi.CaseView, error) {
	if _, err := events.ParseCaseID(id); err != nil {
		return portalapi.CaseView{}, fault.New(fault.NotFound, "portal: case")
	}
	var in fromIntake
	var rect json.RawMessage
	var track fromRectification
	var g errgroup.Group
	g.Go(func() error {
		return c.Ask(ctx, events.ServiceIntake, intakeapi.EndpointGet, intakeapi.GetParams{ID: events.CaseID(id), MinSeq: minSeq}, nil, &in)
	})
	g.Go(func() error {
		var err error
		rect, track, err = rectification(ctx, c, id)
		return err
	})
	if err := g.Wait(); err != nil {
		return portalapi.CaseView{}, err
	}
	v := portalapi.CaseView{Case: in.Case, Rectification: rect, Next: append(in.Next, track.Next...), History: append(in.History, track.History...)}
	slices.SortStableFunc(v.History, func(a, b portalapi.Step) int {
		return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.At, b.At))
	})
	var err error
	v.Media, v.HeldBack, err = media(ctx, c, in)
	return v, err
}

func rectification(ctx context.Context, c bus.Client, id string) (json.RawMessage, fromRectification, error) {
	var track fromRectification
	var raw json.RawMessage
	err := c.Ask(ctx, events.ServiceRectification, rectificationapi.EndpointGet, rectificationapi.GetParams{ID: events.CaseID(id)}, nil, &raw)
	if fault.Is(err, fault.NotFound) {
		return nil, track, nil
	}
	if err != nil {
		return nil, track, err
	}
	if err := json.Unmarshal(raw, &track); err != nil {
		return nil, track, fmt.Errorf("portal: rectification: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, track, fmt.Errorf("portal: rectification: %w", err)
	}
	delete(fields, "next")
	delete(fields, "history")
	raw, err = json.Marshal(fields)
	return raw, track, err
}

// media lists what the case has taken, as far as the actor may see it.
func media(ctx context.Context, c bus.Client, in fromIntake) ([]portalapi.Medium, int, error) {
	if len(in.Media) == 0 {
		return []portalapi.Medium{}, 0, nil
	}
	ids := make([]events.MediaID, len(in.Media))
	captions := map[events.MediaID]string{}
	for i, m := range in.Media {
		ids[i], captions[m.ID] = m.ID, m.Caption
	}
	listed, err := mediaapi.Client{Client: c}.List(ctx, mediaapi.ListParams{Office: in.Office, IDs: ids})
	if err != nil {
		return nil, 0, err
	}
	out := make([]portalapi.Medium, len(listed.Media))
	for i, m := range listed.Media {
		out[i] = Medium(ctx, m)
		out[i].Caption = captions[m.ID]
	}
	return out, listed.HeldBack, nil
}

// Search finds cases that the client's actor may see.
func Search(ctx context.Context, c bus.Client, params archiveapi.Params) (portalapi.Found, error) {
	var f portalapi.Found
	return f, c.Ask(ctx, events.ServiceArchive, archiveapi.EndpointSearch, params, nil, &f)
}

// Facets are the filters of a search that have counts, in the order in which they are shown.
var Facets = []string{"office", "sector", "category", "hazard_level", "level", "outlet", "state", "rectification_state"}

// AfterMedia gives the media that a rectification shows, as far as the actor may see them, and how many others there are. rectification is the one of a CaseView.
func AfterMedia(ctx context.Context, c bus.Client, rectification json.RawMessage) (seen []portalapi.Medium, heldBack int, err error) {
	var r events.RectificationState
	if err := json.Unmarshal(rectification, &r); err != nil {
		return nil, 0, fmt.Errorf("portal: rectification: %w", err)
	}
	for ids := range slices.Chunk(r.Media(), mediaapi.MaxList) {
		listed, err := mediaapi.Client{Client: c}.List(ctx, mediaapi.ListParams{Office: r.Office, IDs: ids})
		if err != nil {
			return nil, 0, err
		}
		seen, heldBack = append(seen, mediaOf(ctx, listed.Media)...), heldBack+listed.HeldBack
	}
	return seen, heldBack, nil
}
