package search

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"songshui.internal/services/internal/embedded/search/engine"
)

// maxQueries bounds a multi-search.
const maxQueries = 100

// searchRequest is a search's body.
type searchRequest struct {
	engine.Query
	page, hitsPerPage *int
	indexUID          string
}

// parseSearch reads a body. What this engine doesn't do is refused unless it asks for nothing.
func parseSearch(body map[string]json.RawMessage) (*searchRequest, error) {
	q := &searchRequest{Query: engine.Query{Limit: 20, Pre: "<em>", Post: "</em>", Strategy: "last", CropLength: 10, CropMarker: "…"}}
	for k, v := range body {
		var err error
		switch k {
		case "q":
			err = into(v, &q.Q)
		case "filter":
			err = into(v, &q.Filter)
		case "facets":
			err = into(v, &q.Facets)
		case "sort":
			err = into(v, &q.Sort)
		case "attributesToRetrieve":
			err = into(v, &q.Retrieve)
		case "attributesToHighlight":
			err = into(v, &q.Highlight)
		case "attributesToCrop":
			err = into(v, &q.Crop)
		case "cropLength":
			err = natural(v, &q.CropLength)
		case "cropMarker":
			err = into(v, &q.CropMarker)
		case "highlightPreTag":
			err = into(v, &q.Pre)
		case "highlightPostTag":
			err = into(v, &q.Post)
		case "showMatchesPosition":
			err = into(v, &q.Positions)
		case "attributesToSearchOn":
			err = into(v, &q.SearchOn)
		case "matchingStrategy":
			err = q.strategy(v)
		case "offset":
			err = natural(v, &q.Offset)
		case "limit":
			err = natural(v, &q.Limit)
		case "page":
			err = optional(v, &q.page)
		case "hitsPerPage":
			err = optional(v, &q.hitsPerPage)
		case "indexUid":
			err = into(v, &q.indexUID)
		case "hybrid", "vector", "distinct", "showRankingScore",
			"showRankingScoreDetails", "showPerformanceDetails", "rankingScoreThreshold", "retrieveVectors", "locales",
			"media", "personalize", "federationOptions":
			err = onlyFalse(v)
		default:
			return nil, engine.Errorf("bad_request", "Unknown field `%s`: expected one of `q`, `offset`, `limit`, `page`, `hitsPerPage`, `attributesToRetrieve`, `attributesToCrop`, `cropLength`, `cropMarker`, `attributesToHighlight`, `showMatchesPosition`, `filter`, `sort`, `facets`, `highlightPreTag`, `highlightPostTag`, `matchingStrategy`, `attributesToSearchOn`", k)
		}
		if err != nil {
			return nil, engine.At(k, "invalid_search_"+snake(k), err)
		}
	}
	return q, nil
}

func (q *searchRequest) strategy(v json.RawMessage) error {
	if err := into(v, &q.Strategy); err != nil {
		return err
	}
	switch q.Strategy {
	case "last", "all", "frequency":
		return nil
	}
	return fmt.Errorf("unknown value `%s`, expected one of `last`, `all`, `frequency`", q.Strategy)
}

func natural(v json.RawMessage, n *int) error {
	if err := into(v, n); err != nil {
		return err
	}
	if *n < 0 {
		return errors.New("expected a positive integer")
	}
	return nil
}

func optional(v json.RawMessage, n **int) error {
	if string(v) == "null" {
		return nil
	}
	*n = new(int)
	return natural(v, *n)
}

func (q *searchRequest) paged() bool { return q.page != nil || q.hitsPerPage != nil }

// maxPage keeps offsets within an int; no index has as many hits.
const maxPage = 1 << 30

func (q *searchRequest) paginate() (page, perPage int) {
	page, perPage = 1, 20
	if q.page != nil {
		page = min(*q.page, maxPage)
	}
	if q.hitsPerPage != nil {
		perPage = min(*q.hitsPerPage, maxPage)
	}
	q.Offset, q.Limit = max(page-1, 0)*perPage, perPage
	if page == 0 {
		q.Limit = 0
	}
	return page, perPage
}

// answer is a search's answer; the members of one way of paging are nil in the other.
type answer struct {
	IndexUID           string            `json:"indexUid,omitempty"`
	Hits               []json.RawMessage `json:"hits"`
	Query              string            `json:"query"`
	ProcessingTimeMs   int64             `json:"processingTimeMs"`
	HitsPerPage        *int              `json:"hitsPerPage,omitempty"`
	Page               *int              `json:"page,omitempty"`
	TotalPages         *int              `json:"totalPages,omitempty"`
	TotalHits          *int              `json:"totalHits,omitempty"`
	Limit              *int              `json:"limit,omitempty"`
	Offset             *int              `json:"offset,omitempty"`
	EstimatedTotalHits *int              `json:"estimatedTotalHits,omitempty"`
	FacetDistribution  json.RawMessage   `json:"facetDistribution,omitempty"`
	FacetStats         json.RawMessage   `json:"facetStats,omitempty"`
}

// ask puts queries of one moment and gives their answers; at says which query an error is of.
func (s *Server) ask(queries []*searchRequest) (out []*answer, at int, err error) {
	asks := make([]engine.Ask, len(queries))
	for i, q := range queries {
		if err := checkUID(q.indexUID); err != nil {
			return nil, i, err
		}
		if q.paged() {
			q.paginate()
		}
		asks[i] = engine.Ask{UID: q.indexUID, Query: &q.Query}
	}
	results, at, err := s.store.Search(asks)
	if err != nil {
		return nil, at, err
	}
	out = make([]*answer, len(results))
	for i, r := range results {
		out[i] = queries[i].answer(r)
	}
	return out, 0, nil
}

func (q *searchRequest) answer(r *engine.Result) *answer {
	a := &answer{Query: q.Q, Hits: r.Hits, FacetDistribution: r.FacetDistribution, FacetStats: r.FacetStats, ProcessingTimeMs: r.Took.Milliseconds()}
	if !q.paged() {
		a.Limit, a.Offset, a.EstimatedTotalHits = &q.Limit, &q.Offset, &r.Total
		return a
	}
	pages := 0
	page, perPage := q.paginate()
	if perPage > 0 {
		pages = (r.Total + perPage - 1) / perPage
	}
	a.HitsPerPage, a.Page, a.TotalPages, a.TotalHits = &perPage, &page, &pages, &r.Total
	return a
}

func (s *Server) search(r *http.Request) (int, any, error) {
	var body map[string]json.RawMessage
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	q, err := parseSearch(body)
	if err != nil {
		return 0, nil, err
	}
	q.indexUID = r.PathValue("uid")
	out, _, err := s.ask([]*searchRequest{q})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, out[0], nil
}

func (s *Server) multiSearch(r *http.Request) (int, any, error) {
	var body map[string]json.RawMessage
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	var queries []map[string]json.RawMessage
	for k, v := range body {
		switch k {
		case "queries":
			if err := into(v, &queries); err != nil {
				return 0, nil, engine.Errorf("bad_request", "Invalid value at `.queries`: %v", err)
			}
		case "federation":
			if string(v) != "null" {
				return 0, nil, engine.Unsupported("`federation`")
			}
		default:
			return 0, nil, engine.Errorf("bad_request", "Unknown field `%s`: expected one of `queries`, `federation`", k)
		}
	}
	if len(queries) > maxQueries {
		return 0, nil, engine.Errorf("bad_request", "More than %d queries at once.", maxQueries)
	}
	asked := make([]*searchRequest, len(queries))
	for i, b := range queries {
		q, err := parseSearch(b)
		if err == nil && q.indexUID == "" {
			err = engine.Errorf("missing_index_uid", "Missing field `indexUid`")
		}
		if err != nil {
			return 0, nil, inside(i, err)
		}
		asked[i] = q
	}
	results, at, err := s.ask(asked)
	if err != nil {
		return 0, nil, inside(at, err)
	}
	for i, a := range results {
		a.IndexUID = asked[i].indexUID
	}
	return http.StatusOK, map[string]any{"results": results}, nil
}

// inside says which query of a multi-search an error is of.
func inside(i int, err error) error {
	var e *engine.Error
	if errors.As(err, &e) {
		return engine.Errorf(e.Code, "Inside `.queries[%d]`: %s", i, e.Message)
	}
	return err
}
