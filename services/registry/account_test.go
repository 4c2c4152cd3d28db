package registry_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/registry"
)

func TestAccountCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		account registry.Account
		want    string
	}{
		"office":              {registry.Account{Name: "甲", Role: access.Office, Office: "yanbian", Duties: access.Duties()}, ""},
		"office without":      {registry.Account{Name: "甲", Role: access.Office}, "office:required"},
		"unknown office":      {registry.Account{Name: "甲", Role: access.Office, Office: "beijing"}, "office:unknown_value"},
		"wrong duty":          {registry.Account{Name: "甲", Role: access.Office, Office: "yanbian", Duties: []access.Duty{"signer", "boss"}}, "duties[1]:unknown_value"},
		"journalist":          {registry.Account{Name: "甲", Role: access.Journalist, Outlet: "cc-tv"}, ""},
		"journalist without":  {registry.Account{Name: "甲", Role: access.Journalist}, "outlet:required"},
		"supervisor":          {registry.Account{Name: "甲", Role: access.Supervisor}, ""},
		"supervisor has none": {registry.Account{Name: "甲", Role: access.Supervisor, Office: "yanbian", Outlet: "cc-tv", Duties: access.Duties()}, "office:not_for_role outlet:not_for_role duties:not_for_role"},
		"unit":                {registry.Account{Name: "甲", Role: access.Unit, Cases: []events.CaseID{events.CaseIDFor("yanbian", "1")}}, ""},
		"unit, bad case":      {registry.Account{Name: "甲", Role: access.Unit, Cases: []events.CaseID{"1"}}, "cases[0]:format"},
		"cases of an office":  {registry.Account{Name: "甲", Role: access.Office, Office: "yanbian", Cases: []events.CaseID{events.CaseIDFor("yanbian", "1")}}, "cases:not_for_role"},
		"nothing":             {registry.Account{Role: "king"}, "name:required role:unknown_value"},
		"long name":           {registry.Account{Name: strings.Repeat("名", 121), Role: access.Admin}, "name:too_long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range c.account.Check(func(o events.OfficeSlug) bool { return o == "yanbian" }) {
				got = append(got, f.Field+":"+f.Code)
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 8, 0, 0, 0, time.UTC)
	a := registry.Account{ID: "abc"}
	first := a.AddLink(now)
	id, secret, ok := registry.SplitLink(first)
	if !ok || id != "abc" || len(secret) != 64 {
		t.Fatalf("link %q", first)
	}
	if !a.HasLink(secret, now.Add(registry.LinkAge-time.Second)) || a.HasLink(secret, now.Add(registry.LinkAge)) || a.HasLink("x", now) {
		t.Error("a link is good for a day and only as it was made")
	}
	for range registry.MaxLinks {
		a.AddLink(now)
	}
	if a.HasLink(secret, now) || len(a.Links) != registry.MaxLinks {
		t.Error("older links should go")
	}
}

func TestBootstrapTokenReplaces(t *testing.T) {
	t.Parallel()
	a := registry.Account{Tokens: []string{"own"}}
	a.SetBootstrapToken("one")
	a.SetBootstrapToken("two")
	a.SetBootstrapToken("two")
	if !slices.Equal(a.Tokens, []string{"own", "two"}) {
		t.Errorf("tokens %v", a.Tokens)
	}
}

func TestOfficeExists(t *testing.T) {
	t.Parallel()
	o := events.OfficeState{From: "2019-01-01", To: "2020-06-18"}
	for day, want := range map[events.Day]bool{"2018-12-31": false, "2019-01-01": true, "2020-06-18": true, "2020-06-19": false} {
		if registry.OfficeExists(o, day) != want {
			t.Errorf("on %s: want %v", day, want)
		}
	}
	if !registry.OfficeExists(events.OfficeState{}, "2026-01-01") {
		t.Error("open ends are open")
	}
}
