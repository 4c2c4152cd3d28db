package model

import "songshui.internal/events"

// rectification reads what is needed of a rectification.
func (r *reader) rectification(data []byte) (s events.RectificationState, err error) {
	r.reset(data)
	r.object(func(key string) {
		switch key {
		case "id":
			s.ID = events.CaseID(r.str())
		case "office":
			s.Office = events.OfficeSlug(r.word())
		case "state":
			s.State = events.RectificationStatus(r.word())
		case "opened_on":
			s.OpenedOn = r.day()
		case "started_on":
			s.StartedOn = r.day()
		case "dues":
			r.array(func() { s.Dues = append(s.Dues, r.due()) })
		case "extensions":
			r.array(func() { s.Extensions = append(s.Extensions, r.extension()) })
		case "listings":
			r.array(func() { s.Listings = append(s.Listings, r.listing()) })
		case "acceptances":
			r.array(func() { s.Acceptances = append(s.Acceptances, r.acceptance()) })
		case "closings":
			r.array(func() { s.Closings = append(s.Closings, r.closing()) })
		case "reopenings":
			r.array(func() { s.Reopenings = append(s.Reopenings, r.reopening()) })
		case "ending":
			s.Ending = r.ending()
		case "reminders":
			s.Reminders = r.reminders()
		case "listing_answer":
			s.ListingAnswer = r.listingAnswer()
		default:
			r.skip()
		}
	})
	return s, r.err
}

func (r *reader) due() (d events.Due) {
	r.object(func(key string) {
		switch key {
		case "day":
			d.Day = r.day()
		case "set_by":
			d.SetBy = r.word()
		case "set_on":
			d.SetOn = r.day()
		case "backdated":
			d.Backdated = r.bool()
		default:
			r.skip()
		}
	})
	return d
}

func (r *reader) extension() (x events.Extension) {
	r.object(func(key string) {
		switch key {
		case "asked_on":
			x.AskedOn = r.day()
		case "asked_at":
			x.AskedAt = r.time()
		case "new_due":
			x.NewDue = r.day()
		case "due_in_force":
			x.DueInForce = r.day()
		case "listed":
			x.Listed = r.bool()
		case "decision":
			x.Decision = r.word()
		case "decided_on":
			x.DecidedOn = r.day()
		case "decided_at":
			x.DecidedAt = r.time()
		case "backdated":
			x.Backdated = r.bool()
		default:
			r.skip()
		}
	})
	return x
}

func (r *reader) listing() (l events.Listing) {
	r.object(func(key string) {
		switch key {
		case "grade":
			l.Grade = r.int()
		case "on":
			l.On = r.day()
		case "due":
			l.Due = r.day()
		case "delisted_on":
			l.DelistedOn = r.day()
		default:
			r.skip()
		}
	})
	return l
}

func (r *reader) acceptance() (a events.Acceptance) {
	r.object(func(key string) {
		switch key {
		case "asked_on":
			a.AskedOn = r.day()
		case "asked_at":
			a.AskedAt = r.time()
		case "decided_at":
			a.DecidedAt = r.time()
		case "result":
			a.Result = r.word()
		case "decided_on":
			a.DecidedOn = r.day()
		case "round":
			a.Round = r.int()
		default:
			r.skip()
		}
	})
	return a
}

func (r *reader) closing() (c events.Closing) {
	r.object(func(key string) {
		switch key {
		case "on":
			c.On = r.day()
		case "round":
			c.Round = r.int()
		default:
			r.skip()
		}
	})
	return c
}

func (r *reader) reopening() (o events.Reopening) {
	r.object(func(key string) {
		switch key {
		case "on":
			o.On = r.day()
		case "new_due":
			o.NewDue = r.day()
		default:
			r.skip()
		}
	})
	return o
}

func (r *reader) listingAnswer() *events.ListingAnswer {
	if r.null() {
		return nil
	}
	var a events.ListingAnswer
	r.object(func(key string) {
		if key == "on" {
			a.On = r.day()
			return
		}
		r.skip()
	})
	return &a
}

func (r *reader) ending() *events.Ending {
	if r.null() {
		return nil
	}
	var e events.Ending
	r.object(func(key string) {
		switch key {
		case "kind":
			e.Kind = events.RectificationStatus(r.word())
		case "asked_on":
			e.AskedOn = r.day()
		case "asked_at":
			e.AskedAt = r.time()
		case "answered_at":
			e.AnsweredAt = r.time()
		case "consented_on":
			e.ConsentedOn = r.day()
		case "declined_on":
			e.DeclinedOn = r.day()
		default:
			r.skip()
		}
	})
	return &e
}
