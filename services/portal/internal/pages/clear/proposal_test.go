package clear

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
)

// A proposal is taken by one press of a finger, without anything else first; a swipe that begins on it takes and draws nothing.
func TestProposalByTouch(t *testing.T) {
	t.Parallel()
	address, sent := serve(t, medium(t, picture))
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(address))
	chromium.Until[bool](t, ctx, `!document.querySelector(".tools").hidden`)
	if on := chromium.Run(t, ctx, chromedp.Evaluate[bool](`document.querySelector(".stage").classList.contains("drawing")`)); on {
		t.Fatal("a finger can't scroll over the picture")
	}
	at := func() (x, y float64) {
		// A page that still scrolls isn't led back.
		chromium.Run(t, ctx, chromedp.Evaluate[[]float64](still, chromedp.EvalAwaitPromise))
		chromium.Do(t, ctx, chromedp.ScrollIntoView(chromedp.CSS(".stage")))
		box := chromium.Run(t, ctx, chromedp.Evaluate[[]float64](still, chromedp.EvalAwaitPromise))
		return box[0] + .2*box[2], box[1] + .2*box[3] // amid the face of picture
	}
	x, y := at()
	chromium.Do(t, ctx, finger(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: x, Y: y}), finger(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: x, Y: y - 60}),
		finger(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: x, Y: y - 120}), finger(input.DispatchTouchEventTypeTouchEnd))
	if n := chromium.Run(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll(".stage rect.used").length + document.querySelectorAll(".row").length`)); n != 1 {
		t.Errorf("after a swipe there are %d areas and rows", n)
	}
	x, y = at()
	chromium.Do(t, ctx, finger(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: x, Y: y}), finger(input.DispatchTouchEventTypeTouchEnd))
	chromium.Until[bool](t, ctx, `document.querySelectorAll(".stage rect.used").length === 1`)
	chromium.Do(t, ctx, chromium.Click("button[value=mask]"))
	if rows, wrong := readRows(<-sent); len(wrong) > 0 || len(rows) != 1 || !rows[0].Use || rows[0].Why != "face" {
		t.Errorf("%+v %+v", rows, wrong)
	}
}
