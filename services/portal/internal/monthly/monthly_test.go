package monthly

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"songshui.internal/events"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/rectification/rectificationapi"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func aCase(ref, level string, overdue int) Case {
	c := Case{CaseState: events.CaseState{Ref: ref, State: events.CaseExposed, ExposedOn: "2026-06-12"}, Rectification: &rectificationapi.View{}}
	c.Sector, c.HazardLevel, c.Enterprise.Name, c.Enterprise.County = "mining", "major", "某某矿业有限公司", "九台区"
	c.Violations = []events.Violation{{Text: "法兰渗漏"}, {Text: "报警器断电"}}
	c.Exposures = []events.Publication{{Outlet: "长春安行视界电视栏目", Level: level, PublishedOn: "2026-06-12"}, {Outlet: "某某网", PublishedOn: "2026-07-01"}}
	v := c.Rectification
	v.State, v.View.Due, v.OverdueDays, v.Overdue = events.RectificationInProgress, "2026-07-12", overdue, overdue > 0
	return c
}

func june(cases ...Case) *Return {
	r := &Return{Cases: cases, Today: "2026-07-20"}
	r.Names = map[events.AccountID]string{"a": "张三", "b": "李四"}
	r.Office, r.Month, r.Due, r.Shown = "changchun", "2026-06", "2026-07-06", "missed"
	return r
}

func TestRowOfACase(t *testing.T) {
	t.Parallel()
	c := aCase("长安委办曝〔2026〕1号", "municipal", 8)
	c.Backdated = true
	c.Rectification.Listed, c.Rectification.View.Grade = true, 3
	var cells []string
	for _, v := range c.row(1, june(c)) {
		cells = append(cells, strings.ReplaceAll(fmt.Sprint(v), "\n", " / "))
	}
	got := strings.Join(cells, "|")
	want := "1|长安委办曝〔2026〕1号|矿山|重大|某某矿业有限公司 / （九台区）|1. 法兰渗漏 / 2. 报警器断电|长春安行视界电视栏目 / 某某网|市级 / 待认定|2026-06-12 / 2026-07-01|整改中|2026-07-12|8||补录 / 挂牌督办（3级） / 逾期"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	county := aCase("2号", "county", 0)
	if row := county.row(2, june()); row[11] != any(nil) || !strings.Contains(row[13].(string), "不计入") {
		t.Errorf("%q", row)
	}
	withdrawn := Case{CaseState: events.CaseState{State: events.CaseWithdrawn}, Rectification: c.Rectification}
	if withdrawn.state() != "已撤回" || (&Case{CaseState: events.CaseState{State: events.CaseSubmitted}}).state() != "已上报" {
		t.Error("states")
	}
}

func TestLetterSays(t *testing.T) {
	t.Parallel()
	r := june(aCase("1号", "municipal", 8), aCase("2号", "provincial", 0))
	text := strings.Join(r.paragraphs(), "\n")
	for _, want := range []string{"2026年6月，", "曝光典型案例2件，其中市级主流媒体曝光1件；涉及矿山2件；重大隐患2件", "截至2026年7月20日，上述案例整改情况为：整改中2件。", "逾期未完成整改1件"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
	if r.documentNo() != "＿＿＿＿〔2026〕＿＿号" || r.signer() != blank || r.filedOn() != "＿＿＿＿年＿＿月＿＿日" {
		t.Errorf("%s %s %s", r.documentNo(), r.signer(), r.filedOn())
	}
	r.Filings = []events.Filing{{On: "2026-07-04", DocumentNo: "长安委办报〔2026〕6号", SignedBy: "a", Contact: "c", Backdated: true, At: time.Date(2026, 7, 19, 17, 0, 0, 0, time.UTC), Supplement: true}}
	r.Recognition = &events.Recognition{Kind: events.RecognisedByDecision, On: "2026-07-10", Reason: "省级媒体曝光"}
	text = strings.Join(r.paragraphs(), "\n")
	for _, want := range []string{"本月报系补录，于2026年7月20日录入系统", "系补报", "省级已于2026年7月10日认定。理由：省级媒体曝光"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
	if r.documentNo() != "长安委办报〔2026〕6号" || r.signer() != "张三" || r.contact() != blank || r.filedOn() != "2026年7月4日" || !r.backdated() {
		t.Errorf("%s %s %s %s", r.documentNo(), r.signer(), r.contact(), r.filedOn())
	}
	r.Cases, r.Filings[0].ZeroReason = nil, "未组织采访"
	if text := strings.Join(r.paragraphs(), "\n"); !strings.Contains(text, "零报告") || !strings.Contains(text, "未曝光的原因：未组织采访") {
		t.Error(text)
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	july := aCase("1号", "municipal", 0)
	july.ExposedOn = "2026-07-01"
	cases := []Case{july, aCase("10号", "municipal", 0), aCase("9号", "municipal", 0), aCase("11号", "municipal", 0)}
	slices.SortStableFunc(cases, byDay)
	got := ""
	for _, c := range cases {
		got += c.Ref
	}
	if got != "9号10号11号1号" {
		t.Error(got)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 1, "一二三四五": 1, "一二三四五六": 2, "abcdefghij": 1, "abcdefghijk": 2, "一\n二": 2, "一二三四五六\n\n七": 4} {
		if got := linesOf(text, 5); got != want {
			t.Errorf("%q takes %d lines, want %d", text, got, want)
		}
	}
}

// thirty is a return that takes several pages.
func thirty() *Return {
	var cases []Case
	for i := range 30 {
		cases = append(cases, aCase(fmt.Sprintf("长安委办曝〔2026〕%d号", i+1), "municipal", i%3))
	}
	r := june(cases...)
	r.Filings = []events.Filing{{On: "2026-07-04", DocumentNo: "长安委办报〔2026〕6号", SignedBy: "a", Contact: "b"}}
	return r
}

func TestSheetsArePrintable(t *testing.T) {
	t.Parallel()
	number := 3
	s := &Summary{Now: time.Date(2026, 7, 20, 2, 0, 0, 0, time.UTC)}
	s.Month, s.Day = "2026-06", "2026-07-20"
	s.Offices = []oversightapi.OfficeLine{{Office: "changchun", Returns: []oversightapi.MonthCell{{Month: "2026-06", Shown: "met-late", Backdated: true}}, Figures: []oversightapi.Cell{{Figure: "exposed", Value: &number}}}, {Office: "siping"}}
	for name, write := range map[string]func(*bytes.Buffer) error{"return": func(b *bytes.Buffer) error { return thirty().Write(b) }, "summary": func(b *bytes.Buffer) error { return s.Write(b) }} {
		var out bytes.Buffer
		must(t, write(&out))
		f, err := excelize.OpenReader(&out)
		must(t, err)
		for _, sheet := range f.GetSheetList() {
			layout, err := f.GetPageLayout(sheet)
			must(t, err)
			props, err := f.GetSheetProps(sheet)
			must(t, err)
			has := func(kind string) bool {
				return slices.ContainsFunc(f.GetDefinedName(), func(d excelize.DefinedName) bool { return d.Name == "_xlnm."+kind && d.Scope == sheet })
			}
			if *layout.Size != paperA4 || *layout.FitToWidth != 1 || !*props.FitToPage || !has("Print_Area") || sheet != letterSheet && (*layout.Orientation != "landscape" || !has("Print_Titles")) {
				t.Errorf("%s, %s: %+v", name, sheet, layout)
			}
		}
		if name == "summary" {
			row, err := f.GetRows("汇总表")
			must(t, err)
			if got := strings.Join(row[3], "|"); !strings.HasPrefix(got, "1|长春市|已完成（迟报）||3|") || !strings.HasSuffix(got, "|补录") || !strings.HasPrefix(strings.Join(row[4], "|"), "2|四平市|不需报送") {
				t.Errorf("%q", row[3:])
			}
		}
		must(t, f.Close())
	}
}

// An office program prints the return: the letter on one page, the table on the next ones, with its heads on each. It is left out where there is none even if tools are required: no other test needs an office suite.
func TestReturnInAnOfficeProgram(t *testing.T) {
	t.Parallel()
	office, err1 := exec.LookPath("soffice")
	reader, err2 := exec.LookPath("pdftotext")
	if err1 != nil || err2 != nil {
		t.Skip("left out: LibreOffice or pdftotext is missing")
	}
	dir := t.TempDir()
	var out bytes.Buffer
	must(t, thirty().Write(&out))
	must(t, os.WriteFile(filepath.Join(dir, "r.xlsx"), out.Bytes(), 0o600))
	convert := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "pdf", "--outdir", dir, filepath.Join(dir, "r.xlsx"))
	if said, err := convert.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	text, err := exec.CommandContext(t.Context(), reader, "-layout", filepath.Join(dir, "r.pdf"), "-").Output()
	must(t, err)
	pages := strings.Split(strings.TrimRight(string(text), "\f"), "\f")
	if len(pages) < 3 || len(pages) > 6 || !strings.Contains(pages[0], "签发人：张三") || strings.Contains(pages[0], "序号") {
		t.Fatalf("%d pages, the first:\n%s", len(pages), pages[0])
	}
	for i, p := range pages[1:] {
		if i == len(pages)-2 && !strings.Contains(p, "由人员填报") {
			t.Errorf("whose days they are isn't said: %s", p)
		}
		if !strings.Contains(p, "序号") || !strings.Contains(p, "备注") || !strings.Contains(p, fmt.Sprintf("第 %d 页，共 %d 页", i+2, len(pages))) {
			t.Errorf("page %d:\n%s", i+2, p)
		}
	}
}
