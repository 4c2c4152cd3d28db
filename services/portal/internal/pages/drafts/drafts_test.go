package drafts

import (
	"slices"
	"testing"

	"songshui.internal/services/intake/intakeapi"
)

// TestSections: every field that intake takes of a whole case is in one section, but the office.
func TestSections(t *testing.T) {
	t.Parallel()
	var placed []string
	for _, s := range sections {
		placed = append(placed, s.fields...)
	}
	var want []string
	for _, f := range intakeapi.SubmissionFields() {
		if f.Name != "office" {
			want = append(want, f.Name)
		}
	}
	slices.Sort(placed)
	slices.Sort(want)
	if !slices.Equal(placed, want) {
		t.Errorf("placed %v\nwant   %v", placed, want)
	}
}
