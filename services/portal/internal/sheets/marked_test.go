package sheets

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"songshui.internal/services/internal/tables"
)

// A copy has a mark in each refused cell and nowhere else; mended and marked again, the old marks are gone.
func TestMarkedCellByCell(t *testing.T) {
	t.Parallel()
	data := filledTemplate(t, samples(t)[:3], true)
	first := []Wrong{{Sheet: "案例", Row: 3, column: 13, Message: "发现日期：不能晚于今天"}, {Sheet: "曝光", Row: 2, column: 5, Message: "一"}, {Sheet: "曝光", Row: 2, column: 5, Message: "二"}, {Sheet: "影像", Row: 2, Message: "整行"}, {Row: 1, Message: "整份"}}
	once := marked(t, data, first)
	if got, want := marks(t, once), map[string]string{"案例!M3": "发现日期：不能晚于今天", "曝光!E2": "一\n二", "影像!A2": "整行"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	again := marked(t, once, []Wrong{{Sheet: "案例", Row: 4, column: 1, Message: "三"}})
	if got, want := marks(t, again), map[string]string{"案例!A4": "三"}; !reflect.DeepEqual(got, want) {
		t.Errorf("again: %q, want %q", got, want)
	}
	for name, copied := range map[string][]byte{"once": once, "again": again} {
		before, err := tables.Read(data)
		must(t, err)
		after, err := tables.Read(copied)
		must(t, err)
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%s: cells have changed", name)
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(once))
	must(t, err)
	defer func() { _ = f.Close() }()
	if shown, err := f.GetCellValue("案例", "M3"); err != nil || !strings.HasPrefix(shown, "2026-") {
		t.Errorf("a marked day shows as %q, %v", shown, err)
	}
}

func marked(t *testing.T, data []byte, errs []Wrong) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, Marked(t.Context(), &out, data, errs))
	return out.Bytes()
}

// marks gives the red cells with their notes.
func marks(t *testing.T, data []byte) map[string]string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	must(t, err)
	defer func() { _ = f.Close() }()
	out := map[string]string{}
	b, err := tables.Read(data)
	must(t, err)
	for _, s := range b.Sheets {
		notes, err := f.GetComments(s.Name)
		must(t, err)
		for r := range len(s.Rows) + 1 {
			for c := range 40 {
				cell := fmt.Sprint(letters(c+1), r+1)
				id, err := f.GetCellStyle(s.Name, cell)
				must(t, err)
				style, err := f.GetStyle(id)
				must(t, err)
				if len(style.Fill.Color) > 0 && style.Fill.Color[0] == "FFC7CE" {
					at := slices.IndexFunc(notes, func(n excelize.Comment) bool { return n.Cell == cell && n.Author == markAuthor })
					if at < 0 {
						t.Errorf("%s!%s is red without a note", s.Name, cell)
						continue
					}
					out[s.Name+"!"+cell] = words(notes[at])
				}
			}
		}
		for _, n := range notes {
			if n.Author == markAuthor && out[s.Name+"!"+n.Cell] == "" {
				t.Errorf("%s!%s has a note without red", s.Name, n.Cell)
			}
		}
	}
	return out
}

func words(n excelize.Comment) string {
	out := ""
	for _, p := range n.Paragraph {
		out += p.Text
	}
	return out
}

func TestMarkedOfCSVIsAWorkbookOfTexts(t *testing.T) {
	t.Parallel()
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("文号,标题\r\n\r\n1号,=1+1\r\n")
	must(t, err)
	copied := marked(t, []byte(gbk), []Wrong{{Sheet: tables.SheetOfCSV, Row: 3, column: 2, Message: "有误"}})
	if got, want := marks(t, copied), map[string]string{"CSV!B3": "有误"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	formulaless(t, copied, "CSV", "B3", "=1+1")
}

func TestMarkedHasNoFormulas(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	must(t, f.SetSheetRow("Sheet1", "A1", &[]any{"文号", "标题", "罚款（元）"}))
	must(t, f.SetCellFormula("Sheet1", "A2", `HYPERLINK("http://example.com","1号")`))
	must(t, f.SetCellFormula("Sheet1", "C2", "1+1"))
	must(t, f.SetCellStr("Sheet1", "B2", "=cmd|'/c calc'!A1"))
	shared, to := excelize.STCellFormulaTypeShared, "D2:D4"
	must(t, f.SetCellFormula("Sheet1", "D2", "C2*2", excelize.FormulaOpts{Type: &shared, Ref: &to}))
	data, err := f.WriteToBuffer()
	must(t, err)
	copied := marked(t, data.Bytes(), []Wrong{{Sheet: "Sheet1", Row: 2, column: 1, Message: "有误"}})
	for _, cell := range []string{"A2", "B2", "C2", "D2", "D3", "D4"} {
		g, err := excelize.OpenReader(bytes.NewReader(copied))
		must(t, err)
		if formula, err := g.GetCellFormula("Sheet1", cell); err != nil || formula != "" {
			t.Errorf("%s is still the formula %q, %v", cell, formula, err)
		}
		must(t, g.Close())
	}
	formulaless(t, copied, "Sheet1", "B2", "=cmd|'/c calc'!A1")
}

func formulaless(t *testing.T, data []byte, sheet, cell, want string) {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	must(t, err)
	defer func() { _ = f.Close() }()
	formula, err := f.GetCellFormula(sheet, cell)
	must(t, err)
	kind, err := f.GetCellType(sheet, cell)
	must(t, err)
	got, err := f.GetCellValue(sheet, cell)
	must(t, err)
	if formula != "" || got != want || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
		t.Errorf("%s: formula %q, value %q, type %d", cell, formula, got, kind)
	}
}
