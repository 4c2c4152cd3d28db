package portalapi

import (
	"context"
	"encoding/json"
	"net/http"
)

// SavedSearch is a search of the caller's; Query is the search page's address without ?.
type SavedSearch struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Query   string `json:"query"`
	SavedAt string `json:"saved_at"`
	// Told are the cases told of, the latest last.
	Told []struct {
		Case      string `json:"case"`
		ExposedAt string `json:"exposed_at"`
		At        string `json:"at"`
	} `json:"told"`
	// Feed says that there is a feed; its address is given when it is made.
	Feed bool `json:"feed"`
}

// SavedSearches are the caller's, the newest first.
type SavedSearches struct {
	Searches []SavedSearch `json:"searches"`
}

// SearchToSave is the body that saves or changes a search.
type SearchToSave struct {
	Name  string `json:"name"`
	Query string `json:"query"`
}

// ToldCase is a case that was told of and may still be seen.
type ToldCase struct {
	Hit
	ExposedAt string `json:"exposed_at"`
	ToldAt    string `json:"told_at"`
}

// ToldCases are those of a search, the newest first.
type ToldCases struct {
	Search SavedSearch `json:"search"`
	Cases  []ToldCase  `json:"cases"`
}

// SaveSearch saves a search.
func (c *Client) SaveSearch(ctx context.Context, s SearchToSave) (SavedSearch, error) {
	var out SavedSearch
	body, err := json.Marshal(s)
	if err != nil {
		return out, err
	}
	return out, c.Do(ctx, http.MethodPost, "/api/v1/searches", nil, body, &out)
}

// Searches lists the caller's saved searches.
func (c *Client) Searches(ctx context.Context) (SavedSearches, error) {
	var out SavedSearches
	return out, c.Do(ctx, http.MethodGet, "/api/v1/searches", nil, nil, &out)
}

// Told lists the cases that a search told of.
func (c *Client) Told(ctx context.Context, id string) (ToldCases, error) {
	var out ToldCases
	return out, c.Do(ctx, http.MethodGet, "/api/v1/searches/"+id+"/told", nil, nil, &out)
}

// NewSearchFeed gives a search's feed a new address.
func (c *Client) NewSearchFeed(ctx context.Context, id string) (Feed, error) {
	var out Feed
	return out, c.Do(ctx, http.MethodPost, "/api/v1/searches/"+id+"/feed", nil, nil, &out)
}
