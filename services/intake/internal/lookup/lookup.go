// Package lookup finds what a body names: media of the office, outlets and offices of the list, the normalised reference.
package lookup

import (
	"context"
	"errors"
	"slices"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/intake/internal/refs"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
)

// Directory is the province's list (registryapi.Directory).
type Directory interface {
	Outlet(nameOrAliasOrID string) (events.OutletState, bool)
	Office(events.OfficeSlug) (events.OfficeState, bool)
	Offices() []events.OfficeState
}

// Media finds media (mediaapi.Resolver).
type Media interface {
	Resolve(ctx context.Context, token string, office events.OfficeSlug, ref mediaapi.MediaRef) (events.MediaState, error)
}

// Lookup resolves bodies.
type Lookup struct {
	Directory Directory
	Media     Media
}

// Resolve looks up what a body names; what isn't there is noted in Wrong. Its error is that of a backing.
func (l Lookup) Resolve(ctx context.Context, token string, office events.OfficeSlug, ref string, media, documents []intake.MediumBody) (intake.Resolved, error) {
	r := intake.Resolved{RefKey: refs.Key(ref), Ref: refs.Shown(ref), Outlet: l.Directory.Outlet, OfficeExists: l.exists}
	var err error
	if r.Media, err = l.media(ctx, token, office, "media", media, &r.Wrong); err != nil {
		return r, err
	}
	r.Documents, err = l.media(ctx, token, office, "documents", documents, &r.Wrong)
	return r, err
}

func (l Lookup) exists(slug events.OfficeSlug, on events.Day) bool {
	o, ok := l.Directory.Office(slug)
	return ok && (o.From == "" || on >= o.From) && (o.To == "" || on <= o.To)
}

func (l Lookup) media(ctx context.Context, token string, office events.OfficeSlug, list string, bodies []intake.MediumBody, wrong *[]fault.Field) ([]events.CaseMedium, error) {
	if len(bodies) > intake.MaxMedia {
		return nil, nil // refused for its number; looking up thousands would help nobody
	}
	var out []events.CaseMedium
	for i, b := range bodies {
		if b.ID == "" && (b.File == "" || strings.ContainsAny(b.File, `/\`)) {
			continue // refused for its form
		}
		field, name := "file", b.File
		if b.ID != "" {
			field, name = "id", ""
		}
		m, err := l.Media.Resolve(ctx, token, office, mediaapi.MediaRef{ID: events.MediaID(b.ID), File: name, SHA256: b.SHA256})
		code := ""
		switch {
		case errors.Is(err, mediaapi.ErrNotFound):
			code = "not_found"
		case errors.Is(err, mediaapi.ErrAmbiguous):
			code = "ambiguous"
		case err != nil:
			return nil, err
		case b.Kind != "" && b.Kind != m.Kind && slices.Contains(intake.MediaKinds, b.Kind):
			field, code = "kind", "kind_mismatch"
		}
		if code != "" {
			*wrong = append(*wrong, fault.Field{Field: fault.Index(list, i, field), Code: code})
			continue
		}
		out = append(out, events.CaseMedium{ID: m.ID, File: m.File, Caption: b.Caption, Kind: m.Kind, SHA256: m.SHA256})
	}
	return out, nil
}
