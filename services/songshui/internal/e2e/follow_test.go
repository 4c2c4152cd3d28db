package e2e_test

import (
	"encoding/json"
	"io/fs"
	"slices"
	"testing"

	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/samples"
)

type track struct {
	State       string `json:"state"`
	Due         string `json:"due"`
	OverdueDays int    `json:"overdue_days"`
}

func rectification(t *testing.T, ref string) (track, int) {
	t.Helper()
	v, err := client("supervisor").Case(t.Context(), system.cases[ref], 0)
	must(t, err)
	var r track
	must(t, json.Unmarshal(v.Rectification, &r))
	return r, len(v.History)
}

// The follow-ups have been taken through before the tests.
func TestFollowed(t *testing.T) {
	var want struct {
		Followups []struct {
			Ref string
			track
		}
	}
	b, err := fs.ReadFile(samples.Files, "followups.expected.json")
	must(t, err)
	must(t, json.Unmarshal(b, &want))
	if len(want.Followups) != 14 {
		t.Errorf("%d expected", len(want.Followups))
	}
	for _, w := range want.Followups {
		got, _ := rectification(t, w.Ref)
		// Running clocks go on after the day for which the figures were made.
		if got.State != w.State || got.Due != w.Due || w.State == "closed" && got.OverdueDays != w.OverdueDays {
			t.Errorf("%s: %+v, want %+v", w.Ref, got, w.track)
		}
	}
	must(t, followAll(t.Context(), bulk.Exists))
}

func TestBadFollowups(t *testing.T) {
	expected, lines := badLines(t, "bad-followups")
	f, err := follower(t.Context())
	must(t, err)
	for _, want := range expected {
		line := lines[want.Line-1]
		var up struct{ Ref string }
		must(t, json.Unmarshal(line, &up))
		got, err := f.Follow(t.Context(), want.Line, line)
		must(t, err)
		if got.Status != bulk.Refused || named(got.Errors, want.Field, want.Code) == nil || !slices.ContainsFunc(got.Errors, func(e portalapi.FieldError) bool { return han(e.Message) }) {
			t.Errorf("line %d (%s): %s %+v, want %s %s", want.Line, want.Name, got.Status, got.Errors, want.Field, want.Code)
		}
	}
}
