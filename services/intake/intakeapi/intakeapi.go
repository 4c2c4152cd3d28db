// Package intakeapi is what portal and other services may ask of intake: request and reply types and a small client. Bodies of submissions and
// commands travel as they came; refusals are *fault.Error.
package intakeapi

import (
	"context"
	"encoding/json"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake"
	"songshui.internal/services/intake/internal/refs"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// Endpoints of rpc.intake.
const (
	EndpointSubmit  = "submit"
	EndpointCommand = "command"
	EndpointGet     = "get"
	EndpointFind    = "find"
	EndpointReady   = "ready"
)

// Statuses of a submission.
const (
	Accepted = "accepted"
	Exists   = "exists"
)

// SubmitParams go with a submission.
type SubmitParams struct {
	Key string `json:"key,omitempty"`
}

// Submitted is submit's reply.
type Submitted struct {
	ID       events.CaseID     `json:"id"`
	Ref      string            `json:"ref"`
	Status   string            `json:"status"`
	Stream   string            `json:"stream"`
	Sequence uint64            `json:"sequence"`
	Warnings []fault.Field     `json:"warnings,omitempty"`
	State    events.CaseStatus `json:"state"`
}

// CommandParams name a command; Key is the client's idempotency key.
type CommandParams struct {
	ID   events.CaseID `json:"id"`
	Name string        `json:"name"`
	Key  string        `json:"key,omitempty"`
}

// Commanded is command's reply: the case as the actor may see it.
type Commanded struct {
	State    json.RawMessage `json:"state"`
	Stream   string          `json:"stream"`
	Sequence uint64          `json:"sequence"`
	// Warnings refuse nothing: a text looks like a telephone or identity number (personal_data).
	Warnings []fault.Field `json:"warnings,omitempty"`
}

// GetParams ask for a case; MinSeq is an own write that must be in (waits up to 3 s).
type GetParams struct {
	ID     events.CaseID `json:"id"`
	MinSeq uint64        `json:"min_seq,omitempty"`
}

// Got is get's reply. Media lists what the case has taken, for media to say which of it the actor may see; it isn't itself for people's eyes.
type Got struct {
	Case     json.RawMessage     `json:"case"`
	Office   events.OfficeSlug   `json:"office"`
	Media    []events.CaseMedium `json:"media"`
	Sequence uint64              `json:"sequence"`
	Next     []Next              `json:"next"`
	NotNow   []NotNow            `json:"not_now"`
	History  []Step              `json:"history"`
}

// Next is a command that the actor may give now.
type Next struct {
	Command string  `json:"command"`
	Fields  []Field `json:"fields"`
}

// NotNow is a command of the actor's role that can't be given now: code forbidden (detail duty or same_person) or wrong_state (detail the state, or nothing_asked).
type NotNow struct {
	Command string     `json:"command"`
	Code    fault.Code `json:"code"`
	Detail  string     `json:"detail"`
}

// Field is one field of a command's body.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

// Step is one fact of the history; On was given by a person, At recorded by the system.
type Step struct {
	Stream    string     `json:"stream"`
	Sequence  uint64     `json:"sequence"`
	Type      string     `json:"type"`
	On        events.Day `json:"on"`
	At        time.Time  `json:"at"`
	Backdated bool       `json:"backdated"`
	Actor     struct {
		Role   string            `json:"role"`
		Office events.OfficeSlug `json:"office"`
	} `json:"actor"`
}

// FindParams ask for cases by reference; without an office every office's.
type FindParams struct {
	Ref    string            `json:"ref"`
	Office events.OfficeSlug `json:"office,omitempty"`
}

// Found is find's reply.
type Found struct {
	Cases []json.RawMessage `json:"cases"`
}

// The known values of a case's slugs, in the order in which they are offered.
var (
	Sectors      = intake.Sectors
	Categories   = intake.Categories
	HazardLevels = intake.HazardLevels
	OutletLevels = intake.OutletLevels
	OutletKinds  = intake.OutletKinds
	MediaKinds   = intake.MediaKinds
)

// RefKey gives the form in which references are compared: two texts with the same key are one reference of an office.
func RefKey(ref string) string { return refs.Key(ref) }

// Fields are those of a command's body, none for a command that there isn't.
func Fields(command string) (out []Field) {
	t, _ := intake.Find(command)
	for _, f := range t.Fields {
		out = append(out, Field(f))
	}
	return out
}

// SubmissionFields are those of a whole case.
func SubmissionFields() []Field { return Fields("resubmit") }

// Commands are the commands of the exposure track.
func Commands() (out []string) {
	for _, t := range intake.Track() {
		out = append(out, t.Command)
	}
	return out
}

// Client asks intake in the name of an actor.
type Client struct{ bus.Client }

// Submit submits a body as it came.
func (c Client) Submit(ctx context.Context, p SubmitParams, body []byte) (Submitted, error) {
	var r Submitted
	err := c.Ask(ctx, events.ServiceIntake, EndpointSubmit, p, body, &r)
	return r, err
}

// Command gives a command with its body as it came.
func (c Client) Command(ctx context.Context, p CommandParams, body []byte) (Commanded, error) {
	var r Commanded
	err := c.Ask(ctx, events.ServiceIntake, EndpointCommand, p, body, &r)
	return r, err
}

// Get gives a case; fault.NotFound if it isn't there or not for the actor's eyes, fault.Gone if it was for them until it was withdrawn.
func (c Client) Get(ctx context.Context, p GetParams) (Got, error) {
	var r Got
	err := c.Ask(ctx, events.ServiceIntake, EndpointGet, p, nil, &r)
	return r, err
}

// Find gives the cases of a reference that the actor may see.
func (c Client) Find(ctx context.Context, p FindParams) (Found, error) {
	var r Found
	err := c.Ask(ctx, events.ServiceIntake, EndpointFind, p, nil, &r)
	return r, err
}
