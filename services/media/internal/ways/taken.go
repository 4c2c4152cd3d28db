package ways

import (
	"context"
	"fmt"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
)

// RunTaken puts under hold what cases take, until ctx ends.
func (w *Ways) RunTaken(ctx context.Context) error { return w.each(ctx, Taken, w.caseChanged) }

// RunTakenAfter puts under hold what rectifications show, until ctx ends.
func (w *Ways) RunTakenAfter(ctx context.Context) error {
	return w.each(ctx, TakenAfter, w.rectificationChanged)
}

// RunTakenForReturn puts under hold the scans that returns name, until ctx ends.
func (w *Ways) RunTakenForReturn(ctx context.Context) error {
	return w.each(ctx, TakenForReturn, w.returnChanged)
}

func (w *Ways) each(ctx context.Context, d bus.Durable, changed func(context.Context, *bus.Message) error) error {
	return w.bus.Consume(ctx, d, 1, func(ctx context.Context, batch []*bus.Message) error {
		for _, m := range batch {
			if err := changed(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Ways) rectificationChanged(ctx context.Context, m *bus.Message) error {
	r, err := events.DecodeState[events.RectificationState](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return err
	}
	for _, id := range r.Media() {
		if err := w.take(ctx, r.Office, r.ID, id); err != nil {
			return fmt.Errorf("media: rectification %s takes %s: %w", r.ID, id, err)
		}
	}
	return nil
}

func (w *Ways) returnChanged(ctx context.Context, m *bus.Message) error {
	r, err := events.DecodeState[events.ReturnState](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return err
	}
	for _, f := range r.Filings {
		if f.Scan == "" {
			continue
		}
		held := func(s events.MediaState) bool { return slices.Contains(s.Returns, r.Month) }
		if err := w.hold(ctx, r.Office, f.Scan, held, func(s events.MediaState) (events.Fact, error) { return media.TakeForReturn(s, r.Month) }); err != nil {
			return fmt.Errorf("media: the return of %s for %s takes %s: %w", r.Office, r.Month, f.Scan, err)
		}
	}
	return nil
}

func (w *Ways) caseChanged(ctx context.Context, m *bus.Message) error {
	// The text of a case is most of it and none of our business.
	held, err := events.DecodeState[struct {
		ID         events.CaseID        `json:"id"`
		Office     events.OfficeSlug    `json:"office"`
		Media      []events.CaseMedium  `json:"media"`
		Exposures  []events.Publication `json:"exposures"`
		Objections []events.Objection   `json:"objections"`
	}](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return err
	}
	c := events.CaseState{ID: held.ID, Office: held.Office, Media: held.Media, Exposures: held.Exposures, Objections: held.Objections}
	for _, id := range media.OfCase(c) {
		if err := w.take(ctx, c.Office, c.ID, id); err != nil {
			return fmt.Errorf("media: case %s takes %s: %w", c.ID, id, err)
		}
		// The case's place or days may be others now.
		if _, err := w.compare.Medium(ctx, events.MediaSubject(c.Office, id)); err != nil {
			return err
		}
	}
	return nil
}

func (w *Ways) take(ctx context.Context, office events.OfficeSlug, id events.CaseID, medium events.MediaID) error {
	held := func(s events.MediaState) bool { return slices.Contains(s.TakenBy, id) }
	return w.hold(ctx, office, medium, held, func(s events.MediaState) (events.Fact, error) { return media.Take(s, id) })
}

// hold puts a medium under legal hold and states who has taken it, unless that is stated already.
func (w *Ways) hold(ctx context.Context, office events.OfficeSlug, medium events.MediaID, held func(events.MediaState) bool, take func(events.MediaState) (events.Fact, error)) error {
	subject := events.MediaSubject(office, medium)
	l, err := catalog.Aggregate.Load(ctx, w.bus, subject)
	if err != nil {
		return err
	}
	if held(l.State) {
		return nil
	}
	if !l.Exists() {
		// A replica may be behind: the delivery comes again.
		return fault.New(fault.NotFound, "media: take "+subject)
	}
	if !media.HasBytes(l.State) {
		w.bus.Logger().Warn("a record names a medium whose bytes are gone", "office", office, "media", medium)
		return nil
	}
	if err := w.objects.LegalHold(ctx, w.buckets.Originals(), l.State.Object, true); err != nil {
		return away(err)
	}
	return w.append(ctx, subject, media.CommandTake, take)
}
