package ways

import (
	"context"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/media"
)

// RunWay examines and renders what was sealed, one medium after the other, until ctx ends.
func (w *Ways) RunWay(ctx context.Context) error {
	return w.Bus.Consume(ctx, Way, 1, func(ctx context.Context, batch []*bus.Message) error {
		for _, m := range batch {
			s, err := events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
			if err != nil {
				return err
			}
			if err := w.step(ctx, m.Subject, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// step does what the state asks for next.
func (w *Ways) step(ctx context.Context, subject string, s events.MediaState) error {
	if s.State == events.MediaSealed {
		return w.append(ctx, subject, media.CommandExamine, func(s events.MediaState) (events.Fact, error) { return media.Examine(s, events.Examination{}) })
	}
	return nil
}
