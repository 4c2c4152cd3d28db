// Package chromium starts a browser for the tests of pages. It owns nothing; a machine without Chromium leaves such a test out, unless SONGSHUI_TEST_TOOLS=required.
package chromium

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	// within bounds one test's work in the browser.
	within = 60 * time.Second
	// PollEvery is how often a test asks a page that has no event to wait for.
	PollEvery = 50 * time.Millisecond
)

// New starts a browser with its own profile; an exception in a page fails the test.
func New(t *testing.T) context.Context {
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
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	var mu sync.Mutex
	var thrown []string
	listen := func(event any) {
		if e, ok := event.(*runtime.EventExceptionThrown); ok {
			mu.Lock()
			defer mu.Unlock()
			text := e.ExceptionDetails.Text
			if e.ExceptionDetails.Exception != nil {
				text += " " + e.ExceptionDetails.Exception.Description
			}
			thrown = append(thrown, text)
		}
	}
	ctx, end := chromedp.NewContext(ctx, chromedp.WithListener(listen))
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		end()
		mu.Lock()
		defer mu.Unlock()
		for _, e := range thrown {
			t.Error(e)
		}
	})
	return ctx
}

// Do runs actions and fails the test with their error.
func Do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// Run runs an action and fails the test with its error.
func Run[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Until waits until a script's expression is true and gives its value.
func Until[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	return Run(t, ctx, chromedp.Poll[T](expression, chromedp.WithPollingInterval(PollEvery)))
}

// Widths are those at which a page must hold, in CSS pixels.
var Widths = []int64{390, 1280}

// Fits wants no sideways scrolling at each of Widths, and keeps a picture where SONGSHUI_SCREENSHOTS names a folder.
func Fits(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, width := range Widths {
		Do(t, ctx, chromedp.EmulateViewport(width, 900))
		if wide := Run(t, ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > width {
			t.Errorf("%s is %d pixels wide at %d", name, wide, width)
		}
		if dir := os.Getenv("SONGSHUI_SCREENSHOTS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)), Run(t, ctx, chromedp.FullScreenshot(100)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
