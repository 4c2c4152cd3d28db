// Package chromium drives a browser for the tests of pages, of one page alone and of the whole system. It owns nothing and writes nothing but pictures of pages, where
// SONGSHUI_SCREENSHOTS names a folder. A machine without Chromium leaves such a test out in one line, or fails it where SONGSHUI_TEST_TOOLS=required.
package chromium

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	// usual bounds one test's work in the browser.
	usual = 60 * time.Second
	// PollEvery is how often a test asks a page that has no event to wait for.
	PollEvery = 50 * time.Millisecond
)

type settings struct {
	within time.Duration
	excuse func(text, url string) bool
}

// Option changes how New starts a browser.
type Option func(*settings)

// Within bounds one test's work in the browser; without it that is a minute.
func Within(d time.Duration) Option { return func(s *settings) { s.within = d } }

// Excuse says which entries of the browser's log a test expects, by their text and the address they are about; all others fail it.
func Excuse(expected func(text, url string) bool) Option {
	return func(s *settings) { s.excuse = expected }
}

// New starts a browser with its own profile and gives its first tab; an exception in a page, a word on its console and an entry in the browser's log fail the test.
func New(t *testing.T, options ...Option) context.Context {
	t.Helper()
	s := &settings{within: usual, excuse: func(string, string) bool { return false }}
	for _, o := range options {
		o(s)
	}
	start := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(find(t)), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(t.Context(), s.within)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, start...)
	t.Cleanup(stop)
	ctx, _ = open(t, context.WithValue(ctx, settingsKey{}, s))
	return ctx
}

// Tab opens another tab of the browser that New has started, as a person does who comes back; close closes it, and the test's end at the latest.
func Tab(t *testing.T, ctx context.Context) (tab context.Context, close func()) {
	t.Helper()
	Do(t, ctx) // a browser that hasn't run yet isn't shared
	return open(t, ctx)
}

type settingsKey struct{}

func open(t *testing.T, parent context.Context) (context.Context, func()) {
	t.Helper()
	s := parent.Value(settingsKey{}).(*settings)
	var c complaints
	ctx, end := chromedp.NewContext(parent, chromedp.WithListener(func(event any) { c.hear(event, s.excuse) }))
	closed := sync.OnceFunc(func() {
		_ = chromedp.Cancel(ctx)
		end()
		c.tell(t)
	})
	t.Cleanup(closed)
	return ctx, closed
}

// find gives the path of Chromium.
func find(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
		t.Fatal("Chromium is missing")
	}
	t.Skip("left out: Chromium is missing")
	return ""
}

// complaints are what the pages of one tab complain of.
type complaints struct {
	mu   sync.Mutex
	said []string
}

func (c *complaints) hear(event any, excused func(text, url string) bool) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			said += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		said = fmt.Sprintf("console: %s", e.Type)
	case *log.EventEntryAdded:
		// Chromium asks for it wherever a page names no icon, as a test's bare page.
		if !strings.HasSuffix(e.Entry.URL, "/favicon.ico") && !excused(e.Entry.Text, e.Entry.URL) {
			said = fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	}
	if said == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, said)
}

func (c *complaints) tell(t *testing.T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.said {
		t.Error(s)
	}
}
