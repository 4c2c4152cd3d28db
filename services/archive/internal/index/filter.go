package index

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// filterBut narrows to what the actor holds, always and first, then to what was asked for but one facet's values, and by another filter, if there is one. Every value is quoted.
func filterBut(q archive.Query, but archive.Facet, and string) string {
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
	parts = append(parts, yuan(q.PenaltyMin, q.PenaltyMax)...)
	if q.Near != nil && q.RadiusKM > 0 {
		parts = append(parts, "_geoRadius("+degrees(q.Near.Lat)+", "+degrees(q.Near.Lon)+", "+strconv.Itoa(int(math.Round(q.RadiusKM*1000)))+")")
	}
	if f := q.Frame; f != nil {
		parts = append(parts, "_geoBoundingBox(["+degrees(f.North)+", "+degrees(f.East)+"], ["+degrees(f.South)+", "+degrees(f.West)+"])")
	}
	if and != "" {
		parts = append(parts, "("+and+")")
	}
	return strings.Join(parts, " AND ")
}

// conditions writes what the query's language bounds; empty for nothing. Enterprises by name are keys by now (keyed).
func conditions(q archive.Query, all []archive.Condition) string {
	var parts []string
	for _, c := range all {
		one := strings.Join(condition(q, c), " AND ")
		if c.Not {
			one = "NOT (" + one + ")"
		}
		parts = append(parts, one)
	}
	return strings.Join(parts, " AND ")
}

func condition(q archive.Query, c archive.Condition) []string {
	folded := func() (out []string) {
		for _, v := range c.Values {
			out = append(out, fold.String(v))
		}
		return out
	}
	switch c.Field {
	case archive.FieldFound:
		return between("found", c.From, c.To)
	case archive.FieldPublished:
		return between("day", c.From, c.To)
	case archive.FieldDue:
		return between("due", c.From, c.To)
	case archive.FieldOverdue:
		return []string{"due <= " + strconv.Itoa(number(q.OverdueUntil))}
	case archive.FieldPenalty:
		return yuan(c.Min, c.Max)
	case archive.FieldEnterprise:
		return []string{"enterprise IN " + list(folded())}
	case archive.FieldTag:
		return []string{"tag IN " + list(folded())}
	case archive.FieldRef:
		var any []string
		for _, v := range folded() {
			switch n, whole := numbered(v); {
			case whole:
				any = append(any, "number = "+quote(n))
			case n == "":
				any = append(any, "number IN []")
			default:
				any = append(any, "number STARTS WITH "+quote(n))
			}
		}
		return []string{"(" + strings.Join(any, " OR ") + ")"}
	}
	return []string{string(c.Field) + " IN " + list(c.Values)}
}

func yuan(least, most *int64) (out []string) {
	if least != nil {
		out = append(out, "penalty_yuan >= "+strconv.FormatInt(*least, 10))
	}
	if most != nil {
		out = append(out, "penalty_yuan <= "+strconv.FormatInt(*most, 10))
	}
	return out
}

// numbered is what references are compared by: the plain number, or the words of what is none or only the beginning of one.
func numbered(folded string) (number string, whole bool) {
	if n, ok := fold.Number(folded); ok {
		return n, true
	}
	return strings.Join(strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }), " "), false
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

// counting asks for one facet's counts.
func counting(f archive.Facet, text, filter string) *meilisearch.SearchRequest {
	none := int64(0)
	r := &meilisearch.SearchRequest{IndexUID: Live, Query: text, Filter: filter, Facets: []string{string(f)}, HitsPerPage: &none, Page: 1, MatchingStrategy: meilisearch.All,
		AttributesToRetrieve: []string{"id"}}
	if text != "" {
		r.AttributesToSearchOn = literal
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
