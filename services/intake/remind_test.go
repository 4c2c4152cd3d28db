package intake_test

import (
	"slices"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/internal/workdays"
)

func numbers(t *testing.T) intake.Numbers {
	t.Helper()
	book, err := rulesfile.Book()
	if err != nil {
		t.Fatal(err)
	}
	calendar, err := workdays.Default()
	if err != nil {
		t.Fatal(err)
	}
	return intake.Numbers{Rules: book, Calendar: calendar}
}

// remind states what has come at a moment, as bus.Clock does, and gives the kinds.
func (r *record) remind(t *testing.T, n intake.Numbers, at time.Time) []string {
	t.Helper()
	fact := n.Due(r.state, at)
	if fact == nil {
		return nil
	}
	next, err := intake.Fold(r.state, events.Meta{Subject: string(r.state.ID), On: events.DayOf(at), Time: at}, fact)
	if err != nil {
		t.Fatal(err)
	}
	r.state = next
	var kinds []string
	for _, x := range fact.(events.CaseRemindedFact).Reminders {
		kinds = append(kinds, x.Kind+" "+string(x.For))
	}
	return kinds
}

func TestAnEmbargosEndExposesNothingAndReminds(t *testing.T) {
	t.Parallel()
	n, b := numbers(t), desk("changchun", "b")
	r := newRecord(t, desk("changchun", "a"), unexposed(t), clock)
	r.must(t, b, "review", bodies["review"])
	if !n.Next(r.state).IsZero() {
		t.Error("a reviewed case has a deadline")
	}
	r.must(t, b, "embargo", bodies["embargo"]) // until 12:00 UTC
	until := r.state.Embargo.Until
	if got := n.Next(r.state); !got.Equal(until) {
		t.Errorf("next at %s, want %s", got, until)
	}
	last := r.state.LastOn
	if got := r.remind(t, n, until.Add(-time.Nanosecond)); got != nil {
		t.Errorf("before the end: %v", got)
	}
	if got := r.remind(t, n, until); !slices.Equal(got, []string{"embargo-ended 2026-11-24"}) {
		t.Errorf("at the end: %v", got)
	}
	if r.state.State != events.CaseEmbargoed || len(r.state.Exposures) > 0 || r.state.LastOn != last {
		t.Errorf("the reminder changed the case: %+v", r.state)
	}
	if got := r.remind(t, n, until.Add(time.Hour)); got != nil || !n.Next(r.state).IsZero() {
		t.Errorf("stated twice: %v", got)
	}
	// Another embargo, to the same day, has its own.
	r.now = until.Add(2 * time.Hour)
	r.must(t, b, "lift-embargo", bodies["lift-embargo"])
	r.must(t, b, "embargo", bodies["embargo"].with(fields{"until": "2026-11-24T15:00:00Z"}))
	if got := r.remind(t, n, until.Add(3*time.Hour)); !slices.Equal(got, []string{"embargo-ended 2026-11-24"}) {
		t.Errorf("the second embargo: %v", got)
	}
}

func TestAnObjectionIsAnsweredWithinTenWorkingDays(t *testing.T) {
	t.Parallel()
	n, b := numbers(t), desk("changchun", "b")
	r := newRecord(t, desk("changchun", "a"), unexposed(t), clock)
	r.must(t, b, "publish", publication)
	r.must(t, b, "object", bodies["object"]) // Tuesday 24 November
	want := events.Day("2026-12-08")
	if got := n.AnswerBy(r.state, r.state.Objections[0]); got != want {
		t.Errorf("answer by %s, want %s", got, want)
	}
	at := want.Time().Add(9 * time.Hour)
	if got := n.Next(r.state); !got.Equal(at) {
		t.Errorf("next at %s, want %s", got, at)
	}
	if got := r.remind(t, n, at.Add(48*time.Hour)); !slices.Equal(got, []string{"objection-waits 2026-12-08"}) { // after an outage
		t.Errorf("%v", got)
	}
	if got := r.remind(t, n, at.Add(72*time.Hour)); got != nil {
		t.Errorf("stated twice: %v", got)
	}
	other := newRecord(t, desk("changchun", "a"), unexposed(t), clock)
	other.must(t, b, "publish", publication)
	other.must(t, b, "object", bodies["object"])
	other.must(t, b, "answer", bodies["answer"])
	if !n.Next(other.state).IsZero() {
		t.Error("an answered objection has a deadline")
	}
}

// What can't be given now is listed with why, and what can is not.
func TestNotNow(t *testing.T) {
	t.Parallel()
	for status, make := range records(t) {
		c := make().state
		for _, p := range people(c.ID) {
			offered := map[string]bool{}
			for _, row := range intake.Next(p.actor, c) {
				offered[row.Command] = true
			}
			for _, x := range intake.NotNow(p.actor, c) {
				if offered[x.Command] || x.Detail == "" || x.Code != fault.Forbidden && x.Code != fault.WrongState {
					t.Errorf("%s on a case that is %s: %+v", p.name, status, x)
				}
			}
		}
	}
	c := records(t)[events.CaseSubmitted]().state
	if got := intake.NotNow(desk("changchun", "submitter"), c); !slices.Contains(got, intake.Blocked{Command: "review", Code: fault.Forbidden, Detail: "same_person"}) {
		t.Errorf("the submitter isn't told why not: %+v", got)
	}
	if got := intake.NotNow(withDuty("changchun", "drafter"), c); !slices.Contains(got, intake.Blocked{Command: "publish", Code: fault.Forbidden, Detail: "duty"}) {
		t.Errorf("the drafter isn't told why not: %+v", got)
	}
}

func TestADeclinedWithdrawalCanBeAskedForAgain(t *testing.T) {
	t.Parallel()
	r := records(t)[events.CaseExposed]()
	r.must(t, province, "decline-withdrawal", bodies["decline-withdrawal"])
	if got := wrong(r.give(province, "withdraw", bodies["withdraw"])); !slices.Equal(got, []string{"withdrawal_not_asked"}) {
		t.Errorf("consent after a no: %v", got)
	}
	r.must(t, desk("changchun", "b"), "ask-withdrawal", bodies["ask-withdrawal"])
	r.must(t, province, "withdraw", bodies["withdraw"])
}
