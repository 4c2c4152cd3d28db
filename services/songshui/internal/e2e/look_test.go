package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"songshui.internal/events"
	"songshui.internal/services/internal/chromium"
	"songshui.internal/services/portal/portalapi"
)

// settledWithin is how long a medium's way may take beside all other tests.
const settledWithin = 2 * time.Minute

// settled waits until a medium is on its way no more.
func settled(t *testing.T, as, id string) portalapi.Medium {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), settledWithin)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		m, err := client(as).Medium(ctx, id)
		must(t, err)
		if m.State != "sealed" && m.State != "examined" {
			return m
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s is still %s", m.File, m.State)
		}
	}
}

// rendered waits until all media of a case and of its rectification are on their way no more, and gives the case's.
func rendered(t *testing.T, as, of string) []portalapi.Medium {
	t.Helper()
	v, err := client(as).Case(t.Context(), of, 0)
	must(t, err)
	var r events.RectificationState
	if len(v.Rectification) > 0 {
		must(t, json.Unmarshal(v.Rectification, &r))
	}
	for _, id := range r.Media() {
		settled(t, as, string(id))
	}
	for i, m := range v.Media {
		v.Media[i] = settled(t, as, m.ID)
	}
	return v.Media
}

// drawn draws a rectangle on the picture, in parts of its width and height.
func drawn(t *testing.T, ctx context.Context, x0, y0, x1, y1 float64) {
	t.Helper()
	chromium.Do(t, ctx, chromedp.ScrollIntoView(chromedp.CSS(".stage")))
	box := chromium.Run(t, ctx, chromedp.Evaluate[[]float64](`document.querySelector(".stage img").decode().then(() => (b => [b.left, b.top, b.width, b.height])(document.querySelector(".stage svg").getBoundingClientRect()))`, chromedp.EvalAwaitPromise))
	stroke(t, ctx, box, x0, y0, x1, y1)
}

// stroke draws from one point of a box {left, top, width, height} to another, in parts of it.
func stroke(t *testing.T, ctx context.Context, box []float64, x0, y0, x1, y1 float64) {
	t.Helper()
	at := func(kind input.DispatchMouseEventType, x, y float64) chromedp.Action[chromedp.Void] {
		return chromedp.MouseEvent(kind, box[0]+x*box[2], box[1]+y*box[3], chromedp.ButtonLeft, chromedp.ClickCount(1))
	}
	chromium.Do(t, ctx, at(input.DispatchMouseEventTypeMousePressed, x0, y0), at(input.DispatchMouseEventTypeMouseMoved, x1, y1), at(input.DispatchMouseEventTypeMouseReleased, x1, y1))
}

// A person of the office looks at a picture, hides a part, looks again and clears it.
func TestLookAndClearInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	r := upload(t, "tonghua-1", "待看 塔吊.jpg", sample(t, "tower-crane-lvyuan.jpg"))
	if r.status != http.StatusCreated {
		t.Fatalf("upload: %d %s", r.status, r.body)
	}
	id := r.header.Get(portalapi.HeaderMediaID)
	before := settled(t, "tonghua-1", id)
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/look"))
	chromium.Do(t, ctx, signIn("tonghua-1", system.accounts["tonghua-1"].Password)...)
	chromium.Do(t, ctx, chromium.Visible(`a[href="/look/`+id+`"]`))
	chromium.Fits(t, ctx, "look-list")
	chromium.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromium.Click(`a[href="/look/`+id+`"]`), chromium.Visible(".stage img"))
	chromium.Fits(t, ctx, "look")
	if pressed := chromium.Run(t, ctx, chromedp.Evaluate[bool](`document.querySelector(".stage").classList.contains("drawing")`)); !pressed {
		chromium.Do(t, ctx, chromium.Click(".draw"))
	}
	drawn(t, ctx, .25, .25, .5, .5)
	chromium.Do(t, ctx, chromium.Visible(".changed"), chromium.Click("button[value=mask]"))
	// The copies are made anew; the page goes on by itself.
	chromium.Do(t, ctx, chromium.Visible(".stage img[src$='-2']"))
	if n := chromium.Run(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll(".stage rect.used").length`)); n != 1 {
		t.Errorf("%d areas are drawn over the masked copy", n)
	}
	pixels := chromium.Run(t, ctx, chromedp.Evaluate[[]int](`(async () => { const i = document.querySelector(".stage img"); await i.decode(); const c = document.createElement("canvas"); c.width = i.naturalWidth; c.height = i.naturalHeight; const g = c.getContext("2d", { willReadFrequently: true }); g.drawImage(i, 0, 0);
		return [[.3, .3], [.45, .45], [.375, .3]].flatMap(([x, y]) => [...g.getImageData(x * c.width, y * c.height, 1, 1).data].slice(0, 3)) })()`, chromedp.EvalAwaitPromise))
	for i, p := range pixels {
		if d := p - pixels[i%3]; d < -3 || d > 3 {
			t.Errorf("the hidden area isn't of one colour: %v", pixels)
			break
		}
	}
	chromium.Fits(t, ctx, "look-masked")
	chromium.Do(t, ctx, chromium.Click("button[value=clear]"), chromium.Visible(".notice.good"))
	after := settled(t, "tonghua-1", id)
	if after.State != "cleared" || len(after.Areas) != 1 || after.Renditions[0].URL == before.Renditions[0].URL {
		t.Errorf("cleared: %+v", after)
	}
	// Wrong areas come back with what is wrong, and with what was entered.
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/look/"+id), chromium.Visible(".row"), chromium.Set("[name=width0]", "999999"), chromium.Click("button[value=mask]"))
	if s := chromium.Text(t, ctx, "[role=alert]"); !strings.Contains(s, "超出画面") {
		t.Errorf("too wide: %q", s)
	}
	if v := chromium.Run(t, ctx, chromedp.Value(chromedp.CSS("[name=width0]"))); v != "999999" {
		t.Errorf("what was entered is lost: %q", v)
	}
}

// A part of a clip is hidden for a while, and a paper is read page by page; both are real copies, in the places where a person looks for them.
func TestLookAtClipAndPaperInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	sent := func(name, file string) portalapi.Medium {
		r := upload(t, "songyuan-2", name, sample(t, file))
		if r.status != http.StatusCreated {
			t.Fatalf("upload: %d %s", r.status, r.body)
		}
		return settled(t, "songyuan-2", r.header.Get(portalapi.HeaderMediaID))
	}
	paper, clip := sent("剪报 七月.pdf", "newspaper-clipping-20260702.pdf"), sent("吊装 过程.mp4", "wind-lift.mp4")
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/look/"+paper.ID))
	chromium.Do(t, ctx, signIn("songyuan-2", system.accounts["songyuan-2"].Password)...)
	if s := chromium.Text(t, ctx, ".look"); !strings.Contains(s, "页数") || !strings.Contains(s, "已看过，公开") || !strings.Contains(s, "打开整份 PDF") || strings.Contains(s, "画遮挡框") {
		t.Errorf("a paper: %q", s)
	}
	chromium.Fits(t, ctx, "look-paper")
	chromium.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(system.URL+"/look/"+clip.ID), chromium.Visible(".stage video"))
	if clip.State != "rendered" { // no program for clips on this machine
		return
	}
	if end := chromium.Until[float64](t, ctx, `document.querySelector(".stage video").duration`); end < 1 {
		t.Errorf("the clip lasts %v s", end)
	}
	chromium.Do(t, ctx, chromium.Click(".draw"), chromedp.ScrollIntoView(chromedp.CSS(".stage")))
	box := chromium.Run(t, ctx, chromedp.Evaluate[[]float64](`(b => [b.left, b.top, b.width, b.height])(document.querySelector(".stage svg").getBoundingClientRect())`))
	stroke(t, ctx, box, .25, .25, .5, .5)
	chromium.Until[bool](t, ctx, `document.querySelectorAll(".row").length === 1`)
	chromium.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector(".stage video").currentTime = 0.5`))
	chromium.Until[bool](t, ctx, `!document.querySelector(".stage video").seeking`)
	chromium.Do(t, ctx, chromium.Click("[data-end=from]"), chromium.Set("[name=until0]", "1"))
	chromium.Fits(t, ctx, "look-clip-drawn")
	chromium.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromium.Click("button[value=mask]"), chromium.Visible(".stage video[src$='-2']"))
	after := settled(t, "songyuan-2", clip.ID)
	if len(after.Areas) != 1 || after.Areas[0].FromMS != 500 || after.Areas[0].UntilMS != 1000 || after.Areas[0].Width < 10 {
		t.Errorf("hidden: %+v", after.Areas)
	}
	chromium.Fits(t, ctx, "look-clip-masked")
}

// A journalist sees what is cleared, and how many others there are.
func TestClearedForJournalistsInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	of := system.cases["长安委办曝〔2026〕2号"]
	media := rendered(t, "changchun-1", of)
	var m portalapi.Medium
	for _, m = range media {
		if m.Kind == "image" && m.State == "rendered" {
			break
		}
	}
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/cases/"+of))
	chromium.Do(t, ctx, signIn("journalist", system.accounts["journalist"].Password)...)
	if s := chromium.Text(t, ctx, "article"); !strings.Contains(s, fmt.Sprintf("另有 %d 件影像待审看，未公开", len(media))) || strings.Contains(s, m.File) {
		t.Errorf("before: %q", s)
	}
	_, err := client("changchun-1").CommandMedium(t.Context(), m.ID, "clear", "", map[string]any{})
	must(t, err)
	chromium.Do(t, ctx, chromedp.Reload(), chromium.Visible("article .media img"))
	if width := chromium.Run(t, ctx, chromedp.Evaluate[int](`(i => { i.loading = "eager"; return i.decode().then(() => i.naturalWidth, () => 0) })(document.querySelector(".media img"))`, chromedp.EvalAwaitPromise)); width == 0 {
		t.Error("the cleared picture doesn't load")
	}
	if s := chromium.Text(t, ctx, "article"); !strings.Contains(s, fmt.Sprintf("另有 %d 件影像待审看，未公开", len(media)-1)) || strings.Contains(s, "审看：") {
		t.Errorf("after: %q", s)
	}
	chromium.Fits(t, ctx, "case-journalist")
}
