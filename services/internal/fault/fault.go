// Package fault is the one table of errors: each has a code, a meaning, the HTTP status that the portal answers with, and
// whether trying again can help. Services return *Error; nothing outside matches on an error's text. It imports the standard library only.
package fault

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// Code is a stable, snake_case name of an error.
type Code string

// The codes of whole refusals.
const (
	Malformed       Code = "malformed"
	BadParameter    Code = "bad_parameter"
	Unauthenticated Code = "unauthenticated"
	Forbidden       Code = "forbidden"
	NotFound        Code = "not_found"
	Duplicate       Code = "duplicate"
	Conflict        Code = "conflict"
	KeyReused       Code = "key_reused"
	WrongState      Code = "wrong_state"
	Gone            Code = "gone"
	BodyTooLarge    Code = "body_too_large"
	UnsupportedType Code = "unsupported_type"
	Invalid         Code = "invalid"
	TooLarge        Code = "too_large"
	SlowDown        Code = "slow_down"
	Unavailable     Code = "unavailable"
	UpgradeRequired Code = "upgrade_required"
	NoRoom          Code = "no_room"
	Quota           Code = "quota"
	Internal        Code = "internal"
)

// Entry is a row of the table.
type Entry struct {
	Status int
	// Retry says that the same request can succeed later without being changed.
	Retry   bool
	Meaning string
}

var table = map[Code]Entry{
	Malformed:       {http.StatusBadRequest, false, "not JSON, not UTF-8, or nested too deeply"},
	BadParameter:    {http.StatusBadRequest, false, "a parameter of the address can't be read"},
	Unauthenticated: {http.StatusUnauthorized, false, "no valid token or session"},
	Forbidden:       {http.StatusForbidden, false, "this role never may"},
	NotFound:        {http.StatusNotFound, false, "not there, or not for these eyes"},
	Duplicate:       {http.StatusConflict, false, "the reference is taken by other content"},
	Conflict:        {http.StatusConflict, true, "others changed the record meanwhile"},
	KeyReused:       {http.StatusConflict, false, "the idempotency key was used for another request"},
	WrongState:      {http.StatusConflict, false, "the record's state doesn't allow the command"},
	Gone:            {http.StatusGone, false, "withdrawn or replaced"},
	BodyTooLarge:    {http.StatusRequestEntityTooLarge, false, "over a size limit"},
	UnsupportedType: {http.StatusUnsupportedMediaType, false, "not a type that is taken"},
	Invalid:         {http.StatusUnprocessableEntity, false, "fields are wrong"},
	TooLarge:        {http.StatusUnprocessableEntity, false, "the record would grow over its limit"},
	SlowDown:        {http.StatusTooManyRequests, true, "too many requests"},
	Unavailable:     {http.StatusServiceUnavailable, true, "a backing is away"},
	UpgradeRequired: {http.StatusServiceUnavailable, true, "the record was written by a newer version"},
	NoRoom:          {http.StatusInsufficientStorage, true, "no room"},
	Quota:           {http.StatusInsufficientStorage, true, "the office's share of the store is full"},
	Internal:        {http.StatusInternalServerError, false, "a mistake of ours"},
}

// Lookup gives a code's row; an unknown code's is Internal's.
func Lookup(c Code) Entry {
	if e, ok := table[c]; ok {
		return e
	}
	return table[Internal]
}

// Codes gives every code of the table.
func Codes() []Code {
	out := make([]Code, 0, len(table))
	for c := range table {
		out = append(out, c)
	}
	return out
}

// Field is one wrong field: a path in the body sent (exposures[0].published_on; "" is the body), a code, and the figure or words that the message needs.
type Field struct {
	Field string `json:"field"`
	Code  string `json:"code"`
	Arg   string `json:"arg,omitempty"`
}

// Error is a refusal. Op and Err are for the log, never for people.
type Error struct {
	Code   Code    `json:"code"`
	Fields []Field `json:"fields,omitempty"`
	// Detail is a word for the message's choice, e.g. the backing that is away or the state that forbids.
	Detail string `json:"detail,omitempty"`
	// Current is the record as the caller may see it, with conflicts.
	Current json.RawMessage `json:"current,omitempty"`
	Op      string          `json:"-"`
	Err     error           `json:"-"`
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	b.WriteString(string(e.Code))
	if e.Detail != "" {
		b.WriteString(" (" + e.Detail + ")")
	}
	for _, f := range e.Fields {
		b.WriteString(" " + f.Field + ":" + f.Code)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// New makes a refusal with a code and what was being done.
func New(c Code, op string) *Error { return &Error{Code: c, Op: op} }

// Wrap makes a refusal around its cause.
func Wrap(c Code, op string, err error) *Error { return &Error{Code: c, Op: op, Err: err} }

// Of finds the refusal in err; any other error is Internal, nil is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Err: err}
}

// Is says whether err is a refusal with the code.
func Is(err error, c Code) bool { return err != nil && Of(err).Code == c }

// Fields collects wrong fields; the zero value is ready.
type Fields []Field

// Add notes a wrong field.
func (f *Fields) Add(path, code string) { *f = append(*f, Field{Field: path, Code: code}) }

// AddArg notes a wrong field with the figure or words that its message needs.
func (f *Fields) AddArg(path, code, arg string) {
	*f = append(*f, Field{Field: path, Code: code, Arg: arg})
}

// Err gives nil when nothing was noted, else one Invalid error naming every field.
func (f Fields) Err(op string) error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Op: op, Fields: f}
}

// Index makes a path such as exposures[0].published_on of its parts; name may be empty.
func Index(list string, i int, name string) string {
	p := list + "[" + strconv.Itoa(i) + "]"
	if name == "" {
		return p
	}
	return p + "." + name
}
