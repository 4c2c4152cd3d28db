// Package archiveapi is what other services and portal may ask of archive: the types of its requests and replies and a small client. It owns and writes
// nothing. Refusals are *fault.Error; a service that doesn't answer is fault.Unavailable.
package archiveapi

import (
	"context"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/internal/bus"
)

// Endpoints of rpc.archive. Search wants a signed actor; Ready is open and gives {"search":"ok"}, or "building" or "away" in its place.
const (
	EndpointSearch = "search"
	EndpointReady  = "ready"
)

// Limits of a search; see archive.
const (
	DefaultPerPage = archive.DefaultPerPage
	MaxPerPage     = archive.MaxPerPage
	MaxPage        = archive.MaxPage
	MaxFrozen      = archive.MaxFrozen
	// CursorStart freezes a list.
	CursorStart = archive.CursorStart
)

// What is asked and answered; see archive.
type (
	// Params are a search's parameters, all optional.
	Params = archive.Params
	// Found is its answer.
	Found = archive.Found
	// Hit is one case of it.
	Hit = archive.Hit
)

// Client asks archive in the name of the actor whose token it holds.
type Client struct{ bus.Client }

// Search finds cases that the actor may see. fault.BadParameter names every parameter that can't be read; fault.Unavailable (Detail "search") while the
// engine is away, the index isn't built, or Params.MinSeq isn't in it after three seconds; fault.Gone (Detail "cursor") for a frozen list that has ended or is another's.
func (c Client) Search(ctx context.Context, p Params) (Found, error) {
	var found Found
	err := c.Ask(ctx, events.ServiceArchive, EndpointSearch, p, nil, &found)
	return found, err
}
