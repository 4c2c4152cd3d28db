package oversight

import (
	"slices"

	"songshui.internal/events"
)

// Shown is what an office and month is worth at the end of a day.
type Shown string

// The states that are shown.
const (
	ShownRunning    Shown = "running"          // 进行中
	ShownAwaiting   Shown = "awaiting-receipt" // 待省收
	ShownReturned   Shown = "returned"         // 退回待补
	ShownMet        Shown = "met"              // 已完成
	ShownMetLate    Shown = "met-late"         // 已完成（迟报）
	ShownRecognised Shown = "recognised"       // 认定 / 补录
	ShownMissed     Shown = "missed"           // 未完成
)

// ShownStates lists them in the order in which they are told.
func ShownStates() []Shown {
	return []Shown{ShownRunning, ShownAwaiting, ShownReturned, ShownMet, ShownMetLate, ShownRecognised, ShownMissed}
}

// Words of ReturnView.Punctual; empty where nothing is to be judged yet.
const (
	PunctualInTime  = "in-time"
	PunctualLate    = "late"
	PunctualOutside = "outside" // 补录: outside the figures
)

// levelMunicipal is what the campaign asks for: a publication in municipal-level mainstream media.
const levelMunicipal = "municipal"

// ReturnCase is what a return is judged by of a case: its id and publications, and the day on which it was withdrawn, if it is.
type ReturnCase struct {
	ID           events.CaseID
	Publications []ReturnPublication
	WithdrawnOn  events.Day
}

// ReturnPublication is one publication: its day and the outlet's level, empty while the outlet is 待认定.
type ReturnPublication struct {
	Level string
	On    events.Day
}

// CaseOfReturn takes from a case what a return is judged by; false for one that was never exposed. level gives the level of an outlet's name that the province has placed since.
func CaseOfReturn(c events.CaseState, level func(outlet string) string) (ReturnCase, bool) {
	if c.ExposedOn == "" || len(c.Exposures) == 0 || c.State != events.CaseExposed && c.State != events.CaseWithdrawn {
		return ReturnCase{}, false
	}
	out := ReturnCase{ID: c.ID, Publications: make([]ReturnPublication, len(c.Exposures))}
	for i, p := range c.Exposures {
		out.Publications[i] = ReturnPublication{Level: p.Level, On: p.PublishedOn}
		if p.Level == "" {
			out.Publications[i].Level = level(p.Outlet)
		}
	}
	if c.State == events.CaseWithdrawn {
		out.WithdrawnOn = c.WithdrawnOn
	}
	return out, true
}

// ReturnView is what is derived of a return for the end of a day.
type ReturnView struct {
	Shown Shown `json:"shown"`
	// Kind is of the recognition, decision 认定 or paper 补录; empty otherwise.
	Kind string `json:"recognised_kind,omitempty"`
	// Overdue says that the due day is past and the month neither met nor recognised, whatever waits for whom.
	Overdue bool `json:"overdue,omitempty"`
	// ZeroReturn 零报告: the newest filing holds no case.
	ZeroReturn bool `json:"zero_return,omitempty"`
	// OnlyOtherLevels: the office was published in the month, but at no outlet of municipal level. Unplaced: the same, and some outlet is 待认定.
	OnlyOtherLevels bool `json:"only_other_levels,omitempty"`
	Unplaced        bool `json:"unplaced,omitempty"`
	// Supplement 补报: there is one.
	Supplement bool `json:"supplement,omitempty"`
	// Backdated 补录: the filing that counts (or the newest, while none does), or the recognition, was entered later from paper.
	Backdated bool `json:"backdated,omitempty"`
	// Punctual judges what counts: in-time, late, outside; empty while nothing counts.
	Punctual string `json:"punctual,omitempty"`
	// Held are the cases of the newest filing; Counted those of received filings by which the month is met, each once.
	Held    []events.CaseID `json:"held,omitempty"`
	Counted []events.CaseID `json:"counted,omitempty"`
	// Published are all of the office's cases with a publication in the month.
	Published []events.CaseID `json:"published,omitempty"`
}

// DeriveReturn tells what a return is worth at the end of a day, by the given days up to it. cases are all of the office. For “now” the day is today's.
//
// Met 已完成: a received filing holds a case that an outlet of municipal level published on a day of the month; late, if the first such filing came in, by the system's time, after the end of the due
// day in Shanghai. A filing from paper 补录 is never late. A supplement that waits or was sent back takes nothing away from what was received before. A case that is withdrawn doesn't count from that day on [ours].
// Missed 未完成 is told only after the due day, and only where nothing waits for the province (待省收) or was sent back to the office (退回待补).
func DeriveReturn(s events.ReturnState, cases []ReturnCase, day events.Day) ReturnView {
	var v ReturnView
	counts := v.publish(s.Month, cases, day)
	filings := filingsTo(s, day)
	decisive := v.file(filings, counts)
	switch rec := recognitionOn(s, day); {
	case rec != nil:
		v.Shown, v.Kind = ShownRecognised, rec.Kind
		paper := rec.Kind == events.RecognisedFromPaper
		v.Backdated = paper || rec.Backdated
		v.Punctual = PunctualOutside
		if first := firstReceived(filings); first != nil && !paper {
			v.Punctual = punctual(s, *first)
		}
		return v
	case decisive != nil:
		v.Shown, v.Backdated, v.Punctual = ShownMet, decisive.Backdated, punctual(s, *decisive)
		if v.Punctual == PunctualLate {
			v.Shown = ShownMetLate
		}
		return v
	}
	v.Overdue = day > s.Due
	v.Shown = ShownRunning
	if v.Overdue {
		v.Shown = ShownMissed
	}
	if len(filings) == 0 {
		return v
	}
	newest := filings[len(filings)-1]
	v.Backdated = newest.Backdated
	switch newest.Result {
	case "":
		v.Shown = ShownAwaiting
	case events.FilingReturned:
		v.Shown = ShownReturned
	}
	return v
}

// publish notes what the office has published in the month, and gives the cases that count.
func (v *ReturnView) publish(month events.Month, cases []ReturnCase, day events.Day) (counts map[events.CaseID]bool) {
	counts = map[events.CaseID]bool{}
	other, unplaced := false, false
	for _, c := range cases {
		if c.WithdrawnOn != "" && c.WithdrawnOn <= day {
			continue
		}
		here := false
		for _, p := range c.Publications {
			if events.MonthOf(p.On) != month || p.On > day {
				continue
			}
			here = true
			switch p.Level {
			case levelMunicipal:
				counts[c.ID] = true
			case "":
				unplaced = true
			default:
				other = true
			}
		}
		if here {
			v.Published = append(v.Published, c.ID)
		}
	}
	v.OnlyOtherLevels = len(counts) == 0 && other
	v.Unplaced = len(counts) == 0 && unplaced
	return counts
}

// file notes what the filings hold, and gives the first received one by which the month is met, nil if there is none.
func (v *ReturnView) file(filings []events.Filing, counts map[events.CaseID]bool) (decisive *events.Filing) {
	for i, f := range filings {
		v.Supplement = v.Supplement || f.Supplement
		v.ZeroReturn, v.Held = len(f.Cases) == 0, f.Cases
		if f.Result != events.FilingReceived {
			continue
		}
		for _, id := range f.Cases {
			if !counts[id] {
				continue
			}
			if decisive == nil {
				decisive = &filings[i]
			}
			if !slices.Contains(v.Counted, id) {
				v.Counted = append(v.Counted, id)
			}
		}
	}
	return decisive
}

// filingsTo gives the filings up to the end of a day, as they stood then.
func filingsTo(s events.ReturnState, day events.Day) []events.Filing {
	var out []events.Filing
	for _, f := range s.Filings {
		if f.On > day {
			break
		}
		if f.AnsweredOn > day {
			f.Result = ""
		}
		out = append(out, f)
	}
	return out
}

func firstReceived(filings []events.Filing) *events.Filing {
	for i := range filings {
		if filings[i].Result == events.FilingReceived {
			return &filings[i]
		}
	}
	return nil
}

// recognitionOn gives the recognition that stood at the end of a day.
func recognitionOn(s events.ReturnState, day events.Day) *events.Recognition {
	if s.Recognition != nil && s.Recognition.On <= day {
		return s.Recognition
	}
	for i := len(s.EarlierRecognitions) - 1; i >= 0; i-- {
		if s.EarlierRecognitions[i].On <= day {
			return &s.EarlierRecognitions[i]
		}
	}
	return nil
}

// punctual judges a filing by the system's time: in time until the end of the due day in Shanghai.
func punctual(s events.ReturnState, f events.Filing) string {
	switch {
	case f.Backdated:
		return PunctualOutside
	case events.DayOf(f.At) > s.Due:
		return PunctualLate
	}
	return PunctualInTime
}
