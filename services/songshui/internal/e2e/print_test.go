package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"songshui.internal/services/internal/tables"
)

// printed gets a workbook to print, keeps it where SONGSHUI_SCREENSHOTS names a folder, and gives it with the texts of its sheets.
func printed(t *testing.T, as, path, name string) (*excelize.File, map[string]string) {
	t.Helper()
	r := call(t, as, http.MethodGet, path, nil)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != tables.Types[tables.XLSX] {
		t.Fatalf("%s: %d %s", path, r.status, r.body)
	}
	if dir := os.Getenv("SONGSHUI_SCREENSHOTS"); dir != "" {
		must(t, os.WriteFile(filepath.Join(dir, name+".xlsx"), r.body, 0o644))
	}
	f, err := excelize.OpenReader(bytes.NewReader(r.body))
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	texts := map[string]string{}
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		must(t, err)
		for _, row := range rows {
			texts[sheet] += strings.Join(row, "|") + "\n"
		}
	}
	return f, texts
}

func holds(t *testing.T, where, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %q:\n%s", where, w, text)
		}
	}
}

func TestReturnReadyToPrint(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/returns/tonghua/2026-07/print.xlsx"
	_, before := printed(t, "tonghua-1", path, "return-before")
	holds(t, "before it is filed", before["报送函"], "＿＿＿＿〔2026〕＿＿号|签发人：＿＿＿＿＿＿", "吉林省安全生产委员会办公室：", "（印章）", "关于报送2026年7月“专题行”曝光")
	holds(t, "before it is filed", before["附表"], "尚未报送（报送时限：2026-08-05）", "未完成", "序号|文号|行业领域")

	office, province := client("tonghua-1"), client("supervisor")
	_, err := office.CommandReturn(t.Context(), "tonghua", "2026-07", "file", "", map[string]any{"document_no": "通安委办报〔2026〕7号", "on": "2026-08-04", "backdate_reason": "系统启用前"})
	must(t, err)
	_, err = province.CommandReturn(t.Context(), "tonghua", "2026-07", "receive", "", map[string]any{})
	must(t, err)
	f, own := printed(t, "tonghua-1", path, "return")
	holds(t, "its own", own["报送函"], "通安委办报〔2026〕7号", "签发人：tonghua-1", "联系人：tonghua-1", "（补录）", "本月报系补录", "2026年8月4日", "曝光典型案例1件，其中市级主流媒体曝光1件")
	holds(t, "its own", own["附表"], "月报状态：已完成（补录）", "2026-08-04", "2026-07-")
	_, seen := printed(t, "supervisor", path, "return-province")
	holds(t, "the province's", seen["报送函"], "通安委办报〔2026〕7号", "签发人：tonghua-1", "联系人：tonghua-1")

	layout, err := f.GetPageLayout("附表")
	must(t, err)
	if *layout.Size != 9 || *layout.Orientation != "landscape" || *layout.FitToWidth != 1 || *layout.FitToHeight != 0 {
		t.Errorf("layout %+v", layout)
	}
	props, err := f.GetSheetProps("附表")
	must(t, err)
	footer, err := f.GetHeaderFooter("附表")
	must(t, err)
	if !*props.FitToPage || !strings.Contains(footer.OddFooter, "&P") || !strings.Contains(fmt.Sprint(f.GetDefinedName()), "'附表'!$1:$3") {
		t.Errorf("fit %v, footer %+v, names %+v", *props.FitToPage, footer, f.GetDefinedName())
	}

	_, err = office.CommandReturn(t.Context(), "tonghua", "2026-06", "file", "", map[string]any{"document_no": "通安委办报〔2026〕6号", "zero_reason": "=1+1 本月未组织采访"})
	must(t, err)
	f, zero := printed(t, "tonghua-2", "/api/v1/returns/tonghua/2026-06/print.xlsx", "return-zero")
	holds(t, "a zero return", zero["报送函"], "现作零报告", "未曝光的原因：=1+1 本月未组织采访")
	holds(t, "a zero return", zero["附表"], "本月无曝光案例（零报告）", "月报状态：待省收（零报告）")
	for _, sheet := range f.GetSheetList() {
		for row := 1; row < 30; row++ {
			if formula, err := f.GetCellFormula(sheet, fmt.Sprint("A", row)); err != nil || formula != "" {
				t.Errorf("%s!A%d is the formula %q, %v", sheet, row, formula, err)
			}
		}
	}

	for as, p := range map[string]string{"siping-1": path, "journalist": path, "admin": path, "tonghua-1": "/api/v1/returns/tonghua/2026-05/print.xlsx"} {
		call(t, as, http.MethodGet, p, nil).problem(t, http.StatusNotFound, "not_found")
	}
}

func TestSummaryReadyToPrint(t *testing.T) {
	t.Parallel()
	_, all := printed(t, "supervisor", "/api/v1/board/2026-08/summary.xlsx", "summary")
	holds(t, "the summary", all["汇总表"], "全省2026年8月专题行情况汇总", "长春市|", "延边州|", "梅河口市|", "合计|", "截至：")
	holds(t, "the summary", all["分行业"], "危险化学品|", "合计|")
	if rows := strings.Count(all["汇总表"], "\n"); rows < 16 {
		t.Errorf("%d rows:\n%s", rows, all["汇总表"])
	}
	_, past := printed(t, "supervisor", "/api/v1/board/2026-08/summary.xlsx?day=2026-08-31", "summary-past")
	holds(t, "of a day", past["汇总表"], "截至：2026-08-31")
	_, own := printed(t, "baicheng-1", "/api/v1/board/2026-09/summary.xlsx", "summary-office")
	if strings.Contains(own["汇总表"], "长春市|") {
		t.Errorf("an office sees others:\n%s", own["汇总表"])
	}
	call(t, "journalist", http.MethodGet, "/api/v1/board/2026-08/summary.xlsx", nil).problem(t, http.StatusForbidden, "forbidden")
	call(t, "supervisor", http.MethodGet, "/api/v1/board/2026-18/summary.xlsx", nil).problem(t, http.StatusBadRequest, "bad_parameter")
}
