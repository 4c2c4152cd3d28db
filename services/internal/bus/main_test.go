package bus_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
)

// within bounds every wait of these tests.
const within = 20 * time.Second

// offices keeps offices as registry does, with a schema of the test's choice. A fact's name replaces the state's.
func offices(schema int) bus.Aggregate[events.OfficeState, *events.OfficeState] {
	return bus.Aggregate[events.OfficeState, *events.OfficeState]{Stream: events.StreamRegistry, Schema: schema,
		Fold: func(s events.OfficeState, _ events.Meta, f events.Fact) (events.OfficeState, error) {
			recorded, ok := f.(events.OfficeRecordedFact)
			if !ok {
				return s, fmt.Errorf("fact %T", f)
			}
			s.Slug, s.Name = recorded.Office.Slug, recorded.Office.Name
			return s, nil
		}}
}

// named is a command that gives the office a name.
func named(name string) bus.Decide[events.OfficeState] {
	return func(bus.Loaded[events.OfficeState], *access.Given) (events.Fact, error) {
		return fact(name), nil
	}
}

func intent(key, request string) bus.Intent {
	return bus.Intent{Name: "record", Actor: events.System("registry"), Key: key, Request: []byte(request), Given: access.Given{On: "2026-07-01"}}
}

const subject = "registry.office.changchun"

// newBus gives a bus on a server of its own, with streams and the given durables.
func newBus(t testing.TB, durables ...bus.Durable) *bus.Bus {
	t.Helper()
	return busOn(t, natstest.New(t), durables...)
}

func busOn(t testing.TB, nc *natsgo.Conn, durables ...bus.Durable) *bus.Bus {
	t.Helper()
	b, err := bus.New(nc, events.ServiceRegistry, bus.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), b.JetStream(), 1, durables); err != nil {
		t.Fatal(err)
	}
	return b
}

// record appends a fact to an office's record and gives its sequence.
func record(t testing.TB, b *bus.Bus, slug string) uint64 {
	t.Helper()
	l, err := offices(1).Execute(t.Context(), b, events.RegistrySubject("office", slug), intent("", ""), named(slug))
	if err != nil {
		t.Fatal(err)
	}
	return l.Sequence
}

// messages counts a subject's messages and checks their chain and revisions.
func messages(t failer, b *bus.Bus, subject string) int {
	t.Helper()
	all, err := b.History(t.Context(), events.StreamRegistry, subject, 1<<20)
	if err != nil {
		t.Fatalf("history: %v", err)
	}
	var chain events.ChainValue
	for n, m := range all {
		if chain = events.Chain(chain, m.Subject, m.Header, m.Data); chain != m.Meta.Chain {
			t.Fatalf("message %d breaks the chain", n+1)
		}
		var s events.OfficeState
		if err := json.Unmarshal(m.Body.State, &s); err != nil || s.Revision != uint64(n+1) {
			t.Fatalf("message %d has revision %d, %v", n+1, s.Revision, err)
		}
	}
	return len(all)
}

// eventually asks until it holds.
func eventually(t *testing.T, what string, holds func() error) {
	t.Helper()
	end := time.NewTimer(within)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := holds()
		if err == nil {
			return
		}
		select {
		case <-end.C:
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}

// raw publishes a message as it is.
func raw(t *testing.T, b *bus.Bus, m *natsgo.Msg) uint64 {
	t.Helper()
	ack, err := b.JetStream().PublishMsg(t.Context(), m, jetstream.WithExpectStream(events.StreamRegistry))
	if err != nil {
		t.Fatal(err)
	}
	return ack.Sequence
}

func fact(name string) events.OfficeRecordedFact {
	return events.OfficeRecordedFact{Office: events.OfficeState{Slug: "changchun", Name: name}}
}
