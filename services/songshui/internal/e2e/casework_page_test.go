package e2e_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
)

func waitFor[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	return eval(t, ctx, chromedp.Poll[T](expression, chromedp.WithPollingInterval(pollEvery)))
}

// A supervisor opens the board, presses a figure, and sees as many rows as it says; so for the returns' figures, whose rows are months.
func TestBoardInTheBrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(system.URL+"/board"))
	do(t, ctx, signIn("supervisor", system.accounts["supervisor"].Password)...)
	do(t, ctx, visible("table.months"))
	fits(t, ctx, "board")
	for _, figure := range []string{"overdue", "returns-missed"} {
		link := `[data-figure="` + figure + `"] td a`
		said := waitFor[string](t, ctx, `document.querySelector('`+link+`')?.textContent`)
		do(t, ctx, click(link), visible("h1 .total"))
		if total := text(t, ctx, "h1 .total"); total != said {
			t.Errorf("%s: the figure says %s, its list %s", figure, said, total)
		}
		if rows := waitFor[int](t, ctx, `document.querySelectorAll("table.list tbody tr").length + 1`); fmt.Sprint(rows-1) != said && rows-1 != 50 {
			t.Errorf("%s: the figure says %s, there are %d rows", figure, said, rows-1)
		}
		fits(t, ctx, "board-list-"+figure)
		do(t, ctx, chromedp.Navigate(system.URL+"/board"), visible("table.months"))
	}
	do(t, ctx, chromedp.Navigate(system.URL+"/board?month=2026-07"), visible("#note"), set("#note", "七月上报稿"), click(".fix button"), visible("#editions li a"), click("#editions li a"), visible("#difference"))
	fits(t, ctx, "edition")
}

// An office files its return on the page, a wrong field standing beside its words; a supervisor finds it in the inbox and receives it.
func TestReturnInTheBrowser(t *testing.T) {
	t.Parallel()
	const page = "/returns/baicheng/2026-06"
	office := browser(t)
	do(t, office, chromedp.Navigate(system.URL+page))
	do(t, office, signIn("baicheng-1", system.accounts["baicheng-1"].Password)...)
	do(t, office, visible("#do-file"), set("#file-no", "白安委办报〔2026〕6号"), set("#file-scan", "没有的.pdf"))
	fits(t, office, "return-open")
	do(t, office, click("#do-file form > button"), visible(".wrong"))
	if no := waitFor[string](t, office, `document.querySelector("#file-no").value`); no != "白安委办报〔2026〕6号" {
		t.Errorf("what was entered is lost: %q", no)
	}
	fits(t, office, "return-refused")
	do(t, office, chromedp.Evaluate[chromedp.Void](`(() => { document.querySelector("#file-scan").value = ""; })()`), click("#do-file form > button"), visible(".filings"))
	if s := text(t, office, "#state .tag"); s != "待省收" {
		t.Errorf("filed: %s", s)
	}

	province := browser(t)
	do(t, province, chromedp.Navigate(system.URL+"/inbox"))
	do(t, province, signIn("supervisor", system.accounts["supervisor"].Password)...)
	do(t, province, visible(".entries"))
	until(t, "the entry is there", func() bool {
		do(t, province, chromedp.Navigate(system.URL+"/inbox"), visible(".entries"))
		return waitFor[string](t, province, `String(!!document.querySelector('.entries a[href="`+(&url.URL{Path: page}).EscapedPath()+`"]'))`) == "true"
	})
	fits(t, province, "inbox")
	do(t, province, click(`.entries a[href="`+page+`"]`), visible("#do-receive"))
	fits(t, province, "return-filed")
	do(t, province, click("#do-receive form > button"), visible("#not-now"))
	if s := text(t, province, "#state .tag"); s != "已完成（迟报）" {
		t.Errorf("received: %s", s)
	}
	fits(t, province, "return-received")
	do(t, province, chromedp.Navigate(system.URL+"/returns?month=2026-06"), visible(".rows"))
	fits(t, province, "returns")
}
