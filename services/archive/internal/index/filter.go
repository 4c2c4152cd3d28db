package index

import (
	"math"
	"strconv"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// filterOf narrows to what the actor holds, always and first, then to what was asked for. Every value is quoted.
func filterOf(q archive.Query) string { return filterBut(q, "") }

// filterBut is filterOf without one facet's values.
func filterBut(q archive.Query, but archive.Facet) string {
	parts := []string{"visible_to IN " + list(q.Holds)}
	for _, f := range archive.Facets() {
		if values := q.Filters[f]; len(values) > 0 && f != but {
			parts = append(parts, string(f)+" IN "+list(values))
		}
	}
	if len(q.Enterprises) > 0 {
		keys := make([]string, len(q.Enterprises))
		for i, e := range q.Enterprises {
			keys[i] = fold.String(e)
		}
		parts = append(parts, "enterprise IN "+list(keys))
	}
	parts = append(parts, between("day", q.From, q.To)...)
	parts = append(parts, between("found", q.FoundFrom, q.FoundTo)...)
	parts = append(parts, between("due", q.DueFrom, q.DueTo)...)
	if q.Overdue {
		parts = append(parts, "due <= "+strconv.Itoa(number(q.OverdueUntil)))
	}
	if q.PenaltyMin != nil {
		parts = append(parts, "penalty_yuan >= "+strconv.FormatInt(*q.PenaltyMin, 10))
	}
	if q.PenaltyMax != nil {
		parts = append(parts, "penalty_yuan <= "+strconv.FormatInt(*q.PenaltyMax, 10))
	}
	if q.Near != nil && q.RadiusKM > 0 {
		parts = append(parts, "_geoRadius("+degrees(q.Near.Lat)+", "+degrees(q.Near.Lon)+", "+strconv.Itoa(int(math.Round(q.RadiusKM*1000)))+")")
	}
	if f := q.Frame; f != nil {
		parts = append(parts, "_geoBoundingBox(["+degrees(f.North)+", "+degrees(f.East)+"], ["+degrees(f.South)+", "+degrees(f.West)+"])")
	}
	return strings.Join(parts, " AND ")
}

func between(attribute string, from, to events.Day) (out []string) {
	if from != "" {
		out = append(out, attribute+" >= "+strconv.Itoa(number(from)))
	}
	if to != "" {
		out = append(out, attribute+" <= "+strconv.Itoa(number(to)))
	}
	return out
}

// degrees writes a number without an exponent, which an engine wouldn't read.
func degrees(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// sortOf is the order that was asked for; cases without the value come last. Equals stand as in the ranking rules.
func sortOf(q archive.Query) []string {
	switch q.Sort {
	case archive.Newest:
		return []string{"day:desc"}
	case archive.Oldest:
		return []string{"day:asc"}
	case archive.Penalty:
		return []string{"penalty_yuan:desc"}
	case archive.Overdue:
		return []string{"due:asc"}
	case archive.Nearest:
		return []string{"_geoPoint(" + degrees(q.Near.Lat) + ", " + degrees(q.Near.Lon) + "):asc"}
	case archive.Relevance:
	}
	return nil
}

// pickedOf lists the facets in which values are picked.
func pickedOf(q archive.Query) (out []archive.Facet) {
	for _, f := range archive.Facets() {
		if len(q.Filters[f]) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// counting asks for one facet's counts under everything but itself.
func counting(q archive.Query, f archive.Facet, text string, on []string) *meilisearch.SearchRequest {
	none := int64(0)
	r := &meilisearch.SearchRequest{IndexUID: Live, Query: text, Filter: filterBut(q, f), Facets: []string{string(f)}, HitsPerPage: &none, Page: 1, MatchingStrategy: meilisearch.All,
		AttributesToRetrieve: []string{"id"}}
	if text != "" {
		r.AttributesToSearchOn = on
	}
	return r
}

func alternatives(picked []archive.Facet, answers []answer) map[string]map[string]int {
	if len(picked) == 0 {
		return nil
	}
	out := map[string]map[string]int{}
	for i, f := range picked {
		out[string(f)] = answers[i].FacetDistribution[string(f)]
	}
	return out
}

// earthRadius is the mean one, in metres (IUGG), as engines take it.
const earthRadius = 6_371_008.8

// metresBetween is the length of the great circle (haversine).
func metresBetween(a, b events.Location) int {
	const rad = math.Pi / 180
	dLat, dLon := (b.Lat-a.Lat)*rad/2, (b.Lon-a.Lon)*rad/2
	h := math.Sin(dLat)*math.Sin(dLat) + math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*math.Sin(dLon)*math.Sin(dLon)
	return int(math.Round(2 * earthRadius * math.Asin(math.Min(1, math.Sqrt(h)))))
}
