// Package workdays is the calendar of working days 工作日: the vocabulary by which services count towards due days. It knows the yearly notices of the State Council and local holidays
// from the years' records of REGISTRY (see registryapi.Directory); the files in years are what registry seeds them from. It imports the standard library and events only.
package workdays

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"songshui.internal/events"
)

// Calendar knows working days: a local holiday beats a worked day, that beats a day off, that beats the weekend. In a year without a
// file only weekends are off; see Known. The zero value knows no year. It is safe for concurrent use once made.
type Calendar struct {
	years  map[string]bool
	off    map[events.Day]bool
	worked map[events.Day]bool
	local  map[events.OfficeSlug]map[events.Day]bool
}

//go:embed years/*.json
var files embed.FS

// Years gives the years' files in the program, the earliest first: what registry seeds its records from.
func Years() ([]events.CalendarState, error) {
	names, err := fs.Glob(files, "years/*.json")
	if err != nil {
		return nil, fmt.Errorf("workdays: %w", err)
	}
	years := make([]events.CalendarState, len(names))
	for i, name := range names {
		data, err := files.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, &years[i])
		}
		if err != nil {
			return nil, fmt.Errorf("workdays: %s: %w", name, err)
		}
	}
	return years, nil
}

// Default is made of the years' files in the program.
func Default() (*Calendar, error) {
	years, err := Years()
	if err != nil {
		return nil, err
	}
	return New(years...)
}

// New makes a calendar of years; a later one adds to an earlier one of its year. A day that isn't one, or of another year, is an error.
func New(years ...events.CalendarState) (*Calendar, error) {
	c := &Calendar{years: map[string]bool{}, off: map[events.Day]bool{}, worked: map[events.Day]bool{}, local: map[events.OfficeSlug]map[events.Day]bool{}}
	for _, p := range years {
		year := fmt.Sprintf("%04d", p.Year)
		c.years[year] = true
		for _, d := range p.Worked {
			if err := spread(c.worked, year, events.DayOff{From: d, To: d}); err != nil {
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

func spread(into map[events.Day]bool, year string, s events.DayOff) error {
	for _, d := range []events.Day{s.From, s.To} {
		if _, err := events.ParseDay(string(d)); err != nil || !strings.HasPrefix(string(d), year) {
			return fmt.Errorf("workdays: calendar of %s: %q is no day of it", year, d)
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
