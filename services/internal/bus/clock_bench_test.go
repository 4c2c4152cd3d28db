package bus_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
)

// BenchmarkClock measures how late deadlines are stated: 10,000 at one instant (target: the last within 10 s), and as many spread over a minute (each within 1 s).
func BenchmarkClock(b *testing.B) {
	for name, spread := range map[string]time.Duration{"instant": 0, "minute": time.Minute} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				late := lateness(b, 10_000, spread)
				b.ReportMetric(late[len(late)/2].Seconds(), "p50-late-s")
				b.ReportMetric(late[len(late)*99/100].Seconds(), "p99-late-s")
				b.ReportMetric(late[len(late)-1].Seconds(), "last-late-s")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// lateness runs so many records with one deadline each, from a moment at which all schedules stand, and gives how late each was stated, in order; it fails on one that is stated early, twice or never.
func lateness(b *testing.B, records int, spread time.Duration) []time.Duration {
	b.Helper()
	on := clockBus(b, natstest.New(b), &wall{})
	running(b, on)
	starts := time.Now().Add(time.Duration(records) * 1500 * time.Microsecond)
	wanted := map[string]time.Time{}
	var wg sync.WaitGroup
	turn := make(chan struct{}, 64)
	for n := range records {
		record := events.ReturnSubject("jilin", events.Month(fmt.Sprint("m", n)))
		at := starts.Add(spread * time.Duration(n) / time.Duration(records))
		wanted[record] = at
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			set(b, on, record, at)
		})
	}
	wg.Wait()
	if time.Now().After(starts) {
		b.Fatal("the machine is too slow to set them all before the first comes")
	}
	ends := starts.Add(spread + 30*time.Second)
	ctx := b.Context()
	var late []time.Duration
	facts := map[string]int{}
	done := make(chan struct{})
	go func() {
		_ = on.Watch(ctx, events.StreamReturns, []string{"return.>"}, 1, func(m bus.Message) {
			if m.Meta.Type != (events.ReturnRemindedFact{}).EventType() {
				return
			}
			facts[m.Subject]++
			late = append(late, m.Stored.Sub(wanted[m.Subject]))
			if len(late) == records {
				close(done)
			}
		}, nil)
	}()
	select {
	case <-done:
	case <-time.After(time.Until(ends)):
		b.Fatalf("%d of %d were stated by %s after the last", len(late), records, 30*time.Second)
	}
	for record, n := range facts {
		if n != 1 {
			b.Errorf("%s was stated %d times", record, n)
		}
	}
	slices.Sort(late)
	if late[0] < 0 {
		b.Errorf("one was stated %s early", -late[0])
	}
	return late
}
