// Package rectificationapi is what other services and portal may ask of rectification: request and reply types and a small client. It owns
// and writes nothing. Refusals are *fault.Error; a service that doesn't answer is fault.Unavailable.
package rectificationapi

import (
	"context"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/rectification"
)

// Endpoints of rpc.rectification; ready takes no actor.
const (
	EndpointCommand = "command"
	EndpointGet     = "get"
	EndpointReady   = "ready"
)

// CommandParams names a command on a case's rectification; its body travels as the request's.
type CommandParams struct {
	ID   events.CaseID `json:"id"`
	Name string        `json:"name"`
	// Key is the client's Idempotency-Key; empty = not protected against being sent twice.
	Key string `json:"key"`
}

// GetParams names a rectification.
type GetParams struct {
	ID events.CaseID `json:"id"`
}

// View is a rectification as it stands, what is derived of it for today, and what the caller may do now. Commands is always empty.
type View struct {
	events.RectificationState
	rectification.View
	Next []rectification.Next `json:"next"`
	// NotNow are the other commands of the caller's role, with why they can't be given.
	NotNow []rectification.NotNow `json:"not_now"`
	// History is in the answer to get alone.
	History []Step `json:"history,omitempty"`
}

// Step is one fact of the history; Type is short, e.g. extension-asked.
type Step struct {
	Stream    string     `json:"stream"`
	Sequence  uint64     `json:"sequence"`
	Type      string     `json:"type"`
	On        events.Day `json:"on"`
	At        time.Time  `json:"at"`
	Backdated bool       `json:"backdated"`
	Actor     StepActor  `json:"actor"`
}

// StepActor is who acted, without the account.
type StepActor struct {
	Role   string            `json:"role"`
	Office events.OfficeSlug `json:"office,omitempty"`
}

// Commanded answers a command: the record after it, and where its fact is.
type Commanded struct {
	State    View   `json:"state"`
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	// Warnings refuse nothing: a text looks like a telephone or identity number (personal_data).
	Warnings []fault.Field `json:"warnings,omitempty"`
}

// Command gives a command; see rectification.Track for the names and rectification.NewBody for the bodies. fault.NotFound if the case isn't there or not for the actor's eyes, or has no such command;
// fault.Gone if it was for them until it was withdrawn;
// fault.Forbidden with the detail duty, same_person, province_decides or office_decides; fault.Invalid and fault.Malformed with every wrong field; fault.WrongState,
// fault.Conflict with the record as current; fault.KeyReused; fault.Unavailable.
func Command(ctx context.Context, c bus.Client, id events.CaseID, name, key string, body []byte) (Commanded, error) {
	var got Commanded
	err := c.Ask(ctx, events.ServiceRectification, EndpointCommand, CommandParams{id, name, key}, body, &got)
	return got, err
}

// Get gives a rectification with its history; fault.NotFound if the case has none yet, isn't there or not for the actor's eyes, fault.Gone if it was for them until it was withdrawn.
func Get(ctx context.Context, c bus.Client, id events.CaseID) (View, error) {
	var v View
	err := c.Ask(ctx, events.ServiceRectification, EndpointGet, GetParams{id}, nil, &v)
	return v, err
}

// Ready says how the service's backings are: {"nats":"ok"}.
func Ready(ctx context.Context, c bus.Client) (map[string]string, error) {
	var m map[string]string
	err := c.Ask(ctx, events.ServiceRectification, EndpointReady, nil, nil, &m)
	return m, err
}
