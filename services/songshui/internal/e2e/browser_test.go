package e2e_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
)

// missing is the page of no case.
var missing = "/cases/" + strings.Repeat("a", 26)

// browserWithin bounds one test's work in the browser; it may wait for clips of other tests to be rendered.
const browserWithin = 4 * time.Minute

// pollEvery is how often a test asks the system for what comes by itself.
const pollEvery = chromium.PollEvery

// browser starts a browser of its own; whatever its console complains of fails the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	return chromium.New(t, chromium.Within(browserWithin), chromium.Excuse(func(text, url string) bool {
		// A wrong password is answered with 401, a missing case with 404, a refused upload and wrong areas with 4xx, which the browser notes too.
		return strings.HasSuffix(url, "/sign-in") || strings.HasSuffix(url, missing) || strings.Contains(url, "/files/") || strings.Contains(text, "422")
	}))
}

// signIn signs in from whatever page asks for it.
func signIn(name, password string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{chromium.Visible("#password"), chromium.Set("#name", name), chromium.Set("#password", password), chromium.Click("main button")}
}

func TestJournalistInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	journalist := system.accounts["journalist"]
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/"))
	chromium.Do(t, ctx, signIn("journalist", "a wrong password")...)
	if s := chromium.Text(t, ctx, "[role=alert]"); s != "账号或密码不正确。" {
		t.Errorf("wrong password: %q", s)
	}
	chromium.Fits(t, ctx, "sign-in")
	chromium.Do(t, ctx, signIn("journalist", journalist.Password)...)
	chromium.Do(t, ctx, chromium.Visible("[name=q]"), chromium.Set("[name=q]", "塔吊"), chromium.Click(".searchbox button"))
	if s := chromium.Text(t, ctx, "mark"); s != "塔吊" {
		t.Errorf("marked: %q", s)
	}
	chromium.Fits(t, ctx, "search")
	title := strings.TrimSpace(chromium.Text(t, ctx, ".hit h3 a"))
	state := chromium.Text(t, ctx, ".hit .tags")
	if !slices.ContainsFunc([]string{"待交办", "整改中", "待验收", "验收合格", "已销号"}, func(s string) bool { return strings.Contains(state, s) }) {
		t.Errorf("a hit doesn't say how the rectification stands: %q", state)
	}
	chromium.Do(t, ctx, chromium.Click(".hit h3 a"), chromium.Visible("article .timeline"))
	if s := chromium.Text(t, ctx, "article h1"); s != title {
		t.Errorf("title %q, want %q", s, title)
	}
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/cases/"+system.cases["长安委办曝〔2026〕1号"]))
	if s := chromium.Text(t, ctx, "article header"); !strings.Contains(s, "已销号") || !strings.Contains(s, "启衡化工") {
		t.Errorf("a closed case: %q", s)
	}
	if s := chromium.Text(t, ctx, "article"); !strings.Contains(s, "另有 4 件影像待审看，未公开") {
		t.Errorf("media held back: %q", s)
	}
	// The switch of language stays on the page.
	chromium.Do(t, ctx, chromium.Click(`button[name=to]`), chromium.Visible(`html[lang=en] article`))
	if s := chromium.Text(t, ctx, "article header"); !strings.Contains(s, "closed") || strings.Contains(s, "已销号") {
		t.Errorf("in English: %q", s)
	}
	chromium.Do(t, ctx, chromium.Click(`button[name=to]`), chromium.Visible(`html[lang=zh-CN] article`))
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+missing))
	if s := chromium.Text(t, ctx, "main"); !strings.Contains(s, "没有找到") {
		t.Errorf("a missing case: %q", s)
	}
	chromium.Do(t, ctx, chromium.Click(`form[action="/sign-out"] button`), chromium.Visible("#password"))
}

func TestOfficeInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	of := system.cases["长安委办曝〔2026〕1号"]
	rendered(t, "changchun-1", of)
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/cases/"+of))
	chromium.Do(t, ctx, signIn("changchun-1", system.accounts["changchun-1"].Password)...)
	chromium.Do(t, ctx, chromium.Visible("article .media"))
	// Pictures below the fold load when they come near.
	pictures := chromium.Run(t, ctx, chromedp.Evaluate[[]int](`Promise.all([...document.querySelectorAll(".media img")].map(i => { i.loading = "eager"; return i.decode().then(() => i.naturalWidth, () => 0) }))`, chromedp.EvalAwaitPromise))
	// Three of the case, two of its rectification; the clip plays in its place.
	if len(pictures) != 5 {
		t.Errorf("%d pictures", len(pictures))
	}
	for i, width := range pictures {
		if width == 0 {
			t.Errorf("picture %d doesn't load", i)
		}
	}
	if s := chromium.Text(t, ctx, ".top nav:not(.places)"); !strings.Contains(s, "长春") {
		t.Errorf("who is signed in: %q", s)
	}
	chromium.Fits(t, ctx, "case")
}
