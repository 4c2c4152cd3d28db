package inbox

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

// Unseen entries are marked and can be marked as seen; each is a link to what it is of; a made address is shown.
func TestEntries(t *testing.T) {
	t.Parallel()
	in := oversightapi.Inbox{Total: 60, UnseenTotal: 1, Page: 1, PerPage: 50, Entries: []oversightapi.InboxEntry{
		{ID: "new", Kind: "due-today", Args: map[string]string{"ref": "吉号"}, Link: "/cases/c", Office: "jilin"}, {ID: "old", Kind: "accepted", On: "2026-06-05", Args: map[string]string{"ref": "旧号"}, Link: "/cases/d", Seen: true}}}
	show := func(d data) string {
		d.turn()
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, Path, nil), http.StatusOK, page, "", d)
		return w.Body.String()
	}
	body := show(data{L: messages.Chinese, Inbox: in})
	for _, s := range []string{`<a href="/cases/c">吉号 今日到期</a>`, `name="id" value="new"`, "全部标为已读", `href="/inbox?page=2"`, `<a href="/cases/d">旧号`, `title="人员填报" data-who="人员填报">2026年6月5日`} {
		if !strings.Contains(body, s) {
			t.Errorf("no %s", s)
		}
	}
	if strings.Contains(body, `value="old"`) || strings.Count(body, `<li class="new">`) != 1 || strings.Contains(body, `id="feed"`) {
		t.Error("a seen entry is marked, or an address shown")
	}
	in.Entries, in.UnseenTotal = nil, 0
	if body := show(data{L: messages.English, Inbox: in, Unseen: true, Feed: "http://x/feeds/y.atom"}); !strings.Contains(body, "Nothing new.") || !strings.Contains(body, `value="http://x/feeds/y.atom"`) || strings.Contains(body, "page=2") {
		t.Error(body)
	}
}

func TestNobody(t *testing.T) {
	t.Parallel()
	pages := http.NewServeMux()
	Handler{}.Routes(pages, http.NewServeMux())
	for method, path := range map[string]string{http.MethodGet: "/inbox", http.MethodPost: "/inbox/feed"} {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2Finbox" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}
