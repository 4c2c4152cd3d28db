package writer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/internal/bus"
)

func ofCase(m *bus.Message) ([]string, error) { return []string{m.Subject}, nil }

func ofRectification(m *bus.Message) ([]string, error) {
	_, office, id, err := events.SplitSubject(m.Subject)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", events.ErrMalformed, err)
	}
	return []string{events.CaseSubject(office, events.CaseID(id))}, nil
}

func itself(caseSubject string) (string, error) { return caseSubject, nil }

func rectificationSubject(caseSubject string) (string, error) {
	_, office, id, err := events.SplitSubject(caseSubject)
	return events.RectificationSubject(office, events.CaseID(id)), err
}

// ofMedium: a medium belongs to the cases that have taken it, all of its own office. A case that took it before the fact `taken` is written gets
// its turn with that fact.
func ofMedium(m *bus.Message) ([]string, error) {
	s, err := events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return nil, err
	}
	if !archive.MediumMatters(s, m.Meta.Type) {
		return nil, nil
	}
	var out []string
	for _, id := range s.TakenBy {
		out = append(out, events.CaseSubject(s.Office, id))
	}
	return out, nil
}

// hands are the messages in hand, the latest of each subject: they win over what a replica that is behind gives.
type hands map[string]*bus.Message

func (h hands) put(m *bus.Message) {
	if had := h[m.Subject]; had == nil || had.Sequence < m.Sequence {
		h[m.Subject] = m
	}
}

// composed is a case and its document, if it has one.
type composed struct {
	subject  string
	document archive.Document
	ok       bool
}

// composeAll composes cases, several at once, in the order of subjects.
func (w *Writer) composeAll(ctx context.Context, subjects []string, hand hands) ([]composed, error) {
	out := make([]composed, len(subjects))
	err := inParallel(len(subjects), func(i int) (err error) {
		out[i], err = w.compose(ctx, subjects[i], hand)
		return err
	})
	return out, err
}

// compose reads a case's records and makes its document. A case that can't be read is an error; a rectification or medium that can't is left out and said so in the log, since
// its own message ends as a dead letter.
func (w *Writer) compose(ctx context.Context, subject string, hand hands) (composed, error) {
	out := composed{subject: subject}
	c, ok, err := load[events.CaseState](ctx, w, events.StreamCases, subject, hand)
	if err != nil || !ok {
		return out, err
	}
	var rectification *events.RectificationState
	if c.ExposedOn != "" {
		r, ok, err := load[events.RectificationState](ctx, w, events.StreamRectification, events.RectificationSubject(c.Office, c.ID), hand)
		if err := w.tolerate(err); err != nil {
			return out, err
		}
		if ok {
			rectification = &r
		}
	}
	media := map[events.MediaID]events.MediaStatus{}
	if archive.ReadsMedia(c) {
		for _, m := range c.Media {
			s, _, err := load[events.MediaState](ctx, w, events.StreamMedia, events.MediaSubject(c.Office, m.ID), hand)
			if err := w.tolerate(err); err != nil {
				return out, err
			}
			media[m.ID] = s.State
		}
	}
	out.document, out.ok = archive.Compose(c, rectification, media)
	return out, nil
}

func (w *Writer) tolerate(err error) error {
	if errors.Is(err, events.ErrMalformed) {
		w.bus.Logger().Error("a record that can't be read is left out of a document", "error", err)
		return nil
	}
	return err
}

// load reads a record as it stands; the message in hand wins where it is newer than what the log gives.
func load[S any](ctx context.Context, w *Writer, stream, subject string, hand hands) (s S, ok bool, err error) {
	last, err := w.bus.Last(ctx, stream, subject)
	m, inHand := hand[subject]
	switch {
	case inHand && (errors.Is(err, bus.ErrNone) || err == nil && m.Sequence > last.Sequence):
	case errors.Is(err, bus.ErrNone):
		return s, false, nil
	case err != nil:
		return s, false, err
	default:
		m = &last
	}
	s, err = events.DecodeState[S](events.Default, m.Meta.Type, m.Body)
	return s, err == nil, err
}

// inParallel calls do for 0 … n-1 in readers goroutines and gives the errors, joined.
func inParallel(n int, do func(i int) error) error {
	if n == 1 {
		return do(0)
	}
	errs := make([]error, n)
	var group sync.WaitGroup
	for r := range min(readers, n) {
		group.Go(func() {
			for i := r; i < n; i += readers {
				errs[i] = do(i)
			}
		})
	}
	group.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
