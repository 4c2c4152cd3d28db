package sheets

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"songshui.internal/services/internal/tables"
	"songshui.internal/services/portal/internal/messages"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// samples are the sample cases as JSON values, without the office, which an import takes from the account.
func samples(t testing.TB) []map[string]any {
	t.Helper()
	data, err := os.ReadFile("../../../songshui/internal/samples/cases.jsonl")
	must(t, err)
	var out []map[string]any
	for line := range strings.Lines(string(data)) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var c map[string]any
		must(t, json.Unmarshal([]byte(line), &c))
		delete(c, "office")
		out = append(out, c)
	}
	return out
}

// cellOf is a field as somebody would type it; real says that days become days of the workbook.
func cellOf(c column, from map[string]any, real bool) any {
	v := from[c.field]
	if outer, inner, nested := strings.Cut(c.field, "."); nested {
		in, _ := from[outer].(map[string]any)
		v = in[inner]
	}
	switch x := v.(type) {
	case []any:
		parts := make([]string, len(x))
		for i, p := range x {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, "、")
	case string:
		if c.form == aTerm {
			return messages.Term(c.term, x, messages.Chinese)
		}
		if day, err := time.Parse(time.DateOnly, x); err == nil && real && c.form == aDay {
			return day
		}
	}
	return v
}

// fields are the columns of a sheet of the template.
func fields(of group) []column {
	var out []column
	for _, c := range columns {
		if c.group == of || c.title == refTitle {
			out = append(out, c)
		}
	}
	return out
}

// entries are a case's rows of a group: itself, or those of a list.
func entries(c map[string]any, of group) []map[string]any {
	if of == ofCase {
		return []map[string]any{c}
	}
	var out []map[string]any
	list, _ := c[lists[of]].([]any)
	for _, e := range list {
		row := map[string]any{"ref": c["ref"]}
		for k, v := range e.(map[string]any) {
			row[k] = v
		}
		out = append(out, row)
	}
	return out
}

// filledTemplate is the template with the cases in it.
func filledTemplate(t testing.TB, cases []map[string]any, real bool) []byte {
	t.Helper()
	var empty, out bytes.Buffer
	must(t, Template(&empty, []string{"长春安行视界电视栏目", "松原民生网"}))
	f, err := excelize.OpenReader(&empty)
	must(t, err)
	defer func() { _ = f.Close() }()
	for of := ofCase; of < groups; of++ {
		at := 1
		for _, c := range cases {
			for _, e := range entries(c, of) {
				at++
				for i, col := range fields(of) {
					if v := cellOf(col, e, real); v != nil && v != "" {
						must(t, f.SetCellValue(sheetNames[of], fmt.Sprint(letters(i+1), at), v))
					}
				}
			}
		}
	}
	_, err = f.WriteTo(&out)
	must(t, err)
	return out.Bytes()
}

// lines gives the drafts as submissions, by reference; the file must be right.
func lines(t rapid.TB, drafts []*draft, wrong []Wrong) map[string]map[string]any {
	t.Helper()
	if len(wrong) > 0 {
		t.Fatalf("%+v", wrong)
	}
	out := map[string]map[string]any{}
	for _, d := range drafts {
		if len(d.wrong) > 0 {
			t.Fatalf("%s: %+v", d.ref, d.wrong)
		}
		line, err := d.line("changchun")
		if err != nil {
			t.Fatal(err)
		}
		var c map[string]any
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if c["office"] != "changchun" {
			t.Fatalf("office %v", c["office"])
		}
		delete(c, "office")
		out[d.ref] = c
	}
	return out
}

// spoken leaves out what says nothing: a null, an empty text, a list of tags without any.
func spoken(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		if list, ok := v.([]any); ok {
			out := make([]any, len(list))
			for i, e := range list {
				out[i] = spoken(e)
			}
			return out
		}
		if s, ok := v.(string); ok {
			return strings.TrimSpace(s)
		}
		return v
	}
	out := map[string]any{}
	for k, e := range m {
		if e = spoken(e); e != nil && e != "" && !(k == "tags" && len(e.([]any)) == 0) {
			out[k] = e
		}
	}
	return out
}

// What the samples say is what the template filled with them says, whether days are typed as text or are days.
func TestTemplateFilledWithSamplesSaysTheSame(t *testing.T) {
	t.Parallel()
	cases := samples(t)
	for _, real := range []bool{false, true} {
		book, err := tables.Read(filledTemplate(t, cases, real))
		must(t, err)
		drafts, wrong := gather(book)
		got := lines(t, drafts, wrong)
		if len(got) != len(cases) {
			t.Fatalf("%d cases of %d", len(got), len(cases))
		}
		for _, c := range cases {
			want, is := spoken(c), spoken(got[c["ref"].(string)])
			if !reflect.DeepEqual(want, is) {
				t.Errorf("days as days %v: %s\n%v\nwant\n%v", real, c["ref"], is, want)
			}
		}
	}
}

// flat is one table with every column, a row for each entry of a list at least; order is that of the columns.
func flat(cases []map[string]any, order []int) [][]string {
	head := make([]string, len(order))
	for i, at := range order {
		head[i] = columns[at].title
	}
	rows := [][]string{head}
	for _, c := range cases {
		for n := 0; ; n++ {
			row, any := make([]string, len(order)), n == 0
			for i, at := range order {
				col := columns[at]
				list := entries(c, col.group)
				switch {
				case col.title == refTitle:
					row[i] = c["ref"].(string)
				case n < len(list):
					any = true
					if v := cellOf(col, list[n], false); v != nil {
						row[i] = fmt.Sprint(v)
					}
				}
			}
			if !any {
				break
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// However the columns stand, and in whatever order the rows come within their lists, one flat sheet says what the template says.
func TestFlatSheetInAnyOrder(t *testing.T) {
	t.Parallel()
	cases := samples(t)[:8]
	all := make([]int, len(columns))
	for i := range all {
		all[i] = i
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation(all).Draw(t, "columns")
		some := rapid.Permutation(cases).Draw(t, "cases")
		rows := flat(some, order)
		if rapid.Bool().Draw(t, "title") {
			rows = append([][]string{{"某市案例汇总表"}}, rows...)
		}
		drafts, wrong := gather(tables.Book{Form: tables.XLSX, Sheets: []tables.Sheet{{Name: "Sheet1", Rows: rows}}})
		got := lines(t, drafts, wrong)
		for _, c := range some {
			if want, is := spoken(c), spoken(got[c["ref"].(string)]); !reflect.DeepEqual(want, is) {
				t.Fatalf("%v\nwant\n%v", is, want)
			}
		}
	})
}

func TestDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-06-12": "2026-06-12", "2026/6/2": "2026-06-02", "2026.6.2": "2026-06-02", "2026年6月2日": "2026-06-02", "20260612": "2026-06-12", "2026-06-12 00:00:00": "2026-06-12", "2026-06-12T00:00:00": "2026-06-12",
		"46185": "2026-06-12", "46185.75": "2026-06-12", "2024-02-29": "2024-02-29",
		"2026-02-30": "2026-02-30", "6月2日": "6月2日", "2026-6": "2026-6", "2026612": "2026612", "202606120": "202606120", "2026-06-12 13:00": "2026-06-12 13:00", "昨天": "昨天", "4618": "4618", "2026-13-1": "2026-13-1",
	} {
		if got := day(text, tables.Book{}); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if got := day("44723", tables.Book{From1904: true}); got != "2026-06-12" {
		t.Errorf("from 1904: %s", got)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	find := func(title string) column {
		c, ok := titled(title)
		if !ok {
			t.Fatalf("no column %s", title)
		}
		return c
	}
	for _, c := range []struct {
		title, text string
		want        any
	}{
		{"行业领域*", "矿山", "mining"}, {" 行业 领域＊", "mining", "mining"}, {"行业领域", "Mining", "mining"}, {"行业领域", "农业", "农业"}, {"行业领域", "危险", "hazardous-chemicals"},
		{"隐患级别", "重大", "major"}, {"隐患级别", "一般隐患", "general"}, {"隐患级别", "重", "重"}, {"媒体级别", "市级", "municipal"}, {"媒体级别", "市级媒体", "municipal"},
		{"罚款（元）", "48,000", int64(48000)}, {"罚款（元）", "￥48,000.00", int64(48000)}, {"罚款（元）", "4.8E+4", int64(48000)}, {"罚款（元）", "48000元", int64(48000)}, {"罚款（元）", "0.5", "0.5"}, {"罚款（元）", "4.8万", "4.8万"},
		{"罚款（元）", "1e300", "1e300"}, {"纬度", "44.1502", 44.1502}, {"纬度", "125.839100000000", 125.8391}, {"纬度", "北纬44度", "北纬44度"}, {"纬度", "NaN", "NaN"}, {"纬度", "Inf", "Inf"},
		{"标签", "储罐、泄漏,甲醇；", []any{"储罐", "泄漏", "甲醇"}}, {"标签", "、", []any{}},
	} {
		if got := find(c.title).value(c.text, tables.Book{}); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %q: %#v, want %#v", c.title, c.text, got, c.want)
		}
	}
}

func book(sheets ...tables.Sheet) tables.Book { return tables.Book{Form: tables.XLSX, Sheets: sheets} }

func told1(w Wrong) string {
	return fmt.Sprintf("%s!%s%d %s", w.Sheet, letters(w.column), w.Row, w.Code)
}

func wrongs(drafts []*draft, wrong []Wrong) []string {
	out := []string{}
	for _, w := range wrong {
		out = append(out, told1(w))
	}
	for _, d := range drafts {
		for _, w := range d.wrong {
			out = append(out, told1(w))
		}
	}
	return out
}

func TestWhatBelongsToNoCase(t *testing.T) {
	t.Parallel()
	cases := []string{"文号", "标题"}
	for name, c := range map[string]struct {
		in   tables.Book
		want []string
	}{
		"no heads":                     {book(tables.Sheet{Name: "表", Rows: [][]string{{"a", "b"}}}), []string{"表!1 table_no_heads"}},
		"nothing at all":               {book(), []string{"!1 table_no_heads"}},
		"a column twice":               {book(tables.Sheet{Name: "案例", Rows: [][]string{{"文号", "标题", "标题"}, {"1号", "a", "b"}}}), []string{"案例!C1 duplicate_field"}},
		"one reference, two cases":     {book(tables.Sheet{Name: "案例", Rows: [][]string{cases, {"长〔2026〕1号", "a"}, {"长(2026) 1号", "b"}, {"长〔2026〕2号", "b"}}}), []string{"案例!A2 table_ref_twice", "案例!A3 table_ref_twice"}},
		"one reference, the same case": {book(tables.Sheet{Name: "案例", Rows: [][]string{cases, {"长〔2026〕1号", "a"}, {"长(2026) 1号", "a"}}}), []string{}},
		"a row of no case, and one that it might belong to": {book(tables.Sheet{Name: "案例", Rows: [][]string{cases, {"1号", "a"}, {"2号", "b"}}},
			tables.Sheet{Name: "曝光", Rows: [][]string{{"文号", "媒体"}, {"1号", "报"}, {"3号", "报"}, {"", "报"}}}),
			[]string{"曝光!A3 unknown_ref", "曝光!A4 required", "案例!A3 table_rows_unplaced"}},
		"a reference written in two ways": {book(tables.Sheet{Name: "案例", Rows: [][]string{cases, {"长〔2026〕1号", "a"}}}, tables.Sheet{Name: "曝光", Rows: [][]string{{"文号", "媒体"}, {"长（2026） 1号", "报"}}}), []string{}},
		"too many":                        {book(tables.Sheet{Name: "案例", Rows: append([][]string{cases}, many(MaxCases+1)...)}), []string{fmt.Sprintf("案例!%d too_many", MaxCases+2)}},
	} {
		drafts, wrong := gather(c.in)
		if got := wrongs(drafts, wrong); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func many(n int) [][]string {
	out := make([][]string, n)
	for i := range out {
		out[i] = []string{fmt.Sprint(i, "号"), "标题"}
	}
	return out
}

func TestCasesWithoutAReferenceAreSentToBeRefused(t *testing.T) {
	t.Parallel()
	drafts, wrong := gather(book(tables.Sheet{Name: "案例", Rows: [][]string{{"文号", "标题", "问题内容"}, {"", "a", "x"}, {"", "b", "y"}, {"3号"}, {"4号", "", "z"}}}))
	if got := wrongs(drafts, wrong); !slices.Equal(got, []string{"案例!A5 unknown_ref", "案例!A4 table_rows_unplaced"}) || len(drafts) != 3 {
		t.Errorf("%q, %d cases", got, len(drafts))
	}
	for i, d := range drafts[:2] {
		if p := d.where("ref"); p != (place{"案例", i + 2, 1}) || len(d.details[ofViolation]) != 1 {
			t.Errorf("%d: %+v %v", i, p, d.details)
		}
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	c := samples(t)[0]
	data, err := tables.Read(filledTemplate(t, []map[string]any{c}, false))
	must(t, err)
	drafts, _ := gather(data)
	for path, want := range map[string]place{
		"ref": {"案例", 2, 1}, "enterprise.uscc": {"案例", 2, 8}, "enterprise": {"案例", 2, 7}, "location": {"案例", 2, 11}, "rectification": {"案例", 2, 15}, "tags[1]": {"案例", 2, 18}, "violations": {"案例", 2, 1},
		"violations[1].text": {"问题", 3, 2}, "violations[0]": {"问题", 2, 0}, "exposures[0].published_on": {"曝光", 2, 7}, "exposures[0].url": {"曝光", 2, 6}, "media[2].file": {"影像", 4, 2}, "media[0].sha256": {"影像", 2, 0},
		"violations[99].text": {"案例", 2, 1}, "something": {"案例", 2, 0},
	} {
		if got := drafts[0].where(path); got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
}

func TestTemplateHelpsWhoeverFillsIt(t *testing.T) {
	t.Parallel()
	outlets := []string{"长春安行视界电视栏目", "=HYPERLINK(\"http://x\")"}
	var out bytes.Buffer
	must(t, Template(&out, outlets))
	f, err := excelize.OpenReader(&out)
	must(t, err)
	defer func() { _ = f.Close() }()
	if got := f.GetSheetList(); !slices.Equal(got, []string{guideSheet, "案例", "问题", "曝光", "影像", outletSheet}) {
		t.Errorf("sheets %q", got)
	}
	if formula, err := f.GetCellFormula(outletSheet, "A2"); err != nil || formula != "" {
		t.Errorf("an outlet is the formula %q, %v", formula, err)
	}
	for of := ofCase; of < groups; of++ {
		name := sheetNames[of]
		checks, err := f.GetDataValidations(name)
		must(t, err)
		byRange := map[string]string{}
		for _, c := range checks {
			byRange[c.Sqref] = c.Type
		}
		notes, err := f.GetComments(name)
		must(t, err)
		noted := map[string]bool{}
		for _, n := range notes {
			noted[n.Cell] = true
		}
		for i, c := range fields(of) {
			head, err := f.GetCellValue(name, letters(i+1)+"1")
			must(t, err)
			if back, ok := titled(head); !ok || back.field != c.field || strings.HasSuffix(head, "*") != c.required {
				t.Errorf("%s: head %q of %s", name, head, c.field)
			}
			if noted[letters(i+1)+"1"] != (c.note != "") {
				t.Errorf("%s: %s has no note", name, c.title)
			}
			want := map[form]string{aTerm: "list", aDay: "date", aWhole: "whole", aNumber: "decimal"}[c.form]
			if c.field == "outlet" {
				want = "list"
			}
			if got := byRange[fmt.Sprintf("%s2:%s%d", letters(i+1), letters(i+1), templateRows)]; got != want {
				t.Errorf("%s: check of %s is %q, want %q", name, c.title, got, want)
			}
		}
	}
}

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

func TestLetters(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "A", 26: "Z", 27: "AA", 52: "AZ", 53: "BA", 702: "ZZ", 703: "AAA", 0: ""} {
		if got := letters(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// Whatever rows come: nothing breaks, each refusal is in a row of the file, each case is a submission whose every field has a place.
func FuzzGather(f *testing.F) {
	f.Add("长〔2026〕1号\t标题\t矿山\n\tx", "1号\t问题\n2号\t\t\n", true)
	f.Add("文号\t文号\n1\t2", "文号\n", false)
	f.Add("1号\t46185\t2026-02-30\t1e999\n1号", "\t\t\t", true)
	f.Fuzz(func(t *testing.T, cases, details string, heads bool) {
		sheet := func(name, text string, of group) tables.Sheet {
			s := tables.Sheet{Name: name}
			if heads {
				var titles []string
				for _, c := range fields(of) {
					titles = append(titles, c.title)
				}
				s.Rows = append(s.Rows, titles)
			}
			for line := range strings.SplitSeq(strings.ToValidUTF8(text, ""), "\n") {
				s.Rows = append(s.Rows, strings.Split(line, "\t"))
			}
			return s
		}
		b := book(sheet("案例", cases, ofCase), sheet("曝光", details, ofExposure))
		drafts, wrong := gather(b)
		inside := func(p place) {
			for _, s := range b.Sheets {
				if s.Name == p.sheet && p.row >= 1 && p.row <= len(s.Rows) && p.column >= 0 && p.column <= max(len(columns), len(s.Rows[p.row-1])) {
					return
				}
			}
			t.Fatalf("%+v is outside", p)
		}
		for _, w := range wrong {
			inside(place{w.Sheet, w.Row, w.column})
			w.say(b, messages.Chinese)
		}
		for _, d := range drafts {
			line, err := d.line("changchun")
			if err != nil || !json.Valid(line) {
				t.Fatalf("%s %v", line, err)
			}
			for _, path := range []string{"ref", "enterprise", "exposures[0].outlet", "exposures[7]", "found_on"} {
				inside(d.where(path))
			}
		}
	})
}
