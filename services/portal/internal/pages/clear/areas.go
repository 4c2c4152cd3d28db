package clear

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// row is one area in the form: used, or proposed and not taken yet.
type row struct {
	events.Area
	// N distinguishes the row's fields; Nth is what people read.
	N   string
	Nth int
	Use bool
	// From and Until are in seconds, as entered; empty = from the beginning, to the end.
	From, Until string
}

// rowsOf gives the areas in use, then those proposed that no used one covers.
func rowsOf(used, proposed []events.Area) []row {
	var out []row
	for _, a := range used {
		out = append(out, rowOf(a, true))
	}
	for _, p := range proposed {
		if !slices.ContainsFunc(used, func(a events.Area) bool { return covers(a, p) }) {
			out = append(out, rowOf(p, false))
		}
	}
	return out
}

func rowOf(a events.Area, use bool) row {
	r := row{Area: a, Use: use}
	if a.FromMS != 0 || a.UntilMS != 0 {
		r.From, r.Until = seconds(a.FromMS), seconds(a.UntilMS)
	}
	return r
}

func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) }

// covers says whether an area hides all of another, at all times when that is to be seen.
func covers(a, b events.Area) bool {
	always := a.FromMS == 0 && a.UntilMS == 0
	long := always || b.UntilMS != 0 && a.FromMS <= b.FromMS && a.UntilMS >= b.UntilMS
	return long && a.X <= b.X && a.Y <= b.Y && a.X+a.Width >= b.X+b.Width && a.Y+a.Height >= b.Y+b.Height
}

// number gives rows and spare rows the names of their fields.
func (d *data) number() {
	name := func(rows []row, from int) {
		for i := range rows {
			rows[i].N, rows[i].Nth = strconv.Itoa(from+i), from+i+1
		}
	}
	name(d.Rows, 0)
	d.Spare = make([]row, 2)
	name(d.Spare, len(d.Rows))
	// The script puts a number in the letter's place.
	d.Blank = row{N: "N", Use: true}
}

// readRows reads the form: every row that is used has a value `use` that says how its fields are called. What isn't a number is named, in the order in which the areas
// are sent. Rows that aren't used come back too, so that nothing entered is lost; empty ones don't.
func readRows(form url.Values) ([]row, fault.Fields) {
	var out []row
	var wrong fault.Fields
	nth := 0
	for _, n := range form["row"] {
		get := func(field string) string { return strings.TrimSpace(form.Get(field + n)) }
		r := row{Use: slices.Contains(form["use"], n)}
		if get("x")+get("y")+get("width")+get("height") == "" {
			continue
		}
		var bad []string
		whole := func(field string) int {
			v, err := strconv.Atoi(get(field))
			if err != nil {
				bad = append(bad, field)
			}
			return v
		}
		r.X, r.Y, r.Width, r.Height = whole("x"), whole("y"), whole("width"), whole("height")
		r.Style, r.Why, r.From, r.Until = get("style"), get("why"), get("from"), get("until")
		moment := func(field, s string) int64 {
			if s == "" {
				return 0
			}
			v, err := strconv.ParseFloat(s, 64)
			if err != nil || math.IsNaN(v) || math.Abs(v) > math.MaxInt32 {
				bad = append(bad, field)
				return 0
			}
			return int64(math.Round(v * 1000))
		}
		r.FromMS, r.UntilMS = moment("from_ms", r.From), moment("until_ms", r.Until)
		if r.Use {
			for _, field := range bad {
				wrong.Add(fault.Index("areas", nth, field), "type")
			}
			nth++
		}
		out = append(out, r)
	}
	return out, wrong
}
