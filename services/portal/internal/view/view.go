// Package view puts together what several services know of one case, for the API and the pages alike.
package view

import (
	"bytes"
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
	NotNow  []portalapi.NotNow  `json:"not_now"`
	History []portalapi.Step    `json:"history"`
}

type fromRectification struct {
	Next    []portalapi.Next   `json:"next"`
	NotNow  []portalapi.NotNow `json:"not_now"`
	History []portalapi.Step   `json:"history"`
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
	v := portalapi.CaseView{Case: in.Case, Rectification: rect, Next: append(in.Next, track.Next...), NotNow: append(in.NotNow, track.NotNow...), History: append(in.History, track.History...)}
	slices.SortStableFunc(v.History, func(a, b portalapi.Step) int {
		return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.At, b.At))
	})
	var err error
	if v.Media, v.HeldBack, err = media(ctx, c, in); err != nil {
		return v, err
	}
	return v, withhold(ctx, c, in, &v)
}

// Seen gives a case as intake answers it without the ids of media that aren't for the actor's eyes.
func Seen(ctx context.Context, c bus.Client, raw json.RawMessage) (json.RawMessage, error) {
	var in fromIntake
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("portal: case: %w", err)
	}
	v := portalapi.CaseView{Case: raw}
	err := withhold(ctx, c, fromIntake{Office: in.Office}, &v)
	return v.Case, err
}

// withhold takes out of a case and its rectification the ids of media that aren't for these eyes: how many there are may be told, not which.
func withhold(ctx context.Context, c bus.Client, in fromIntake, v *portalapi.CaseView) error {
	ids, err := named(v)
	if err != nil {
		return err
	}
	counted := map[events.MediaID]bool{}
	for _, m := range in.Media {
		counted[m.ID] = true
	}
	ids = slices.DeleteFunc(ids, func(id events.MediaID) bool { return counted[id] })
	hidden := map[string]bool{}
	for part := range slices.Chunk(ids, mediaapi.MaxList) {
		listed, err := mediaapi.Client{Client: c}.List(ctx, mediaapi.ListParams{Office: in.Office, IDs: part})
		if err != nil {
			return err
		}
		v.OthersHeldBack += listed.HeldBack
		for _, id := range part {
			if !slices.ContainsFunc(listed.Media, func(m mediaapi.View) bool { return m.ID == id }) {
				hidden[string(id)] = true
			}
		}
	}
	for _, m := range in.Media {
		if !slices.ContainsFunc(v.Media, func(seen portalapi.Medium) bool { return seen.ID == string(m.ID) }) {
			hidden[string(m.ID)] = true
		}
	}
	if len(hidden) == 0 {
		return nil
	}
	if v.Case, err = without(v.Case, hidden); err != nil {
		return err
	}
	v.Rectification, err = without(v.Rectification, hidden)
	return err
}

// named gives the media that a case's publications and its rectification name, each once.
func named(v *portalapi.CaseView) ([]events.MediaID, error) {
	var file struct {
		Exposures []struct {
			Clip events.MediaID `json:"clip"`
		} `json:"exposures"`
		Objections []struct {
			Documents []events.MediaID `json:"documents"`
		} `json:"objections"`
	}
	if err := json.Unmarshal(v.Case, &file); err != nil {
		return nil, fmt.Errorf("portal: case: %w", err)
	}
	var ids []events.MediaID
	for _, x := range file.Exposures {
		if x.Clip != "" {
			ids = append(ids, x.Clip)
		}
	}
	for _, o := range file.Objections {
		ids = append(ids, o.Documents...)
	}
	if len(v.Rectification) > 0 {
		var r events.RectificationState
		if err := json.Unmarshal(v.Rectification, &r); err != nil {
			return nil, fmt.Errorf("portal: rectification: %w", err)
		}
		ids = append(ids, r.Media()...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// without gives JSON in which no list holds one of the texts, and no member is or has one in a list.
func without(raw json.RawMessage, hidden map[string]bool) (json.RawMessage, error) {
	if len(raw) == 0 {
		return raw, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("portal: case: %w", err)
	}
	return json.Marshal(strip(v, hidden))
}

// strip takes a hidden text out of lists and members, and out of lists every object whose id it is.
func strip(v any, hidden map[string]bool) any {
	is := func(v any) bool {
		if o, ok := v.(map[string]any); ok {
			v = o["id"]
		}
		text, ok := v.(string)
		return ok && hidden[text]
	}
	switch x := v.(type) {
	case []any:
		x = slices.DeleteFunc(x, is)
		for i := range x {
			x[i] = strip(x[i], hidden)
		}
		return x
	case map[string]any:
		for k, member := range x {
			if text, ok := member.(string); ok && hidden[text] {
				delete(x, k)
				continue
			}
			x[k] = strip(member, hidden)
		}
	}
	return v
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
	delete(fields, "not_now")
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

// Suggest gives ways to go on with what is typed.
func Suggest(ctx context.Context, c bus.Client, params archiveapi.SuggestParams) (portalapi.Suggestions, error) {
	var s portalapi.Suggestions
	return s, c.Ask(ctx, events.ServiceArchive, archiveapi.EndpointSuggest, params, nil, &s)
}

// Facets are the filters of a search that have counts, in the order in which they are shown.
var Facets = []string{"office", "sector", "category", "hazard_level", "level", "outlet", "state", "rectification_state"}

// AfterMedia gives the media that a rectification shows, as far as the actor may see them. rectification is the one of a CaseView.
func AfterMedia(ctx context.Context, c bus.Client, rectification json.RawMessage) (seen []portalapi.Medium, err error) {
	var r events.RectificationState
	if err := json.Unmarshal(rectification, &r); err != nil {
		return nil, fmt.Errorf("portal: rectification: %w", err)
	}
	for ids := range slices.Chunk(r.Media(), mediaapi.MaxList) {
		listed, err := mediaapi.Client{Client: c}.List(ctx, mediaapi.ListParams{Office: r.Office, IDs: ids})
		if err != nil {
			return nil, err
		}
		seen = append(seen, mediaOf(ctx, listed.Media)...)
	}
	return seen, nil
}
