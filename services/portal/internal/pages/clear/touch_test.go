package clear

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
)

// finger sends what a finger does; without a point it is lifted.
func finger(kind input.DispatchTouchEventType, points ...*input.TouchPoint) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if points == nil {
			points = []*input.TouchPoint{}
		}
		_, err := cdp.Call(ctx, t, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
		return err
	})
}

// still gives where the picture is once it has stopped: a page that was swiped scrolls on for a while.
const still = `(async () => {
	const at = () => (b => [b.left, b.top, b.width, b.height])(document.querySelector(".stage svg").getBoundingClientRect());
	for (let before = at(), same = 0; same < 10; ) {
		await new Promise(requestAnimationFrame);
		const now = at();
		same = now.join() === before.join() ? same + 1 : 0;
		before = now;
	}
	return at();
})()`

// A finger draws once it is told to, and scrolls before that.
func TestDrawnByTouch(t *testing.T) {
	t.Parallel()
	address, sent := serve(t, medium(t, picture))
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(address))
	chromium.Until[bool](t, ctx, `!document.querySelector(".tools").hidden`)
	swipe := func() {
		chromium.Do(t, ctx, chromedp.ScrollIntoView(chromedp.CSS(".stage")))
		box := chromium.Run(t, ctx, chromedp.Evaluate[[]float64](still, chromedp.EvalAwaitPromise))
		at := func(x, y float64) *input.TouchPoint {
			return &input.TouchPoint{X: box[0] + x*box[2], Y: box[1] + y*box[3]}
		}
		chromium.Do(t, ctx, finger(input.DispatchTouchEventTypeTouchStart, at(.5, .25)), finger(input.DispatchTouchEventTypeTouchMove, at(.6, .4)),
			finger(input.DispatchTouchEventTypeTouchMove, at(.75, .5)), finger(input.DispatchTouchEventTypeTouchEnd))
	}
	if chromium.Run(t, ctx, chromedp.Evaluate[string](`document.querySelector(".draw").getAttribute("aria-pressed")`)) == "true" {
		chromium.Do(t, ctx, chromium.Click(".draw"))
	}
	swipe()
	if n := chromium.Run(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll(".row").length`)); n != 1 {
		t.Errorf("scrolling has drawn: %d rows", n)
	}
	chromium.Do(t, ctx, chromium.Click(".draw"))
	swipe()
	chromium.Until[bool](t, ctx, `document.querySelectorAll(".row").length === 2`)
	chromium.Do(t, ctx, chromium.Click("button[value=mask]"))
	rows, wrong := readRows(<-sent)
	if len(wrong) > 0 || len(rows) != 2 {
		t.Fatalf("%+v %+v", rows, wrong)
	}
	near := func(got, want int) bool { return got > want-40 && got < want+40 }
	if got := rows[1]; !near(got.X, 2000) || !near(got.Y, 750) || !near(got.Width, 1000) || !near(got.Height, 750) || !got.Use {
		t.Errorf("drawn: %+v", got)
	}
}
