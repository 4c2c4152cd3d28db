package archive_test

import (
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/archive"
)

// TestMediumMatters composes a case anew when one of its media becomes public, and when it isn't any more.
func TestMediumMatters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state events.MediaState
		want  bool
	}{
		"never public":       {events.MediaState{State: events.MediaRendered}, false},
		"cleared":            {events.MediaState{State: events.MediaCleared}, true},
		"masked after that":  {events.MediaState{State: events.MediaExamined, Replaced: []string{"w320-1"}}, true},
		"waiting after that": {events.MediaState{State: events.MediaWaiting, Replaced: []string{"w320-1"}}, true},
		"erased":             {events.MediaState{State: events.MediaErased}, true},
	} {
		if got := archive.MediumMatters(c.state, (events.MediaComparedFact{}).EventType()); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
