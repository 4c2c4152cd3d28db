package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

const (
	// MaxFaults is how often a message may fail by its own fault before it is terminated.
	MaxFaults = 5
	// MaxDeliveries is the server's own end, for a message that kills its process each time; restarts for other reasons must not reach it.
	MaxDeliveries = 50
	// probeFor bounds the wait between two probes of a backing that is away.
	probeFor = 5 * time.Second
	// heartbeat is how often the server tells a consumer without messages that it is there; after two that are missing the consumer starts again. A server that was started anew
	// may know nothing of a pull that it had, and the library's own 15 s would leave what was written meanwhile unread for half a minute.
	heartbeat = 3 * time.Second
	// stalledAfter is how long a consumer may get nothing while there is something; longer than the pin takes to pass on.
	stalledAfter = 8 * time.Second
	// removeWithin is how long the end of a watch may wait for its consumer's.
	removeWithin = time.Second
)

var faultDelays = []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second, 30 * time.Second}

// Durable is a durable consumer, as migrate makes it.
type Durable struct {
	Name          string
	Stream        string
	Filters       []string
	AckWait       time.Duration
	MaxAckPending int
	// Pinned lets one process at a time receive; the others stand by.
	Pinned bool
}

// pinGroup is the only priority group of a pinned consumer; pinTTL is after how long without a pull the pin passes on.
const (
	pinGroup = "writer"
	pinTTL   = 5 * time.Second
)

func (d Durable) config() jetstream.ConsumerConfig {
	c := jetstream.ConsumerConfig{Durable: d.Name, FilterSubjects: d.Filters, AckPolicy: jetstream.AckExplicitPolicy, AckWait: d.AckWait, MaxAckPending: d.MaxAckPending,
		MaxDeliver: MaxDeliveries, DeliverPolicy: jetstream.DeliverAllPolicy}
	if d.Pinned {
		c.PriorityPolicy, c.PriorityGroups, c.PinnedTTL = jetstream.PriorityPolicyPinned, []string{pinGroup}, pinTTL
	}
	return c
}

// Handler digests messages of one durable, in order. A returned error settles all of them alike, so a handler that takes many must be idempotent for each.
type Handler func(ctx context.Context, batch []*Message) error

// Consume pulls a durable's messages until ctx ends, up to batch at once, and settles each by what handle returns; see Settle. It returns nil at ctx's end.
func (b *Bus) Consume(ctx context.Context, d Durable, batch int, handle Handler) error {
	wait := backoff.NewExponentialBackOff(backoff.WithMaxElapsedTime(0), backoff.WithMaxInterval(probeFor))
	for ctx.Err() == nil {
		err := b.consume(ctx, d, batch, handle, wait.Reset)
		if ctx.Err() != nil {
			return nil
		}
		b.logger.Warn("consumer starts again", "durable", d.Name, "error", err)
		Pause(ctx, wait.NextBackOff())
	}
	return nil
}

func (b *Bus) consume(ctx context.Context, d Durable, batch int, handle Handler, connected func()) error {
	cons, err := b.js.Consumer(ctx, d.Stream, d.Name)
	if err != nil {
		return fmt.Errorf("bus: consumer %s: %w", d.Name, err)
	}
	opts := []jetstream.PullMessagesOpt{jetstream.PullMaxMessages(2 * batch), jetstream.PullHeartbeat(heartbeat)}
	if d.Pinned {
		opts = append(opts, jetstream.PullPriorityGroup(pinGroup))
	}
	it, err := cons.Messages(opts...)
	if err != nil {
		return fmt.Errorf("bus: consumer %s: %w", d.Name, err)
	}
	defer it.Stop()
	stop := context.AfterFunc(ctx, it.Stop)
	defer stop()
	unsubscribe, err := b.answerReplays(d, handle)
	if err != nil {
		return err
	}
	defer unsubscribe()
	connected()
	quiet := &quiet{since: time.Now()}
	watched, end := context.WithCancel(ctx)
	defer end()
	go b.watchdog(watched, d, cons, quiet, it.Stop)
	faults := map[uint64]int{}
	for {
		first, err := it.Next()
		if err != nil {
			return err
		}
		quiet.work()
		got := gather(it, first, batch)
		b.digest(ctx, d, got, handle, faults)
		quiet.rest()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// quiet is since when a consumer has got nothing; zero while it works.
type quiet struct {
	mu    sync.Mutex
	since time.Time
}

func (q *quiet) work() { q.set(time.Time{}) }
func (q *quiet) rest() { q.set(time.Now()) }

func (q *quiet) set(t time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.since = t
}

func (q *quiet) lasts(d time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.since.IsZero() && time.Since(q.since) >= d
}

// watchdog has a consumer start again that gets nothing although there is something: after a server was started anew, a pull may stay behind a pin that nobody holds, with heartbeats all the while.
// A standby of a pinned consumer is in that state too while the active one is slow; that the pin passes on then does no harm.
func (b *Bus) watchdog(ctx context.Context, d Durable, cons jetstream.Consumer, q *quiet, stop func()) {
	tick := time.NewTicker(stalledAfter / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !q.lasts(stalledAfter) {
			continue
		}
		asked, cancel := context.WithTimeout(ctx, loadTimeout)
		info, err := cons.Info(asked)
		if err == nil && info.NumPending > 0 && q.lasts(stalledAfter) {
			b.logger.Warn("a consumer gets nothing although there is something", "durable", d.Name, "pending", info.NumPending)
			if s, err := b.js.Stream(asked, d.Stream); d.Pinned && err == nil {
				_ = s.UnpinConsumer(asked, d.Name, pinGroup)
			}
			cancel()
			stop()
			return
		}
		cancel()
	}
}

// gather takes what is there already, without waiting for more.
func gather(it jetstream.MessagesContext, first jetstream.Msg, batch int) []jetstream.Msg {
	got := []jetstream.Msg{first}
	for len(got) < batch {
		m, err := it.Next(jetstream.NextMaxWait(time.Millisecond))
		if err != nil {
			break
		}
		got = append(got, m)
	}
	return got
}

// digest hands a batch to the handler and settles it. A batch that fails is halved until the bad message stands alone.
func (b *Bus) digest(ctx context.Context, d Durable, got []jetstream.Msg, handle Handler, faults map[uint64]int) {
	var readable []jetstream.Msg
	var messages []*Message
	for _, m := range got {
		msg, err := toMessage(m)
		if err != nil {
			b.Settle(d.Name, m, err, MaxFaults)
			continue
		}
		readable, messages = append(readable, m), append(messages, msg)
	}
	if len(messages) == 0 {
		return
	}
	err := b.patiently(ctx, d, readable, func() error { return safely(ctx, handle, messages) })
	if ctx.Err() != nil {
		return // not settled: it comes again
	}
	if err == nil || len(readable) == 1 {
		for i, m := range readable {
			seq := messages[i].Sequence
			if err == nil {
				delete(faults, seq)
			} else {
				faults[seq]++
			}
			b.Settle(d.Name, m, err, faults[seq])
		}
		return
	}
	half := len(readable) / 2
	b.digest(ctx, d, readable[:half], handle, faults)
	b.digest(ctx, d, readable[half:], handle, faults)
}

// patiently tries again while a backing is away, keeping the messages alive with InProgress.
func (b *Bus) patiently(ctx context.Context, d Durable, held []jetstream.Msg, do func() error) error {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(100*time.Millisecond), backoff.WithMaxElapsedTime(0), backoff.WithMaxInterval(probeFor))
	defer b.metrics.waiting.WithLabelValues(d.Name).Set(0)
	for {
		stop := b.keepAlive(ctx, d, held)
		err := do()
		stop()
		if !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.NoRoom) || ctx.Err() != nil {
			return err
		}
		b.metrics.waiting.WithLabelValues(d.Name).Set(1)
		b.logger.Warn("a backing is away; the consumer holds its messages", "durable", d.Name, "error", err)
		for _, m := range held {
			_ = m.InProgress()
		}
		Pause(ctx, min(wait.NextBackOff(), d.AckWait/2))
	}
}

// keepAlive sends InProgress while a handler works, so that long work isn't delivered twice.
func (b *Bus) keepAlive(ctx context.Context, d Durable, held []jetstream.Msg) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		t := time.NewTicker(d.AckWait / 3)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				for _, m := range held {
					_ = m.InProgress()
				}
			}
		}
	}()
	return cancel
}

// safely turns a handler's panic into a fault of the message.
func safely(ctx context.Context, handle Handler, batch []*Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bus: handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return handle(ctx, batch)
}

// Settle settles a message, once: acknowledged without an error; terminated with the reason when it can't be read or has failed MaxFaults times (faults counts this one); else delivered again after a delay. The effect must be durable before.
func (b *Bus) Settle(durable string, m jetstream.Msg, err error, faults int) {
	outcome, settle := "ack", m.Ack
	switch {
	case err == nil:
	case errors.Is(err, events.ErrMalformed) || faults >= MaxFaults:
		outcome, settle = "term", func() error { return m.TermWithReason(reason(err)) }
		b.logger.Error("message terminated", "durable", durable, "subject", m.Subject(), "error", err)
	default:
		outcome, settle = "nak", func() error { return m.NakWithDelay(faultDelays[min(max(faults, 1), len(faultDelays))-1]) }
		b.logger.Warn("message failed", "durable", durable, "subject", m.Subject(), "faults", faults, "error", err)
	}
	b.metrics.settled.WithLabelValues(durable, outcome).Inc()
	if err := settle(); err != nil {
		b.logger.Warn("settling failed; the message comes again", "durable", durable, "outcome", outcome, "error", err)
	}
}

// maxReason bounds a termination's reason, which travels in one protocol line.
const maxReason = 400

func reason(err error) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, err.Error())
	return s[:min(len(s), maxReason)]
}

func toMessage(m jetstream.Msg) (*Message, error) {
	md, err := m.Metadata()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", events.ErrMalformed, err)
	}
	msg := &Message{Stream: md.Stream, Subject: m.Subject(), Sequence: md.Sequence.Stream, Stored: md.Timestamp, Header: events.Header(m.Headers()), Data: m.Data(), Deliveries: md.NumDelivered}
	if bare(msg.Subject) {
		return msg, nil
	}
	return msg, msg.decode()
}

// bare says that a subject's messages have no envelope: advisories, schedules and what they deliver.
func bare(subject string) bool {
	return strings.HasPrefix(subject, "$JS.") || strings.HasPrefix(subject, "timer.") || strings.HasPrefix(subject, "due.")
}

// Pause waits for d or until ctx ends.
func Pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Watch hands every record's last message of the filters and then each new one to each, in order, until ctx ends: an ordered consumer of its own for every caller. from is the first
// stream sequence wanted; 0 = the last message of every subject. Messages that can't be read come with a nil Body and are each's to skip. caughtUp is called once, when
// everything that was there at the start has been handed over.
func (b *Bus) Watch(ctx context.Context, stream string, filters []string, from uint64, each func(Message), caughtUp func()) error {
	cfg := jetstream.OrderedConsumerConfig{FilterSubjects: filters, DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy}
	if from > 0 {
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, from
	}
	cons, err := b.js.OrderedConsumer(ctx, stream, cfg)
	if err != nil {
		return unavailable("watch "+stream, err)
	}
	info, err := cons.Info(ctx)
	if err != nil {
		return unavailable("watch "+stream, err)
	}
	defer b.remove(ctx, stream, cons)
	pending := info.NumPending
	if pending == 0 && caughtUp != nil {
		caughtUp()
		caughtUp = nil
	}
	it, err := cons.Messages(jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return unavailable("watch "+stream, err)
	}
	defer it.Stop()
	stop := context.AfterFunc(ctx, it.Stop)
	defer stop()
	for {
		m, err := it.Next()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return unavailable("watch "+stream, err)
		}
		msg, err := toMessage(m)
		if msg == nil {
			return fmt.Errorf("bus: watch %s: %w", stream, err)
		}
		if err != nil {
			msg.Body = events.Body{}
			b.logger.Warn("unreadable message skipped", "stream", stream, "sequence", msg.Sequence, "error", err)
		}
		each(*msg)
		if md, err := m.Metadata(); err == nil && md.NumPending == 0 && caughtUp != nil {
			caughtUp()
			caughtUp = nil
		}
	}
}

// remove removes a watch's consumer: left alone it would stay at the stream's head for minutes, where each one costs every append.
func (b *Bus) remove(ctx context.Context, stream string, cons jetstream.Consumer) {
	if !b.conn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeWithin)
	defer cancel()
	if info := cons.CachedInfo(); info != nil {
		_ = b.js.DeleteConsumer(ctx, stream, info.Name)
	}
}
