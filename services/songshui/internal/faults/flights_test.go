package faults_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// flights counts the client's requests under way. Those made while nothing answers wait a little for the next start: the client's own pauses
// would make the test long, and its requests few.
type flights struct {
	base  http.RoundTripper
	begun chan struct{}
	open  atomic.Int64

	mu sync.Mutex
	up chan struct{} // closed while the program answers
}

func newFlights() *flights {
	return &flights{base: &http.Transport{}, begun: make(chan struct{}, 1), up: make(chan struct{})}
}

func (f *flights) answers() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.up)
}

func (f *flights) gone() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up = make(chan struct{})
}

func (f *flights) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	up := f.up
	f.mu.Unlock()
	select {
	case <-up:
	case <-time.After(waitsAtMost):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	f.open.Add(1)
	defer f.open.Add(-1)
	select {
	case f.begun <- struct{}{}:
	default:
	}
	return f.base.RoundTrip(r)
}
