package search

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"songshui.internal/services/internal/chromium"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/portalapi"
)

// Suggestions are chosen by keyboard: down and up go through them and back to what was typed, escape closes, enter searches for the chosen one. The headers are the portal's.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	(&Handler{}).Routes(http.NewServeMux(), mux)
	asked := make(chan string, 2)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Query().Get("q")
		shell.Show(w, r, http.StatusOK, page, "", data{L: messages.Chinese, A: address(r.URL.Query())})
	})
	mux.HandleFunc("GET "+shell.StylePath, shell.ServeStyle)
	mux.HandleFunc("GET "+shell.IconPath, shell.ServeIcon)
	mux.HandleFunc("GET /api/v1/suggest", func(w http.ResponseWriter, r *http.Request) {
		front.WriteJSON(w, http.StatusOK, portalapi.Suggestions{Items: []portalapi.Suggestion{
			{Kind: "enterprise", Text: "启衡化工<b>", Query: "企业:启衡化工", Highlight: "<mark>启衡</mark>化工&lt;b&gt;<img src=x>"}, {Kind: "tag", Text: "启动", Query: "启动"}}})
	})
	srv := httptest.NewServer(front.Secured(mux))
	t.Cleanup(srv.Close)
	ctx := chromium.New(t)
	q := chromedp.CSS("#q")
	chromium.Do(t, ctx, chromedp.Navigate(srv.URL), chromedp.SendKeys(q, "启"), chromium.Visible("#suggestions li"))
	if s := chromium.Run(t, ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("#suggestions li")].map(e => e.innerHTML).join("|")`)); s != `<span><mark>启衡</mark>化工&lt;b&gt;</span> <span class="quiet">企业</span>|<span>启动</span> <span class="quiet">标签</span>` {
		t.Errorf("suggested: %s", s)
	}
	state := func() string {
		return chromium.Run(t, ctx, chromedp.Evaluate[string](`[q.value, q.getAttribute("aria-expanded"), q.getAttribute("aria-activedescendant"), document.querySelector("[aria-selected=true]")?.id ?? "", document.activeElement.id].join(" ")`))
	}
	for _, c := range []struct{ key, want string }{
		{kb.ArrowDown, "企业:启衡化工 true suggestion-0 suggestion-0 q"}, {kb.ArrowDown, "启动 true suggestion-1 suggestion-1 q"}, {kb.ArrowDown, "启 true   q"}, {kb.ArrowUp, "启动 true suggestion-1 suggestion-1 q"}, {kb.Escape, "启 false   q"},
	} {
		chromium.Do(t, ctx, chromedp.KeyEvent(c.key))
		if got := state(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	chromium.Do(t, ctx, chromedp.KeyEvent(kb.ArrowDown), chromium.Visible("#suggestions li"), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.Enter))
	<-asked
	select {
	case got := <-asked:
		if got != "企业:启衡化工" {
			t.Errorf("asked for %q", got)
		}
	case <-ctx.Done():
		t.Error("nothing was asked for")
	}
}
