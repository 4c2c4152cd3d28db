package oversight_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/oversight"
)

// samples is the one copy of the sample files.
const samples = "../songshui/internal/samples/"

func read(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(samples + file)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// sampleCases gives the samples' exposed cases by office, with the levels of the list of outlets.
func sampleCases(t *testing.T) map[events.OfficeSlug][]events.CaseState {
	t.Helper()
	var outlets []events.OutletState
	read(t, "outlets.json", &outlets)
	level := map[string]string{}
	for _, o := range outlets {
		for _, name := range append([]string{o.Name, string(o.ID)}, o.Aliases...) {
			level[name] = o.Level
		}
	}
	data, err := os.ReadFile(samples + "cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	out := map[events.OfficeSlug][]events.CaseState{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c events.CaseState
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Exposures) == 0 {
			continue
		}
		c.ID, c.State, c.ExposedOn = events.CaseIDFor(c.Office, c.Ref), events.CaseExposed, c.Exposures[0].PublishedOn
		for i := range c.Exposures {
			c.Exposures[i].Level = level[c.Exposures[i].Outlet]
		}
		out[c.Office] = append(out[c.Office], c)
	}
	return out
}

// TestQuotaOfTheSamples files every office's return of every month and has it received: met and missed are those of expected.json.
func TestQuotaOfTheSamples(t *testing.T) {
	t.Parallel()
	var expected struct {
		Quota map[events.Month]struct {
			Met             []events.OfficeSlug `json:"met"`
			Missed          []events.OfficeSlug `json:"missed"`
			OnlyOtherLevels []events.OfficeSlug `json:"only_other_levels"`
		} `json:"quota"`
	}
	read(t, "expected.json", &expected)
	cases := sampleCases(t)
	if len(expected.Quota) != 6 {
		t.Fatalf("%d months", len(expected.Quota))
	}
	for month, want := range expected.Quota {
		for _, office := range slices.Concat(want.Met, want.Missed) {
			r := openReturn(t, "siping", month)
			r.state.Office, r.cases = office, cases[office]
			r.now = month.Last().Time().AddDate(0, 0, 1)
			err := r.give(t, signer(office), "file", paper)
			if err != nil {
				err = r.give(t, signer(office), "file", with(paper, fields{"zero_reason": "无"}))
			}
			if err != nil {
				t.Fatal(err)
			}
			r.must(t, province, "receive", fields{})
			v := r.on(r.state.Due.Add(1))
			met, missed := slices.Contains(want.Met, office), slices.Contains(want.Missed, office)
			if (v.Shown == oversight.ShownMet) != met || (v.Shown == oversight.ShownMissed) != missed || v.OnlyOtherLevels != slices.Contains(want.OnlyOtherLevels, office) {
				t.Errorf("%s %s: %+v", office, month, v)
			}
		}
	}
}
