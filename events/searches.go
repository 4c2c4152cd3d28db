package events

import "time"

// SearchSchema is the version of SearchState that this code writes.
const SearchSchema = 1

// SearchID is a saved search's id: 26 letters and digits that nobody guesses.
type SearchID string

// Told says that a person was told of a case.
type Told struct {
	Case CaseID `json:"case"`
	// ExposedAt is the system's time of the exposure that was told, At that of telling.
	ExposedAt time.Time `json:"exposed_at"`
	At        time.Time `json:"at"`
}

// SearchState is a search that a person has saved, and what the person was told of since. It names no person but by account.
type SearchState struct {
	Schema   int           `json:"schema"`
	Revision uint64        `json:"revision"`
	Commands []CommandMark `json:"commands,omitempty"`
	ID       SearchID      `json:"id"`
	Account  AccountID     `json:"account"`
	Name     string        `json:"name"`
	// Query is the search's address, without ?; Params are the same as archive takes them, as JSON.
	Query   string    `json:"query"`
	Params  string    `json:"params"`
	SavedAt time.Time `json:"saved_at"`
	// Floor is the latest exposure that was told and is forgotten; none before it is told.
	Floor time.Time `json:"floor,omitzero"`
	// Told are the last cases told, in that order.
	Told []Told `json:"told"`
	// Feed is the SHA-256 of the feed's token, in hexadecimal; empty without a feed.
	Feed    string `json:"feed,omitempty"`
	Removed bool   `json:"removed,omitempty"`
}

// Facts of saved searches.
type (
	// SearchSavedFact begins a search; what is exposed from then on is told.
	SearchSavedFact struct {
		ID      SearchID  `json:"id"`
		Account AccountID `json:"account"`
		Name    string    `json:"name"`
		Query   string    `json:"query"`
		Params  string    `json:"params"`
	}
	// SearchChangedFact gives another name or query; what was told stays told.
	SearchChangedFact struct {
		Name   string `json:"name"`
		Query  string `json:"query"`
		Params string `json:"params"`
	}
	// SearchFeedFact gives the feed a new address, which ends the one before; an empty hash ends the feed.
	SearchFeedFact struct {
		Feed string `json:"feed"`
	}
	// SearchToldFact tells of newly exposed cases, each once; a notifier can send it.
	SearchToldFact struct {
		Cases []Told `json:"cases"`
	}
	// SearchRemovedFact ends a search.
	SearchRemovedFact struct{}
)

// EventType implements Fact.
func (SearchSavedFact) EventType() string   { return "songshui.search.saved.v1" }
func (SearchChangedFact) EventType() string { return "songshui.search.changed.v1" }
func (SearchFeedFact) EventType() string    { return "songshui.search.feed.v1" }
func (SearchToldFact) EventType() string    { return "songshui.search.told.v1" }
func (SearchRemovedFact) EventType() string { return "songshui.search.removed.v1" }

var searchTypes = []Type{
	TypeOf[SearchSavedFact, SearchState](StreamSearches, "a person saved a search"),
	TypeOf[SearchChangedFact, SearchState](StreamSearches, "the person changed it"),
	TypeOf[SearchFeedFact, SearchState](StreamSearches, "its feed got another address, or none"),
	TypeOf[SearchToldFact, SearchState](StreamSearches, "the person was told of newly exposed cases"),
	TypeOf[SearchRemovedFact, SearchState](StreamSearches, "the person removed it"),
}

// Book implements bus.Record.
func (s *SearchState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &s.Schema, &s.Revision, &s.Commands
}
