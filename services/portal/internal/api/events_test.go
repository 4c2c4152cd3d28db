package api

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/registry/registryapi"
)

// searches writes what archive would.
var searches = bus.Aggregate[events.SearchState, *events.SearchState]{Stream: events.StreamSearches, Schema: events.SearchSchema,
	Fold: func(s events.SearchState, _ events.Meta, _ events.Fact) (events.SearchState, error) { return s, nil }}

// reporter is who asks: by any token.
type reporter struct{}

func (reporter) ByToken(context.Context, string) (access.Actor, string, error) {
	return access.Actor{Account: "reporter", Role: access.Journalist, Outlet: "cc-tv"}, "reporter", nil
}

func (reporter) BySession(*http.Request) (access.Actor, string, bool, error) {
	return access.Actor{}, "", false, nil
}

type stand struct {
	bus      *bus.Bus
	url      string
	disabled atomic.Bool
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{}
	conn := natstest.New(t)
	var err error
	s.bus, err = bus.New(conn, events.ServiceArchive, bus.Options{})
	fatal(t, err)
	fatal(t, bus.Migrate(t.Context(), s.bus.JetStream(), 1, nil))
	registry, err := bus.New(conn, events.ServiceRegistry, bus.Options{})
	fatal(t, err)
	stop, err := registry.Serve(nil, map[string]bus.Endpoint{registryapi.EndpointAccount: func(context.Context, bus.Request) (any, error) {
		if s.disabled.Load() {
			return nil, fault.New(fault.Unauthenticated, "test")
		}
		return registryapi.Identity{}, nil
	}}, nil)
	fatal(t, err)
	t.Cleanup(func() { _ = stop() })
	_, key, err := ed25519.GenerateKey(nil)
	fatal(t, err)
	f := &front.Front{Conn: conn, Seal: access.NewSeal(key, time.Now), Identity: reporter{}}
	server := httptest.NewServer(f.Identify(front.Signed(Events(s.bus))))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tell states that an account was told of n cases, named by the prefix.
func (s *stand) tell(t *testing.T, account events.AccountID, prefix string, n int) {
	t.Helper()
	var f events.SearchToldFact
	for i := range n {
		f.Cases = append(f.Cases, events.Told{Case: events.CaseID(fmt.Sprint(prefix, i))})
	}
	in := bus.Intent{Name: "tell", Actor: events.System("test"), Given: access.Given{On: "2026-11-20"}}
	_, err := searches.Execute(t.Context(), s.bus, events.SearchSubject(account, "S"), in, func(bus.Loaded[events.SearchState], *access.Given) (events.Fact, error) {
		return f, nil
	})
	fatal(t, err)
}

// source reads a stream as the standard says (HTML, server-sent events): it has the last id and the cases that came.
type source struct {
	lines *bufio.Scanner
	close func()
	last  string
	came  []string
}

func (s *stand) open(t *testing.T, last string) *source {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	fatal(t, err)
	r.Header.Set("Authorization", "Bearer any")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(r)
	fatal(t, err)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%d", answer.StatusCode)
	}
	out := &source{lines: bufio.NewScanner(answer.Body), last: last, close: func() { cancel(); _ = answer.Body.Close() }}
	t.Cleanup(out.close)
	out.next() // the id to begin with
	return out
}

// next reads up to a blank line; false at the end of the stream.
func (s *source) next() bool {
	var id, data string
	for s.lines.Scan() {
		line := s.lines.Text()
		if line == "" {
			if id != "" {
				s.last = id
			}
			if data != "" {
				var e toldEvent
				if json.Unmarshal([]byte(data), &e) == nil {
					s.came = append(s.came, string(e.Case))
				}
			}
			return true
		}
		if v, ok := strings.CutPrefix(line, "id: "); ok {
			id = v
		}
		if v, ok := strings.CutPrefix(line, "data: "); ok {
			data = v
		}
	}
	return false
}

// until reads until so many cases came.
func (s *source) until(t *testing.T, n int) {
	t.Helper()
	for len(s.came) < n {
		if !s.next() {
			t.Fatalf("the stream ended after %v", s.came)
		}
	}
}

// TestEventsGoOn: a reader that is cut anywhere and comes again with the last id misses nothing: before the first event, and amid the events of one fact. Others' events don't come.
func TestEventsGoOn(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.tell(t, "reporter", "before", 1)
	first := s.open(t, "")
	first.close()
	s.tell(t, "other", "hidden", 1)
	s.tell(t, "reporter", "a", 3)
	second := s.open(t, first.last)
	second.until(t, 2)
	second.close()
	third := s.open(t, second.last)
	s.tell(t, "reporter", "b", 1)
	third.until(t, 4)
	if got := strings.Join(third.came, " "); got != "a0 a1 a2 b0" {
		t.Errorf("came %s", got)
	}
	last := s.open(t, third.last)
	s.tell(t, "reporter", "c", 1)
	last.until(t, 1)
	if got := strings.Join(last.came, " "); got != "c0" {
		t.Errorf("then came %s", got)
	}
}

// TestSlowReader: one that is too slow is cut off, and gets all the rest when it comes again.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	const facts, each = 500, 200 // some 12 MB: more than the connection's buffers hold
	slow := s.open(t, "")
	for i := range facts {
		s.tell(t, "reporter", fmt.Sprint(i, "-"), each)
	}
	seen, cuts := map[string]bool{}, 0
	for len(seen) < facts*each {
		if len(slow.came) == 0 && cuts > facts {
			t.Fatal("no end")
		}
		for len(seen) < facts*each && slow.next() {
			for _, c := range slow.came {
				seen[c] = true
			}
			slow.came = slow.came[:0]
		}
		if len(seen) < facts*each {
			cuts++
			slow = s.open(t, slow.last)
		}
	}
	if cuts == 0 {
		t.Error("was never cut off: the test shows nothing")
	}
}

// TestEventsEnd: the stream of an account that is disabled ends at once.
func TestEventsEnd(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	one := s.open(t, "")
	notice := func(account string) { fatal(t, s.bus.Conn().Publish(events.NoticeAccount, []byte(account))) }
	notice("reporter") // a change of its name
	s.tell(t, "reporter", "a", 1)
	one.until(t, 1)
	s.disabled.Store(true)
	notice("other")
	notice("reporter")
	began := time.Now()
	for one.next() {
	}
	if took := time.Since(began); took > aliveEvery/2 {
		t.Errorf("ended after %v", took)
	}
}
