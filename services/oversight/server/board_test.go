package server_test

import (
	"encoding/json"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/oversight/server"
)

// TestBoardIsServed asks board, list, edition and inbox of the running server: a return that was received is a month met, and its edition folds from the log.
func TestBoardIsServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-07-01 12:00:00")
	w.write(caseOf("siping", "1", "municipal", "2026-06-12"))
	w.run()
	w.must("signer", "file", paper)
	w.must("province", "receive", fields{})
	province := oversightapi.BoardClient{Client: w.as(w.people["province"]).Client}
	met := oversightapi.ListParams{Query: oversightapi.Query{Figure: "returns-met", Month: "2026-06"}}
	eventually(t, "the month is met", func() bool {
		l, err := province.List(t.Context(), met)
		return err == nil && len(l.Rows) == 1 && l.Rows[0].Office == "siping"
	})
	board, err := province.Board(t.Context(), oversightapi.Query{Month: "2026-06"})
	if err != nil || len(board.Offices) != 11 || len(board.Total) == 0 {
		t.Fatalf("board of %d offices, %v", len(board.Offices), err)
	}
	fixed, err := province.Fix(t.Context(), oversightapi.FixParams{Month: "2026-06"}, []byte(`{"note":"首报"}`))
	if err != nil || fixed.Edition.Number != 1 {
		t.Fatalf("fixed: %+v, %v", fixed, err)
	}
	m, err := w.bus.Last(t.Context(), events.StreamReturns, events.TableSubject("2026-06"))
	if err != nil {
		t.Fatal(err)
	}
	fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.TableAggregate.Step(events.TableState{}, m.Meta, fact)
	if got, _ := json.Marshal(s); err != nil || string(got) != string(m.Body.State) {
		t.Errorf("folds to %s, %v", got, err)
	}
	in, err := (oversightapi.BoardClient{Client: w.as(w.people["signer"]).Client}).Inbox(t.Context(), oversightapi.InboxParams{})
	if err != nil || in.Total == 0 || in.Entries[0].Kind != "return-received" {
		t.Errorf("inbox %+v, %v", in, err)
	}
}
