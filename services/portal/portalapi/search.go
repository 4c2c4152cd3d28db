package portalapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Hit is one case found.
type Hit struct {
	ID          string `json:"id"`
	Ref         string `json:"ref"`
	Office      string `json:"office"`
	Sector      string `json:"sector"`
	Category    string `json:"category"`
	HazardLevel string `json:"hazard_level"`
	County      string `json:"county"`
	Title       string `json:"title"`
	Enterprise  string `json:"enterprise"`
	// Days are 2026-06-12; PublishedOn is empty before the first publication, DueOn while no clock runs.
	FoundOn     string `json:"found_on"`
	PublishedOn string `json:"published_on"`
	DueOn       string `json:"due_on"`
	// OverdueDays counts the days after the moved due day of a clock that runs.
	OverdueDays        int    `json:"overdue_days"`
	State              string `json:"state"`
	RectificationState string `json:"rectification_state"`
	PenaltyYuan        *int64 `json:"penalty_yuan"`
	// DistanceM is how far it is from “near”, in metres.
	DistanceM *int `json:"distance_m"`
	// Picture is the first picture that may be shown; its bytes are at PicturePath.
	Picture   string            `json:"picture"`
	Highlight map[string]string `json:"highlight"`
}

// PicturePath is the address of the small copy of a hit's picture, "" without one.
func (h Hit) PicturePath() string {
	if h.Picture == "" {
		return ""
	}
	return "/media/" + h.Picture + "/w320"
}

// Found answers a search.
type Found struct {
	Hits []Hit `json:"hits"`
	// Total and Facets are exact.
	Total  int                       `json:"total"`
	Facets map[string]map[string]int `json:"facets"`
	// Alternatives are, for each facet in which values are picked, its counts under everything but this facet.
	Alternatives map[string]map[string]int `json:"alternatives,omitempty"`
	// ReadAs says how terms were read that nothing has as they were written.
	ReadAs []ReadAs `json:"read_as,omitempty"`
	// DidYouMean are other queries that find something, where this one finds nothing.
	DidYouMean []Proposal `json:"did_you_mean,omitempty"`
	// Cursor asks for the next page of a list that was begun with cursor=*; empty at its end.
	Cursor string `json:"cursor,omitempty"`
	// Position is up to where the index knew each stream of the log when such a list was begun.
	Position map[string]uint64 `json:"position,omitempty"`
	TookMS   float64           `json:"took_ms"`
}

// ReadAs is how one term was read. How is sound, slip or pinyin.
type ReadAs struct {
	Term string `json:"term"`
	As   string `json:"as"`
	How  string `json:"how"`
}

// Proposal is another query and how many cases it finds.
type Proposal struct {
	Q     string `json:"q"`
	Total int    `json:"total"`
}

// Place writes the position in short, as in names of exported files: c12-m40-r7, the streams by their first letter.
func (f Found) Place() string {
	var parts []string
	for stream, n := range f.Position {
		if stream != "" {
			parts = append(parts, strings.ToLower(stream[:1])+strconv.FormatUint(n, 10))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "-")
}

// HeaderPosition carries an export's position in the log.
const HeaderPosition = "Songshui-Position"

// Suggestion is one way to go on while typing. Kind is enterprise, ref, tag or place; Query is what to search for, Highlight Text as HTML with the typed part in <mark>.
type Suggestion struct {
	Kind      string `json:"kind"`
	Text      string `json:"text"`
	Query     string `json:"query"`
	Highlight string `json:"highlight"`
}

// Suggestions answers what was typed so far.
type Suggestions struct {
	Items  []Suggestion `json:"items"`
	TookMS float64      `json:"took_ms"`
}

// Suggest gives ways to go on with what was typed.
func (c *Client) Suggest(ctx context.Context, q string, limit int) (Suggestions, error) {
	v := url.Values{"q": {q}}
	if limit > 0 {
		v.Set("limit", strconv.Itoa(limit))
	}
	var s Suggestions
	return s, c.Do(ctx, http.MethodGet, "/api/v1/suggest?"+v.Encode(), nil, nil, &s)
}
