package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
)

// fewHits is how many hits of a single term are few enough to look for more within words.
const fewHits = 20

// Search answers a query with one request: hits, total and facets together; one of several alternatives with two. Only where nothing is found as it is written are terms read otherwise
// (relax); so whatever is read into a term stands below what has it, and a common word doesn't bring its homophones along.
func (x *Index) Search(ctx context.Context, q archive.Query) (archive.Found, error) {
	ways, err := x.waysOf(ctx, q)
	if err != nil {
		return archive.Found{}, err
	}
	var m marker
	found, _, err := x.anyOf(ctx, q, x.asWritten(ways, &m), &m)
	switch {
	case err != nil:
		return found, err
	case found.Total == 0 && anyTerms(ways):
		return x.relaxed(ctx, q, ways, found)
	case found.Total > 0 && found.Total < fewHits:
		if more, err := x.inside(ctx, q, ways, &m); err != nil || len(more) > 0 {
			if err == nil {
				found, _, err = x.union(ctx, q, more, &m)
			}
			return found, err
		}
	}
	return found, nil
}

// relaxed asks again for what the terms may have meant.
func (x *Index) relaxed(ctx context.Context, q archive.Query, ways []way, found archive.Found) (archive.Found, error) {
	var m marker
	asked := wantedOf(q, ways)
	plans, err := x.relax(ctx, asked)
	if err == nil && len(plans) > 0 {
		again, first, err := x.anyOf(ctx, q, x.asMeant(ways, plans, &m), &m)
		if err != nil {
			return again, err
		}
		if again.Total > 0 {
			again.ReadAs = readings(asked, plans, first)
			return again, nil
		}
	}
	if err == nil && len(ways) == 1 {
		found.DidYouMean, err = x.propose(ctx, asked[0])
	}
	return found, err
}

// answer is the part of the engine's answer that counts.
type answer struct {
	Hits              []hit                     `json:"hits"`
	TotalHits         int                       `json:"totalHits"`
	FacetDistribution map[string]map[string]int `json:"facetDistribution"`
}

type hit struct {
	ID                 events.CaseID              `json:"id"`
	Office             events.OfficeSlug          `json:"office"`
	Sector             string                     `json:"sector"`
	Category           string                     `json:"category"`
	HazardLevel        string                     `json:"hazard_level"`
	County             string                     `json:"county"`
	State              events.CaseStatus          `json:"state"`
	RectificationState events.RectificationStatus `json:"rectification_state"`
	PublishedOn        events.Day                 `json:"published_on"`
	FoundOn            events.Day                 `json:"found_on"`
	DueOn              events.Day                 `json:"due_on"`
	PenaltyYuan        *int64                     `json:"penalty_yuan"`
	Picture            events.MediaID             `json:"picture"`
	Geo                *place                     `json:"_geo"`
	Shown              archive.Texts              `json:"shown"`
	Exposed            int64                      `json:"exposed"`
	Position           Position                   `json:"position"`
}

var (
	retrieved      = []string{"id", "office", "sector", "category", "hazard_level", "county", "state", "rectification_state", "published_on", "found_on", "due_on", "penalty_yuan", "picture", "_geo"}
	retrievedPlain = append(slices.Clip(retrieved), "shown.ref", "shown.title", "shown.enterprise")
	retrievedWhole = append(slices.Clip(retrieved), "shown")
	facetNames     = func() (out []string) {
		for _, f := range archive.Facets() {
			out = append(out, string(f))
		}
		return out
	}()
)

// ask puts one inquiry, with a count for each facet in which values are picked. First are the texts of the first hit.
func (x *Index) ask(ctx context.Context, q archive.Query, i inquiry, m *marker) (out archive.Found, first archive.Texts, err error) {
	perPage := int64(q.PerPage)
	req := &meilisearch.SearchRequest{IndexUID: Live, Query: i.text, Filter: filterBut(q, "", i.filter), Facets: facetNames, Page: int64(q.Page), HitsPerPage: &perPage, Sort: sortOf(q),
		AttributesToRetrieve: retrievedPlain, MatchingStrategy: meilisearch.All}
	if i.text != "" {
		req.AttributesToSearchOn, req.AttributesToRetrieve = literal, retrievedWhole
	}
	picked := pickedOf(q)
	questions := []*meilisearch.SearchRequest{req}
	for _, f := range picked {
		questions = append(questions, counting(f, i.text, filterBut(q, f, i.filter)))
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return archive.Found{}, first, err
	}
	a := answers[0]
	out = archive.Found{Hits: shown(a.Hits, q, m), Total: a.TotalHits, Facets: a.FacetDistribution, Alternatives: alternatives(picked, answers[1:])}
	if len(a.Hits) > 0 {
		first = a.Hits[0].Shown
	}
	return out, first, nil
}

// unfit takes it for an index that isn't built when the engine finds our own filter, facets or attributes wrong: they fit every index of this shape. An engine that lost its data
// shows an empty one while the next is being built.
func unfit(err error) error {
	var e *meilisearch.Error
	if errors.As(err, &e) && strings.HasPrefix(e.MeilisearchApiError.Code, "invalid_search_") {
		err = fmt.Errorf("%w: %s", ErrNotBuilt, e.MeilisearchApiError.Message)
	}
	return away("search", err)
}

// shown makes hits as an asker sees them.
func shown(hits []hit, q archive.Query, m *marker) []archive.Hit {
	out := make([]archive.Hit, len(hits))
	_ = perHit(len(hits), func(i int) error {
		out[i] = hits[i].found(q, m)
		return nil
	})
	return out
}

func (h *hit) found(q archive.Query, m *marker) archive.Hit {
	out := archive.Hit{ID: h.ID, Ref: h.Shown.Ref, Office: h.Office, Sector: h.Sector, Category: h.Category, HazardLevel: h.HazardLevel, County: h.County, Title: h.Shown.Title,
		Enterprise: h.Shown.Enterprise, PublishedOn: h.PublishedOn, FoundOn: h.FoundOn, DueOn: h.DueOn, PenaltyYuan: h.PenaltyYuan, Picture: h.Picture,
		State: h.State, RectificationState: h.RectificationState, Highlight: m.highlight(h.Shown)}
	if q.Near != nil && h.Geo != nil {
		metres := metresBetween(*q.Near, events.Location{Lat: h.Geo.Lat, Lon: h.Geo.Lng})
		out.DistanceM = &metres
	}
	return out
}

func list(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = quote(v)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// quote escapes the one character that ends a quoted value. A backslash, which could take the closing quote away, stands in no value that is ever indexed; here it is dropped.
func quote(v string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(v, `\`, ""), `"`, `\"`) + `"`
}
