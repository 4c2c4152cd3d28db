package events

import (
	"fmt"
	"time"
)

// Shanghai is the zone in which days are days. China has kept one offset without summer time since 1992, so a fixed zone needs no zone file.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Day is a calendar day in Asia/Shanghai, written 2006-01-02. Days compare as strings; the empty Day is “not given”.
type Day string

// DayOf gives the day in Shanghai on which the moment t falls.
func DayOf(t time.Time) Day { return Day(t.In(Shanghai).Format(time.DateOnly)) }

// ParseDay reads a day, refusing any that isn't in the calendar.
func ParseDay(s string) (Day, error) {
	if _, err := time.ParseInLocation(time.DateOnly, s, Shanghai); err != nil {
		return "", fmt.Errorf("events: %q is no day: %w", s, err)
	}
	return Day(s), nil
}

// Time gives the first moment of the day; the zero time for a day that isn't one.
func (d Day) Time() time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), Shanghai)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add gives the day n days later (earlier if n is negative).
func (d Day) Add(n int) Day { return DayOf(d.Time().AddDate(0, 0, n)) }

// AddYears gives the same day n years later; 29 February becomes 28 February where there is none.
func (d Day) AddYears(n int) Day {
	t := d.Time()
	moved := t.AddDate(n, 0, 0)
	if moved.Month() != t.Month() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return DayOf(moved)
}

// Until gives the days from d to other; negative if other is earlier.
func (d Day) Until(other Day) int { return int(other.Time().Sub(d.Time()).Hours() / 24) }

// Weekday gives the day of the week.
func (d Day) Weekday() time.Weekday { return d.Time().Weekday() }

// Max gives the later of two days.
func (d Day) Max(other Day) Day {
	if other > d {
		return other
	}
	return d
}
