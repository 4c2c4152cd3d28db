package schemagen_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/schemagen"
)

var update = flag.Bool("update", false, "write events/schema anew")

const folder = "../../../events/schema"

func TestSchemasAndGoldenMessages(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, typ := range events.Default.Types() {
		for suffix, make := range map[string]func(events.Type) ([]byte, error){".json": schemagen.Schema, ".golden.json": schemagen.Message} {
			want, err := make(typ)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(folder, typ.Name+suffix)
			known[typ.Name+suffix] = true
			if *update {
				if err := os.WriteFile(file, want, 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			got, err := os.ReadFile(file)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s isn't what the structs give (%v): go test -run Schemas -update", filepath.Base(file), err)
			}
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("%s is of no known type", e.Name())
		}
	}
}

// A message of the past must stay readable: header, chain, fact and state.
func TestGoldenMessagesDecode(t *testing.T) {
	t.Parallel()
	for _, typ := range events.Default.Types() {
		b, err := os.ReadFile(filepath.Join(folder, typ.Name+".golden.json"))
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Subject string          `json:"subject"`
			Header  events.Header   `json:"header"`
			Body    json.RawMessage `json:"body"`
		}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		var plain bytes.Buffer
		if err := json.Compact(&plain, m.Body); err != nil {
			t.Fatal(err)
		}
		meta, err := events.ParseMeta(m.Header)
		if err != nil {
			t.Fatalf("%s: %v", typ.Name, err)
		}
		if got := events.Chain(events.ChainValue{}, m.Subject, m.Header, plain.Bytes()); got != meta.Chain {
			t.Errorf("%s: chain %s, header says %s", typ.Name, got, meta.Chain)
		}
		body, err := events.DecodeBody(plain.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		fact, err := events.Default.DecodeFact(meta.Type, body)
		if err != nil || fact == nil || fact.EventType() != typ.Name {
			t.Errorf("%s decodes to %v, %v", typ.Name, fact, err)
		}
	}
}
