package clear

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/portalapi"
)

// offered gives a medium on which these commands may be given.
func offered(m portalapi.Medium, commands ...string) portalapi.Medium {
	m.Next = nil
	for _, c := range commands {
		m.Next = append(m.Next, portalapi.Next{Command: c})
	}
	return m
}

// asked gives it with an open ask of the administrator.
func asked(m portalapi.Medium) portalapi.Medium {
	m.ErasureAsked = &portalapi.ErasureAsked{Role: "admin", At: time.Date(2026, 6, 3, 1, 0, 0, 0, time.UTC), Reason: "法院裁定书〔2026〕7号"}
	return m
}

func TestErasureForms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		medium       portalapi.Medium
		holds, lacks []string
	}{
		"an office, asked": {asked(medium(t, picture)), []string{"已申请清除：管理员，2026年6月3日 09:00。理由：法院裁定书〔2026〕7号"}, []string{`id="erasure"`}},
		"the province":     {offered(medium(t, picture), "ask-erasure"), []string{`value="ask-erasure"`, "不可恢复", `name="confirm"`, `name="reason"`}, []string{`value="erase"`, `value="withdraw-erasure"`, "已申请清除："}},
		"who has asked":    {offered(asked(medium(t, picture)), "ask-erasure", "withdraw-erasure"), []string{"更改申请理由", "撤销申请"}, []string{`value="erase"`}},
		"who must decide":  {offered(asked(medium(t, picture)), "withdraw-erasure", "erase"), []string{"同意并永久清除", "不同意，保留本件", "<details class=\"decision\" open>"}, []string{`value="ask-erasure"`}},
		"the administrator": {offered(asked(portalapi.Medium{ID: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Office: "changchun", Kind: "image", State: "cleared"}), "withdraw-erasure"),
			[]string{"<h1>aaaaaaaaaaaaaaaaaaaaaaaaaa</h1>", "管理员看不到影像内容", `value="withdraw-erasure"`}, []string{"原件信息", "没有需要注意的情况"}},
	} {
		d := shown(c.medium, messages.Chinese)
		d.asking("", "")
		w := httptest.NewRecorder()
		write(w, httptest.NewRequest(http.MethodGet, "/look/x", nil), http.StatusOK, d)
		for _, s := range c.holds {
			if !strings.Contains(w.Body.String(), s) {
				t.Errorf("%s lacks %q", name, s)
			}
		}
		for _, s := range c.lacks {
			if strings.Contains(w.Body.String(), s) {
				t.Errorf("%s holds %q", name, s)
			}
		}
	}
}

// A decision is sent with its reason, and not before it is confirmed.
func TestDecisionInTheBrowser(t *testing.T) {
	t.Parallel()
	address, sent := serve(t, offered(asked(medium(t, picture)), "withdraw-erasure", "erase"))
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.Navigate(address))
	chromium.Until[bool](t, ctx, `!!document.querySelector("#reason-erase")`)
	chromium.Fits(t, ctx, "look-erasure")
	chromium.Do(t, ctx, chromedp.SetValue(chromedp.CSS("#reason-erase"), "核对无误"), chromium.Click("button[value=erase]"))
	if chromium.Run(t, ctx, chromedp.Evaluate[bool](`document.querySelector("#erasure form").checkValidity()`)) {
		t.Error("it can be sent without a tick")
	}
	chromium.Do(t, ctx, chromium.Click("#erasure [name=confirm]"), chromium.Click("button[value=erase]"))
	want := url.Values{"command": {"erase"}, "reason": {"核对无误"}, "confirm": {"yes"}}
	if got := <-sent; got.Encode() != want.Encode() {
		t.Errorf("sent %v", got)
	}
}
