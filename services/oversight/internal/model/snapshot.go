package model

import (
	"slices"
	"sync"

	"songshui.internal/events"
	"songshui.internal/services/oversight"
	"songshui.internal/services/rectification/rectificationapi"
)

// keptDays is for how many days what was derived is kept: today's board, yesterday's at midnight, and one that somebody looks back to.
const keptDays = 3

// days keep what was derived of rectifications for some days.
type days struct {
	mu   sync.Mutex
	held []*standings
}

// standings are of one day, by slot; of says which state each was derived of.
type standings struct {
	day events.Day
	mu  sync.Mutex
	of  []*Rectification
	is  []oversight.Standing
	// hits are the figures that each is counted in.
	hits [][]uint8
	// months are what offices' months are worth.
	months map[oversight.ReturnID]keptMonth
}

// keptMonth is what an office's month is worth, and what that was derived of.
type keptMonth struct {
	of    *Return
	due   events.Day
	cases []*Case
	view  oversight.ReturnView
}

// forget drops everything: the rules or the calendar changed.
func (d *days) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = nil
}

func (d *days) at(day events.Day) *standings {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.held, func(s *standings) bool { return s.day == day })
	var s *standings
	if i >= 0 {
		s = d.held[i]
		d.held = slices.Delete(d.held, i, i+1)
	} else {
		s = &standings{day: day}
		if len(d.held) >= keptDays {
			d.held = slices.Delete(d.held, 0, 1)
		}
	}
	d.held = append(d.held, s)
	return s
}

// standings gives what stood at the end of a day, derived anew only of what changed. The caller unlocks it.
func (s *Snapshot) standings(day events.Day) *standings {
	st := s.days.at(day)
	st.mu.Lock()
	if n := len(s.table) - len(st.of); n > 0 {
		st.of, st.is, st.hits = append(st.of, make([]*Rectification, n)...), append(st.is, make([]oversight.Standing, n)...), append(st.hits, make([][]uint8, n)...)
	}
	numbers := rectificationapi.Numbers{Rules: s.lists.Rules(), Calendar: s.lists.Calendar()}
	var stale []int
	for i := range s.table {
		if st.of[i] != s.table[i].r {
			stale = append(stale, i)
		}
	}
	var wg sync.WaitGroup
	for part := range slices.Chunk(stale, max(512, (len(stale)+readers-1)/readers)) {
		wg.Go(func() {
			for _, i := range part {
				st.of[i] = s.table[i].r
				st.is[i] = standing(s.table[i].r, numbers, day)
				st.hits[i] = oversight.Hits(&st.is[i])
			}
		})
	}
	wg.Wait()
	return st
}

// standing is what the board counts of a rectification.
func standing(r *Rectification, n rectificationapi.Numbers, day events.Day) oversight.Standing {
	if r == nil {
		return oversight.Standing{}
	}
	state := rectificationapi.StateOn(r.RectificationState, day)
	if state == "" {
		return oversight.Standing{}
	}
	v := rectificationapi.Derive(r.RectificationState, n, day)
	s := oversight.Standing{State: state, Due: v.Due, DueMoved: v.DueMoved, OverdueDays: v.OverdueDays, Overdue: v.Overdue, FinishedLate: v.FinishedLate, DueSoon: v.DueSoon,
		CalendarMissing: v.CalendarMissing, MediaLate: v.AwaitingMedia != nil && v.AwaitingMedia.Late}
	for _, d := range r.Dues {
		if d.SetOn <= day {
			s.DueOpened, s.DueBackdated = d.SetBy == rectificationapi.SetByOpened, d.Backdated && d.SetBy != rectificationapi.SetByOpened
		}
	}
	if v.Listed {
		s.Grade = v.Grade
	}
	for _, c := range v.SiteChecks {
		s.CheckLate = s.CheckLate || state == events.RectificationAwaitingAcceptance && c.CheckedOn == nil && c.Late
	}
	for _, o := range r.Reopenings {
		s.Reopened = s.Reopened || o.On <= day
	}
	if v.ClosedOn != nil {
		s.ClosedOn, s.DaysToClose = *v.ClosedOn, *v.DaysToClose
	}
	for i, x := range v.LateExtensions {
		s.Extensions = append(s.Extensions, extension(r.Extensions[i], x))
	}
	return s
}

// extension judges one, its decision by the system's time; Derive tells those asked by the day, in the order of the record.
func extension(x events.Extension, v rectificationapi.ExtensionView) oversight.ExtensionStanding {
	out := oversight.ExtensionStanding{AskedOn: x.AskedOn, NewDue: x.NewDue, Late: v.Late, Backdated: x.Backdated}
	if v.Decision == nil || *v.Decision != events.Granted && *v.Decision != events.Refused {
		return out
	}
	out.Decision = *v.Decision
	switch {
	case x.Backdated || x.DecidedAt.IsZero():
		out.Punctual = oversight.PunctualOutside
	case events.DayOf(x.DecidedAt) > v.DecideBy:
		out.Punctual = oversight.PunctualLate
	default:
		out.Punctual = oversight.PunctualInTime
	}
	return out
}

// exposureOf gives a case's publications with the levels of outlets that the province has placed since.
func (s *Snapshot) exposureOf(c *Case) oversight.ReturnCase {
	if !c.unplaced {
		return c.exposure
	}
	e, _ := oversight.CaseOfReturn(c.CaseState, func(name string) string {
		o, _ := s.lists.Outlet(name)
		return o.Level
	})
	return e
}

// line is a case within what a query looks at.
type line struct {
	c        *Case
	exposure oversight.Exposure
	// is is nil where the case wasn't exposed by the day.
	is   *oversight.Standing
	hits []uint8
}

// lines hands every case within a query to each; st are the day's standings. A rectification whose case isn't known yet waits for it.
func (s *Snapshot) lines(q oversight.Query, st *standings, each func(line)) {
	for i := range s.table {
		c := s.table[i].c
		if c == nil || q.Office != "" && c.Office != q.Office || q.Sector != "" && c.Sector != q.Sector {
			continue
		}
		l := line{c: c}
		published := false
		if c.exposed {
			l.exposure, published = oversight.ExposedIn(s.exposureOf(c), q.Month, q.Day)
		}
		if q.Month != "" && !published {
			continue
		}
		if is := &st.is[i]; is.State != "" {
			l.is, l.hits = is, st.hits[i]
		}
		if l.is != nil || l.exposure != oversight.ExposureNone {
			each(l)
		}
	}
}
