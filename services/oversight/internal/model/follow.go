package model

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
)

const (
	// retryWithin bounds the wait between two tries to follow a stream.
	retryWithin = 5 * time.Second
	// batchMost is how many messages are read at once while the log is loaded; prefetch what the server sends ahead.
	batchMost, prefetch = 512, 4096
	// readers read a large batch, each a part of it.
	readers = 2
	// alone is up to how many messages one reader reads them all.
	alone = 16
	// heartbeat as of the bus: a server that was started anew is noticed after two that are missing.
	heartbeat = 3 * time.Second
)

// followed are the streams and their filters.
var followed = []struct{ stream, filter string }{
	{events.StreamCases, "case.>"}, {events.StreamRectification, "rectification.>"}, {events.StreamReturns, "return.>"},
}

// Run follows the log until ctx ends, then gives nil.
func (m *Model) Run(ctx context.Context) error {
	var loads, wg sync.WaitGroup
	loads.Add(len(followed))
	for _, f := range followed {
		wg.Go(func() { m.keepFollowing(ctx, f.stream, f.filter, sync.OnceFunc(loads.Done)) })
	}
	wg.Go(func() {
		loads.Wait()
		if ctx.Err() == nil {
			close(m.loaded)
		}
	})
	wg.Wait()
	return nil
}

func (m *Model) keepFollowing(ctx context.Context, stream, filter string, caughtUp func()) {
	defer caughtUp()
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(50*time.Millisecond), backoff.WithMaxInterval(retryWithin), backoff.WithMaxElapsedTime(0))
	for {
		err := m.follow(ctx, stream, filter, func() { wait.Reset(); caughtUp() })
		if ctx.Err() != nil {
			return
		}
		m.bus.Logger().Warn("the board follows again", "stream", stream, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait.NextBackOff()):
		}
	}
}

// follow reads a stream's last messages and then each new one. It goes around bus.Watch, which reads every message whole and one after the other.
func (m *Model) follow(ctx context.Context, stream, filter string, caughtUp func()) error {
	cons, err := m.bus.JetStream().OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy})
	if err != nil {
		return unavailable(err)
	}
	info, err := cons.Info(ctx)
	if err != nil {
		return unavailable(err)
	}
	waiting := info.NumPending > 0
	if !waiting {
		caughtUp()
	}
	it, err := cons.Messages(jetstream.PullMaxMessages(prefetch), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return unavailable(err)
	}
	defer it.Stop()
	stop := context.AfterFunc(ctx, it.Stop)
	defer stop()
	pool := make([]*reader, readers)
	for i := range pool {
		pool[i] = newReader()
	}
	for {
		first, err := it.Next()
		if err != nil {
			return err
		}
		batch := gather(it, first)
		pending := m.read(stream, pool, batch)
		if waiting && pending == 0 {
			waiting = false
			caughtUp()
		}
	}
}

// gather takes what is there already.
func gather(it jetstream.MessagesContext, first jetstream.Msg) []jetstream.Msg {
	batch := []jetstream.Msg{first}
	for len(batch) < batchMost {
		msg, err := it.Next(jetstream.NextMaxWait(time.Millisecond))
		if err != nil {
			break
		}
		batch = append(batch, msg)
	}
	return batch
}

// read takes a batch in, and gives how many messages follow it.
func (m *Model) read(stream string, pool []*reader, batch []jetstream.Msg) (pending uint64) {
	var last uint64
	out := make([]*decoded, len(batch))
	part := func(r *reader, from, to int) {
		for i := from; i < to; i++ {
			var err error
			if out[i], err = readMessage(r, batch[i]); err != nil {
				m.bus.Logger().Warn("unreadable message skipped", "subject", batch[i].Subject(), "error", err)
			}
		}
	}
	if len(batch) <= alone {
		part(pool[0], 0, len(batch))
	} else {
		var wg sync.WaitGroup
		for i, r := range pool {
			wg.Go(func() { part(r, i*len(batch)/len(pool), (i+1)*len(batch)/len(pool)) })
		}
		wg.Wait()
	}
	if md, err := batch[len(batch)-1].Metadata(); err == nil {
		last, pending = md.Sequence.Stream, md.NumPending
	}
	m.put(stream, last, out)
	return pending
}

func readMessage(r *reader, msg jetstream.Msg) (*decoded, error) {
	md, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", events.ErrMalformed, err)
	}
	noun, _, _, err := events.SplitSubject(msg.Subject())
	if err != nil {
		return nil, err
	}
	return r.decode(noun, msg.Headers().Get(events.HeaderType), stamp{md.Sequence.Stream, md.Timestamp}, msg.Data())
}
