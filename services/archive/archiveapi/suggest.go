package archiveapi

import (
	"context"

	"songshui.internal/events"
	"songshui.internal/services/archive"
)

// EndpointSuggest gives names while somebody types; it wants a signed actor.
const EndpointSuggest = "suggest"

// What is asked and answered while somebody types; see archive.
type (
	SuggestParams = archive.SuggestParams
	Suggestions   = archive.Suggestions
	Suggestion    = archive.Suggestion
)

// Suggest gives enterprises, references, tags and places of cases that the actor may see and that hold what is typed. fault.BadParameter for a limit out of
// range; fault.Unavailable (Detail "search") as for Search.
func (c Client) Suggest(ctx context.Context, p SuggestParams) (Suggestions, error) {
	var out Suggestions
	err := c.Ask(ctx, events.ServiceArchive, EndpointSuggest, p, nil, &out)
	return out, err
}
