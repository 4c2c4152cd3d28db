package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// maxTerms is how many blank-separated terms of a query count; as in the embedded engine.
const maxTerms = 64

// Search answers a query with one request: hits, total and facets together. Only where a text finds nothing as it is written are its terms read otherwise (relax); so whatever
// is read into a term stands below what has it, and a common word doesn't bring its homophones along.
func (x *Index) Search(ctx context.Context, q archive.Query) (archive.Found, error) {
	terms := termsOf(q.Text)
	var m marker
	for i, t := range terms {
		m.seek(t, i == len(terms)-1)
	}
	found, _, err := x.ask(ctx, q, x.written(terms), literal, &m)
	if err == nil && found.Total > 0 && found.Total < q.PerPage && len(terms) == 1 {
		return x.inside(ctx, q, terms[0], found)
	}
	if err != nil || found.Total > 0 || len(terms) == 0 {
		return found, err
	}
	return x.relaxed(ctx, q, terms, found)
}

// relaxed asks again for what the terms may have meant.
func (x *Index) relaxed(ctx context.Context, q archive.Query, terms []string, found archive.Found) (archive.Found, error) {
	asked := wanted{terms, filterOf(q)}
	plans, err := x.relax(ctx, []wanted{asked})
	if err != nil {
		return found, err
	}
	if len(plans) == 0 {
		found.DidYouMean, err = x.propose(ctx, asked)
		return found, err
	}
	var texts []string
	var m marker
	for _, p := range plans {
		var again []string
		for _, r := range p.read {
			again = append(again, phrase(x.spell(r.text)))
			m.seek(r.text, false)
		}
		texts = append(texts, strings.Join(again, " "))
	}
	again, firstHit, err := x.anyOf(ctx, q, texts, &m)
	if err != nil {
		return again, err
	}
	if again.Total == 0 {
		again.DidYouMean, err = x.propose(ctx, asked)
		return again, err
	}
	again.ReadAs = readAs(asked, plans[0], firstHit)
	return again, nil
}

// termsOf folds a query and takes away what an engine would read as an operator: people's text is searched as text.
func termsOf(text string) []string {
	text = strings.Map(func(r rune) rune {
		if r == '"' || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, fold.String(text))
	var out []string
	for _, t := range strings.Fields(text) {
		if t = strings.TrimLeft(t, "-"); t != "" && len(out) < maxTerms {
			out = append(out, t)
		}
	}
	return out
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

func (x *Index) ask(ctx context.Context, q archive.Query, text string, on []string, m *marker) (out archive.Found, first archive.Texts, err error) {
	perPage := int64(q.PerPage)
	req := &meilisearch.SearchRequest{Filter: filterOf(q), Facets: facetNames, Page: int64(q.Page), HitsPerPage: &perPage, AttributesToRetrieve: retrievedPlain, MatchingStrategy: meilisearch.All}
	if text != "" {
		req.AttributesToSearchOn, req.AttributesToRetrieve = on, retrievedWhole
	}
	req.Sort = sortOf(q)
	req.IndexUID, req.Query = Live, text
	picked := pickedOf(q)
	questions := []*meilisearch.SearchRequest{req}
	for _, f := range picked {
		questions = append(questions, counting(q, f, text, on))
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return archive.Found{}, first, err
	}
	a := answers[0]
	out = archive.Found{Hits: make([]archive.Hit, len(a.Hits)), Total: a.TotalHits, Facets: a.FacetDistribution, Alternatives: alternatives(picked, answers[1:])}
	for i := range a.Hits {
		out.Hits[i] = a.Hits[i].found(q, m)
	}
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
