package compare

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"songshui.internal/events"
)

// Codes of findings.
const (
	FarFromCase           = "far_from_case"
	TakenLongBefore       = "taken_long_before"
	TakenAfterPublication = "taken_after_publication"
	SameBytes             = "same_bytes"
	LooksLike             = "looks_like"
)

const (
	// FarKM is from how many kilometres on a picture wasn't taken at the case's place: plants and roads are some kilometres long, and places are given by hand. [the media issue]
	FarKM = 5
	// LongBeforeDays is how many days before its discovery a problem may have been photographed: an inspection and the decision on it take less. [ours]
	LongBeforeDays = 30
	// MaxOthers bounds the other media that one finding code names, the oldest first.
	MaxOthers = 20

	// clockNeverSet is the examination's word for a camera whose clock says nothing; its days aren't compared.
	clockNeverSet = "clock_never_set"
	earthKM       = 6371.0088
)

// Holder is a case that holds a medium.
type Holder struct {
	Case events.CaseState
	// After says that the medium shows the rectification (整改后), not the problem.
	After bool
}

// WithCase gives what comparing a medium with a case finds.
//
//   - far_from_case: the camera was more than FarKM from the case's place.
//   - taken_long_before: what shows the problem was taken more than LongBeforeDays before it was found; what shows the rectification, before the problem was found at all.
//   - taken_after_publication: what shows the problem was taken on a day after the first publication.
func WithCase(e events.Examination, h Holder) []events.Finding {
	var out []events.Finding
	c := h.Case
	if e.Position != nil && c.Location != nil {
		if km := math.Round(Distance(*e.Position, *c.Location)*10) / 10; km > FarKM {
			out = append(out, events.Finding{Code: FarFromCase, Case: c.ID, KM: km})
		}
	}
	taken, ok := dayTaken(e)
	if !ok {
		return out
	}
	allowed := LongBeforeDays
	if h.After {
		allowed = 0
	}
	if n, ok := between(taken, c.FoundOn); ok && n > allowed {
		out = append(out, events.Finding{Code: TakenLongBefore, Case: c.ID, Days: n})
	}
	if n, ok := between(c.ExposedOn, taken); ok && n > 0 && !h.After {
		out = append(out, events.Finding{Code: TakenAfterPublication, Case: c.ID, Days: n})
	}
	return out
}

// Other is another medium to compare with.
type Other struct {
	ID     events.MediaID
	Office events.OfficeSlug
	SHA256 string
	Look   string
}

// WithOthers gives what comparing a medium with others finds: same_bytes, and looks_like where two looks differ in at most alike bits. The others come in the order in which they are named.
func WithOthers(m events.MediaState, others []Other, alike int) []events.Finding {
	look, hasLook := uint64(0), false
	if m.Examination != nil {
		look, hasLook = parseLook(m.Examination.Look)
	}
	var same, like []events.Finding
	for _, o := range others {
		if o.ID == m.ID {
			continue
		}
		if o.SHA256 == m.SHA256 {
			same = append(same, events.Finding{Code: SameBytes, Media: o.ID, Office: o.Office})
			continue
		}
		theirs, ok := parseLook(o.Look)
		if !ok || !hasLook {
			continue
		}
		if n := bits.OnesCount64(look ^ theirs); n <= alike {
			like = append(like, events.Finding{Code: LooksLike, Media: o.ID, Office: o.Office, Bits: n})
		}
	}
	return append(same[:min(len(same), MaxOthers)], like[:min(len(like), MaxOthers)]...)
}

func parseLook(s string) (uint64, bool) {
	v, err := strconv.ParseUint(s, 16, 64)
	return v, err == nil && len(s) == 16
}

// dayTaken gives the day in Shanghai on which the camera says it was; a clock without an offset is taken to be set to it.
func dayTaken(e events.Examination) (events.Day, bool) {
	if slices.Contains(e.Warnings, clockNeverSet) {
		return "", false
	}
	if t, err := time.Parse(time.RFC3339, e.TakenAt); err == nil {
		return events.DayOf(t), true
	}
	t, err := time.Parse("2006-01-02T15:04:05", e.TakenAt)
	if err != nil {
		return "", false
	}
	return events.Day(t.Format(time.DateOnly)), true
}

// between counts the days from one day to another; false if one isn't known.
func between(from, to events.Day) (int, bool) {
	a, err1 := time.Parse(time.DateOnly, string(from))
	b, err2 := time.Parse(time.DateOnly, string(to))
	return int(b.Sub(a) / (24 * time.Hour)), err1 == nil && err2 == nil
}

// Distance is that of two places along the earth's surface, in kilometres.
func Distance(a, b events.Location) float64 {
	const rad = math.Pi / 180
	dLat, dLon := (b.Lat-a.Lat)*rad, (b.Lon-a.Lon)*rad
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * earthKM * math.Asin(math.Min(1, math.Sqrt(h)))
}

// ordered puts findings into the one order in which a record holds them.
func ordered(f []events.Finding) []events.Finding {
	slices.SortStableFunc(f, func(a, b events.Finding) int {
		if d := strings.Compare(a.Code, b.Code); d != 0 {
			return d
		}
		return strings.Compare(string(a.Case), string(b.Case))
	})
	return f
}
