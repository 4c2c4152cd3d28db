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
	// EndpointBrowse lists what an office has in some states; EndpointCommand takes people's commands.
	EndpointBrowse  = "browse"
	EndpointCommand = "command"
	EndpointReady   = "ready"
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
	// MaxPerPage bounds a page of browse, DefaultPerPage is one where nothing is said.
	MaxPerPage     = 100
	DefaultPerPage = 20
	// MaxCopies bounds the renditions that a view shows in list and browse; get shows all.
	MaxCopies = 8
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

// BrowseParams asks for media by state. Office is the actor's own when empty; the province sees any, and all when empty. State empty = every state.
type BrowseParams struct {
	Office events.OfficeSlug  `json:"office,omitempty"`
	State  events.MediaStatus `json:"state,omitempty"`
	// ErasureAsked leaves those alone whose erasure is asked; only with it may an administrator browse.
	ErasureAsked bool `json:"erasure_asked,omitempty"`
	Page         int  `json:"page,omitempty"`
	PerPage      int  `json:"per_page,omitempty"`
}

// Browsed is browse's reply: one page, the oldest first, and how many there are in all.
type Browsed struct {
	Media []View `json:"media"`
	Total int    `json:"total"`
}

// CommandParams name a command to a medium; its body goes as the request's.
type CommandParams struct {
	ID   events.MediaID `json:"id"`
	Name string         `json:"name"`
	Key  string         `json:"key,omitempty"`
}

// Commanded is a command's reply: the medium after it.
type Commanded struct {
	State    View   `json:"state"`
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
}

// View is a medium as its viewers see it. What Private fills in is for its own office and the province alone; an administrator sees id, office, kind, state and
// what has been asked.
type View struct {
	ID     events.MediaID     `json:"id"`
	Office events.OfficeSlug  `json:"office"`
	File   string             `json:"file"`
	Kind   string             `json:"kind"`
	Type   string             `json:"type"`
	SHA256 string             `json:"sha256"`
	State  events.MediaStatus `json:"state"`
	Bytes  int64              `json:"bytes"`
	// Reason says why a medium has failed, was released or erased; Missing names the program that it waits for.
	Reason  string `json:"reason,omitempty"`
	Missing string `json:"missing,omitempty"`
	// Examination holds position, camera, time and the like only for the own office and the province.
	Examination *events.Examination `json:"examination,omitempty"`
	Warnings    []Warning           `json:"warnings,omitempty"`
	// Rendering is the number of the present copies, or of those on their way.
	Rendering int `json:"rendering,omitempty"`
	// Proposed are areas that a detector found, Areas those that are hidden.
	Proposed     []events.Area        `json:"proposed,omitempty"`
	Areas        []events.Area        `json:"areas,omitempty"`
	Renditions   []RenditionView      `json:"renditions"`
	TakenBy      []events.CaseID      `json:"taken_by,omitempty"`
	ErasureAsked *events.ErasureAsked `json:"erasure_asked,omitempty"`
	// Next are the commands that the actor may give now.
	Next []Next `json:"next,omitempty"`
	// History is given by get alone.
	History []Step `json:"history,omitempty"`
}

// Warning is a code of an examination or of a comparison, and with what it was compared. Media of other offices are named to the province only.
type Warning struct {
	Code   string            `json:"code"`
	Case   events.CaseID     `json:"case,omitempty"`
	Media  events.MediaID    `json:"media,omitempty"`
	Office events.OfficeSlug `json:"office,omitempty"`
	KM     float64           `json:"km,omitempty"`
	Days   int               `json:"days,omitempty"`
	Bits   int               `json:"bits,omitempty"`
}

// Next is a command that may be given now.
type Next struct {
	Command string        `json:"command"`
	Fields  []media.Field `json:"fields"`
}

// RenditionView is a public copy; URL is /media/<id>/<rendition id>, below the same host.
type RenditionView struct {
	ID     string `json:"id"`
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

// ViewOf gives what anybody who may see the medium sees of it, with at most copies renditions; 0 = all.
func ViewOf(m events.MediaState, copies int) View {
	v := View{ID: m.ID, Office: m.Office, File: m.File, Kind: m.Kind, Type: m.Type, SHA256: m.SHA256, State: m.State, Bytes: m.Bytes, Renditions: []RenditionView{}}
	for i, r := range m.Renditions {
		if copies > 0 && i == copies {
			break
		}
		id := media.ID(r)
		v.Renditions = append(v.Renditions, RenditionView{ID: id, Name: r.Name, URL: RenditionURL(m.ID, id), Type: r.Type, Width: r.Width, Height: r.Height})
	}
	if e := m.Examination; e != nil {
		v.Examination = &events.Examination{DisplayWidth: e.DisplayWidth, DisplayHeight: e.DisplayHeight, Frames: e.Frames, DurationMS: e.DurationMS, Pages: e.Pages}
	}
	return v
}

// Private adds what only the own office and the province see; known says whether another medium is still there, everywhere whether other offices' are named too.
func (v View) Private(m events.MediaState, everywhere bool, known func(events.MediaID) bool) View {
	v.Reason, v.Missing, v.Areas, v.TakenBy, v.ErasureAsked, v.Examination = m.Reason, m.Missing, m.Areas, m.TakenBy, m.ErasureAsked, m.Examination
	v.Rendering = media.Number(m)
	if m.Examination != nil {
		e := *m.Examination
		v.Proposed, e.Proposed = e.Proposed, nil
		v.Examination = &e
		for _, code := range e.Warnings {
			v.Warnings = append(v.Warnings, Warning{Code: code})
		}
	}
	for _, f := range m.Findings {
		if f.Media != "" && (!everywhere && f.Office != m.Office || !known(f.Media)) {
			continue
		}
		v.Warnings = append(v.Warnings, Warning{f.Code, f.Case, f.Media, f.Office, f.KM, f.Days, f.Bits})
	}
	return v
}

// RenditionURL is where a rendition's bytes are, by its id or its bare name; “original” is the sealed original.
func RenditionURL(id events.MediaID, rendition string) string {
	return "/media/" + string(id) + "/" + rendition
}

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

// Get gives one medium with its history; fault.NotFound if it isn't there or not for the actor's eyes, fault.Gone if a withdrawn case had shown it to them.
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

// Browse lists an office's media by state; fault.Forbidden for whom is neither of an office nor of the province.
func (c Client) Browse(ctx context.Context, p BrowseParams) (Browsed, error) {
	var b Browsed
	err := c.Ask(ctx, events.ServiceMedia, EndpointBrowse, p, nil, &b)
	return b, err
}

// Command gives a command to a medium: clear, mask, retry, ask-erasure, withdraw-erasure, erase. fault.NotFound if the medium isn't there or not for the actor's eyes, or has no such command;
// fault.Forbidden, with the detail same_person where a second person is needed; fault.Invalid and fault.Malformed with every wrong field; fault.WrongState and fault.Conflict with the medium as
// current; fault.KeyReused; fault.Unavailable.
func (c Client) Command(ctx context.Context, p CommandParams, body []byte) (Commanded, error) {
	var got Commanded
	err := c.Ask(ctx, events.ServiceMedia, EndpointCommand, p, body, &got)
	return got, err
}

// Ready says how media's backings are, e.g. {"s3":"ok"}.
func (c Client) Ready(ctx context.Context) (map[string]string, error) {
	var m map[string]string
	err := c.Ask(ctx, events.ServiceMedia, EndpointReady, nil, nil, &m)
	return m, err
}
