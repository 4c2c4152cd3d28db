package writer

import (
	"context"
	"errors"
	"slices"
	"sync"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
)

// covered remembers which messages this process has applied by rebuilding or catching up, so that their own delivery needs nothing more: after a rebuild the durables may still hold the
// whole log. Messages that were passed over aren't covered: their delivery makes dead letters of them. It is safe for concurrent use.
type covered struct {
	mu    sync.Mutex
	spans map[string]stretch
	not   map[string]bool // by subject
}

// stretch is a part of a stream, both ends included.
type stretch struct{ from, to uint64 }

// add notes a stretch; one that follows the known one makes it longer, any other takes its place.
func (c *covered) add(stream string, from, to uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if had, ok := c.spans[stream]; ok && had.to+1 == from {
		from = had.from
	}
	c.spans[stream] = stretch{from, to}
}

func (c *covered) except(subject string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.not[subject] = true
}

func (c *covered) without(stream string, b []*bus.Message) []*bus.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	span := c.spans[stream]
	return slices.DeleteFunc(slices.Clone(b), func(m *bus.Message) bool {
		return span.from <= m.Sequence && m.Sequence <= span.to && !c.not[m.Subject]
	})
}

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
	last := from - 1
	flush := func() {
		if failed == nil && len(waiting) > 0 {
			failed = w.applyTolerantly(ctx, s, waiting)
		}
		waiting = nil
	}
	err := w.bus.Watch(ctx, s.durable.Stream, s.durable.Filters, from, func(m bus.Message) {
		if failed != nil || caughtUp {
			return
		}
		if last = m.Sequence; m.Body.State == nil {
			w.covered.except(m.Subject) // what can't be read is the durable's to end
			return
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
	if err = errors.Join(failed, err); err == nil {
		w.covered.add(s.durable.Stream, from, last)
	}
	return err
}

// applyTolerantly sets messages that can't be digested apart by halving and passes over them: they ended, or will end, as the durable's dead letters.
func (w *Writer) applyTolerantly(ctx context.Context, s source, b []*bus.Message) error {
	err := w.apply(ctx, s, b)
	if !errors.Is(err, events.ErrMalformed) {
		return err
	}
	if len(b) == 1 {
		w.covered.except(b[0].Subject)
		w.bus.Logger().Error("a message that can't be digested is passed over", "subject", b[0].Subject, "sequence", b[0].Sequence, "error", err)
		return nil
	}
	return errors.Join(w.applyTolerantly(ctx, s, b[:len(b)/2]), w.applyTolerantly(ctx, s, b[len(b)/2:]))
}
