package rectification

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"songshui.internal/events"
)

// Span is a run of days off, both ends included.
type Span struct {
	From events.Day `json:"from"`
	To   events.Day `json:"to"`
	Name string     `json:"name"`
}

// YearPlan is one year's file: the State Council's notice on days off and worked weekend days, and local holidays by office.
type YearPlan struct {
	Year   int                          `json:"year"`
	Off    []Span                       `json:"off"`
	Worked []events.Day                 `json:"worked"`
	Local  map[events.OfficeSlug][]Span `json:"local"`
}

// Calendar knows working days: a local holiday beats a worked day, that beats a day off, that beats the weekend. In a year without a
// file only weekends are off; see Known. The zero value knows no year. It is safe for concurrent use once made.
type Calendar struct {
	years  map[string]bool
	off    map[events.Day]bool
	worked map[events.Day]bool
	local  map[events.OfficeSlug]map[events.Day]bool
}

//go:embed calendars/*.json
var calendars embed.FS

// DefaultCalendar is made of the years' files in this package.
func DefaultCalendar() (*Calendar, error) {
	names, err := fs.Glob(calendars, "calendars/*.json")
	if err != nil {
		return nil, fmt.Errorf("rectification: calendar: %w", err)
	}
	plans := make([]YearPlan, len(names))
	for i, name := range names {
		data, err := calendars.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, &plans[i])
		}
		if err != nil {
			return nil, fmt.Errorf("rectification: calendar %s: %w", name, err)
		}
	}
	return NewCalendar(plans...)
}

// NewCalendar makes a calendar of years' plans; a later plan adds to an earlier one of its year. A day that isn't one, or of another year, is an error.
func NewCalendar(plans ...YearPlan) (*Calendar, error) {
	c := &Calendar{years: map[string]bool{}, off: map[events.Day]bool{}, worked: map[events.Day]bool{}, local: map[events.OfficeSlug]map[events.Day]bool{}}
	for _, p := range plans {
		year := fmt.Sprintf("%04d", p.Year)
		c.years[year] = true
		for _, d := range p.Worked {
			if err := spread(c.worked, year, Span{From: d, To: d}); err != nil {
				return nil, err
			}
		}
		for _, s := range p.Off {
			if err := spread(c.off, year, s); err != nil {
				return nil, err
			}
		}
		for office, spans := range p.Local {
			if c.local[office] == nil {
				c.local[office] = map[events.Day]bool{}
			}
			for _, s := range spans {
				if err := spread(c.local[office], year, s); err != nil {
					return nil, err
				}
			}
		}
	}
	return c, nil
}

func spread(into map[events.Day]bool, year string, s Span) error {
	for _, d := range []events.Day{s.From, s.To} {
		if _, err := events.ParseDay(string(d)); err != nil || !strings.HasPrefix(string(d), year) {
			return fmt.Errorf("rectification: calendar of %s: %q is no day of it", year, d)
		}
	}
	for d := s.From; d <= s.To; d = d.Add(1) {
		into[d] = true
	}
	return nil
}

// Known says whether the day's year has a file; without one sums are over weekends alone and shown with a warning.
func (c *Calendar) Known(d events.Day) bool { return len(d) >= 4 && c.years[string(d[:4])] }

// Working says whether the office works on the day; an empty office has no local holidays.
func (c *Calendar) Working(d events.Day, office events.OfficeSlug) bool {
	if c.local[office][d] {
		return false
	}
	if c.worked[d] {
		return true
	}
	w := d.Weekday()
	return !c.off[d] && w != time.Saturday && w != time.Sunday
}

// Add gives the day n working days after d (before it, if n is negative); d itself doesn't count.
func (c *Calendar) Add(d events.Day, n int, office events.OfficeSlug) events.Day {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		d = d.Add(step)
		if c.Working(d, office) {
			n--
		}
	}
	return d
}

// Move gives the day itself if the office works on it, else the next one on which it does.
func (c *Calendar) Move(d events.Day, office events.OfficeSlug) events.Day {
	for !c.Working(d, office) {
		d = d.Add(1)
	}
	return d
}

// maxLeft ends the counting of Left: nobody asks by what more a far due day is far.
const maxLeft = 1000

// Left counts working days after asked, up to and including due; 0 if due isn't later, and at most 1000.
func (c *Calendar) Left(asked, due events.Day, office events.OfficeSlug) int {
	n := 0
	for d := asked; d < due && n < maxLeft; {
		d = d.Add(1)
		if c.Working(d, office) {
			n++
		}
	}
	return n
}
