package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
)

// alarm is a fact that sets a record's deadlines: moments, in order.
func alarm(at ...time.Time) events.Fact {
	s := events.ReturnState{}
	for _, t := range at {
		s.Reminders = append(s.Reminders, events.Reminder{Kind: "wanted", At: t})
	}
	return events.ReturnRestatedFact{State: s}
}

// alarms keeps records that hold deadlines, and the reminders that were stated of them.
var alarms = bus.Aggregate[events.ReturnState, *events.ReturnState]{Stream: events.StreamReturns, Schema: 1,
	Fold: func(s events.ReturnState, m events.Meta, f events.Fact) (events.ReturnState, error) {
		switch f := f.(type) {
		case events.ReturnRestatedFact:
			kept := slices.DeleteFunc(slices.Clone(s.Reminders), func(r events.Reminder) bool { return r.Kind == "wanted" })
			s.Reminders = append(kept, f.State.Reminders...)
		case events.ReturnRemindedFact:
			kept := slices.DeleteFunc(slices.Clone(s.Reminders), func(r events.Reminder) bool { return r.Kind == "wanted" && !r.At.After(f.Reminders[0].At) })
			s.Reminders = append(kept, events.Reminder{Kind: "stated", At: m.Time})
		}
		return s, nil
	}}

func nextAlarm(s events.ReturnState) time.Time {
	var next time.Time
	for _, r := range s.Reminders {
		if r.Kind == "wanted" && (next.IsZero() || r.At.Before(next)) {
			next = r.At
		}
	}
	return next
}

func alarmClock() bus.Clock[events.ReturnState, *events.ReturnState] {
	return bus.Clock[events.ReturnState, *events.ReturnState]{Aggregate: alarms, Service: events.ServiceOversight, Filter: "return.>", Next: nextAlarm,
		State: func(s events.ReturnState, now time.Time) (events.Fact, access.Given) {
			if next := nextAlarm(s); next.IsZero() || next.After(now) {
				return nil, access.Given{}
			}
			return events.ReturnRemindedFact{Reminders: []events.Reminder{{At: now}}}, access.Given{On: events.DayOf(now)}
		}}
}

// wall is a service's clock: the real one, moved by as much as the test says.
type wall struct {
	mu    sync.Mutex
	moved time.Duration
}

func (w *wall) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.moved)
}

func (w *wall) move(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved += d
}

func clockBus(t testing.TB, nc *natsgo.Conn, w *wall) *bus.Bus {
	t.Helper()
	b, err := bus.New(nc, events.ServiceOversight, bus.Options{Logger: slog.New(slog.DiscardHandler), Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), b.JetStream(), 1, alarmClock().Durables()); err != nil {
		t.Fatal(err)
	}
	return b
}

// running runs the clock until the function is called or the test ends.
func running(t testing.TB, b *bus.Bus) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- alarmClock().Run(ctx, b) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func set(t testing.TB, b *bus.Bus, record string, at ...time.Time) {
	t.Helper()
	in := bus.Intent{Name: "set", Actor: events.System("oversight"), Given: access.Given{On: "2026-07-01"}}
	if _, err := alarms.Execute(t.Context(), b, record, in, func(bus.Loaded[events.ReturnState], *access.Given) (events.Fact, error) { return alarm(at...), nil }); err != nil {
		t.Fatal(err)
	}
}

func stated(t testing.TB, b *bus.Bus, record string) (at []time.Time) {
	t.Helper()
	l, err := alarms.Load(t.Context(), b, record)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range l.State.Reminders {
		if r.Kind == "stated" {
			at = append(at, r.At)
		}
	}
	return at
}

// comes waits until the record has so many statements, and gives them.
func comes(t *testing.T, b *bus.Bus, record string, want int) (at []time.Time) {
	t.Helper()
	eventually(t, record, func() error {
		if at = stated(t, b, record); len(at) != want {
			return fmt.Errorf("stated %d times, want %d", len(at), want)
		}
		return nil
	})
	return at
}

// schedule gives the moment of a record's schedule as the server holds it; "" for none.
func schedule(t testing.TB, b *bus.Bus, record string) string {
	t.Helper()
	m, err := b.Last(t.Context(), events.TimersStream(events.ServiceOversight), events.TimerSubject(events.ServiceOversight, record))
	if err != nil && !errors.Is(err, bus.ErrNone) && !errors.Is(err, events.ErrMalformed) {
		t.Fatal(err)
	}
	return m.Header.Get("Nats-Schedule")
}

func scheduled(t *testing.T, b *bus.Bus, record string, at time.Time) {
	t.Helper()
	want := ""
	if !at.IsZero() {
		want = "@at " + at.UTC().Format(time.RFC3339Nano)
	}
	eventually(t, "schedule of "+record, func() error {
		if got := schedule(t, b, record); got != want {
			return fmt.Errorf("%q, want %q", got, want)
		}
		return nil
	})
}

const first, other = "return.changchun.2026-07", "return.jilin.2026-07"

func TestClockStates(t *testing.T) {
	t.Parallel()
	w := &wall{}
	b := clockBus(t, natstest.New(t), w)
	running(t, b)
	now := w.now()
	soon, sooner := now.Add(700*time.Millisecond), now.Add(400*time.Millisecond)
	set(t, b, first, soon, sooner)
	set(t, b, other, now.Add(time.Hour))
	got := comes(t, b, first, 2)
	if got[0].Before(sooner) || got[1].Before(soon) {
		t.Errorf("stated at %s and %s, before %s and %s", got[0], got[1], sooner, soon)
	}
	scheduled(t, b, first, time.Time{})
	scheduled(t, b, other, now.Add(time.Hour))
	if n := len(stated(t, b, other)); n != 0 {
		t.Errorf("stated %d times an hour before", n)
	}
}

// TestClockMoves: a later deadline takes the place of the earlier one, none cancels it; what has passed already is stated at once.
func TestClockMoves(t *testing.T) {
	t.Parallel()
	w := &wall{}
	b := clockBus(t, natstest.New(t), w)
	running(t, b)
	now := w.now()
	set(t, b, first, now.Add(time.Hour))
	scheduled(t, b, first, now.Add(time.Hour))
	set(t, b, first, now.Add(2*time.Hour))
	scheduled(t, b, first, now.Add(2*time.Hour))
	set(t, b, first)
	scheduled(t, b, first, time.Time{})
	set(t, b, first, now.Add(-time.Hour), now.Add(-time.Minute))
	comes(t, b, first, 1)
	scheduled(t, b, first, time.Time{})
}

// TestClockAfterOutage: what came while nothing ran is stated once the clock runs again, together; also when the schedules are gone, as after a restore of the records alone.
func TestClockAfterOutage(t *testing.T) {
	t.Parallel()
	w := &wall{}
	b := clockBus(t, natstest.New(t), w)
	stop := running(t, b)
	at := w.now().Add(time.Hour)
	set(t, b, first, at, at.Add(time.Minute), at.Add(24*time.Hour))
	set(t, b, other, at)
	scheduled(t, b, first, at)
	scheduled(t, b, other, at)
	stop()
	set(t, b, other) // cancelled while nobody looks
	for _, gone := range []string{first, "return.siping.2026-07"} {
		timers(t, b, func(s jetstream.Stream) error {
			return s.Purge(t.Context(), jetstream.WithPurgeSubject(events.TimerSubject(events.ServiceOversight, gone)))
		})
	}
	w.move(2 * time.Hour)
	running(t, b)
	comes(t, b, first, 1)
	scheduled(t, b, first, at.Add(24*time.Hour))
	scheduled(t, b, other, time.Time{})
}

func timers(t testing.TB, b *bus.Bus, do func(jetstream.Stream) error) {
	t.Helper()
	s, err := b.JetStream().Stream(t.Context(), events.TimersStream(events.ServiceOversight))
	if err == nil {
		err = do(s)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestClockBack: a service's clock that jumps back an hour states nothing early and nothing twice, and goes on once it is right.
func TestClockBack(t *testing.T) {
	t.Parallel()
	w := &wall{}
	b := clockBus(t, natstest.New(t), w)
	running(t, b)
	now := w.now()
	set(t, b, first, now.Add(300*time.Millisecond))
	comes(t, b, first, 1)
	w.move(-time.Hour)
	set(t, b, other, now.Add(300*time.Millisecond))
	// The server delivers it, the service finds that it hasn't come, and asks again within a minute.
	eventually(t, "asked again", func() error {
		at, err := time.Parse("@at "+time.RFC3339Nano, schedule(t, b, other))
		if err != nil || at.Before(now.Add(30*time.Second)) {
			return fmt.Errorf("schedule at %s, %v", at, err)
		}
		return nil
	})
	if n := len(stated(t, b, other)); n != 0 {
		t.Errorf("stated %d times before its moment", n)
	}
	w.move(time.Hour)
	if err := alarmClock().Compare(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	comes(t, b, other, 1)
	comes(t, b, first, 1)
}

// TestClockComparesOften: comparing at once, many times, while records change, leaves one schedule for each as its state wants it.
func TestClockComparesOften(t *testing.T) {
	t.Parallel()
	w := &wall{}
	nc := natstest.New(t)
	b := clockBus(t, nc, w)
	running(t, b)
	running(t, clockBus(t, nc, w)) // a second process
	now := w.now()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				if err := alarmClock().Compare(t.Context(), b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range 40 {
		set(t, b, fmt.Sprintf("return.jilin.%04d-01", n%8), now.Add(time.Duration(n+1)*time.Hour))
	}
	wg.Wait()
	for n := 32; n < 40; n++ {
		scheduled(t, b, fmt.Sprintf("return.jilin.%04d-01", n%8), now.Add(time.Duration(n+1)*time.Hour))
	}
}

// TestClockOnceEach: whatever is delivered again, each deadline is stated once: every hint comes three times here, to two processes.
func TestClockOnceEach(t *testing.T) {
	t.Parallel()
	w := &wall{}
	nc := natstest.New(t)
	b := clockBus(t, nc, w)
	const records = 40
	now := w.now()
	for n := range records {
		set(t, b, fmt.Sprintf("return.jilin.%04d-01", n), now.Add(time.Second))
	}
	running(t, b)
	running(t, clockBus(t, nc, w))
	for range 3 {
		for n := range records {
			m := &natsgo.Msg{Subject: events.DueSubject(events.ServiceOversight, fmt.Sprintf("return.jilin.%04d-01", n))}
			if _, err := b.JetStream().PublishMsg(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n := range records {
		comes(t, b, fmt.Sprintf("return.jilin.%04d-01", n), 1)
	}
	eventually(t, "settled", func() error {
		c, err := b.JetStream().Consumer(t.Context(), events.TimersStream(events.ServiceOversight), events.ServiceOversight+"-due")
		if err != nil {
			return err
		}
		i, err := c.Info(t.Context())
		if err == nil && i.NumPending+uint64(i.NumAckPending) > 0 {
			err = errors.New("hints are left")
		}
		return err
	})
	for n := range records {
		comes(t, b, fmt.Sprintf("return.jilin.%04d-01", n), 1)
	}
}
