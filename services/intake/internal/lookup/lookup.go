// Package lookup finds what a body names: media of the office, outlets and offices of the list, the normalised reference.
package lookup

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/intake/internal/refs"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/media/mediaapi"
)

// Directory is the province's list (registryapi.Directory).
type Directory interface {
	Outlet(nameOrAliasOrID string) (events.OutletState, bool)
	Office(events.OfficeSlug) (events.OfficeState, bool)
	Offices() []events.OfficeState
	Rules() *rules.Book
}

// Media finds media (mediaapi.Resolver).
type Media interface {
	Resolve(ctx context.Context, token string, office events.OfficeSlug, ref mediaapi.MediaRef) (events.MediaState, error)
}

// Lookup resolves bodies.
type Lookup struct {
	Directory Directory
	Media     Media
	Now       func() time.Time
}

func (l Lookup) today() events.Day { return events.DayOf(l.Now()) }

// Names are what a body names.
type Names struct {
	Ref              string
	Media, Documents []intake.MediumBody
	// Clips are ids of media by the path of the field that names them.
	Clips map[string]string
}

// OfSubmission gives what a whole case names.
func OfSubmission(b intake.Body) Names {
	n := Names{Ref: b.Ref, Media: b.Media}
	for i, e := range b.Exposures {
		if e.Clip != "" && i < intake.MaxExposures {
			if n.Clips == nil {
				n.Clips = map[string]string{}
			}
			n.Clips[fault.Index("exposures", i, "clip")] = e.Clip
		}
	}
	return n
}

// OfCommand gives what any other body names. What detach takes off is found in the case itself.
func OfCommand(command string, b intake.CommandBody) Names {
	n := Names{Ref: b.Ref, Media: b.Media, Documents: b.Documents}
	if command == "detach" {
		n.Media = nil
	}
	if b.Clip != "" {
		n.Clips = map[string]string{"clip": b.Clip}
	}
	return n
}

// Resolve looks up what a body names; what isn't there is noted in Wrong. Its error is that of a backing.
func (l Lookup) Resolve(ctx context.Context, token string, office events.OfficeSlug, n Names) (intake.Resolved, error) {
	r := intake.Resolved{BackdateAfter: l.Directory.Rules().On(rules.BackdateAfter, l.today()), RefKey: refs.Key(n.Ref), Ref: refs.Shown(n.Ref), Outlet: l.Directory.Outlet, OfficeExists: l.exists}
	var err error
	if r.Media, err = l.media(ctx, token, office, "media", n.Media, &r.Wrong); err != nil {
		return r, err
	}
	if r.Documents, err = l.media(ctx, token, office, "documents", n.Documents, &r.Wrong); err != nil {
		return r, err
	}
	for _, path := range slices.Sorted(maps.Keys(n.Clips)) {
		_, err := l.Media.Resolve(ctx, token, office, mediaapi.MediaRef{ID: events.MediaID(n.Clips[path])})
		switch {
		case errors.Is(err, mediaapi.ErrNotFound):
			r.Wrong = append(r.Wrong, fault.Field{Field: path, Code: "not_found"})
		case err != nil:
			return r, err
		}
	}
	return r, nil
}

// Remembering gives a lookup that takes a name which means nothing any more, or several media by now, for the medium that it meant in an earlier submission.
func (l Lookup) Remembering(earlier []events.CaseMedium) Lookup {
	l.Media = remembering{l.Media, earlier}
	return l
}

type remembering struct {
	Media
	earlier []events.CaseMedium
}

func (r remembering) Resolve(ctx context.Context, token string, office events.OfficeSlug, ref mediaapi.MediaRef) (events.MediaState, error) {
	m, err := r.Media.Resolve(ctx, token, office, ref)
	if !errors.Is(err, mediaapi.ErrNotFound) && !errors.Is(err, mediaapi.ErrAmbiguous) {
		return m, err
	}
	for _, e := range r.earlier {
		same := e.File == mediaapi.CleanName(ref.File) && (ref.SHA256 == "" || strings.EqualFold(e.SHA256, ref.SHA256))
		if ref.ID != "" {
			same = e.ID == ref.ID
		}
		if same {
			return events.MediaState{ID: e.ID, Office: office, File: e.File, Kind: e.Kind, SHA256: e.SHA256}, nil
		}
	}
	return m, err
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
	seen := make(map[events.MediaID]bool, len(bodies))
	for i, b := range bodies {
		if b.ID == "" && (b.File == "" || strings.ContainsAny(b.File, `/\`)) {
			continue // refused for its form
		}
		field, name := b.Name(), b.File
		if b.ID != "" {
			name = ""
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
		case seen[m.ID]:
			code = "duplicate"
		}
		if code != "" {
			*wrong = append(*wrong, fault.Field{Field: fault.Index(list, i, field), Code: code})
			continue
		}
		seen[m.ID] = true
		out = append(out, events.CaseMedium{ID: m.ID, File: m.File, Caption: b.Caption, Kind: m.Kind, SHA256: m.SHA256})
	}
	return out, nil
}
