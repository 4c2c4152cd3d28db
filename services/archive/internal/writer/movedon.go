package writer

import (
	"context"
	"errors"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
)

// moment is the last sequence of each stream at one time.
type moment map[string]uint64

func (w *Writer) moment(ctx context.Context) (moment, error) {
	all := streams()
	last := make([]uint64, len(all))
	err := inParallel(len(all), func(i int) error {
		m, err := w.bus.Last(ctx, all[i], ">")
		if last[i] = m.Sequence; errors.Is(err, bus.ErrNone) || errors.Is(err, events.ErrMalformed) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	m := moment{}
	for i, s := range all {
		m[s] = last[i]
	}
	return m, nil
}

// movedOn gives those of the composed cases that a message after since and up to now concerns. Another writer may have written such a case meanwhile, with what the message says, and ours have come
// after it, without. A message after now is of no concern: whoever writes for it does so after us.
func (w *Writer) movedOn(ctx context.Context, since, now moment, all []composed) ([]string, error) {
	moved := map[string]bool{}
	for _, s := range sources() {
		from, to := since[s.durable.Stream]+1, now[s.durable.Stream]
		var err error
		switch {
		case from > to:
		case s.subject != nil && to-from >= uint64(len(all)):
			err = w.lookUp(ctx, s, from, all, moved)
		default:
			err = w.walk(ctx, s, from, to, moved)
		}
		if err != nil {
			return nil, err
		}
	}
	var out []string
	for _, c := range all {
		if moved[c.subject] {
			out = append(out, c.subject)
		}
	}
	return out, nil
}

// walk goes through a stream's messages.
func (w *Writer) walk(ctx context.Context, s source, from, to uint64, moved map[string]bool) error {
	for next := from; next <= to; {
		m, err := w.bus.Next(ctx, s.durable.Stream, ">", next)
		if errors.Is(err, bus.ErrNone) {
			return nil
		}
		if err != nil && !errors.Is(err, events.ErrMalformed) {
			return err
		}
		next = max(next, m.Sequence) + 1
		if err != nil {
			continue
		}
		dirty, _ := s.dirty(&m) // what can't be read says nothing of a case
		for _, subject := range dirty {
			moved[subject] = true
		}
	}
	return nil
}

// lookUp asks for the last message of each case's record instead, where these are fewer than the messages.
func (w *Writer) lookUp(ctx context.Context, s source, from uint64, all []composed, moved map[string]bool) error {
	later := make([]bool, len(all))
	err := inParallel(len(all), func(i int) error {
		subject, err := s.subject(all[i].subject)
		if err != nil {
			return err
		}
		m, err := w.bus.Last(ctx, s.durable.Stream, subject)
		later[i] = m.Sequence >= from
		if errors.Is(err, bus.ErrNone) || errors.Is(err, events.ErrMalformed) {
			return nil
		}
		return err
	})
	for i, c := range all {
		if later[i] {
			moved[c.subject] = true
		}
	}
	return err
}
