package casepage

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
