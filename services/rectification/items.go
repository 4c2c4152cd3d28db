package rectification

import (
	"slices"

	"songshui.internal/events"
)

// ItemView is an item with its due day in force, whether it is done, and its media: as found, and as shown by the reports of progress that name it.
type ItemView struct {
	Violation int              `json:"violation"`
	Measure   string           `json:"measure"`
	Due       events.Day       `json:"due"`
	DueMoved  events.Day       `json:"due_moved"`
	PastDue   bool             `json:"past_due"`
	DoneOn    *events.Day      `json:"done_on"`
	Before    []events.MediaID `json:"before"`
	After     []events.MediaID `json:"after"`
}

// ListingQuestion is the province's clock for a major case; Late when unanswered past its day, or answered after it. Listed says which answer it was.
type ListingQuestion struct {
	Due        events.Day  `json:"due"`
	AnsweredOn *events.Day `json:"answered_on"`
	Listed     bool        `json:"listed"`
	Reason     string      `json:"reason,omitempty"`
	Late       bool        `json:"late"`
}

func (d *deriver) items(running bool) {
	if d.s.StartedOn == "" || d.s.StartedOn > d.asOf {
		return
	}
	for i, item := range d.s.Items {
		due := item.Due
		for n, was := range item.Dues {
			if n == 0 || was.SetOn <= d.asOf {
				due = was.Day
			}
		}
		v := ItemView{Violation: item.Violation, Measure: item.Measure, Due: due, DueMoved: d.move(due), Before: slices.Concat([]events.MediaID{}, item.Before), After: []events.MediaID{}}
		d.progress(i, &v)
		if v.PastDue = running && v.DoneOn == nil && v.DueMoved < d.asOf; v.PastDue {
			d.v.ItemsPastDue = append(d.v.ItemsPastDue, i)
		}
		d.v.ItemViews = append(d.v.ItemViews, v)
	}
}

// progress adds what was reported of an item by the day. A reopening that names another day for it undoes what was done.
func (d *deriver) progress(i int, v *ItemView) {
	for n, p := range d.s.Progress {
		if p.On > d.asOf || p.Item == nil || *p.Item != i {
			continue
		}
		for _, id := range p.Media {
			if !slices.Contains(v.After, id) {
				v.After = append(v.After, id)
			}
		}
		switch {
		case p.Done == nil:
		case *p.Done:
			v.DoneOn = &d.s.Progress[n].On
		default:
			v.DoneOn = nil
		}
	}
	for _, due := range d.s.Items[i].Dues {
		if due.SetBy == SetByReopened && due.SetOn <= d.asOf && v.DoneOn != nil && *v.DoneOn < due.SetOn {
			v.DoneOn = nil
		}
	}
}

func (d *deriver) listingQuestion() {
	if d.s.HazardLevel != hazardMajor {
		return
	}
	q := &ListingQuestion{Due: d.n.ListingDue(d.s)}
	d.know(d.s.OpenedOn, q.Due)
	until := d.asOf
	switch {
	case len(d.s.Listings) > 0 && d.s.Listings[0].On <= d.asOf && (d.s.ListingAnswer == nil || d.s.Listings[0].On <= d.s.ListingAnswer.On):
		q.AnsweredOn, q.Listed = &d.s.Listings[0].On, true
	case d.s.ListingAnswer != nil && d.s.ListingAnswer.On <= d.asOf:
		q.AnsweredOn, q.Reason = &d.s.ListingAnswer.On, d.s.ListingAnswer.Reason
	}
	switch stopped := d.v.ClockStoppedOn; {
	case q.AnsweredOn != nil:
		until = *q.AnsweredOn
	case stopped != nil:
		// Nobody asks any more once it is mended or handed over.
		until = min(until, *stopped)
	}
	q.Late = until > q.Due
	d.v.ListingQuestion = q
}
