package desk

import (
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/messages"
)

// TestQuota: the month's sentence, on its first and last day, published nowhere, elsewhere and where it counts.
func TestQuota(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		today     string
		published int
		elsewhere bool
		zh, en    string
		done      bool
	}{
		{"2026-11-01", 0, false, "11月还差1个案例，剩30天", "November: one case to go, days left: 30", false},
		{"2026-11-30", 0, false, "11月还差1个案例，剩1天", "November: one case to go, days left: 1", false},
		{"2026-11-26", 1, true, "11月已曝光，但不在市级媒体，还差1个案例，剩5天", "November: published, but in no municipal outlet; one case to go, days left: 5", false},
		{"2026-11-26", 2, false, "11月已曝光2个案例", "November: 2 published", true},
	} {
		line := oversightapi.ReturnLine{Month: "2026-11", PublishedCases: c.published}
		line.OnlyOtherLevels = c.elsewhere
		zh, done := quota(line, events.Day(c.today), messages.Chinese)
		en, _ := quota(line, events.Day(c.today), messages.English)
		if zh != c.zh || en != c.en || done != c.done {
			t.Errorf("%s: %q %q %v", c.today, zh, en, done)
		}
	}
}
