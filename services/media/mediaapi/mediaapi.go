// Package mediaapi is what other services and portal may ask of media: request and reply types, a small client, the cleaning of names, and the
// resolver that finds the medium a case file means. It owns and writes nothing. Refusals are *fault.Error; a service that doesn't answer is
// fault.Unavailable.
package mediaapi

import (
	"context"
	"time"

	"golang.org/x/text/unicode/norm"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/media"
)

// Endpoints of rpc.media.
const (
	EndpointFind   = "find"
	EndpointList   = "list"
	EndpointGet    = "get"
	EndpointByHash = "by-hash"
	EndpointReady  = "ready"
)

// HTTP headers of uploads.
const (
	// HeaderActor carries the signed actor from portal.
	HeaderActor = "Songshui-Actor-Token"
	// HeaderMediaID carries the medium's id with an upload's last answer and every HEAD after it.
	HeaderMediaID = "Songshui-Media-Id"
	// HeaderFault says that the body is a fault.Error, for portal to put into words.
	HeaderFault = "Songshui-Fault"
)

const (
	// MaxList is how many media one list request may name: a case holds at most 200.
	MaxList = 200
	// MaxFound bounds the media that find and by-hash give.
	MaxFound = 20
)

// CleanName makes a name that people gave comparable and fit for showing: NFC (file systems differ in it), then media.CleanName.
// Compare names only after it.
func CleanName(name string) string { return media.CleanName(norm.NFC.String(name)) }

// FindParams asks for media of an office. Every field but Office must match where it is given. Office is the actor's own when empty; another
// office's media are found by the province only.
type FindParams struct {
	Office events.OfficeSlug `json:"office,omitempty"`
	File   string            `json:"file,omitempty"`
	ID     events.MediaID    `json:"id,omitempty"`
	SHA256 string            `json:"sha256,omitempty"`
}

// Found is find's reply: at most MaxFound records as they stand; released and erased ones are left out.
type Found struct {
	Media []events.MediaState `json:"media"`
}

// ListParams names at most MaxList media; Office, where all are of one office, makes it cheaper.
type ListParams struct {
	Office events.OfficeSlug `json:"office,omitempty"`
	IDs    []events.MediaID  `json:"ids"`
}

// Listed is list's reply: the media that the actor may see, in the order asked for, and how many others there are. An id without a medium counts in neither.
type Listed struct {
	Media    []View `json:"media"`
	HeldBack int    `json:"held_back"`
}

// GetParams names one medium.
type GetParams struct {
	ID events.MediaID `json:"id"`
}

// HashParams asks for the actor's own office's media of these bytes (lower-case hex).
type HashParams struct {
	SHA256 string `json:"sha256"`
}

// Hashed is by-hash's reply.
type Hashed struct {
	Media []View `json:"media"`
}

// View is a medium as its viewers see it.
type View struct {
	ID     events.MediaID     `json:"id"`
	Office events.OfficeSlug  `json:"office"`
	File   string             `json:"file"`
	Kind   string             `json:"kind"`
	Type   string             `json:"type"`
	SHA256 string             `json:"sha256"`
	State  events.MediaStatus `json:"state"`
	Bytes  int64              `json:"bytes"`
	// Reason says why a medium has failed.
	Reason     string          `json:"reason,omitempty"`
	Renditions []RenditionView `json:"renditions"`
	// History is given by get alone.
	History []Step `json:"history,omitempty"`
}

// RenditionView is a public copy; URL is /media/<id>/<name>, below the same host.
type RenditionView struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Type   string `json:"type"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Step is a fact of a medium's history.
type Step struct {
	Stream   string    `json:"stream"`
	Sequence uint64    `json:"sequence"`
	Type     string    `json:"type"`
	At       time.Time `json:"at"`
	Actor    struct {
		Role   string            `json:"role"`
		Office events.OfficeSlug `json:"office,omitempty"`
	} `json:"actor"`
}

// ViewOf gives a medium's view without history.
func ViewOf(m events.MediaState) View {
	v := View{ID: m.ID, Office: m.Office, File: m.File, Kind: m.Kind, Type: m.Type, SHA256: m.SHA256, State: m.State, Bytes: m.Bytes, Reason: m.Reason,
		Renditions: make([]RenditionView, 0, len(m.Renditions))}
	for _, r := range m.Renditions {
		v.Renditions = append(v.Renditions, RenditionView{Name: r.Name, URL: RenditionURL(m.ID, r.Name), Type: r.Type, Width: r.Width, Height: r.Height})
	}
	return v
}

// RenditionURL is where a rendition's bytes are; “original” is the sealed original.
func RenditionURL(id events.MediaID, name string) string { return "/media/" + string(id) + "/" + name }

// Client asks media in the name of an actor.
type Client struct{ bus.Client }

// Find gives an office's media that match.
func (c Client) Find(ctx context.Context, p FindParams) ([]events.MediaState, error) {
	var f Found
	err := c.Ask(ctx, events.ServiceMedia, EndpointFind, p, nil, &f)
	return f.Media, err
}

// List gives the media that the actor may see, and how many of those named are held back.
func (c Client) List(ctx context.Context, p ListParams) (Listed, error) {
	var l Listed
	err := c.Ask(ctx, events.ServiceMedia, EndpointList, p, nil, &l)
	return l, err
}

// Get gives one medium with its history; fault.NotFound if it isn't there or not for the actor's eyes.
func (c Client) Get(ctx context.Context, id events.MediaID) (View, error) {
	var v View
	err := c.Ask(ctx, events.ServiceMedia, EndpointGet, GetParams{id}, nil, &v)
	return v, err
}

// ByHash gives the actor's own office's media of these bytes.
func (c Client) ByHash(ctx context.Context, sha256hex string) ([]View, error) {
	var h Hashed
	err := c.Ask(ctx, events.ServiceMedia, EndpointByHash, HashParams{sha256hex}, nil, &h)
	return h.Media, err
}

// Ready says how media's backings are, e.g. {"s3":"ok"}.
func (c Client) Ready(ctx context.Context) (map[string]string, error) {
	var m map[string]string
	err := c.Ask(ctx, events.ServiceMedia, EndpointReady, nil, nil, &m)
	return m, err
}
