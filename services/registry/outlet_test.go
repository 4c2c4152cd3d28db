package registry_test

import (
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/registry"
)

func index(outlets ...events.OutletState) *registry.OutletIndex {
	var x registry.OutletIndex
	for _, o := range outlets {
		x.Put(o)
	}
	return &x
}

func TestOutletFind(t *testing.T) {
	t.Parallel()
	x := index(
		events.OutletState{ID: "jl-daily", Name: "《吉林安行日讯》", Aliases: []string{"吉林安行日讯"}},
		events.OutletState{ID: "jls-daily", Name: "《吉林市安行日讯》", Aliases: []string{"江城安行日讯"}},
		events.OutletState{ID: "yb-tv", Name: "연변안행TV（延边安行电视）"},
	)
	for in, want := range map[string]events.OutletID{
		"jl-daily": "jl-daily", " jl-daily ": "jl-daily", "《吉林安行日讯》": "jl-daily", "吉林安行日讯": "jl-daily", "《吉林市安行日讯》": "jls-daily",
		"　江城 安行日讯\u200b": "jls-daily", "연변안행TV （延边安行电视）": "yb-tv",
		"吉林市安行日讯": "", "安行日讯": "", "": "", "  ": "", "JL-DAILY": "", "연변안행tv（延边安行电视）": "",
	} {
		got, ok := x.Find(in)
		if got.ID != want || ok != (want != "") {
			t.Errorf("Find(%q) = %q, %v; want %q", in, got.ID, ok, want)
		}
	}
}

func TestOutletIndexChanges(t *testing.T) {
	t.Parallel()
	x := index(events.OutletState{ID: "a", Name: "甲", Aliases: []string{"甲报", " 甲 报"}})
	x.Put(events.OutletState{ID: "a", Name: "乙"})
	if _, ok := x.Find("甲报"); ok {
		t.Error("an alias that was taken away is still found")
	}
	if o, ok := x.Find("乙"); !ok || o.ID != "a" {
		t.Error("the new name isn't found")
	}
	x.Put(events.OutletState{ID: "b", Name: "乙"})
	if o, ok := x.Find("乙"); ok {
		t.Errorf("a name of two outlets found %s", o.ID)
	}
	x.Put(events.OutletState{ID: "b", Name: "丙"})
	if o, ok := x.Find("乙"); !ok || o.ID != "a" {
		t.Error("a name that is one outlet's again isn't found")
	}
	if n := len(x.All()); n != 2 {
		t.Errorf("%d outlets, want 2", n)
	}
}
