package tables

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Column is a column of a table that is written.
type Column struct {
	Title string
	// Width in characters, for workbooks; 0 = 14.
	Width float64
}

// Writer writes one table row by row, in any of the forms, the same rows in each. Values are string, int, int64, float64 or nil (an empty cell). Close ends it.
type Writer interface {
	Row(values ...any) error
	Close() error
}

// Types of the forms, for Content-Type.
var Types = map[string]string{
	XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	CSV:  "text/csv; charset=utf-8",
}

// NewWriter begins a table with its heads.
func NewWriter(form string, w io.Writer, sheet string, columns []Column) (Writer, error) {
	if form == CSV {
		return newCSVWriter(w, columns)
	}
	return newXLSXWriter(w, sheet, columns)
}

type csvWriter struct{ w *csv.Writer }

func newCSVWriter(w io.Writer, columns []Column) (Writer, error) {
	// Excel takes a CSV for GBK unless a byte-order mark says otherwise.
	if _, err := w.Write(bom); err != nil {
		return nil, fmt.Errorf("tables: %w", err)
	}
	c := &csvWriter{csv.NewWriter(w)}
	c.w.UseCRLF = true
	heads := make([]any, len(columns))
	for i, col := range columns {
		heads[i] = col.Title
	}
	return c, c.Row(heads...)
}

func (c *csvWriter) Row(values ...any) error {
	cells := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
		case string:
			cells[i] = Guarded(v)
		default:
			cells[i] = fmt.Sprint(v)
		}
	}
	if err := c.w.Write(cells); err != nil {
		return fmt.Errorf("tables: %w", err)
	}
	return nil
}

func (c *csvWriter) Close() error {
	c.w.Flush()
	if err := c.w.Error(); err != nil {
		return fmt.Errorf("tables: %w", err)
	}
	return nil
}

// dangerous says whether a program would read a text as a formula: OWASP, “CSV Injection”, and the full-width forms, which some programs fold.
func dangerous(s string) bool {
	s = strings.TrimLeft(s, " \u3000")
	if s == "" {
		return false
	}
	return strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0])
}

// guarded says whether a text gets an apostrophe; one that begins with apostrophes and then like a formula gets another, so that reading can take exactly one off.
func guarded(s string) bool { return dangerous(strings.TrimLeft(s, "'")) }

// Guarded gives a text as it may stand in a CSV: with an apostrophe before it where a program would read a formula.
func Guarded(s string) string {
	if guarded(s) {
		return "'" + s
	}
	return s
}

type xlsxWriter struct {
	to     io.Writer
	file   *excelize.File
	stream *excelize.StreamWriter
	row    int
}

func newXLSXWriter(w io.Writer, sheet string, columns []Column) (Writer, error) {
	f := excelize.NewFile()
	x := &xlsxWriter{to: w, file: f}
	fail := func(err error) (Writer, error) {
		_ = f.Close()
		return nil, fmt.Errorf("tables: %w", err)
	}
	if err := f.SetSheetName(f.GetSheetName(0), sheet); err != nil {
		return fail(err)
	}
	head, err := HeadStyle(f)
	if err != nil {
		return fail(err)
	}
	if x.stream, err = f.NewStreamWriter(sheet); err != nil {
		return fail(err)
	}
	for i, c := range columns {
		width := c.Width
		if width == 0 {
			width = 14
		}
		if err := x.stream.SetColWidth(i+1, i+1, width); err != nil {
			return fail(err)
		}
	}
	if err := x.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return fail(err)
	}
	cells := make([]any, len(columns))
	for i, c := range columns {
		cells[i] = excelize.Cell{StyleID: head, Value: c.Title}
	}
	if err := x.put(cells); err != nil {
		return fail(err)
	}
	return x, nil
}

// HeadStyle is how heads of columns look.
func HeadStyle(f *excelize.File) (int, error) {
	return f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Family: "宋体", Size: 11}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF4"}},
		Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true},
		Border:    []excelize.Border{{Type: "bottom", Color: "8899AA", Style: 1}, {Type: "right", Color: "C8D0D8", Style: 1}}})
}

// Row writes strings as text, whatever they begin with: a stream writer makes a formula of excelize.Cell.Formula alone.
func (x *xlsxWriter) Row(values ...any) error { return x.put(values) }

func (x *xlsxWriter) put(values []any) error {
	x.row++
	for i, v := range values {
		if s, ok := v.(string); ok {
			values[i] = printable(s)
		}
	}
	cell, err := excelize.CoordinatesToCellName(1, x.row)
	if err == nil {
		err = x.stream.SetRow(cell, values)
	}
	if err != nil {
		return fmt.Errorf("tables: row %d: %w", x.row, err)
	}
	return nil
}

// printable leaves out what XML can't hold and ends what a cell can't.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > MaxCell {
		return string(runes[:MaxCell])
	}
	return s
}

func (x *xlsxWriter) Close() error {
	defer func() { _ = x.file.Close() }()
	if err := x.stream.Flush(); err != nil {
		return fmt.Errorf("tables: %w", err)
	}
	if _, err := x.file.WriteTo(x.to); err != nil {
		return fmt.Errorf("tables: %w", err)
	}
	return nil
}
