package bus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// failer is what *testing.T and *rapid.T share here.
type failer interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

func TestExecute(t *testing.T) {
	t.Parallel()
	b, a := newBus(t), offices(1)
	run := func(in bus.Intent, decide bus.Decide[events.OfficeState]) (bus.Loaded[events.OfficeState], error) {
		return a.Execute(t.Context(), b, subject, in, decide)
	}
	if l, err := a.Load(t.Context(), b, subject); err != nil || l.Exists() {
		t.Fatalf("before: %+v, %v", l, err)
	}
	first, err := run(intent("k1", "one"), named("one"))
	if err != nil || !first.Changed || first.State.Revision != 1 || first.State.Schema != 1 {
		t.Fatalf("first: %+v, %v", first, err)
	}
	again, err := run(intent("k1", "one"), named("one"))
	if err != nil || again.Changed || again.Sequence != first.Sequence {
		t.Errorf("sent again: %+v, %v", again, err)
	}
	if _, err := run(intent("k1", "two"), named("two")); !fault.Is(err, fault.KeyReused) {
		t.Errorf("same key, other request: %v", err)
	}
	other := intent("k1", "two")
	other.Actor.Account = "another"
	if l, err := run(other, named("two")); err != nil || !l.Changed {
		t.Errorf("same key of another account: %+v, %v", l, err)
	}
	nothing := func(bus.Loaded[events.OfficeState], *access.Given) (events.Fact, error) { return nil, nil }
	if l, err := run(intent("k2", ""), nothing); err != nil || l.Changed || l.State.Name != "two" {
		t.Errorf("nothing to do: %+v, %v", l, err)
	}
	refusal := fault.New(fault.WrongState, "test")
	refuse := func(bus.Loaded[events.OfficeState], *access.Given) (events.Fact, error) { return nil, refusal }
	if _, err := run(intent("k3", ""), refuse); !errors.Is(err, refusal) {
		t.Errorf("refusal: %v", err)
	}
	fresh := intent("k4", "three")
	fresh.New = true // a guess that is wrong here
	if l, err := run(fresh, named("three")); err != nil || l.State.Revision != 3 {
		t.Errorf("guessed new: %+v, %v", l, err)
	}
	if _, err := run(intent("k5", ""), named(strings.Repeat("長", events.MaxState))); !fault.Is(err, fault.TooLarge) {
		t.Errorf("too large: %v", err)
	}
	if n := messages(t, b, subject); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}

// TestExecuteGivesUp: a record that others change each time ends in conflict after Tries, with the record as it stands.
func TestExecuteGivesUp(t *testing.T) {
	t.Parallel()
	b, a := newBus(t), offices(1)
	asked := 0
	_, err := a.Execute(t.Context(), b, subject, intent("k", ""), func(l bus.Loaded[events.OfficeState], _ *access.Given) (events.Fact, error) {
		asked++
		if _, err := a.Execute(t.Context(), b, subject, intent("", ""), named(fmt.Sprint("other ", asked))); err != nil {
			t.Error(err)
		}
		return fact("mine"), nil
	})
	f := fault.Of(err)
	var current events.OfficeState
	if f.Code != fault.Conflict || json.Unmarshal(f.Current, &current) != nil || current.Name != fmt.Sprint("other ", bus.Tries) {
		t.Errorf("%v, current %s", err, f.Current)
	}
	if n := messages(t, b, subject); asked != bus.Tries || n != bus.Tries {
		t.Errorf("asked %d times, %d messages; want %d", asked, n, bus.Tries)
	}
}

func TestExecuteAtOnce(t *testing.T) {
	t.Parallel()
	b, a := newBus(t), offices(1)
	const people = 50
	var applied, refused atomic.Int64
	var wg sync.WaitGroup
	for p := range people {
		wg.Go(func() {
			_, err := a.Execute(t.Context(), b, subject, intent(fmt.Sprint(p), ""), named(fmt.Sprint(p)))
			switch {
			case err == nil:
				applied.Add(1)
			case fault.Is(err, fault.Conflict) && len(fault.Of(err).Current) > 0:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := messages(t, b, subject); int64(n) != applied.Load() || n == 0 || applied.Load()+refused.Load() != people {
		t.Errorf("%d messages of %d applied and %d refused", n, applied.Load(), refused.Load())
	}
	// The same command from all of them is one.
	var changed atomic.Int64
	for range people {
		wg.Go(func() {
			l, err := a.Execute(t.Context(), b, "registry.office.jilin", intent("same", ""), named("jilin"))
			if err != nil || l.State.Revision != 1 {
				t.Errorf("%+v, %v", l, err)
			}
			if l.Changed {
				changed.Add(1)
			}
		})
	}
	wg.Wait()
	if n := messages(t, b, "registry.office.jilin"); n != 1 || changed.Load() != 1 {
		t.Errorf("%d messages, %d say that they changed it; want 1", n, changed.Load())
	}
}

func TestExecuteOverNewerSchema(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	if _, err := offices(2).Execute(t.Context(), b, subject, intent("k", ""), named("newer")); err != nil {
		t.Fatal(err)
	}
	_, err := offices(1).Execute(t.Context(), b, subject, intent("k2", ""), named("older"))
	if !fault.Is(err, fault.UpgradeRequired) {
		t.Errorf("%v", err)
	}
	if l, err := offices(1).Load(t.Context(), b, subject); err != nil || l.State.Name != "newer" || messages(t, b, subject) != 1 {
		t.Errorf("%+v, %v", l, err)
	}
}

// lossy is a server inside the process; once armed it cuts the connection in place of the next acknowledgement of a publish to REGISTRY.
type lossy struct {
	*server.Server
	armed atomic.Bool
}

func (l *lossy) InProcessConn() (net.Conn, error) {
	c, err := l.Server.InProcessConn()
	return &lossyConn{c, l}, err
}

type lossyConn struct {
	net.Conn
	lossy *lossy
}

func (c *lossyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if bytes.Contains(p[:n], []byte(`"stream":"REGISTRY"`)) && c.lossy.armed.CompareAndSwap(true, false) {
		_ = c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

// TestExecuteUnknownOutcome: the message is stored, its acknowledgement lost. The command must succeed and not be doubled.
func TestExecuteUnknownOutcome(t *testing.T) {
	t.Parallel()
	srv, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, JetStreamMaxStore: -1})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(within) {
		t.Fatal("the server isn't ready")
	}
	l := &lossy{Server: srv}
	nc, err := natsgo.Connect("", natsgo.InProcessServer(l), natsgo.MaxReconnects(-1), natsgo.ReconnectWait(10*time.Millisecond), natsgo.ReconnectJitter(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	b, a := busOn(t, nc), offices(1)
	for n, in := range []bus.Intent{{New: true}, intent("", "no key of the client's"), intent("key", "with a key")} {
		in.Name, in.Actor = "record", events.System("registry")
		l.armed.Store(true)
		got, err := a.Execute(t.Context(), b, subject, in, named(fmt.Sprint(n)))
		if err != nil || got.State.Name != fmt.Sprint(n) {
			t.Errorf("%d: %+v, %v", n, got, err)
		}
		if l.armed.Load() {
			t.Errorf("%d: nothing was cut", n)
		}
		if have := messages(t, b, subject); have != n+1 {
			t.Errorf("%d: %d messages", n, have)
		}
	}
}

// TestExecuteModel: whatever the order of commands and keys, a record's revision is its number of messages, and a key counts once.
func TestExecuteModel(t *testing.T) {
	t.Parallel()
	b, a := newBus(t), offices(1)
	var records atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		subject := events.RegistrySubject("office", fmt.Sprint("r", records.Add(1)))
		known, revision := map[string]string{}, uint64(0)
		for range rapid.IntRange(1, 12).Draw(t, "commands") {
			in := intent(rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "key"), rapid.SampledFrom([]string{"x", "y"}).Draw(t, "request"))
			in.New = rapid.Bool().Draw(t, "new")
			l, err := a.Execute(t.Context(), b, subject, in, named(string(in.Request)))
			had, used := known[in.Key]
			switch {
			case used && had != string(in.Request):
				if !fault.Is(err, fault.KeyReused) {
					t.Fatalf("key reused: %v", err)
				}
			case err != nil:
				t.Fatalf("%v", err)
			case l.Changed == used:
				t.Fatalf("changed %v, key known %v", l.Changed, used)
			case !used:
				revision++
			}
			if in.Key != "" && !used {
				known[in.Key] = string(in.Request)
			}
			if err == nil && l.State.Revision != revision {
				t.Fatalf("revision %d, want %d", l.State.Revision, revision)
			}
		}
		if n := messages(t, b, subject); uint64(n) != revision {
			t.Fatalf("%d messages, revision %d", n, revision)
		}
	})
}

// TestStepForgets: a record remembers so many commands, and Step leaves the state before untouched.
func TestStepForgets(t *testing.T) {
	t.Parallel()
	a := offices(1)
	rapid.Check(t, func(t *rapid.T) {
		var s events.OfficeState
		steps := rapid.IntRange(0, 2*events.MaxCommandMarks).Draw(t, "steps")
		for n := range steps {
			before, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			meta := events.Meta{Command: events.Command{Key: fmt.Sprint(n), Request: "r"}}
			next, err := a.Step(s, meta, fact(fmt.Sprint(n)))
			if err != nil {
				t.Fatal(err)
			}
			if after, _ := json.Marshal(s); !bytes.Equal(before, after) {
				t.Fatalf("step %d changed what it was given", n)
			}
			s = next
		}
		if s.Revision != uint64(steps) || len(s.Commands) != min(steps, events.MaxCommandMarks) {
			t.Fatalf("revision %d, %d marks after %d steps", s.Revision, len(s.Commands), steps)
		}
		if steps > 0 && s.Commands[len(s.Commands)-1] != (events.CommandMark{Key: fmt.Sprint(steps - 1), Request: "r", Revision: uint64(steps)}) {
			t.Fatalf("last mark %+v", s.Commands[len(s.Commands)-1])
		}
	})
}
