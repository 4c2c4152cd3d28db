package bus_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/fault"
)

// remembered are offices whose last state each Bus remembers.
func remembered() bus.Aggregate[events.OfficeState, *events.OfficeState] {
	a := offices(1)
	a.Remember = true
	return a
}

func name(t failer, b *bus.Bus, subject, key, name string) bus.Loaded[events.OfficeState] {
	t.Helper()
	l, err := remembered().Execute(t.Context(), b, subject, intent(key, name), named(name))
	if err != nil {
		t.Fatalf("name %s: %v", name, err)
	}
	return l
}

// TestRememberedSparesTheRead: the second command on a record through one bus reads nothing, and its chain and revisions are as if it had.
func TestRememberedSparesTheRead(t *testing.T) {
	t.Parallel()
	nc := natstest.New(t)
	b := busOn(t, nc)
	reads, err := nc.SubscribeSync("$JS.API.*.GET." + events.StreamRegistry)
	if err != nil {
		t.Fatal(err)
	}
	name(t, b, subject, "", "first")
	if _, err := reads.NextMsg(time.Second); err != nil {
		t.Fatalf("the first command reads: %v", err)
	}
	for n := range 10 {
		name(t, b, subject, "", fmt.Sprint(n))
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, _, err := reads.Pending(); n != 0 || err != nil {
		t.Errorf("%d reads, %v", n, err)
	}
	if n := messages(t, b, subject); n != 11 {
		t.Errorf("%d messages", n)
	}
}

// TestRememberedIsNotBelieved: whatever others did meanwhile, a command is decided on the record as it stands.
func TestRememberedIsNotBelieved(t *testing.T) {
	t.Parallel()
	nc := natstest.New(t)
	b, others := busOn(t, nc), busOn(t, nc)
	name(t, b, subject, "", "ours")
	name(t, others, subject, "", "theirs")
	// A refusal is found anew, and a state that isn't there any more refuses nothing.
	unless := func(refused string) bus.Decide[events.OfficeState] {
		return func(l bus.Loaded[events.OfficeState], _ *access.Given) (events.Fact, error) {
			if l.State.Name == refused {
				return nil, fault.New(fault.WrongState, "test")
			}
			return fact("after " + l.State.Name), nil
		}
	}
	l, err := remembered().Execute(t.Context(), b, subject, intent("", "x"), unless("ours"))
	if err != nil || l.State.Name != "after theirs" {
		t.Errorf("got %q, %v", l.State.Name, err)
	}
	name(t, others, subject, "", "theirs")
	if l, err = remembered().Execute(t.Context(), b, subject, intent("", "y"), unless("theirs")); !fault.Is(err, fault.WrongState) || l.State.Name != "theirs" {
		t.Errorf("got %q, %v", l.State.Name, err)
	}
	// So is “nothing to do”, and a key that was here before.
	name(t, b, subject, "", "ours")
	name(t, others, subject, "", "theirs")
	l, err = remembered().Execute(t.Context(), b, subject, intent("", "z"), func(l bus.Loaded[events.OfficeState], _ *access.Given) (events.Fact, error) {
		if l.State.Name == "ours" {
			return nil, nil
		}
		return fact("changed"), nil
	})
	if err != nil || l.State.Name != "changed" {
		t.Errorf("got %q, %v", l.State.Name, err)
	}
	again := name(t, b, subject, "key", "once")
	name(t, others, subject, "", "theirs")
	if l := name(t, b, subject, "key", "once"); l.Changed || l.Sequence != again.Sequence+1 || l.State.Name != "theirs" {
		t.Errorf("the same key again: %+v", l)
	}
	messages(t, b, subject)
}

// TestRememberedByMany: many commands through two buses on a few records are each applied once.
func TestRememberedByMany(t *testing.T) {
	t.Parallel()
	nc := natstest.New(t)
	buses := []*bus.Bus{busOn(t, nc), busOn(t, nc)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	applied := map[string]int{}
	for w := range 6 {
		wg.Go(func() {
			for n := range 30 {
				s := events.RegistrySubject("office", fmt.Sprint("o", n%3))
				l, err := remembered().Execute(t.Context(), buses[w%2], s, intent(fmt.Sprint(w, "-", n), "x"), named(strings.Repeat("名", n)))
				if err != nil && !fault.Is(err, fault.Conflict) {
					t.Error(err)
				}
				if err == nil && l.Changed {
					mu.Lock()
					applied[s]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	for s, want := range applied {
		if got := messages(t, buses[0], s); got != want {
			t.Errorf("%s has %d messages, want %d", s, got, want)
		}
	}
}

// TestRememberedOverARestore: what was known before the connection broke is read again: the log may be an older one.
func TestRememberedOverARestore(t *testing.T) {
	t.Parallel()
	nc := natstest.New(t)
	b := busOn(t, nc)
	name(t, b, subject, "", "first")
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connected", func() error {
		if nc.Stats().Reconnects == 0 || nc.Status() != natsgo.CONNECTED {
			return errors.New("not yet")
		}
		return nil
	})
	reads, err := nc.SubscribeSync("$JS.API.*.GET." + events.StreamRegistry)
	if err != nil {
		t.Fatal(err)
	}
	name(t, b, subject, "", "second")
	if _, err := reads.NextMsg(time.Second); err != nil {
		t.Errorf("it wasn't read again: %v", err)
	}
}

// TestReadIsOfNow: a record is decoded once for each of its messages, whoever wrote them, by its own subject or with a wildcard.
func TestReadIsOfNow(t *testing.T) {
	t.Parallel()
	nc := natstest.New(t)
	b, others := busOn(t, nc), busOn(t, nc)
	read := func(by string) bus.Loaded[events.OfficeState] {
		t.Helper()
		l, err := offices(1).Read(t.Context(), b, by)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if l := read(subject); l.Exists() || l.Subject != subject {
		t.Errorf("none is %+v", l)
	}
	for _, want := range []string{"one", "two"} {
		wrote := name(t, others, subject, "", want)
		l, again := read(subject), read("registry.*.changchun")
		if l.State.Name != want || again.State.Name != want || l.Sequence != wrote.Sequence || again.Subject != subject {
			t.Errorf("got %+v, then %+v", l, again)
		}
		if &l.State.Commands[0] != &again.State.Commands[0] {
			t.Error("it was decoded again")
		}
	}
}
