package rectification_test

import (
	"fmt"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/rectification"
)

// items writes the items of a day: due day, moved where it is another, done, past due, media before and after.
func items(r *record, day events.Day) string {
	var out []string
	for _, i := range rectification.Derive(r.state, r.numbers, day).ItemViews {
		one := string(i.Due)
		if i.DoneOn != nil {
			one += " done " + string(*i.DoneOn)
		}
		if i.PastDue {
			one += " past"
		}
		out = append(out, fmt.Sprintf("%s %d/%d", one, len(i.Before), len(i.After)))
	}
	return strings.Join(out, "; ")
}

func TestItems(t *testing.T) {
	t.Parallel()
	o := events.OfficeSlug("changchun")
	r := opened(t, "general", "2026-07-10", moment("2026-06-01", 10, 0, 0))
	r.must(t, desk(o), "start", with(started, fields{"items": []fields{
		{"violation": 0, "measure": "换阀", "due": "2026-06-20", "before": []string{"found-1.jpg", "found-2.jpg"}},
		{"violation": 1, "measure": "培训"}}}))
	r.now = moment("2026-06-22", 10, 0, 0)
	if got := items(r, "2026-06-23"); got != "2026-06-20 past 2/0; 2026-07-10 0/0" {
		t.Errorf("past its own day: %s", got)
	}
	for body, want := range map[string]string{`{"text":"x","item":2}`: "invalid item:unknown_item", `{"text":"x","item":-1}`: "invalid item:unknown_item", `{"text":"x","done":true}`: "invalid item:required_with_done"} {
		if got := wrongOf(r.give(t, desk(o), "progress", rawBody(body))); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	r.must(t, desk(o), "progress", fields{"text": "阀已换", "item": 0, "done": true, "media": []string{"after-1.jpg"}})
	r.must(t, desk(o), "progress", fields{"text": "再拍", "item": 0, "media": []string{"after-1.jpg", "after-2.jpg"}})
	if got := items(r, "2026-06-23"); got != "2026-06-20 done 2026-06-22 2/2; 2026-07-10 0/0" {
		t.Errorf("done: %s", got)
	}
	if got := items(r, "2026-06-21"); !strings.HasPrefix(got, "2026-06-20 2/0;") {
		t.Errorf("the day before: %s", got)
	}
	r.must(t, desk(o), "ask-extension", fields{"reason": "x", "safeguards": "x", "new_due": "2026-08-10", "items": []fields{{"item": 1, "due": "2026-08-01"}}})
	if got := items(r, "2026-06-23"); !strings.HasSuffix(got, "; 2026-07-10 0/0") {
		t.Errorf("asked: %s", got)
	}
	r.now = moment("2026-06-24", 10, 0, 0)
	r.must(t, desk(o), "grant-extension", fields{})
	if got := items(r, "2026-06-24"); !strings.HasSuffix(got, "; 2026-08-01 0/0") {
		t.Errorf("granted: %s", got)
	}
	if got := items(r, "2026-06-23"); !strings.HasSuffix(got, "; 2026-07-10 0/0") {
		t.Errorf("granted, the day before: %s", got)
	}
	want := `invalid items[0].item:required items[1].item:unknown_item items[1].due:required`
	if got := wrongOf(r.give(t, desk(o), "list", fields{"grade": 3, "order_no": "x", "body": "x", "due": "2026-09-01", "items": []fields{{"due": "2026-08-05"}, {"item": 7}}})); got != want {
		t.Errorf("wrong items: %s", got)
	}
	r.must(t, desk(o), "ask-acceptance", fields{"text": "完成", "media": []string{"after.jpg"}})
	r.must(t, second(o), "accept", fields{"officers": officers, "findings": "同意"})
	r.now = moment("2026-06-30", 10, 0, 0)
	r.must(t, province, "reopen", fields{"reason": "复发", "new_due": "2026-09-01", "items": []fields{{"item": 0, "due": "2026-08-20"}}})
	if got := items(r, "2026-06-30"); got != "2026-08-20 2/2; 2026-08-01 0/0" {
		t.Errorf("reopened: %s", got)
	}
	if n := len(r.state.Media()); n != 5 {
		t.Errorf("%d media of the record", n)
	}
	replay(t, r)
}

// rawBody is a body that is written already.
type rawBody string

// MarshalJSON gives it as it is.
func (b rawBody) MarshalJSON() ([]byte, error) { return []byte(b), nil }

func TestDeclineEnding(t *testing.T) {
	t.Parallel()
	o := events.OfficeSlug("changchun")
	r := opened(t, "general", "2026-07-10", moment("2026-06-01", 10, 0, 0))
	if got := wrongOf(r.give(t, province, "decline-ending", fields{"reason": "x"})); got != "wrong_state (nothing_asked)" {
		t.Errorf("nothing asked: %s", got)
	}
	r.must(t, desk(o), "ask-transfer", fields{"reason": "属他部门"})
	if got := wrongOf(r.give(t, province, "decline-ending", fields{})); got != "invalid reason:required" {
		t.Errorf("without a reason: %s", got)
	}
	r.must(t, province, "decline-ending", fields{"reason": "仍归本单位"})
	if got := wrongOf(r.give(t, province, "transfer", fields{})); got != "wrong_state (nothing_asked)" || r.state.State != events.RectificationPending {
		t.Errorf("declined, then consented to: %s in %s", got, r.state.State)
	}
	r.must(t, desk(o), "ask-not-applicable", fields{"reason": "停产"})
	r.must(t, province, "confirm-not-applicable", fields{})
	replay(t, r)

	r = at(t, "accepted")
	r.must(t, desk(o), "ask-transfer", fields{"reason": "属他部门"})
	r.must(t, desk(o), "close", with(closing, fields{"on": "2026-11-24"}))
	if r.state.Ending.Waits() {
		t.Error("a request waits though the rectification is closed")
	}
}

// TestNextAndNotNow: for whoever acts, every command of the role on this case is either possible now or named with its reason, and what is said is what happens.
func TestNextAndNotNow(t *testing.T) {
	t.Parallel()
	o := events.OfficeSlug("changchun")
	theirs := events.CaseIDFor(o, ref)
	drafter := access.Actor{Account: "drafter", Role: access.Office, Office: o, Duties: []access.Duty{access.Drafter}}
	people := []access.Actor{desk(o), second(o), drafter, desk("jilin"), province, {Account: "unit", Role: access.Unit, Cases: []events.CaseID{theirs}}, {Account: "unit", Role: access.Unit},
		{Account: "overseer", Role: access.Overseer, Cases: []events.CaseID{theirs}}, {Account: "press", Role: access.Journalist}, {Account: "admin", Role: access.Admin}}
	for _, place := range []string{"pending", "started", "listed", "listed by the province", "extension asked", "awaiting", "accepted", "closed"} {
		r := at(t, place)
		stands := *r
		for _, who := range people {
			said := map[string]string{}
			for _, n := range rectification.NextFor(r.state, who) {
				said[n.Command] = "possible"
			}
			for _, n := range rectification.NotNowFor(r.state, who) {
				if said[n.Command] != "" {
					t.Errorf("%s, %s: %s is possible and isn't", place, who.Account, n.Command)
				}
				said[n.Command] = fmt.Sprintf("%s (%s)", n.Code, n.Detail)
			}
			for _, row := range rectification.Track() {
				want := "forbidden" // never: not listed at all
				if w, ok := said[row.Name]; ok {
					want = w
				}
				// A body with nothing but a right day shows refusals of caller and state; wrong fields come before a wrong state.
				got := wrongOf(r.give(t, who, row.Name, with(drawn(row.Name), fields{"on": "2026-11-24"})))
				if want == "possible" && (got == "taken" || strings.HasPrefix(got, "invalid")) || got == want || strings.HasPrefix(got, "invalid") && strings.HasPrefix(want, "wrong_state") {
					*r = stands
					continue
				}
				t.Errorf("%s, %s by %s (%s): %s, but said %s", place, row.Name, who.Account, who.Role, got, want)
			}
		}
	}
}

// drawn gives a right body of a command.
func drawn(name string) fields {
	body, ok := map[string]fields{"start": start, "progress": {"text": "x"}, "opine": {"text": "x"}, "ask-extension": with(askExt, fields{"new_due": "2027-01-01"}), "list": with(listing, fields{"due": "2027-01-01"}),
		"ask-acceptance": askAccept, "accept": accept, "close": with(closing, fields{"published_on": "2026-11-24"}), "reopen": with(reopening, fields{"new_due": "2027-01-01"}), "grant-extension": {}, "refuse-extension": {},
	}[name]
	if !ok {
		return fields{"reason": "x"}
	}
	return body
}
