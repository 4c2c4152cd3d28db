package events

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Fact is what happened, as a struct of this package; EventType is its CloudEvents type, e.g. songshui.case.exposed.v1.
type Fact interface{ EventType() string }

// Type is one kind of fact.
type Type struct {
	Name   string
	Stream string
	fact   reflect.Type
	state  reflect.Type
	Doc    string
}

// NewFact gives a pointer to an empty fact of the type.
func (t Type) NewFact() any { return reflect.New(t.fact).Interface() }

// NewState gives a pointer to an empty state of the type's record.
func (t Type) NewState() any { return reflect.New(t.state).Interface() }

// Upcast turns a body of an older version into one of the next: it gives the next version's type and body.
type Upcast func(body Body) (nextType string, next Body, err error)

// Registry knows the types of facts and how older ones are brought up to date.
type Registry struct {
	types   map[string]Type
	order   []string
	upcasts map[string]Upcast
}

// NewRegistry makes a registry of the given types and upcasts (by the old type's name).
func NewRegistry(types []Type, upcasts map[string]Upcast) *Registry {
	r := &Registry{types: make(map[string]Type, len(types)), upcasts: upcasts}
	for _, t := range types {
		r.types[t.Name] = t
		r.order = append(r.order, t.Name)
	}
	return r
}

// TypeOf describes a fact F of records with state S.
func TypeOf[F Fact, S any](stream, doc string) Type {
	var f F
	return Type{Name: f.EventType(), Stream: stream, Doc: doc, fact: reflect.TypeFor[F](), state: reflect.TypeFor[S]()}
}

// Types gives every known type in the order of the tables of domain.md.
func (r *Registry) Types() []Type {
	out := make([]Type, 0, len(r.order))
	for _, name := range r.order {
		out = append(out, r.types[name])
	}
	return out
}

// Lookup gives a type by its name.
func (r *Registry) Lookup(name string) (Type, bool) {
	t, ok := r.types[name]
	return t, ok
}

// maxUpcasts ends a circle of upcasts, which would be a mistake in the table.
const maxUpcasts = 16

// Current brings a body up to the newest version of its type. An unknown type comes back as it is.
func (r *Registry) Current(eventType string, body Body) (string, Body, error) {
	for range maxUpcasts {
		up, ok := r.upcasts[eventType]
		if !ok {
			return eventType, body, nil
		}
		next, b, err := up(body)
		if err != nil {
			return "", Body{}, fmt.Errorf("%w: upcast %s: %w", ErrMalformed, eventType, err)
		}
		eventType, body = next, b
	}
	return "", Body{}, fmt.Errorf("%w: upcasts of %s go round in a circle", ErrMalformed, eventType)
}

// DecodeFact reads the fact of a body: nil without error when the type isn't known here. Errors wrap ErrMalformed.
func (r *Registry) DecodeFact(eventType string, body Body) (Fact, error) {
	eventType, body, err := r.Current(eventType, body)
	if err != nil {
		return nil, err
	}
	t, ok := r.types[eventType]
	if !ok {
		return nil, nil
	}
	p := reflect.New(t.fact)
	if err := json.Unmarshal(body.Fact, p.Interface()); err != nil {
		return nil, fmt.Errorf("%w: fact %s: %w", ErrMalformed, eventType, err)
	}
	return p.Elem().Interface().(Fact), nil
}

// DecodeState reads the state of a body, whatever its fact. Errors wrap ErrMalformed.
func DecodeState[S any](r *Registry, eventType string, body Body) (S, error) {
	var s S
	_, body, err := r.Current(eventType, body)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(body.State, &s); err != nil {
		return s, fmt.Errorf("%w: state after %s: %w", ErrMalformed, eventType, err)
	}
	return s, nil
}

// Default is the registry of everything in this package.
var Default = NewRegistry(append(append(append(append([]Type{}, caseTypes...), mediaTypes...), rectificationTypes...), append(append(append([]Type{}, returnTypes...), registryTypes...), searchTypes...)...), nil)
