// Package schemagen writes the JSON Schema (2020-12) of each fact's message and a golden message of each type, from the structs of
// package events. Both lie in events/schema; a test there fails when they aren't what the structs give (run it with -update).
package schemagen

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"songshui.internal/events"
)

// Schema gives the schema of a type's message: fact and state.
func Schema(t events.Type) ([]byte, error) {
	doc := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": events.DataSchema(t.Name), "title": t.Name, "description": t.Doc,
		"type": "object", "required": []string{"fact", "state"},
		"properties": map[string]any{"fact": of(reflect.TypeOf(t.NewFact()).Elem()), "state": of(reflect.TypeOf(t.NewState()).Elem())},
	}
	b, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return nil, fmt.Errorf("schemagen: %s: %w", t.Name, err)
	}
	return append(b, '\n'), nil
}

var (
	timeType = reflect.TypeFor[time.Time]()
	dayType  = reflect.TypeFor[events.Day]()
	markType = reflect.TypeFor[events.CommandMark]()
)

func of(t reflect.Type) map[string]any {
	switch {
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t == dayType:
		return map[string]any{"type": "string", "pattern": `^(\d{4}-\d{2}-\d{2})?$`}
	case t == markType:
		return map[string]any{"type": "array", "prefixItems": []any{map[string]any{"type": "string"}, map[string]any{"type": "string"}, map[string]any{"type": "integer"}}, "minItems": 3, "maxItems": 3}
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := of(t.Elem())
		if name, ok := s["type"].(string); ok {
			s["type"] = []string{name, "null"}
		}
		return s
	case reflect.Slice:
		// A nil slice without omitempty is null.
		return map[string]any{"type": []string{"array", "null"}, "items": of(t.Elem())}
	case reflect.Struct:
		return object(t)
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": of(t.Elem())}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return map[string]any{"type": "integer"}
	}
	panic("schemagen: no schema for " + t.String())
}

// object lists the properties; unknown ones are allowed, since additions stay in v1.
func object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	var add func(reflect.Type)
	add = func(t reflect.Type) {
		for f := range t.Fields() {
			if f.Anonymous {
				add(f.Type)
				continue
			}
			name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
			properties[name] = of(f.Type)
			if !strings.Contains(opts, "omit") {
				required = append(required, name)
			}
		}
	}
	add(t)
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

// Message gives a golden message of a type: every field filled with a fixed value, in the envelope, sealed as the first of its subject.
func Message(t events.Type) ([]byte, error) {
	fact, state := t.NewFact(), t.NewState()
	fill(reflect.ValueOf(fact).Elem(), 0)
	fill(reflect.ValueOf(state).Elem(), 0)
	body, err := events.EncodeBody(reflect.ValueOf(fact).Elem().Interface().(events.Fact), reflect.ValueOf(state).Elem().Interface())
	if err != nil {
		return nil, fmt.Errorf("schemagen: %s: %w", t.Name, err)
	}
	meta := events.Meta{ID: "GOLDEN", Source: "schemagen", Type: t.Name, Subject: "abcdefghijklmnopqrstuvwxyz", Time: time.Date(2026, 6, 12, 7, 30, 0, 123456789, time.UTC), On: "2026-06-12", Backdated: true,
		Actor: events.Actor{Account: "k3vq", Role: "office", Office: "yanbian"}, Command: events.Command{Name: "golden", Key: "0123456789ab", Request: "ba9876543210"}}
	subject := "golden.yanbian." + meta.Subject
	header := meta.Header()
	events.Seal(events.ChainValue{}, subject, header, body)
	b, err := json.MarshalIndent(map[string]any{"subject": subject, "header": header, "body": json.RawMessage(body)}, "", " ")
	if err != nil {
		return nil, fmt.Errorf("schemagen: %s: %w", t.Name, err)
	}
	return append(b, '\n'), nil
}

// maxDepth ends recursion in a restated fact, which holds a state.
const maxDepth = 12

func fill(v reflect.Value, depth int) {
	if depth > maxDepth {
		return
	}
	switch {
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(time.Date(2026, 6, 12, 7, 30, 0, 0, time.UTC)))
		return
	case v.Type() == dayType:
		v.SetString("2026-06-12")
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, depth+1)
		fill(value, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString("松水")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(43.5)
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Uint64:
		v.SetUint(3)
	}
}
