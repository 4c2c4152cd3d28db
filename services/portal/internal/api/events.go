package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/registry/registryapi"
)

const (
	// aliveEvery is how often a stream says that it is there; proxies close what is silent for a minute. It is also when an account is looked at again, should registry's notice of a change be lost.
	aliveEvery = 15 * time.Second
	// maxStreams is how many streams one account has open at once: a dozen tabs.
	maxStreams = 12
	// maxWaiting is how many facts, of up to two hundred events each, a slow reader may be behind; then its stream ends, and it comes again with Last-Event-ID.
	maxWaiting = 64
)

// streams counts the open streams of each account.
type streams struct {
	mu   sync.Mutex
	open map[events.AccountID]int
}

func (s *streams) begin(a events.AccountID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[a] >= maxStreams {
		return false
	}
	s.open[a]++
	return true
}

func (s *streams) end(a events.AccountID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[a]--; s.open[a] == 0 {
		delete(s.open, a)
	}
}

// toldEvent is the data of an event told.
type toldEvent struct {
	Search events.SearchID `json:"search"`
	Case   events.CaseID   `json:"case"`
}

// Events serves server-sent events: told for each case that a saved search of the caller tells of. The last event of each fact has the fact's sequence in SEARCHES as its id. A stream ends when the account is
// disabled, and when a reader is too slow; one that comes again with Last-Event-ID misses nothing, and gets again the events of a fact that it didn't get to the end of.
func Events(b *bus.Bus) http.Handler {
	open := &streams{open: map[events.AccountID]int{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		account := front.Of(r.Context()).Actor.Account
		from, err := b.End(r.Context(), events.StreamSearches)
		if last := r.Header.Get("Last-Event-ID"); err == nil && last != "" {
			n, err := strconv.ParseUint(last, 10, 64)
			if err != nil || n > from {
				front.Refuse(w, r, &fault.Error{Code: fault.BadParameter, Op: "portal: events", Fields: []fault.Field{{Field: "Last-Event-ID", Code: "type"}}})
				return
			}
			from = n
		}
		if err != nil {
			front.Refuse(w, r, err)
			return
		}
		if !open.begin(account) {
			front.Refuse(w, r, fault.New(fault.SlowDown, "portal: events"))
			return
		}
		defer open.end(account)
		stream(b, w, r, account, from+1)
	})
}

// stream writes what comes from a sequence on. It begins with the id of what came before, so that a reader who is cut off before the first event comes again with it.
func stream(b *bus.Bus, w http.ResponseWriter, r *http.Request, account events.AccountID, from uint64) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	changes := make(chan *nats.Msg, maxWaiting)
	sub, err := b.Conn().ChanSubscribe(events.NoticeAccount, changes)
	if err != nil {
		front.Refuse(w, r, fault.Wrap(fault.Unavailable, "portal: events", err))
		return
	}
	defer func() { _ = sub.Unsubscribe() }()
	out := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Accel-Buffering", "no")
	write := func(text string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(aliveEvery))
		_, err := fmt.Fprint(w, text)
		return err == nil && out.Flush() == nil
	}
	if !write(fmt.Sprintf("id: %d\n\n", from-1)) {
		return
	}
	waiting := make(chan string, maxWaiting)
	go func() {
		defer cancel() // too slow, or the log is away
		_ = b.Watch(ctx, events.StreamSearches, []string{events.SearchSubject(account, "*")}, from, func(m bus.Message) {
			text := toldEvents(m)
			if text == "" {
				return
			}
			select {
			case waiting <- text:
			default:
				cancel()
			}
		}, nil)
	}()
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	disabled := func() bool {
		_, err := (registryapi.Client{Client: bus.Client{Conn: b.Conn()}}).Account(ctx, string(account))
		return fault.Is(err, fault.Unauthenticated)
	}
	for {
		text := ": \n\n"
		select {
		case <-ctx.Done():
			return
		case text = <-waiting:
		case m := <-changes:
			if string(m.Data) != string(account) {
				continue
			}
			if disabled() {
				return
			}
		case <-alive.C:
			if disabled() {
				return
			}
		}
		if !write(text) {
			return
		}
	}
}

// toldEvents writes the events of a message; the last one has the id, so that a reader which was cut off before it gets all of them again.
func toldEvents(m bus.Message) string {
	fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
	f, ok := fact.(events.SearchToldFact)
	if err != nil || !ok {
		return ""
	}
	var out strings.Builder
	for i, c := range f.Cases {
		data, err := json.Marshal(toldEvent{events.SearchID(m.Meta.Subject), c.Case})
		if err != nil {
			return ""
		}
		if i == len(f.Cases)-1 {
			fmt.Fprintf(&out, "id: %d\n", m.Sequence)
		}
		fmt.Fprintf(&out, "event: told\ndata: %s\n\n", data)
	}
	return out.String()
}
