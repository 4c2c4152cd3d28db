package media

import (
	"fmt"
	"slices"
	"time"

	"songshui.internal/events"
)

// MaxReplaced bounds the ids of former public copies that a record remembers; older ones answer like copies that never were.
const MaxReplaced = 400

// Fold gives a medium's state after a fact. It changes nothing that it is given; an unknown fact is an error.
func Fold(s events.MediaState, meta events.Meta, fact events.Fact) (events.MediaState, error) {
	switch f := fact.(type) {
	case events.MediaSealedFact:
		s = sealed(s, meta, f)
	case events.MediaExaminedFact:
		e := f.Examination
		s.State, s.Examination = events.MediaExamined, &e
	case events.MediaComparedFact:
		s.Findings = append([]events.Finding(nil), f.Findings...)
	case events.MediaRenderedFact:
		s.State, s.Renditions = events.MediaRendered, slices.Clone(f.Renditions)
	case events.MediaWaitingFact:
		s.State, s.Missing = events.MediaWaiting, f.Missing
	case events.MediaFailedFact:
		// What could not be made has not been cleared either.
		s.State, s.Reason, s.ClearWhenRendered, s.ClearedBy = events.MediaFailed, f.Reason, false, ""
	case events.MediaRetriedFact:
		s = again(s, events.MediaSealed)
	case events.MediaMaskedFact:
		s = again(s, events.MediaExamined)
		s.Areas, s.ClearWhenRendered = append([]events.Area(nil), f.Areas...), f.Clear
		s.ClearedBy = ""
		if f.Clear {
			s.ClearedBy = meta.Actor.Account
		}
	case events.MediaClearedFact:
		if !s.ClearWhenRendered {
			s.ClearedBy = meta.Actor.Account
		}
		s.State, s.ClearedAt, s.ClearWhenRendered = events.MediaCleared, meta.Time, false
	case events.MediaRenewedFact:
		s.RenewedAt = meta.Time
	case events.MediaTakenFact:
		if f.Return != "" {
			s.Returns = append(slices.Clone(s.Returns), f.Return)
		} else {
			s.TakenBy = append(slices.Clone(s.TakenBy), f.Case)
		}
	case events.MediaErasureAskedFact:
		s.ErasureAsked = &events.ErasureAsked{By: meta.Actor, At: meta.Time, Reason: f.Reason}
	case events.MediaErasureWithdrawnFact:
		s.ErasureAsked = nil
	case events.MediaReleasedFact:
		s = withoutBytes(s, events.MediaReleased, f.Reason)
	case events.MediaErasedFact:
		s = withoutBytes(s, events.MediaErased, f.Reason)
	case events.MediaRestatedFact:
		schema, revision, marks := s.Schema, s.Revision, s.Commands
		s = f.State
		s.Schema, s.Revision, s.Commands = schema, revision, marks
	default:
		return s, fmt.Errorf("media: fold: unknown fact %T", fact)
	}
	return s, nil
}

// sealed begins a medium; of one that was released before, only the book is kept and the numbers of its renderings go on.
func sealed(s events.MediaState, meta events.Meta, f events.MediaSealedFact) events.MediaState {
	next := events.MediaState{Schema: s.Schema, Revision: s.Revision, Commands: s.Commands, Replaced: s.Replaced,
		ID: f.ID, Office: f.Office, File: f.File, SHA256: f.SHA256, Bytes: f.Bytes, Type: f.Type, Kind: f.Kind, Object: f.Object,
		State: events.MediaSealed, SealedAt: meta.Time, SealedBy: meta.Actor.Account}
	if s.State != None {
		next.Rendering = Number(s) + 1
	}
	return next
}

// again sends a medium on its way for another rendering. Copies that are left behind are no copies any more.
func again(s events.MediaState, to events.MediaStatus) events.MediaState {
	s = withoutCopies(s)
	s.State, s.Reason, s.Missing, s.Rendering = to, "", "", Number(s)+1
	return s
}

func withoutCopies(s events.MediaState) events.MediaState {
	if s.State == events.MediaCleared {
		gone := slices.Clone(s.Replaced)
		for _, r := range s.Renditions {
			gone = append(gone, ID(r))
		}
		s.Replaced = gone[max(len(gone)-MaxReplaced, 0):]
		s.ClearedBy, s.ClearedAt = "", time.Time{}
	}
	s.Renditions = nil
	return s
}

// withoutBytes ends a medium. What was read from the bytes goes with them.
func withoutBytes(s events.MediaState, to events.MediaStatus, reason string) events.MediaState {
	s = withoutCopies(s)
	s.State, s.Reason, s.Missing, s.ClearWhenRendered, s.ClearedBy = to, reason, "", false, ""
	s.Examination, s.Findings, s.Areas = nil, nil, nil
	return s
}

// ID is what an address holds of a copy.
func ID(r events.Rendition) string {
	if r.ID == "" {
		return r.Name
	}
	return r.ID
}
