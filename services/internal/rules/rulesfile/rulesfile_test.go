package rulesfile_test

import (
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/rules/rulesfile"
)

func TestBook(t *testing.T) {
	t.Parallel()
	b, err := rulesfile.Book()
	if err != nil {
		t.Fatal(err)
	}
	if got := b.On(rules.DueDays, "2026-06-01"); got != 30 {
		t.Errorf("due-days: %d", got)
	}
}

// A changed rule applies to what begins after it; old cases keep theirs.
func TestChangedRule(t *testing.T) {
	t.Parallel()
	list, err := rulesfile.Default()
	if err != nil {
		t.Fatal(err)
	}
	changed, err := rulesfile.Parse(strings.NewReader("rules:\n- {name: due-days, title: 期限, title_en: due, unit: days, values: [{value: 30, basis: a, ours: true}, {from: 2026-09-01, value: 20, basis: b}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := rules.New(append(list, changed...)...)
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[events.Day]int{"2026-08-31": 30, "2026-09-01": 20, "2027-01-01": 20} {
		if got := b.On(rules.DueDays, day); got != want {
			t.Errorf("%s: %d", day, got)
		}
	}
}

func TestWrongRules(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"unknown rule":  "rules:\n- {name: x, title: a, title_en: a, unit: days, values: [{value: 1, basis: b}]}\n",
		"unknown field": "rules:\n- {name: due-days, titel: a, unit: days, values: [{value: 1, basis: b}]}\n",
		"no basis":      "rules:\n- {name: due-days, title: a, title_en: a, unit: days, values: [{value: 1}]}\n",
		"days go back":  "rules:\n- {name: due-days, title: a, title_en: a, unit: days, values: [{value: 1, basis: b}, {from: 2026-02-01, value: 1, basis: b}, {from: 2026-01-01, value: 1, basis: b}]}\n",
		"no day":        "rules:\n- {name: due-days, title: a, title_en: a, unit: days, values: [{value: 1, basis: b}, {from: 2026-02-30, value: 1, basis: b}]}\n",
		"unit":          "rules:\n- {name: due-days, title: a, title_en: a, unit: moons, values: [{value: 1, basis: b}]}\n",
	} {
		if _, err := rulesfile.Parse(strings.NewReader(text)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
