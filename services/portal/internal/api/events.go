package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/registry/registryapi"
)

const (
	// aliveEvery is how often a stream says that it is there; proxies close what is silent for a minute. It is also when an account is looked at again.
	aliveEvery = 15 * time.Second
	// maxStreams is how many streams one account has open at once: a dozen tabs.
	maxStreams = 12
	// maxWaiting is how many events a slow reader may be behind; then its stream ends, and it comes again with Last-Event-ID.
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

// Events serves server-sent events: told for each case that a saved search of the caller tells of, with the sequence of SEARCHES as its id. It ends when the account is disabled, and when a
// reader is too slow; one that comes again with Last-Event-ID misses nothing.
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

// stream writes what comes from a sequence on.
func stream(b *bus.Bus, w http.ResponseWriter, r *http.Request, account events.AccountID, from uint64) {
	out := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Accel-Buffering", "no")
	_, _ = fmt.Fprint(w, ": \n\n")
	if out.Flush() != nil {
		return
	}
	ctx := r.Context()
	waiting, slow := make(chan string, maxWaiting), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- b.Watch(ctx, events.StreamSearches, []string{events.SearchSubject(account, "*")}, from, func(m bus.Message) {
			for _, text := range toldEvents(m) {
				select {
				case waiting <- text:
				default:
					select {
					case slow <- struct{}{}:
					case <-ctx.Done():
					}
				}
			}
		}, nil)
	}()
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		text := ": \n\n"
		select {
		case <-ctx.Done():
			return
		case <-ended:
			return
		case <-slow:
			return
		case text = <-waiting:
		case <-alive.C:
			if _, err := (registryapi.Client{Client: bus.Client{Conn: b.Conn()}}).Account(ctx, string(account)); fault.Is(err, fault.Unauthenticated) {
				return
			}
		}
		_ = out.SetWriteDeadline(time.Now().Add(aliveEvery))
		if _, err := fmt.Fprint(w, text); err != nil || out.Flush() != nil {
			return
		}
	}
}

// toldEvents writes the events of a message.
func toldEvents(m bus.Message) (out []string) {
	fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
	f, ok := fact.(events.SearchToldFact)
	if err != nil || !ok {
		return nil
	}
	for _, c := range f.Cases {
		data, err := json.Marshal(toldEvent{events.SearchID(m.Meta.Subject), c.Case})
		if err == nil {
			out = append(out, fmt.Sprintf("id: %d\nevent: told\ndata: %s\n\n", m.Sequence, data))
		}
	}
	return out
}
