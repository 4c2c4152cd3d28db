package server_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// An embargo's end comes by itself: the office is reminded by a fact, and nobody new sees the case.
func TestAnEmbargoEndsByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a, b := r.client(office("changchun", "a")), r.client(office("changchun", "b"))
	made, err := a.Submit(t.Context(), intakeapi.SubmitParams{}, change(t, line(t, 0), map[string]any{"exposures": []any{}}))
	must(t, err)
	give := func(name, body string) intakeapi.Commanded {
		t.Helper()
		done, err := b.Command(t.Context(), intakeapi.CommandParams{ID: made.ID, Name: name}, []byte(body))
		must(t, err)
		return done
	}
	if w := give("review", `{}`).Warnings; w != nil {
		t.Errorf("warned of nothing: %v", w)
	}
	if w := give("amend", `{"title":"联系13904310001"}`).Warnings; len(w) != 1 || w[0] != (fault.Field{Field: "title", Code: "personal_data"}) {
		t.Errorf("a telephone number in the title: %v", w)
	}
	until := time.Now().Add(300 * time.Millisecond).UTC()
	set := give("embargo", `{"outlets":["cc-tv"],"until":"`+until.Format(time.RFC3339Nano)+`"}`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got events.CaseState
	var meta events.Meta
	err = r.bus.Watch(ctx, events.StreamCases, []string{events.CaseSubject("changchun", made.ID)}, set.Sequence+1, func(m bus.Message) {
		meta = m.Meta
		must(t, json.Unmarshal(m.Body.State, &got))
		cancel()
	}, func() {})
	if ctx.Err() == nil {
		t.Fatal(err)
	}
	if meta.Type != (events.CaseRemindedFact{}).EventType() || len(got.Reminders) != 1 || got.Reminders[0].Kind != "embargo-ended" || meta.Time.Before(until) || got.State != events.CaseEmbargoed {
		t.Errorf("%s %+v, %s", meta.Type, got.Reminders, got.State)
	}
	seen, err := b.Get(t.Context(), intakeapi.GetParams{ID: made.ID})
	must(t, err)
	var shown struct {
		Awaiting bool `json:"awaiting_publication"`
	}
	must(t, json.Unmarshal(seen.Case, &shown))
	if !shown.Awaiting {
		t.Error("it isn't shown as 到期待刊发")
	}
}
