package server_test

import (
	"strings"
	"testing"

	"songshui.internal/events"
)

// reminded lists the kinds of the reminders that the log of siping's June states.
func (w *world) reminded() string {
	w.t.Helper()
	var kinds []string
	for _, m := range w.messages() {
		if fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body); err == nil {
			if f, ok := fact.(events.ReturnRemindedFact); ok {
				for _, r := range f.Reminders {
					kinds = append(kinds, r.Kind)
				}
			}
		}
	}
	return strings.Join(kinds, " ")
}

func TestReminders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-15 08:59:59")
	stop := w.run()
	w.tick()
	if got := w.reminded(); got != "" {
		t.Fatalf("a second too early: %s", got)
	}
	w.at("2026-06-15 09:00:00")
	eventually(t, "the first reminder", func() bool { return w.reminded() == "return-first" })
	stop()
	// While nobody is there two pass; they come in one fact, and the first not again.
	w.at("2026-07-06 08:00:00")
	stop = w.run()
	eventually(t, "what passed meanwhile", func() bool { return w.reminded() == "return-first return-second return-before" })
	if n := len(w.messages()); n != 3 {
		t.Errorf("%d messages", n)
	}
	// July's first reminder isn't stated to who has sent it in.
	w.at("2026-07-10 12:00:00")
	w.tick()
	file := func(month events.Month) {
		t.Helper()
		p := params("siping", month, "file")
		if _, err := w.as(w.people["signer"]).Command(t.Context(), p, []byte(`{"document_no":"1","zero_reason":"无"}`)); err != nil {
			t.Fatal(err)
		}
	}
	file("2026-07")
	stop()
	w.at("2026-07-15 09:00:00")
	w.run()
	other := func(office events.OfficeSlug) int {
		m, err := w.bus.History(t.Context(), events.StreamReturns, events.ReturnSubject(office, "2026-07"), 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(m)
	}
	eventually(t, "another office is reminded", func() bool { return other("yanbian") == 2 })
	if n := other("siping"); n != 2 { // opened and filed
		t.Errorf("%d messages of who has filed", n)
	}
	w.replay()
}
