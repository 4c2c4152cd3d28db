package access

import (
	"strings"
	"time"

	"songshui.internal/events"
)

// Given is the day on which something was done, as a person gave it.
type Given struct {
	On        events.Day
	Backdated bool
	Reason    string
}

// Wrong says what is wrong with a given day: a field of the command's body and a code. The zero value is “nothing”.
type Wrong struct{ Field, Code string }

// GivenDayAfter applies the rule of domain.md, “Given days”: on defaults to today, is never in the future and never before the
// step it follows; more than after days back (the rule backdate-after) needs a reason and, of an office, the duty signer.
func (a Actor) GivenDayAfter(after int, on events.Day, reason string, now time.Time, follows events.Day) (Given, Wrong) {
	today := events.DayOf(now)
	if on == "" {
		// A record may have been written on another server's clock a moment ahead, across midnight.
		on = today.Max(follows)
		return Given{On: on}, Wrong{}
	}
	if on > today {
		return Given{}, Wrong{"on", "in_future"}
	}
	if on < follows {
		return Given{}, Wrong{"on", "before_previous_step"}
	}
	if on >= today.Add(-after) {
		return Given{On: on}, Wrong{}
	}
	if strings.TrimSpace(reason) == "" {
		return Given{}, Wrong{"backdate_reason", "required"}
	}
	if a.Role == Office && !a.Has(Signer) {
		return Given{}, Wrong{"on", "signer_required"}
	}
	return Given{On: on, Backdated: true, Reason: reason}, Wrong{}
}
