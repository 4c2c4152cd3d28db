package oversight

import (
	"errors"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Words of fault.Error.Detail, besides the states.
const (
	DetailDuty      = "duty"
	DetailScanGiven = "scan_given"
	DetailNotFiled  = "not_filed"
)

// ReturnTransition is a row of the return's track: a command, where it may be given and by whom. The table drives the guards, the list of what a caller may do next, and the documentation.
type ReturnTransition struct {
	Name string
	From []events.ReturnStatus
	// To is empty where the command doesn't change the state.
	To events.ReturnStatus
	// Who may ever give it; office means the return's own.
	Who access.Role
	// Duty is what an office's account needs besides.
	Duty access.Duty
	// Facts are the types of what it can state.
	Facts []events.Fact

	body func() ReturnBody
	// ready is a guard on the record beyond its state (wrong_state): a word of detail, "" for yes.
	ready func(events.ReturnState) string
	// decide checks the body and makes the fact.
	decide func(*returnWork) events.Fact
}

const (
	running    = events.ReturnRunning
	filed      = events.ReturnFiled
	received   = events.ReturnReceived
	returned   = events.ReturnReturned
	recognised = events.ReturnRecognised
)

type (
	returnStates = []events.ReturnStatus
	returnFacts  = []events.Fact
)

// returnTrack is the table of domain.md, “Monthly return”, in its order. Opening has no row: it comes by itself.
var returnTrack = []ReturnTransition{
	{Name: "file", From: returnStates{running, returned}, To: filed, Who: access.Office, Duty: access.Signer, Facts: returnFacts{events.ReturnFiledFact{}},
		body: func() ReturnBody { return &FileBody{} }, decide: decideFile},
	{Name: "supplement", From: returnStates{received}, To: filed, Who: access.Office, Duty: access.Signer, Facts: returnFacts{events.ReturnSupplementedFact{}},
		body: func() ReturnBody { return &SupplementBody{} }, decide: decideSupplement},
	{Name: "add-scan", From: returnStates{filed, received, returned, recognised}, Who: access.Office, Duty: access.Signer, Facts: returnFacts{events.ReturnScanAddedFact{}},
		body: func() ReturnBody { return &ScanBody{} }, ready: scanMissing, decide: decideScan},
	{Name: "receive", From: returnStates{filed}, To: received, Who: access.Supervisor, Facts: returnFacts{events.ReturnReceivedFact{}},
		body: func() ReturnBody { return &ReceiveBody{} }, decide: decideReceive},
	{Name: "return", From: returnStates{filed}, To: returned, Who: access.Supervisor, Facts: returnFacts{events.ReturnReturnedFact{}},
		body: func() ReturnBody { return &SendBackBody{} }, decide: decideSendBack},
	{Name: "recognise", From: returnStates{running, filed, received, returned, recognised}, To: recognised, Who: access.Supervisor, Facts: returnFacts{events.ReturnRecognisedFact{}},
		body: func() ReturnBody { return &RecogniseBody{} }, decide: decideRecognise},
}

// ReturnTrack lists every command.
func ReturnTrack() []ReturnTransition { return slices.Clone(returnTrack) }

func lookupReturn(name string) (*ReturnTransition, bool) {
	i := slices.IndexFunc(returnTrack, func(t ReturnTransition) bool { return t.Name == name })
	if i < 0 {
		return nil, false
	}
	return &returnTrack[i], true
}

// NewReturnBody gives an empty body of a command; false if there is no such command.
func NewReturnBody(name string) (ReturnBody, bool) {
	t, ok := lookupReturn(name)
	if !ok {
		return nil, false
	}
	return t.body(), true
}

// Next is a command that a caller may give now.
type Next struct {
	Command string  `json:"command"`
	Fields  []Field `json:"fields"`
}

// NotNow is a command that a caller may not give now, and why: Code is forbidden or wrong_state, Detail a duty, a state or another word of it.
type NotNow struct {
	Command string     `json:"command"`
	Code    fault.Code `json:"code"`
	Detail  string     `json:"detail,omitempty"`
}

// ReturnNext lists what the actor may do with the return as it stands, and what not now and why, both in the order of the table. A command that the actor's role never gives is in neither.
func ReturnNext(s events.ReturnState, a access.Actor) (next []Next, notNow []NotNow) {
	next, notNow = []Next{}, []NotNow{}
	for i := range returnTrack {
		t := &returnTrack[i]
		if !t.roleMay(s.Office, a) {
			continue
		}
		if err := errors.Join(t.forbids(s.Office, a), t.stops(s)); err != nil {
			f := fault.Of(err)
			notNow = append(notNow, NotNow{Command: t.Name, Code: f.Code, Detail: f.Detail})
			continue
		}
		next = append(next, Next{Command: t.Name, Fields: fieldsOf(t.body())})
	}
	return next, notNow
}

// SeesReturn says whether the actor may see an office's returns: the office itself and the province. For all others there are none.
func SeesReturn(office events.OfficeSlug, a access.Actor) bool {
	return a.Role == access.Supervisor || a.Of(office)
}

// ReturnForbidden says why the actor may not give a command at all: by role, office or duty; nil if it may. fault.NotFound if there is no such command.
func ReturnForbidden(name string, office events.OfficeSlug, a access.Actor) error {
	t, ok := lookupReturn(name)
	if !ok {
		return fault.New(fault.NotFound, "oversight: "+name)
	}
	return t.forbids(office, a)
}

func (t *ReturnTransition) roleMay(office events.OfficeSlug, a access.Actor) bool {
	return a.Role == t.Who && (a.Role != access.Office || a.Of(office))
}

func (t *ReturnTransition) forbids(office events.OfficeSlug, a access.Actor) error {
	switch {
	case !t.roleMay(office, a):
		return t.refusal(fault.Forbidden, "")
	case t.Duty != "" && !a.Has(t.Duty):
		return t.refusal(fault.Forbidden, DetailDuty)
	}
	return nil
}

// stops says why the record's state doesn't take the command, nil if it does.
func (t *ReturnTransition) stops(s events.ReturnState) error {
	if !slices.Contains(t.From, s.State) {
		return t.refusal(fault.WrongState, string(s.State))
	}
	if t.ready != nil {
		if detail := t.ready(s); detail != "" {
			return t.refusal(fault.WrongState, detail)
		}
	}
	return nil
}

func (t *ReturnTransition) refusal(code fault.Code, detail string) error {
	f := fault.New(code, "oversight: "+t.Name)
	f.Detail = detail
	return f
}

// scanMissing: a scan that was given may be replaced until the province has answered.
func scanMissing(s events.ReturnState) string {
	if len(s.Filings) == 0 {
		return DetailNotFiled
	}
	if last := s.Filings[len(s.Filings)-1]; last.Scan != "" && last.Result != "" {
		return DetailScanGiven
	}
	return ""
}
