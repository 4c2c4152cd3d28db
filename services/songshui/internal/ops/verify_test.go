package ops

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
)

// TestOlder: what an older version folded is no finding as long as it only left out what it didn't know, and what came after it was folded onto it.
func TestOlder(t *testing.T) {
	t.Parallel()
	id := events.CaseIDFor("jilin", "x")
	meta := events.Meta{Type: events.RectificationOpenedFact{}.EventType(), Time: time.Date(2026, 6, 12, 1, 0, 0, 0, time.UTC), On: "2026-06-12"}
	asked := events.Meta{Type: events.AcceptanceAskedFact{}.EventType(), Time: meta.Time.AddDate(0, 0, 9), On: "2026-06-21"}
	opened := events.RectificationOpenedFact{ID: id, Office: "jilin", OpenedOn: "2026-06-12", Due: "2026-07-12"}
	for name, c := range map[string]struct {
		edit func(state string) string
		bad  bool
	}{
		"as it is":          {edit: func(s string) string { return s }},
		"without a member":  {edit: func(s string) string { return strings.Replace(older(s), `,"set_at":"2026-06-12T01:00:00Z"`, "", 1) }},
		"another day":       {edit: func(s string) string { return strings.Replace(older(s), `"2026-07-12"`, `"2026-07-13"`, 1) }, bad: true},
		"this one's, short": {edit: func(s string) string { return strings.Replace(s, `,"set_at":"2026-06-12T01:00:00Z"`, "", 1) }, bad: true},
	} {
		unknown := 0
		verifying := newFolder(events.StreamRectification, "rectification.jilin."+string(id), &unknown).(*record[events.RectificationState, *events.RectificationState])
		var chain events.ChainValue
		var before events.RectificationState
		step := func(meta events.Meta, fact events.Fact, edit func(string) string) (kind, detail string) {
			body, err := json.Marshal(fact)
			if err != nil {
				t.Fatal(err)
			}
			if before, err = verifying.aggregate.Step(before, meta, fact); err != nil {
				t.Fatal(err)
			}
			state, err := json.Marshal(before)
			if err != nil {
				t.Fatal(err)
			}
			stored := edit(string(state))
			before = events.RectificationState{}
			if err := json.Unmarshal([]byte(stored), &before); err != nil {
				t.Fatal(err)
			}
			m := bus.Message{Subject: "rectification.jilin." + string(id), Header: events.Header{}, Data: []byte(stored), Meta: meta, Body: events.Body{Fact: body, State: []byte(stored)}}
			m.Meta.Chain = events.Chain(chain, m.Subject, m.Header, m.Data)
			chain = m.Meta.Chain
			return verifying.add(m)
		}
		kind, detail := step(meta, opened, c.edit)
		if (kind != "") != c.bad {
			t.Errorf("%s: %q %q", name, kind, detail)
		}
		if c.bad {
			continue
		}
		if kind, detail = step(asked, events.AcceptanceAskedFact{Text: "整改完成", Media: []events.MediaID{}}, func(s string) string { return s }); kind != "" {
			t.Errorf("%s, then: %q %q", name, kind, detail)
		}
	}
}

// older makes a state one of the version before.
func older(state string) string { return strings.Replace(state, `"schema":2`, `"schema":1`, 1) }
