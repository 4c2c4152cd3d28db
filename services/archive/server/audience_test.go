package server_test

import (
	"maps"
	"slices"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// naive counts a facet the slow way over the cases that the actor may see.
func naive(all []events.CaseState, a access.Actor, of func(events.CaseState) []string) map[string]int {
	out := map[string]int{}
	for _, c := range all {
		if !a.Sees(c.VisibleTo()) {
			continue
		}
		values := of(c)
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			out[v]++
		}
	}
	return out
}

func one(get func(events.CaseState) string) func(events.CaseState) []string {
	return func(c events.CaseState) []string { return []string{get(c)} }
}

func TestFacetsAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, last := w.putSamples(t)
	w.start(t)
	unit := access.Actor{Account: "unit", Role: access.Unit, Cases: []events.CaseID{all[0].ID, all[4].ID}}
	for _, a := range []access.Actor{province, office("baishan"), office("changchun"), journalist, unit, admin} {
		found := w.search(t, a, archiveapi.Params{MinSeq: last, PerPage: 100})
		for facet, of := range map[string]func(events.CaseState) []string{
			"office":       one(func(c events.CaseState) string { return string(c.Office) }),
			"sector":       one(func(c events.CaseState) string { return c.Sector }),
			"category":     one(func(c events.CaseState) string { return c.Category }),
			"hazard_level": one(func(c events.CaseState) string { return c.HazardLevel }),
			"state":        one(func(c events.CaseState) string { return string(c.State) }),
			"level": func(c events.CaseState) (out []string) {
				for _, p := range c.Exposures {
					out = append(out, p.Level)
				}
				return out
			},
			"outlet": func(c events.CaseState) (out []string) {
				for _, p := range c.Exposures {
					out = append(out, p.Outlet)
				}
				return out
			},
		} {
			if want := naive(all, a, of); !maps.Equal(found.Facets[facet], want) {
				t.Errorf("%s of %s: %v, want %v", facet, a.Account, found.Facets[facet], want)
			}
		}
		seen := naive(all, a, one(func(events.CaseState) string { return "n" }))["n"]
		if found.Total != seen || len(found.Hits) != seen {
			t.Errorf("%s sees %d and %d hits, want %d", a.Account, found.Total, len(found.Hits), seen)
		}
		for facet, counts := range found.Facets {
			for value, n := range counts {
				if got := w.search(t, a, with(facet, value)).Total; got != n {
					t.Errorf("%s: %s=%s is counted %d times and lists %d", a.Account, facet, value, n, got)
				}
			}
		}
	}
}

func with(facet string, values ...string) archiveapi.Params {
	switch facet {
	case "office":
		return archiveapi.Params{Office: values}
	case "sector":
		return archiveapi.Params{Sector: values}
	case "category":
		return archiveapi.Params{Category: values}
	case "hazard_level":
		return archiveapi.Params{HazardLevel: values}
	case "level":
		return archiveapi.Params{Level: values}
	case "outlet":
		return archiveapi.Params{Outlet: values}
	case "month":
		return archiveapi.Params{Month: values}
	case "state":
		return archiveapi.Params{State: values}
	}
	return archiveapi.Params{RectificationState: values}
}

// TestUnexposed: nothing of an unexposed case is told to another office: no hit, no total, no facet.
func TestUnexposed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, last := w.putSamples(t)
	w.start(t)
	i := slices.IndexFunc(all, func(c events.CaseState) bool { return c.State == events.CaseSubmitted })
	hidden := all[i]
	ask := archiveapi.Params{Q: hidden.Ref, MinSeq: last}
	for _, a := range []access.Actor{office(hidden.Office), province} {
		if got := refs(w.search(t, a, ask)); !slices.Contains(got, hidden.Ref) {
			t.Errorf("%s finds %v", a.Account, got)
		}
	}
	for _, a := range []access.Actor{office("changchun"), journalist, admin} {
		for _, p := range []archiveapi.Params{ask, {Q: hidden.Title}, {Q: hidden.Enterprise.Name}, {Q: hidden.Media[0].Caption}, {Office: []string{string(hidden.Office)}}, {State: []string{"submitted"}}, {Outlet: []string{`x"] OR office IN ["baishan`, `\`}}} {
			found := w.search(t, a, p)
			if slices.Contains(refs(found), hidden.Ref) || found.Facets["state"]["submitted"] > 0 || found.Total != len(found.Hits) {
				t.Errorf("%s asks %+v and gets %v, %d, %v", a.Account, p, refs(found), found.Total, found.Facets["state"])
			}
		}
	}
	// What was hidden and is exposed shows; withdrawn it goes again, for all but its office and the province.
	hidden.State, hidden.ExposedOn = events.CaseExposed, "2026-11-23"
	last = w.putCase(t, hidden)
	if n := w.search(t, journalist, archiveapi.Params{MinSeq: last}).Total; n != 33 {
		t.Errorf("exposed: %d", n)
	}
	hidden.State = events.CaseWithdrawn
	last = w.putCase(t, hidden)
	for a, want := range map[string]int{"journalist": 32, "own": 1, "province": 33} {
		actor := map[string]access.Actor{"journalist": journalist, "own": office(hidden.Office), "province": province}[a]
		p := archiveapi.Params{MinSeq: last}
		if a == "own" {
			p.State = []string{"withdrawn"}
		}
		if n := w.search(t, actor, p).Total; n != want {
			t.Errorf("withdrawn: %s sees %d, want %d", a, n, want)
		}
	}
}

// TestReserved: a reserved reference is no case.
func TestReserved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	last := w.putCase(t, events.CaseState{ID: events.CaseIDFor("jilin", "r"), Office: "jilin", Ref: "r", State: events.CaseReserved})
	if n := w.search(t, province, archiveapi.Params{MinSeq: last}).Total; n != 0 {
		t.Errorf("%d hits", n)
	}
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	_, err := w.ask(t, province, archiveapi.Params{Sort: "luck", State: []string{"gone"}, Sector: []string{"mining", "x"}, Office: []string{"长春"}, Level: []string{"city"}, Outlet: []string{"a\n"},
		From: "2026-02-30", To: "x", Page: -1, PerPage: 101, RectificationState: []string{""}, Category: []string{"c"}, HazardLevel: []string{"huge"}})
	f := refused(t, err, fault.BadParameter)
	var named []string
	for _, field := range f.Fields {
		named = append(named, field.Field)
	}
	slices.Sort(named)
	want := []string{"category", "from", "hazard_level", "level", "office", "outlet", "page", "per_page", "rectification_state", "sector", "sort", "state", "to"}
	if !slices.Equal(named, want) {
		t.Errorf("named %v, want %v", named, want)
	}
}
