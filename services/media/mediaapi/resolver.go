package mediaapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
)

var (
	// ErrNotFound says that the office has no such medium (or it was released or erased).
	ErrNotFound = errors.New("mediaapi: no such medium")
	// ErrAmbiguous says that the office has several media of that name: name the hash or the id.
	ErrAmbiguous = errors.New("mediaapi: several media of that name")
)

// MediaRef is a medium as a case file names it: its ID, or its File, made certain by the SHA256 (hex) of its bytes.
type MediaRef struct {
	ID     events.MediaID
	File   string
	SHA256 string
}

// Resolver finds the medium that a reference means.
type Resolver struct{ bus *bus.Bus }

// NewResolver makes a Resolver on a service's bus; it needs the right to read MEDIA and to ask media.
func NewResolver(b *bus.Bus) *Resolver { return &Resolver{b} }

// Resolve gives the record of the office's medium that ref means. By ID, or File and SHA256, it is one read of the record; by File or SHA256 alone media is asked, which
// answers after it has seen every medium sealed before. token is the actor's signed statement. Errors: ErrNotFound, ErrAmbiguous, or a *fault.Error (unavailable).
func (r *Resolver) Resolve(ctx context.Context, token string, office events.OfficeSlug, ref MediaRef) (events.MediaState, error) {
	ref.SHA256 = strings.ToLower(ref.SHA256)
	if ref.ID == "" && ref.SHA256 != "" && ref.File != "" {
		ref.ID = events.MediaIDFor(office, ref.SHA256, CleanName(ref.File))
	}
	if ref.ID != "" {
		return r.load(ctx, office, ref.ID)
	}
	if ref.File == "" && ref.SHA256 == "" {
		return events.MediaState{}, ErrNotFound
	}
	found, err := Client{bus.Client{Conn: r.bus.Conn(), Token: token}}.Find(ctx, FindParams{Office: office, File: ref.File, SHA256: ref.SHA256})
	if err != nil {
		return events.MediaState{}, err
	}
	switch len(found) {
	case 0:
		return events.MediaState{}, ErrNotFound
	case 1:
		return found[0], nil
	}
	return events.MediaState{}, ErrAmbiguous
}

func (r *Resolver) load(ctx context.Context, office events.OfficeSlug, id events.MediaID) (events.MediaState, error) {
	if _, err := events.ParseMediaID(string(id)); err != nil {
		return events.MediaState{}, ErrNotFound
	}
	m, err := r.bus.Last(ctx, events.StreamMedia, events.MediaSubject(office, id))
	if errors.Is(err, bus.ErrNone) {
		return events.MediaState{}, ErrNotFound
	}
	if err != nil {
		return events.MediaState{}, err
	}
	s, err := events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return events.MediaState{}, fmt.Errorf("mediaapi: medium %s: %w", id, err)
	}
	if s.State == events.MediaReleased || s.State == events.MediaErased {
		return events.MediaState{}, ErrNotFound
	}
	return s, nil
}
