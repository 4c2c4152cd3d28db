package model

import (
	"time"

	"songshui.internal/events"
)

// body splits a message's body into fact and state.
func (r *reader) body(data []byte) events.Body {
	var b events.Body
	r.reset(data)
	r.object(func(key string) {
		switch key {
		case "fact":
			b.Fact = r.raw()
		case "state":
			b.State = r.raw()
		default:
			r.skip()
		}
	})
	return b
}

// caseState reads what is needed of a case.
func (r *reader) caseState(data []byte) (s events.CaseState, err error) {
	r.reset(data)
	r.object(func(key string) {
		switch key {
		case "id":
			s.ID = events.CaseID(r.str())
		case "office":
			s.Office = events.OfficeSlug(r.word())
		case "ref":
			s.Ref = r.str()
		case "state":
			s.State = events.CaseStatus(r.word())
		case "sector":
			s.Sector = r.word()
		case "title":
			s.Title = r.str()
		case "enterprise":
			s.Enterprise = r.enterprise()
		case "rectification":
			s.Plan.Deadline = r.deadline()
		case "exposures":
			r.array(func() { s.Exposures = append(s.Exposures, r.publication()) })
		case "exposed_on":
			s.ExposedOn = r.day()
		case "exposed_at":
			s.ExposedAt = r.time()
		case "submitted_on":
			s.SubmittedOn = r.day()
		case "withdrawn_on":
			s.WithdrawnOn = r.day()
		case "embargo":
			s.Embargo = r.embargo()
		case "objections":
			r.array(func() { s.Objections = append(s.Objections, r.objection()) })
		case "withdrawal":
			s.Withdrawal = r.withdrawal()
		case "reminders":
			s.Reminders = r.reminders()
		default:
			r.skip()
		}
	})
	return s, r.err
}

func (r *reader) deadline() (d events.Day) {
	r.object(func(key string) {
		if key == "deadline" {
			d = r.day()
			return
		}
		r.skip()
	})
	return d
}

func (r *reader) enterprise() (e events.Enterprise) {
	r.object(func(key string) {
		switch key {
		case "name":
			e.Name = r.str()
		case "uscc":
			e.USCC = r.str()
		default:
			r.skip()
		}
	})
	return e
}

func (r *reader) publication() (p events.Publication) {
	outlet := ""
	r.object(func(key string) {
		switch key {
		case "outlet":
			outlet = r.word()
		case "level":
			p.Level = r.word()
		case "published_on":
			p.PublishedOn = r.day()
		default:
			r.skip()
		}
	})
	if p.Level == "" {
		p.Outlet = outlet
	}
	return p
}

func (r *reader) embargo() *events.Embargo {
	if r.null() {
		return nil
	}
	var e events.Embargo
	r.object(func(key string) {
		switch key {
		case "outlets":
			r.array(func() { e.Outlets = append(e.Outlets, events.OutletID(r.word())) })
		case "until":
			e.Until = r.time()
		case "set_on":
			e.SetOn = r.day()
		default:
			r.skip()
		}
	})
	return &e
}

func (r *reader) objection() (o events.Objection) {
	r.object(func(key string) {
		switch key {
		case "on":
			o.On = r.day()
		case "at":
			o.At = r.time()
		case "answered_on":
			o.AnsweredOn = r.day()
		case "answered_at":
			o.AnsweredAt = r.time()
		default:
			r.skip()
		}
	})
	return o
}

func (r *reader) withdrawal() *events.Withdrawal {
	if r.null() {
		return nil
	}
	var w events.Withdrawal
	r.object(func(key string) {
		switch key {
		case "asked_on":
			w.AskedOn = r.day()
		case "asked_at":
			w.AskedAt = r.time()
		case "consented_on":
			w.ConsentedOn = r.day()
		case "declined_on":
			w.DeclinedOn = r.day()
		default:
			r.skip()
		}
	})
	return &w
}

func (r *reader) reminders() (out []events.Reminder) {
	r.array(func() {
		var m events.Reminder
		r.object(func(key string) {
			switch key {
			case "kind":
				m.Kind = r.word()
			case "for":
				m.For = r.day()
			case "at":
				m.At = r.time()
			default:
				r.skip()
			}
		})
		out = append(out, m)
	})
	return out
}

// stamp is where a record's last message stands.
type stamp struct {
	sequence uint64
	stored   time.Time
}

// decoded is a message read: one of the three.
type decoded struct {
	stamp
	c  *Case
	r  *Rectification
	rt *Return
}

// decode reads a message of one of the three streams; nil without error for a record that isn't ours (a table, a reserved reference).
func (r *reader) decode(noun, eventType string, at stamp, data []byte) (*decoded, error) {
	body := r.body(data)
	if r.err != nil {
		return nil, r.err
	}
	_, body, err := events.Default.Current(eventType, body)
	if err != nil {
		return nil, err
	}
	d := &decoded{stamp: at}
	switch noun {
	case "case":
		s, err := r.caseState(body.State)
		if err != nil || s.State == events.CaseReserved {
			return nil, err
		}
		d.c = newCase(s, at)
	case "rectification":
		s, err := r.rectification(body.State)
		if err != nil {
			return nil, err
		}
		d.r = &Rectification{stamp: at, RectificationState: s}
	case "return":
		s, err := events.DecodeState[events.ReturnState](events.Default, eventType, body)
		if err != nil {
			return nil, err
		}
		d.rt = &Return{stamp: at, ReturnState: s}
	default:
		return nil, nil
	}
	return d, nil
}
