package sheets

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/xuri/excelize/v2"

	"songshui.internal/services/internal/tables"
)

// Marked writes a copy of a file with the refused cells in red, each with a note that says why; a CSV becomes a workbook. Marks of an earlier copy are taken off, and formulas give way to their values, since
// files go from hand to hand. data must have been read by Load.
func Marked(ctx context.Context, w io.Writer, data []byte, errs []Wrong) error {
	done, err := turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	book, err := tables.Read(data)
	if err != nil {
		return refusal(err)
	}
	f, err := open(book, data)
	if err != nil {
		return fmt.Errorf("sheets: marked copy: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := mark(f, book, errs); err != nil {
		return fmt.Errorf("sheets: marked copy: %w", err)
	}
	if _, err := f.WriteTo(w); err != nil {
		return fmt.Errorf("sheets: marked copy: %w", err)
	}
	return nil
}

func open(b tables.Book, data []byte) (*excelize.File, error) {
	if b.Form == tables.XLSX {
		return excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: tables.MaxUnpacked, UnzipXMLSizeLimit: tables.MaxUnpacked})
	}
	f := excelize.NewFile()
	s := b.Sheets[0]
	if err := f.SetSheetName(f.GetSheetName(0), s.Name); err != nil {
		return f, err
	}
	for i, row := range s.Rows {
		for j, text := range row {
			// As text, whatever it begins with.
			if err := f.SetCellStr(s.Name, fmt.Sprint(letters(j+1), i+1), text); err != nil {
				return f, err
			}
		}
	}
	if columns := width(s); columns > 0 {
		return f, f.SetColWidth(s.Name, "A", letters(columns), 18)
	}
	return f, nil
}

func width(s tables.Sheet) int {
	most := 0
	for _, row := range s.Rows {
		most = max(most, len(row))
	}
	return most
}

// markAuthor signs the notes of refused cells, so that they can be told from all others.
const markAuthor = "松水导入"

func mark(f *excelize.File, b tables.Book, errs []Wrong) error {
	for _, s := range b.Sheets {
		if err := plain(f, s); err != nil {
			return err
		}
	}
	type key struct{ sheet, cell string }
	said := map[key]string{}
	var order []key
	for _, e := range errs {
		if e.Row == 0 || e.Sheet == "" {
			continue
		}
		// What has no column of its own is said beside the reference, in the first.
		k := key{e.Sheet, fmt.Sprint(letters(max(1, e.column)), e.Row)}
		if before, ok := said[k]; ok {
			said[k] = before + "\n" + e.Message
			continue
		}
		order = append(order, k)
		said[k] = e.Message
	}
	red := map[int]int{}
	for _, k := range order {
		if err := redden(f, k.sheet, k.cell, red); err != nil {
			return err
		}
		if err := f.AddComment(k.sheet, excelize.Comment{Cell: k.cell, Author: markAuthor, Width: 260, Height: 90, Paragraph: []excelize.RichTextRun{{Text: said[k]}}}); err != nil {
			return err
		}
	}
	return nil
}

// plain takes off earlier marks and formulas. What a marked cell looked like before its column knows.
func plain(f *excelize.File, s tables.Sheet) error {
	comments, err := f.GetComments(s.Name)
	if err != nil {
		return err
	}
	for _, c := range comments {
		if c.Author != markAuthor {
			continue
		}
		if err := f.DeleteComment(s.Name, c.Cell); err != nil {
			return err
		}
		column, _, err := excelize.SplitCellName(c.Cell)
		if err != nil {
			return err
		}
		style, err := f.GetColStyle(s.Name, column)
		if err != nil {
			return err
		}
		if err := f.SetCellStyle(s.Name, c.Cell, c.Cell, style); err != nil {
			return err
		}
	}
	return withoutFormulas(f, s.Name)
}

// withoutFormulas puts values in the place of formulas. It goes through the copy's own rows: a formula that was never calculated has no value, and is in none of those that were read.
func withoutFormulas(f *excelize.File, sheet string) error {
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		return err
	}
	for i, row := range rows {
		for j, text := range row {
			cell := fmt.Sprint(letters(j+1), i+1)
			formula, err := f.GetCellFormula(sheet, cell)
			if err != nil {
				return err
			}
			if formula == "" {
				continue
			}
			if err := setPlain(f, sheet, cell, text); err != nil {
				return err
			}
		}
	}
	return nil
}

func setPlain(f *excelize.File, sheet, cell, text string) error {
	if err := f.SetCellFormula(sheet, cell, ""); err != nil {
		return err
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
		return f.SetCellFloat(sheet, cell, n, -1, 64)
	}
	return f.SetCellStr(sheet, cell, text)
}

// redden keeps a cell's form, of days and numbers, and makes it red; red holds the styles that were made, by those before.
func redden(f *excelize.File, sheet, cell string, red map[int]int) error {
	before, err := f.GetCellStyle(sheet, cell)
	if err != nil {
		return err
	}
	style, ok := red[before]
	if !ok {
		s, err := f.GetStyle(before)
		if err != nil {
			return err
		}
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFC7CE"}}
		if s.Font == nil {
			s.Font = &excelize.Font{}
		}
		s.Font.Color, s.Font.ColorTheme = "9C0006", nil
		if style, err = f.NewStyle(s); err != nil {
			return err
		}
		red[before] = style
	}
	return f.SetCellStyle(sheet, cell, cell, style)
}
