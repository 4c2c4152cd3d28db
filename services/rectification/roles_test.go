package rectification_test

import (
	"slices"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/rectification"
)

// The table of domain.md once more, by hand: who may ever give which command, and in which states. "office" stands for any duty of the case's own office, "signer" for that duty of it.
var (
	whoMay = map[string]string{
		"start": "office", "progress": "office unit", "ask-extension": "office unit", "opine": "office overseer", "grant-extension": "office province", "refuse-extension": "office province",
		"list": "office province", "delist": "office province", "decline-listing": "province", "ask-acceptance": "office unit", "accept": "office province", "return": "office province",
		"close": "signer", "reopen": "province", "ask-transfer": "signer", "transfer": "province", "ask-not-applicable": "signer", "confirm-not-applicable": "province", "decline-ending": "province",
	}
	open    = []events.RectificationStatus{events.RectificationPending, events.RectificationInProgress, events.RectificationAwaitingAcceptance, events.RectificationAccepted}
	whenMay = map[string][]events.RectificationStatus{
		"start": open[:1], "progress": open[1:2], "ask-extension": open[1:2], "opine": open[1:3], "grant-extension": open[1:3], "refuse-extension": open[1:3], "list": open[1:2], "delist": open[1:2],
		"decline-listing": open[:3], "ask-acceptance": open[1:2], "accept": open[2:3], "return": open[2:3], "close": open[3:], "reopen": {events.RectificationAccepted, events.RectificationClosed},
		"ask-transfer": open, "transfer": open, "ask-not-applicable": open, "confirm-not-applicable": open, "decline-ending": open,
	}
	// byRecord are the refusals of a person that depend on how the record stands: place, command, person.
	byRecord = map[string]string{
		"awaiting accept desk": "same_person", "awaiting return desk": "same_person",
		"listed delist province": "office_decides", "listed by the province delist desk": "province_decides", "listed by the province delist second": "province_decides",
		"listed by the province delist drafter": "province_decides",
	}
)

// decides gives the refusal of who decides on an extension: the office, or the province where it has listed.
func decides(place, person string) string {
	switch listed := place == "listed by the province"; {
	case listed && person != "province":
		return "province_decides"
	case !listed && person == "province":
		return "office_decides"
	}
	return ""
}

func TestEveryCommandIsInTheTable(t *testing.T) {
	t.Parallel()
	for _, row := range rectification.Track() {
		if whoMay[row.Name] == "" || whenMay[row.Name] == nil {
			t.Errorf("%s isn't tested", row.Name)
		}
	}
	if n := len(rectification.Track()); n != len(whoMay) || n != len(whenMay) {
		t.Errorf("%d commands, tested are %d by %d", n, len(whoMay), len(whenMay))
	}
}

// TestWhoMayWhatWhen tries every command by everybody at every place of the track.
func TestWhoMayWhatWhen(t *testing.T) {
	t.Parallel()
	o := events.OfficeSlug("changchun")
	theirs := []events.CaseID{events.CaseIDFor(o, ref)}
	people := []struct {
		is, groups string
		actor      access.Actor
	}{
		{"desk", "office signer", desk(o)},
		{"second", "office signer", second(o)},
		{"drafter", "office", access.Actor{Account: "drafter", Role: access.Office, Office: o, Duties: []access.Duty{access.Drafter}}},
		{"province", "province", province},
		{"unit", "unit", access.Actor{Account: "unit", Role: access.Unit, Cases: theirs}},
		{"overseer", "overseer", access.Actor{Account: "overseer", Role: access.Overseer, Cases: theirs}},
		{"another office", "", desk("jilin")},
		{"another unit", "", access.Actor{Account: "unit", Role: access.Unit, Cases: []events.CaseID{"x"}}},
		{"another overseer", "", access.Actor{Account: "overseer", Role: access.Overseer}},
		{"journalist", "", access.Actor{Account: "press", Role: access.Journalist, Outlet: "cc-tv"}},
		{"administrator", "", access.Actor{Account: "admin", Role: access.Admin}},
		{"nobody", "", access.Actor{}},
	}
	for _, place := range []string{"pending", "started", "listed", "listed by the province", "extension asked", "awaiting", "accepted", "closed"} {
		r := at(t, place)
		stands := *r
		for _, p := range people {
			for _, row := range rectification.Track() {
				name := row.Name
				want := byRecord[place+" "+name+" "+p.is]
				if name == "grant-extension" || name == "refuse-extension" {
					want = decides(place, p.is)
				}
				if !slices.ContainsFunc(strings.Fields(whoMay[name]), func(g string) bool { return slices.Contains(strings.Fields(p.groups), g) }) {
					want = "never"
				}
				got := wrongOf(r.give(t, p.actor, name, with(drawn(name), fields{"on": "2026-11-24"})))
				*r = stands
				switch {
				case want == "never" && got != "forbidden" && got != "forbidden (duty)", want != "never" && want != "" && got != "forbidden ("+want+")", want == "" && strings.HasPrefix(got, "forbidden"):
					t.Errorf("%s, %s by %s: %s, want forbidden %q", place, name, p.is, got, want)
				case want == "" && !slices.Contains(whenMay[name], r.state.State) && got == "taken":
					t.Errorf("%s, %s by %s is taken", place, name, p.is)
				}
			}
		}
	}
}
