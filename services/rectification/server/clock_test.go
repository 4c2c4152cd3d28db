package server_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/workdays"
	"songshui.internal/services/rectification"
	"songshui.internal/services/rectification/rectificationapi"
	"songshui.internal/services/rectification/server"
)

// moving is a service's clock that tests move.
type moving struct {
	mu sync.Mutex
	at time.Time
}

func (m *moving) now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

func (m *moving) set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at = t
}

// numbers are a directory whose rules can be changed.
type numbers struct {
	server.Directory

	mu   sync.Mutex
	book *rules.Book
	hook func()
}

func (n *numbers) Rules() *rules.Book {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.book
}

func (n *numbers) Calendar() *workdays.Calendar { return nil }

func (n *numbers) OnChange(hook func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hook = hook
}

// change alters one number, for everything.
func (n *numbers) change(t *testing.T, name rules.Name, value int) {
	t.Helper()
	n.mu.Lock()
	list := n.Directory.Rules().All()
	for i := range list {
		if list[i].Name == string(name) {
			list[i].Values = []events.RuleValue{{Value: value, Basis: "x"}}
		}
	}
	book, err := rules.New(list...)
	if err != nil {
		t.Fatal(err)
	}
	n.book = book
	hook := n.hook
	n.mu.Unlock()
	if hook != nil {
		hook()
	}
}

func (w *world) reminded() string {
	w.t.Helper()
	v, err := w.get(desk)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return ""
		}
		w.t.Fatal(err)
	}
	var out []string
	for _, r := range v.Reminders {
		out = append(out, r.Kind)
	}
	return strings.Join(out, " ")
}

func (w *world) comes(want string) {
	w.t.Helper()
	got := ""
	eventually(w.t, "reminded of "+want, func() bool { got = w.reminded(); return got == want })
}

// TestReminds: reminders are stated as facts, once each, while the service runs, after it was down, after the rules changed, and with a clock that jumps back; they hinder no step of an earlier day.
func TestReminds(t *testing.T) {
	t.Parallel()
	clock := &moving{at: time.Date(2026, 6, 12, 10, 0, 0, 0, events.Shanghai)}
	w := newWorldAt(t, clock.now)
	directory := &numbers{Directory: w.deps.Directory}
	w.deps.Directory = directory
	w.c.Plan.Deadline = "2026-07-06"
	w.write(w.c)
	w.run()
	eventually(t, "opened", func() bool { _, err := w.get(desk); return err == nil })
	if got := w.reminded(); got != "" {
		t.Errorf("at once: %s", got)
	}
	// The rule changes, so that the first is due on the 16th day before: its moment is to come.
	clock.set(time.Date(2026, 6, 20, 9, 0, 0, 0, events.Shanghai))
	directory.change(t, rules.RemindBeforeFirst, 16)
	w.comes("due-first")
	w.stopped()
	// What comes while it is down is stated together, when it runs again.
	clock.set(time.Date(2026, 7, 3, 9, 0, 0, 0, events.Shanghai))
	w.run()
	w.comes("due-first listing-question due-second")
	clock.set(clock.now().Add(-time.Hour))
	directory.change(t, rules.RemindBeforeFirst, 10)
	w.must(desk, "start", fields{"on": "2026-07-01", "responsible_person": "总经理", "funds_yuan": 1, "interim_safeguards": "停用", "emergency_plan": "撤离"})
	clock.set(time.Date(2026, 7, 6, 9, 0, 0, 0, events.Shanghai))
	directory.change(t, rules.RemindBeforeFirst, 10)
	w.comes("due-first listing-question due-second due-today")
	v, err := w.get(desk)
	if err != nil || v.LastOn != "2026-07-01" || v.History[len(v.History)-1].Type != "reminded" || v.History[len(v.History)-1].Actor.Role != "system" {
		t.Errorf("%+v, %v", v.History, err)
	}
	w.replay()
}

// TestAuthorisation is the table of who may do what: every role, every command, own and other case, exposed and not.
func TestAuthorisation(t *testing.T) {
	t.Parallel()
	may := map[string]string{
		"start": "office", "progress": "unit office", "ask-extension": "unit office", "opine": "overseer office", "grant-extension": "office supervisor", "refuse-extension": "office supervisor",
		"list": "office supervisor", "delist": "office supervisor", "decline-listing": "supervisor", "ask-acceptance": "unit office", "accept": "office supervisor", "return": "office supervisor",
		"close": "signer", "reopen": "supervisor", "ask-transfer": "signer", "transfer": "supervisor", "ask-not-applicable": "signer", "confirm-not-applicable": "supervisor", "decline-ending": "supervisor",
	}
	w := newWorld(t)
	exposed, hidden := w.c, w.c
	hidden.Ref, hidden.State, hidden.Exposures, hidden.ExposedOn = "隐1", events.CaseReviewed, nil, ""
	hidden.ID = events.CaseIDFor(hidden.Office, hidden.Ref)
	w.write(exposed)
	w.write(hidden)
	w.run()
	both := []events.CaseID{exposed.ID, hidden.ID}
	people := map[string]access.Actor{
		"signer":               {Account: "a", Role: access.Office, Office: exposed.Office, Duties: []access.Duty{access.Signer}},
		"drafter":              {Account: "b", Role: access.Office, Office: exposed.Office, Duties: []access.Duty{access.Drafter, access.Reviewer}},
		"another office":       {Account: "c", Role: access.Office, Office: "jilin", Duties: access.Duties()},
		"unit":                 {Account: "d", Role: access.Unit, Cases: both},
		"unit of another case": {Account: "e", Role: access.Unit, Cases: []events.CaseID{events.CaseIDFor("jilin", "x")}},
		"overseer":             {Account: "f", Role: access.Overseer, Cases: both},
		"another overseer":     {Account: "g", Role: access.Overseer},
		"journalist":           {Account: "h", Role: access.Journalist, Outlet: exposed.Exposures[0].OutletID},
		"supervisor":           {Account: "i", Role: access.Supervisor},
		"administrator":        {Account: "j", Role: access.Admin},
	}
	for who, actor := range people {
		for command, roles := range may {
			for _, c := range []events.CaseState{exposed, hidden} {
				want := "not_found"
				own := who == "signer" || who == "drafter" || who == "supervisor"
				theirs := who == "unit" || who == "overseer"
				if own || c.State == events.CaseExposed && (theirs || who == "another office" || who == "journalist") {
					want = "forbidden"
				}
				role, fits := string(actor.Role), own || theirs
				if want == "forbidden" && fits && (slices.Contains(strings.Fields(roles), role) || who == "signer" && roles == "signer") {
					want = "may"
				}
				_, err := rectificationapi.Command(t.Context(), w.as(actor), c.ID, command, "", []byte(`{"unknown":1}`))
				got := string(fault.Of(err).Code)
				if got != "not_found" && got != "forbidden" {
					got = "may"
				}
				if got != want {
					t.Errorf("%s gives %s on a case that is %s: %v, want %s", who, command, c.State, err, want)
				}
			}
		}
	}
	if n := len(rectification.Track()); len(may) != n {
		t.Errorf("the table has %d commands, the track %d", len(may), n)
	}
}

// TestAnyOrder: whatever commands come at once, in any order, with keys that repeat, a record is what its facts fold to, and a key was applied at most once.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.writeMedium()
	w.run()
	n := 0
	bodies := map[string]string{
		"start":    `{"on":"2026-06-12","backdate_reason":"x","responsible_person":"x","funds_yuan":1,"interim_safeguards":"x","emergency_plan":"x"}`,
		"progress": `{"text":"x","item":0,"done":true}`, "ask-extension": `{"reason":"x","safeguards":"x","new_due":"2026-12-01"}`, "grant-extension": `{}`, "refuse-extension": `{}`,
		"list": `{"grade":3,"order_no":"x","body":"x","due":"2026-12-20"}`, "delist": `{"reason":"x"}`, "ask-acceptance": `{"text":"x","media":["` + string(w.medium.ID) + `"]}`,
		"accept": `{"findings":"x","officers":[{"title":"甲","certificate":"1"},{"title":"乙","certificate":"2"}]}`, "return": `{"reason":"x"}`, "reopen": `{"reason":"x","new_due":"2026-12-24"}`,
		"ask-transfer": `{"reason":"x"}`, "decline-ending": `{"reason":"x"}`, "decline-listing": `{"reason":"x"}`,
	}
	names := make([]string, 0, len(bodies))
	for name := range bodies {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(rt *rapid.T) {
		n++
		c := w.c
		c.Ref = fmt.Sprint("任1-", n)
		c.ID = events.CaseIDFor(c.Office, c.Ref)
		w.write(c)
		subject := events.RectificationSubject(c.Office, c.ID)
		type given struct {
			who       access.Actor
			name, key string
		}
		plan := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) given {
			return given{rapid.SampledFrom([]access.Actor{desk, second, province}).Draw(rt, "who"), rapid.SampledFrom(names).Draw(rt, "command"), rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(rt, "key")}
		}), 6, 18).Draw(rt, "plan")
		plan[0] = given{desk, "start", ""}
		for len(plan) > 0 {
			together := plan[:min(len(plan), rapid.IntRange(1, 4).Draw(rt, "at once"))]
			plan = plan[len(together):]
			var wg sync.WaitGroup
			for _, g := range together {
				wg.Go(func() {
					_, err := rectificationapi.Command(t.Context(), w.as(g.who), c.ID, g.name, g.key, []byte(bodies[g.name]))
					if err != nil && !slices.Contains([]fault.Code{fault.Forbidden, fault.Invalid, fault.WrongState, fault.Conflict, fault.KeyReused}, fault.Of(err).Code) {
						t.Errorf("%s: %v", g.name, err)
					}
				})
			}
			wg.Wait()
		}
		keys := map[string]int{}
		history, err := w.bus.History(t.Context(), events.StreamRectification, subject, 1000)
		if err != nil {
			rt.Fatal(err)
		}
		for _, m := range history {
			keys[m.Meta.Command.Key]++
		}
		s := foldAll(rt, history)
		now, err := server.Aggregate.Load(t.Context(), w.bus, subject)
		if err != nil || now.State.Revision != s.Revision || now.State.State != s.State || int(s.Revision) != len(history) {
			rt.Fatalf("%d messages fold to revision %d, the record has %d (%v)", len(history), s.Revision, now.State.Revision, err)
		}
		for key, times := range keys {
			if times != 1 {
				rt.Fatalf("key %s was applied %d times", key, times)
			}
		}
	})
}
