package board

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

// Every figure is in one group and has words in both languages.
func TestEveryFigureIsShown(t *testing.T) {
	t.Parallel()
	var shown []string
	for _, p := range parts {
		shown = append(shown, p.figures...)
	}
	for _, f := range oversightapi.Figures() {
		if n := len(slices.DeleteFunc(slices.Clone(shown), func(s string) bool { return s != f })); n != 1 {
			t.Errorf("%s is shown %d times", f, n)
		}
		if heading(f, messages.English) == f {
			t.Errorf("%s has no heading", f)
		}
		if w := words[f]; w.zh == "" || w.en == "" {
			t.Errorf("%s has no words", f)
		}
	}
	if len(shown) != len(oversightapi.Figures()) {
		t.Errorf("%d figures are shown, there are %d", len(shown), len(oversightapi.Figures()))
	}
}

// A moment may be written as a browser's field gives it: it is Shanghai's.
func TestMoment(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"2026-07-01T08:30", "2026-07-01T00:30:00Z", "2026-07-01T08:30:00+08:00"} {
		q, err := query(url.Values{"as_of": {s}})
		if err != nil || !q.AsOf.Equal(time.Date(2026, 7, 1, 0, 30, 0, 0, time.UTC)) {
			t.Errorf("%s: %v %v", s, q.AsOf, err)
		}
	}
	if _, err := query(url.Values{"as_of": {"yesterday"}}); err == nil {
		t.Error("no moment is taken")
	}
}

// A person without a session is sent to sign in and comes back to the same figure.
func TestNobody(t *testing.T) {
	t.Parallel()
	pages, public := http.NewServeMux(), http.NewServeMux()
	Handler{Now: time.Now}.Routes(pages, public)
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/board/list?figure=overdue", nil))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2Fboard%2Flist%3Ffigure%3Doverdue" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w = httptest.NewRecorder()
	public.ServeHTTP(w, httptest.NewRequest(http.MethodGet, assets.Path("board.css"), nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "A4 landscape") {
		t.Errorf("style: %d", w.Code)
	}
}

func cells(values map[string]int, office string) []oversightapi.Cell {
	var out []oversightapi.Cell
	for _, f := range oversightapi.Figures() {
		n := values[f]
		q := oversightapi.Query{Figure: oversightapi.Figure(f), Office: events.OfficeSlug(office)}
		out = append(out, oversightapi.Cell{Figure: oversightapi.Figure(f), Value: &n, Rows: n, Query: q.Encode()})
	}
	return out
}

// The table shows what months are worth with their flags, each figure is a link to its list, and the page says of which day and moment it is.
func TestTable(t *testing.T) {
	messages.NameOffices(func(slug string) string { return map[string]string{"new-office": "新设市"}[slug] })
	t.Parallel()
	june := events.Month("2026-06")
	b := oversightapi.Board{Months: []events.Month{june}, Total: cells(map[string]int{"overdue": 7}, ""), Offices: []oversightapi.OfficeLine{
		{Office: "jilin", Figures: cells(map[string]int{"overdue": 5}, "jilin"), Returns: []oversightapi.MonthCell{{Month: june, Shown: "recognised", Kind: "paper", Exposed: 3, Query: "figure=exposed&office=jilin&month=2026-06"}}},
		{Office: "siping", Figures: cells(nil, "siping"), Returns: []oversightapi.MonthCell{{Month: june, Shown: "missed", OnlyOtherLevels: true, ZeroReturn: true}}},
		{Office: "new-office", Name: "新设市", Figures: cells(nil, "new-office")},
	}}
	for l, want := range map[messages.Language][]string{
		messages.Chinese: {`<a href="/board/list?figure=overdue">7</a>`, `<a href="/board/list?figure=overdue&amp;office=jilin">5</a>`, `<span class="tag good">补录</span>`, `<span class="tag bad">未完成</span>`, "†", "零报告",
			`href="/returns/jilin/2026-06"`, `href="/board/list?figure=exposed&amp;office=jilin&amp;month=2026-06"`, "2026年11月25日", "2026年11月25日 12:00", "历史时点", `class="zero">0</a>`, `<th scope="row">新设市</th>`},
		messages.English: {"25 November 2026 12:00", "zero return", "a past moment"},
	} {
		d := data{standing: standing{"2026-11-25", "2026-11-25T04:00:00Z", true}, L: l, Board: b, Supervisor: true}
		d.tables()
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, Path, nil), http.StatusOK, page, "", d)
		for _, s := range want {
			if !strings.Contains(w.Body.String(), s) {
				t.Errorf("language %d: no %s", l, s)
			}
		}
	}
}

// The list of a median is headed by how many it is of, not as if that were the median.
func TestListOfDays(t *testing.T) {
	t.Parallel()
	days := 48
	l := oversightapi.List{Query: oversightapi.Query{Figure: "days-to-close-median"}, Rows: []oversightapi.Row{{Case: "c", Office: "jilin", State: "closed", DaysToClose: &days}}, Total: 9, Page: 1, PerPage: 50}
	w := httptest.NewRecorder()
	shell.Show(w, httptest.NewRequest(http.MethodGet, Path, nil), http.StatusOK, listPage, "", listData{L: messages.English, List: l, Title: heading("days-to-close-median", messages.English)})
	if body := w.Body.String(); !strings.Contains(body, `<h1>Days to close · median <span class="quiet">(of <span class="total">9</span> closed)</span></h1>`) {
		t.Error(body)
	}
}

// A list numbers its rows over all pages and shows what applies to them: cases, extensions, or offices' months.
func TestList(t *testing.T) {
	t.Parallel()
	at := 0
	for name, c := range map[string]struct {
		row         oversightapi.Row
		holds, lack string
	}{
		"a case":       {oversightapi.Row{Case: "c", Title: "题", Ref: "号", Office: "jilin", State: "in-progress", OverdueDays: 4}, `<strong class="late">4 天</strong>`, "申请日"},
		"an extension": {oversightapi.Row{Case: "c", Title: "题", Office: "jilin", State: "in-progress", Extension: &at, AskedOn: "2026-07-01", Decision: "granted"}, "同意", "逾期天数"},
		"a month":      {oversightapi.Row{Office: "jilin", Month: "2026-06", State: "missed"}, `href="/returns/jilin/2026-06"`, "整改期限"},
	} {
		d := listData{L: messages.Chinese, List: oversightapi.List{Rows: []oversightapi.Row{c.row}, Total: 51, Page: 2, PerPage: 50}}
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, Path, nil), http.StatusOK, listPage, "", d)
		if body := w.Body.String(); !strings.Contains(body, c.holds) || strings.Contains(body, c.lack) || !strings.Contains(body, `<td class="n">51</td>`) {
			t.Errorf("%s: %s", name, body)
		}
	}
}
