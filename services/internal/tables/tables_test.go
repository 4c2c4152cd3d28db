package tables_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"songshui.internal/services/internal/tables"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	var e *tables.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

// workbook is a plain workbook of one sheet with other parts added or put in the place of its own.
func workbook(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	f := excelize.NewFile()
	must(t, f.SetCellStr("Sheet1", "A1", "文号"))
	b, err := f.WriteToBuffer()
	must(t, err)
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	must(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, p := range z.File {
		if _, ok := parts[p.Name]; !ok {
			must(t, w.Copy(p))
		}
	}
	for name, text := range parts {
		p, err := w.Create(name)
		must(t, err)
		_, err = p.Write([]byte(text))
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

// bomb is a workbook with a part of n MiB of zeros that says it has one byte.
func bomb(t testing.TB, mib int) []byte {
	t.Helper()
	var block bytes.Buffer
	d, err := flate.NewWriter(&block, flate.BestCompression)
	must(t, err)
	_, err = d.Write(make([]byte, 1<<20))
	must(t, err)
	must(t, d.Flush()) // ends on a byte, so blocks can follow one another
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	p, err := w.Create("xl/workbook.xml")
	must(t, err)
	_, err = p.Write([]byte("<workbook/>"))
	must(t, err)
	raw, err := w.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CompressedSize64: uint64(block.Len() * mib), UncompressedSize64: 1})
	must(t, err)
	for range mib {
		_, err := raw.Write(block.Bytes())
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

const sheet = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>`

func TestHostileFilesEndClearlyAndSmall(t *testing.T) {
	rows := strings.Repeat("<row/>", 1_000_000)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":                         {nil, tables.CodeEmpty},
		"blanks":                          {[]byte(" \r\n"), tables.CodeEmpty},
		"too large":                       {make([]byte, tables.MaxFile+1), tables.CodeTooLarge},
		"too large, something":            {bytes.Repeat([]byte("a,b\n"), tables.MaxFile/4+1), tables.CodeTooLarge},
		"old .xls":                        {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on"), tables.CodeOldXLS},
		"encrypted":                       {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")...), tables.CodeEncrypted},
		"a zip of something else":         {zipOf(t, "word/document.xml", "x"), tables.CodeNoTable},
		"cut off":                         {workbook(t, nil)[:2000], tables.CodeDamaged},
		"macros":                          {workbook(t, map[string]string{"xl/vbaProject.bin": "x"}), tables.CodeMacros},
		"a link to another file":          {workbook(t, map[string]string{"xl/externalLinks/externalLink1.xml": "<externalLink/>"}), tables.CodeExternal},
		"a bomb of 10 GB that lies":       {bomb(t, 10<<10), tables.CodeDamaged},
		"ten parts that are a bomb":       {workbook(t, parts(10, 8<<20)), tables.CodeUnpacked},
		"thousands of parts":              {workbook(t, parts(tables.MaxParts, 1)), tables.CodeTooManyParts},
		"a million empty rows":            {workbook(t, map[string]string{"xl/worksheets/sheet1.xml": fmt.Sprintf(sheet, rows)}), tables.CodeTooManyRows},
		"one row at the millionth place":  {workbook(t, map[string]string{"xl/worksheets/sheet1.xml": fmt.Sprintf(sheet, `<row r="1048576"><c r="A1048576"><v>1</v></c></row>`)}), tables.CodeTooManyRows},
		"sixteen thousand columns":        {workbook(t, map[string]string{"xl/worksheets/sheet1.xml": fmt.Sprintf(sheet, `<row r="1"><c r="XFD1"><v>1</v></c></row>`)}), tables.CodeTooManyCols},
		"not XML":                         {workbook(t, map[string]string{"xl/worksheets/sheet1.xml": "<worksheet><sheetData><row"}), tables.CodeDamaged},
		"a picture":                       {[]byte("\x89PNG\r\n\x1a\n\x00\x00"), tables.CodeNoTable},
		"neither UTF-8 nor GBK":           {[]byte("\xff\xff,\xff"), tables.CodeEncoding},
		"nested without an end":           {workbook(t, map[string]string{"xl/worksheets/sheet1.xml": strings.Repeat("<a>", 1<<20)}), tables.CodeDamaged},
		"zeros in text":                   {[]byte("a,\x00b\n"), tables.CodeNoTable},
		"a quotation mark without an end": {[]byte("a,b\n\"c,d\n"), tables.CodeDamaged},
		"CSV of too many rows":            {bytes.Repeat([]byte("a\n"), tables.MaxRows+1), tables.CodeTooManyRows},
		"CSV of too many columns":         {bytes.Repeat([]byte("a,"), tables.MaxColumns+1), tables.CodeTooManyCols},
		"CSV of a cell that is too long":  {[]byte(strings.Repeat("字", tables.MaxCell+1)), tables.CodeCellTooLong},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := tables.Read(c.data)
		runtime.ReadMemStats(&after)
		if code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if got := (after.HeapSys - before.HeapSys) >> 20; after.HeapSys > before.HeapSys && got > 96 {
			t.Errorf("%s took %d MiB", name, got)
		}
	}
}

func zipOf(t testing.TB, name, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	p, err := w.Create(name)
	must(t, err)
	_, err = p.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	return out.Bytes()
}

func parts(n, size int) map[string]string {
	all := map[string]string{}
	text := strings.Repeat("0", size)
	for i := range n {
		all[fmt.Sprintf("xl/media/%d.bin", i)] = text
	}
	return all
}

var (
	columns = []tables.Column{{Title: "文号"}, {Title: "标题", Width: 40}, {Title: "罚款"}}
	written = [][]string{{"文号", "标题", "罚款"}, {"长安委办曝〔2026〕1号", "=HYPERLINK(\"http://example.com\",\"点\")", "20000"}, {"2号", "+86"}, {"3号", "-1", "7"}, {"4号", "@SUM(A1)", "8"}, {"5号", "＝1+1", "9"}, {"6号", "\t=1", "1"}, {"7号", "'=已有撇号", "2"}, {"8号", "多\n行，“引号”", "3"}}
)

func write(t testing.TB, form string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := tables.NewWriter(form, &out, "案例", columns)
	must(t, err)
	for _, r := range written[1:] {
		var yuan any
		if len(r) > 2 {
			n, err := strconv.Atoi(r[2])
			must(t, err)
			yuan = n
		}
		must(t, w.Row(r[0], r[1], yuan))
	}
	must(t, w.Close())
	return out.Bytes()
}

// Both forms hold the same rows, whatever people typed.
func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	for _, form := range []string{tables.XLSX, tables.CSV} {
		b, err := tables.Read(write(t, form))
		must(t, err)
		if b.Form != form || len(b.Sheets) != 1 || !reflect.DeepEqual(b.Sheets[0].Rows, written) {
			t.Errorf("%s: %q", form, b.Sheets)
		}
	}
}

func TestNothingWrittenIsAFormula(t *testing.T) {
	t.Parallel()
	f, err := excelize.OpenReader(bytes.NewReader(write(t, tables.XLSX)))
	must(t, err)
	defer func() { _ = f.Close() }()
	for i := range written {
		for _, col := range []string{"A", "B", "C"} {
			cell := fmt.Sprint(col, i+1)
			if formula, err := f.GetCellFormula("案例", cell); err != nil || formula != "" {
				t.Errorf("%s is the formula %q, %v", cell, formula, err)
			}
		}
	}
	data := write(t, tables.CSV)
	if !bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		t.Error("no byte-order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(data[3:])).ReadAll()
	must(t, err)
	for _, r := range rows {
		for _, cell := range r {
			if cell != "" && strings.ContainsRune("=+-@＝＋－＠\t\r", []rune(cell)[0]) {
				t.Errorf("%q begins like a formula", cell)
			}
		}
	}
}

func TestCSVAsPeopleSaveIt(t *testing.T) {
	t.Parallel()
	want := [][]string{{"文号", "标题"}, {"1号", "危险化学品，泄漏"}}
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("文号,标题\r\n1号,\"危险化学品，泄漏\"\r\n")
	must(t, err)
	for name, text := range map[string]string{
		"GBK":                gbk,
		"UTF-8":              "文号,标题\n1号,危险化学品，泄漏\n",
		"UTF-8 with a mark":  "\ufeff文号,标题\n1号,危险化学品，泄漏",
		"semicolons":         "文号;标题\n1号;危险化学品，泄漏\n\n",
		"tabs":               "文号\t标题\t\n1号\t危险化学品，泄漏\t\t\n",
		"empty cells behind": "文号,标题,,\n1号,危险化学品，泄漏,,\n",
	} {
		b, err := tables.Read([]byte(text))
		if err != nil || !reflect.DeepEqual(b.Sheets[0].Rows, want) {
			t.Errorf("%s: %q, %v", name, b.Sheets, err)
		}
	}
}

// Rows have the numbers that people see: empty lines count, and a cell of several lines is in one row.
func TestRowsOfCSVAreCounted(t *testing.T) {
	t.Parallel()
	want := [][]string{nil, {"a", "b"}, nil, nil, {"1", "两\n行"}, {"2"}, nil, {"3"}}
	for name, text := range map[string]string{"lines": "\na,b\n\n\n1,\"两\n行\"\n2\n\n3\n\n", "CRLF": "\r\na,b\r\n\r\n\r\n1,\"两\r\n行\"\r\n2\r\n\r\n3\r\n"} {
		b, err := tables.Read([]byte(text))
		if err != nil || !reflect.DeepEqual(b.Sheets[0].Rows, want) {
			t.Errorf("%s: %q, %v", name, b.Sheets, err)
		}
	}
}

// Cells come as they are stored: a format that shows two digits or another order of day and month takes nothing away.
func TestNumbersAndDaysWhateverTheirFormat(t *testing.T) {
	t.Parallel()
	for _, from1904 := range []bool{false, true} {
		f := excelize.NewFile()
		must(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &from1904}))
		june := time.Date(2026, 6, 12, 0, 0, 0, 0, time.UTC)
		for i, format := range []int{0, 2, 4, 14, 15, 22, 31, 44, 57} {
			style, err := f.NewStyle(&excelize.Style{NumFmt: format})
			must(t, err)
			for col, v := range map[string]any{"A": june, "B": 44.1502} {
				cell := fmt.Sprint(col, i+1)
				must(t, f.SetCellValue("Sheet1", cell, v))
				must(t, f.SetCellStyle("Sheet1", cell, cell, style))
			}
		}
		data, err := f.WriteToBuffer()
		must(t, err)
		b, err := tables.Read(data.Bytes())
		must(t, err)
		for i, row := range b.Sheets[0].Rows {
			count, err := strconv.ParseFloat(row[0], 64)
			must(t, err)
			if got := b.Day(count); !got.Equal(june) || b.From1904 != from1904 {
				t.Errorf("row %d, from 1904 %v: %s is %s", i+1, from1904, row[0], got)
			}
			if n, err := strconv.ParseFloat(row[1], 64); err != nil || n != 44.1502 {
				t.Errorf("row %d: %s", i+1, row[1])
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(write(f, tables.XLSX))
	f.Add(write(f, tables.CSV))
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := tables.Read(data)
		var e *tables.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v", err)
		}
		for _, s := range b.Sheets {
			if len(s.Rows) > tables.MaxRows {
				t.Errorf("%d rows", len(s.Rows))
			}
		}
	})
}

// No temporary file stays behind.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	_, err := tables.Read(workbook(t, map[string]string{"xl/worksheets/sheet1.xml": fmt.Sprintf(sheet, strings.Repeat(`<row><c><v>1</v></c></row>`, 900_000))}))
	if code(err) != tables.CodeTooManyRows {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}
