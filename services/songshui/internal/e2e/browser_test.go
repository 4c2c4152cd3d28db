package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// missing is the page of no case.
var missing = "/cases/" + strings.Repeat("a", 26)

// browserWithin bounds one test's work in the browser; it may wait for clips of other tests to be rendered.
const browserWithin = 4 * time.Minute

// pollEvery is how often a test asks a page that has no event to wait for.
const pollEvery = 50 * time.Millisecond

// browser starts a browser of its own; whatever its console complains of fails the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
			t.Fatal("Chromium is missing")
		}
		t.Skip("left out: Chromium is missing")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("no-default-browser-check", true))
	ctx, cancel := context.WithTimeout(t.Context(), browserWithin)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	var mu sync.Mutex
	var complaints []string
	complain := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, fmt.Sprintf(format, args...))
	}
	listen := func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complain("exception: %s", e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			complain("console: %s", e.Type)
		case *log.EventEntryAdded:
			// A wrong password is answered with 401, a missing case with 404, a refused upload and wrong areas with 4xx, which the browser notes too.
			if !strings.HasSuffix(e.Entry.URL, "/sign-in") && !strings.HasSuffix(e.Entry.URL, missing) && !strings.Contains(e.Entry.URL, "/files/") && !strings.Contains(e.Entry.Text, "422") {
				complain("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
			}
		}
	}
	ctx, end := chromedp.NewContext(ctx, chromedp.WithListener(listen))
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		end()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range complaints {
			t.Error(c)
		}
	})
	return ctx
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func eval[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	must(t, err)
	return v
}

func visible(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS(selector))
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func set(selector, value string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(chromedp.CSS(selector), value)
}

// signIn signs in from whatever page asks for it.
func signIn(name, password string) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{visible("#password"), set("#name", name), set("#password", password), click("main button")}
}

func text(t *testing.T, ctx context.Context, selector string) string {
	t.Helper()
	do(t, ctx, visible(selector))
	return eval(t, ctx, chromedp.Text(chromedp.CSS(selector)))
}

// sizes are the widths at which a page must hold, in CSS pixels.
var sizes = []int64{390, 1280}

// fits wants no sideways scrolling and a label on every control at each width, and keeps a picture where SONGSHUI_SCREENSHOTS names a folder.
func fits(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, width := range sizes {
		do(t, ctx, chromedp.EmulateViewport(width, 900))
		wide := eval(t, ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
		unnamed := eval(t, ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("input:not([type=hidden]),select,button,a:not([hidden]),img,progress")].filter(e => !(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !(e.alt || "").trim() && !e.textContent.trim() && !e.querySelector("img[alt]") && !(e.alt === "" && e.closest("a")?.textContent.trim())).map(e => e.outerHTML)`))
		if wide > width {
			t.Errorf("%s is %d pixels wide at %d", name, wide, width)
		}
		if len(unnamed) > 0 {
			t.Errorf("%s has controls without a name: %q", name, unnamed)
		}
		if dir := os.Getenv("SONGSHUI_SCREENSHOTS"); dir != "" {
			must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)), eval(t, ctx, chromedp.FullScreenshot(100)), 0o644))
		}
	}
}

func TestJournalistInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	journalist := system.accounts["journalist"]
	do(t, ctx, chromedp.Navigate(system.URL+"/"))
	do(t, ctx, signIn("journalist", "a wrong password")...)
	if s := text(t, ctx, "[role=alert]"); s != "账号或密码不正确。" {
		t.Errorf("wrong password: %q", s)
	}
	fits(t, ctx, "sign-in")
	do(t, ctx, signIn("journalist", journalist.Password)...)
	do(t, ctx, visible("[name=q]"), set("[name=q]", "塔吊"), click(".searchbox button"))
	if s := text(t, ctx, "mark"); s != "塔吊" {
		t.Errorf("marked: %q", s)
	}
	fits(t, ctx, "search")
	title := strings.TrimSpace(text(t, ctx, ".hit h3 a"))
	state := text(t, ctx, ".hit .tags")
	if !slices.ContainsFunc([]string{"待交办", "整改中", "待验收", "验收合格", "已销号"}, func(s string) bool { return strings.Contains(state, s) }) {
		t.Errorf("a hit doesn't say how the rectification stands: %q", state)
	}
	do(t, ctx, click(".hit h3 a"), visible("article .timeline"))
	if s := text(t, ctx, "article h1"); s != title {
		t.Errorf("title %q, want %q", s, title)
	}
	do(t, ctx, chromedp.Navigate(system.URL+"/cases/"+system.cases["长安委办曝〔2026〕1号"]))
	if s := text(t, ctx, "article header"); !strings.Contains(s, "已销号") || !strings.Contains(s, "启衡化工") {
		t.Errorf("a closed case: %q", s)
	}
	if s := text(t, ctx, "article"); !strings.Contains(s, "另有 4 件影像待审看，未公开") {
		t.Errorf("media held back: %q", s)
	}
	// The switch of language stays on the page.
	do(t, ctx, click(`button[name=to]`), visible(`html[lang=en] article`))
	if s := text(t, ctx, "article header"); !strings.Contains(s, "closed") || strings.Contains(s, "已销号") {
		t.Errorf("in English: %q", s)
	}
	do(t, ctx, click(`button[name=to]`), visible(`html[lang=zh-CN] article`))
	do(t, ctx, chromedp.Navigate(system.URL+missing))
	if s := text(t, ctx, "main"); !strings.Contains(s, "没有找到") {
		t.Errorf("a missing case: %q", s)
	}
	do(t, ctx, click(`form[action="/sign-out"] button`), visible("#password"))
}

func TestOfficeInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	of := system.cases["长安委办曝〔2026〕1号"]
	rendered(t, "changchun-1", of)
	do(t, ctx, chromedp.Navigate(system.URL+"/cases/"+of))
	do(t, ctx, signIn("changchun-1", system.accounts["changchun-1"].Password)...)
	do(t, ctx, visible("article .media"))
	// Pictures below the fold load when they come near.
	pictures := eval(t, ctx, chromedp.Evaluate[[]int](`Promise.all([...document.querySelectorAll(".media img")].map(i => { i.loading = "eager"; return i.decode().then(() => i.naturalWidth, () => 0) }))`, chromedp.EvalAwaitPromise))
	// Three of the case, two of its rectification; the clip plays in its place.
	if len(pictures) != 5 {
		t.Errorf("%d pictures", len(pictures))
	}
	for i, width := range pictures {
		if width == 0 {
			t.Errorf("picture %d doesn't load", i)
		}
	}
	if s := text(t, ctx, ".top nav:not(.places)"); !strings.Contains(s, "长春") {
		t.Errorf("who is signed in: %q", s)
	}
	fits(t, ctx, "case")
}
