package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
)

// sweeping runs a clock that looks at what others have appended as often as the test says.
func sweeping(t *testing.T, b *bus.Bus, every time.Duration) {
	t.Helper()
	clock := alarmClock()
	clock.Sweep = every
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- clock.Run(ctx, b) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// compared waits until a clock has compared the schedules at its start: it removes one that belongs to nothing.
func compared(t *testing.T, b *bus.Bus, run func()) {
	t.Helper()
	const nothing = "return.siping.2026-07"
	m := &natsgo.Msg{Subject: events.TimerSubject(events.ServiceOversight, nothing), Header: natsgo.Header{"Nats-Schedule": {"@at 2099-01-01T00:00:00Z"},
		"Nats-Schedule-Target": {events.DueSubject(events.ServiceOversight, nothing)}, "Songshui-Deadline": {"2099-01-01T00:00:00Z"}}}
	if _, err := b.JetStream().PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	run()
	scheduled(t, b, nothing, time.Time{})
}

// TestClockFollowsItsOwn: what is appended through the clock's own bus gets its schedule at once, with no consumer on the records' stream.
func TestClockFollowsItsOwn(t *testing.T) {
	t.Parallel()
	b := clockBus(t, natstest.New(t), &wall{})
	compared(t, b, func() { sweeping(t, b, time.Hour) })
	at := time.Now().Add(time.Hour)
	for n := range 30 {
		set(t, b, first, at.Add(time.Duration(n)*time.Minute))
	}
	scheduled(t, b, first, at.Add(29*time.Minute))
	eventually(t, "no consumers", func() error {
		s, err := b.JetStream().Stream(t.Context(), events.StreamReturns)
		if err != nil {
			return err
		}
		if n := s.CachedInfo().State.Consumers; n > 0 {
			return fmt.Errorf("%d consumers", n)
		}
		return nil
	})
}

// TestClockAfterCrash: a process that ends between an append and its schedule owes the schedule to its next start, or to the sweep of another one.
func TestClockAfterCrash(t *testing.T) {
	t.Parallel()
	nc := natstest.New(t)
	b, ended := clockBus(t, nc, &wall{}), clockBus(t, nc, &wall{})
	at := time.Now().Add(500 * time.Millisecond)
	set(t, ended, first, at)
	compared(t, b, func() { sweeping(t, b, time.Hour) })
	comes(t, b, first, 1)

	set(t, ended, first, time.Now().Add(time.Hour))
	set(t, ended, other, at)
	sweeping(t, clockBus(t, nc, &wall{}), 50*time.Millisecond)
	comes(t, b, other, 1)
	set(t, ended, other, at)
	comes(t, b, other, 2)
	comes(t, b, first, 1)
}

// TestClockOnceWithReplicas: two processes run the clock and a third one, which doesn't, appends as they do: each deadline is stated once.
func TestClockOnceWithReplicas(t *testing.T) {
	t.Parallel()
	nc := natstest.New(t)
	buses := []*bus.Bus{clockBus(t, nc, &wall{}), clockBus(t, nc, &wall{}), clockBus(t, nc, &wall{})}
	b := buses[0]
	sweeping(t, b, 20*time.Millisecond)
	sweeping(t, buses[1], 20*time.Millisecond)
	const records = 40
	name := func(n int) string { return fmt.Sprintf("return.jilin.%04d-01", n) }
	for n := range records {
		// Moved by another process right after.
		set(t, buses[n%3], name(n), time.Now().Add(time.Hour))
		set(t, buses[(n+1)%3], name(n), time.Now().Add(400*time.Millisecond))
	}
	for n := range records {
		comes(t, b, name(n), 1)
	}
	for n := range records {
		scheduled(t, b, name(n), time.Time{})
		comes(t, b, name(n), 1)
	}
}

// TestClockTriesAgain: appends whose schedules can't be set, since the stream of timers is away, get them once it is back.
func TestClockTriesAgain(t *testing.T) {
	t.Parallel()
	b := clockBus(t, natstest.New(t), &wall{})
	compared(t, b, func() { sweeping(t, b, time.Hour) })
	name := events.TimersStream(events.ServiceOversight)
	if err := b.JetStream().DeleteStream(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(time.Hour)
	set(t, b, first, at)
	set(t, b, other, at)
	if err := bus.Migrate(t.Context(), b.JetStream(), 1, alarmClock().Durables()); err != nil {
		t.Fatal(err)
	}
	scheduled(t, b, first, at)
	scheduled(t, b, other, at)
}

// TestMigrateRetires: durables of former versions are gone, at every migration.
func TestMigrateRetires(t *testing.T) {
	t.Parallel()
	old := bus.Durable{Name: "rectification-timers", Stream: events.StreamRectification, Filters: []string{"rectification.>"}, AckWait: time.Second, MaxAckPending: 1}
	b, err := bus.New(natstest.New(t), events.ServiceRegistry, bus.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := bus.Migrate(t.Context(), b.JetStream(), 1, []bus.Durable{old}); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Check(t.Context(), b.JetStream(), []bus.Durable{old}); !errors.Is(err, bus.ErrLayout) {
		t.Errorf("got %v", err)
	}
}
