package events

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Header names. All but traceparent are part of the chain.
const (
	HeaderSpecVersion = "ce-specversion"
	HeaderID          = "ce-id"
	HeaderSource      = "ce-source"
	HeaderType        = "ce-type"
	HeaderSubject     = "ce-subject"
	HeaderTime        = "ce-time"
	HeaderDataSchema  = "ce-dataschema"
	HeaderTrace       = "traceparent"
	HeaderActor       = "Songshui-Actor"
	HeaderCommand     = "Songshui-Command"
	HeaderOn          = "Songshui-On"
	HeaderChain       = "Songshui-Chain"
)

// Sizes. A state is checked when deciding, a message when encoding.
const (
	// MaxState bounds a record's state so that state and fact together stay well under NATS' 1 MiB with headers.
	MaxState = 192 << 10
	// MaxMessage bounds a whole message's body.
	MaxMessage = 512 << 10
	// MaxCommandMarks is how many past commands a record remembers for idempotency.
	MaxCommandMarks = 256
)

// ErrTooLarge says that a message or state is over its limit.
var ErrTooLarge = errors.New("events: too large")

// ErrMalformed says that a message isn't of the envelope's form.
var ErrMalformed = errors.New("events: malformed message")

// Header is a message's headers, of the same shape as nats.Header.
type Header map[string][]string

// Get gives a header's first value, "" if it has none. Names are case-sensitive, as in NATS.
func (h Header) Get(name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Actor is who did something, as facts carry it: ids only, no name.
type Actor struct {
	Account AccountID  `json:"account"`
	Role    string     `json:"role"`
	Office  OfficeSlug `json:"office,omitempty"`
}

// String gives the header's form: account/role/office.
func (a Actor) String() string { return string(a.Account) + "/" + a.Role + "/" + string(a.Office) }

// ParseActor reads the header's form.
func ParseActor(s string) (Actor, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return Actor{}, fmt.Errorf("%w: actor %q", ErrMalformed, s)
	}
	return Actor{Account: AccountID(parts[0]), Role: parts[1], Office: OfficeSlug(parts[2])}, nil
}

// System is the actor of facts that a service states by itself, e.g. a rectification opened by an exposure.
func System(service string) Actor {
	return Actor{Account: AccountID("system:" + service), Role: "system"}
}

// Command is what a fact answers: its name, a short hash of (actor, key) and one of the request.
type Command struct {
	Name    string
	Key     string
	Request string
}

// String gives the header's form: name key request.
func (c Command) String() string { return c.Name + " " + c.Key + " " + c.Request }

func parseCommand(s string) (Command, error) {
	parts := strings.Split(s, " ")
	if len(parts) != 3 {
		return Command{}, fmt.Errorf("%w: command %q", ErrMalformed, s)
	}
	return Command{Name: parts[0], Key: parts[1], Request: parts[2]}, nil
}

// CommandMark is what a record remembers of a past command: [key, request, revision].
type CommandMark struct {
	Key      string
	Request  string
	Revision uint64
}

// MarshalJSON writes the mark as an array of three: records keep up to 256 of them.
func (m CommandMark) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{m.Key, m.Request, m.Revision})
}

// UnmarshalJSON reads the array of three.
func (m *CommandMark) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&m.Key, &m.Request, &m.Revision})
}

// Meta is a message's headers, read.
type Meta struct {
	ID     string // unique with Source
	Source string // the writing service
	Type   string // e.g. songshui.case.exposed.v1
	// Subject is the record's id within its stream.
	Subject string
	// Time is the system's own time of the fact, UTC.
	Time time.Time
	// On is the given day; Backdated marks 补录, more than three days before Time.
	On        Day
	Backdated bool
	Trace     string
	Actor     Actor
	Command   Command
	Chain     ChainValue
}

// DataSchema is the address under which a type's schema is known.
func DataSchema(eventType string) string { return "songshui:events/schema/" + eventType + ".json" }

// Header writes the envelope. The chain value is written as it stands; see [Seal].
func (m Meta) Header() Header {
	on := string(m.On)
	if m.Backdated {
		on += " backdated"
	}
	h := Header{
		HeaderSpecVersion: {"1.0"}, HeaderID: {m.ID}, HeaderSource: {"songshui/" + m.Source}, HeaderType: {m.Type}, HeaderSubject: {m.Subject},
		HeaderTime: {m.Time.UTC().Format(time.RFC3339Nano)}, HeaderDataSchema: {DataSchema(m.Type)},
		HeaderActor: {m.Actor.String()}, HeaderCommand: {m.Command.String()}, HeaderOn: {on}, HeaderChain: {m.Chain.String()},
	}
	if m.Trace != "" {
		h[HeaderTrace] = []string{m.Trace}
	}
	return h
}

// ParseMeta reads the envelope. Errors wrap ErrMalformed.
func ParseMeta(h Header) (Meta, error) {
	m := Meta{ID: h.Get(HeaderID), Source: strings.TrimPrefix(h.Get(HeaderSource), "songshui/"), Type: h.Get(HeaderType), Subject: h.Get(HeaderSubject), Trace: h.Get(HeaderTrace)}
	if m.ID == "" || m.Type == "" {
		return Meta{}, fmt.Errorf("%w: no ce-id or ce-type", ErrMalformed)
	}
	var err error
	if m.Time, err = time.Parse(time.RFC3339Nano, h.Get(HeaderTime)); err != nil {
		return Meta{}, fmt.Errorf("%w: ce-time: %w", ErrMalformed, err)
	}
	if m.Actor, err = ParseActor(h.Get(HeaderActor)); err != nil {
		return Meta{}, err
	}
	if m.Command, err = parseCommand(h.Get(HeaderCommand)); err != nil {
		return Meta{}, err
	}
	on, mark, _ := strings.Cut(h.Get(HeaderOn), " ")
	m.On, m.Backdated = Day(on), mark == "backdated"
	chain, err := hex.DecodeString(h.Get(HeaderChain))
	if err != nil || len(chain) != len(m.Chain) {
		return Meta{}, fmt.Errorf("%w: chain value %q", ErrMalformed, h.Get(HeaderChain))
	}
	copy(m.Chain[:], chain)
	return m, nil
}

// Body is a message's body, its parts unread.
type Body struct {
	Fact  json.RawMessage `json:"fact"`
	State json.RawMessage `json:"state"`
}

// EncodeBody writes {"fact":…,"state":…}. ErrTooLarge over MaxState or MaxMessage.
func EncodeBody(fact Fact, state any) ([]byte, error) {
	s, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("events: encode state: %w", err)
	}
	if len(s) > MaxState {
		return nil, fmt.Errorf("%w: state of %d bytes, at most %d", ErrTooLarge, len(s), MaxState)
	}
	f, err := json.Marshal(fact)
	if err != nil {
		return nil, fmt.Errorf("events: encode fact: %w", err)
	}
	b := make([]byte, 0, len(f)+len(s)+20)
	b = append(append(append(append(append(b, `{"fact":`...), f...), `,"state":`...), s...), '}')
	if len(b) > MaxMessage {
		return nil, fmt.Errorf("%w: message of %d bytes, at most %d", ErrTooLarge, len(b), MaxMessage)
	}
	return b, nil
}

// DecodeBody splits a body into its parts, which may share its bytes. Errors wrap ErrMalformed.
func DecodeBody(b []byte) (Body, error) {
	if body, ok := split(b); ok && json.Valid(b) {
		return body, nil
	}
	var body Body
	if err := json.Unmarshal(b, &body); err != nil {
		return Body{}, fmt.Errorf("%w: body: %w", ErrMalformed, err)
	}
	if len(body.Fact) == 0 || len(body.State) == 0 {
		return Body{}, fmt.Errorf("%w: body without fact or state", ErrMalformed)
	}
	return body, nil
}

// The parts of a body as EncodeBody writes it.
const (
	beforeFact  = `{"fact":`
	beforeState = `,"state":`
)

// split cuts a body of the form that EncodeBody writes, without decoding it: every message is read by several consumers, and most of a body is its state. False for any other form.
func split(b []byte) (Body, bool) {
	if !bytes.HasPrefix(b, []byte(beforeFact)) {
		return Body{}, false
	}
	fact := valueAt(b, len(beforeFact))
	rest := b[len(beforeFact)+len(fact):]
	if len(fact) == 0 || !bytes.HasPrefix(rest, []byte(beforeState)) {
		return Body{}, false
	}
	state := valueAt(rest, len(beforeState))
	if len(state) == 0 || string(rest[len(beforeState)+len(state):]) != "}" {
		return Body{}, false
	}
	return Body{Fact: fact, State: state}, true
}

// valueAt gives the object that begins at a place; nil where there is none, or it doesn't end.
func valueAt(b []byte, at int) []byte {
	if at >= len(b) || b[at] != '{' {
		return nil
	}
	depth, quoted := 0, false
	for i := at; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return b[at : i+1 : i+1]
			}
		}
	}
	return nil
}
