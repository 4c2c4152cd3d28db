package stories_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/songshui/internal/stack"
)

// Story 12, for what is here: everything that is shown can be had again from the log. It comes last, since it looks at what the other stories have left.
func TestStory12EverythingComesFromTheLog(t *testing.T) {
	drained(t) // what a restart takes out of somebody's hand comes again only after its AckWait
	restart(t)
	stated(t)
	drained(t)
	before := everything(t)
	if len(before) < 10 {
		t.Fatalf("only %d pages to compare", len(before))
	}
	must(t, system.Close())
	must(t, os.RemoveAll(filepath.Join(system.config.Dir, "search")))
	up, err := stack.StartUp(context.Background(), system.config)
	must(t, err)
	system.Up = up
	until(t, "the index is built anew", func() bool {
		return bytes.Equal(everything(t)["/api/v1/search?per_page=100"], before["/api/v1/search?per_page=100"])
	})
	drained(t)
	after := everything(t)
	for path, was := range before {
		if is := after[path]; !bytes.Equal(was, is) {
			t.Errorf("%s was\n%s\nand is\n%s", path, was, is)
		}
	}
}

// everything is what the province is shown, by address; what only tells when it was asked is left out.
func everything(t *testing.T) map[string][]byte {
	t.Helper()
	paths := []string{"/api/v1/board", "/api/v1/board?month=2026-08", "/api/v1/board?day=2026-08-31", "/api/v1/returns", "/api/v1/inbox?per_page=100", "/api/v1/rules", "/api/v1/outlets", "/api/v1/search?per_page=100"}
	found, err := client("supervisor").Search(t.Context(), nil)
	must(t, err)
	for _, h := range found.Hits {
		paths = append(paths, "/api/v1/cases/"+h.ID)
	}
	out := map[string][]byte{}
	for _, path := range paths {
		var v map[string]any
		must(t, client("supervisor").Do(t.Context(), http.MethodGet, path, nil, nil, &v))
		delete(v, "took_ms")
		delete(v, "sequences") // months open and reminders come while nobody looks
		b, err := json.MarshalIndent(v, "", " ")
		must(t, err)
		out[path] = b
	}
	return out
}

// stated waits until no deadline that has come by the stories' clock still has its schedule: a start compares them all.
func stated(t *testing.T) {
	t.Helper()
	until(t, "reminders are stated", func() bool {
		waiting := 0
		for _, service := range []string{events.ServiceIntake, events.ServiceRectification, events.ServiceOversight} {
			ctx, end := context.WithCancel(t.Context())
			must(t, system.Bus.Watch(ctx, events.TimersStream(service), []string{events.TimerSubject(service, ">")}, 0, func(m bus.Message) {
				if at, err := time.Parse(time.RFC3339Nano, m.Header.Get("Songshui-Deadline")); err == nil && !at.After(now()) {
					waiting++
				}
			}, end))
			end()
		}
		return waiting == 0
	})
}

// drained waits until every consumer has done what there is: reminders whose time has come are stated.
func drained(t *testing.T) {
	t.Helper()
	pending := ""
	defer func() {
		if t.Failed() {
			t.Log(pending)
		}
	}()
	until(t, "all is done", func() bool {
		for _, d := range stack.Durables() {
			c, err := system.Bus.JetStream().Consumer(t.Context(), d.Stream, d.Name)
			must(t, err)
			if i := c.CachedInfo(); i.NumPending > 0 || i.NumAckPending > 0 {
				pending = fmt.Sprintf("%s: %d pending, %d in hand", d.Name, i.NumPending, i.NumAckPending)
				return false
			}
		}
		return true
	})
}
