package compare_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/compare"
)

var samples = os.DirFS(filepath.Join("..", "..", "..", "songshui", "internal", "samples"))

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := fs.ReadFile(samples, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type expected struct {
	Media []struct {
		File    string   `json:"file"`
		UsedBy  []string `json:"used_by"`
		TakenAt string   `json:"taken_at"`
		GPS     *events.Location
	}
	Far []struct {
		File, Ref string
		KM        float64
	} `json:"gps_far_from_case"`
	Suspicious []struct{ File string } `json:"suspicious_dates"`
}

// cases gives the sample cases by reference, exposed on the day of their first publication.
func cases(t *testing.T) map[string]events.CaseState {
	out := map[string]events.CaseState{}
	for s := bufio.NewScanner(bytes.NewReader(read(t, "cases.jsonl"))); s.Scan(); {
		var c events.CaseState
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		c.ID = events.CaseID(c.Ref)
		for _, p := range c.Exposures {
			if c.ExposedOn == "" || p.PublishedOn < c.ExposedOn {
				c.ExposedOn = p.PublishedOn
			}
		}
		out[c.Ref] = c
	}
	return out
}

// TestSamples compares every sample medium with the cases that use it: what is found is what is expected, in places and days.
func TestSamples(t *testing.T) {
	t.Parallel()
	cases := cases(t)
	if len(cases) != 33 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, file := range []string{"expected.json", "followups.expected.json"} {
		var want expected
		if err := json.Unmarshal(read(t, file), &want); err != nil {
			t.Fatal(err)
		}
		var far, late []string
		for _, m := range want.Media {
			e := events.Examination{Position: m.GPS}
			if day, clock, ok := strings.Cut(m.TakenAt, " "); ok {
				e.TakenAt = strings.ReplaceAll(day, ":", "-") + "T" + clock
			}
			for _, ref := range m.UsedBy {
				for _, f := range compare.WithCase(e, compare.Holder{Case: cases[ref], After: file != "expected.json"}) {
					switch f.Code {
					case compare.FarFromCase:
						far = append(far, m.File)
						if i := slices.IndexFunc(want.Far, func(w struct {
							File, Ref string
							KM        float64
						}) bool {
							return w.File == m.File && w.Ref == ref && w.KM == f.KM
						}); i < 0 {
							t.Errorf("%s of %s is %v km away", m.File, ref, f.KM)
						}
					default:
						late = append(late, m.File)
					}
				}
			}
		}
		if len(far) != len(want.Far) {
			t.Errorf("far: %q", far)
		}
		var dates []string
		for _, s := range want.Suspicious {
			dates = append(dates, s.File)
		}
		slices.Sort(late)
		if late = slices.Compact(late); !slices.Equal(late, dates) {
			t.Errorf("dates: %q, want %q", late, dates)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	c := events.CaseState{ID: "c", ExposedOn: "2026-07-10"}
	c.FoundOn = "2026-07-01"
	long := func(n int) []events.Finding {
		return []events.Finding{{Code: compare.TakenLongBefore, Case: "c", Days: n}}
	}
	for name, x := range map[string]struct {
		at    string
		after bool
		warn  string
		want  []events.Finding
	}{
		"on the day":                           {at: "2026-07-01T09:00:00+08:00"},
		"30 days before":                       {at: "2026-06-01T00:00:00+08:00"},
		"31 days before":                       {at: "2026-05-31T23:59:59+08:00", want: long(31)},
		"31 days before in another zone":       {at: "2026-06-01T00:00:00+09:00", want: long(31)},
		"31 days before, no zone":              {at: "2026-05-31T23:59:59", want: long(31)},
		"on the day of publication":            {at: "2026-07-10T23:59:59+08:00"},
		"on the next day":                      {at: "2026-07-10T16:00:00Z", want: []events.Finding{{Code: compare.TakenAfterPublication, Case: "c", Days: 1}}},
		"what was mended, later":               {at: "2026-08-10T10:00:00+08:00", after: true},
		"what was mended, before it was found": {at: "2026-06-30T10:00:00+08:00", after: true, want: long(1)},
		"a clock never set":                    {at: "2019-01-01T00:00:00", warn: "clock_never_set"},
		"no clock":                             {},
		"nonsense":                             {at: "0000:00:00 00:00:00"},
	} {
		e := events.Examination{TakenAt: x.at}
		if x.warn != "" {
			e.Warnings = []string{x.warn}
		}
		if got := compare.WithCase(e, compare.Holder{Case: c, After: x.after}); !slices.Equal(got, x.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	c.ExposedOn, c.FoundOn = "", ""
	if got := compare.WithCase(events.Examination{TakenAt: "2026-07-10T16:00:00Z", Position: &events.Location{}}, compare.Holder{Case: c}); got != nil {
		t.Errorf("a case without days and place: %+v", got)
	}
}

func TestOthers(t *testing.T) {
	t.Parallel()
	m := events.MediaState{ID: "m", SHA256: "aa", Kind: media.KindImage, Examination: &events.Examination{Look: "00000000000000ff"}}
	others := []compare.Other{{"m", "jilin", "aa", "00000000000000ff"}, {"n", "siping", "aa", "00000000000000ff"}, {"o", "jilin", "bb", "00000000000000f0"},
		{"p", "jilin", "cc", "000000000000ff00"}, {"q", "jilin", "dd", ""}}
	want := []events.Finding{{Code: compare.SameBytes, Media: "n", Office: "siping"}, {Code: compare.LooksLike, Media: "o", Office: "jilin", Bits: 4}}
	if got := compare.WithOthers(m, others, 8); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := compare.WithOthers(m, others, 3); len(got) != 1 {
		t.Errorf("stricter: %+v", got)
	}
	m.Examination.Look = ""
	if got := compare.WithOthers(m, others[2:], 64); got != nil {
		t.Errorf("without a look: %+v", got)
	}
}
