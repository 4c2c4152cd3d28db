package e2e_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
)

// A supervisor opens the board, presses a figure, and sees as many rows as it says; so for the returns' figures, whose rows are months.
func TestBoardInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/board"))
	chromium.Do(t, ctx, signIn("supervisor", system.accounts["supervisor"].Password)...)
	chromium.Do(t, ctx, chromium.Visible("table.months"))
	chromium.Fits(t, ctx, "board")
	// As of one moment: other tests give commands meanwhile.
	moment := url.QueryEscape(time.Now().UTC().Format(time.RFC3339Nano))
	board := func() {
		chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/board?as_of="+moment), chromium.Visible("table.months"))
	}
	board()
	if said, late := chromium.Text(t, ctx, `[data-figure="overdue"] td a`), chromium.Text(t, ctx, `#late a[href*="figure=overdue"]`); said != late {
		t.Errorf("the figure says %s, who is late %s", said, late)
	}
	for _, figure := range []string{"overdue", "returns-missed"} {
		link := `[data-figure="` + figure + `"] td a`
		said := chromium.Until[string](t, ctx, `document.querySelector('`+link+`')?.textContent`)
		chromium.Do(t, ctx, chromium.Click(link), chromium.Visible("h1 .total"))
		if total := chromium.Text(t, ctx, "h1 .total"); total != said {
			t.Errorf("%s: the figure says %s, its list %s", figure, said, total)
		}
		if rows := chromium.Until[int](t, ctx, `document.querySelectorAll("table.list tbody tr").length + 1`); fmt.Sprint(rows-1) != said && rows-1 != 50 {
			t.Errorf("%s: the figure says %s, there are %d rows", figure, said, rows-1)
		}
		chromium.Fits(t, ctx, "board-list-"+figure)
		board()
	}
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/board?month=2026-07"), chromium.Visible("#note"), chromium.Set("#note", "七月上报稿"), chromium.Click(".fix button"), chromium.Visible("#editions li a"), chromium.Click("#editions li a"), chromium.Visible("#difference"))
	chromium.Fits(t, ctx, "edition")
}

// An office files its return on the page, a wrong field standing beside its words; a supervisor finds it in the inbox and receives it.
func TestReturnInTheBrowser(t *testing.T) {
	t.Parallel()
	const page = "/returns/baicheng/2026-06"
	office := browser(t)
	chromium.Do(t, office, chromedp.Navigate(system.URL+page))
	chromium.Do(t, office, signIn("baicheng-1", system.accounts["baicheng-1"].Password)...)
	chromium.Do(t, office, chromium.Visible("#do-file"), chromium.Set("#file-no", "白安委办报〔2026〕6号"), chromium.Set("#file-scan", "没有的.pdf"))
	chromium.Fits(t, office, "return-open")
	chromium.Do(t, office, chromium.Click("#do-file form > button"), chromium.Visible(".wrong"))
	if no := chromium.Until[string](t, office, `document.querySelector("#file-no").value`); no != "白安委办报〔2026〕6号" {
		t.Errorf("what was entered is lost: %q", no)
	}
	chromium.Fits(t, office, "return-refused")
	chromium.Do(t, office, chromedp.Evaluate[chromedp.Void](`(() => { document.querySelector("#file-scan").value = ""; })()`), chromium.Click("#do-file form > button"), chromium.Visible(".filings"))
	if s := chromium.Text(t, office, "#state .tag"); s != "待省收" {
		t.Errorf("filed: %s", s)
	}

	province := browser(t)
	chromium.Do(t, province, chromedp.Navigate(system.URL+"/inbox"))
	chromium.Do(t, province, signIn("supervisor", system.accounts["supervisor"].Password)...)
	chromium.Do(t, province, chromium.Visible(".entries"))
	until(t, "the entry is there", func() bool {
		chromium.Do(t, province, chromedp.Navigate(system.URL+"/inbox"), chromium.Visible(".entries"))
		return chromium.Until[string](t, province, `String(!!document.querySelector('.entries a[href="`+(&url.URL{Path: page}).EscapedPath()+`"]'))`) == "true"
	})
	chromium.Fits(t, province, "inbox")
	chromium.Do(t, province, chromium.Click(`.entries a[href="`+page+`"]`), chromium.Visible("#do-receive"))
	chromium.Fits(t, province, "return-filed")
	chromium.Do(t, province, chromium.Click("#do-receive form > button"), chromium.Visible("#not-now"))
	if s := chromium.Text(t, province, "#state .tag"); s != "已完成（迟报）" {
		t.Errorf("received: %s", s)
	}
	chromium.Fits(t, province, "return-received")
	chromium.Do(t, province, chromedp.Navigate(system.URL+"/returns?month=2026-06"), chromium.Visible(".rows"))
	chromium.Fits(t, province, "returns")
}
