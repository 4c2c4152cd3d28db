package search

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"songshui.internal/services/portal/internal/messages"
)

// histogram is how many cases have a publication in each month, as a drawing whose bars are links, and as a table.
type histogram struct {
	Bars          []bar
	Width, Height int
	// Base is where the bars stand, in the drawing's units.
	Base int
	// Earlier counts the months that are left out before the first.
	Earlier int
}

type bar struct {
	// Label is the month in words, Short what fits under a bar; Year stands under the first bar of each year.
	Label, Short, Year string
	URL                string
	Count              int
	On                 bool
	X, Y, W, H, Middle int
}

const (
	// maxMonths is how many months are drawn: the last three years.
	maxMonths = 36
	barsTop   = 20
	barsHigh  = 84
	below     = 36
)

// months draws the counts by month; nil where there is nothing to choose.
func (h *Handler) months(a address, counts map[string]int, l messages.Language) *histogram {
	known := slices.Collect(maps.Keys(counts))
	known = slices.DeleteFunc(known, func(m string) bool { _, err := time.Parse("2006-01", m); return err != nil })
	if len(known) == 0 || len(known) == 1 && len(a["month"]) == 0 {
		return nil
	}
	all := between(slices.Min(known), slices.Max(known))
	d := &histogram{Height: barsTop + barsHigh + below, Base: barsTop + barsHigh, Earlier: max(0, len(all)-maxMonths)}
	all = all[d.Earlier:]
	step := min(44, max(20, 640/len(all)))
	most := 1
	for _, m := range all {
		most = max(most, counts[m.Format("2006-01")])
	}
	for i, m := range all {
		slug := m.Format("2006-01")
		b := bar{Label: messages.Month(slug, l), URL: a.toggled("month", slug).link(), Count: counts[slug], On: a.has("month", slug), X: i*step + step/8, W: step - step/4, Middle: i*step + step/2}
		b.H = (b.Count*barsHigh + most - 1) / most
		b.Y = d.Base - b.H
		if i == 0 || m.Month() == time.January {
			b.Year = m.Format("2006")
		}
		if step >= 32 || int(m.Month())%3 == 1 {
			b.Short = short(m, l)
		}
		d.Bars = append(d.Bars, b)
	}
	d.Width = len(all) * step
	return d
}

func short(m time.Time, l messages.Language) string {
	if l == messages.English {
		return m.Format("Jan")
	}
	return strconv.Itoa(int(m.Month())) + "月"
}

// between lists the months from one to another, both as 2006-01.
func between(from, to string) []time.Time {
	at, err := time.Parse("2006-01", from)
	end, err2 := time.Parse("2006-01", to)
	if err != nil || err2 != nil {
		return nil
	}
	var out []time.Time
	for ; !at.After(end); at = at.AddDate(0, 1, 0) {
		out = append(out, at)
	}
	return out
}
