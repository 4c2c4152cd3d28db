package rectification_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/rectification"
)

func moment(day events.Day, hour, minute, second int) time.Time {
	return day.Time().Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second)
}

// remind states what has come and gives it as kind@day.
func (r *record) remind(t testing.TB) string {
	t.Helper()
	f := r.numbers.Remind(r.state, r.now)
	if f == nil {
		return ""
	}
	if err := r.take(f, access.Given{On: events.DayOf(r.now)}, events.System("rectification")); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range f.(events.RectificationRemindedFact).Reminders {
		out = append(out, s.Kind+"@"+string(s.For))
	}
	return strings.Join(out, " ")
}

// opened gives a case's rectification, opened at a moment and started at once.
func opened(t testing.TB, level string, deadline events.Day, at time.Time, change ...func(*record)) *record {
	t.Helper()
	c := sampleCases(t)[ref]
	c.HazardLevel, c.Plan.Deadline = level, deadline
	c.ExposedOn, c.FoundOn = events.DayOf(at), events.DayOf(at)
	r := &record{c: c, outlets: outlets(t), numbers: numbers(t), now: at}
	for _, f := range change {
		f(r)
	}
	if err := r.take(rectification.Opened(r.c, relyOn(r.c), r.numbers), access.Given{On: c.ExposedOn}, events.System("rectification")); err != nil {
		t.Fatal(err)
	}
	return r
}

var started = fields{"responsible_person": "总经理", "funds_yuan": 1, "interim_safeguards": "停用", "emergency_plan": "撤离"}

func TestRemindersInTheirOrder(t *testing.T) {
	t.Parallel()
	// 4 July 2026 is a Saturday: the due day moves to the 6th.
	r := opened(t, "general", "2026-07-04", moment("2026-06-01", 10, 0, 0))
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{moment("2026-06-26", 8, 59, 59), ""},
		{moment("2026-06-26", 9, 0, 0), "due-first@2026-07-04"},
		{moment("2026-06-26", 9, 0, 1), ""},
		{moment("2026-07-03", 9, 0, 0), "due-second@2026-07-04"},
		{moment("2026-07-06", 8, 59, 59), ""},
		{moment("2026-07-06", 9, 0, 0), "due-today@2026-07-04"},
		{moment("2026-07-06", 8, 0, 0), ""}, // the clock jumps back an hour
		{moment("2026-07-13", 9, 0, 0), "overdue-talk@2026-07-04"},
		{moment("2026-08-05", 9, 0, 0), "overdue-again@2026-07-04"},
		{moment("2027-08-05", 9, 0, 0), ""},
	} {
		r.now = c.at
		next := r.numbers.NextReminder(r.state)
		if got := r.remind(t); got != c.want || got != "" != (!next.IsZero() && !next.After(c.at)) {
			t.Errorf("%s: %q, want %q (next was %s)", c.at, got, c.want, next)
		}
	}
	replay(t, r)
	if r.state.LastOn != "2026-06-01" {
		t.Errorf("a reminder moved the last given day to %s", r.state.LastOn)
	}
}

func TestRemindersWhileTheClockRuns(t *testing.T) {
	t.Parallel()
	o := events.OfficeSlug("changchun")
	r := opened(t, "general", "2026-07-06", moment("2026-06-01", 10, 0, 0))
	r.must(t, desk(o), "start", started)
	r.now = moment("2026-06-25", 10, 0, 0)
	r.must(t, desk(o), "ask-acceptance", fields{"text": "完成", "media": []string{"after.jpg"}})
	r.now = moment("2026-06-26", 9, 0, 0)
	if got := r.remind(t); got != "due-first@2026-07-06" {
		t.Errorf("awaiting acceptance: %q", got)
	}
	r.must(t, second(o), "accept", fields{"officers": officers, "findings": "同意"})
	if next := r.numbers.NextReminder(r.state); !next.IsZero() {
		t.Errorf("accepted, and next is %s", next)
	}
	r.now = moment("2026-07-08", 10, 0, 0)
	r.must(t, province, "reopen", fields{"reason": "复查不合格", "new_due": "2026-07-15"})
	// Ten days before had passed when the new day was set; the three are to come.
	if next := r.numbers.NextReminder(r.state); !next.Equal(moment("2026-07-12", 9, 0, 0)) {
		t.Errorf("reopened, and next is %s", next)
	}
	r.now = moment("2026-12-01", 9, 0, 0)
	if got := r.remind(t); got != "due-second@2026-07-15 due-today@2026-07-15 overdue-talk@2026-07-15 overdue-again@2026-07-15" {
		t.Errorf("after an outage: %q", got)
	}
}

func TestRemindersOfPaper(t *testing.T) {
	t.Parallel()
	c := sampleCases(t)[ref]
	r := &record{c: c, outlets: outlets(t), numbers: numbers(t), now: moment("2026-11-24", 12, 0, 0)}
	if err := r.take(rectification.Opened(c, relyOn(c), r.numbers), access.Given{On: c.ExposedOn}, events.System("rectification")); err != nil {
		t.Fatal(err)
	}
	if got := r.remind(t); got != "" {
		t.Errorf("entered long after: %q", got)
	}
}

func TestListingQuestion(t *testing.T) {
	t.Parallel()
	view := func(r *record, day events.Day) string {
		q := rectification.Derive(r.state, r.numbers, day).ListingQuestion
		if q == nil {
			return "none"
		}
		return fmt.Sprintf("%s listed %v late %v answered %v", q.Due, q.Listed, q.Late, q.AnsweredOn != nil)
	}
	// 12 June 2026 is a Friday; the 19th is a holiday, so five working days end on Monday the 22nd.
	at := moment("2026-06-12", 10, 0, 0)
	r := opened(t, "major", "2026-09-30", at)
	r.now = moment("2026-06-22", 9, 0, 0)
	if got := r.remind(t); got != "listing-question@2026-06-22" {
		t.Errorf("on the day: %q", got)
	}
	if got := view(r, "2026-06-23"); got != "2026-06-22 listed false late true answered false" {
		t.Errorf("unanswered: %s", got)
	}
	if got := wrongOf(r.give(t, desk("changchun"), "decline-listing", fields{"reason": "x"})); got != "forbidden" {
		t.Errorf("by the office: %s", got)
	}
	r.now = moment("2026-06-23", 9, 0, 0)
	r.must(t, province, "decline-listing", fields{"reason": "市级已挂牌"})
	if got := wrongOf(r.give(t, province, "decline-listing", fields{"reason": "x"})); got != "wrong_state (answered)" {
		t.Errorf("twice: %s", got)
	}
	if got := view(r, "2026-06-30"); got != "2026-06-22 listed false late true answered true" {
		t.Errorf("declined: %s", got)
	}
	r = opened(t, "major", "2026-09-30", at)
	r.must(t, desk("changchun"), "start", started)
	r.must(t, province, "list", fields{"grade": 2, "order_no": "督1", "body": "省安委会", "due": "2026-09-30"})
	if got := wrongOf(r.give(t, province, "decline-listing", fields{"reason": "x"})); got != "wrong_state (listed)" {
		t.Errorf("listed: %s", got)
	}
	if got := view(r, "2026-07-30"); got != "2026-06-22 listed true late false answered true" {
		t.Errorf("listed: %s", got)
	}
	r.now = moment("2026-06-22", 9, 0, 0)
	if got := r.remind(t); got != "" {
		t.Errorf("answered, and %q", got)
	}
	if got := wrongOf(opened(t, "general", "", at).give(t, province, "decline-listing", fields{"reason": "x"})); got != "wrong_state (not_major)" {
		t.Errorf("general: %s", got)
	}
}

// TestChangedRules: what was opened before a change keeps its numbers.
func TestChangedRules(t *testing.T) {
	t.Parallel()
	list, err := rulesfile.Default()
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if name := rules.Name(list[i].Name); name == rules.DueDays || name == rules.RemindBeforeFirst || name == rules.BackdateAfter {
			list[i].Values = append(list[i].Values, events.RuleValue{From: "2026-09-01", Value: list[i].Values[0].Value * 2, Basis: "x"})
		}
	}
	book, err := rules.New(list...)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(r *record) { r.numbers.Rules = book }
	for _, c := range []struct {
		opened, due, first events.Day
		back               int
	}{{"2026-08-31", "2026-09-30", "2026-09-20", 3}, {"2026-09-01", "2026-10-31", "2026-10-13", 6}} {
		r := opened(t, "general", "", moment(c.opened, 10, 0, 0), changed)
		if due := r.state.Dues[0].Day; due != c.due {
			t.Errorf("opened %s: due %s, want %s", c.opened, due, c.due)
		}
		if next := r.numbers.NextReminder(r.state); !next.Equal(moment(c.first, 9, 0, 0)) {
			t.Errorf("opened %s: reminded %s, want %s", c.opened, next, c.first)
		}
		r.now = moment(c.opened.Add(10), 10, 0, 0)
		on := events.DayOf(r.now).Add(-c.back)
		if got := wrongOf(r.give(t, desk("changchun"), "start", with(started, fields{"on": on.Add(-1)}))); got != "invalid backdate_reason:required" {
			t.Errorf("opened %s, %d days back: %s", c.opened, c.back+1, got)
		}
		r.must(t, desk("changchun"), "start", with(started, fields{"on": on}))
	}
}

// TestBoundaries holds at the edges of days, whatever zone the server is in; TestAnyZone runs it in several.
func TestBoundaries(t *testing.T) {
	t.Parallel()
	o := events.OfficeSlug("changchun")
	for _, zone := range []*time.Location{time.Local, time.UTC, time.FixedZone("", 14*3600), time.FixedZone("", -11*3600)} {
		r := opened(t, "general", "2026-06-30", moment("2026-06-01", 10, 0, 0))
		r.must(t, desk(o), "start", started)
		r.now = moment("2026-06-30", 23, 59, 59).In(zone)
		r.must(t, desk(o), "progress", fields{"text": "x"})
		if v := rectification.Derive(r.state, r.numbers, events.DayOf(r.now)); r.state.LastOn != "2026-06-30" || v.Overdue {
			t.Errorf("%s: last on %s, overdue %v", zone, r.state.LastOn, v.Overdue)
		}
		if got := wrongOf(r.give(t, desk(o), "progress", fields{"text": "x", "on": "2026-07-01"})); got != "invalid on:in_future" {
			t.Errorf("%s: a second too early: %s", zone, got)
		}
		r.now = moment("2026-07-01", 0, 0, 0).In(zone)
		r.must(t, desk(o), "progress", fields{"text": "x", "on": "2026-07-01"})
		if v := rectification.Derive(r.state, r.numbers, events.DayOf(r.now)); !v.Overdue || v.OverdueDays != 1 {
			t.Errorf("%s: a second later: overdue %v, %d days", zone, v.Overdue, v.OverdueDays)
		}
		if got := r.remind(t); got != "due-first@2026-06-30 due-second@2026-06-30 due-today@2026-06-30" {
			t.Errorf("%s: %s", zone, got)
		}
	}
	// A leap day: 30 days from 30 January, a year from 29 February, and days to close over it. No file tells of 2028.
	r := opened(t, "major", "", moment("2028-01-30", 10, 0, 0))
	if due := r.state.Dues[0].Day; due != "2028-02-29" {
		t.Errorf("due %s", due)
	}
	r.now = moment("2028-02-29", 10, 0, 0)
	r.must(t, desk(o), "start", started)
	body := fields{"grade": 1, "order_no": "督1", "body": "省安委会"}
	if got := wrongOf(r.give(t, province, "list", with(body, fields{"due": "2029-03-01"}))); got != "invalid due:more_than_one_year" {
		t.Errorf("a year and a day: %s", got)
	}
	r.must(t, province, "list", with(body, fields{"due": "2029-02-28"}))
	if v := rectification.Derive(r.state, r.numbers, "2028-03-01"); !v.CalendarMissing || v.DueMoved != "2029-02-28" {
		t.Errorf("%+v", v)
	}
	// Due days on holidays: the Labour days and National Day, and a local one of 延边.
	for _, c := range []struct {
		office     events.OfficeSlug
		due, moved events.Day
	}{{"changchun", "2026-10-01", "2026-10-08"}, {"changchun", "2026-09-03", "2026-09-03"}, {"yanbian", "2026-09-03", "2026-09-07"}} {
		r := opened(t, "general", c.due, moment("2026-08-01", 10, 0, 0), func(r *record) { r.c.Office = c.office })
		if v := rectification.Derive(r.state, r.numbers, c.moved.Add(1)); v.DueMoved != c.moved || v.OverdueDays != 1 {
			t.Errorf("%s %s: moved to %s, %d days", c.office, c.due, v.DueMoved, v.OverdueDays)
		}
		r.now = moment(c.moved, 9, 0, 0)
		if got := r.remind(t); !strings.HasSuffix(got, "due-today@"+string(c.due)) {
			t.Errorf("%s %s: %s", c.office, c.due, got)
		}
	}
}

func TestAnyZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Shanghai"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^(TestBoundaries|TestSampleFollowups|TestRemindersInTheirOrder)$", "-test.count=1")
			cmd.Env = append(os.Environ(), "TZ="+zone)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestRemindersNaive holds reminders against the facts alone, over random steps at random moments with a clock that jumps back now and then: each is stated once, none early, none after the clock
// stopped, and none is left out.
func TestRemindersNaive(t *testing.T) {
	t.Parallel()
	base := sampleCases(t)[ref]
	kinds, stated := map[string]int{}, 0
	rapid.Check(t, func(rt *rapid.T) {
		r := opened(t, rapid.SampledFrom([]string{"major", "general"}).Draw(rt, "level"), rapid.SampledFrom([]events.Day{"", "2026-07-04", "2026-10-01"}).Draw(rt, "deadline"),
			moment("2026-06-01", rapid.IntRange(0, 23).Draw(rt, "hour"), 0, 0))
		people := []access.Actor{desk(base.Office), second(base.Office), province}
		for range rapid.IntRange(3, 20).Draw(rt, "steps") {
			hours := rapid.IntRange(1, 20*24).Draw(rt, "hours")
			if rapid.IntRange(0, 4).Draw(rt, "back") == 0 {
				hours = -1
			}
			r.now = r.now.Add(time.Duration(hours) * time.Hour)
			if steps := offeredSteps(r.state, people); len(steps) > 0 && rapid.Bool().Draw(rt, "step") {
				s := rapid.SampledFrom(steps).Draw(rt, "offered")
				today := events.DayOf(r.now).Max(r.state.LastOn)
				if s.name != "transfer" && s.name != "confirm-not-applicable" {
					body := drawBody(rt, s.name, today)
					delete(body, "on")
					_ = r.give(t, s.who, s.name, body)
				}
			}
			want := naiveReminders(r)
			got := strings.Fields(r.remind(t))
			slices.Sort(got)
			if !slices.Equal(got, want) {
				rt.Fatalf("at %s: %v, want %v", r.now, got, want)
			}
			stated += len(got)
			for _, k := range got {
				kind, _, _ := strings.Cut(k, "@")
				kinds[kind]++
			}
		}
		said := map[string]bool{}
		for _, x := range r.state.Reminders {
			key := x.Kind + string(x.For)
			if said[key] {
				rt.Fatalf("%s was stated twice", key)
			}
			said[key] = true
		}
		replay(t, r)
	})
	if len(kinds) != 6 {
		t.Errorf("%d statements of %v: some kind was never stated", stated, kinds)
	}
}

// naiveReminders walks over the facts: the last due day with the moment it came at, whether the unit's clock runs, and what was said.
func naiveReminders(r *record) []string {
	var due events.Day
	var set, openedAt time.Time
	var newDue events.Day
	running, asked, said := true, true, map[string]bool{}
	for i, f := range r.facts {
		at := r.metas[i].Time
		switch f := f.(type) {
		case events.RectificationOpenedFact:
			due, set, openedAt = f.Due, at, at
		case events.RectificationStartedFact:
			if f.Due != "" {
				due, set = f.Due, at
			}
		case events.RectificationListedFact:
			due, set, asked = f.Due, at, false
		case events.ListingDeclinedFact:
			asked = false
		case events.ExtensionAskedFact:
			newDue = f.NewDue
		case events.ExtensionGrantedFact:
			due, set = newDue, at
		case events.RectificationReopenedFact:
			due, set, running = f.NewDue, at, true
		case events.RectificationAcceptedFact:
			running = false
		case events.RectificationRemindedFact:
			for _, x := range f.Reminders {
				said[x.Kind+"@"+string(x.For)] = true
			}
		}
	}
	out := []string{}
	add := func(kind string, of, day events.Day, since time.Time) {
		at := moment(day, 9, 0, 0)
		if key := kind + "@" + string(of); running && at.After(since) && !at.After(r.now) && !said[key] {
			out = append(out, key)
		}
	}
	moved := due
	for !r.numbers.Calendar.Working(moved, r.c.Office) {
		moved = moved.Add(1)
	}
	for kind, days := range map[string]int{"due-first": -10, "due-second": -3, "due-today": 0, "overdue-talk": 7, "overdue-again": 30} {
		add(kind, due, moved.Add(days), set)
	}
	if r.c.HazardLevel == "major" && asked {
		day := r.c.ExposedOn
		for n := 0; n < 5; {
			day = day.Add(1)
			if r.numbers.Calendar.Working(day, r.c.Office) {
				n++
			}
		}
		add("listing-question", day, day, openedAt)
	}
	slices.Sort(out)
	return out
}
