package writer

import (
	"context"
	"errors"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
)

// catchUp applies what lies after the given positions and remembers how far CASES is in.
func (w *Writer) catchUp(ctx context.Context, positions map[string]uint64) error {
	for _, s := range sources() {
		if err := w.catchUpOne(ctx, s, positions[s.durable.Stream]+1); err != nil {
			return err
		}
	}
	w.applied.Store(max(w.applied.Load(), positions[events.StreamCases]))
	return nil
}

func (w *Writer) catchUpOne(ctx context.Context, s source, from uint64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var waiting []*bus.Message
	var failed error
	caughtUp := false
	flush := func() {
		if failed == nil && len(waiting) > 0 {
			failed = w.applyTolerantly(ctx, s, waiting)
		}
		waiting = nil
	}
	err := w.bus.Watch(ctx, s.durable.Stream, s.durable.Filters, from, func(m bus.Message) {
		if m.Body.State == nil || failed != nil || caughtUp {
			return // what can't be read is the durable's to end
		}
		if waiting = append(waiting, &m); len(waiting) == batch {
			flush()
		}
	}, func() {
		flush()
		caughtUp = true
		cancel()
	})
	if err == nil && !caughtUp {
		err = ctx.Err()
	}
	return errors.Join(failed, err)
}

// applyTolerantly sets messages that can't be digested apart by halving and passes over them: they ended, or will end, as the durable's dead letters.
func (w *Writer) applyTolerantly(ctx context.Context, s source, b []*bus.Message) error {
	err := w.apply(ctx, s, b)
	if !errors.Is(err, events.ErrMalformed) {
		return err
	}
	if len(b) == 1 {
		w.bus.Logger().Error("a message that can't be digested is passed over", "subject", b[0].Subject, "sequence", b[0].Sequence, "error", err)
		return nil
	}
	return errors.Join(w.applyTolerantly(ctx, s, b[:len(b)/2]), w.applyTolerantly(ctx, s, b[len(b)/2:]))
}
