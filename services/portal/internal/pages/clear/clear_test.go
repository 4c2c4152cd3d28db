package clear

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"songshui.internal/events"
	"songshui.internal/services/internal/chromium"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/portalapi"
)

// picture is a medium that waits to be looked at: 4000 × 3000, its largest copy half of that.
const picture = `{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","office":"changchun","file":"现场 1.jpg","kind":"image","type":"image/jpeg","state":"rendered","bytes":5000,
	"examination":{"display_width":4000,"display_height":3000,"taken_at":"2026-06-01T08:30:00+08:00","camera":"Nokia X","position":{"lat":43.9,"lon":125.3},"private":["GPSLatitude","Make"]},
	"warnings":[{"code":"far_from_case","km":31.4}],
	"proposed":[{"x":400,"y":300,"width":800,"height":600,"why":"face"}],"areas":[],
	"renditions":[{"id":"w320-1","name":"w320","url":"/media/a/w320-1","type":"image/jpeg","width":320,"height":240},{"id":"w2560-1","name":"w2560","url":"/media/a/w2560-1","type":"image/jpeg","width":2000,"height":1500}],
	"next":[{"command":"mask","fields":[]},{"command":"clear","fields":[]}]}`

func medium(t *testing.T, text string) portalapi.Medium {
	t.Helper()
	var m portalapi.Medium
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// serve serves the page of a medium as portal does, and gives what its form sends.
func serve(t *testing.T, m portalapi.Medium) (address string, sent chan url.Values) {
	t.Helper()
	mux := http.NewServeMux()
	assets.Routes(mux)
	sent = make(chan url.Values, 1)
	mux.HandleFunc("GET "+shell.StylePath, shell.ServeStyle)
	mux.HandleFunc("GET "+shell.IconPath, shell.ServeIcon)
	mux.HandleFunc("GET /look/{id}", func(w http.ResponseWriter, r *http.Request) {
		d := shown(m, messages.Chinese)
		d.Rows = rowsOf(m.Areas, m.Proposed)
		d.asking("", "")
		write(w, r, http.StatusOK, d)
	})
	mux.HandleFunc("POST /look/{id}", func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		sent <- r.PostForm
	})
	mux.HandleFunc("GET /media/{id}/{rendition}", func(w http.ResponseWriter, r *http.Request) {
		img := image.NewRGBA(image.Rect(0, 0, 200, 150))
		for y := range 150 {
			for x := range 200 {
				img.Set(x, y, color.RGBA{uint8(x), uint8(y), 120, 255})
			}
		}
		var b bytes.Buffer
		_ = jpeg.Encode(&b, img, nil)
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(b.Bytes())
	})
	srv := httptest.NewServer(front.Secured(mux))
	t.Cleanup(srv.Close)
	return srv.URL + "/look/" + m.ID, sent
}

// drag draws from one point of the picture to another, in parts of its width and height.
func drag(t *testing.T, ctx context.Context, x0, y0, x1, y1 float64) {
	t.Helper()
	chromium.Do(t, ctx, chromedp.ScrollIntoView(chromedp.CSS(".stage")))
	box := chromium.Run(t, ctx, chromedp.Evaluate[[]float64](`(b => [b.left, b.top, b.width, b.height])(document.querySelector(".stage svg").getBoundingClientRect())`))
	at := func(x, y float64) (float64, float64) { return box[0] + x*box[2], box[1] + y*box[3] }
	ax, ay := at(x0, y0)
	bx, by := at(x1, y1)
	chromium.Do(t, ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, ax, ay, chromedp.ButtonLeft, chromedp.ClickCount(1)), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, (ax+bx)/2, (ay+by)/2, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, bx, by, chromedp.ButtonLeft), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, bx, by, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

func TestDrawnAreas(t *testing.T) {
	t.Parallel()
	address, sent := serve(t, medium(t, picture))
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(address))
	if dashed := chromium.Until[int](t, ctx, `document.querySelectorAll(".stage rect.proposed").length`); dashed != 1 {
		t.Errorf("%d proposals are drawn", dashed)
	}
	chromium.Fits(t, ctx, "look-proposed")
	if on := chromium.Run(t, ctx, chromedp.Evaluate[bool](`document.querySelector(".stage").classList.contains("drawing")`)); !on {
		chromium.Do(t, ctx, chromium.Click(".draw"))
	}
	drag(t, ctx, .75, .5, .5, .25) // backwards, over half of the picture's width
	if n := chromium.Until[int](t, ctx, `document.querySelectorAll(".stage rect.used").length`); n != 1 {
		t.Errorf("%d areas are drawn", n)
	}
	drag(t, ctx, .2, .2, .2, .2) // a press takes the proposal
	if n := chromium.Until[int](t, ctx, `document.querySelectorAll(".stage rect.used").length === 2 && 2`); n != 2 {
		t.Error("the proposal isn't taken")
	}
	chromium.Fits(t, ctx, "look-drawn")
	chromium.Do(t, ctx, chromedp.SetValue(chromedp.CSS("[name=style1]"), "mosaic"), chromium.Click("button[value=mask]"))
	rows, wrong := readRows(<-sent)
	if len(wrong) > 0 || len(rows) != 2 {
		t.Fatalf("%+v %+v", rows, wrong)
	}
	if got := rows[0].Area; !reflect.DeepEqual(got, events.Area{X: 400, Y: 300, Width: 800, Height: 600, Style: "solid", Why: "face"}) || !rows[0].Use {
		t.Errorf("taken: %+v", rows[0])
	}
	near := func(got, want int) bool { return got > want-20 && got < want+20 }
	if got := rows[1]; !near(got.X, 2000) || !near(got.Y, 750) || !near(got.Width, 1000) || !near(got.Height, 750) || got.Style != "mosaic" || !got.Use {
		t.Errorf("drawn: %+v", got)
	}
}

// Everything can be done by keys alone: an area is added, filled, and sent; another is removed.
func TestAreasByKeys(t *testing.T) {
	t.Parallel()
	address, sent := serve(t, medium(t, picture))
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.Navigate(address))
	chromium.Until[bool](t, ctx, `!document.querySelector(".add").hidden`)
	chromium.Do(t, ctx, chromedp.Focus(chromedp.CSS(".add")), chromedp.KeyEvent(kb.Enter))
	if at := chromium.Run(t, ctx, chromedp.Evaluate[string](`document.activeElement.name`)); at != "x1" {
		t.Fatalf("the keyboard is at %q", at)
	}
	chromium.Do(t, ctx, chromedp.KeyEvent("10"+kb.Tab+"20"+kb.Tab+"30"+kb.Tab+"40"))
	if n := chromium.Until[int](t, ctx, `document.querySelectorAll(".stage rect.used[x='10'][y='20'][width='30'][height='40']").length`); n != 1 {
		t.Error("what is typed isn't drawn")
	}
	if hidden := chromium.Run(t, ctx, chromedp.Evaluate[bool](`document.querySelector(".changed").hidden`)); hidden {
		t.Error("the page doesn't say that the areas have changed")
	}
	chromium.Do(t, ctx, chromedp.Focus(chromedp.CSS(".row .remove")), chromedp.KeyEvent(kb.Enter))
	if n := chromium.Until[int](t, ctx, `document.querySelectorAll(".row").length === 1 && 1`); n != 1 {
		t.Error("the proposal isn't removed")
	}
	chromium.Do(t, ctx, chromedp.Focus(chromedp.CSS("button[value=clear]")), chromedp.KeyEvent(kb.Enter))
	rows, wrong := readRows(<-sent)
	if len(wrong) > 0 || len(rows) != 1 || !reflect.DeepEqual(rows[0].Area, events.Area{X: 10, Y: 20, Width: 30, Height: 40, Style: "solid"}) {
		t.Errorf("%+v %+v", rows, wrong)
	}
}

// A clip's areas are bounded in time; a clip is played before anything is drawn on it.
func TestClip(t *testing.T) {
	t.Parallel()
	m := medium(t, picture)
	m.Kind, m.Proposed, m.Areas = "video", nil, []events.Area{{X: 1, Y: 2, Width: 300, Height: 400, FromMS: 1500, UntilMS: 2500}}
	m.Renditions = []portalapi.Rendition{{Name: "clip", URL: "/media/a/clip-1", Type: "video/mp4", Width: 4000, Height: 3000}}
	address, sent := serve(t, m)
	ctx := chromium.New(t)
	chromium.Do(t, ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(address))
	if n := chromium.Until[int](t, ctx, `document.querySelectorAll(".stage rect.elsewhen").length`); n != 1 {
		t.Errorf("%d areas are shown as of another moment", n)
	}
	if on := chromium.Run(t, ctx, chromedp.Evaluate[bool](`document.querySelector(".stage").classList.contains("drawing")`)); on {
		t.Error("the clip can't be played")
	}
	chromium.Fits(t, ctx, "look-clip")
	chromium.Do(t, ctx, chromium.Click(".draw"))
	drag(t, ctx, .1, .1, .3, .3)
	chromium.Until[bool](t, ctx, `document.querySelectorAll(".row").length === 2`)
	chromium.Do(t, ctx, chromium.Click(".row:nth-child(2) [data-end=from]"), chromedp.SetValue(chromedp.CSS("[name=until1]"), "1.5"), chromium.Click("button[value=mask]"))
	rows, wrong := readRows(<-sent)
	if len(wrong) > 0 || len(rows) != 2 || rows[0].FromMS != 1500 || rows[0].UntilMS != 2500 || rows[1].FromMS != 0 || rows[1].UntilMS != 1500 {
		t.Errorf("%+v %+v", rows, wrong)
	}
}

func TestReadRows(t *testing.T) {
	t.Parallel()
	form := url.Values{"row": {"0", "3", "4", "7"}, "use": {"3", "7"},
		"x0": {"1"}, "y0": {"2"}, "width0": {"3"}, "height0": {"4"}, "why0": {"face"},
		"x3": {"5"}, "y3": {"zwei"}, "width3": {"6"}, "height3": {"7"}, "from3": {"1.25"}, "until3": {"3"}, "style3": {"mosaic"},
		"x7": {"8"}, "y7": {"9"}, "width7": {"10"}, "height7": {"11"}, "from7": {"NaN"}}
	rows, wrong := readRows(form)
	if len(rows) != 3 || rows[0].Use || rows[0].Why != "face" || !rows[1].Use || rows[1].FromMS != 1250 || rows[1].UntilMS != 3000 || rows[1].Style != "mosaic" || rows[2].X != 8 {
		t.Errorf("rows: %+v", rows)
	}
	if want := (fault.Fields{{Field: "areas[0].y", Code: "type"}, {Field: "areas[1].from_ms", Code: "type"}}); !reflect.DeepEqual(wrong, want) {
		t.Errorf("wrong: %+v", wrong)
	}
}

func TestRowsOf(t *testing.T) {
	t.Parallel()
	face := events.Area{X: 10, Y: 10, Width: 10, Height: 10, Why: "face"}
	whole := events.Area{X: 5, Y: 5, Width: 50, Height: 50}
	part := events.Area{X: 5, Y: 5, Width: 50, Height: 50, FromMS: 500, UntilMS: 1500}
	if rows := rowsOf([]events.Area{whole}, []events.Area{face}); len(rows) != 1 || !rows[0].Use {
		t.Errorf("a proposal that is covered: %+v", rows)
	}
	rows := rowsOf([]events.Area{part}, []events.Area{face})
	if len(rows) != 2 || rows[1].Use || rows[0].From != "0.5" || rows[0].Until != "1.5" {
		t.Errorf("one that is covered for a while alone: %+v", rows)
	}
}

// The page of each state says what a person can do.
func TestStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*portalapi.Medium)
		holds  []string
		lacks  []string
	}{
		"rendered": {func(m *portalapi.Medium) { m.Rendering = 3 }, []string{`value="mask"`, `value="clear"`, "31.4 公里", "Nokia X", "位置、设备</dd>", `name="rendering" value="3"`, "2026年6月1日 08:30:00（&#43;08:00）", `class="proposed"`, "<noscript>"}, []string{`value="retry"`, "自动更新"}},
		"examined": {func(m *portalapi.Medium) { m.State, m.Next, m.Renditions = "examined", nil, nil }, []string{"自动更新"}, []string{`value="mask"`, `value="clear"`, `class="stage`}},
		"failed": {func(m *portalapi.Medium) {
			m.State, m.Reason, m.Next, m.Renditions = "failed", "damaged", []portalapi.Next{{Command: "retry"}}, nil
		}, []string{"请重新导出后上传", `value="retry"`}, []string{`value="clear"`, "damaged"}},
		"waiting": {func(m *portalapi.Medium) { m.State, m.Missing, m.Next, m.Renditions = "waiting", "ffmpeg", nil, nil }, []string{"ffmpeg", "不会丢失"}, []string{`value="clear"`}},
		"clip": {func(m *portalapi.Medium) {
			m.Kind, m.Renditions = "video", []portalapi.Rendition{{Name: "poster", URL: "/p", Type: "image/jpeg", Width: 640, Height: 480}, {Name: "clip", URL: "/c", Type: "video/mp4", Width: 4000, Height: 3000}}
		}, []string{"<video", `name="from0"`, "从此刻起"}, nil},
		"paper": {func(m *portalapi.Medium) {
			m.Kind, m.Examination, m.Proposed, m.Next = "document", &events.Examination{Pages: 3}, nil, []portalapi.Next{{Command: "clear"}}
			m.Renditions = []portalapi.Rendition{{Name: "paper", URL: "/pdf", Type: "application/pdf"}}
		}, []string{`href="/pdf"`, `value="clear"`, "这类文件不能在此遮挡"}, []string{`value="mask"`, `class="stage`}},
	} {
		m := medium(t, picture)
		c.change(&m)
		d := shown(m, messages.Chinese)
		d.Rows = rowsOf(m.Areas, m.Proposed)
		w := httptest.NewRecorder()
		write(w, httptest.NewRequest(http.MethodGet, "/look/x", nil), http.StatusOK, d)
		body := w.Body.String()
		if w.Code != http.StatusOK || strings.Contains(body, " style=") || strings.Contains(body, "<script>") {
			t.Errorf("%s: %d, or inline style or script", name, w.Code)
		}
		for _, s := range c.holds {
			if !strings.Contains(body, s) {
				t.Errorf("%s lacks %q", name, s)
			}
		}
		for _, s := range c.lacks {
			if strings.Contains(body, s) {
				t.Errorf("%s holds %q", name, s)
			}
		}
	}
}
