package casepage

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/portalapi"
)

// TestMedia shows media of every kind, why one has failed, and how many are held back of case and rectification, but not which.
func TestMedia(t *testing.T) {
	t.Parallel()
	picture := portalapi.Medium{ID: "p", Kind: "image", Caption: "沟槽", State: "cleared", Renditions: []portalapi.Rendition{{Name: "w1280", URL: "/media/p/w1280-2", Type: "image/jpeg", Width: 1280, Height: 960}, {Name: "w320", URL: "/media/p/w320-2", Type: "image/jpeg", Width: 320, Height: 240}}}
	paper := portalapi.Medium{ID: "d", Kind: "document", State: "cleared", Renditions: []portalapi.Rendition{{Name: "paper", URL: "/media/d/paper-1", Type: "application/pdf"}}}
	failed := portalapi.Medium{ID: "f", Kind: "video", State: "failed", Reason: "too_long"}
	for name, c := range map[string]struct {
		looks         bool
		holds, lacks  []string
		held, further int
	}{
		"a reader":   {false, []string{`/media/p/w320-2`, `/media/d/paper-1`, "另有 3 件影像待审看", "整改后影像另有 2 件待审看"}, []string{"/look/p", "已核可"}, 3, 2},
		"its office": {true, []string{"/look/f", "超过 3 小时", "已核可"}, []string{"too_long", "待审看，未公开"}, 0, 0},
	} {
		d := data{L: messages.Chinese, Rect: &shownRectification{State: "in-progress"}, HeldBack: c.held, AfterHeldBack: c.further}
		for _, m := range []portalapi.Medium{picture, paper, failed} {
			d.Media = append(d.Media, shown(m, c.looks, d.L))
		}
		d.After = d.Media[:1]
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, "/cases/x", nil), http.StatusOK, page, "题", d)
		body := w.Body.String()
		for _, s := range c.holds {
			if !strings.Contains(body, s) {
				t.Errorf("%s: no %q", name, s)
			}
		}
		for _, s := range c.lacks {
			if strings.Contains(body, s) {
				t.Errorf("%s: %q", name, s)
			}
		}
	}
}

// TestCalendarMissing says beside the due day that it was reckoned over weekends alone, and only where it was.
func TestCalendarMissing(t *testing.T) {
	t.Parallel()
	for _, missing := range []bool{true, false} {
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, "/cases/x", nil), http.StatusOK, page, "题", data{L: messages.Chinese, Rect: &shownRectification{State: "pending", Due: "2027-03-01", CalendarMissing: missing}})
		if strings.Contains(w.Body.String(), "放假安排尚未录入") != missing {
			t.Errorf("missing %v: %s", missing, w.Body)
		}
	}
}

// TestDueBy marks a due day that followed from the rule as the system's, and one that somebody gave as given.
func TestDueBy(t *testing.T) {
	t.Parallel()
	opened, started := []events.Due{{SetBy: "opened"}}, []events.Due{{SetBy: "opened"}, {SetBy: "started", Backdated: true}}
	for i, c := range []struct {
		dues  []events.Due
		asked events.Day
		want  string
	}{{opened, "", "recorded"}, {opened, "2026-07-12", "given"}, {started, "", "given"}} {
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, "/cases/x", nil), http.StatusOK, page, "题",
			data{L: messages.Chinese, Case: shownCase{Plan: events.Plan{Deadline: c.asked}}, Rect: &shownRectification{State: "pending", Due: "2026-07-12", Dues: c.dues}})
		if got := w.Body.String(); !strings.Contains(got, `class="`+c.want+`" datetime="2026-07-12"`) {
			t.Errorf("%d: not %s: %s", i, c.want, got)
		} else if late := len(c.dues) > 1; strings.Contains(got, "补录") != late {
			t.Errorf("%d: marked as a late entry: %v", i, !late)
		}
	}
}

// TestCite refers to an exposed case by its permanent address, in both languages and for machines; a case that isn't exposed, by none.
func TestCite(t *testing.T) {
	t.Parallel()
	var c shownCase
	if err := json.Unmarshal([]byte(`{"ref":"长安委办曝〔2026〕1号","office":"changchun","state":"exposed","title":"储罐区“带病”运行</script><b>。","sector":"mining","enterprise":{"name":"启衡化工","uscc":"91220113MAY1Q7HC7P"},
		"exposures":[{"outlet":"长春日报","headline":"追踪","published_on":"2026-06-15"},{"outlet":"长春电视台","headline":"曝光","published_on":"2026-06-12","url":"https://example.com/1"}],
		"corrections":[{"on":"2026-07-01","reason":"地址有误"}]}`), &c); err != nil {
		t.Fatal(err)
	}
	media := []shownMedium{{Medium: portalapi.Medium{Kind: "image", State: "cleared"}, Large: "/media/p/w1280-2"}, {Medium: portalapi.Medium{Kind: "image", State: "rendered"}, Large: "/media/q/w1280-1"}}
	got := cite(c, media, "https://songshui.example/cases/abc", "2026-11-25")
	if want := "长春市安委会办公室. 储罐区“带病”运行</script><b>: 长安委办曝〔2026〕1号[EB/OL]. (2026-07-01)[2026-11-25]. https://songshui.example/cases/abc."; got.Chinese != want {
		t.Errorf("%s\nwant %s", got.Chinese, want)
	}
	if want := "Work Safety Committee Office of Changchun. (1 July 2026). 储罐区“带病”运行</script><b> [Case 长安委办曝〔2026〕1号]. Retrieved 25 November 2026, from https://songshui.example/cases/abc"; got.English != want {
		t.Errorf("%s\nwant %s", got.English, want)
	}
	w := httptest.NewRecorder()
	shell.Show(w, httptest.NewRequest(http.MethodGet, "/cases/abc", nil), http.StatusOK, page, "题", data{L: messages.Chinese, Case: c, Cite: got})
	_, block, _ := strings.Cut(w.Body.String(), `<script type="application/ld+json">`)
	block, _, _ = strings.Cut(block, "</script>")
	var linked struct {
		ID        string   `json:"@id"`
		Name      string   `json:"name"`
		Published string   `json:"datePublished"`
		Modified  string   `json:"dateModified"`
		Image     []string `json:"image"`
		Citation  []struct{ URL string }
	}
	if err := json.Unmarshal([]byte(block), &linked); err != nil {
		t.Fatalf("%v in %s", err, block)
	}
	if linked.ID != got.Address || linked.Name != c.Title || linked.Published != "2026-06-12" || linked.Modified != "2026-07-01" || len(linked.Citation) != 2 || len(linked.Image) != 1 || linked.Image[0] != "https://songshui.example/media/p/w1280-2" {
		t.Errorf("%+v", linked)
	}
	c.State = "embargoed"
	if cite(c, nil, "https://songshui.example/cases/abc", "2026-11-25") != nil {
		t.Error("an embargoed case is cited")
	}
}
