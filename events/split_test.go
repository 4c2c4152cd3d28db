package events

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

// whole decodes a body the plain way.
func whole(b []byte) (Body, error) {
	var body Body
	if err := json.Unmarshal(b, &body); err != nil || len(body.Fact) == 0 || len(body.State) == 0 {
		return Body{}, ErrMalformed
	}
	return body, nil
}

// FuzzDecodeBody: a body is cut as encoding/json would cut it, or refused as it would.
func FuzzDecodeBody(f *testing.F) {
	for _, b := range []string{`{"fact":{},"state":{}}`, `{"fact":{"a":"}{\\"},"state":{"b":["]",{"c":1}]}}`, `{"fact":{},"state":{}} `, `{ "fact":{},"state":{}}`, `{"state":{},"fact":{}}`, `{"fact":{},"state":{},"fact":{"x":1}}`,
		`{"fact":{]},"state":{}}`, `{"fact":{},"state":{}`, `{"fact":null,"state":{}}`, `{"fact":{"a":"\u007d"},"state":{}}`, `{`, ``, `{"fact":{"a":},"state":{}}`, `{"fact":{}},"state":{}}`} {
		f.Add([]byte(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := DecodeBody(b)
		want, wrong := whole(b)
		if (err != nil) != (wrong != nil) || err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatalf("%v, want %v", err, wrong)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s | %s, want %s | %s", got.Fact, got.State, want.Fact, want.State)
		}
	})
}
