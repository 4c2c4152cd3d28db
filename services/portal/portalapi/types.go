// Package portalapi is the public HTTP interface as Go types and a client: what portal answers with and what the command
// line, the demo and the bench send. The interface is fixed in the OpenAPI document that portal serves at /api/openapi.json.
package portalapi

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"songshui.internal/events"
)

// Problem is an answer of type application/problem+json (RFC 9457).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Code is stable and snake_case; the rest is for people.
	Code   string       `json:"code"`
	Detail string       `json:"detail,omitempty"`
	Errors []FieldError `json:"errors,omitempty"`
	// Current is the record as the caller may see it, with conflicts.
	Current   json.RawMessage `json:"current,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	// RetryAfter is the header's value in seconds, 0 without one; for the client.
	RetryAfter int `json:"-"`
}

// FieldError is one wrong field; Field is a path in the body sent, such as exposures[0].published_on.
type FieldError struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *FieldError) Error() string { return e.Field + " " + e.Code + ": " + e.Message }

func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(p.Status) + " " + p.Code + ": " + p.Title)
	for _, e := range p.Errors {
		b.WriteString("; " + e.Field + " " + e.Code + ": " + e.Message)
	}
	return b.String()
}

// Me is who the token or session belongs to.
type Me struct {
	Account string   `json:"account"`
	Name    string   `json:"name"`
	Role    string   `json:"role"`
	Duties  []string `json:"duties"`
	Office  string   `json:"office"`
	Outlet  string   `json:"outlet"`
}

// Submitted answers a submission: status accepted (201) or exists (200).
type Submitted struct {
	ID       string       `json:"id"`
	Ref      string       `json:"ref"`
	Status   string       `json:"status"`
	Stream   string       `json:"stream"`
	Sequence uint64       `json:"sequence"`
	Warnings []FieldError `json:"warnings,omitempty"`
	// State is the present one when the case exists already.
	State string `json:"state,omitempty"`
}

// Commanded answers a command: the record as it stands after it.
type Commanded struct {
	State    json.RawMessage `json:"state"`
	Stream   string          `json:"stream"`
	Sequence uint64          `json:"sequence"`
	// Warnings refuse nothing: a text looks like a telephone or identity number.
	Warnings []FieldError `json:"warnings,omitempty"`
}

// Rendition is a public copy of a medium.
type Rendition struct {
	// ID is the name and the number of the rendering, such as w1280-2.
	ID     string `json:"id,omitempty"`
	Name   string `json:"name"`
	URL    string `json:"url"`
	Type   string `json:"type"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Medium is a medium as the caller may see it.
type Medium struct {
	ID      string `json:"id"`
	Office  string `json:"office,omitempty"`
	File    string `json:"file"`
	Caption string `json:"caption,omitempty"`
	Kind    string `json:"kind"`
	// Type is the media type, told from the content.
	Type   string `json:"type,omitempty"`
	SHA256 string `json:"sha256"`
	State  string `json:"state"`
	Bytes  int64  `json:"bytes,omitempty"`
	// Reason says why it failed or was released, as a code, or why it was erased, as somebody wrote it; ReasonMessage says it in words, with what a person can do. Missing names the
	// program that it waits for.
	Reason        string `json:"reason,omitempty"`
	ReasonMessage string `json:"reason_message,omitempty"`
	Missing       string `json:"missing,omitempty"`
	// What follows is for its office and the province alone. Rendering is the number of the present copies, which clear and mask may name as those that were looked at. Proposed are areas that were found, Areas those that are hidden.
	Examination *events.Examination `json:"examination,omitempty"`
	Warnings    []Warning           `json:"warnings,omitempty"`
	Rendering   int                 `json:"rendering,omitempty"`
	Proposed    []events.Area       `json:"proposed,omitempty"`
	Areas       []events.Area       `json:"areas,omitempty"`
	Renditions  []Rendition         `json:"renditions"`
	// TakenBy are the cases that hold it.
	TakenBy      []string      `json:"taken_by,omitempty"`
	ErasureAsked *ErasureAsked `json:"erasure_asked,omitempty"`
	Next         []Next        `json:"next,omitempty"`
	// History comes with one medium alone.
	History []Step `json:"history,omitempty"`
}

// ErasureAsked is one half of an erasure: the administrator or the province has asked, the other must agree.
type ErasureAsked struct {
	Role   string    `json:"role"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Media is one page of an office's media.
type Media struct {
	Media []Medium `json:"media"`
	Total int      `json:"total"`
}

// CommandedMedium answers a command to a medium: the medium after it.
type CommandedMedium struct {
	State    Medium `json:"state"`
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
}

// Warning is something about a medium that a person should look at. Case or Media is what it was compared with.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Case    string `json:"case,omitempty"`
	Media   string `json:"media,omitempty"`
	// Office is the other medium's.
	Office string  `json:"office,omitempty"`
	KM     float64 `json:"km,omitempty"`
	Days   int     `json:"days,omitempty"`
}

// Step is one fact of a record's history.
type Step struct {
	Stream    string `json:"stream"`
	Sequence  uint64 `json:"sequence"`
	Type      string `json:"type"`
	On        string `json:"on"`
	At        string `json:"at"`
	Backdated bool   `json:"backdated"`
	Actor     struct {
		Role   string `json:"role"`
		Office string `json:"office"`
	} `json:"actor"`
}

// Next is a command that the caller may give now.
type Next struct {
	Command string      `json:"command"`
	Fields  []NextField `json:"fields"`
}

// NotNow is a command of the caller's role that can't be given now; Message says why, in the caller's language.
type NotNow struct {
	Command string `json:"command"`
	Code    string `json:"code"`
	Detail  string `json:"detail,omitempty"`
	Message string `json:"message"`
}

// NextField is one field of a command's body.
type NextField struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

// CaseView is a case with its rectification, media and history.
type CaseView struct {
	Case          json.RawMessage `json:"case"`
	Rectification json.RawMessage `json:"rectification"`
	Media         []Medium        `json:"media"`
	History       []Step          `json:"history"`
	// HeldBack counts the case's media that exist but aren't for the caller's eyes yet; OthersHeldBack those of its publications and its rectification.
	HeldBack       int      `json:"held_back"`
	OthersHeldBack int      `json:"others_held_back,omitempty"`
	Next           []Next   `json:"next"`
	NotNow         []NotNow `json:"not_now"`
}

// Cases answers a look-up by reference.
type Cases struct {
	Cases []json.RawMessage `json:"cases"`
}
