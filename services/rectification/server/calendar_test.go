package server_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
)

type safeLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *safeLog) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

// TestMissingYear says in the answer that a year of days off is missing, and in the log once.
func TestMissingYear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var log safeLog
	b, err := bus.New(w.nc, events.ServiceRectification, bus.Options{Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w.bus, w.deps.Bus = b, b
	w.c.Plan.Deadline = "2028-03-01"
	w.write(w.c)
	w.run()
	eventually(t, "opened", func() bool { return len(w.messages()) == 1 })
	for range 2 {
		if v, err := w.get(desk); err != nil || !v.CalendarMissing {
			t.Errorf("due %s: missing %v, %v", v.Due, v.CalendarMissing, err)
		}
	}
	if n := log.count("a year of days off is missing"); n != 1 {
		t.Errorf("the log was told %d times", n)
	}
}
