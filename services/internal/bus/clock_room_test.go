package bus

import (
	"testing"

	"songshui.internal/events"
)

// TestClockWithoutRoom: what there is no room for is swept for as soon as there is room again, not two minutes later.
func TestClockWithoutRoom(t *testing.T) {
	t.Parallel()
	f := Clock[events.RectificationState, *events.RectificationState]{}.follower(nil)
	f.room = 1
	if !f.note("a", change{sequence: 1}) || f.note("b", change{sequence: 2}) || !f.note("a", change{sequence: 3}) {
		t.Fatal("room for one record isn't room for one")
	}
	if len(f.take(timersBatch)) != 1 {
		t.Fatal("what waited is gone")
	}
	f.catchUp()
	select {
	case <-f.short:
	default:
		t.Error("nobody sweeps")
	}
	f.catchUp()
	select {
	case <-f.short:
		t.Error("swept twice")
	default:
	}
}
