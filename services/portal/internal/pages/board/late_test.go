package board

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

// Who is late stands first: the newest month past due alone, the office with most overdue cases first, and what waits for the province.
func TestWhoIsLate(t *testing.T) {
	t.Parallel()
	months := func(june, july string) []oversightapi.MonthCell {
		return []oversightapi.MonthCell{{Month: "2026-05", Due: "2026-06-05", Shown: "missed", Overdue: true}, {Month: "2026-06", Due: "2026-07-06", Shown: "missed", Overdue: june == "late"},
			{Month: "2026-07", Due: "2026-08-05", Shown: oversightapi.MonthCell{}.Shown}, {Month: "2026-04", Due: "2026-05-06", Shown: "awaiting-receipt", Overdue: july == "waits"}}
	}
	b := oversightapi.Board{Query: oversightapi.Query{Day: "2026-07-07"}, Months: []events.Month{"2026-06"}, Total: cells(map[string]int{"overdue": 4}, ""), Offices: []oversightapi.OfficeLine{
		{Office: "jilin", Figures: cells(map[string]int{"overdue": 1}, "jilin"), Returns: months("late", "")[:3]},
		{Office: "siping", Figures: cells(map[string]int{"overdue": 3}, "siping"), Returns: months("met", "waits")},
		{Office: "baishan", Figures: cells(nil, "baishan")},
	}}
	for l, word := range map[messages.Language]string{messages.Chinese: "谁迟了", messages.English: "Who is late"} {
		d := data{standing: standing{"2026-07-07", "2026-07-07T04:00:00Z", false}, L: l, Board: b, Late: lateOf(b), Supervisor: true}
		d.tables()
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, Path, nil), http.StatusOK, page, "", d)
		body := w.Body.String()
		_, rest, found := strings.Cut(body, `id="late"`)
		part, _, _ := strings.Cut(rest, "</section>")
		first, second := strings.Index(part, "overdue&amp;office=siping"), strings.Index(part, "overdue&amp;office=jilin")
		if !found || !strings.Contains(part, word) || first < 0 || second < first || strings.Contains(part, "baishan") || strings.Contains(part, "2026-05") {
			t.Errorf("late: %s", part)
		}
		for path, n := range map[string]int{`"/returns/jilin/2026-06"`: 1, `"/returns/siping/2026-06"`: 0, `"/returns/siping/2026-04"`: 1} {
			if strings.Count(part, path) != n {
				t.Errorf("%s isn't there %d times: %s", path, n, part)
			}
		}
	}
	b.Query.Day = "2026-06-05" // the day itself isn't late
	if l := lateOf(oversightapi.Board{Query: b.Query, Total: cells(nil, ""), Offices: []oversightapi.OfficeLine{{Office: "jilin", Returns: months("", "")[:3]}}}); !l.Nothing() {
		t.Errorf("%+v", l)
	}
}
