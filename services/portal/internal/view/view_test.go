package view

import (
	"encoding/json"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/portal/portalapi"
)

func TestHiddenMediaAreNotNamed(t *testing.T) {
	t.Parallel()
	hidden := map[string]bool{"h1": true, "h2": true}
	for before, after := range map[string]string{
		`{"exposures":[{"clip":"h1","headline":"h1x"},{"clip":"s1"}]}`:                        `{"exposures":[{"headline":"h1x"},{"clip":"s1"}]}`,
		`{"progress":[{"media":["h1","s1","h2"]}],"acceptances":[{"media":["h2"],"n":1.50}]}`: `{"acceptances":[{"media":[],"n":1.50}],"progress":[{"media":["s1"]}]}`,
		`{"media":[{"id":"h1","caption":"x"},{"id":"s1"}],"id":"c"}`:                          `{"id":"c","media":[{"id":"s1"}]}`,
		`{"funds_yuan":9007199254740993}`:                                                     `{"funds_yuan":9007199254740993}`,
		``:                                                                                    ``,
	} {
		got, err := without(json.RawMessage(before), hidden)
		if err != nil || string(got) != after {
			t.Errorf("%s: %s, want %s; %v", before, got, after, err)
		}
	}
	if _, err := without(json.RawMessage(`{`), hidden); err == nil {
		t.Error("no JSON")
	}
}

func TestNamedMedia(t *testing.T) {
	t.Parallel()
	v := portalapi.CaseView{Case: json.RawMessage(`{"exposures":[{"clip":"c"},{}],"objections":[{"documents":["d","c"]}],"media":[{"id":"own"}]}`),
		Rectification: json.RawMessage(`{"progress":[{"media":["a"]}],"acceptances":[{"media":["b","a"]}]}`)}
	got, err := named(&v)
	want := []events.MediaID{"a", "b", "c", "d"}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
