package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
)

func TestHit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, _ := w.putSamples(t)
	first := all[0]
	w.putRectification(t, events.RectificationState{ID: first.ID, Office: first.Office, State: events.RectificationClosed, Closings: []events.Closing{{Headline: "罐区已整改"}}})
	last := w.putCase(t, first)
	w.start(t)
	found := w.search(t, province, archiveapi.Params{Q: "METHANOL", MinSeq: last})
	raw, err := json.Marshal(found.Hits[0])
	check(t, err)
	want := `{"id":"` + string(first.ID) + `","ref":"长安委办曝〔2026〕1号","office":"changchun","sector":"hazardous-chemicals",` +
		`"category":"prominent-problem","hazard_level":"major","county":"九台区","title":"危险化学品储罐区法兰长期渗漏、可燃气体报警器被人为断电——长春市启衡化工有限公司重大事故隐患曝光","enterprise":"长春市启衡化工有限公司",` +
		`"found_on":"2026-06-03","due_on":"","overdue_days":0,"penalty_yuan":48000,"distance_m":null,"picture":"","published_on":"2026-06-12","state":"exposed","rectification_state":"closed","highlight":{"summary":"` +
		`6月3日，暗访组对长春市启衡化工有限公司甲醇（\u003cmark\u003emethanol\u003c/mark\u003e）储罐区开展突击检查，发现2号储罐出料管线法兰处存在持续滴漏，地面有约3平方米湿痕，便携式检测仪读数一度达到爆炸下…"}}`
	if len(found.Hits) != 1 || string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
	if found.Facets["rectification_state"]["closed"] != 1 || found.TookMS <= 0 {
		t.Errorf("facets %v in %v ms", found.Facets, found.TookMS)
	}
	if n := w.search(t, province, archiveapi.Params{Q: "罐区已整改", RectificationState: []string{"closed"}}).Total; n != 1 {
		t.Errorf("the closing's headline finds %d", n)
	}
}

// TestHighlight: marks stand in the original text, escaped, whichever way it was found.
func TestHighlight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	c := events.CaseState{ID: events.CaseIDFor("jilin", "h"), Office: "jilin", Ref: "吉〔2026〕1号", State: events.CaseSubmitted}
	c.Title, c.Summary, c.Tags = "<b>儲罐</b>洩漏＆ＱＴＺ８０", strings.Repeat("前", 200)+"瓦斯"+strings.Repeat("后", 200), []string{"一", "塔吊"}
	last := w.putCase(t, c)
	for q, want := range map[string]map[string]string{
		"储罐 泄漏": {"title": "&lt;b&gt;<mark>儲罐</mark>&lt;/b&gt;<mark>洩漏</mark>＆ＱＴＺ８０"},
		"qtz80": {"title": "&lt;b&gt;儲罐&lt;/b&gt;洩漏＆<mark>ＱＴＺ８０</mark>"},
		"塔掉":    {"tags": "<mark>塔吊</mark>"},
		"除罐 写楼": {"title": "&lt;b&gt;<mark>儲罐</mark>&lt;/b&gt;<mark>洩漏</mark>＆ＱＴＺ８０"},
		"瓦斯":    {"summary": "…" + strings.Repeat("前", 40) + "<mark>瓦斯</mark>" + strings.Repeat("后", 40) + "…"},
	} {
		found := w.search(t, province, archiveapi.Params{Q: q, MinSeq: last})
		if len(found.Hits) != 1 {
			t.Errorf("%q: %d hits", q, len(found.Hits))
			continue
		}
		got, _ := json.Marshal(found.Hits[0].Highlight)
		wanted, _ := json.Marshal(want)
		if string(got) != string(wanted) {
			t.Errorf("%q: %s, want %s", q, got, wanted)
		}
	}
	if found := w.search(t, province, archiveapi.Params{}); len(found.Hits[0].Highlight) != 0 {
		t.Errorf("nothing asked, %v marked", found.Hits[0].Highlight)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all, last := w.putSamples(t)
	w.start(t)
	days := func(f archiveapi.Found) (out []events.Day) {
		for _, h := range f.Hits {
			out = append(out, h.PublishedOn)
		}
		return out
	}
	newest := days(w.search(t, province, archiveapi.Params{PerPage: 100, MinSeq: last}))
	if len(newest) != len(all) || newest[len(all)-1] != "" || !slices.IsSortedFunc(newest, func(a, b events.Day) int { return strings.Compare(string(b), string(a)) }) {
		t.Errorf("nothing asked: %v", newest)
	}
	oldest := days(w.search(t, province, archiveapi.Params{Q: "安全", Sort: "oldest", PerPage: 100}))
	if len(oldest) < 5 || !slices.IsSorted(oldest[:len(oldest)-1]) || oldest[len(oldest)-1] != "" {
		t.Errorf("oldest: %v", oldest)
	}
	// A match in the title stands before one in the summary.
	byTitle := w.search(t, province, archiveapi.Params{Q: "安全出口", PerPage: 100})
	for _, h := range byTitle.Hits[1:] {
		if h.Highlight["title"] != "" && byTitle.Hits[0].Highlight["title"] == "" {
			t.Errorf("%s stands below %s", h.Ref, byTitle.Hits[0].Ref)
		}
	}
	// Pages join without gap or overlap; a page beyond the last is empty.
	var paged []string
	for page := 1; page <= 5; page++ {
		paged = append(paged, refs(w.search(t, province, archiveapi.Params{PerPage: 7, Page: page}))...)
	}
	if whole := refs(w.search(t, province, archiveapi.Params{PerPage: 100})); !slices.Equal(paged, whole) {
		t.Errorf("pages %v, whole %v", paged, whole)
	}
	if f := w.search(t, province, archiveapi.Params{PerPage: 100, Page: 9}); len(f.Hits) != 0 || f.Total != len(all) {
		t.Errorf("beyond the last page: %d of %d", len(f.Hits), f.Total)
	}
	june := w.search(t, province, archiveapi.Params{From: "2026-06-01", To: "2026-06-30"})
	if june.Total != 6 {
		t.Errorf("June has %d", june.Total)
	}
}

// TestMedia: captions of media that nobody has cleared are found by the case's office before exposure and by no reader after it.
func TestMedia(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	medium := events.MediaState{ID: events.MediaIDFor("jilin", "", "泵房.jpg"), Office: "jilin", State: events.MediaRendered, File: "泵房.jpg"}
	c := events.CaseState{ID: events.CaseIDFor("jilin", "m"), Office: "jilin", Ref: "吉1", State: events.CaseSubmitted, Media: []events.CaseMedium{{ID: medium.ID, File: medium.File, Caption: "阀门锈蚀"}}}
	w.putMedium(t, medium)
	count := func(want int, when string, last uint64) {
		t.Helper()
		if n := w.search(t, office("jilin"), archiveapi.Params{Q: "阀门锈蚀", MinSeq: last}).Total; n != want {
			t.Errorf("%s: %d, want %d", when, n, want)
		}
	}
	count(1, "submitted", w.putCase(t, c))
	c.State, c.ExposedOn = events.CaseExposed, "2026-06-12"
	count(0, "exposed", w.putCase(t, c))
	medium.TakenBy, medium.State = []events.CaseID{c.ID}, events.MediaCleared
	w.putMedium(t, medium)
	w.until(t, "cleared", func() bool {
		return w.search(t, journalist, archiveapi.Params{Q: "泵房"}).Total == 1
	})
	medium.State = events.MediaErased
	w.putMedium(t, medium)
	w.until(t, "erased", func() bool {
		return w.search(t, journalist, archiveapi.Params{Q: "泵房"}).Total == 0
	})
}
