package index

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
)

const (
	// unionHits is how many hits of each inquiry of a union count.
	unionHits = 20_000
	// namedAtOnce is how many ids one filter names: a Meilisearch takes 30 ms for a thousand, and the time grows with the square.
	namedAtOnce = 1000
)

// anyOf asks for what any of some inquiries finds, a single one as it is.
func (x *Index) anyOf(ctx context.Context, q archive.Query, all []inquiry, m *marker) (archive.Found, archive.Texts, error) {
	if len(all) == 1 {
		return x.ask(ctx, q, all[0], m)
	}
	return x.union(ctx, q, all, m)
}

// union asks for what any of several inquiries finds: the hits of the first one first, each case once, or in the order that was asked for. Two requests.
func (x *Index) union(ctx context.Context, q archive.Query, all []inquiry, m *marker) (f archive.Found, first archive.Texts, err error) {
	picked := pickedOf(q)
	lists, err := x.lists(ctx, q, append([]archive.Facet{""}, picked...), all, unionHits)
	if err != nil {
		return f, first, err
	}
	ids := lists[0]
	from := min((q.Page-1)*q.PerPage, len(ids))
	return x.named(ctx, q, picked, lists, ids[from:min(from+q.PerPage, len(ids))], m)
}

// lists gives the ids that any of the inquiries finds, once for each facet that is left out, in order; so many of each at most.
func (x *Index) lists(ctx context.Context, q archive.Query, but []archive.Facet, all []inquiry, most int64) ([][]string, error) {
	var questions []*meilisearch.SearchRequest
	for _, f := range but {
		for _, i := range all {
			r := question(i.text, literal, filterBut(q, f, i.filter), most)
			r.AttributesToRetrieve = []string{"id", "published_on", "due_on", "penalty_yuan", "_geo"}
			questions = append(questions, r)
		}
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(but))
	for i := range but {
		seen := map[events.CaseID]bool{}
		var hits []hit
		for _, a := range answers[i*len(all) : (i+1)*len(all)] {
			for _, h := range a.Hits {
				if !seen[h.ID] {
					seen[h.ID] = true
					hits = append(hits, h)
				}
			}
		}
		if key := keyOf(q); key != nil {
			slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(key(&a), key(&b)) })
		}
		for _, h := range hits {
			out[i] = append(out[i], string(h.ID))
		}
	}
	return out, nil
}

// keyOf gives what hits are sorted by, smallest first, as sortOf tells an engine; nil for relevance.
func keyOf(q archive.Query) func(*hit) float64 {
	day := func(d events.Day, sign float64) float64 {
		if d == "" {
			return math.Inf(1)
		}
		return sign * float64(number(d))
	}
	switch q.Sort {
	case archive.Newest:
		return func(h *hit) float64 { return day(h.PublishedOn, -1) }
	case archive.Oldest:
		return func(h *hit) float64 { return day(h.PublishedOn, 1) }
	case archive.Overdue:
		return func(h *hit) float64 { return day(h.DueOn, 1) }
	case archive.Penalty:
		return func(h *hit) float64 {
			if h.PenaltyYuan == nil {
				return math.Inf(1)
			}
			return -float64(*h.PenaltyYuan)
		}
	case archive.Nearest:
		return func(h *hit) float64 {
			if h.Geo == nil {
				return math.Inf(1)
			}
			return float64(metresBetween(*q.Near, events.Location{Lat: h.Geo.Lat, Lon: h.Geo.Lng}))
		}
	case archive.Relevance:
	}
	return nil
}

// named gives the hits of a page of ids in their order, with the facets and the total of the first list and of each further one the counts of its picked facet.
func (x *Index) named(ctx context.Context, q archive.Query, picked []archive.Facet, lists [][]string, page []string, m *marker) (f archive.Found, first archive.Texts, err error) {
	none := int64(0)
	questions := []*meilisearch.SearchRequest{those(q, page)}
	var of []int
	for i, ids := range lists {
		facets, but := facetNames, archive.Facet("")
		if i > 0 {
			but = picked[i-1]
			facets = []string{string(but)}
		}
		for some := range slices.Chunk(ids, namedAtOnce) {
			of = append(of, i)
			questions = append(questions, &meilisearch.SearchRequest{IndexUID: Live, Filter: filterBut(q, but, "id IN "+list(some)), Facets: facets, HitsPerPage: &none, Page: 1,
				AttributesToRetrieve: []string{"id"}})
		}
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return f, first, err
	}
	counts := make([]answer, len(lists))
	for i := range counts {
		counts[i].FacetDistribution = map[string]map[string]int{}
	}
	for i, a := range answers[1:] {
		counts[of[i]].add(a)
	}
	for _, name := range facetNames {
		if counts[0].FacetDistribution[name] == nil {
			counts[0].FacetDistribution[name] = map[string]int{}
		}
	}
	f = archive.Found{Total: counts[0].TotalHits, Facets: counts[0].FacetDistribution, Alternatives: alternatives(picked, counts[1:])}
	f.Hits, first = inOrder(q, answers[0].Hits, page, m)
	return f, first, nil
}

// those asks for cases by their ids, as far as the asker may see them.
func those(q archive.Query, ids []string) *meilisearch.SearchRequest {
	perPage := int64(len(ids))
	return &meilisearch.SearchRequest{IndexUID: Live, Filter: "visible_to IN " + list(q.Holds) + " AND id IN " + list(ids), HitsPerPage: &perPage, Page: 1, AttributesToRetrieve: retrievedWhole}
}

// inOrder gives the hits in the order of the ids.
func inOrder(q archive.Query, found []hit, ids []string, m *marker) (out []archive.Hit, first archive.Texts) {
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(found, func(a, b hit) int { return cmp.Compare(place[string(a.ID)], place[string(b.ID)]) })
	if len(found) > 0 {
		first = found[0].Shown
	}
	return shown(found, q, m), first
}

// add counts what another answer, of other cases, counts.
func (a *answer) add(b answer) {
	a.TotalHits += b.TotalHits
	for facet, values := range b.FacetDistribution {
		if a.FacetDistribution[facet] == nil {
			a.FacetDistribution[facet] = map[string]int{}
		}
		for v, n := range values {
			a.FacetDistribution[facet][v] += n
		}
	}
}
