package upload

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
)

// first is the length of an upload's first piece, as tus.js has it.
const first = 64 << 10

// phases waits until as many lines are in a phase.
func phases(t *testing.T, ctx context.Context, phase string, n int) {
	t.Helper()
	chromium.Until[bool](t, ctx, fmt.Sprintf(`document.querySelectorAll(".files li[data-phase=%s]").length === %d`, phase, n))
}

// dropped drops files on the page, as a person does: over it first.
func dropped(names []string, size int) string {
	return fmt.Sprintf(`(() => {
		const transfer = new DataTransfer(), at = document.querySelector("h1"), zone = document.querySelector(".drop"), said = [];
		for (const [i, name] of %s.entries()) transfer.items.add(new File([name + "\n", new Uint8Array(%d).fill(65 + i)], name, { type: "image/jpeg", lastModified: 1 }));
		const send = (kind) => at.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: transfer }));
		said.push(send("dragover"), zone.classList.contains("over"), send("drop"), zone.classList.contains("over"));
		return said.join();
	})()`, "["+strings.Join(names, ",")+"]", size)
}

// Many files are dropped at once: two go at a time, the whole is shown, paused and gone on with, and each comes whole, once.
func TestDroppedFiles(t *testing.T) {
	t.Parallel()
	const many, size, done = 12, 2000, 3
	turn := make(chan struct{})
	rc := receive(t, func(rc *receiver) { rc.turn = turn })
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.Navigate(rc.address))
	chromium.Until[bool](t, ctx, `!document.querySelector(".pick").hidden`)
	var names []string
	for i := range many {
		names = append(names, strconv.Quote(fmt.Sprintf("现场 %d.jpg", i+1)))
	}
	// The browser must not open them itself, and the page shows where they fall only while they are over it.
	if said := chromium.Run(t, ctx, chromedp.Evaluate[string](dropped(names, size))); said != "false,true,false,false" {
		t.Errorf("dragged over and dropped: %s", said)
	}
	for range done {
		turn <- struct{}{}
	}
	phases(t, ctx, "done", done)
	phases(t, ctx, "sending", 2)
	said := chromium.Until[string](t, ctx, `(s => s.includes("已完成 3 / 12 件") && s)(document.querySelector(".total .said").textContent)`)
	if part := chromium.Run(t, ctx, chromedp.Evaluate[float64](`(b => b.value / b.max)(document.querySelector(".total .bar"))`)); part < .2 || part > .5 /* what the two on their way have sent counts */ {
		t.Errorf("the bar of all is at %v: %s", part, said)
	}
	if n := chromium.Run(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll("[data-phase=queued] .bar:indeterminate").length`)); n != 0 {
		t.Errorf("%d files that wait look busy", n)
	}
	chromium.Fits(t, ctx, "upload-many")
	chromium.Do(t, ctx, chromium.Click(".total .pause"))
	phases(t, ctx, "paused", many-done)
	close(turn)
	phases(t, ctx, "paused", many-done)
	chromium.Do(t, ctx, chromium.Click(".total .resume"))
	phases(t, ctx, "done", many)
	chromium.Until[bool](t, ctx, `(b => b.value === b.max && document.querySelector(".total .said").textContent.includes("已完成 12 / 12 件"))(document.querySelector(".total .bar"))`)
	files := rc.files(t)
	for i, quoted := range names {
		name, _ := strconv.Unquote(quoted)
		if files[name] != name+"\n"+strings.Repeat(string(rune('A'+i)), size) {
			t.Errorf("%s: %d bytes came", name, len(files[name]))
		}
	}
	// Two that were cut off by the pause may still be there when two others begin.
	if rc.most > 4 {
		t.Errorf("%d were sent at once", rc.most)
	}
}

// large writes a file of some pieces, to be chosen.
func large(t *testing.T) (path, data string) {
	t.Helper()
	var b strings.Builder
	for i := 0; b.Len() < 5*first; i++ {
		_, _ = fmt.Fprintln(&b, i)
	}
	path = filepath.Join(t.TempDir(), "塔吊.mp4")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, b.String()
}

// hold is where the receiver stops reading: amid the second piece.
const hold = 2*first + 1000

func choose(path string) chromedp.Action[chromedp.Void] {
	return chromedp.SetUploadFiles(chromedp.CSS("#files"), []string{path})
}

// goneOn wants a file whole, in one upload, gone on with at what had come before n requests.
func goneOn(t *testing.T, rc *receiver, n int, data string) {
	t.Helper()
	asked, _ := rc.since(n)
	if !slices.Contains(asked, "PATCH "+strconv.Itoa(hold)) || slices.Contains(asked, "PATCH 0") {
		t.Errorf("asked: %v", asked)
	}
	if files := rc.files(t); len(files) != 1 || files["塔吊.mp4"] != data {
		t.Errorf("%d files; %d bytes of %d", len(files), len(files["塔吊.mp4"]), len(data))
	}
}

// A paused file stays as it is and goes on where the server is, not where the browser believed it.
func TestPausedFile(t *testing.T) {
	t.Parallel()
	rc := receive(t, func(rc *receiver) { rc.hold = hold })
	path, data := large(t)
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.Navigate(rc.address))
	chromium.Until[bool](t, ctx, `!document.querySelector(".pick").hidden`)
	chromium.Do(t, ctx, choose(path))
	<-rc.held
	phases(t, ctx, "sending", 1)
	chromium.Do(t, ctx, chromium.Click(".files .pause"))
	phases(t, ctx, "paused", 1)
	close(rc.free)
	_, n := rc.since(0)
	chromium.Do(t, ctx, chromium.Click(".files .resume"))
	phases(t, ctx, "done", 1)
	goneOn(t, rc, n, data)
}

// After the tab was closed, a new one says how far the file had come, and goes on there once the same file is chosen; then nothing is left to go on with.
func TestClosedTab(t *testing.T) {
	t.Parallel()
	rc := receive(t, func(rc *receiver) { rc.hold = hold })
	path, data := large(t)
	ctx := chromium.New(t)
	opened := func() (context.Context, func()) {
		tab, closed := chromium.Tab(t, ctx)
		chromium.Do(t, tab, chromedp.Navigate(rc.address))
		chromium.Until[bool](t, tab, `!document.querySelector(".pick").hidden`)
		return tab, closed
	}
	tab, closed := opened()
	chromium.Do(t, tab, choose(path))
	<-rc.held
	if n := chromium.Run(t, tab, chromedp.Evaluate[int](`import("`+assets.Path("memory.js")+`").then((m) => m.remembered("a")).then((l) => l.length)`, chromedp.EvalAwaitPromise)); n != 1 {
		t.Errorf("%d uploads are remembered", n)
	}
	closed()
	close(rc.free)
	tab, _ = opened()
	phases(t, tab, "unfinished", 1)
	if said := chromium.Run(t, tab, chromedp.Text(chromedp.CSS(".files .said"))); !strings.Contains(said, "上次传到 129 KB") || !strings.Contains(said, "请再选择这个文件") {
		t.Errorf("what it says: %q", said)
	}
	_, n := rc.since(0)
	chromium.Do(t, tab, choose(path))
	phases(t, tab, "done", 1)
	goneOn(t, rc, n, data)
	last, _ := opened()
	if left := chromium.Run(t, last, chromedp.Evaluate[int](`import("`+assets.Path("memory.js")+`").then((m) => m.remembered("a")).then((l) => l.length)`, chromedp.EvalAwaitPromise)); left != 0 {
		t.Errorf("%d are still called unfinished", left)
	}
}
