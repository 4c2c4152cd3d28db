package view

import (
	"context"
	"encoding/json"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/portalapi"
)

// Medium gives media's view in the form of the API, warnings in the caller's language.
func Medium(ctx context.Context, m mediaapi.View) portalapi.Medium {
	out := portalapi.Medium{ID: string(m.ID), Office: string(m.Office), File: m.File, Kind: m.Kind, Type: m.Type, SHA256: m.SHA256, State: string(m.State), Bytes: m.Bytes, Reason: m.Reason,
		Missing: m.Missing, Rendering: m.Rendering, Examination: m.Examination, Proposed: m.Proposed, Areas: m.Areas, Renditions: []portalapi.Rendition{}}
	for _, r := range m.Renditions {
		out.Renditions = append(out.Renditions, portalapi.Rendition(r))
	}
	l := front.Of(ctx).Language
	out.ReasonMessage = messages.End(m.Reason, l)
	for _, w := range m.Warnings {
		out.Warnings = append(out.Warnings, portalapi.Warning{Code: w.Code, Message: messages.Warning(w.Code, w.KM, w.Days, l), Case: string(w.Case), Media: string(w.Media), Office: string(w.Office),
			KM: w.KM, Days: w.Days})
	}
	for _, id := range m.TakenBy {
		out.TakenBy = append(out.TakenBy, string(id))
	}
	if a := m.ErasureAsked; a != nil {
		out.ErasureAsked = &portalapi.ErasureAsked{Role: a.By.Role, At: a.At, Reason: a.Reason}
	}
	for _, n := range m.Next {
		next := portalapi.Next{Command: n.Command, Fields: []portalapi.NextField{}}
		for _, f := range n.Fields {
			next.Fields = append(next.Fields, portalapi.NextField(f))
		}
		out.Next = append(out.Next, next)
	}
	for _, s := range m.History {
		step := portalapi.Step{Stream: s.Stream, Sequence: s.Sequence, Type: s.Type, On: string(events.DayOf(s.At)), At: s.At.Format(timeFormat)}
		step.Actor.Role, step.Actor.Office = s.Actor.Role, string(s.Actor.Office)
		out.History = append(out.History, step)
	}
	return out
}

// timeFormat is RFC 3339, as other histories have it.
const timeFormat = "2006-01-02T15:04:05.999999999Z07:00"

func mediaOf(ctx context.Context, views []mediaapi.View) []portalapi.Medium {
	out := make([]portalapi.Medium, len(views))
	for i, m := range views {
		out[i] = Medium(ctx, m)
	}
	return out
}

// MediumByID gives one medium; fault.NotFound if it isn't there or not for these eyes, fault.Gone if a withdrawn case had shown it.
func MediumByID(ctx context.Context, c bus.Client, id string) (portalapi.Medium, error) {
	parsed, err := events.ParseMediaID(id)
	if err != nil {
		return portalapi.Medium{}, fault.New(fault.NotFound, "portal: medium")
	}
	m, err := mediaapi.Client{Client: c}.Get(ctx, parsed)
	return Medium(ctx, m), err
}

// MediaByHash gives the own office's media of these bytes.
func MediaByHash(ctx context.Context, c bus.Client, sha256hex string) ([]portalapi.Medium, error) {
	found, err := mediaapi.Client{Client: c}.ByHash(ctx, sha256hex)
	return mediaOf(ctx, found), err
}

// CommandMedium gives a command to a medium; body is the command's JSON. Refusals are media's; the medium in them, and in the answer, has the form of the API.
func CommandMedium(ctx context.Context, c bus.Client, id, name, key string, body []byte) (portalapi.CommandedMedium, error) {
	parsed, err := events.ParseMediaID(id)
	if err != nil {
		return portalapi.CommandedMedium{}, fault.New(fault.NotFound, "portal: medium")
	}
	got, err := mediaapi.Client{Client: c}.Command(ctx, mediaapi.CommandParams{ID: parsed, Name: name, Key: key}, body)
	if err == nil {
		return portalapi.CommandedMedium{State: Medium(ctx, got.State), Stream: got.Stream, Sequence: got.Sequence}, nil
	}
	f := fault.Of(err)
	var v mediaapi.View
	if len(f.Current) > 0 && json.Unmarshal(f.Current, &v) == nil {
		f.Current, _ = json.Marshal(Medium(ctx, v))
	}
	return portalapi.CommandedMedium{}, err
}

// Media lists an office's media by state, the oldest first.
func Media(ctx context.Context, c bus.Client, p mediaapi.BrowseParams) (portalapi.Media, error) {
	got, err := mediaapi.Client{Client: c}.Browse(ctx, p)
	return portalapi.Media{Media: mediaOf(ctx, got.Media), Total: got.Total}, err
}

// MediaToErase gives the first page of the media whose erasure somebody has asked, for administrators and the province; more says that there are others.
func MediaToErase(ctx context.Context, c bus.Client) (media []portalapi.Medium, more bool, err error) {
	got, err := Media(ctx, c, mediaapi.BrowseParams{ErasureAsked: true, PerPage: mediaapi.MaxPerPage})
	return got.Media, got.Total > len(got.Media), err
}

// MediaInState gives the first page of the actor's own office's media in a state, the oldest first; more says that there are others.
func MediaInState(ctx context.Context, c bus.Client, state string) (media []portalapi.Medium, more bool, err error) {
	got, err := Media(ctx, c, mediaapi.BrowseParams{State: events.MediaStatus(state), PerPage: mediaapi.MaxPerPage})
	return got.Media, got.Total > len(got.Media), err
}
