package oversight

import (
	"net/url"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// Query chooses what the board counts and, with a Figure, what is listed behind it. What is empty doesn't restrict: without a Month the figures of cases and extensions are of all cases ever exposed, so that an
// open one of an earlier year isn't lost [ours], and those of returns of the campaign of the Day; with one they are of the cases published in it, each once. Day is what stood at the end of that day (default
// today, or the day of AsOf); AsOf what the log held at that moment (default now).
type Query struct {
	Figure Figure            `json:"figure,omitempty"`
	Office events.OfficeSlug `json:"office,omitempty"`
	Month  events.Month      `json:"month,omitempty"`
	Sector string            `json:"sector,omitempty"`
	Day    events.Day        `json:"day,omitempty"`
	AsOf   time.Time         `json:"as_of,omitzero"`
}

// Encode writes the query as a stable string: figure, office, month, sector, day, as_of, in this order, the empty ones left out.
func (q Query) Encode() string {
	out := ""
	put := func(name, value string) {
		if value == "" {
			return
		}
		if out != "" {
			out += "&"
		}
		out += name + "=" + url.QueryEscape(value)
	}
	put("figure", string(q.Figure))
	put("office", string(q.Office))
	put("month", string(q.Month))
	put("sector", q.Sector)
	put("day", string(q.Day))
	if !q.AsOf.IsZero() {
		put("as_of", q.AsOf.UTC().Format(time.RFC3339Nano))
	}
	return out
}

// ParseQuery reads what Encode writes; parameters that aren't the query's are passed over. fault.BadParameter names the one that can't be read in Detail.
func ParseQuery(s string) (Query, error) {
	v, err := url.ParseQuery(s)
	if err != nil {
		return Query{}, badParameter("query")
	}
	q := Query{Figure: Figure(v.Get("figure")), Office: events.OfficeSlug(v.Get("office")), Month: events.Month(v.Get("month")), Sector: v.Get("sector"), Day: events.Day(v.Get("day"))}
	if at := v.Get("as_of"); at != "" {
		if q.AsOf, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return Query{}, badParameter("as_of")
		}
	}
	return q, nil
}

// Check says which parameter can't be read, and fills in the day. now is the system's time: neither axis lies after it.
func (q *Query) Check(now time.Time) error {
	if q.Figure != "" {
		if _, ok := LookupFigure(q.Figure); !ok {
			return badParameter("figure")
		}
	}
	if _, err := events.ParseOfficeSlug(string(q.Office)); q.Office != "" && err != nil {
		return badParameter("office")
	}
	if m, err := events.ParseMonth(string(q.Month)); q.Month != "" && (err != nil || m != q.Month) {
		return badParameter("month")
	}
	if _, err := events.ParseDay(string(q.Day)); q.Day != "" && (err != nil || q.Day > events.DayOf(now)) {
		return badParameter("day")
	}
	if q.AsOf.After(now) {
		return badParameter("as_of")
	}
	if q.Day == "" {
		q.Day = events.DayOf(now)
		if !q.AsOf.IsZero() {
			q.Day = events.DayOf(q.AsOf)
		}
	}
	return nil
}

func badParameter(name string) error {
	f := fault.New(fault.BadParameter, "oversight: "+name)
	f.Detail = name
	return f
}

// Page gives one page of a list, counted from 1; 0 is the default. fault.BadParameter for a page or size out of range; a page after the last is empty.
func Page[T any](all []T, page, perPage int) ([]T, int, int, error) {
	if page == 0 {
		page = 1
	}
	if perPage == 0 {
		perPage = PerPage
	}
	switch {
	case page < 1 || page > 1_000_000:
		return nil, 0, 0, badParameter("page")
	case perPage < 1 || perPage > MaxPerPage:
		return nil, 0, 0, badParameter("per_page")
	}
	from := min((page-1)*perPage, len(all))
	return all[from:min(from+perPage, len(all))], page, perPage, nil
}
