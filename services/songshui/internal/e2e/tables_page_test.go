package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/chromedp/chromedp"

	"songshui.internal/services/internal/chromium"
)

// An office loads a table on the page: counts, refused cells, the marked copy; mended, it passes; a file that can't be read is refused in words.
func TestTablesInTheBrowser(t *testing.T) {
	t.Parallel()
	rows := manyCases(6, "表页面")
	rows.cases[1][12], rows.cases[4][7], rows.exposures[1][3] = "6月3日", "91220113MAY1Q7HC7X", "传单"
	bad := rows.fill(t)
	rows.cases[1][12], rows.cases[4][7], rows.exposures[1][3] = "2026-06-03", "", "电视"
	good, dir := rows.fill(t), t.TempDir()
	wrong, mended := file(t, dir, "六月案例.xlsx", bad), file(t, dir, "六月案例（改）.xlsx", good)

	ctx := browser(t)
	texts := func(expression string) string {
		return chromium.Until[string](t, ctx, expression)
	}
	choose := func(path string) chromedp.Action[chromedp.Void] {
		return chromedp.SetUploadFiles(chromedp.CSS("#table"), []string{path})
	}
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/import"))
	chromium.Do(t, ctx, signIn("changchun-2", system.accounts["changchun-2"].Password)...)
	chromium.Do(t, ctx, chromium.Visible("#table"), chromium.Visible(`nav a[href="/import"]`))
	chromium.Fits(t, ctx, "import")

	chromium.Do(t, ctx, choose(wrong))
	const counts = `(() => { const r = document.querySelector(".result"); return !r.hidden && [...r.querySelectorAll(".counts dd")].map(e => e.textContent).join(" ") })()`
	if got := texts(counts); got != "3 0 3" {
		t.Errorf("counts %s", got)
	}
	var cells []string
	must(t, json.Unmarshal([]byte(texts(`JSON.stringify([...document.querySelectorAll(".wrong li")].map(l => [...l.children].map(e => e.textContent).join("|")))`)), &cells))
	want := []string{"案例 M3|发现日期|表页面〔2026〕2号|发现日期：不是有效日期，应为 2026-06-12 的格式", "案例 H6|统一社会信用代码|表页面〔2026〕5号|企业的统一社会信用代码：统一社会信用代码校验位不对，请核对", "曝光 D3|媒体类型|表页面〔2026〕3号|第1项曝光的类型：不是可选的值"}
	for i := range want {
		if i >= len(cells) || cells[i] != want[i] {
			t.Errorf("cells %q, want %q", cells, want)
			break
		}
	}
	chromium.Fits(t, ctx, "import-refused")

	chromium.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { const made = URL.createObjectURL; URL.createObjectURL = (b) => { const f = new FileReader(); f.onload = () => (window.marked = f.result); f.readAsDataURL(b); return made.call(URL, b); }; })()`), chromium.Click(".marked button"))
	data, err := base64.StdEncoding.DecodeString(texts(`window.marked && window.marked.split(",")[1]`))
	must(t, err)
	markedCells(t, reply{status: 200, body: data}, map[string]string{"案例!M3": "day", "案例!H6": "check_digit", "曝光!D3": "unknown_value"})

	chromium.Do(t, ctx, choose(mended))
	if got := texts(`document.querySelector("#outcome").textContent.includes("（改）") && ` + counts); got != "3 3 0" {
		t.Errorf("mended: %s", got)
	}
	if texts(`String(document.querySelector(".wrong").hidden && document.querySelector(".marked").hidden)`) != "true" {
		t.Error("refused cells are still shown")
	}

	chromium.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`(() => { const d = new DataTransfer(); d.items.add(new File(["\n"], "空.csv")); dispatchEvent(new DragEvent("drop", { dataTransfer: d })); })()`))
	if got := texts(`!document.querySelector(".failed").hidden && document.querySelector(".failed .said").textContent`); !han(got) {
		t.Errorf("an empty file: %q", got)
	}
	chromium.Fits(t, ctx, "import-failed")
	chromium.Do(t, ctx, chromedp.Navigate(system.URL+"/import"), chromium.Click(`button[value="en"]`), chromium.Visible("html[lang=en] main"), chromedp.Navigate(system.URL+"/import"), chromium.Visible("#table"))
	if got := chromium.Text(t, ctx, "h1"); got != "Load a table" {
		t.Errorf("in English: %q", got)
	}
}
