package archiveapi

import (
	"context"

	"songshui.internal/events"
	"songshui.internal/services/archive"
)

// Endpoints of saved searches. All but feed take the actor whose searches they are.
const (
	EndpointSearches     = "searches"
	EndpointSearchSave   = "search-save"
	EndpointSearchRemove = "search-remove"
	EndpointSearchFeed   = "search-feed"
	EndpointSearchTold   = "search-told"
	// EndpointFeedOf says whose feed an address is; it is open, since a reader of feeds has nothing but the address.
	EndpointFeedOf = "feed-of"
)

// Limits of saved searches.
const (
	// MaxSaved is how many one account may have: more than anybody reads.
	MaxSaved = 50
	// MaxSavedName is in characters.
	MaxSavedName = 60
	// MaxSavedQuery is in bytes.
	MaxSavedQuery = 2000
	// MaxToldListed is how many of the cases told last are listed.
	MaxToldListed = 100
)

// SavedSearch is a search as its owner sees it; Told are the cases told last, the newest last.
type SavedSearch struct {
	ID      events.SearchID `json:"id"`
	Name    string          `json:"name"`
	Query   string          `json:"query"`
	SavedAt string          `json:"saved_at"`
	Told    []events.Told   `json:"told"`
	// Feed says that there is a feed; its address was given when it was made.
	Feed bool `json:"feed"`
}

// SaveSearch saves a search (ID empty) or changes one. Query is its address without ?, Params the same; page, per_page and cursor don't count. Key protects a new one against being saved twice.
type SaveSearch struct {
	ID     events.SearchID `json:"id,omitempty"`
	Name   string          `json:"name"`
	Query  string          `json:"query"`
	Params archive.Params  `json:"params"`
	Key    string          `json:"key,omitempty"`
}

// NamedSearch names one; End ends its feed instead of giving it a new address.
type NamedSearch struct {
	ID  events.SearchID `json:"id"`
	End bool            `json:"end,omitempty"`
}

// SavedSearches lists those of an account, the newest first.
type SavedSearches struct {
	Searches []SavedSearch `json:"searches"`
}

// SearchFeed is a feed's token, which is its address; empty after its end.
type SearchFeed struct {
	Token string `json:"token"`
}

// ToldCase is a case that the owner of a search was told of, and may still see.
type ToldCase struct {
	Hit
	ExposedAt string `json:"exposed_at"`
	ToldAt    string `json:"told_at"`
}

// ToldCases lists those of a search, the newest first.
type ToldCases struct {
	Search SavedSearch `json:"search"`
	Cases  []ToldCase  `json:"cases"`
}

// FeedOwner is whose feed an address is.
type FeedOwner struct {
	Account events.AccountID `json:"account"`
	Search  SavedSearch      `json:"search"`
}

// Searches lists the actor's saved searches.
func (c Client) Searches(ctx context.Context) (SavedSearches, error) {
	var out SavedSearches
	err := c.Ask(ctx, events.ServiceArchive, EndpointSearches, struct{}{}, nil, &out)
	return out, err
}

// SaveSearch saves or changes one. fault.BadParameter names parameters that can't be read, fault.Invalid the fields name (required, too_long, text), query (too_long) and search (too_many, with the
// bound); fault.NotFound for one that isn't the actor's.
func (c Client) SaveSearch(ctx context.Context, s SaveSearch) (SavedSearch, error) {
	var out SavedSearch
	err := c.Ask(ctx, events.ServiceArchive, EndpointSearchSave, s, nil, &out)
	return out, err
}

// RemoveSearch ends one and its feed; fault.NotFound for one that isn't the actor's.
func (c Client) RemoveSearch(ctx context.Context, id events.SearchID) error {
	return c.Ask(ctx, events.ServiceArchive, EndpointSearchRemove, NamedSearch{ID: id}, nil, &struct{}{})
}

// FeedOfSearch gives its feed a new address, or ends it; fault.NotFound for one that isn't the actor's.
func (c Client) FeedOfSearch(ctx context.Context, s NamedSearch) (SearchFeed, error) {
	var out SearchFeed
	err := c.Ask(ctx, events.ServiceArchive, EndpointSearchFeed, s, nil, &out)
	return out, err
}

// Told lists the cases that one told of, as the actor may see them now: what was withdrawn is missing. fault.NotFound for one that isn't the actor's.
func (c Client) Told(ctx context.Context, id events.SearchID) (ToldCases, error) {
	var out ToldCases
	err := c.Ask(ctx, events.ServiceArchive, EndpointSearchTold, NamedSearch{ID: id}, nil, &out)
	return out, err
}

// FeedOf says whose feed a token is the address of; fault.NotFound if there is none.
func (c Client) FeedOf(ctx context.Context, token string) (FeedOwner, error) {
	var out FeedOwner
	err := c.Ask(ctx, events.ServiceArchive, EndpointFeedOf, SearchFeed{token}, nil, &out)
	return out, err
}
