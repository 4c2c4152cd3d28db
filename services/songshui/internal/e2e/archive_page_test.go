package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"songshui.internal/services/internal/chromium"
)

// A journalist picks values of a facet, sees what the others would give, goes back, and draws by month; a query that can't be read is shown with its place.
func TestArchiveInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := chromium.New(t, chromium.Within(time.Minute), chromium.Excuse(func(text, _ string) bool { return strings.Contains(text, "400") }))
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/"))
	chromium.Do(t, ctx, signIn("journalist", system.accounts["journalist"].Password)...)
	// A long facet is folded.
	facet := func(words string) []chromedp.Action[chromedp.Void] {
		link := `.facets a[href*="` + words + `"]`
		return []chromedp.Action[chromedp.Void]{chromium.Visible(".facets"), chromedp.Evaluate[chromedp.Void](`document.querySelectorAll(".facets details").forEach(d => { d.open = true })`), chromium.Visible(link), chromium.Click(link)}
	}
	chromium.Do(t, ctx, append(facet("office=siping"), chromium.Visible(".chip"))...)
	if s := chromium.Text(t, ctx, ".chips"); !strings.Contains(s, "四平市") {
		t.Errorf("picked: %q", s)
	}
	// The facet goes on offering the other offices, each with what it would add.
	// A page that is kept as it was, for going back, is none that the browser asks for again, nor one that the driver sees.
	chromium.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`addEventListener("unload", () => {})`))
	chromium.Do(t, ctx, append(facet("office=changchun"), chromium.Visible(".chip + .chip"))...)
	if s := chromium.Run(t, ctx, chromedp.Evaluate[string](`location.search`)); s != "?office=siping&office=changchun" {
		t.Errorf("the address: %s", s)
	}
	chromium.Fits(t, ctx, "archive")
	if s := chromium.Run(t, ctx, chromedp.Evaluate[string](`[...document.querySelectorAll(".hit .quiet")].filter(e => !e.textContent.includes("四平市") && !e.textContent.includes("长春市")).map(e => e.textContent).join("|")`)); s != "" {
		t.Errorf("hits of others: %s", s)
	}
	chromium.Do(t, ctx, chromedp.NavigateBack(), chromium.Visible(`.chips:not(:has(.chip + .chip)) .chip`))
	if s := chromium.Run(t, ctx, chromedp.Evaluate[string](`location.search`)); s != "?office=siping" {
		t.Errorf("the address after going back: %s", s)
	}
	// A bar of the histogram is a link to its month, by keyboard too.
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/?office=siping"), chromium.Visible(".months"), chromedp.Evaluate[chromedp.Void](`document.querySelector(".months svg a[aria-label^='2026年6月']").focus()`), chromedp.KeyEvent(kb.Enter), chromium.Visible(".chip + .chip"))
	if s := chromium.Text(t, ctx, ".chips"); !strings.Contains(s, "2026年6月") {
		t.Errorf("picked: %q", s)
	}
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/?q=x&near=here"))
	if s := chromium.Text(t, ctx, "[role=alert]"); !strings.Contains(s, "43.82,125.32") {
		t.Errorf("what to write instead: %q", s)
	}
	chromium.Fits(t, ctx, "query refused")
}

// Without script the box, the conditions, the pages and the pictures are a form and links; what is sent empty doesn't stay in the address.
func TestArchiveWithoutScript(t *testing.T) {
	t.Parallel()
	v := signedIn(t, "journalist")
	r := v.get(t, "/?"+url.Values{"q": {"塔吊"}, "from": {""}, "to": {""}, "near": {""}, "radius_km": {"20"}, "penalty_min": {""}}.Encode())
	if want := "/?q=%E5%A1%94%E5%90%8A"; r.status != http.StatusSeeOther || r.header.Get("Location") != want {
		t.Fatalf("%d to %s, want %s", r.status, r.header.Get("Location"), want)
	}
	body := string(v.get(t, r.header.Get("Location")).body)
	for _, want := range []string{"<mark>塔吊</mark>", `name="near"`, `href="/api/v1/search.xlsx?q=%E5%A1%94%E5%90%8A"`, `role="group" aria-label="按刊播月份的件数"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(body, "aria-expanded") {
		t.Error("a list that never opens is announced")
	}
	if body := string(v.get(t, "/?show=grid").body); !strings.Contains(body, `class="grid"`) {
		t.Error("no pictures")
	}
	if body := string(v.get(t, "/?near=43.82%2C125.32&radius_km=20&sort=nearest").body); !strings.Contains(body, "距 长春市 20 公里内") || !strings.Contains(body, " 公里</li>") {
		t.Error("no distance")
	}
}
