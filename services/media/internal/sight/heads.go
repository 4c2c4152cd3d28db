package sight

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
)

const (
	// believedFor ends what was read, whatever the log says: a replica that was behind when a record was read is forgotten with it. Withdrawals must hold within 5 s.
	believedFor = 2 * time.Second
	// maxHeads bounds the records that are kept of one stream; beyond it all are forgotten.
	maxHeads = 512
	// maxSteps is how many new messages are looked at one by one; beyond them all records are forgotten.
	maxSteps = 16
)

// Heads reads records out of memory, and asks the log each time whether that is still right: a read begins with Fresh, which tells of every message that was in the streams when it was
// called. Requests that come while the log is being asked share the next question, so that a crowd costs as much as a few. Nothing is believed that the log hasn't confirmed: while it doesn't answer, Fresh
// fails. It is safe for concurrent use; states are shared and must not be changed.
type Heads struct {
	cases  *heads[events.CaseState]
	after  *heads[events.RectificationState]
	media  *heads[bus.Loaded[events.MediaState]]
	rounds rounds
}

// NewHeads makes Heads; medium reads a medium as it stands.
func NewHeads(b *bus.Bus, medium func(context.Context, events.MediaID) (bus.Loaded[events.MediaState], error)) *Heads {
	itself := func(subject string) string { return subject }
	h := &Heads{
		cases: newHeads(b, events.StreamCases, itself, func(ctx context.Context, subject string) (events.CaseState, error) {
			return last[events.CaseState](ctx, b, events.StreamCases, subject)
		}),
		after: newHeads(b, events.StreamRectification, itself, func(ctx context.Context, subject string) (events.RectificationState, error) {
			return last[events.RectificationState](ctx, b, events.StreamRectification, subject)
		}),
		media: newHeads(b, events.StreamMedia, idOf, func(ctx context.Context, id string) (bus.Loaded[events.MediaState], error) {
			return medium(ctx, events.MediaID(id))
		}),
	}
	h.rounds.ask = h.advance
	return h
}

// idOf gives a record's id, the last token of its subject.
func idOf(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }

// Fresh returns when everything is forgotten that isn't as it stood in the log when it was called; fault.Unavailable if the log doesn't answer.
func (h *Heads) Fresh(ctx context.Context) error { return h.rounds.next(ctx) }

// Medium gives a medium as it stood at the last Fresh of this request; errors of reading it.
func (h *Heads) Medium(ctx context.Context, id events.MediaID) (events.MediaState, error) {
	l, err := h.media.get(ctx, string(id))
	return l.State, err
}

// Look begins a request of an actor, after Fresh.
func (h *Heads) Look(a access.Actor) *Look { return &Look{a, h.cases.get, h.after.get} }

func (h *Heads) advance() error {
	var g errgroup.Group
	for _, advance := range []func(context.Context) error{h.cases.advance, h.after.advance, h.media.advance} {
		g.Go(func() error { return advance(context.Background()) }) // the bus bounds it
	}
	return g.Wait()
}

// heads are the records of one stream.
type heads[S any] struct {
	bus    *bus.Bus
	stream string
	key    func(subject string) string
	load   func(context.Context, string) (S, error)

	// begun and seen belong to advance, which runs once at a time: everything up to seen that changed a record has made it forgotten.
	begun bool
	seen  uint64

	mu    sync.Mutex
	known map[string]*head[S]
}

// head is a record that is read or being read; read is closed when state and err stand.
type head[S any] struct {
	at    time.Time
	read  chan struct{}
	state S
	err   error
}

func newHeads[S any](b *bus.Bus, stream string, key func(string) string, load func(context.Context, string) (S, error)) *heads[S] {
	return &heads[S]{bus: b, stream: stream, key: key, load: load, known: map[string]*head[S]{}}
}

// get gives a record; those who ask for it at the same time share the reading. A reading that has begun before its record is forgotten is only for those who wait for it already.
func (h *heads[S]) get(ctx context.Context, key string) (S, error) {
	now := h.bus.Now()
	h.mu.Lock()
	e, ok := h.known[key]
	if !ok || now.Sub(e.at) >= believedFor {
		if len(h.known) >= maxHeads {
			clear(h.known)
		}
		e = &head[S]{at: now, read: make(chan struct{})}
		h.known[key] = e
		go h.read(context.WithoutCancel(ctx), key, e)
	}
	h.mu.Unlock()
	select {
	case <-e.read:
		return e.state, e.err
	case <-ctx.Done():
		var none S
		return none, ctx.Err()
	}
}

func (h *heads[S]) read(ctx context.Context, key string, e *head[S]) {
	e.state, e.err = h.load(ctx, key)
	close(e.read)
	if e.err == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known[key] == e {
		delete(h.known, key)
	}
}

// advance forgets what has changed since it was called last.
func (h *heads[S]) advance(ctx context.Context) error {
	for steps := 0; h.begun && steps < maxSteps; steps++ {
		m, err := h.bus.Next(ctx, h.stream, ">", h.seen+1)
		if errors.Is(err, bus.ErrNone) {
			return nil
		}
		if err != nil && !errors.Is(err, events.ErrMalformed) {
			return err
		}
		h.mu.Lock()
		delete(h.known, h.key(m.Subject))
		h.mu.Unlock()
		h.seen = m.Sequence
	}
	m, err := h.bus.Last(ctx, h.stream, ">")
	if err != nil && !errors.Is(err, bus.ErrNone) && !errors.Is(err, events.ErrMalformed) {
		return err
	}
	h.mu.Lock()
	clear(h.known)
	h.mu.Unlock()
	h.begun, h.seen = true, m.Sequence
	return nil
}

// rounds asks for many at once: whoever comes waits for a question that is asked after.
type rounds struct {
	ask func() error

	mu      sync.Mutex
	asking  bool
	waiting *round
}

type round struct {
	done chan struct{}
	err  error
}

// next gives the answer to a question that was asked after it was called.
func (r *rounds) next(ctx context.Context) error {
	r.mu.Lock()
	if r.waiting == nil {
		r.waiting = &round{done: make(chan struct{})}
	}
	mine := r.waiting
	if !r.asking {
		r.asking = true
		go r.run()
	}
	r.mu.Unlock()
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *rounds) run() {
	for {
		r.mu.Lock()
		now := r.waiting
		r.waiting = nil
		r.asking = now != nil
		r.mu.Unlock()
		if now == nil {
			return
		}
		now.err = r.ask()
		close(now.done)
	}
}
