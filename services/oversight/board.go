package oversight

import (
	"cmp"
	"math"
	"slices"

	"songshui.internal/events"
)

// Figure names a figure of the board.
type Figure string

// The figures. Those of cases and extensions are by the given days, those of punctuality by the system's time without 补录.
const (
	// FigureExposed 曝光案件 counts cases published by the day and not withdrawn; the three below it are its parts: by a municipal outlet, at other levels only, by outlets that are 待认定 only.
	FigureExposed          Figure = "exposed"
	FigureExposedMunicipal Figure = "exposed-municipal"
	FigureExposedOther     Figure = "exposed-other-levels"
	FigureExposedUnplaced  Figure = "exposed-unplaced"

	// FigureOpen 未销号 is pending, in progress, awaiting check and awaiting media together.
	FigureOpen              Figure = "open"
	FigurePending           Figure = "pending"
	FigureInProgress        Figure = "in-progress"
	FigureDueSoon           Figure = "due-soon"            // 临期
	FigureOverdue           Figure = "overdue"             // 逾期
	FigureAwaitingCheck     Figure = "awaiting-check"      // 待验收
	FigureAwaitingCheckLate Figure = "awaiting-check-late" // 待验收超期
	FigureAwaitingMedia     Figure = "awaiting-media"      // 待媒体回访
	FigureAwaitingMediaLate Figure = "awaiting-media-late"
	FigureClosed            Figure = "closed"         // 已销号
	FigureReopened          Figure = "reopened"       // 重新挂账, once at least
	FigureTransferred       Figure = "transferred"    // 移送
	FigureNotApplicable     Figure = "not-applicable" // 不适用
	FigureFinishedLate      Figure = "finished-late"
	FigureListed            Figure = "listed" // 挂牌

	// FigureDaysMedian and FigureDaysP90 are days from the exposure to 销号 of the closed cases, by nearest rank; their list is those cases.
	FigureDaysMedian Figure = "days-to-close-median"
	FigureDaysP90    Figure = "days-to-close-p90"

	FigureExtensionsAsked    Figure = "extensions-asked"
	FigureExtensionsGranted  Figure = "extensions-granted"
	FigureExtensionsLate     Figure = "extensions-late" // 申请过晚
	FigureDecisionsInTime    Figure = "decisions-in-time"
	FigureDecisionsLate      Figure = "decisions-late"
	FigureReturnsInTime      Figure = "returns-in-time"
	FigureReturnsLate        Figure = "returns-late"
	FigureMonthsOtherLevels  Figure = "months-other-levels" // exposed at another level only
	FigureMonthsNothing      Figure = "months-nothing-exposed"
	figureReturnsShownPrefix        = "returns-"
)

// Unit says what the rows of a figure's list are.
type Unit string

// The units: a row for each case, for each extension, or for each office and month.
const (
	UnitCases      Unit = "cases"
	UnitExtensions Unit = "extensions"
	UnitMonths     Unit = "months"
)

// FigureDef is a row of the table of figures.
type FigureDef struct {
	Figure Figure
	Unit   Unit
	// Percentile of the days to close; 0 where the figure is the number of rows.
	Percentile int

	standing func(*Standing) bool
	exposure func(Exposure) bool
	// extension says whether an extension counts.
	extension func(*ExtensionStanding) bool
	month     func(*ReturnView) bool
}

func inState(states ...events.RectificationStatus) func(*Standing) bool {
	return func(s *Standing) bool { return slices.Contains(states, s.State) }
}

// figures is the one table from which the board is counted and its lists are made.
var figures = makeFigures()

func makeFigures() []FigureDef {
	ofCases := func(f Figure, is func(*Standing) bool) FigureDef {
		return FigureDef{Figure: f, Unit: UnitCases, standing: is}
	}
	exposed := func(f Figure, is func(Exposure) bool) FigureDef {
		return FigureDef{Figure: f, Unit: UnitCases, exposure: is}
	}
	extensions := func(f Figure, is func(*ExtensionStanding) bool) FigureDef {
		return FigureDef{Figure: f, Unit: UnitExtensions, extension: is}
	}
	months := func(f Figure, is func(*ReturnView) bool) FigureDef {
		return FigureDef{Figure: f, Unit: UnitMonths, month: is}
	}
	closed := inState(events.RectificationClosed)
	out := []FigureDef{
		exposed(FigureExposed, func(e Exposure) bool { return e != ExposureNone }),
		exposed(FigureExposedMunicipal, func(e Exposure) bool { return e == ExposureMunicipal }),
		exposed(FigureExposedOther, func(e Exposure) bool { return e == ExposureOther }),
		exposed(FigureExposedUnplaced, func(e Exposure) bool { return e == ExposureUnplaced }),
		ofCases(FigureOpen, (*Standing).Open),
		ofCases(FigurePending, inState(events.RectificationPending)),
		ofCases(FigureInProgress, inState(events.RectificationInProgress)),
		ofCases(FigureDueSoon, func(s *Standing) bool { return s.DueSoon }),
		ofCases(FigureOverdue, func(s *Standing) bool { return s.Overdue }),
		ofCases(FigureAwaitingCheck, inState(events.RectificationAwaitingAcceptance)),
		ofCases(FigureAwaitingCheckLate, func(s *Standing) bool { return s.CheckLate }),
		ofCases(FigureAwaitingMedia, inState(events.RectificationAccepted)),
		ofCases(FigureAwaitingMediaLate, func(s *Standing) bool { return s.MediaLate }),
		ofCases(FigureClosed, closed),
		ofCases(FigureReopened, func(s *Standing) bool { return s.Reopened }),
		ofCases(FigureTransferred, inState(events.RectificationTransferred)),
		ofCases(FigureNotApplicable, inState(events.RectificationNotApplicable)),
		ofCases(FigureFinishedLate, func(s *Standing) bool { return s.FinishedLate }),
		ofCases(FigureListed, func(s *Standing) bool { return s.Grade > 0 }),
		{Figure: FigureDaysMedian, Unit: UnitCases, Percentile: 50, standing: closed},
		{Figure: FigureDaysP90, Unit: UnitCases, Percentile: 90, standing: closed},
		extensions(FigureExtensionsAsked, func(*ExtensionStanding) bool { return true }),
		extensions(FigureExtensionsGranted, func(x *ExtensionStanding) bool { return x.Decision == events.Granted }),
		extensions(FigureExtensionsLate, func(x *ExtensionStanding) bool { return x.Late }),
		extensions(FigureDecisionsInTime, func(x *ExtensionStanding) bool { return x.Punctual == PunctualInTime }),
		extensions(FigureDecisionsLate, func(x *ExtensionStanding) bool { return x.Punctual == PunctualLate }),
	}
	for _, shown := range ShownStates() {
		out = append(out, months(Figure(figureReturnsShownPrefix)+Figure(shown), func(v *ReturnView) bool { return v.Shown == shown }))
	}
	return append(out,
		months(FigureReturnsInTime, func(v *ReturnView) bool { return v.Punctual == PunctualInTime }),
		months(FigureReturnsLate, func(v *ReturnView) bool { return v.Punctual == PunctualLate }),
		months(FigureMonthsOtherLevels, func(v *ReturnView) bool { return v.OnlyOtherLevels }),
		months(FigureMonthsNothing, func(v *ReturnView) bool { return len(v.Published) == 0 }))
}

// Figures lists every figure in the order of the table.
func Figures() []FigureDef { return slices.Clone(figures) }

// LookupFigure finds a figure; false if there is none of that name.
func LookupFigure(f Figure) (FigureDef, bool) {
	i := slices.IndexFunc(figures, func(d FigureDef) bool { return d.Figure == f })
	if i < 0 {
		return FigureDef{}, false
	}
	return figures[i], true
}

// Standing is what the board is counted by of one rectification at the end of a day; a zero State says that the case wasn't exposed by then. Days are given days, numbers of days calendar days.
type Standing struct {
	State         events.RectificationStatus
	Due, DueMoved events.Day
	// DueOpened says that the day came with the opening: from the case, or by the rule where the case names none.
	DueOpened bool
	// DueBackdated says that it was set by a late entry.
	DueBackdated bool
	OverdueDays  int
	Overdue      bool
	FinishedLate bool
	DueSoon      bool
	// Grade of the listing that stands, 0 without one.
	Grade     int
	CheckLate bool
	MediaLate bool
	Reopened  bool
	// ClosedOn is empty unless closed; DaysToClose then counts from the exposure.
	ClosedOn        events.Day
	DaysToClose     int
	Extensions      []ExtensionStanding
	CalendarMissing bool
}

// ExtensionStanding is one extension that was asked by the day. Punctual judges the decision by the system's time; empty while there is none, outside for 补录.
type ExtensionStanding struct {
	AskedOn  events.Day
	NewDue   events.Day
	Decision string
	Late     bool
	Punctual string
	// Backdated 补录: asking or deciding was entered late.
	Backdated bool
}

// Open says whether the rectification hasn't ended.
func (s *Standing) Open() bool {
	switch s.State {
	case events.RectificationPending, events.RectificationInProgress, events.RectificationAwaitingAcceptance, events.RectificationAccepted:
		return true
	}
	return false
}

// Exposure says where a case was published within what is looked at.
type Exposure int8

// The exposures: a case with a municipal publication counts as that, whatever else it has.
const (
	ExposureNone Exposure = iota
	ExposureMunicipal
	ExposureOther
	ExposureUnplaced
)

// ExposedIn tells a case's exposure by the end of a day, in one month or, with an empty month, at all. published is true for a withdrawn case too, whose exposure no longer counts.
func ExposedIn(c ReturnCase, month events.Month, day events.Day) (e Exposure, published bool) {
	for _, p := range c.Publications {
		if p.On > day || month != "" && events.MonthOf(p.On) != month {
			continue
		}
		published = true
		switch {
		case p.Level == levelMunicipal:
			e = ExposureMunicipal
		case e == ExposureMunicipal:
		case p.Level != "":
			e = ExposureOther
		case e == ExposureNone:
			e = ExposureUnplaced
		}
	}
	if c.WithdrawnOn != "" && c.WithdrawnOn <= day {
		e = ExposureNone
	}
	return e, published
}

// Tally adds up the figures of one line of the board. The zero value is ready.
type Tally struct {
	counts [64]int
	days   []int
}

// Hits gives the figures of the rectification in whose lists a case is, by their index and once for each row.
func Hits(s *Standing) []uint8 {
	var out []uint8
	for i := range figures {
		once, extensions := figures[i].Matches(ExposureNone, s)
		if once {
			out = append(out, uint8(i))
		}
		for range extensions {
			out = append(out, uint8(i))
		}
	}
	return out
}

// exposureHits are the figures of each exposure.
var exposureHits = func() (out [ExposureUnplaced + 1][]int) {
	for e := range out {
		for i := range figures {
			if is := figures[i].exposure; is != nil && is(Exposure(e)) {
				out[e] = append(out[e], i)
			}
		}
	}
	return out
}()

// AddCase counts a case: its exposure, and its rectification by what Hits gave for it; s is nil if the case wasn't exposed by the day.
func (t *Tally) AddCase(e Exposure, s *Standing, hits []uint8) {
	for _, i := range exposureHits[e] {
		t.counts[i]++
	}
	for _, i := range hits {
		t.counts[i]++
	}
	if s != nil && s.State == events.RectificationClosed {
		t.days = append(t.days, s.DaysToClose)
	}
}

// AddMonth counts what an office and month is worth.
func (t *Tally) AddMonth(v *ReturnView) {
	for i := range figures {
		if d := &figures[i]; d.month != nil && d.month(v) {
			t.counts[i]++
		}
	}
}

// Cell is a figure, and the query that lists what is behind it. Rows is the list's length; Value equals it but for the days to close, where it is nil while nothing is closed.
type Cell struct {
	Figure Figure `json:"figure"`
	Value  *int   `json:"value"`
	Rows   int    `json:"rows"`
	Query  string `json:"query"`
}

// Cells gives the line's figures in the order of the table; at is the query of the line. Figures of office and month are left out of a line of one sector.
func (t *Tally) Cells(at Query) []Cell {
	slices.Sort(t.days)
	out := make([]Cell, 0, len(figures))
	for i := range figures {
		d := &figures[i]
		if d.Unit == UnitMonths && at.Sector != "" {
			continue
		}
		at.Figure = d.Figure
		n := t.counts[i]
		c := Cell{Figure: d.Figure, Rows: n, Value: &n, Query: at.Encode()}
		if d.Percentile > 0 {
			c.Value = nearestRank(t.days, d.Percentile)
		}
		out = append(out, c)
	}
	return out
}

// nearestRank gives the smallest value that at least p percent of the sorted values don't exceed; nil of none.
func nearestRank(sorted []int, p int) *int {
	if len(sorted) == 0 {
		return nil
	}
	v := sorted[int(math.Ceil(float64(p)*float64(len(sorted))/100))-1]
	return &v
}

// BySystem marks a day that no person gave.
const BySystem = "system"

// Row is one line of a figure's list: a case, one of its extensions, or an office's month. What doesn't apply is empty.
type Row struct {
	Case       events.CaseID     `json:"case,omitempty"`
	Ref        string            `json:"ref,omitempty"`
	Title      string            `json:"title,omitempty"`
	Enterprise string            `json:"enterprise,omitempty"`
	Office     events.OfficeSlug `json:"office"`
	Sector     string            `json:"sector,omitempty"`
	// State is the rectification's at the end of the day, or what the month is worth.
	State string `json:"state"`
	// Kind is that of a month's recognition: decision 认定 or paper 补录.
	Kind      string     `json:"kind,omitempty"`
	ExposedOn events.Day `json:"exposed_on,omitempty"`
	Due       events.Day `json:"due,omitempty"`
	DueMoved  events.Day `json:"due_moved,omitempty"`
	// DueBy is system where the due day follows from a rule; else a person gave it.
	DueBy string `json:"due_by,omitempty"`
	// DueBackdated marks a due day that was set by a late entry 补录.
	DueBackdated bool       `json:"due_backdated,omitempty"`
	OverdueDays  int        `json:"overdue_days,omitempty"`
	Grade        int        `json:"grade,omitempty"`
	ClosedOn     events.Day `json:"closed_on,omitempty"`
	DaysToClose  *int       `json:"days_to_close,omitempty"`
	Withdrawn    bool       `json:"withdrawn,omitempty"`
	// Extension is the index of the extension.
	Extension *int         `json:"extension,omitempty"`
	AskedOn   events.Day   `json:"asked_on,omitempty"`
	NewDue    events.Day   `json:"new_due,omitempty"`
	Decision  string       `json:"decision,omitempty"`
	Month     events.Month `json:"month,omitempty"`
	Backdated bool         `json:"backdated,omitempty"`
}

// Matches says how often a case is in the figure's list: once, or for each extension that counts by its index.
func (d *FigureDef) Matches(e Exposure, s *Standing) (once bool, extensions []int) {
	switch {
	case d.exposure != nil:
		return d.exposure(e), nil
	case s == nil:
		return false, nil
	case d.standing != nil:
		return d.standing(s), nil
	case d.extension != nil:
		for i := range s.Extensions {
			if d.extension(&s.Extensions[i]) {
				extensions = append(extensions, i)
			}
		}
	}
	return false, extensions
}

// MatchesMonth says whether an office's month is in the figure's list.
func (d *FigureDef) MatchesMonth(v *ReturnView) bool { return d.month != nil && d.month(v) }

// SortRows puts a list in its order: the most overdue first, then by the day of exposure (or month), office, reference and id.
func SortRows(rows []Row) {
	slices.SortFunc(rows, func(a, b Row) int {
		at := func(r Row) int {
			if r.Extension == nil {
				return -1
			}
			return *r.Extension
		}
		return cmp.Or(cmp.Compare(b.OverdueDays, a.OverdueDays), cmp.Compare(a.ExposedOn, b.ExposedOn), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Office, b.Office),
			cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Case, b.Case), cmp.Compare(at(a), at(b)))
	})
}
