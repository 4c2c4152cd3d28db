package sight

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/fault"
)

// rig is a log with a clock that a test moves.
type rig struct {
	t     *testing.T
	nc    *natsgo.Conn
	bus   *bus.Bus
	ahead atomic.Int64
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, nc: natstest.New(t)}
	js, err := jetstream.New(r.nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), js, 1, nil); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	now := func() time.Time { return began.Add(time.Duration(r.ahead.Load())) }
	if r.bus, err = bus.New(r.nc, events.ServiceMedia, bus.Options{Logger: slog.New(slog.DiscardHandler), Now: now}); err != nil {
		t.Fatal(err)
	}
	return r
}

var cases = bus.Aggregate[events.CaseState, *events.CaseState]{Stream: events.StreamCases, Schema: events.CaseSchema,
	Fold: func(_ events.CaseState, _ events.Meta, f events.Fact) (events.CaseState, error) {
		return f.(events.CaseRestatedFact).State, nil
	}}

// write states a case and gives its subject.
func (r *rig) write(ref string, state events.CaseStatus) string {
	r.t.Helper()
	c := events.CaseState{ID: events.CaseIDFor("jilin", ref), Office: "jilin", State: state}
	subject := events.CaseSubject(c.Office, c.ID)
	_, err := cases.Execute(r.t.Context(), r.bus, subject, bus.Intent{Name: "restate", Actor: events.System("intake")}, func(bus.Loaded[events.CaseState], *access.Given) (events.Fact, error) {
		return events.CaseRestatedFact{State: c}, nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return subject
}

func (r *rig) heads() *Heads {
	return NewHeads(r.bus, func(context.Context, events.MediaID) (bus.Loaded[events.MediaState], error) {
		return bus.Loaded[events.MediaState]{}, nil
	})
}

// counted counts the readings of cases.
func counted(h *Heads) *atomic.Int64 {
	var n atomic.Int64
	load := h.cases.load
	h.cases.load = func(ctx context.Context, subject string) (events.CaseState, error) {
		n.Add(1)
		return load(ctx, subject)
	}
	return &n
}

// see gives a case's state as a request would.
func (r *rig) see(h *Heads, subject string) events.CaseStatus {
	r.t.Helper()
	if err := h.Fresh(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	c, err := h.cases.get(r.t.Context(), subject)
	if err != nil {
		r.t.Fatal(err)
	}
	return c.State
}

// TestHeads has every replica know of a change in the first request after it, whatever else is written, and read nothing again that stays as it was.
func TestHeads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	one, other := r.heads(), r.heads()
	n := counted(one)
	if got := r.see(one, events.CaseSubject("jilin", events.CaseIDFor("jilin", "1"))); got != "" {
		t.Errorf("before it exists: %s", got)
	}
	subject := r.write("1", events.CaseExposed)
	for range 3 {
		if a, b := r.see(one, subject), r.see(other, subject); a != events.CaseExposed || b != a {
			t.Errorf("exposed: %s, %s", a, b)
		}
	}
	r.write("2", events.CaseExposed)
	r.see(one, subject)
	if n.Load() != 2 {
		t.Errorf("read %d times for two states", n.Load())
	}
	for i := range 2*maxSteps + 1 {
		r.write(fmt.Sprint("more", i), events.CaseSubmitted)
		if i == maxSteps {
			r.write("1", events.CaseWithdrawn)
		}
	}
	if a, b := r.see(one, subject), r.see(other, subject); a != events.CaseWithdrawn || b != a {
		t.Errorf("after many others: %s, %s", a, b)
	}
	for i := range maxHeads + 1 {
		if _, err := one.cases.get(t.Context(), fmt.Sprint("case.jilin.", i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(one.cases.known) > maxHeads {
		t.Errorf("%d records are kept", len(one.cases.known))
	}
}

// TestCrowd has many see a withdrawal as soon as it is written, while others come and go.
func TestCrowd(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	h := r.heads()
	n := counted(h)
	subject := r.write("1", events.CaseExposed)
	var withdrawn atomic.Bool
	var crowd sync.WaitGroup
	for range 20 {
		crowd.Go(func() {
			for range 100 {
				late := withdrawn.Load()
				if got := r.see(h, subject); late && got != events.CaseWithdrawn {
					t.Errorf("after the withdrawal: %s", got)
					return
				}
			}
		})
	}
	r.write("1", events.CaseWithdrawn)
	withdrawn.Store(true)
	crowd.Wait()
	if n.Load() > 3 {
		t.Errorf("read %d times", n.Load())
	}
}

// TestUnderWay has a reading that began before a change be for those alone who waited for it, and one of a replica that was behind be forgotten in time.
func TestUnderWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	h := r.heads()
	subject := r.write("1", events.CaseExposed)
	begun, goOn, load := make(chan struct{}), make(chan struct{}), h.cases.load
	h.cases.load = func(ctx context.Context, subject string) (events.CaseState, error) {
		c, err := load(ctx, subject)
		close(begun)
		<-goOn
		return c, err
	}
	if err := h.Fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	early := make(chan events.CaseStatus)
	go func() {
		c, _ := h.cases.get(context.Background(), subject)
		early <- c.State
	}()
	<-begun
	h.cases.load = load
	r.write("1", events.CaseWithdrawn)
	if got := r.see(h, subject); got != events.CaseWithdrawn {
		t.Errorf("while an older reading is under way: %s", got)
	}
	close(goOn)
	if got := <-early; got != events.CaseExposed {
		t.Errorf("who asked before: %s", got)
	}
	if got := r.see(h, subject); got != events.CaseWithdrawn {
		t.Errorf("after the older reading has ended: %s", got)
	}

	h.cases.load = func(context.Context, string) (events.CaseState, error) { // behind
		return events.CaseState{State: events.CaseExposed}, nil
	}
	r.write("1", events.CaseWithdrawn)
	r.see(h, subject)
	h.cases.load = load
	r.ahead.Add(int64(believedFor))
	if got := r.see(h, subject); got != events.CaseWithdrawn {
		t.Errorf("%s after a replica was behind: %s", believedFor, got)
	}
}

// TestAway has nobody be told anything while the log doesn't answer, and a failed reading not be kept.
func TestAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	h := r.heads()
	subject := r.write("1", events.CaseExposed)
	failing, load := errors.New("away"), h.cases.load
	h.cases.load = func(context.Context, string) (events.CaseState, error) { return events.CaseState{}, failing }
	if err := h.Fresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.cases.get(t.Context(), subject); !errors.Is(err, failing) {
		t.Errorf("a failed reading: %v", err)
	}
	h.cases.load = load
	for h.Fresh(t.Context()) == nil { // until what failed is gone
		if c, err := h.cases.get(t.Context(), subject); err == nil {
			if c.State != events.CaseExposed {
				t.Errorf("read again: %s", c.State)
			}
			break
		}
	}
	r.nc.Close()
	if err := h.Fresh(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without the log: %v", err)
	}
}

// TestRounds has whoever comes while a question is under way wait for the next one, all for the same.
func TestRounds(t *testing.T) {
	t.Parallel()
	asked, goOn := make(chan int, 8), make(chan error)
	n := 0
	r := &rounds{}
	r.ask = func() error { n++; asked <- n; return <-goOn }
	first := make(chan error)
	go func() { first <- r.next(context.Background()) }()
	<-asked
	rest := make(chan error)
	const late = 5
	for range late {
		go func() { rest <- r.next(context.Background()) }()
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.next(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away: %v", err)
	}
	goOn <- nil
	if err := <-first; err != nil {
		t.Error(err)
	}
	<-asked
	failing := errors.New("away")
	goOn <- failing
	for served := 0; served < late; {
		select {
		case err := <-rest:
			if served++; !errors.Is(err, failing) {
				t.Errorf("the next question's: %v", err)
			}
		case <-asked: // somebody came later still
			goOn <- failing
		}
	}
}
