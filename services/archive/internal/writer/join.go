package writer

import (
	"context"
	"runtime"
	"sync"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/index"
	"songshui.internal/services/internal/bus"
)

// line is one case's document as it is written, or the error of a case that can't be read.
type line struct {
	subject  string
	sequence uint64
	id       events.CaseID
	ndjson   []byte
	err      error
}

// joined collects the last messages that documents are made of, besides the cases themselves.
type joined struct {
	index          *index.Index
	rectifications map[events.CaseID]*events.RectificationState
	cleared        map[events.MediaID]bool

	mu        sync.Mutex
	positions map[string]uint64
}

// join composes every case from the last messages of all three streams and hands the lines to each, one at a time but in no order; a case that changes meanwhile may come again with a later sequence.
// It gives the positions up to which each stream is in.
func (w *Writer) join(ctx context.Context, each func(line) error) (map[string]uint64, error) {
	j := &joined{index: w.index, rectifications: map[events.CaseID]*events.RectificationState{}, cleared: map[events.MediaID]bool{}, positions: map[string]uint64{}}
	var group sync.WaitGroup
	errs := make([]error, 2)
	group.Go(func() { errs[0] = w.lastOfAll(ctx, j, rectificationsDurable, j.rectification) })
	group.Go(func() { errs[1] = w.lastOfAll(ctx, j, mediaDurable, j.medium) })
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return j.positions, w.composeEach(ctx, j, each)
}

// lastOfAll hands the last message of every subject to take, one that can't be read too (without a body), and notes the position.
func (w *Writer) lastOfAll(ctx context.Context, j *joined, d bus.Durable, take func(*bus.Message) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var position uint64
	caughtUp := false
	err := w.bus.Watch(ctx, d.Stream, d.Filters, 0, func(m bus.Message) {
		if caughtUp {
			return
		}
		position = max(position, m.Sequence)
		if err := take(&m); err != nil {
			_ = w.tolerate(err)
			w.covered.except(m.Subject)
		}
	}, func() {
		caughtUp = true
		cancel()
	})
	if err == nil && !caughtUp {
		err = ctx.Err()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.positions[d.Stream] = position
	return err
}

// rectification keeps what Compose reads of one: the whole would fill memory with every step of its way.
func (j *joined) rectification(m *bus.Message) error {
	s, err := events.DecodeState[events.RectificationState](events.Default, m.Meta.Type, m.Body)
	if err == nil {
		j.rectifications[s.ID] = &events.RectificationState{State: s.State, ResponsibleUnit: s.ResponsibleUnit, SupervisingUnit: s.SupervisingUnit, Closings: s.Closings, Dues: s.Dues}
	}
	return err
}

func (j *joined) medium(m *bus.Message) error {
	s, err := events.DecodeState[events.MediaState](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		return err
	}
	delete(j.cleared, s.ID)
	if s.State == events.MediaCleared {
		j.cleared[s.ID] = true
	}
	return nil
}

// composeEach decodes, composes and encodes on all cores while the stream is still being read.
func (w *Writer) composeEach(ctx context.Context, j *joined, each func(line) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	messages, lines := make(chan bus.Message, batch), make(chan line, batch)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for m := range messages {
				if l, ok := j.line(&m); ok {
					lines <- l
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for l := range lines {
			if ctx.Err() != nil {
				continue
			}
			if err := each(l); err != nil {
				cancel(err)
			}
		}
	}()
	err := w.lastOfAll(ctx, j, casesDurable, func(m *bus.Message) error {
		messages <- *m
		return nil
	})
	close(messages)
	workers.Wait()
	close(lines)
	<-done
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (j *joined) line(m *bus.Message) (line, bool) {
	out := line{subject: m.Subject, sequence: m.Sequence}
	c, err := events.DecodeState[events.CaseState](events.Default, m.Meta.Type, m.Body)
	if err != nil {
		out.err = err
		return out, true
	}
	media := map[events.MediaID]events.MediaStatus{}
	for _, m := range c.Media {
		if j.cleared[m.ID] {
			media[m.ID] = events.MediaCleared
		}
	}
	var rectification *events.RectificationState
	if c.ExposedOn != "" {
		rectification = j.rectifications[c.ID]
	}
	d, ok := archive.Compose(c, rectification, media)
	if !ok {
		return out, false
	}
	out.id = d.ID
	out.ndjson, out.err = j.index.Line(d)
	return out, true
}
