package intake_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/intake"
)

var update = flag.Bool("update", false, "write the table in the package doc anew")

const (
	tableBegins = "//	command              from                                      who\n"
	tableEnds   = "package intake\n"
)

// drawn is the track as the package doc shows it.
func drawn() string {
	var b strings.Builder
	b.WriteString(tableBegins)
	pad := func(s string, n int) string { return s + strings.Repeat(" ", max(0, n-len(s))) }
	for _, t := range intake.Track() {
		var from, who []string
		for _, s := range t.From {
			from = append(from, string(s))
		}
		for _, w := range t.Who {
			name := string(w.Role)
			if w.Duty != "" {
				name += " (" + string(w.Duty) + ")"
			}
			who = append(who, name)
		}
		states := strings.Join(from, ", ")
		if len(t.From) == len([]events.CaseStatus{events.CaseSubmitted, events.CaseReviewed, events.CaseEmbargoed, events.CaseExposed}) {
			states = "any but withdrawn"
		}
		b.WriteString("//	" + pad(t.Command, 21) + pad(states, 42) + strings.Join(who, ", ") + "\n")
	}
	return b.String()
}

// The table in the package doc is the table that drives the code.
func TestTheDocShowsTheTrack(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text := string(doc)
	i, j := strings.Index(text, tableBegins), strings.LastIndex(text, tableEnds)
	if i < 0 || j < i {
		t.Fatal("the package doc has no table")
	}
	if *update {
		if err := os.WriteFile("doc.go", []byte(text[:i]+drawn()+text[j:]), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text[i:j] != drawn() {
		t.Errorf("the package doc shows another track; run this test with -update:\n%s", drawn())
	}
}
