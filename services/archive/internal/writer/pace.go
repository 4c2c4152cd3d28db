package writer

import (
	"context"
	"sync"
	"time"
)

const (
	// burst is from how many messages in a batch on the writer rests: fewer are everyday traffic, which nothing may delay.
	burst = 32
	// restShare is how many times as long as a batch took the writer rests after it; restMost bounds the pause.
	restShare = 3
	restMost  = 300 * time.Millisecond
)

// pace lets the writer work at most a quarter of the time while a burst lasts. Where index and log share a machine, a burst of submissions would otherwise make the
// writer take the processor and the disk from the very submissions it follows; what waits meanwhile goes in one larger batch, which costs less.
type pace struct {
	mu    sync.Mutex
	until time.Time
}

// begin waits until the last batch has been rested from, and gives what to call when this one, of n messages, is done.
func (p *pace) begin(ctx context.Context, n int) (done func()) {
	p.mu.Lock()
	wait := time.Until(p.until)
	p.mu.Unlock()
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
	began := time.Now()
	return func() {
		if n < burst {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.until = time.Now().Add(min(restShare*time.Since(began), restMost))
	}
}
