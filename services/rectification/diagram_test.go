package rectification_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"songshui.internal/events"
	"songshui.internal/services/rectification"
)

var update = flag.Bool("update", false, "write the diagram in doc.go anew")

// diagram draws the track: the table of commands, and the way of the states.
func diagram() string {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "command\tgiven in\tleads to\tby\tstates")
	fmt.Fprintln(w, "open\t–\tpending\tby itself\topened")
	for _, t := range rectification.Track() {
		var from, who, facts []string
		for _, s := range t.From {
			from = append(from, string(s))
		}
		for _, r := range t.Who {
			who = append(who, string(r))
			if r == "office" && t.Duty != "" {
				who[len(who)-1] = string(t.Duty)
			}
		}
		for _, f := range t.Facts {
			facts = append(facts, short(f))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Name, strings.Join(from, ", "), t.To, strings.Join(who, ", "), strings.Join(facts, ", "))
	}
	_ = w.Flush()
	fmt.Fprintln(&out)
	for _, from := range []events.RectificationStatus{"", events.RectificationPending, events.RectificationInProgress, events.RectificationAwaitingAcceptance, events.RectificationAccepted, events.RectificationClosed} {
		draw(&out, from)
	}
	return out.String()
}

// draw writes a state's ways out.
func draw(out *bytes.Buffer, from events.RectificationStatus) {
	if from == "" {
		fmt.Fprintln(out, "(exposure) ──open──▶ pending")
		return
	}
	label := string(from)
	for _, t := range rectification.Track() {
		if t.To == "" || !slices.Contains(t.From, from) {
			continue
		}
		fmt.Fprintf(out, "%-19s ──%s──▶ %s\n", label, t.Name, t.To)
		label = ""
	}
}

func short(f events.Fact) string {
	return strings.TrimSuffix(strings.TrimPrefix(f.EventType(), "songshui.rectification."), ".v1")
}

// TestDiagram holds the diagram in the package doc against the table.
func TestDiagram(t *testing.T) {
	t.Parallel()
	const after, before = "go test -run Diagram -update.\n//\n", "package rectification\n"
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(doc), after)
	drawn, _, ok2 := strings.Cut(rest, before)
	if !ok || !ok2 {
		t.Fatal("doc.go has no place for the diagram")
	}
	var want strings.Builder
	for line := range strings.Lines(diagram()) {
		want.WriteString(strings.TrimRight("//\t"+strings.TrimRight(line, " \n"), "\t") + "\n")
	}
	if drawn == want.String() {
		return
	}
	if *update {
		if err := os.WriteFile("doc.go", []byte(head+after+want.String()+before), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the diagram isn't what the table gives; want\n%s", want.String())
}
