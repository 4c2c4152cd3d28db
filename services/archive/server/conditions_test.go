package server_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/fault"
)

// TestPlaces: who asks for a radius gets the cases within it, nearest first, with their distances (expected.json, geo).
func TestPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, last := w.putSamples(t)
	w.start(t)
	data, err := os.ReadFile("../../songshui/internal/samples/expected.json")
	check(t, err)
	var e struct {
		Geo []struct {
			Name     string
			Lat, Lon float64
			RadiusKM float64 `json:"radius_km"`
			Refs     []string
		}
		ByMonth map[string]int `json:"by_month_cases"`
	}
	check(t, json.Unmarshal(data, &e))
	for _, g := range e.Geo {
		near := strconv.FormatFloat(g.Lat, 'f', -1, 64) + ", " + strconv.FormatFloat(g.Lon, 'f', -1, 64)
		found := w.search(t, province, archiveapi.Params{Near: near, RadiusKM: g.RadiusKM, Sort: "nearest", MinSeq: last})
		if got := refs(found); !slices.Equal(got, g.Refs) {
			t.Errorf("%s: %v, want %v", g.Name, got, g.Refs)
		}
		for i, h := range found.Hits {
			if h.DistanceM == nil || float64(*h.DistanceM) > g.RadiusKM*1000+1 || i > 0 && *h.DistanceM < *found.Hits[i-1].DistanceM {
				t.Errorf("%s: distance of %s", g.Name, h.Ref)
			}
		}
	}
	all := w.search(t, province, archiveapi.Params{})
	if !maps.Equal(all.Facets["month"], e.ByMonth) {
		t.Errorf("months %v, want %v", all.Facets["month"], e.ByMonth)
	}
	if far := w.search(t, province, archiveapi.Params{Near: "43.88,125.32", Sort: "nearest", PerPage: 100}); far.Total != all.Total {
		t.Errorf("without a radius %d of %d", far.Total, all.Total)
	}
	frame := w.search(t, province, archiveapi.Params{Frame: "42,125.4,43,126"})
	if !slices.Contains(refs(frame), "梅安委办曝2026－01") || slices.Contains(refs(frame), "长安委办曝〔2026〕1号") {
		t.Errorf("frame: %v", refs(frame))
	}
}

// TestConditions compares random conditions with a filter by hand: the same cases, total, counts, and counts under all but each facet.
func TestConditions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, last := w.putSamples(t)
	w.start(t)
	w.search(t, province, archiveapi.Params{MinSeq: last})
	someOf := func(r *rapid.T, name string, values ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 0, 2, rapid.ID[string]).Draw(r, name)
	}
	rapid.Check(t, func(r *rapid.T) {
		p := archiveapi.Params{PerPage: 100, Office: someOf(r, "office", "changchun", "jilin", "tonghua", "meihekou"), Sector: someOf(r, "sector", "mining", "construction", "hazardous-chemicals"),
			Month: someOf(r, "month", "2026-06", "2026-07", "2026-09"), Sort: rapid.SampledFrom([]string{"", "newest", "penalty"}).Draw(r, "sort")}
		if rapid.Bool().Draw(r, "found") {
			p.FoundFrom, p.FoundTo = "2026-06-10", "2026-09-15"
		}
		if rapid.Bool().Draw(r, "penalty") {
			least, most := int64(30_000), int64(90_000)
			p.PenaltyMin, p.PenaltyMax = &least, &most
		}
		if rapid.Bool().Draw(r, "enterprise") {
			p.Enterprise = []string{all[0].Enterprise.USCC}
		}
		fits := func(c events.CaseState, but string) bool {
			months := map[string]bool{}
			for _, e := range c.Exposures {
				months[string(e.PublishedOn[:7])] = true
			}
			return (but == "office" || len(p.Office) == 0 || slices.Contains(p.Office, string(c.Office))) &&
				(but == "sector" || len(p.Sector) == 0 || slices.Contains(p.Sector, c.Sector)) &&
				(but == "month" || len(p.Month) == 0 || slices.ContainsFunc(p.Month, func(m string) bool { return months[m] })) &&
				(p.FoundFrom == "" || string(c.FoundOn) >= p.FoundFrom && string(c.FoundOn) <= p.FoundTo) &&
				(p.PenaltyMin == nil || c.PenaltyYuan != nil && *c.PenaltyYuan >= *p.PenaltyMin && *c.PenaltyYuan <= *p.PenaltyMax) &&
				(len(p.Enterprise) == 0 || c.Enterprise.USCC == p.Enterprise[0])
		}
		offices := func(but string) (map[string]int, []string) {
			counts, refs := map[string]int{}, []string{}
			for _, c := range all {
				if fits(c, but) {
					counts[string(c.Office)]++
					refs = append(refs, c.Ref)
				}
			}
			slices.Sort(refs)
			return counts, refs
		}
		found, err := w.ask(t, province, p)
		if err != nil {
			r.Fatal(err)
		}
		counts, want := offices("")
		got := refs(found)
		if p.Sort == "penalty" && !slices.IsSortedFunc(found.Hits, func(a, b archiveapi.Hit) int { return int(worth(b) - worth(a)) }) {
			r.Errorf("not by penalty: %v", got)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || found.Total != len(want) || !maps.Equal(found.Facets["office"], counts) {
			r.Errorf("%+v: %v (%d) %v, want %v %v", p, got, found.Total, found.Facets["office"], want, counts)
		}
		if but, _ := offices("office"); len(p.Office) > 0 && !maps.Equal(found.Alternatives["office"], but) {
			r.Errorf("alternatives %v, want %v", found.Alternatives["office"], but)
		}
		if _, ok := found.Alternatives["office"]; ok != (len(p.Office) > 0) {
			r.Errorf("alternatives of what isn't picked: %v", found.Alternatives)
		}
	})
}

func worth(h archiveapi.Hit) int64 {
	if h.PenaltyYuan == nil {
		return -1
	}
	return *h.PenaltyYuan
}

// TestOverdue: what is late stands first, the longest first, moved due days count.
func TestOverdue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	today := events.DayOf(w.bus.Now())
	saturday := today.Add(-14)
	for saturday.Weekday() != 6 {
		saturday = saturday.Add(1)
	}
	last := uint64(0)
	for ref, r := range map[string]events.RectificationState{
		"late":   {State: events.RectificationInProgress, Dues: []events.Due{{Day: today.Add(-60)}, {Day: today.Add(-30)}}},
		"moved":  {State: events.RectificationPending, Dues: []events.Due{{Day: saturday}}},
		"soon":   {State: events.RectificationInProgress, Dues: []events.Due{{Day: today.Add(5)}}},
		"closed": {State: events.RectificationClosed, Dues: []events.Due{{Day: today.Add(-90)}}},
	} {
		c := events.CaseState{ID: events.CaseIDFor("jilin", ref), Office: "jilin", Ref: ref, State: events.CaseExposed, ExposedOn: today.Add(-100)}
		r.ID, r.Office = c.ID, c.Office
		w.putRectification(t, r)
		last = w.putCase(t, c)
	}
	found := w.search(t, province, archiveapi.Params{Sort: "overdue", MinSeq: last})
	if got := refs(found); !slices.Equal(got, []string{"late", "moved", "soon", "closed"}) {
		t.Fatalf("order %v", got)
	}
	if d := found.Hits[0].OverdueDays; d < 28 || d > 30 || found.Hits[1].OverdueDays != saturday.Add(2).Until(today) || found.Hits[2].OverdueDays != 0 || found.Hits[3].DueOn != "" {
		t.Errorf("overdue days %+v", found.Hits)
	}
	if got := refs(w.search(t, province, archiveapi.Params{Overdue: true, Sort: "overdue"})); !slices.Equal(got, []string{"late", "moved"}) {
		t.Errorf("overdue are %v", got)
	}
	if got := refs(w.search(t, province, archiveapi.Params{DueFrom: string(today)})); !slices.Equal(got, []string{"soon"}) {
		t.Errorf("due from today are %v", got)
	}
}

func TestConditionsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	negative := int64(-1)
	for field, p := range map[string]archiveapi.Params{
		"near": {Sort: "nearest"}, "radius_km": {Near: "43,125", RadiusKM: 1001}, "frame": {Frame: "44,125,43,126"}, "month": {Month: []string{"2026-13"}}, "found_from": {FoundFrom: "x"},
		"due_to": {DueTo: "2026-02-30"}, "penalty_min": {PenaltyMin: &negative}, "enterprise": {Enterprise: []string{""}}, "sort": {Sort: "loudest"},
	} {
		_, err := w.ask(t, province, p)
		if f := refused(t, err, fault.BadParameter); len(f.Fields) != 1 || f.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, near := range []string{"91,0", "43", "a,b", "43,125,1", "NaN,1", "1e400,1"} {
		_, err := w.ask(t, province, archiveapi.Params{Near: near})
		refused(t, err, fault.BadParameter)
	}
}
