package sheets

import (
	"bytes"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"songshui.internal/services/internal/tables"
)

// Marked writes a copy of a file with the refused cells in red, each with a note that says why; a CSV becomes a workbook. data must have been read by Load.
func Marked(w io.Writer, data []byte, errs []Wrong) error {
	book, err := tables.Read(data)
	if err != nil {
		return refusal(err)
	}
	f, err := open(book, data)
	if err != nil {
		return fmt.Errorf("sheets: marked copy: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := mark(f, errs); err != nil {
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
	return f, nil
}

func mark(f *excelize.File, errs []Wrong) error {
	red, err := f.NewStyle(&excelize.Style{Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFC7CE"}}, Font: &excelize.Font{Color: "9C0006"}, NumFmt: 49,
		Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	if err != nil {
		return err
	}
	said := map[string]string{}
	order := []string{}
	for _, e := range errs {
		if e.Row == 0 || e.Sheet == "" {
			continue
		}
		// What has no column of its own is said beside the reference, in the first.
		cell := fmt.Sprint(letters(max(1, e.column)), e.Row)
		key := e.Sheet + "\x00" + cell
		if said[key] == "" {
			order = append(order, key)
			said[key] = e.Message
			continue
		}
		said[key] += "\n" + e.Message
	}
	for _, key := range order {
		sheet, cell, _ := bytes.Cut([]byte(key), []byte{0})
		if err := f.SetCellStyle(string(sheet), string(cell), string(cell), red); err != nil {
			return err
		}
		_ = f.DeleteComment(string(sheet), string(cell)) // a note of an earlier loading
		if err := f.AddComment(string(sheet), excelize.Comment{Cell: string(cell), Author: "松水", Paragraph: []excelize.RichTextRun{{Text: said[key]}}}); err != nil {
			return err
		}
	}
	return nil
}
