package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

var durable = bus.Durable{Name: "test", Stream: events.StreamRegistry, Filters: []string{"registry.>"}, AckWait: 30 * time.Second, MaxAckPending: 64}

// digestion is a handler that notes what it is given.
type digestion struct {
	mu sync.Mutex
	// batches are the sequences of each call.
	batches [][]uint64
	// fails says what a call ends in; it may panic.
	fails func(batch []uint64, call int) error
}

func (d *digestion) handle(_ context.Context, batch []*bus.Message) error {
	var got []uint64
	for _, m := range batch {
		got = append(got, m.Sequence)
	}
	d.mu.Lock()
	d.batches = append(d.batches, got)
	call := len(d.batches)
	d.mu.Unlock()
	if d.fails == nil {
		return nil
	}
	return d.fails(got, call)
}

// calls counts the calls that had the sequence in them.
func (d *digestion) calls(seq uint64) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.batches {
		if slices.Contains(b, seq) {
			n++
		}
	}
	return n
}

// consume runs the durable and the collecting of dead letters until the test ends, which must be without error.
func consume(t *testing.T, b *bus.Bus, batch int, h bus.Handler) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{b.CollectDeadLetters, func(ctx context.Context) error { return b.Consume(ctx, durable, batch, h) }} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// settled waits until nothing is pending or waits for an acknowledgement.
func settled(t *testing.T, b *bus.Bus) {
	t.Helper()
	eventually(t, "settled", func() error {
		c, err := b.JetStream().Consumer(t.Context(), durable.Stream, durable.Name)
		if err != nil {
			return err
		}
		i, err := c.Info(t.Context())
		if err == nil && i.NumPending+uint64(i.NumAckPending) > 0 {
			err = fmt.Errorf("%d to be delivered, %d to be acknowledged", i.NumPending, i.NumAckPending)
		}
		return err
	})
}

// letters waits for so many dead letters and gives them.
func letters(t *testing.T, b *bus.Bus, want int) (all []bus.DeadLetter) {
	t.Helper()
	eventually(t, "dead letters", func() (err error) {
		if all, err = b.DeadLetters(t.Context()); err == nil && len(all) != want {
			err = fmt.Errorf("%d, want %d", len(all), want)
		}
		return err
	})
	return all
}

func TestConsumeAcknowledges(t *testing.T) {
	t.Parallel()
	b := newBus(t, durable)
	var d digestion
	for n := range 10 {
		record(t, b, fmt.Sprint(n))
	}
	consume(t, b, 4, d.handle)
	record(t, b, "late")
	settled(t, b)
	for seq := uint64(1); seq <= 11; seq++ {
		if n := d.calls(seq); n != 1 {
			t.Errorf("#%d handled %d times", seq, n)
		}
	}
	if slices.ContainsFunc(d.batches, func(b []uint64) bool { return len(b) > 4 }) || !slices.IsSorted(slices.Concat(d.batches...)) {
		t.Errorf("batches %v: more than 4 at once, or out of order", d.batches)
	}
	letters(t, b, 0)
}

// TestConsumeTriesAgain: a message that fails, or makes its handler panic, comes again later; the others don't wait for it.
func TestConsumeTriesAgain(t *testing.T) {
	t.Parallel()
	b := newBus(t, durable)
	bad := record(t, b, "bad")
	var passed time.Time
	d := digestion{}
	began := time.Now()
	d.fails = func(batch []uint64, _ int) error {
		if !slices.Contains(batch, bad) {
			return nil
		}
		switch d.calls(bad) {
		case 1:
			return errors.New("broken")
		case 2:
			panic("broken")
		}
		passed = time.Now()
		return nil
	}
	consume(t, b, 1, d.handle)
	eventually(t, "first try", func() error {
		if d.calls(bad) == 0 {
			return errors.New("none")
		}
		return nil
	})
	good := record(t, b, "good")
	settled(t, b)
	if d.calls(bad) != 3 || d.calls(good) != 1 {
		t.Errorf("handled %v", d.batches)
	}
	if waited := passed.Sub(began); waited < 1200*time.Millisecond {
		t.Errorf("third try after %s, want 0.2 s and 1 s between", waited)
	}
	letters(t, b, 0)
}

// TestConsumeHalves: of a batch with one message that can't be digested, the others are acknowledged and that one is terminated.
func TestConsumeHalves(t *testing.T) {
	t.Parallel()
	b := newBus(t, durable)
	for n := range 8 {
		record(t, b, fmt.Sprint(n))
	}
	const bad = 6
	d := digestion{fails: func(batch []uint64, _ int) error {
		if slices.Contains(batch, bad) {
			return fmt.Errorf("%w: not today", events.ErrMalformed)
		}
		return nil
	}}
	consume(t, b, 8, d.handle)
	letter := letters(t, b, 1)[0]
	settled(t, b)
	if letter.StreamSequence != bad || letter.Consumer != durable.Name || letter.Subject != "registry.office.5" || !strings.Contains(letter.Reason, "not today") || len(letter.Data) == 0 || letter.Header[events.HeaderType] == nil {
		t.Errorf("%+v", letter)
	}
	last := map[uint64][]uint64{}
	for _, batch := range d.batches {
		for _, seq := range batch {
			last[seq] = batch
		}
	}
	if len(last) != 8 || len(last[bad]) != 1 {
		t.Errorf("batches %v", d.batches)
	}
	for seq, batch := range last {
		if seq != bad && slices.Contains(batch, bad) {
			t.Errorf("#%d was handled with the bad one last: %v", seq, batch)
		}
	}
}

// TestConsumeUnreadable: what has no envelope never reaches the handler.
func TestConsumeUnreadable(t *testing.T) {
	t.Parallel()
	b := newBus(t, durable)
	bad := raw(t, b, &natsgo.Msg{Subject: "registry.office.bad", Data: []byte("{")})
	good := record(t, b, "good")
	var d digestion
	consume(t, b, 8, d.handle)
	letter := letters(t, b, 1)[0]
	settled(t, b)
	if letter.StreamSequence != bad || string(letter.Data) != "{" || d.calls(bad) != 0 || d.calls(good) != 1 {
		t.Errorf("%+v, handled %v", letter, d.batches)
	}
}

// TestConsumeTerminates: a message that fails by its own fault ends after MaxFaults, with a dead letter.
func TestConsumeTerminates(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("left out with -short: the pauses between five faults are 36 s")
	}
	b := newBus(t, durable)
	bad := record(t, b, "bad")
	d := digestion{fails: func([]uint64, int) error { return errors.New("broken\nfor good") }}
	consume(t, b, 1, d.handle)
	ended := time.NewTimer(time.Minute)
	defer ended.Stop()
	for tick := time.Tick(50 * time.Millisecond); d.calls(bad) < bus.MaxFaults; {
		select {
		case <-tick:
		case <-ended.C:
			t.Fatalf("tried %d times in a minute", d.calls(bad))
		}
	}
	letter := letters(t, b, 1)[0]
	settled(t, b)
	if letter.StreamSequence != bad || letter.Reason != "broken for good" || d.calls(bad) != bus.MaxFaults {
		t.Errorf("%+v, tried %d times", letter, d.calls(bad))
	}
}

// TestConsumeHolds: while a backing is away the message is held, however often it is tried: no fault is counted, nothing is delivered again.
func TestConsumeHolds(t *testing.T) {
	t.Parallel()
	b := newBus(t, durable)
	held := record(t, b, "held")
	d := digestion{}
	d.fails = func([]uint64, int) error {
		if d.calls(held) <= bus.MaxFaults {
			return fault.New([]fault.Code{fault.Unavailable, fault.NoRoom}[d.calls(held)%2], "test")
		}
		return nil
	}
	consume(t, b, 1, d.handle)
	eventually(t, "held", func() error {
		c, err := b.JetStream().Consumer(t.Context(), durable.Stream, durable.Name)
		if err != nil {
			return err
		}
		i, err := c.Info(t.Context())
		if err == nil && i.NumRedelivered > 0 {
			t.Fatal("delivered again")
		}
		if err == nil && (d.calls(held) <= bus.MaxFaults || i.NumAckPending > 0) {
			err = fmt.Errorf("tried %d times", d.calls(held))
		}
		return err
	})
	letters(t, b, 0)
}
