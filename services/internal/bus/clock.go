package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Clock keeps one schedule for each record's next deadline, and states what has come as a fact of the record, exactly once.
//
// Schedules are hints: whatever fires, the record is loaded and asked again, and the state knows what was stated. So a schedule too many does no harm. One that is missing or stands too late is set
// right by the process that appends to the record, right after; by the comparison at its next start, if it ends in between; and by every other process that runs the clock, within Sweep.
type Clock[S any, P Record[S]] struct {
	Aggregate Aggregate[S, P]
	// Service is whose stream TIMERS_<SERVICE> holds the schedules.
	Service string
	// Filter are the records' subjects in Aggregate.Stream, e.g. rectification.>
	Filter string
	// Next is the moment of the record's next deadline that wasn't stated yet; zero = none. It may depend on rules and calendar; when they change, OnChange or Compare.
	Next func(S) time.Time
	// Skip, if set, says that a fact of the type leaves the deadline of its record as it was (none, for the first fact): its message costs no look at the record.
	Skip func(eventType string) bool
	// State gives the fact that states everything that has come by now, and its given day; nil = nothing. Once its fact is folded, Next must be later than now or zero.
	State func(s S, now time.Time) (events.Fact, access.Given)
	// OnChange, if given, has a hook called when rules or calendar have changed; Run then compares all schedules again. registryapi.Directory's is one.
	OnChange func(hook func())
	// Sweep is how often Run looks for what others have appended; 0 = SweepEvery.
	Sweep time.Duration
}

// Headers of a schedule. The moment is written by hand: nats.go's option cuts it to whole seconds, so that it fires early.
const (
	headerSchedule       = "Nats-Schedule"
	headerScheduleTarget = "Nats-Schedule-Target"
	headerScheduleTTL    = "Nats-Schedule-TTL"
	// headerDeadline is the deadline that a schedule stands for; the moment differs from it where one of two clocks is wrong.
	headerDeadline = "Songshui-Deadline"
)

const (
	// hintTTL ends a hint that was delivered.
	hintTTL = "168h"
	// atOnce is a moment that has long passed: the server delivers within 0.25 s.
	atOnce = "@at 1970-01-01T00:00:01Z"
	// askAgain bounds the wait where the service's clock says that a delivered deadline is still to come: it may be set right at any time.
	askAgain = time.Minute
	// dueBatch and timersBatch are how many records are worked on at once; each takes a sync or two, which wait for one another on the same disk anyway.
	dueBatch    = 128
	timersBatch = 64
	atOneTime   = 32
)

// Durables are the consumers that migrate makes: <service>-due follows what has fired. Nothing follows the records: a consumer at a stream's head costs every append.
func (c Clock[S, P]) Durables() []Durable {
	return []Durable{
		{Name: c.Service + "-due", Stream: events.TimersStream(c.Service), Filters: []string{events.DueSubject(c.Service, ">")}, AckWait: 10 * time.Second, MaxAckPending: 512},
	}
}

// Run sets, moves and cancels schedules after what is appended through b, and states what comes, until ctx ends; then it gives nil. At its start all schedules are compared with the states.
func (c Clock[S, P]) Run(ctx context.Context, b *Bus) error {
	f := c.follower(b)
	defer b.appends.on(c.Aggregate.Stream, f.appended)()
	var all errgroup.Group
	all.Go(func() error { return f.run(ctx) })
	all.Go(func() error { return f.keep(ctx) })
	all.Go(func() error { return b.Consume(ctx, c.Durables()[0], dueBatch, c.state(b)) })
	return all.Wait()
}

// state is the handler of <service>-due: what has come for a record is stated.
func (c Clock[S, P]) state(b *Bus) Handler {
	return func(ctx context.Context, batch []*Message) error {
		fired := map[string]time.Time{}
		for _, m := range batch {
			record := strings.TrimPrefix(m.Subject, events.DueSubject(c.Service, ""))
			if m.Stored.After(fired[record]) {
				fired[record] = m.Stored
			}
		}
		return each(ctx, fired, func(ctx context.Context, record string, at time.Time) error { return c.stateOne(ctx, b, record, at) })
	}
}

// each works on several records at once; a failure stops what hasn't begun.
func each[V any](ctx context.Context, records map[string]V, do func(ctx context.Context, record string, v V) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOneTime)
	for record, v := range records {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return do(ctx, record, v) })
	}
	return g.Wait()
}

// stateOne states what has come for one record; fired is when the server delivered the hint, by its own clock.
func (c Clock[S, P]) stateOne(ctx context.Context, b *Bus, record string, fired time.Time) error {
	in := Intent{Name: "state-due", Actor: events.System(c.Service)}
	var now time.Time
	after, err := c.Aggregate.Execute(ctx, b, record, in, func(current Loaded[S], given *access.Given) (events.Fact, error) {
		now = b.Now()
		if !current.Exists() {
			return nil, nil
		}
		fact, on := c.State(current.State, now)
		*given = on
		return fact, nil
	})
	switch {
	case fault.Is(err, fault.Conflict):
		// Others are at work on the record: it is decided anew, as often as it takes.
		return c.stateOne(ctx, b, record, fired)
	case fault.Is(err, fault.UpgradeRequired):
		// A newer version writes the record, and states it if it runs.
		return c.put(ctx, b, record, fired.Add(askAgain), fired.Add(askAgain))
	case err != nil || after.Changed || !after.Exists():
		// What follows a fact is set after its append.
		return err
	}
	next := c.Next(after.State)
	switch {
	case next.IsZero():
		return nil
	case !next.After(now):
		b.logger.Error("a deadline has passed, but nothing is to be stated", "clock", c.Service, "record", record, "deadline", next)
		return c.put(ctx, b, record, next, fired.Add(askAgain))
	case !next.After(fired):
		// By the server's clock it has come, by the service's it hasn't.
		return c.put(ctx, b, record, next, fired.Add(min(next.Sub(now), askAgain)))
	}
	return c.set(ctx, b, record, after.Sequence)
}

// set makes a record's schedule what its state asks for, until nothing changed meanwhile: of two that set it at once the one with the newer state is last. sequence is the least that is known of the record.
func (c Clock[S, P]) set(ctx context.Context, b *Bus, record string, sequence uint64) error {
	for {
		now, err := c.Aggregate.Load(ctx, b, record)
		if err == nil && now.Sequence < sequence {
			now, err = c.Aggregate.loadFromLeader(ctx, b, record)
		}
		if err != nil {
			return err
		}
		var deadline time.Time
		if now.Exists() {
			deadline = c.Next(now.State)
		}
		changed, err := c.schedule(ctx, b, record, deadline)
		if err != nil || !changed {
			return err
		}
		last, err := b.LastFromLeader(ctx, c.Aggregate.Stream, record)
		if err != nil && !errors.Is(err, ErrNone) || last.Sequence <= now.Sequence {
			return dropNone(err)
		}
		sequence = last.Sequence
	}
}

func dropNone(err error) error {
	if errors.Is(err, ErrNone) {
		return nil
	}
	return err
}

// schedule makes a record's schedule stand for a deadline, or none; changed says that it didn't.
func (c Clock[S, P]) schedule(ctx context.Context, b *Bus, record string, deadline time.Time) (changed bool, err error) {
	standing, err := c.standing(ctx, b, record)
	switch {
	case err != nil || c.stands(b, standing, deadline):
		return false, err
	case deadline.IsZero():
		return true, c.cancel(ctx, b, record)
	}
	return true, c.put(ctx, b, record, deadline, deadline)
}

// standing gives the deadline that a record's schedule stands for; zero for none.
func (c Clock[S, P]) standing(ctx context.Context, b *Bus, record string) (time.Time, error) {
	m, err := b.Last(ctx, events.TimersStream(c.Service), events.TimerSubject(c.Service, record))
	if err != nil && !errors.Is(err, ErrNone) && !errors.Is(err, events.ErrMalformed) {
		return time.Time{}, err
	}
	return standsFor(m), nil
}

// stands says whether a schedule is as it must be. One whose deadline has come is set anew: the server's clock may be behind the service's.
func (c Clock[S, P]) stands(b *Bus, standing, deadline time.Time) bool {
	return standing.Equal(deadline) && (deadline.IsZero() || deadline.After(b.Now()))
}

// standsFor gives the deadline of a schedule as it is stored; zero where there is none, or it can't be read.
func standsFor(m Message) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, m.Header.Get(headerDeadline))
	return t
}

// put sets a record's schedule, in place of one that stands. A deadline that has come by the service's clock fires at once, whatever the server's says.
func (c Clock[S, P]) put(ctx context.Context, b *Bus, record string, deadline, at time.Time) error {
	moment := "@at " + at.UTC().Format(time.RFC3339Nano)
	if at.Equal(deadline) && !at.After(b.Now()) {
		moment = atOnce
	}
	m := &nats.Msg{Subject: events.TimerSubject(c.Service, record), Header: nats.Header{headerSchedule: {moment}, headerScheduleTarget: {events.DueSubject(c.Service, record)},
		headerScheduleTTL: {hintTTL}, headerDeadline: {deadline.UTC().Format(time.RFC3339Nano)}}}
	ctx, end := context.WithTimeout(ctx, PublishTimeout)
	defer end()
	if _, err := b.js.PublishMsg(ctx, m, jetstream.WithExpectStream(events.TimersStream(c.Service))); err != nil {
		return unavailable("schedule "+record, err)
	}
	return nil
}

func (c Clock[S, P]) cancel(ctx context.Context, b *Bus, record string) error {
	ctx, end := context.WithTimeout(ctx, PublishTimeout)
	defer end()
	s, err := b.timers(ctx, c.Service)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSubject(events.TimerSubject(c.Service, record)))
	}
	if err != nil {
		return unavailable("cancel the schedule of "+record, err)
	}
	return nil
}

func (b *Bus) timers(ctx context.Context, service string) (jetstream.Stream, error) {
	return b.js.Stream(ctx, events.TimersStream(service))
}

// Compare sets every schedule that isn't what its record's state asks for: after a start, a restore without the schedules, or a change of rules or calendar. It may run at any time and more than once at a time.
func (c Clock[S, P]) Compare(ctx context.Context, b *Bus) error {
	standing := map[string]time.Time{}
	prefix := events.TimerSubject(c.Service, "")
	err := b.all(ctx, events.TimersStream(c.Service), prefix+">", 0, func(m Message) {
		standing[strings.TrimPrefix(m.Subject, prefix)] = standsFor(m)
	})
	if err != nil {
		return err
	}
	wrong := map[string]uint64{}
	err = b.all(ctx, c.Aggregate.Stream, c.Filter, 0, func(m Message) {
		s, err := events.DecodeState[S](events.Default, m.Meta.Type, m.Body)
		if err != nil {
			b.logger.Warn("a record's deadlines can't be told", "clock", c.Service, "record", m.Subject, "error", err)
			return
		}
		if !c.stands(b, standing[m.Subject], c.Next(s)) {
			wrong[m.Subject] = m.Sequence
		}
		delete(standing, m.Subject)
	})
	if err != nil {
		return err
	}
	for record := range standing {
		wrong[record] = 0
	}
	if err := each(ctx, wrong, func(ctx context.Context, record string, sequence uint64) error {
		return c.set(ctx, b, record, sequence)
	}); err != nil {
		return fmt.Errorf("bus: compare schedules of %s: %w", c.Service, err)
	}
	return ctx.Err()
}

// all hands over the messages that there are now from a sequence on, or the last one of every subject for 0; each one that comes meanwhile may come too.
func (b *Bus) all(ctx context.Context, stream, filter string, from uint64, hand func(Message)) error {
	watched, end := context.WithCancel(ctx)
	defer end()
	if err := b.Watch(watched, stream, []string{filter}, from, hand, end); err != nil {
		return err
	}
	return ctx.Err()
}
