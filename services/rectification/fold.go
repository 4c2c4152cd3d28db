package rectification

import (
	"fmt"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
)

// What set a due day; see events.Due.
const (
	SetByOpened   = "opened"
	SetByStarted  = "started"
	SetByListed   = "listed"
	SetByExtended = "extended"
	SetByReopened = "reopened"
)

// Fold gives the state after a fact; it doesn't change what it was given. A fact of another record's kind is an error.
func Fold(s events.RectificationState, meta events.Meta, fact events.Fact) (events.RectificationState, error) {
	if err := follows(s, fact); err != nil {
		return s, err
	}
	switch f := fact.(type) {
	case events.RectificationRestatedFact:
		return f.State, nil
	case events.RectificationOpenedFact:
		s.ID, s.Office, s.HazardLevel, s.OpenedOn, s.ResponsibleUnit = f.ID, f.Office, f.HazardLevel, f.OpenedOn, f.ResponsibleUnit
		s.State = events.RectificationPending
		s.Dues = []events.Due{{Day: f.Due, SetBy: SetByOpened, SetOn: f.OpenedOn, SetAt: meta.Time, Backdated: meta.Backdated}}
	case events.RectificationStartedFact:
		s = foldStarted(s, meta, f)
	case events.RectificationProgressedFact:
		s.Progress = add(s.Progress, events.Progress{On: meta.On, By: meta.Actor.Account, Text: f.Text, Media: f.Media, Item: f.Item, Done: f.Done})
	case events.ExtensionAskedFact, events.ExtensionOpinedFact, events.ExtensionGrantedFact, events.ExtensionRefusedFact:
		s = foldExtension(s, meta, fact)
	case events.RectificationListedFact:
		s.Listings = add(s.Listings, events.Listing{Grade: f.Grade, OrderNo: f.OrderNo, Body: f.Body, On: meta.On, Due: f.Due})
		s = setDue(s, f.Due, f.Items, SetByListed, meta)
	case events.ListingDeclinedFact:
		s.ListingAnswer = &events.ListingAnswer{On: meta.On, By: meta.Actor.Account, Reason: f.Reason}
	case events.RectificationDelistedFact:
		s.Listings = slices.Clone(s.Listings)
		s.Listings[len(s.Listings)-1].DelistedOn = meta.On
	case events.AcceptanceAskedFact:
		s.State = events.RectificationAwaitingAcceptance
		s.Acceptances = add(s.Acceptances, events.Acceptance{AskedOn: meta.On, AskedAt: meta.Time, AskedBy: meta.Actor.Account, Text: f.Text, Media: f.Media, Round: len(s.Reopenings)})
	case events.RectificationAcceptedFact, events.AcceptanceReturnedFact:
		s = foldDecision(s, meta, fact)
	case events.RectificationClosedFact:
		s.State = events.RectificationClosed
		s.Closings = add(s.Closings, events.Closing{On: meta.On, Outlet: f.Outlet, OutletID: f.OutletID, Headline: f.Headline, URL: f.URL, PublishedOn: f.PublishedOn,
			OtherOutletReason: f.OtherOutletReason, Round: len(s.Reopenings)})
		if s.Ending.Waits() {
			s = declined(s, meta, "")
		}
	case events.RectificationReopenedFact:
		s.State, s.Ending = events.RectificationInProgress, nil
		s.Reopenings = add(s.Reopenings, events.Reopening{On: meta.On, By: f.By, Reason: f.Reason, NewDue: f.NewDue})
		s = setDue(s, f.NewDue, f.Items, SetByReopened, meta)
	case events.TransferAskedFact:
		s.Ending = asked(events.RectificationTransferred, meta, f.EndingAsked)
	case events.NotApplicableAskedFact:
		s.Ending = asked(events.RectificationNotApplicable, meta, f.EndingAsked)
	case events.RectificationTransferredFact:
		s = foldEnding(s, meta, f.EndingConsented)
	case events.RectificationNotApplicableFact:
		s = foldEnding(s, meta, f.EndingConsented)
	case events.EndingDeclinedFact:
		s = declined(s, meta, f.Reason)
	case events.RectificationRemindedFact:
		// A reminder is no step: the day on which it is stated must not keep a step of an earlier day from being entered.
		s.Reminders = append(slices.Clone(s.Reminders), f.Reminders...)
		return s, nil
	default:
		return s, fmt.Errorf("rectification: %s is no fact of a rectification", fact.EventType())
	}
	s.LastOn = s.LastOn.Max(meta.On)
	return s, nil
}

// follows refuses a fact that has nothing to stand on: a log that was tampered with must be found, not crash what reads it.
func follows(s events.RectificationState, fact events.Fact) error {
	ok := s.ID != ""
	switch fact.(type) {
	case events.RectificationRestatedFact:
		ok = true
	case events.RectificationOpenedFact:
		ok = s.ID == ""
	case events.ExtensionOpinedFact, events.ExtensionGrantedFact, events.ExtensionRefusedFact:
		ok = openExtension(s) != nil
	case events.RectificationDelistedFact:
		ok = openListing(s) != nil
	case events.RectificationAcceptedFact, events.AcceptanceReturnedFact:
		ok = openAcceptance(s) != nil
	case events.RectificationTransferredFact, events.RectificationNotApplicableFact, events.EndingDeclinedFact:
		ok = s.Ending != nil
	case events.RectificationProgressedFact, events.ExtensionAskedFact, events.RectificationListedFact, events.RectificationReopenedFact:
		ok = ok && itemsExist(s, fact)
	}
	if !ok {
		return fmt.Errorf("rectification: %s doesn't fit the facts before it", fact.EventType())
	}
	return nil
}

// add appends to a fresh array: the state before may still be in use.
func add[T any](list []T, one T) []T {
	return append(slices.Clone(list), one)
}

func foldStarted(s events.RectificationState, meta events.Meta, f events.RectificationStartedFact) events.RectificationState {
	s.State, s.StartedOn = events.RectificationInProgress, meta.On
	s.ResponsibleUnit, s.ResponsiblePerson, s.SupervisingUnit = f.ResponsibleUnit, f.ResponsiblePerson, f.SupervisingUnit
	s.FundsYuan, s.InterimSafeguards, s.EmergencyPlan, s.Items = f.FundsYuan, f.InterimSafeguards, f.EmergencyPlan, f.Items
	if f.Due != "" {
		s = setDue(s, f.Due, nil, SetByStarted, meta)
	}
	return s
}

func foldExtension(s events.RectificationState, meta events.Meta, fact events.Fact) events.RectificationState {
	if f, ok := fact.(events.ExtensionAskedFact); ok {
		s.Extensions = add(s.Extensions, events.Extension{AskedOn: meta.On, AskedAt: meta.Time, AskedBy: meta.Actor.Account, Reason: f.Reason, Safeguards: f.Safeguards, NewDue: f.NewDue,
			Items: f.Items, DueInForce: dueInForce(s), Listed: openListing(s) != nil, Backdated: meta.Backdated})
		return s
	}
	s.Extensions = slices.Clone(s.Extensions)
	x := &s.Extensions[len(s.Extensions)-1]
	switch f := fact.(type) {
	case events.ExtensionOpinedFact:
		x.Opinion = &events.Opinion{On: meta.On, By: meta.Actor.Account, Text: f.Text}
		if meta.Actor.Role != string(access.Overseer) {
			// The office hands in the overseer's paper: the opinion has the paper's day, which may be missing.
			x.Opinion.On = f.PaperOn
		}
	case events.ExtensionGrantedFact:
		x.Decision, x.DecidedOn, x.DecisionText = events.Granted, meta.On, f.Text
		x.DecidedAt, x.Backdated = meta.Time, x.Backdated || meta.Backdated
		s = setDue(s, x.NewDue, x.Items, SetByExtended, meta)
	case events.ExtensionRefusedFact:
		x.Decision, x.DecidedOn, x.DecisionText = events.Refused, meta.On, f.Text
		x.DecidedAt, x.Backdated = meta.Time, x.Backdated || meta.Backdated
	}
	return s
}

func foldDecision(s events.RectificationState, meta events.Meta, fact events.Fact) events.RectificationState {
	s.Acceptances = slices.Clone(s.Acceptances)
	a := &s.Acceptances[len(s.Acceptances)-1]
	a.DecidedOn, a.DecidedAt, a.DecidedBy = meta.On, meta.Time, meta.Actor.Account
	switch f := fact.(type) {
	case events.RectificationAcceptedFact:
		s.State, a.Result, a.SiteRecord = events.RectificationAccepted, events.Accepted, &f.SiteRecord
		if x := openExtension(s); x != nil {
			s.Extensions = slices.Clone(s.Extensions)
			last := &s.Extensions[len(s.Extensions)-1]
			last.Decision, last.DecidedOn, last.DecidedAt = events.Lapsed, meta.On, meta.Time
		}
	case events.AcceptanceReturnedFact:
		s.State, a.Result, a.Reason, a.SiteRecord = events.RectificationInProgress, events.Returned, f.Reason, f.SiteRecord
	}
	return s
}

func asked(kind events.RectificationStatus, meta events.Meta, f events.EndingAsked) *events.Ending {
	return &events.Ending{Kind: kind, AskedOn: meta.On, AskedAt: meta.Time, AskedBy: meta.Actor.Account, Reason: f.Reason}
}

func foldEnding(s events.RectificationState, meta events.Meta, f events.EndingConsented) events.RectificationState {
	ending := *s.Ending
	ending.ConsentedOn, ending.AnsweredAt, ending.ConsentReason = meta.On, meta.Time, f.Reason
	s.State, s.Ending = ending.Kind, &ending
	return s
}

// declined ends a request for an ending without one.
func declined(s events.RectificationState, meta events.Meta, reason string) events.RectificationState {
	ending := *s.Ending
	ending.DeclinedOn, ending.AnsweredAt, ending.DeclineReason = meta.On, meta.Time, reason
	s.Ending = &ending
	return s
}

// setDue sets a new due day, and those of the items that were named with it.
func setDue(s events.RectificationState, day events.Day, items []events.ItemDue, by string, meta events.Meta) events.RectificationState {
	s.Dues = add(s.Dues, events.Due{Day: day, SetBy: by, SetOn: meta.On, SetAt: meta.Time, Backdated: meta.Backdated})
	if len(items) == 0 {
		return s
	}
	s.Items = slices.Clone(s.Items)
	for _, named := range items {
		i := &s.Items[named.Item]
		if len(i.Dues) == 0 {
			i.Dues = []events.Due{{Day: i.Due, SetBy: SetByStarted, SetOn: s.StartedOn}}
		}
		i.Due, i.Dues = named.Due, add(i.Dues, events.Due{Day: named.Due, SetBy: by, SetOn: meta.On, SetAt: meta.Time, Backdated: meta.Backdated})
	}
	return s
}

// itemsExist says whether the items that a fact names are there.
func itemsExist(s events.RectificationState, fact events.Fact) bool {
	var named []events.ItemDue
	switch f := fact.(type) {
	case events.RectificationProgressedFact:
		if f.Item != nil {
			named = []events.ItemDue{{Item: *f.Item}}
		}
	case events.ExtensionAskedFact:
		named = f.Items
	case events.RectificationListedFact:
		named = f.Items
	case events.RectificationReopenedFact:
		named = f.Items
	}
	for _, n := range named {
		if n.Item < 0 || n.Item >= len(s.Items) {
			return false
		}
	}
	return true
}

// dueInForce gives the due day as written.
func dueInForce(s events.RectificationState) events.Day {
	if len(s.Dues) == 0 {
		return ""
	}
	return s.Dues[len(s.Dues)-1].Day
}

// openExtension gives the extension that waits for a decision; nil without one.
func openExtension(s events.RectificationState) *events.Extension {
	if n := len(s.Extensions); n > 0 && s.Extensions[n-1].Decision == "" {
		return &s.Extensions[n-1]
	}
	return nil
}

// openAcceptance gives the request that waits for a site check; nil without one.
func openAcceptance(s events.RectificationState) *events.Acceptance {
	if n := len(s.Acceptances); n > 0 && s.Acceptances[n-1].Result == "" {
		return &s.Acceptances[n-1]
	}
	return nil
}

// openListing gives the listing that stands; nil without one.
func openListing(s events.RectificationState) *events.Listing {
	if n := len(s.Listings); n > 0 && s.Listings[n-1].DelistedOn == "" {
		return &s.Listings[n-1]
	}
	return nil
}
