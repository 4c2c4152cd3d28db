package writer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// waits gives how long the writer rests after a batch of a second during which a stream grew by so many messages.
func waits(t *testing.T, grew uint64, broken error) time.Duration {
	t.Helper()
	var rested time.Duration
	synctest.Test(t, func(t *testing.T) {
		var end uint64 = 7
		p := pace{end: func(context.Context, string) (uint64, error) { return end, broken }}
		done := p.begin(t.Context(), "CASES")
		const took = 100 * time.Millisecond
		<-time.After(took)
		end += grew
		done()
		before := time.Now()
		p.begin(t.Context(), "CASES")
		rested = time.Since(before)
	})
	return rested
}

func TestPaceRestsInABurstAlone(t *testing.T) {
	t.Parallel()
	if got := waits(t, 5, nil); got != 0 {
		t.Errorf("50 a second: rests %s", got)
	}
	if got := waits(t, 100, nil); got != 600*time.Millisecond {
		t.Errorf("1,000 a second: rests %s", got)
	}
	if got := waits(t, 100, errors.New("away")); got != 0 {
		t.Errorf("nobody knows: rests %s", got)
	}
}

func TestPaceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace{end: func(context.Context, string) (uint64, error) { return 0, nil }, until: time.Now().Add(time.Hour)}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		before := time.Now()
		p.begin(ctx, "CASES")
		if got := time.Since(before); got != time.Second {
			t.Errorf("waited %s", got)
		}
	})
}
