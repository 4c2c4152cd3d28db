package model

import (
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/oversight"
	"songshui.internal/services/rectification/rectificationapi"
)

// A decision is in time by the system's time, whatever day was given; what was entered from paper is outside.
func TestDecisionsArePunctualByTheSystemsTime(t *testing.T) {
	t.Parallel()
	granted := events.Granted
	v := rectificationapi.ExtensionView{Decision: &granted, DecideBy: "2026-08-14"}
	last := time.Date(2026, 8, 14, 23, 59, 59, 0, events.Shanghai)
	for name, c := range map[string]struct {
		x    events.Extension
		want string
	}{
		"the last second":                     {events.Extension{DecidedOn: "2026-08-14", DecidedAt: last}, oversight.PunctualInTime},
		"a second later":                      {events.Extension{DecidedOn: "2026-08-14", DecidedAt: last.Add(time.Second)}, oversight.PunctualLate},
		"entered from paper":                  {events.Extension{DecidedOn: "2026-08-14", DecidedAt: last, Backdated: true}, oversight.PunctualOutside},
		"without a time, as it once was kept": {events.Extension{DecidedOn: "2026-08-14"}, oversight.PunctualOutside},
	} {
		if got := extension(c.x, v).Punctual; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
