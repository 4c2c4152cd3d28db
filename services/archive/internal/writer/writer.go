// Package writer keeps the index in step with the log: it marks cases dirty, composes their documents and puts them into the index, builds the index anew and
// compares it with the log. What it promises is in archive's package doc.
package writer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"

	"songshui.internal/events"
	"songshui.internal/services/archive/internal/index"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// Limits of the writer, with their reasons.
const (
	// batch is how many messages are handled at once; batches are what has come meanwhile, so a slow engine makes them larger.
	batch = 256
	// maxPending is twice what a consumer asks for ahead.
	maxPending = 1024
	ackWait    = 10 * time.Second
	// readers is how many records are read from the log at once.
	readers = 8
	// maxRounds bounds composing a document again because a record moved on while it was written; then the next message's own turn comes.
	maxRounds = 8
	// retryMost bounds the wait between two tries at making the index ready.
	retryMost = 5 * time.Second
	// gatherOthers lets what changes in cases that are found already wait for each other: a rectification begins with almost every case, and a write for each would keep the next cases waiting.
	gatherOthers = 100 * time.Millisecond
	// doubtEvery is how often an index in doubt is looked at; it costs nothing otherwise.
	doubtEvery = time.Second
)

// The durables, one for each stream and each pinned to one process: a stream has one writer at a time. A durable of its own for MEDIA and RECTIFICATION, and not a watch beside the one of CASES,
// because a process never learns that it became the pinned one before a message comes: with a watch, changes of rectifications would wait for
// the next case after a writer died. It also gives them redelivery and dead letters.
var (
	casesDurable          = bus.Durable{Name: "archive-writer", Stream: events.StreamCases, Filters: []string{"case.>"}, AckWait: ackWait, MaxAckPending: maxPending, Pinned: true}
	rectificationsDurable = bus.Durable{Name: "archive-rectifications", Stream: events.StreamRectification, Filters: []string{"rectification.>"}, AckWait: ackWait, MaxAckPending: maxPending, Pinned: true}
	mediaDurable          = bus.Durable{Name: "archive-media", Stream: events.StreamMedia, Filters: []string{"media.>"}, AckWait: ackWait, MaxAckPending: maxPending, Pinned: true}
)

// Durables lists them.
func Durables() []bus.Durable {
	return []bus.Durable{casesDurable, rectificationsDurable, mediaDurable}
}

// dirtier gives the subjects of the cases that a message makes dirty.
type dirtier func(*bus.Message) ([]string, error)

// source is a stream, its durable, and whom its messages concern.
type source struct {
	durable bus.Durable
	// gather is how long to wait after a batch, so that the next is larger.
	gather time.Duration
	dirty  dirtier
	// subject gives the subject of a case's record in the stream by the case's; nil where a case has none or many.
	subject func(caseSubject string) (string, error)
}

func sources() []source {
	return []source{{casesDurable, 0, ofCase, itself}, {rectificationsDurable, gatherOthers, ofRectification, rectificationSubject}, {mediaDurable, gatherOthers, ofMedium, nil}}
}

// Writer writes the index. It is safe for concurrent use.
type Writer struct {
	bus   *bus.Bus
	index *index.Index

	// preparing serialises making the index ready and building it anew.
	preparing sync.Mutex
	// built is true from the first time on that the index was ready; then queries go to the engine.
	built atomic.Bool
	// ready is true while the index is known to be built and caught up; an engine that was away may come back with another index.
	ready atomic.Bool
	// covered says what this process has read by itself.
	covered covered
	// applied is the sequence of CASES up to which this process knows the index to be.
	applied atomic.Uint64
	pace    pace
}

// New makes a Writer.
func New(b *bus.Bus, x *index.Index) *Writer {
	return &Writer{bus: b, index: x, pace: pace{end: b.End}, covered: covered{spans: map[string]stretch{}, not: map[string]bool{}}}
}

// Built says whether queries can be put to the engine.
func (w *Writer) Built() bool { return w.built.Load() }

// Doubt says that the engine was away: the index is looked at again before anything is written, and soon in any case.
func (w *Writer) Doubt() { w.ready.Store(false) }

// Run makes the index ready and then writes until ctx ends.
func (w *Writer) Run(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(50*time.Millisecond), backoff.WithMaxElapsedTime(0), backoff.WithMaxInterval(retryMost))
	err := backoff.RetryNotify(func() error { return w.ensure(ctx) }, backoff.WithContext(wait, ctx), func(err error, _ time.Duration) {
		w.bus.Logger().Warn("the index isn't ready yet", "error", err)
	})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	errs := make([]error, len(sources()))
	for i, s := range sources() {
		group.Go(func() {
			errs[i] = w.bus.Consume(ctx, s.durable, batch, func(ctx context.Context, b []*bus.Message) error { return w.handle(ctx, s, b) })
		})
	}
	group.Go(func() { w.watch(ctx) })
	group.Wait()
	return errors.Join(errs...)
}

// ensure makes sure that the live index is of this shape and knows everything up to now. It costs nothing while the engine hasn't been away.
func (w *Writer) ensure(ctx context.Context) error {
	if w.ready.Load() {
		return nil
	}
	w.preparing.Lock()
	defer w.preparing.Unlock()
	if w.ready.Load() {
		return nil
	}
	positions, err := w.index.Positions(ctx, streams()...)
	if errors.Is(err, index.ErrNotBuilt) {
		w.bus.Logger().Info("the index is built anew", "reason", err)
		_, err = w.rebuild(ctx)
	} else if err == nil {
		err = w.catchUp(ctx, positions)
	}
	if err != nil {
		return err
	}
	w.nowReady()
	return nil
}

func (w *Writer) nowReady() {
	w.ready.Store(true)
	w.built.Store(true)
}

// watch looks at the index again when it is in doubt and no message brings that about.
func (w *Writer) watch(ctx context.Context) {
	tick := time.NewTicker(doubtEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := w.ensure(ctx); err != nil && ctx.Err() == nil {
			w.bus.Logger().Warn("the index isn't ready", "error", err)
		}
	}
}

func streams() (out []string) {
	for _, s := range sources() {
		out = append(out, s.durable.Stream)
	}
	return out
}

// handle is the durables' handler.
func (w *Writer) handle(ctx context.Context, s source, b []*bus.Message) error {
	err := w.ensure(ctx)
	if b = w.covered.without(s.durable.Stream, b); err == nil && len(b) > 0 {
		done := w.pace.begin(ctx, s.durable.Stream)
		err = w.apply(ctx, s, b)
		done()
		bus.Pause(ctx, s.gather)
	}
	if fault.Is(err, fault.Unavailable) {
		w.Doubt()
	}
	return err
}

// apply writes the documents of all cases that the messages make dirty, with the stream's position. A document that the engine refuses gives an error
// that ends its message (events.ErrMalformed), since sending it again can't help.
func (w *Writer) apply(ctx context.Context, s source, b []*bus.Message) error {
	began, err := w.moment(ctx)
	if err != nil {
		return err
	}
	hand := hands{}
	var subjects []string
	seen := map[string]bool{}
	for _, m := range b {
		hand.put(m)
		dirty, err := s.dirty(m)
		if err != nil {
			return err
		}
		for _, subject := range dirty {
			if !seen[subject] {
				seen[subject] = true
				subjects = append(subjects, subject)
			}
		}
	}
	last, err := w.upTo(ctx, s, b)
	if err != nil {
		return err
	}
	for round := 0; len(subjects) > 0 && round < maxRounds; round++ {
		composed, err := w.composeAll(ctx, subjects, hand)
		if err != nil {
			return err
		}
		if err := w.put(ctx, s.durable.Stream, last, composed); err != nil {
			return err
		}
		since := began
		if began, err = w.moment(ctx); err != nil {
			return err
		}
		if subjects, err = w.movedOn(ctx, since, began, composed); err != nil {
			return err
		}
		hand = hands{}
	}
	if s.durable.Stream == events.StreamCases {
		w.applied.Store(max(w.applied.Load(), last))
	}
	return nil
}

// upTo is the position that the index has with a batch: the last sequence, which needn't be the last message's. A message that comes again may come beside later ones or long after them, and never takes
// the position back.
func (w *Writer) upTo(ctx context.Context, s source, b []*bus.Message) (last uint64, err error) {
	again := false
	for _, m := range b {
		last, again = max(last, m.Sequence), again || m.Deliveries > 1
	}
	if !again {
		return last, nil
	}
	known, err := w.index.Positions(ctx, s.durable.Stream)
	if errors.Is(err, index.ErrNotBuilt) { // there is nothing to take back
		err = nil
	}
	return max(last, known[s.durable.Stream]), err
}

// put writes documents and position in one request and waits until they are searchable.
func (w *Writer) put(ctx context.Context, stream string, position uint64, composed []composed) error {
	var body bytes.Buffer
	for i := range composed {
		if !composed[i].ok {
			continue
		}
		if err := w.index.Encode(&body, composed[i].document); err != nil {
			return err
		}
	}
	if body.Len() == 0 {
		return nil
	}
	if err := index.EncodePosition(&body, stream, position); err != nil {
		return err
	}
	err := w.index.Put(ctx, index.Live, body.Bytes())
	if errors.Is(err, index.ErrRefused) {
		return fmt.Errorf("%w: %w", events.ErrMalformed, err)
	}
	return err
}

// Await waits until the index knows CASES up to a sequence, as far as this or another process has written it, or until ctx ends: then fault.Unavailable.
func (w *Writer) Await(ctx context.Context, sequence uint64) error {
	const own, others = 2 * time.Millisecond, 10 // every tenth look also asks the index
	tick := time.NewTicker(own)
	defer tick.Stop()
	for n := 0; w.applied.Load() < sequence; n++ {
		if n%others == 0 {
			positions, err := w.index.Positions(ctx, events.StreamCases)
			if err == nil && positions[events.StreamCases] >= sequence {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			f := fault.Wrap(fault.Unavailable, "archive: await the log", ctx.Err())
			f.Detail = "search"
			return f
		case <-tick.C:
		}
	}
	return nil
}
