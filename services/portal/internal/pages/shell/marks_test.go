package shell

import (
	"strings"
	"testing"

	"songshui.internal/services/portal/internal/messages"
)

// A day says whether a person gave it or the system recorded it; one given late is marked.
func TestWhoGaveADay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		day, at, role string
		backdated     bool
		who           string
	}{
		"the day of recording":                {"2026-07-01", "2026-06-30T16:00:00Z", "office", false, "系统记录"},
		"another day":                         {"2026-06-30", "2026-06-30T16:00:00Z", "office", false, "人员填报"},
		"late":                                {"2026-06-01", "2026-06-30T16:00:00Z", "office", true, "人员填报"},
		"the system":                          {"2026-06-12", "2026-06-30T16:00:00Z", "system", false, "系统记录"},
		"reckoned":                            {"2026-06-12", "", "system", false, "系统记录"},
		"given, no moment":                    {"2026-06-12", "", "office", false, "人员填报"},
		"from paper, on the day of recording": {"2026-07-01", "2026-06-30T16:00:00Z", "supervisor", true, "人员填报"},
	} {
		got := string(told(c.day, c.at, c.role, c.backdated, messages.Chinese))
		if !strings.Contains(got, `title="`+c.who+`"`) || strings.Contains(got, "补录") != c.backdated {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, day := range []string{"", "no day"} {
		if got := told(day, "", "", false, messages.Chinese) + given(day, true, messages.Chinese) + recorded(day, messages.Chinese); got != "" {
			t.Errorf("%q: %s", day, got)
		}
	}
}
