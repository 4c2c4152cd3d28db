package index

import (
	"cmp"
	"context"
	"slices"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/archive"
)

// unionHits is how many hits of each text of a union count.
const unionHits = 5000

// anyOf asks for what any of some texts finds, a single one as it is.
func (x *Index) anyOf(ctx context.Context, q archive.Query, texts []string, m *marker) (archive.Found, archive.Texts, error) {
	if len(texts) == 1 {
		return x.ask(ctx, q, texts[0], literal, m)
	}
	return x.union(ctx, q, texts, m)
}

// union asks for what any of several texts finds: the hits of the first text first, each case once. First are the texts of the first hit. Two requests.
func (x *Index) union(ctx context.Context, q archive.Query, texts []string, m *marker) (f archive.Found, first archive.Texts, err error) {
	var questions []*meilisearch.SearchRequest
	for _, t := range texts {
		r := question(t, literal, filterOf(q), unionHits)
		r.AttributesToRetrieve = []string{"id"}
		questions = append(questions, r)
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return f, first, err
	}
	var ids []string
	place := map[string]int{}
	for _, a := range answers {
		for _, h := range a.Hits {
			if _, had := place[string(h.ID)]; !had {
				place[string(h.ID)] = len(ids)
				ids = append(ids, string(h.ID))
			}
		}
	}
	from := min((q.Page-1)*q.PerPage, len(ids))
	page := ids
	if q.Sort == archive.Relevance {
		page = ids[from:min(from+q.PerPage, len(ids))]
	}
	return x.named(ctx, q, ids, page, place, m)
}

// named gives the page of a list of ids, with its facets and total.
func (x *Index) named(ctx context.Context, q archive.Query, ids, page []string, place map[string]int, m *marker) (f archive.Found, first archive.Texts, err error) {
	perPage, none := int64(q.PerPage), int64(0)
	hits := &meilisearch.SearchRequest{IndexUID: Live, Filter: filterOf(q) + " AND id IN " + list(page), HitsPerPage: &perPage, Page: 1, AttributesToRetrieve: retrievedWhole}
	if q.Sort != archive.Relevance {
		hits.Sort, hits.Page = sortOf(q), int64(q.Page)
	}
	counts := &meilisearch.SearchRequest{IndexUID: Live, Filter: filterOf(q) + " AND id IN " + list(ids), Facets: facetNames, HitsPerPage: &none, Page: 1}
	answers, err := x.several(ctx, []*meilisearch.SearchRequest{hits, counts})
	if err != nil {
		return f, first, err
	}
	out := archive.Found{Hits: make([]archive.Hit, 0, len(answers[0].Hits)), Total: answers[1].TotalHits, Facets: answers[1].FacetDistribution}
	found := answers[0].Hits
	if q.Sort == archive.Relevance {
		found = inOrder(found, place)
	}
	if len(found) > 0 {
		first = found[0].Shown
	}
	for i := range found {
		out.Hits = append(out.Hits, found[i].found(q, m))
	}
	return out, first, nil
}

func inOrder(found []hit, place map[string]int) []hit {
	slices.SortFunc(found, func(a, b hit) int { return cmp.Compare(place[string(a.ID)], place[string(b.ID)]) })
	return found
}
