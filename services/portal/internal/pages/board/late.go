package board

import (
	"cmp"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/oversight/oversightapi"
)

// late is what stands first on the board: who is late with what, the most first.
type late struct {
	// Month is the newest whose return is past due, Due its day; Missed are the offices that haven't met it, with what it is worth.
	Month  events.Month
	Due    events.Day
	Missed []lateReturn
	// Waiting are returns of any month that wait for the province.
	Waiting []lateReturn
	Figures []lateFigure
}

type lateReturn struct {
	Office events.OfficeSlug
	Month  events.Month
	Shown  string
}

// lateFigure is a figure of cases that are late: in total, and of each office that has any.
type lateFigure struct {
	Figure  string
	Total   oversightapi.Cell
	Offices []lateOffice
}

type lateOffice struct {
	Office events.OfficeSlug
	Cell   oversightapi.Cell
}

// lateFigures are those that say that somebody is late.
var lateFigures = []string{"overdue", "awaiting-check-late", "awaiting-media-late"}

// Nothing says that nobody is late.
func (l late) Nothing() bool { return len(l.Missed) == 0 && len(l.Waiting) == 0 && len(l.Figures) == 0 }

func lateOf(b oversightapi.Board) late {
	var l late
	for _, o := range b.Offices {
		for _, m := range o.Returns {
			if m.Due < b.Query.Day && m.Month > l.Month {
				l.Month, l.Due = m.Month, m.Due
			}
		}
	}
	for _, o := range b.Offices {
		for _, m := range o.Returns {
			at := lateReturn{o.Office, m.Month, string(m.Shown)}
			switch {
			case at.Shown == "awaiting-receipt":
				l.Waiting = append(l.Waiting, at)
			case m.Month == l.Month && m.Overdue:
				l.Missed = append(l.Missed, at)
			}
		}
	}
	for _, name := range lateFigures {
		f := lateFigure{Figure: name, Total: figureOf(b.Total, name)}
		for _, o := range b.Offices {
			if c := figureOf(o.Figures, name); c.Rows > 0 {
				f.Offices = append(f.Offices, lateOffice{o.Office, c})
			}
		}
		slices.SortStableFunc(f.Offices, func(a, b lateOffice) int { return cmp.Compare(b.Cell.Rows, a.Cell.Rows) })
		if f.Total.Rows > 0 {
			l.Figures = append(l.Figures, f)
		}
	}
	return l
}

func figureOf(cells []oversightapi.Cell, name string) oversightapi.Cell {
	for _, c := range cells {
		if string(c.Figure) == name {
			return c
		}
	}
	return oversightapi.Cell{}
}
