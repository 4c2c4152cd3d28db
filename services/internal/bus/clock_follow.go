package bus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"

	"songshui.internal/services/internal/fault"
)

// SweepEvery is how often a Clock looks for what others have appended to its records.
const SweepEvery = 2 * time.Minute

const (
	// maxWaiting bounds the records whose schedules are still to be set after own appends, some megabytes; those beyond are swept for as soon as these are set.
	maxWaiting = 1 << 15
	// maxAhead bounds the own appends that are remembered behind one of somebody else's; a sweep looks at those beyond.
	maxAhead = 1 << 16
)

// follower sets schedules after the appends of its own Bus, which tells of them, and sweeps for those that others have made.
type follower[S any, P Record[S]] struct {
	clock Clock[S, P]
	bus   *Bus
	wake  chan struct{}
	// short asks for a sweep after there was no room for what was appended.
	short chan struct{}
	room  int

	mu      sync.Mutex
	waiting map[string]change
	missed  bool
	// done is the sequence up to which nothing is left to find; ahead are those after it that needn't be looked at.
	done  uint64
	ahead map[uint64]struct{}
}

// change is the newest that is known of a record: the deadline that its state asks for.
type change struct {
	deadline time.Time
	sequence uint64
}

func (c Clock[S, P]) follower(b *Bus) *follower[S, P] {
	return &follower[S, P]{clock: c, bus: b, wake: make(chan struct{}, 1), short: make(chan struct{}, 1), room: maxWaiting, waiting: map[string]change{}, ahead: map[uint64]struct{}{}}
}

// appended is told of an append to the records' stream. It only takes note: the command doesn't wait for its schedule.
func (f *follower[S, P]) appended(subject, eventType string, sequence uint64, state any) {
	s, ours := state.(S)
	ours = ours && (f.clock.Skip == nil || !f.clock.Skip(eventType))
	now := change{sequence: sequence}
	if ours {
		now.deadline = f.clock.Next(s)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if ours && !f.note(subject, now) {
		return
	}
	f.pass(sequence)
}

// note has a record wait for its schedule; false if there is no room.
func (f *follower[S, P]) note(subject string, c change) bool {
	was, known := f.waiting[subject]
	if !known && len(f.waiting) >= f.room {
		f.missed = true
		return false
	}
	if was.sequence < c.sequence {
		f.waiting[subject] = c
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return true
}

// pass takes note that a sequence needn't be looked at.
func (f *follower[S, P]) pass(sequence uint64) {
	if sequence > f.done && len(f.ahead) < maxAhead {
		f.ahead[sequence] = struct{}{}
	}
	f.advance()
}

func (f *follower[S, P]) advance() {
	for {
		if _, ok := f.ahead[f.done+1]; !ok {
			return
		}
		f.done++
		delete(f.ahead, f.done)
	}
}

// found says that everything up to a sequence was looked at.
func (f *follower[S, P]) found(end uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.ahead {
		if s <= end {
			delete(f.ahead, s)
		}
	}
	f.done = max(f.done, end)
	f.advance()
}

// run sets the schedules of what was appended until ctx ends.
func (f *follower[S, P]) run(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff(backoff.WithMaxElapsedTime(0), backoff.WithMaxInterval(probeFor))
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		}
		for batch := f.take(timersBatch); len(batch) > 0 && ctx.Err() == nil; batch = f.take(timersBatch) {
			if err := each(ctx, batch, f.one); err != nil && ctx.Err() == nil {
				f.bus.logger.Warn("schedules couldn't be set; tried again", "clock", f.clock.Service, "error", err)
				f.giveBack(batch)
				Pause(ctx, wait.NextBackOff())
				continue
			}
			wait.Reset()
		}
		f.catchUp()
	}
}

// catchUp has what there was no room for swept for.
func (f *follower[S, P]) catchUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.missed {
		f.missed = false
		select {
		case f.short <- struct{}{}:
		default:
		}
	}
}

func (f *follower[S, P]) take(most int) map[string]change {
	f.mu.Lock()
	defer f.mu.Unlock()
	batch := map[string]change{}
	for record, c := range f.waiting {
		if len(batch) == most {
			break
		}
		batch[record] = c
		delete(f.waiting, record)
	}
	return batch
}

// giveBack has records wait again; those that were set meanwhile find their schedule standing.
func (f *follower[S, P]) giveBack(batch map[string]change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for record, c := range batch {
		if f.waiting[record].sequence < c.sequence {
			f.waiting[record] = c
		}
	}
}

// one makes a record's schedule what its newest state asks for. Most facts leave the deadline as it was; where it is another the record is loaded, since others may have appended too.
func (f *follower[S, P]) one(ctx context.Context, record string, c change) error {
	standing, err := f.clock.standing(ctx, f.bus, record)
	if err == nil && !f.clock.stands(f.bus, standing, c.deadline) {
		err = f.clock.set(ctx, f.bus, record, c.sequence)
	}
	return f.bearable(ctx, record, err)
}

// bearable passes on what is worth another try; a record that can't be read is only told of.
func (f *follower[S, P]) bearable(ctx context.Context, record string, err error) error {
	if err == nil || ctx.Err() != nil || fault.Is(err, fault.Unavailable) || fault.Is(err, fault.NoRoom) {
		return err
	}
	f.bus.logger.Error("a record's schedule couldn't be set", "clock", f.clock.Service, "record", record, "error", err)
	return nil
}

// sweep sets the schedules of records that others have appended to since the last time: other processes, and those that ended between an append and its schedule.
func (f *follower[S, P]) sweep(ctx context.Context) error {
	end, err := f.bus.End(ctx, f.clock.Aggregate.Stream)
	if err != nil {
		return err
	}
	f.mu.Lock()
	from := f.done + 1
	f.mu.Unlock()
	if end < from {
		return nil
	}
	changed := map[string]uint64{}
	err = f.bus.all(ctx, f.clock.Aggregate.Stream, f.clock.Filter, from, func(m Message) {
		if f.clock.Skip == nil || !f.clock.Skip(m.Meta.Type) {
			if !f.own(m.Sequence) {
				changed[m.Subject] = m.Sequence
			}
		}
	})
	if err != nil {
		return err
	}
	if err := each(ctx, changed, func(ctx context.Context, record string, sequence uint64) error {
		return f.bearable(ctx, record, f.clock.set(ctx, f.bus, record, sequence))
	}); err != nil {
		return fmt.Errorf("bus: sweep for schedules of %s: %w", f.clock.Service, err)
	}
	f.found(end)
	return ctx.Err()
}

func (f *follower[S, P]) own(sequence uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, own := f.ahead[sequence]
	return own || sequence <= f.done
}

// compare compares all schedules; what was appended before needn't be looked at again.
func (f *follower[S, P]) compare(ctx context.Context) error {
	end, err := f.bus.End(ctx, f.clock.Aggregate.Stream)
	if err != nil {
		return err
	}
	if err := f.clock.Compare(ctx, f.bus); err != nil {
		return err
	}
	f.found(end)
	return nil
}

// keep compares at the start and after each change of rules or calendar, and sweeps in between.
func (f *follower[S, P]) keep(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	if f.clock.OnChange != nil {
		f.clock.OnChange(func() {
			select {
			case changed <- struct{}{}:
			default:
			}
		})
	}
	every := f.clock.Sweep
	if every <= 0 {
		every = SweepEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	wait := backoff.NewExponentialBackOff(backoff.WithMaxElapsedTime(0), backoff.WithMaxInterval(probeFor))
	next := f.compare
	for ctx.Err() == nil {
		if err := next(ctx); err != nil && ctx.Err() == nil {
			f.bus.logger.Warn("schedules couldn't be compared; tried again", "clock", f.clock.Service, "error", err)
			Pause(ctx, wait.NextBackOff())
			continue
		}
		wait.Reset()
		select {
		case <-ctx.Done():
		case <-changed:
			next = f.compare
		case <-tick.C:
			next = f.sweep
		case <-f.short:
			next = f.sweep
		}
	}
	return nil
}
