package archive

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Facet is what cases are filtered and counted by.
type Facet string

// The facets, named as in the address.
const (
	FacetOffice             Facet = "office"
	FacetSector             Facet = "sector"
	FacetCategory           Facet = "category"
	FacetHazardLevel        Facet = "hazard_level"
	FacetLevel              Facet = "level"  // of an outlet
	FacetOutlet             Facet = "outlet" // id, or name while 待认定
	FacetState              Facet = "state"
	FacetRectificationState Facet = "rectification_state"
	FacetMonth              Facet = "month" // of a publication; a case counts in each of its months
)

// Facets lists them all; every answer counts each.
func Facets() []Facet {
	return []Facet{FacetOffice, FacetSector, FacetCategory, FacetHazardLevel, FacetLevel, FacetOutlet, FacetState, FacetRectificationState, FacetMonth}
}

// known lists the values of facets that have a fixed set (domain.md, “Codes”); offices and outlets are the registry's and checked by their form.
var known = map[Facet][]string{
	FacetSector:      {"hazardous-chemicals", "mining", "industry-trade", "road-traffic", "construction"},
	FacetCategory:    {"prominent-problem", "serious-violation"},
	FacetHazardLevel: {"major", "general"},
	FacetLevel:       {"national", "provincial", "municipal", "county"},
	FacetState: {string(events.CaseSubmitted), string(events.CaseReviewed), string(events.CaseEmbargoed), string(events.CaseExposed),
		string(events.CaseWithdrawn)},
	FacetRectificationState: {string(events.RectificationPending), string(events.RectificationInProgress), string(events.RectificationAwaitingAcceptance),
		string(events.RectificationAccepted), string(events.RectificationClosed), string(events.RectificationTransferred), string(events.RectificationNotApplicable)},
}

// Sort is the order of hits.
type Sort string

// The orders. Relevance (the default) puts better matches first and, among equals or without a text, the latest published; unpublished cases come last in the first three.
const (
	Relevance Sort = "relevance"
	Newest    Sort = "newest"
	Oldest    Sort = "oldest"
	// Penalty puts the highest first, Overdue the longest overdue and then what is due next, Nearest the nearest to Params.Near; cases without the value come last.
	Penalty Sort = "penalty"
	Overdue Sort = "overdue"
	Nearest Sort = "nearest"
)

// Limits of a query.
const (
	DefaultPerPage = 20
	MaxPerPage     = 100
	// MaxPage keeps page × per_page within what an engine ranks.
	MaxPage = 10_000
	// MaxText is how many characters of a text count; the rest is left out.
	MaxText = 512
	// MaxValues bounds the values of one filter.
	MaxValues = 100
	// maxName bounds the name of an outlet or enterprise, in characters.
	maxName = 120
	// MaxRadius is wider than the province, in kilometres.
	MaxRadius = 1000
	// MaxPenalty is more than any law knows, in yuan; engines keep it exactly.
	MaxPenalty = 1_000_000_000_000
)

// Params are what a caller may give, as it stands in the address. The zero value lists everything that the caller may see.
type Params struct {
	Q                  string   `json:"q,omitempty"`
	Office             []string `json:"office,omitempty"`
	Sector             []string `json:"sector,omitempty"`
	Category           []string `json:"category,omitempty"`
	HazardLevel        []string `json:"hazard_level,omitempty"`
	Level              []string `json:"level,omitempty"`
	Outlet             []string `json:"outlet,omitempty"`
	State              []string `json:"state,omitempty"`
	RectificationState []string `json:"rectification_state,omitempty"`
	// From and To bound the day of the first publication, both included.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Month is 2026-06, of any publication; Enterprise a USCC, or the name of one without.
	Month      []string `json:"month,omitempty"`
	Enterprise []string `json:"enterprise,omitempty"`
	// Found and due days are bounded likewise; a due day is the one in force, as written, of a clock that runs.
	FoundFrom string `json:"found_from,omitempty"`
	FoundTo   string `json:"found_to,omitempty"`
	DueFrom   string `json:"due_from,omitempty"`
	DueTo     string `json:"due_to,omitempty"`
	// PenaltyMin and PenaltyMax are in whole yuan, both included.
	PenaltyMin *int64 `json:"penalty_min,omitempty"`
	PenaltyMax *int64 `json:"penalty_max,omitempty"`
	// Overdue wants cases whose clock runs past its due day, moved off days off.
	Overdue bool `json:"overdue,omitempty"`
	// Near is “lat,lon” (WGS-84, degrees), RadiusKM how far from it at most, 0 = any distance. Frame is “south,west,north,east”, a map's frame.
	Near     string  `json:"near,omitempty"`
	RadiusKM float64 `json:"radius_km,omitempty"`
	Frame    string  `json:"frame,omitempty"`
	Sort     string  `json:"sort,omitempty"`
	// Page counts from 1; 0 is the first. PerPage 0 is DefaultPerPage.
	Page    int `json:"page,omitempty"`
	PerPage int `json:"per_page,omitempty"`
	// Cursor is CursorStart for a frozen list, or what Found.Cursor gave; then nothing else but PerPage is given.
	Cursor string `json:"cursor,omitempty"`
	// MinSeq is a sequence of CASES that the answer must know of; it is waited for.
	MinSeq uint64 `json:"min_seq,omitempty"`
}

func (p Params) of(f Facet) []string {
	switch f {
	case FacetOffice:
		return p.Office
	case FacetSector:
		return p.Sector
	case FacetCategory:
		return p.Category
	case FacetHazardLevel:
		return p.HazardLevel
	case FacetLevel:
		return p.Level
	case FacetOutlet:
		return p.Outlet
	case FacetState:
		return p.State
	case FacetRectificationState:
		return p.RectificationState
	case FacetMonth:
		return p.Month
	}
	return nil
}

// Query is a checked question of one actor.
type Query struct {
	Text string
	// Alternatives are what the text asks for, at least one.
	Alternatives []Alternative
	// Filters hold the wanted values of a facet; any of them will do.
	Filters  map[Facet][]string
	From, To events.Day
	// Today is the day in Shanghai; OverdueUntil the last due day that is past by then, once it has been moved off days off.
	Today, OverdueUntil events.Day
	// Enterprises are keys (Document.EnterpriseKey).
	Enterprises            []string
	FoundFrom, FoundTo     events.Day
	DueFrom, DueTo         events.Day
	PenaltyMin, PenaltyMax *int64
	Overdue                bool
	Near                   *events.Location
	RadiusKM               float64
	Frame                  *Frame
	Sort                   Sort
	// Page counts from 1.
	Page, PerPage int
	// Holds are the holders that the actor is.
	Holds []string
}

// Frame is what a map shows, in degrees; West may lie east of East, across the 180th meridian.
type Frame struct{ South, West, North, East float64 }

// Ask checks params for an actor. What can't be read is fault.BadParameter, every wrong parameter named at once.
func Ask(a access.Actor, p Params) (Query, error) {
	var wrong fault.Fields
	q := Query{Text: cut(p.Q), Filters: map[Facet][]string{}, Holds: a.Holds(), From: day(&wrong, "from", p.From), To: day(&wrong, "to", p.To), Sort: Sort(p.Sort), Page: p.Page, PerPage: p.PerPage}
	var unread fault.Fields
	q.Alternatives, unread = parse(q.Text)
	wrong = append(wrong, unread...)
	for _, f := range Facets() {
		if values := p.of(f); len(values) > 0 {
			q.Filters[f] = checked(&wrong, f, values)
		}
	}
	q.bound(&wrong, p)
	p.cursorAlone(&wrong)
	switch q.Sort {
	case "":
		q.Sort = Relevance
	case Relevance, Newest, Oldest, Penalty, Overdue:
	case Nearest:
		if p.Near == "" {
			wrong.Add("near", "required")
		}
	default:
		wrong.Add("sort", "unknown_value")
	}
	q.Page = within(&wrong, "page", q.Page, 1, MaxPage)
	q.PerPage = within(&wrong, "per_page", q.PerPage, DefaultPerPage, MaxPerPage)
	if len(wrong) > 0 {
		return Query{}, &fault.Error{Code: fault.BadParameter, Fields: wrong, Op: "archive: search"}
	}
	return q, nil
}

// bound reads the conditions that are no facets.
func (q *Query) bound(wrong *fault.Fields, p Params) {
	q.FoundFrom, q.FoundTo = day(wrong, "found_from", p.FoundFrom), day(wrong, "found_to", p.FoundTo)
	q.DueFrom, q.DueTo = day(wrong, "due_from", p.DueFrom), day(wrong, "due_to", p.DueTo)
	q.PenaltyMin, q.PenaltyMax, q.Overdue = penalty(wrong, "penalty_min", p.PenaltyMin), penalty(wrong, "penalty_max", p.PenaltyMax), p.Overdue
	q.Enterprises = p.Enterprise
	if len(p.Enterprise) > MaxValues {
		wrong.Add("enterprise", "too_many")
	}
	for _, e := range p.Enterprise {
		if !isName(e) {
			wrong.Add("enterprise", "unknown_value")
			break
		}
	}
	if at := degrees(wrong, "near", p.Near, 90, 180); at != nil {
		q.Near = &events.Location{Lat: at[0], Lon: at[1]}
	}
	if at := degrees(wrong, "frame", p.Frame, 90, 180, 90, 180); at != nil {
		q.Frame = &Frame{at[0], at[1], at[2], at[3]}
		if q.Frame.South > q.Frame.North {
			wrong.Add("frame", "out_of_range")
		}
	}
	switch q.RadiusKM = p.RadiusKM; {
	case !(p.RadiusKM >= 0 && p.RadiusKM <= MaxRadius):
		wrong.Add("radius_km", "out_of_range")
	case p.RadiusKM > 0 && p.Near == "":
		wrong.Add("near", "required")
	}
}

func penalty(wrong *fault.Fields, name string, n *int64) *int64 {
	if n != nil && (*n < 0 || *n > MaxPenalty) {
		wrong.Add(name, "out_of_range")
	}
	return n
}

// degrees reads numbers with commas between them, each at most so far from 0; nil for an empty text or one that can't be read.
func degrees(wrong *fault.Fields, name, s string, most ...float64) []float64 {
	if s == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	if len(parts) != len(most) {
		wrong.Add(name, "type")
		return nil
	}
	out := make([]float64, len(most))
	for i, p := range parts {
		n, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil {
			wrong.Add(name, "type")
			return nil
		}
		if !(math.Abs(n) <= most[i]) {
			wrong.Add(name, "out_of_range")
			return nil
		}
		out[i] = n
	}
	return out
}

func cut(s string) string {
	n := 0
	for i := range s {
		if n++; n > MaxText {
			return s[:i]
		}
	}
	return s
}

func day(wrong *fault.Fields, name, s string) events.Day {
	if s == "" {
		return ""
	}
	d, err := events.ParseDay(s)
	if err != nil {
		wrong.Add(name, "day")
	}
	return d
}

func within(wrong *fault.Fields, name string, n, usual, most int) int {
	switch {
	case n == 0:
		return usual
	case n < 0 || n > most:
		wrong.Add(name, "out_of_range")
	}
	return n
}

func checked(wrong *fault.Fields, f Facet, values []string) []string {
	if len(values) > MaxValues {
		wrong.Add(string(f), "too_many")
		return nil
	}
	for _, v := range values {
		if !acceptable(f, v) {
			wrong.Add(string(f), "unknown_value")
			return nil
		}
	}
	return values
}

func acceptable(f Facet, v string) bool {
	switch f {
	case FacetOffice:
		_, err := events.ParseOfficeSlug(v)
		return err == nil
	case FacetOutlet:
		return isName(v)
	case FacetMonth:
		_, err := events.ParseMonth(v)
		return err == nil
	case FacetSector, FacetCategory, FacetHazardLevel, FacetLevel, FacetState, FacetRectificationState:
	}
	return slices.Contains(known[f], v)
}

func isName(v string) bool {
	return v != "" && utf8.ValidString(v) && utf8.RuneCountInString(v) <= maxName && !strings.ContainsFunc(v, unicode.IsControl)
}

// Hit is one case found; the api's form.
type Hit struct {
	ID          events.CaseID     `json:"id"`
	Ref         string            `json:"ref"`
	Office      events.OfficeSlug `json:"office"`
	Sector      string            `json:"sector"`
	Category    string            `json:"category"`
	HazardLevel string            `json:"hazard_level"`
	County      string            `json:"county"`
	Title       string            `json:"title"`
	Enterprise  string            `json:"enterprise"`
	FoundOn     events.Day        `json:"found_on"`
	// DueOn is the due day in force as written, while the clock runs; OverdueDays counts from it, moved off days off, to today.
	DueOn       events.Day `json:"due_on"`
	OverdueDays int        `json:"overdue_days"`
	// PenaltyYuan is null while none is decided.
	PenaltyYuan *int64 `json:"penalty_yuan"`
	// DistanceM is from Params.Near in metres; null without it.
	DistanceM *int `json:"distance_m"`
	// Picture is the first picture cleared for the public, empty without one.
	Picture events.MediaID `json:"picture"`
	// PublishedOn is empty before the first publication, RectificationState while there is no rectification.
	PublishedOn        events.Day                 `json:"published_on"`
	State              events.CaseStatus          `json:"state"`
	RectificationState events.RectificationStatus `json:"rectification_state"`
	// Highlight gives, for each text in which the query was found (ref, title, enterprise, tags, violations, summary, places, rest, transcripts), a fragment of the original as
	// HTML: escaped, the matches in <mark>.
	Highlight map[string]string `json:"highlight"`
}

// Found answers a query. Total and Facets are exact; a facet's value without hits isn't listed.
type Found struct {
	Hits   []Hit                     `json:"hits"`
	Total  int                       `json:"total"`
	Facets map[string]map[string]int `json:"facets"`
	// Alternatives are, for each facet in which values are picked, its counts under everything but this facet.
	Alternatives map[string]map[string]int `json:"alternatives,omitempty"`
	// ReadAs tells of terms that nothing has as written, in the order of the query.
	ReadAs []ReadAs `json:"read_as,omitempty"`
	// DidYouMean proposes other queries where nothing is found.
	DidYouMean []Proposal `json:"did_you_mean,omitempty"`
	// Cursor asks for the next page of a frozen list; empty at its end.
	Cursor string `json:"cursor,omitempty"`
	// Position is up to where the index knew each stream of the log when the list was frozen.
	Position map[string]uint64 `json:"position,omitempty"`
	// TookMS is how long archive took, in milliseconds.
	TookMS float64 `json:"took_ms"`
}
