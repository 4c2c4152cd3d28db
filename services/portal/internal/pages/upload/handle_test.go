package upload

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
)

// drag drops a file of the disk on the page as the system's file manager does, with the handle that the browser makes for it.
func drag(path string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		data := &input.DragData{Items: []*input.DragDataItem{}, Files: []string{path}, DragOperationsMask: 1}
		for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
			if _, err := cdp.Call(ctx, t, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 200, Y: 200, Data: data}); err != nil {
				return err
			}
		}
		return nil
	})
}

// again closes a tab amid an upload that it has remembered, and gives another one that shows what is left of it, with the number of requests until then.
func again(t *testing.T, rc *receiver, ctx, tab context.Context, closeTab func()) (next context.Context, asked int) {
	t.Helper()
	<-rc.held
	chromium.Until[bool](t, tab, `import("`+assets.Path("memory.js")+`").then((m) => m.remembered("a")).then((l) => l.length === 1)`)
	closeTab()
	close(rc.free)
	tab, _ = chromium.Tab(t, ctx)
	chromium.Do(t, tab, chromedp.Navigate(rc.address))
	phases(t, tab, "unfinished", 1)
	if said := chromium.Text(t, tab, ".files .said"); !strings.Contains(said, "可以继续") {
		t.Errorf("what it says: %q", said)
	}
	_, asked = rc.since(0)
	return tab, asked
}

// A file whose handle the browser gave goes on in a new tab with one press, without being chosen again. The handle is one of the browser's own store for the site,
// which it lets a page read without asking the person: the question itself is the browser's.
func TestClosedTabWithHandle(t *testing.T) {
	t.Parallel()
	rc := receive(t, func(rc *receiver) { rc.hold = hold })
	_, data := large(t)
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.Navigate(rc.address))
	tab, closeTab := chromium.Tab(t, ctx)
	chromium.Do(t, tab, chromedp.Navigate(rc.address))
	chromium.Until[bool](t, tab, `!document.querySelector(".pick").hidden`)
	chromium.Run(t, tab, chromedp.Evaluate[bool](`(async () => {
		const handle = await (await navigator.storage.getDirectory()).getFileHandle("塔吊.mp4", { create: true }), out = await handle.createWritable();
		await out.write(`+strconv.Quote(data)+`);
		await out.close();
		showOpenFilePicker = async () => [handle];
		return true;
	})()`, chromedp.EvalAwaitPromise))
	chromium.Do(t, tab, chromium.Click("#files"))
	tab, n := again(t, rc, ctx, tab, closeTab)
	chromium.Do(t, tab, chromium.Click(".files .resume"))
	phases(t, tab, "done", 1)
	goneOn(t, rc, n, data)
}

// A file that was dropped is remembered with its handle too; who chooses it again instead of pressing goes on likewise.
func TestClosedTabAfterDrop(t *testing.T) {
	t.Parallel()
	rc := receive(t, func(rc *receiver) { rc.hold = hold })
	path, data := large(t)
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.Navigate(rc.address))
	tab, closeTab := chromium.Tab(t, ctx)
	chromium.Do(t, tab, chromedp.Navigate(rc.address))
	chromium.Until[bool](t, tab, `!document.querySelector(".pick").hidden`)
	chromium.Do(t, tab, drag(path))
	tab, n := again(t, rc, ctx, tab, closeTab)
	chromium.Do(t, tab, choose(path))
	phases(t, tab, "done", 1)
	goneOn(t, rc, n, data)
}
