package writer

import (
	"context"
	"sync"
	"time"

	"songshui.internal/services/internal/bus"
)

const (
	// burst is the arrival rate, in messages a second, from which the writer rests: everyday traffic is far below, and nothing may delay it.
	burst = 300
	// restShare is how many times as long as a batch took the writer rests after it while a burst lasts; restMost bounds the pause.
	restShare = 6
	restMost  = 1500 * time.Millisecond
)

// pace lets the writer work at most a seventh of the time while messages arrive in a burst. Where index and log share a machine, the writer would otherwise take the processor and the
// disk from the very submissions it follows; what waits meanwhile goes in larger batches, which cost less a case. When the burst is over it goes on at full speed.
// So while more than 300 cases a second come in, an accepted case may be found late, and while fewer do, never.
type pace struct {
	// end gives the sequence of a stream's last message.
	end func(ctx context.Context, stream string) (uint64, error)

	mu    sync.Mutex
	until time.Time
}

// begin waits until the last batch has been rested from, and gives what to call when this one, of a stream, is done.
func (p *pace) begin(ctx context.Context, stream string) (done func()) {
	p.mu.Lock()
	wait := time.Until(p.until)
	p.mu.Unlock()
	bus.Pause(ctx, wait)
	began := time.Now()
	var before uint64
	asked := make(chan error, 1)
	go func() { // the batch needn't wait for it
		var err error
		before, err = p.end(ctx, stream)
		asked <- err
	}()
	return func() {
		if <-asked != nil {
			return
		}
		took := time.Since(began)
		after, err := p.end(ctx, stream)
		if err != nil || float64(after-before) < burst*took.Seconds()+1 {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.until = time.Now().Add(min(restShare*took, restMost))
	}
}
