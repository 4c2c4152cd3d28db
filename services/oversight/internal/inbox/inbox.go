// Package inbox tells each person what to know of: reminders, what was asked and decided, and what came of returns. Entries are derived from the records (package model) whenever they are asked for, so
// they need no store and come again after a restart; only which of them a person has seen is written, in the bucket inbox, one key for each account. It reads nothing else and writes no fact.
package inbox

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/oversight/internal/model"
	"songshui.internal/services/oversight/oversightapi"
)

const (
	// keptFor is how long an entry stays [ours: a quarter]; keptMost how many a person has at most, the newest.
	keptFor  = 90 * 24 * time.Hour
	keptMost = 500
)

// Kinds of entries besides those of reminders (events.Reminder.Kind), which keep their names.
const (
	KindExtensionAsked      = "extension-asked"
	KindExtensionDecided    = "extension-decided"
	KindAcceptanceAsked     = "acceptance-asked"
	KindAcceptanceReturned  = "acceptance-returned"
	KindAccepted            = "accepted"
	KindTransferAsked       = "transfer-asked"
	KindNotApplicableAsked  = "not-applicable-asked"
	KindEndingDecided       = "ending-decided"
	KindObjection           = "objection"
	KindObjectionAnswered   = "objection-answered"
	KindWithdrawalAsked     = "withdrawal-asked"
	KindReturnFiled         = "return-filed"
	KindReturnReceived      = "return-received"
	KindReturnReturned      = "return-returned"
	KindAnotherCase         = "another-case"
	reminderListingQuestion = "listing-question"
	reminderTalk            = "overdue-talk"
	reminderEmbargo         = "embargo-ended"
	reminderObjection       = "objection-waits"
)

// Entries derives the inbox of a person as of now, the newest first. What asks for something (a reminder, a filing to receive, a site to check, a consent) is there until it is done. Seen isn't filled in.
func Entries(s *model.Snapshot, a access.Actor, now time.Time) []oversightapi.InboxEntry {
	d := &deriver{a: a, since: now.Add(-keptFor), now: now}
	switch a.Role {
	case access.Supervisor, access.Office, access.Unit, access.Overseer:
	default:
		return []oversightapi.InboxEntry{}
	}
	s.Entries(func(e model.Entry) {
		if !a.Sees(e.Case.VisibleTo()) || !d.mine(e.Case) {
			return
		}
		d.ofCase(e.Case)
		if e.Rectification != nil {
			d.ofRectification(e.Case, e.Rectification)
		}
	})
	if a.Role == access.Supervisor || a.Role == access.Office {
		for _, r := range s.Returns() {
			d.ofReturn(r)
		}
	}
	if a.Role == access.Supervisor {
		for _, again := range s.Agains() {
			d.put(again.Case, KindAnotherCase, "", again.Case.ExposedAt, again.Case.ExposedOn, map[string]string{"before": string(again.Before.ID), "before_ref": again.Before.Ref})
		}
	}
	slices.SortFunc(d.out, func(x, y oversightapi.InboxEntry) int { return cmp.Or(y.At.Compare(x.At), cmp.Compare(x.ID, y.ID)) })
	return d.out[:min(len(d.out), keptMost)]
}

type deriver struct {
	a          access.Actor
	since, now time.Time
	out        []oversightapi.InboxEntry
}

// mine says whether the person works on the case: others see an exposed one, too.
func (d *deriver) mine(c *model.Case) bool {
	return d.a.Role == access.Supervisor || d.a.Of(c.Office) || (d.a.Role == access.Unit || d.a.Role == access.Overseer) && d.a.OnCase(c.ID)
}

func (d *deriver) supervisor() bool { return d.a.Role == access.Supervisor }
func (d *deriver) office() bool     { return d.a.Role == access.Office }

// put adds an entry; at is the system's time, on the given day where the record has no time. which tells several of one kind apart.
func (d *deriver) put(c *model.Case, kind, which string, at time.Time, on events.Day, args map[string]string) {
	given := events.Day("")
	if at.IsZero() {
		at, given = on.Time(), on
	}
	if at.Before(d.since) || at.After(d.now) {
		return
	}
	all := map[string]string{"ref": c.Ref, "title": c.Title, "enterprise": c.Enterprise.Name}
	for k, v := range args {
		if v != "" {
			all[k] = v
		}
	}
	id := kind + "." + string(c.ID)
	if which != "" {
		id += "." + which
	}
	d.out = append(d.out, oversightapi.InboxEntry{ID: id, Kind: kind, At: at.UTC(), On: given, Office: c.Office, Case: c.ID, Args: all, Link: "/cases/" + string(c.ID)})
}

func (d *deriver) ofCase(c *model.Case) {
	for _, r := range c.Reminders {
		if d.office() && asksOfCase(c, r.Kind) {
			d.put(c, r.Kind, string(r.For), r.At, "", map[string]string{"for": string(r.For)})
		}
	}
	for i, o := range c.Objections {
		which := strconv.Itoa(i)
		if d.office() || d.supervisor() {
			d.put(c, KindObjection, which, o.At, o.On, nil)
		}
		if o.AnsweredOn != "" && d.a.Role == access.Unit {
			d.put(c, KindObjectionAnswered, which, o.AnsweredAt, o.AnsweredOn, nil)
		}
	}
	if w := c.Withdrawal; w.Waits() && d.supervisor() {
		d.put(c, KindWithdrawalAsked, string(w.AskedOn), w.AskedAt, w.AskedOn, nil)
	}
}

// asksOfCase says whether a case's reminder still asks for something: a publication of a case that is held back, or an answer to an objection.
func asksOfCase(c *model.Case, kind string) bool {
	switch kind {
	case reminderEmbargo:
		return c.State == events.CaseEmbargoed
	case reminderObjection:
		return slices.ContainsFunc(c.Objections, func(o events.Objection) bool { return o.AnsweredOn == "" })
	}
	return true
}

// asks says whether a rectification's reminder still asks for something: the listing's question until it is answered, the others while the rectification isn't accepted or ended.
func asks(r *model.Rectification, kind string) bool {
	if kind == reminderListingQuestion && (r.ListingAnswer != nil || len(r.Listings) > 0) {
		return false
	}
	return r.State == events.RectificationPending || r.State == events.RectificationInProgress || r.State == events.RectificationAwaitingAcceptance
}

// reminded says whom a reminder of a rectification is for: all who work on it; the province is told of the listing's question, which is its own, and of talks.
func (d *deriver) reminded(kind string) bool {
	if d.supervisor() {
		return kind == reminderListingQuestion || kind == reminderTalk
	}
	return kind != reminderListingQuestion
}

func (d *deriver) ofRectification(c *model.Case, r *model.Rectification) {
	for _, m := range r.Reminders {
		if d.reminded(m.Kind) && asks(r, m.Kind) {
			d.put(c, m.Kind, string(m.For), m.At, "", map[string]string{"for": string(m.For)})
		}
	}
	for i, x := range r.Extensions {
		which := strconv.Itoa(i)
		if d.office() || d.a.Role == access.Overseer || d.supervisor() && x.Listed {
			d.put(c, KindExtensionAsked, which, x.AskedAt, x.AskedOn, map[string]string{"due": string(x.NewDue)})
		}
		if x.Decision != "" && !d.supervisor() {
			d.put(c, KindExtensionDecided, which, x.DecidedAt, x.DecidedOn, map[string]string{"due": string(x.NewDue), "decision": x.Decision})
		}
	}
	for i, x := range r.Acceptances {
		if d.supervisor() {
			break
		}
		which := strconv.Itoa(i)
		if d.a.Role != access.Unit && x.Result == "" {
			d.put(c, KindAcceptanceAsked, which, x.AskedAt, x.AskedOn, nil)
		}
		switch x.Result {
		case events.Returned:
			d.put(c, KindAcceptanceReturned, which, x.DecidedAt, x.DecidedOn, nil)
		case events.Accepted:
			d.put(c, KindAccepted, which, x.DecidedAt, x.DecidedOn, nil)
		}
	}
	d.ofEnding(c, r.Ending)
}

func (d *deriver) ofEnding(c *model.Case, e *events.Ending) {
	if e == nil {
		return
	}
	kind := KindTransferAsked
	if e.Kind == events.RectificationNotApplicable {
		kind = KindNotApplicableAsked
	}
	switch decided := max(e.ConsentedOn, e.DeclinedOn); {
	case d.supervisor() && e.Waits():
		d.put(c, kind, string(e.AskedOn), e.AskedAt, e.AskedOn, nil)
	case !d.supervisor() && decided != "":
		d.put(c, KindEndingDecided, string(e.AskedOn), e.AnsweredAt, decided, map[string]string{"kind": string(e.Kind)})
	}
}

func (d *deriver) ofReturn(r *model.Return) {
	if !d.supervisor() && !d.a.Of(r.Office) {
		return
	}
	put := func(kind, which string, at time.Time, args map[string]string) {
		if at.Before(d.since) || at.After(d.now) {
			return
		}
		args["month"], args["due"] = string(r.Month), string(r.Due)
		record := string(r.Office) + "." + string(r.Month)
		d.out = append(d.out, oversightapi.InboxEntry{ID: kind + "." + record + "." + which, Kind: kind, At: at.UTC(), Office: r.Office, Month: r.Month, Args: args,
			Link: "/returns/" + string(r.Office) + "/" + string(r.Month)})
	}
	for i, f := range r.Filings {
		which := strconv.Itoa(i)
		switch {
		case d.supervisor() && f.Result != "":
		case d.supervisor():
			put(KindReturnFiled, which, f.At, map[string]string{"document_no": f.DocumentNo})
		case f.Result == events.FilingReceived:
			put(KindReturnReceived, which, f.AnsweredAt, map[string]string{})
		case f.Result == events.FilingReturned:
			put(KindReturnReturned, which, f.AnsweredAt, map[string]string{"reason": f.Reason})
		}
	}
	if d.office() && (r.State == events.ReturnRunning || r.State == events.ReturnReturned) {
		for _, m := range r.Reminders {
			put(m.Kind, string(m.For), m.At, map[string]string{"for": string(m.For)})
		}
	}
}
