package rectification_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/rectification"
)

// body draws a body that is mostly right.
func drawBody(t *rapid.T, name string, on events.Day) fields {
	later := func(label string) events.Day { return on.Add(rapid.IntRange(-2, 40).Draw(t, label)) }
	body := fields{"on": on, "backdate_reason": "补录"}
	switch name {
	case "start":
		return with(start, body)
	case "progress":
		body["text"] = "进展"
		if rapid.Bool().Draw(t, "names an item") {
			body["item"] = rapid.IntRange(0, 3).Draw(t, "item")
			body["done"] = rapid.Bool().Draw(t, "done")
		}
	case "opine":
		body["text"] = "进展"
	case "ask-extension":
		return with(askExt, with(body, fields{"new_due": later("new due"), "items": itemDays(t, later)}))
	case "list":
		return with(listing, with(body, fields{"grade": rapid.IntRange(1, 4).Draw(t, "grade"), "due": later("due"), "items": itemDays(t, later)}))
	case "ask-acceptance":
		return with(askAccept, with(body, fields{"media": rapid.SampledFrom([][]string{{"a.jpg"}, {"a.mp4", "a.pdf"}, {"a.pdf"}, {}}).Draw(t, "media")}))
	case "accept":
		return with(accept, with(body, fields{"officers": officers[:rapid.IntRange(1, 2).Draw(t, "officers")]}))
	case "close":
		return with(closing, with(body, fields{"published_on": on.Add(-rapid.IntRange(0, 3).Draw(t, "published before"))}))
	case "reopen":
		return with(reopening, with(body, fields{"new_due": later("new due"), "items": itemDays(t, later)}))
	default:
		body["reason"] = "理由"
		if name == "grant-extension" || name == "refuse-extension" {
			delete(body, "reason")
		}
	}
	return body
}

// itemDays names other days for some items.
func itemDays(t *rapid.T, later func(string) events.Day) []fields {
	out := []fields{}
	for i := range rapid.IntRange(0, 2).Draw(t, "items named") {
		out = append(out, fields{"item": i, "due": later("item due")})
	}
	return out
}

func TestNoPathPastAGuard(t *testing.T) {
	t.Parallel()
	c, cal := sampleCases(t)[ref], calendar(t)
	var commands []string
	table := map[string]rectification.Transition{}
	for _, row := range rectification.Track() {
		commands = append(commands, row.Name)
		table[row.Name] = row
	}
	people := []access.Actor{desk(c.Office), second(c.Office), province, {Account: "unit", Role: access.Unit, Cases: []events.CaseID{c.ID}}, desk("jilin")}
	reached := map[events.RectificationStatus]int{}
	rapid.Check(t, func(rt *rapid.T) {
		r := openRecord(t, c)
		for range rapid.IntRange(5, 40).Draw(rt, "steps") {
			name, who := rapid.SampledFrom(commands).Draw(rt, "command"), rapid.SampledFrom(people).Draw(rt, "who")
			// Most steps are offered ones, half of them on the way to a closing, so that runs get far.
			steps := offeredSteps(r.state, people)
			switch rapid.IntRange(0, 3).Draw(rt, "any") {
			case 2, 3:
				if forward := slices.DeleteFunc(slices.Clone(steps), func(s offeredStep) bool { return !slices.Contains(wayToClosing, s.name) }); len(forward) > 0 {
					steps = forward
				}
				fallthrough
			case 1:
				if len(steps) > 0 {
					s := rapid.SampledFrom(steps).Draw(rt, "offered")
					name, who = s.name, s.who
				}
			}
			on := r.state.LastOn.Add(rapid.IntRange(-1, 9).Draw(rt, "days"))
			before, offered := r.state, false
			for _, n := range rectification.NextFor(r.state, who) {
				offered = offered || n.Command == name
			}
			err := r.give(t, who, name, drawBody(rt, name, on))
			if refused := fault.Is(err, fault.Forbidden) || fault.Is(err, fault.WrongState); offered && refused || !offered && err == nil {
				rt.Fatalf("%s by %s: offered %v, but %v", name, who.Account, offered, err)
			}
			if err == nil {
				checkStep(rt, table[name], before, r.state)
				reached[r.state.State]++
			}
		}
		checkRecord(rt, r)
		checkDays(rt, r, cal)
		replay(t, r)
	})
	if reached[events.RectificationClosed] == 0 {
		t.Errorf("no run came to a closing: %v", reached)
	}
}

var wayToClosing = []string{"start", "ask-acceptance", "accept", "close"}

type offeredStep struct {
	name string
	who  access.Actor
}

func offeredSteps(s events.RectificationState, people []access.Actor) []offeredStep {
	var out []offeredStep
	for _, who := range people {
		for _, n := range rectification.NextFor(s, who) {
			out = append(out, offeredStep{n.Command, who})
		}
	}
	return out
}

// checkStep holds one step against its row of the table.
func checkStep(t *rapid.T, row rectification.Transition, before, after events.RectificationState) {
	to := row.To
	if to == "" {
		to = before.State
	}
	if !slices.Contains(row.From, before.State) || after.State != to {
		t.Fatalf("%s led from %s to %s", row.Name, before.State, after.State)
	}
	if after.LastOn < before.LastOn {
		t.Fatalf("%s went back from %s to %s", row.Name, before.LastOn, after.LastOn)
	}
}

// checkRecord holds a record against what no path may lead past.
func checkRecord(t *rapid.T, r *record) {
	s := r.state
	if s.State == events.RectificationClosed || s.State == events.RectificationAccepted {
		last := s.Acceptances[len(s.Acceptances)-1]
		if last.Result != events.Accepted || last.Round != len(s.Reopenings) {
			t.Fatalf("%s without an acceptance in its round: %+v", s.State, last)
		}
	}
	for _, c := range s.Closings {
		for _, a := range s.Acceptances {
			if a.Round == c.Round && a.Result == events.Accepted && c.PublishedOn < a.DecidedOn {
				t.Fatalf("published %s before the acceptance %s", c.PublishedOn, a.DecidedOn)
			}
		}
	}
	for _, a := range s.Acceptances {
		if a.Result != "" && a.AskedBy == a.DecidedBy || len(a.Media) == 0 || a.Result == events.Accepted && len(a.SiteRecord.Officers) < 2 {
			t.Fatalf("acceptance %+v", a)
		}
	}
	for _, x := range s.Extensions {
		if x.NewDue <= x.DueInForce {
			t.Fatalf("extension %+v", x)
		}
	}
	for _, l := range s.Listings {
		if l.Due > l.On.AddYears(1) {
			t.Fatalf("listing %+v", l)
		}
	}
	if e := s.Ending; e != nil && e.ConsentedOn != "" && s.State != e.Kind {
		t.Fatalf("ending %+v in %s", e, s.State)
	}
}

// checkDays holds state and overdue days of every day against the facts alone.
func checkDays(t *rapid.T, r *record, cal *workdays.Calendar) {
	for day := r.state.OpenedOn; day <= r.state.LastOn.Add(3); day = day.Add(1) {
		var s events.RectificationState
		for i, f := range r.facts {
			if r.metas[i].On <= day {
				s, _ = rectification.Fold(s, r.metas[i], f)
			}
		}
		if got := rectification.StateOn(r.state, day); got != s.State {
			t.Fatalf("state of %s is %s, the facts to that day give %s", day, got, s.State)
		}
		v := rectification.Derive(r.state, r.numbers, day)
		if days, running := naiveOverdue(r, cal, day); v.OverdueDays != days || v.Overdue && !running || v.ClockStoppedOn == nil != running {
			t.Fatalf("%s: %d days overdue (running %v), want %d (%v)", day, v.OverdueDays, v.ClockStoppedOn == nil, days, running)
		}
		checkFlags(t, r, cal, s, v)
	}
}

// naiveOverdue walks over the facts: each round has the last due day set in it, and ends with the request that was granted, or with the record.
func naiveOverdue(r *record, cal *workdays.Calendar, day events.Day) (days int, running bool) {
	var due, asked, newDue, stopped events.Day
	add := func(until events.Day) {
		for d := cal.Move(due, r.c.Office); d < until; d = d.Add(1) {
			days++
		}
	}
	for i, f := range r.facts {
		on := r.metas[i].On
		if on > day {
			break
		}
		switch f := f.(type) {
		case events.RectificationOpenedFact:
			due = f.Due
		case events.RectificationStartedFact:
			if f.Due != "" {
				due = f.Due
			}
		case events.RectificationListedFact:
			due = f.Due
		case events.ExtensionAskedFact:
			newDue = f.NewDue
		case events.ExtensionGrantedFact:
			due = newDue
		case events.AcceptanceAskedFact:
			asked = on
		case events.RectificationAcceptedFact:
			stopped = asked
		case events.RectificationReopenedFact:
			add(stopped)
			due, stopped = f.NewDue, ""
		case events.RectificationTransferredFact, events.RectificationNotApplicableFact:
			if stopped == "" {
				stopped = on
			}
		}
	}
	if stopped != "" {
		add(stopped)
		return days, false
	}
	add(day)
	return days, true
}

// checkFlags holds the flags of a day against the record as it was then: what later steps left in the state must not show.
func checkFlags(t *rapid.T, r *record, cal *workdays.Calendar, s events.RectificationState, v rectification.View) {
	day, moved := v.AsOf, cal.Move(s.Dues[len(s.Dues)-1].Day, s.Office)
	open := slices.Contains([]events.RectificationStatus{events.RectificationPending, events.RectificationInProgress, events.RectificationAwaitingAcceptance}, s.State)
	ended := s.State == events.RectificationTransferred || s.State == events.RectificationNotApplicable
	want := map[string]any{"overdue": open && day > moved, "due_soon": open && day <= moved && moved <= day.Add(10), "finished late": !open && v.OverdueDays > 0, "due": s.Dues[len(s.Dues)-1].Day}
	got := map[string]any{"overdue": v.Overdue, "due_soon": v.DueSoon, "finished late": v.FinishedLate, "due": v.Due}
	grade := 0
	for _, l := range s.Listings {
		if l.DelistedOn == "" && !ended && s.State != events.RectificationClosed {
			grade = l.Grade
		}
	}
	want["grade"], got["grade"] = grade, v.Grade
	var late, checks []bool
	for i, x := range s.Extensions {
		left := 0
		for d := x.AskedOn; d < cal.Move(x.DueInForce, s.Office); {
			if d = d.Add(1); cal.Working(d, s.Office) {
				left++
			}
		}
		late = append(late, left < map[bool]int{false: 5, true: 15}[x.Listed])
		if decided := v.LateExtensions[i].Decision != nil; decided != (x.Decision != "") {
			t.Fatalf("%s: extension decided %v, want %q", day, decided, x.Decision)
		}
	}
	for _, a := range s.Acceptances {
		until := day
		if a.Result != "" {
			until = a.DecidedOn
		} else if ended {
			until = s.Ending.ConsentedOn
		}
		checks = append(checks, until > cal.Move(a.AskedOn.Add(10), s.Office))
	}
	for i, x := range v.LateExtensions {
		want[fmt.Sprint("extension ", i)], got[fmt.Sprint("extension ", i)] = late[i], x.Late
	}
	for i, x := range v.SiteChecks {
		want[fmt.Sprint("check ", i)], got[fmt.Sprint("check ", i)] = checks[i], x.Late
	}
	want["extensions"], got["extensions"] = len(s.Extensions), len(v.LateExtensions)
	want["checks"], got["checks"] = len(s.Acceptances), len(v.SiteChecks)
	want["awaiting media"], got["awaiting media"] = s.State == events.RectificationAccepted, v.AwaitingMedia != nil
	for i, item := range s.Items {
		done := false
		for _, p := range r.state.Progress {
			if p.Item != nil && *p.Item == i && p.On <= day && p.Done != nil {
				done = *p.Done && !slices.ContainsFunc(item.Dues, func(d events.Due) bool { return d.SetBy == rectification.SetByReopened && p.On < d.SetOn })
			}
		}
		key := fmt.Sprint("item ", i)
		want[key], got[key] = fmt.Sprint(item.Due, done, open && !done && cal.Move(item.Due, s.Office) < day), fmt.Sprint(v.ItemViews[i].Due, v.ItemViews[i].DoneOn != nil, v.ItemViews[i].PastDue)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: %v\nwant %v", day, got, want)
	}
}
