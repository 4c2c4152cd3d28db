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

func TestLetters(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "A", 26: "Z", 27: "AA", 52: "AZ", 53: "BA", 702: "ZZ", 703: "AAA", 0: ""} {
		if got := letters(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
