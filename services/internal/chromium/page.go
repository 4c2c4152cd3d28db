package chromium

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

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

// Until waits, as long as the test may work in the browser, until a script's expression is true and gives its value.
func Until[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := Wait[T](ctx, expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// Wait is Until with its error, for a test that says more about it.
func Wait[T any](ctx context.Context, expression string) (T, error) {
	options := []chromedp.PollOption{chromedp.WithPollingInterval(PollEvery)}
	if end, ok := ctx.Deadline(); ok {
		options = append(options, chromedp.WithPollingTimeout(time.Until(end)))
	}
	return chromedp.Run(ctx, chromedp.Poll[T](expression, options...))
}

// Visible waits until an element is to be seen.
func Visible(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS(selector))
}

// Click presses an element with the mouse.
func Click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

// Set gives a field a value.
func Set(selector, value string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(chromedp.CSS(selector), value)
}

// Text waits for an element and gives its words.
func Text(t *testing.T, ctx context.Context, selector string) string {
	t.Helper()
	Do(t, ctx, Visible(selector))
	return Run(t, ctx, chromedp.Text(chromedp.CSS(selector)))
}

// Widths are those at which a page must hold, in CSS pixels: a telephone and an office's screen.
var Widths = []int64{390, 1280}

// unnamed gives the controls and pictures for which a screen reader has no words.
const unnamed = `[...document.querySelectorAll("input:not([type=hidden]),select,textarea,button,a:not([hidden]),img,progress")].filter(e => !(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !(e.alt || "").trim() && !e.textContent.trim() && !e.querySelector("img[alt]") && !(e.alt === "" && e.closest("a")?.textContent.trim())).map(e => e.outerHTML)`

// Fits wants no sideways scrolling and a name on every control at each of Widths, and keeps a picture where SONGSHUI_SCREENSHOTS names a folder.
func Fits(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, width := range Widths {
		Do(t, ctx, chromedp.EmulateViewport(width, 900))
		if wide := Run(t, ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > width {
			t.Errorf("%s is %d pixels wide at %d", name, wide, width)
		}
		if nameless := Run(t, ctx, chromedp.Evaluate[[]string](unnamed)); len(nameless) > 0 {
			t.Errorf("%s has controls without a name: %q", name, nameless)
		}
		if dir := os.Getenv("SONGSHUI_SCREENSHOTS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)), Run(t, ctx, chromedp.FullScreenshot(100)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
