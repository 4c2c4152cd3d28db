package registryapi

import (
	"context"

	"songshui.internal/events"
	"songshui.internal/services/registry"
)

// EndpointPlaceOutlet is the province's alone.
const EndpointPlaceOutlet = "place-outlet"

// Place is what the province says of an outlet.
type Place = registry.Place

// Levels of outlets and kinds of them.
var (
	Levels = registry.Levels
	Kinds  = registry.Kinds
)

// Limits of an outlet.
const (
	MaxAliases    = registry.MaxAliases
	MaxOutletName = registry.MaxOutletName
)

// PlaceParams name an outlet; a new id makes one. Key is the client's Idempotency-Key.
type PlaceParams struct {
	ID  events.OutletID `json:"id"`
	Key string          `json:"key,omitempty"`
}

// Outlet is an outlet of the list without what is the log's own.
type Outlet struct {
	ID      events.OutletID   `json:"id"`
	Name    string            `json:"name"`
	Aliases []string          `json:"aliases"`
	Level   string            `json:"level"`
	Kinds   []string          `json:"kinds"`
	Office  events.OfficeSlug `json:"office,omitempty"`
}

// OutletOf leaves the log's own out.
func OutletOf(o events.OutletState) Outlet {
	return Outlet{o.ID, o.Name, o.Aliases, o.Level, o.Kinds, o.Office}
}

// Placed is an outlet after the province has placed it, and where the fact is.
type Placed struct {
	Outlet   Outlet `json:"outlet"`
	Sequence uint64 `json:"sequence"`
}

// PlaceOutlet places an outlet in the list, or moves it; the body is a registry.Place as JSON. Publications in an outlet that was 待认定 count from then on. fault.Forbidden for anybody but the province,
// fault.Invalid with every wrong field; a name that another outlet bears is a duplicate.
func (c Client) PlaceOutlet(ctx context.Context, id events.OutletID, key string, body []byte) (Placed, error) {
	var got Placed
	err := c.Ask(ctx, events.ServiceRegistry, EndpointPlaceOutlet, PlaceParams{id, key}, body, &got)
	return got, err
}

// OutletKey is a name as it is compared: without blanks.
func OutletKey(name string) string { return registry.OutletKey(name) }
