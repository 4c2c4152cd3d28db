package search

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/portalapi"
)

type outlets map[events.OutletID]string

func (o outlets) OutletByID(id events.OutletID) (events.OutletState, bool) {
	name, ok := o[id]
	return events.OutletState{ID: id, Name: name}, ok
}

func at(t *testing.T, query string) address {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return address(q)
}

// The address holds the whole state and nothing that says nothing.
func TestAddress(t *testing.T) {
	t.Parallel()
	for before, after := range map[string]string{
		"q=&from=&to=":                       "/",
		"q=x&office=&office=siping":          "/?office=siping&q=x",
		"radius_km=20":                       "/",
		"near=43.8%2C125.3&radius_km=20&q=":  "/?near=43.8%2C125.3&radius_km=20&sort=nearest",
		"q=x&page=2":                         "/?page=2&q=x",
		"show=grid&q=%E5%A1%94%E5%90%8A&to=": "/?q=%E5%A1%94%E5%90%8A&show=grid",
	} {
		got, changed := at(t, before).clean()
		if got.link() != after || changed != ("/?"+before != after && before != "q=x&page=2") {
			t.Errorf("%s: %s, changed %v", before, got.link(), changed)
		}
	}
	a := at(t, "q=x&office=siping&page=3&show=grid")
	for what, c := range map[string][2]string{
		"another value": {a.toggled("office", "jilin").link(), "/?office=siping&office=jilin&q=x&show=grid"},
		"not any more":  {a.toggled("office", "siping").link(), "/?q=x&show=grid"},
		"an order":      {a.on("sort", "newest").link(), "/?office=siping&q=x&show=grid&sort=newest"},
		"a page":        {a.turned(4).link(), "/?office=siping&page=4&q=x&show=grid"},
		"what is asked": {a.asked().Encode(), "office=siping&page=3&q=x"},
		"unchanged":     {a.link(), "/?office=siping&page=3&q=x&show=grid"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %s, want %s", what, c[0], c[1])
		}
	}
}

// Facets show the counts of the alternatives where values are picked, fold long lists but never what is picked, and leave out what leaves nothing to choose.
func TestFacets(t *testing.T) {
	t.Parallel()
	found := portalapi.Found{Total: 9, Facets: map[string]map[string]int{
		"office": {"siping": 9}, "state": {"exposed": 9}, "sector": {"mining": 4},
		"outlet": {"a": 9, "b": 8, "c": 7, "d": 6, "e": 5, "f": 4, "g": 3, "h": 2},
	}, Alternatives: map[string]map[string]int{"office": {"siping": 9, "jilin": 2}}}
	h := &Handler{Outlets: outlets{"a": "四平日报"}}
	got := h.facets(at(t, "office=siping&outlet=h&outlet=z"), found, messages.Chinese)
	var said []string
	for _, f := range got {
		for _, v := range f.Values {
			mark := ""
			if v.On {
				mark = "+"
			}
			said = append(said, f.Name+" "+v.Label+mark)
		}
		for _, v := range f.Rest {
			said = append(said, "rest "+v.Label)
		}
	}
	want := "office 四平市+|office 吉林市|sector 矿山|outlet 四平日报|outlet b|outlet c|outlet d|outlet e|outlet f|outlet h+|outlet z+|rest g"
	if s := strings.Join(said, "|"); s != want {
		t.Errorf("%s\nwant %s", s, want)
	}
}

func TestMonths(t *testing.T) {
	t.Parallel()
	h := &Handler{}
	d := h.months(at(t, "month=2026-02"), map[string]int{"2025-12": 4, "2026-02": 2}, messages.Chinese)
	if len(d.Bars) != 3 || d.Bars[1].Count != 0 || d.Bars[1].Year != "2026" || d.Bars[0].H != barsHigh || d.Bars[2].H != barsHigh/2 || !d.Bars[2].On || d.Bars[2].URL != "/" || d.Bars[0].Label != "2025年12月" {
		t.Errorf("%+v", d)
	}
	if d := h.months(nil, map[string]int{"2020-01": 1, "2026-01": 1}, messages.English); len(d.Bars) != maxMonths || d.Earlier != 37 || d.Width > 800 {
		t.Errorf("%d bars, %d earlier, %d wide", len(d.Bars), d.Earlier, d.Width)
	}
	if h.months(nil, nil, messages.Chinese) != nil {
		t.Error("drawn without any")
	}
}

// A query that can't be read is shown with its wrong place marked, escaped, and what to write instead.
func TestWrongPlace(t *testing.T) {
	t.Parallel()
	a := at(t, url.Values{"q": {"<塔吊> 刊播:昨天"}}.Encode())
	d := data{L: messages.Chinese, A: a}
	d.refused(&fault.Error{Code: fault.BadParameter, Fields: []fault.Field{{Field: "q", Code: "day", Arg: "8-10"}, {Field: "to", Code: "day"}}})
	w := httptest.NewRecorder()
	shell.Show(w, httptest.NewRequest(http.MethodGet, "/", nil), http.StatusBadRequest, page, "", d)
	for _, want := range []string{`<p class="asked">&lt;塔吊&gt; 刊播:<mark class="there">昨天</mark></p>`, "检索词第 9 至 10 个字：", "截止日期：不是有效日期", `aria-invalid="true" aria-describedby="wrong"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in %s", want, w.Body)
		}
	}
	for _, arg := range []string{"3-999", "999-1000", "0-0"} { // whatever place is named, the page is shown
		d := data{L: messages.English, A: a}
		d.refused(&fault.Error{Code: fault.BadParameter, Fields: []fault.Field{{Field: "q", Code: "day", Arg: arg}}})
		if d.Place.Before+d.Place.Wrong+d.Place.After != "<塔吊> 刊播:昨天" {
			t.Errorf("%s: %+v", arg, d.Place)
		}
	}
}

// What a person without a session asked is kept over signing in.
func TestNobody(t *testing.T) {
	t.Parallel()
	pages := http.NewServeMux()
	(&Handler{}).Routes(pages, http.NewServeMux())
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?q=x&office=siping", nil))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2F%3Fq%3Dx%26office%3Dsiping" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
