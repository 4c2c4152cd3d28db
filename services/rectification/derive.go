package rectification

import (
	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
)

// View is what is derived of a rectification for one day: the due day in force, the three clocks and the flags. Days are given days; counts are
// calendar days where not said otherwise.
type View struct {
	AsOf events.Day `json:"as_of"`
	// Due is in force as written; DueMoved where it was moved off days off.
	Due      events.Day `json:"due"`
	DueMoved events.Day `json:"due_moved"`
	// ClockStoppedOn is the day on which the acceptance that was granted in the end was asked for (or of a transfer); nil while the unit's clock runs.
	ClockStoppedOn *events.Day `json:"clock_stopped_on"`
	// OverdueDays adds up over the rounds of a reopened rectification. Overdue 逾期: this round's clock runs past its due day; FinishedLate: it stopped, and some round was late.
	OverdueDays  int  `json:"overdue_days"`
	Overdue      bool `json:"overdue"`
	FinishedLate bool `json:"finished_late"`
	// DueSoon 临期: the clock runs and the due day is at most so many days away as the rule due-soon says.
	DueSoon bool `json:"due_soon"`
	// Listed 挂牌: a listing stands and the rectification hasn't ended; its grade, 0 without one.
	Listed bool `json:"listed"`
	Grade  int  `json:"grade"`
	// LateExtensions has every extension asked; SiteChecks every request for acceptance.
	LateExtensions []ExtensionView `json:"late_extensions"`
	SiteChecks     []SiteCheck     `json:"site_checks"`
	// AwaitingMedia 待媒体回访 is the time between accepted and closed; else nil.
	AwaitingMedia *AwaitingMedia `json:"awaiting_media"`
	// ItemsPastDue are the indices of items past their own days while the clock runs and they aren't done; ItemViews has every item of the day.
	ItemsPastDue []int      `json:"items_past_due"`
	ItemViews    []ItemView `json:"item_views"`
	// ListingQuestion is, for a major case, whether the province said that it is listed, or why not; else nil.
	ListingQuestion *ListingQuestion `json:"listing_question"`
	// ClosedOn is the last closing's day, nil unless closed; DaysToClose counts from the exposure.
	ClosedOn    *events.Day `json:"closed_on"`
	DaysToClose *int        `json:"days_to_close"`
	// CalendarMissing warns that a sum touched a year without a file of days off: only weekends counted.
	CalendarMissing bool `json:"calendar_missing"`
}

// ExtensionView is an extension with its flag 申请过晚.
type ExtensionView struct {
	AskedOn         events.Day `json:"asked_on"`
	DueInForce      events.Day `json:"due_in_force"`
	DueMoved        events.Day `json:"due_moved"`
	WorkingDaysLeft int        `json:"working_days_left"`
	Needed          int        `json:"needed"`
	Late            bool       `json:"late"`
	// Decision is nil while undecided. DecideBy is counted from the system's day of asking.
	Decision *string    `json:"decision"`
	DecideBy events.Day `json:"decide_by"`
}

// SiteCheck is the office's clock for one request, 待验收超期 when late.
type SiteCheck struct {
	AskedOn   events.Day  `json:"asked_on"`
	Due       events.Day  `json:"due"`
	DueMoved  events.Day  `json:"due_moved"`
	CheckedOn *events.Day `json:"checked_on"`
	Late      bool        `json:"late"`
	Result    *string     `json:"result"`
}

// AwaitingMedia is the media's clock.
type AwaitingMedia struct {
	Since events.Day `json:"since"`
	Due   events.Day `json:"due"`
	Late  bool       `json:"late"`
}

// StateOn gives the state at the end of a day; "" before the exposure.
func StateOn(s events.RectificationState, day events.Day) events.RectificationStatus {
	switch {
	case s.ID == "" || day < s.OpenedOn:
		return ""
	case s.Ending != nil && s.Ending.ConsentedOn != "" && s.Ending.ConsentedOn <= day:
		return s.Ending.Kind
	case s.StartedOn == "" || day < s.StartedOn:
		return events.RectificationPending
	}
	round := roundOn(s, day)
	if closing(s, round, day) != nil {
		return events.RectificationClosed
	}
	if accepted(s, round, day) != nil {
		return events.RectificationAccepted
	}
	for _, a := range s.Acceptances {
		if a.Round == round && a.AskedOn <= day && (a.Result == "" || day < a.DecidedOn) {
			return events.RectificationAwaitingAcceptance
		}
	}
	return events.RectificationInProgress
}

// roundOn counts from 0: how often the rectification had been reopened by the end of the day.
func roundOn(s events.RectificationState, day events.Day) int {
	n := 0
	for _, r := range s.Reopenings {
		if r.On <= day {
			n++
		}
	}
	return n
}

func closing(s events.RectificationState, round int, day events.Day) *events.Closing {
	for i, c := range s.Closings {
		if c.Round == round && c.On <= day {
			return &s.Closings[i]
		}
	}
	return nil
}

// accepted gives a round's granted acceptance as known at the end of the day.
func accepted(s events.RectificationState, round int, day events.Day) *events.Acceptance {
	for i, a := range s.Acceptances {
		if a.Round == round && a.Result == events.Accepted && a.DecidedOn <= day {
			return &s.Acceptances[i]
		}
	}
	return nil
}

// Derive tells how a rectification stood at the end of a day. A day before the exposure gives an empty View.
func Derive(s events.RectificationState, n Numbers, asOf events.Day) View {
	v := View{AsOf: asOf, LateExtensions: []ExtensionView{}, SiteChecks: []SiteCheck{}, ItemsPastDue: []int{}, ItemViews: []ItemView{}}
	state := StateOn(s, asOf)
	if state == "" {
		return v
	}
	d := deriver{s: s, n: n, asOf: asOf, state: state, v: &v}
	d.clock()
	d.listing()
	d.extensions()
	d.siteChecks()
	d.media()
	d.closed()
	d.listingQuestion()
	return v
}

type deriver struct {
	s     events.RectificationState
	n     Numbers
	asOf  events.Day
	state events.RectificationStatus
	v     *View
}

// know notes when a sum touches a year without a file.
func (d *deriver) know(days ...events.Day) {
	for _, day := range days {
		if !d.n.Calendar.Known(day) {
			d.v.CalendarMissing = true
		}
	}
}

func (d *deriver) move(day events.Day) events.Day {
	moved := d.n.Calendar.Move(day, d.s.Office)
	d.know(day, moved)
	return moved
}

func (d *deriver) ended() bool {
	return d.state == events.RectificationTransferred || d.state == events.RectificationNotApplicable
}

// clock runs over the rounds: each has its own due day, the last that was set in it.
func (d *deriver) clock() {
	round, last := 0, roundOn(d.s, d.asOf)
	var late bool
	for i, due := range d.s.Dues {
		if due.SetOn > d.asOf {
			break
		}
		if i+1 < len(d.s.Dues) && d.s.Dues[i+1].SetOn <= d.asOf && d.s.Dues[i+1].SetBy != SetByReopened {
			continue
		}
		moved := d.move(due.Day)
		stop := d.stop(round)
		until := d.asOf
		if stop != nil {
			until = *stop
		}
		over := max(0, moved.Until(until))
		d.v.OverdueDays += over
		late = late || over > 0
		if round == last {
			running := stop == nil
			d.v.Due, d.v.DueMoved, d.v.ClockStoppedOn = due.Day, moved, stop
			d.v.Overdue = running && over > 0
			d.v.FinishedLate = !running && late
			d.v.DueSoon = running && over == 0 && d.asOf.Until(moved) <= d.n.rule(rules.DueSoon, d.s)
			d.items(running)
		}
		round++
	}
}

// stop gives the day on which a round's clock stopped; nil while it runs.
func (d *deriver) stop(round int) *events.Day {
	if a := accepted(d.s, round, d.asOf); a != nil {
		return &a.AskedOn
	}
	if d.ended() {
		return &d.s.Ending.ConsentedOn
	}
	return nil
}

func (d *deriver) listing() {
	if d.ended() || d.state == events.RectificationClosed {
		return
	}
	if l := listedOn(d.s, d.asOf); l != nil {
		d.v.Listed, d.v.Grade = true, l.Grade
	}
}

// listedOn gives the listing that stands at the end of a day.
func listedOn(s events.RectificationState, day events.Day) *events.Listing {
	for i, l := range s.Listings {
		if l.On <= day && (l.DelistedOn == "" || l.DelistedOn > day) {
			return &s.Listings[i]
		}
	}
	return nil
}

func (d *deriver) extensions() {
	for _, x := range d.s.Extensions {
		if x.AskedOn > d.asOf {
			continue
		}
		moved := d.move(x.DueInForce)
		e := ExtensionView{AskedOn: x.AskedOn, DueInForce: x.DueInForce, DueMoved: moved, WorkingDaysLeft: d.n.Calendar.Left(x.AskedOn, moved, d.s.Office), Needed: d.n.rule(rules.LateExtension, d.s),
			DecideBy: d.n.Calendar.Add(events.DayOf(x.AskedAt), d.n.rule(rules.DecideExtension, d.s), d.s.Office)}
		if x.Listed {
			e.Needed = d.n.rule(rules.LateExtensionListed, d.s)
		}
		e.Late = e.WorkingDaysLeft < e.Needed
		if x.Decision != "" && x.DecidedOn <= d.asOf {
			e.Decision = &x.Decision
		}
		d.know(x.AskedOn, e.DecideBy)
		d.v.LateExtensions = append(d.v.LateExtensions, e)
	}
}

func (d *deriver) siteChecks() {
	for _, a := range d.s.Acceptances {
		if a.AskedOn > d.asOf {
			continue
		}
		due := a.AskedOn.Add(d.n.rule(rules.SiteCheck, d.s))
		check := SiteCheck{AskedOn: a.AskedOn, Due: due, DueMoved: d.move(due)}
		until := d.asOf
		switch {
		case a.Result != "" && a.DecidedOn <= d.asOf:
			check.CheckedOn, check.Result, until = &a.DecidedOn, &a.Result, a.DecidedOn
		case d.ended():
			// Nothing is left to check once the rectification was handed over.
			until = min(until, d.s.Ending.ConsentedOn)
		}
		check.Late = until > check.DueMoved
		d.v.SiteChecks = append(d.v.SiteChecks, check)
	}
}

func (d *deriver) media() {
	if d.state != events.RectificationAccepted {
		return
	}
	since := accepted(d.s, roundOn(d.s, d.asOf), d.asOf).DecidedOn
	due := d.n.Calendar.Add(since, d.n.rule(rules.AwaitMedia, d.s), d.s.Office)
	d.know(since, due)
	d.v.AwaitingMedia = &AwaitingMedia{Since: since, Due: due, Late: d.asOf > due}
}

func (d *deriver) closed() {
	if d.state != events.RectificationClosed {
		return
	}
	on := closing(d.s, roundOn(d.s, d.asOf), d.asOf).On
	days := d.s.OpenedOn.Until(on)
	d.v.ClosedOn, d.v.DaysToClose = &on, &days
}
