package stories_test

import (
	"net/http"
	"testing"
)

// TestJuneOfSiping is story 2: filed on 30 June at 23:50 over a line that drops, sent again: one return. Returned on 2 July, filed again, received on 9 July: met, in time until the end of the 6th (the 5th is
// a Sunday) and late from the 7th on.
func TestJuneOfSiping(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ again, shown, punctual string }{
		{"2026-07-04 10:00:00", "met", "in-time"}, {"2026-07-06 23:59:59", "met", "in-time"}, {"2026-07-07 09:00:00", "met-late", "late"},
	} {
		t.Run(c.again, func(t *testing.T) {
			t.Parallel()
			w := start(t, "2026-06-30 23:40:00")
			id := w.submit("SP-BG-2026-001")
			office, province := w.client("siping-1"), w.client("supervisor")
			paper := map[string]any{"document_no": "四安委办〔2026〕6号"}

			w.at("2026-06-30 23:50:00")
			line := &badLine{}
			office.HTTP = &http.Client{Transport: line}
			filed, err := office.CommandReturn(t.Context(), "siping", "2026-06", "file", "", paper)
			must(t, err)
			if !line.dropped || len(filed.State.Filings) != 1 || filed.State.Shown != "awaiting-receipt" || len(filed.State.Held) != 1 || filed.State.Held[0] != id {
				t.Fatalf("filed over a bad line: %+v", filed.State)
			}
			w.at("2026-07-01 00:00:10")
			again, err := office.CommandReturn(t.Context(), "siping", "2026-06", "file", "", paper)
			must(t, err)
			if again.Sequence != filed.Sequence || len(again.State.Filings) != 1 {
				t.Errorf("once more after midnight: %+v", again.State)
			}
			w.at("2026-07-02 15:00:00")
			back, err := province.CommandReturn(t.Context(), "siping", "2026-06", "return", "", map[string]any{"reason": "缺签发页", "cases": []map[string]any{{"case": id, "reason": "标题不符"}}})
			must(t, err)
			if back.State.Shown != "returned" {
				t.Errorf("returned: %s", back.State.Shown)
			}
			w.at(c.again)
			_, err = office.CommandReturn(t.Context(), "siping", "2026-06", "file", "again", paper)
			must(t, err)
			w.at("2026-07-09 11:00:00")
			_, err = province.CommandReturn(t.Context(), "siping", "2026-06", "receive", "received", map[string]any{})
			must(t, err)
			june, err := office.Return(t.Context(), "siping", "2026-06")
			must(t, err)
			if june.Due != "2026-07-06" || june.Shown != c.shown || june.Punctual != c.punctual || len(june.History) < 5 {
				t.Errorf("June: due %s, %+v, %d steps", june.Due, june.ReturnFlags, len(june.History))
			}
		})
	}
}
