package intake

import (
	"slices"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Submit gives the fact of a first submission, or a refusal naming every wrong field. decoded are wrong fields that the decoding found already.
func Submit(a access.Actor, b Body, r Resolved, now time.Time, decoded []fault.Field) (events.CaseSubmittedFact, access.Given, error) {
	if a.Role != access.Office {
		return events.CaseSubmittedFact{}, access.Given{}, fault.New(fault.Forbidden, "intake: submit")
	}
	if !slices.ContainsFunc(decoded, func(f fault.Field) bool { return f.Field == "office" }) && b.Office != "" && b.Office != string(a.Office) && r.OfficeExists(events.OfficeSlug(b.Office), events.DayOf(now)) {
		return events.CaseSubmittedFact{}, access.Given{}, &fault.Error{Code: fault.Forbidden, Op: "intake: submit", Fields: []fault.Field{{Field: "office", Code: "forbidden"}}}
	}
	d := &decision{Request: Request{Actor: a, Resolved: r, Now: now}, check: check{today: events.DayOf(now)}}
	d.Fields = append(append(d.Fields, decoded...), r.Wrong...)
	s := d.submission(b)
	d.giveDay(b.On, b.BackdateReason, "")
	s.BackdateReason = d.given.Reason
	return events.CaseSubmittedFact{Submission: s}, d.given, unique(d.Fields).Err("intake: submit")
}

// unique keeps one error for each path: a field of a wrong type is missing too, and what lies below it.
func unique(all fault.Fields) fault.Fields {
	var out fault.Fields
	for _, f := range all {
		if !slices.ContainsFunc(out, func(o fault.Field) bool { return covers(o.Field, f.Field) }) {
			out = append(out, f)
		}
	}
	return out
}

func covers(outer, path string) bool {
	if outer == "" { // the body as a whole
		return true
	}
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// submission checks a body and puts in what was resolved.
func (d *decision) submission(b Body) events.Submission {
	s := b.check(&d.check)
	s.Ref, s.RefKey = d.Resolved.Ref, d.Resolved.RefKey
	if b.Ref != "" && s.RefKey == "" {
		d.Add("ref", empty)
	}
	switch {
	case b.Office == "":
		d.Add("office", required)
	case !d.Resolved.OfficeExists(s.Office, d.today):
		d.Add("office", unknownValue)
	}
	for i := range s.Exposures {
		s.Exposures[i] = d.placed(s.Exposures[i])
	}
	s.Media = d.Resolved.Media
	if s.Media == nil {
		s.Media = []events.CaseMedium{}
	}
	s.ID = events.CaseIDFor(s.Office, s.RefKey)
	s.Digest = digest(s)
	return s
}

// placed gives a publication with its outlet's place in the list; an unknown outlet stays 待认定.
func (d *decision) placed(p events.Publication) events.Publication {
	if o, ok := d.Resolved.Outlet(p.Outlet); ok {
		p.OutletID, p.Level = o.ID, o.Level
	}
	return p
}

func decideReview(d *decision) events.Fact {
	d.optional("opinion", d.Body.Opinion, MaxReason)
	return events.CaseReviewedFact{Opinion: d.Body.Opinion, BackdateReason: d.given.Reason}
}

func decideEmbargo(d *decision) events.Fact {
	if len(d.Body.Outlets) == 0 {
		d.Add("outlets", required)
	}
	var ids []events.OutletID
	for i, name := range d.Body.Outlets {
		o, ok := d.Resolved.Outlet(name)
		switch {
		case !ok:
			d.Add(fault.Index("outlets", i, ""), unknownValue)
		case slices.Contains(ids, o.ID):
			d.Add(fault.Index("outlets", i, ""), duplicate)
		default:
			ids = append(ids, o.ID)
		}
	}
	until, err := time.Parse(time.RFC3339, d.Body.Until)
	switch {
	case d.Body.Until == "":
		d.Add("until", required)
	case err != nil:
		d.Add("until", format)
	case events.DayOf(until) < d.given.On:
		d.Add("until", "in_past")
	}
	return events.CaseEmbargoedFact{Outlets: ids, Until: until.UTC(), BackdateReason: d.given.Reason}
}

func decideLift(d *decision) events.Fact {
	d.text("reason", d.Body.Reason, MaxReason)
	return events.CaseEmbargoLiftedFact{Reason: d.Body.Reason, BackdateReason: d.given.Reason}
}

func decidePublish(d *decision) events.Fact {
	b := d.Body
	p := ExposureBody{Outlet: b.Outlet, OutletLevel: b.OutletLevel, Kind: b.Kind, Headline: b.Headline, URL: b.URL, Clip: b.Clip, PublishedOn: b.PublishedOn}.check(&d.check, "")
	p = d.placed(p)
	if e := d.current.Embargo; e != nil && p.PublishedOn != "" && p.PublishedOn < events.DayOf(e.Until) {
		d.unfit.Add("published_on", "before_embargo_end")
	}
	for _, other := range d.current.Exposures {
		if other.Outlet == p.Outlet && other.PublishedOn == p.PublishedOn && other.Headline == p.Headline {
			d.unfit.Add("headline", duplicate)
		}
	}
	d.room("outlet", len(d.current.Exposures)+1, MaxExposures)
	if d.current.State == events.CaseExposed {
		return events.CasePublicationAddedFact{Publication: p, BackdateReason: d.given.Reason}
	}
	return events.CaseExposedFact{Publication: p, BackdateReason: d.given.Reason}
}

func decideAmend(d *decision) events.Fact {
	d.optional("reason", d.Body.Reason, MaxReason)
	return events.CaseAmendedFact{CaseChange: d.change()}
}

func decideCorrect(d *decision) events.Fact {
	d.text("reason", d.Body.Reason, MaxReason)
	return events.CaseCorrectedFact{CaseChange: d.change()}
}

// change applies the changed fields and checks the case as a whole, since one field's rule may rest on another.
func (d *decision) change() events.CaseChange {
	body, names := d.Body.apply(contentBody(d.current.CaseContent))
	if len(names) == 0 && len(d.Fields) == 0 {
		d.Add("", required)
	}
	return events.CaseChange{Content: body.check(&d.check), Fields: names, Reason: d.Body.Reason, BackdateReason: d.given.Reason}
}

// contentBody gives a case's content in the form in which it is sent.
func contentBody(c events.CaseContent) ContentBody {
	b := ContentBody{Sector: c.Sector, Category: c.Category, HazardLevel: c.HazardLevel, Title: c.Title, Summary: c.Summary, Violations: c.Violations, Enterprise: &c.Enterprise,
		FoundOn: string(c.FoundOn), PenaltyYuan: c.PenaltyYuan, Tags: c.Tags, Plan: &PlanBody{ResponsibleUnit: c.Plan.ResponsibleUnit, Measures: c.Plan.Measures, Deadline: string(c.Plan.Deadline)}}
	if c.Location != nil {
		b.Location = &LocationBody{Lat: &c.Location.Lat, Lon: &c.Location.Lon}
	}
	return b
}

// apply gives the content with the changes, and the names of the fields that were given.
func (ch Changes) apply(b ContentBody) (ContentBody, []string) {
	var names []string
	set(&names, "sector", &b.Sector, ch.Sector)
	set(&names, "category", &b.Category, ch.Category)
	set(&names, "hazard_level", &b.HazardLevel, ch.HazardLevel)
	set(&names, "title", &b.Title, ch.Title)
	set(&names, "summary", &b.Summary, ch.Summary)
	set(&names, "violations", &b.Violations, ch.Violations)
	set(&names, "enterprise", b.Enterprise, ch.Enterprise)
	set(&names, "found_on", &b.FoundOn, ch.FoundOn)
	set(&names, "rectification", b.Plan, ch.Plan)
	set(&names, "tags", &b.Tags, ch.Tags)
	if ch.Location != nil {
		b.Location, names = ch.Location, append(names, "location")
	}
	if ch.PenaltyYuan != nil {
		b.PenaltyYuan, names = ch.PenaltyYuan, append(names, "penalty_yuan")
	}
	return b, names
}

func set[T any](names *[]string, name string, to, value *T) {
	if value != nil {
		*to, *names = *value, append(*names, name)
	}
}

func decideRenumber(d *decision) events.Fact {
	d.text("ref", d.Body.Ref, MaxRef)
	d.optional("reason", d.Body.Reason, MaxReason)
	return events.CaseRenumberedFact{Ref: d.Resolved.Ref, RefKey: d.Resolved.RefKey, Reason: d.Body.Reason, BackdateReason: d.given.Reason}
}

func decideAttach(d *decision) events.Fact {
	if len(d.Body.Media) == 0 {
		d.Add("media", required)
	}
	checkMedia(&d.check, d.Body.Media)
	d.room("media", len(d.current.Media)+len(d.Body.Media), MaxMedia)
	if len(d.Resolved.Media) == len(d.Body.Media) { // else one wasn't found, which is named
		for i, m := range d.Resolved.Media {
			if slices.ContainsFunc(d.current.Media, func(x events.CaseMedium) bool { return x.ID == m.ID }) {
				d.unfit.Add(fault.Index("media", i, d.Body.Media[i].Name()), duplicate)
			}
		}
	}
	return events.CaseMediaAttachedFact{Media: d.Resolved.Media, BackdateReason: d.given.Reason}
}

func decideDetach(d *decision) events.Fact {
	if len(d.Body.Media) == 0 {
		d.Add("media", required)
	}
	d.optional("reason", d.Body.Reason, MaxReason)
	var ids []events.MediaID
	for i, m := range d.Body.Media {
		at := slices.IndexFunc(d.current.Media, func(x events.CaseMedium) bool {
			return m.ID != "" && string(x.ID) == m.ID || m.ID == "" && x.File == m.File
		})
		if at < 0 {
			d.unfit.Add(fault.Index("media", i, m.Name()), notFound)
			continue
		}
		ids = append(ids, d.current.Media[at].ID)
	}
	return events.CaseMediaDetachedFact{Media: ids, Reason: d.Body.Reason, BackdateReason: d.given.Reason}
}

func decideObject(d *decision) events.Fact {
	d.text("text", d.Body.Text, MaxText)
	d.count("documents", len(d.Body.Documents), MaxMedia)
	var documents []events.MediaID
	for _, m := range d.Resolved.Documents {
		documents = append(documents, m.ID)
	}
	return events.CaseObjectedFact{Text: d.Body.Text, Documents: documents, BackdateReason: d.given.Reason}
}

// openObjection gives the index of the objection that is named, or of the oldest that waits for an answer; -1 if there is none.
func openObjection(c events.CaseState, named *int) int {
	if named != nil {
		if *named < 0 || *named >= len(c.Objections) || c.Objections[*named].Answer != "" {
			return -1
		}
		return *named
	}
	return slices.IndexFunc(c.Objections, func(o events.Objection) bool { return o.Answer == "" })
}

func decideAnswer(d *decision) events.Fact {
	d.text("text", d.Body.Text, MaxText)
	i := openObjection(d.current, d.Body.Objection)
	if i < 0 {
		d.unfit.Add("objection", notFound)
	}
	return events.CaseObjectionAnsweredFact{Objection: i, Text: d.Body.Text, BackdateReason: d.given.Reason}
}

func decideAskWithdrawal(d *decision) events.Fact {
	d.text("reason", d.Body.Reason, MaxReason)
	return events.CaseWithdrawalAskedFact{Reason: d.Body.Reason, BackdateReason: d.given.Reason}
}

func decideWithdraw(d *decision) events.Fact {
	d.text("reason", d.Body.Reason, MaxReason)
	d.asked()
	return events.CaseWithdrawnFact{Reason: d.Body.Reason, BackdateReason: d.given.Reason}
}

func decideDeclineWithdrawal(d *decision) events.Fact {
	d.text("reason", d.Body.Reason, MaxReason)
	d.asked()
	return events.CaseWithdrawalDeclinedFact{Reason: d.Body.Reason, BackdateReason: d.given.Reason}
}

func (d *decision) asked() {
	if !d.current.Withdrawal.Waits() {
		d.unfit.Add("", "withdrawal_not_asked")
	}
}

func decideResubmit(d *decision) events.Fact {
	s := d.submission(d.Resubmission)
	if s.RefKey != d.current.RefKey {
		d.Add("ref", "mismatch")
	}
	if s.Office != d.current.Office {
		d.Add("office", "forbidden")
	}
	s.ID, s.BackdateReason = d.current.ID, d.given.Reason
	return events.CaseResubmittedFact{Submission: s}
}

// Reserve gives the fact that holds a new reference for a case, nil if it holds it already, or `duplicate`.
func Reserve(current events.CaseState, office events.OfficeSlug, ref, key string, holder events.CaseID) (events.Fact, error) {
	switch {
	case current.State == "":
		return events.CaseReservedFact{Office: office, Ref: ref, RefKey: key, For: holder}, nil
	case current.ID == holder || current.State == events.CaseReserved && current.ReservedFor == holder:
		return nil, nil
	}
	return nil, &fault.Error{Code: fault.Duplicate, Op: "intake: renumber", Fields: []fault.Field{{Field: "ref", Code: duplicate}}}
}

// Again judges a submission of a reference that is there: nil for the same, `duplicate` for any other.
func Again(current events.CaseState, s events.Submission) error {
	if current.State != events.CaseReserved && current.Digest == s.Digest {
		return nil
	}
	return &fault.Error{Code: fault.Duplicate, Op: "intake: submit " + s.Ref, Fields: []fault.Field{{Field: "ref", Code: duplicate}}}
}
