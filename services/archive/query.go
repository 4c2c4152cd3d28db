package archive

import (
	"slices"
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
)

// Facets lists them all; every answer counts each.
func Facets() []Facet {
	return []Facet{FacetOffice, FacetSector, FacetCategory, FacetHazardLevel, FacetLevel, FacetOutlet, FacetState, FacetRectificationState}
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

// The orders. Relevance (the default) puts better matches first and, among equals or without a text, the latest published; unpublished cases come last in all three.
const (
	Relevance Sort = "relevance"
	Newest    Sort = "newest"
	Oldest    Sort = "oldest"
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
	// maxOutlet bounds an outlet's name, in characters.
	maxOutlet = 120
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
	Sort string `json:"sort,omitempty"`
	// Page counts from 1; 0 is the first. PerPage 0 is DefaultPerPage.
	Page    int `json:"page,omitempty"`
	PerPage int `json:"per_page,omitempty"`
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
	}
	return nil
}

// Query is a checked question of one actor.
type Query struct {
	Text string
	// Filters hold the wanted values of a facet; any of them will do.
	Filters  map[Facet][]string
	From, To events.Day
	Sort     Sort
	// Page counts from 1.
	Page, PerPage int
	// Holds are the holders that the actor is.
	Holds []string
}

// Ask checks params for an actor. What can't be read is fault.BadParameter, every wrong parameter named at once.
func Ask(a access.Actor, p Params) (Query, error) {
	var wrong fault.Fields
	q := Query{Text: cut(p.Q), Filters: map[Facet][]string{}, Holds: a.Holds(), From: day(&wrong, "from", p.From), To: day(&wrong, "to", p.To), Sort: Sort(p.Sort), Page: p.Page, PerPage: p.PerPage}
	for _, f := range Facets() {
		if values := p.of(f); len(values) > 0 {
			q.Filters[f] = checked(&wrong, f, values)
		}
	}
	switch q.Sort {
	case "":
		q.Sort = Relevance
	case Relevance, Newest, Oldest:
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
		return v != "" && utf8.ValidString(v) && utf8.RuneCountInString(v) <= maxOutlet && !strings.ContainsFunc(v, unicode.IsControl)
	case FacetSector, FacetCategory, FacetHazardLevel, FacetLevel, FacetState, FacetRectificationState:
	}
	return slices.Contains(known[f], v)
}

// Hit is one case found; the api's form.
type Hit struct {
	ID         events.CaseID     `json:"id"`
	Ref        string            `json:"ref"`
	Office     events.OfficeSlug `json:"office"`
	Sector     string            `json:"sector"`
	Title      string            `json:"title"`
	Enterprise string            `json:"enterprise"`
	// PublishedOn is empty before the first publication, RectificationState while there is no rectification.
	PublishedOn        events.Day                 `json:"published_on"`
	State              events.CaseStatus          `json:"state"`
	RectificationState events.RectificationStatus `json:"rectification_state"`
	// Highlight gives, for each text in which the query was found (ref, title, enterprise, tags, violations, summary, rest), a fragment of the original as
	// HTML: escaped, the matches in <mark>.
	Highlight map[string]string `json:"highlight"`
}

// Found answers a query. Total and Facets are exact; a facet's value without hits isn't listed.
type Found struct {
	Hits   []Hit                     `json:"hits"`
	Total  int                       `json:"total"`
	Facets map[string]map[string]int `json:"facets"`
	// ReadAs tells of terms that nothing has as written, in the order of the query.
	ReadAs []ReadAs `json:"read_as,omitempty"`
	// DidYouMean proposes other queries where nothing is found.
	DidYouMean []Proposal `json:"did_you_mean,omitempty"`
	// TookMS is how long archive took, in milliseconds.
	TookMS float64 `json:"took_ms"`
}
