package oversightapi

import (
	"context"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
)

// Endpoints of rpc.oversight about returns; ready takes no actor.
const (
	EndpointReturnCommand = "return-command"
	EndpointReturn        = "return"
	EndpointReturns       = "returns"
	EndpointReady         = "ready"
)

// ReturnCommandParams names a command on a return; its body travels as the request's.
type ReturnCommandParams struct {
	Office events.OfficeSlug `json:"office"`
	Month  events.Month      `json:"month"`
	Name   string            `json:"name"`
	// Key is the client's Idempotency-Key; without one only a filing is protected against being sent twice.
	Key string `json:"key"`
}

// ReturnParams names a return.
type ReturnParams struct {
	Office events.OfficeSlug `json:"office"`
	Month  events.Month      `json:"month"`
}

// ReturnsParams choose returns; what is empty chooses all. States are those shown, e.g. met-late.
type ReturnsParams struct {
	Office events.OfficeSlug `json:"office,omitempty"`
	Month  events.Month      `json:"month,omitempty"`
	States []oversight.Shown `json:"states,omitempty"`
}

// Return is a return as it stands, what is derived of it for today, and what the caller may do now and what not. Commands is always empty.
type Return struct {
	events.ReturnState
	oversight.ReturnView
	Next   []oversight.Next   `json:"next"`
	NotNow []oversight.NotNow `json:"not_now"`
	// History is in the answer to Get alone.
	History []Step `json:"history,omitempty"`
	// Names are, in the answer to Get alone, those of the accounts that signed the filings or answer for them, as the accounts have them now; one that is gone has none.
	Names map[events.AccountID]string `json:"names,omitempty"`
}

// Step is one fact of the history; Type is short, e.g. filed.
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

// ReturnLine is one return in a list: what is derived of it for today, with numbers of cases instead of the cases.
type ReturnLine struct {
	Office   events.OfficeSlug   `json:"office"`
	Month    events.Month        `json:"month"`
	Campaign string              `json:"campaign"`
	State    events.ReturnStatus `json:"state"`
	Due      events.Day          `json:"due"`
	oversight.ReturnView
	HeldCases      int `json:"held_cases"`
	CountedCases   int `json:"counted_cases"`
	PublishedCases int `json:"published_cases"`
	// FiledOn and FiledAt are of the newest filing: the day given, and the system's time.
	FiledOn events.Day `json:"filed_on,omitempty"`
	FiledAt time.Time  `json:"filed_at,omitzero"`
}

// Returns lists returns by month and then in the campaign's order of offices.
type Returns struct {
	Returns []ReturnLine `json:"returns"`
}

// ReturnCommanded answers a command: the return after it, and where its last fact is.
type ReturnCommanded struct {
	State    Return `json:"state"`
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	// Warnings are what the body's texts should be looked at for: what looks like a telephone or identity number.
	Warnings []fault.Field `json:"warnings,omitempty"`
}

// ReturnClient asks about returns in the name of an actor.
type ReturnClient struct{ bus.Client }

// Command gives a command; see oversight.ReturnTrack for the names and oversight.NewReturnBody for the bodies. fault.NotFound if there is no such return (the office isn't of a campaign in that month, or the month
// hasn't begun), it isn't for the actor's eyes, or has no such command; fault.Forbidden, with the detail duty where one is missing; fault.Invalid and fault.Malformed with every wrong field;
// fault.WrongState and fault.Conflict with the return as current; fault.KeyReused; fault.Unavailable.
func (c ReturnClient) Command(ctx context.Context, p ReturnCommandParams, body []byte) (ReturnCommanded, error) {
	var got ReturnCommanded
	err := c.Ask(ctx, events.ServiceOversight, EndpointReturnCommand, p, body, &got)
	return got, err
}

// Get gives a return with its history; fault.NotFound as for Command.
func (c ReturnClient) Get(ctx context.Context, office events.OfficeSlug, month events.Month) (Return, error) {
	var got Return
	err := c.Ask(ctx, events.ServiceOversight, EndpointReturn, ReturnParams{office, month}, nil, &got)
	return got, err
}

// List gives the returns that fit and that the actor may see: an office's account those of its office, a supervisor all. fault.Forbidden for other roles, fault.BadParameter for a month or state that isn't one.
func (c ReturnClient) List(ctx context.Context, p ReturnsParams) ([]ReturnLine, error) {
	var got Returns
	err := c.Ask(ctx, events.ServiceOversight, EndpointReturns, p, nil, &got)
	return got.Returns, err
}

// Ready says how the service's backings are: {"nats":"ok"}.
func Ready(ctx context.Context, c bus.Client) (map[string]string, error) {
	var m map[string]string
	err := c.Ask(ctx, events.ServiceOversight, EndpointReady, nil, nil, &m)
	return m, err
}

// Shown lists the states that are shown, in the order in which they are told.
func Shown() []string {
	var out []string
	for _, s := range oversight.ShownStates() {
		out = append(out, string(s))
	}
	return out
}
