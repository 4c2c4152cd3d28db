package tables

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Error says why a file can't be read as a table: a code with words in portal's messages, and where, if it lies in one place.
type Error struct {
	Code  string
	Sheet string
	Row   int
	Arg   string
}

func (e *Error) Error() string {
	where := ""
	if e.Sheet != "" {
		where = fmt.Sprintf(" (%s, row %d)", e.Sheet, e.Row)
	}
	return "tables: " + e.Code + where
}

// Codes of errors.
const (
	CodeEmpty        = "empty"
	CodeTooLarge     = "table_too_large"
	CodeOldXLS       = "table_old_xls"
	CodeEncrypted    = "table_encrypted"
	CodeNoTable      = "table_unknown_form"
	CodeDamaged      = "table_damaged"
	CodeMacros       = "table_macros"
	CodeExternal     = "table_external_links"
	CodeUnpacked     = "table_unpacked_too_large"
	CodeTooManyRows  = "table_too_many_rows"
	CodeTooManyCols  = "table_too_many_columns"
	CodeTooManyParts = "table_too_many_parts"
	CodeEncoding     = "encoding"
	CodeCellTooLong  = "too_long"
)

// Forms of files.
const (
	XLSX = "xlsx"
	CSV  = "csv"
)

// Sheet is a sheet's rows, the first row first. Cells are as they are stored, not as they show: a number whole whatever its format, a day as its count (see Book.Day). Rows and cells that are
// empty at the end are left out.
type Sheet struct {
	Name string
	Rows [][]string
}

// Book is what was read.
type Book struct {
	Form   string
	Sheets []Sheet
	// From1904 says that the workbook counts its days from 1904, as those of old Macs do.
	From1904 bool
}

// Day gives the day that a workbook's count stands for; the time of a count that isn't whole is left out.
func (b Book) Day(count float64) time.Time {
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC) // two days early: workbooks take 1900 for a leap year
	if b.From1904 {
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return first.AddDate(0, 0, int(count))
}

var (
	magicZip = []byte("PK\x03\x04")
	magicOLE = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
)

// Read reads a table; an *Error says why one can't be.
func Read(data []byte) (Book, error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return Book{}, &Error{Code: CodeEmpty}
	case len(data) > MaxFile:
		return Book{}, &Error{Code: CodeTooLarge, Arg: fmt.Sprint(MaxFile >> 20)}
	case bytes.HasPrefix(data, magicOLE):
		// An encrypted .xlsx has the same frame as an old .xls.
		if bytes.Contains(data, utf16le("EncryptedPackage")) {
			return Book{}, &Error{Code: CodeEncrypted}
		}
		return Book{}, &Error{Code: CodeOldXLS}
	case bytes.HasPrefix(data, magicZip):
		return readWorkbook(data)
	}
	return readCSV(data)
}

func utf16le(s string) []byte {
	var out []byte
	for _, r := range s {
		out = append(out, byte(r), 0)
	}
	return out
}

func readWorkbook(data []byte) (Book, error) {
	if err := inspect(data); err != nil {
		return Book{}, err
	}
	// Parts over a chunk go to a temporary file, which Close removes.
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: MaxUnpacked, UnzipXMLSizeLimit: 16 << 20, RawCellValue: true})
	if err != nil {
		return Book{}, &Error{Code: CodeDamaged, Arg: err.Error()}
	}
	defer func() { _ = f.Close() }()
	names := f.GetSheetList()
	if len(names) > MaxSheets {
		return Book{}, &Error{Code: CodeTooManyParts, Arg: fmt.Sprint(MaxSheets)}
	}
	props, err := f.GetWorkbookProps()
	if err != nil {
		return Book{}, &Error{Code: CodeDamaged, Arg: err.Error()}
	}
	b := Book{Form: XLSX, From1904: props.Date1904 != nil && *props.Date1904}
	for _, name := range names {
		s, err := readSheet(f, name)
		if err != nil {
			return Book{}, err
		}
		b.Sheets = append(b.Sheets, s)
	}
	return b, nil
}

// inspect unpacks every part once, counting: what the directory of a zip says of sizes may be a lie.
func inspect(data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return &Error{Code: CodeDamaged, Arg: err.Error()}
	}
	if len(z.File) > MaxParts {
		return &Error{Code: CodeTooManyParts, Arg: fmt.Sprint(MaxParts)}
	}
	left, workbook := int64(MaxUnpacked), false
	for _, part := range z.File {
		name := strings.ToLower(part.Name)
		switch {
		case name == "xl/workbook.xml":
			workbook = true
		case strings.Contains(name, "vbaproject"):
			return &Error{Code: CodeMacros}
		case strings.HasPrefix(name, "xl/externallinks/"), name == "xl/connections.xml", strings.HasPrefix(name, "xl/embeddings/"), strings.HasPrefix(name, "xl/querytables/"):
			return &Error{Code: CodeExternal}
		}
		if part.UncompressedSize64 > uint64(left) {
			return &Error{Code: CodeUnpacked, Arg: fmt.Sprint(MaxUnpacked >> 20)}
		}
		n, err := measure(part, left)
		if err != nil {
			return &Error{Code: CodeDamaged, Arg: err.Error()}
		}
		if left -= n; left < 0 {
			return &Error{Code: CodeUnpacked, Arg: fmt.Sprint(MaxUnpacked >> 20)}
		}
	}
	if !workbook {
		return &Error{Code: CodeNoTable}
	}
	return nil
}

func measure(part *zip.File, left int64) (int64, error) {
	r, err := part.Open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }()
	counted := &counter{r: io.LimitReader(r, left+1)}
	if name := strings.ToLower(part.Name); strings.HasPrefix(name, "xl/") && strings.HasSuffix(name, ".xml") {
		if err := wellFormed(counted); err != nil && counted.n <= left {
			return counted.n, err
		}
	}
	_, err = io.Copy(io.Discard, counted)
	return counted.n, err
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// maxDepth of elements; a worksheet has eight.
const maxDepth = 64

// wellFormed reads a part to its end: the parser after it takes what stands before a break for all there is, and rows would be lost without a word.
func wellFormed(r io.Reader) error {
	d := xml.NewDecoder(r)
	for depth := 0; ; {
		t, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && depth == 0:
			return nil
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return errors.New("elements are nested too deeply")
			}
		case xml.EndElement:
			if depth--; depth < 0 {
				return errors.New("an element ends that never began")
			}
		case xml.Directive:
			return errors.New("a document type, which no workbook has")
		}
	}
}

func readSheet(f *excelize.File, name string) (Sheet, error) {
	s := Sheet{Name: name}
	rows, err := f.Rows(name)
	if err != nil {
		return s, &Error{Code: CodeDamaged, Sheet: name, Arg: err.Error()}
	}
	defer func() { _ = rows.Close() }()
	number := 0
	for rows.Next() {
		if number++; number > MaxRows {
			return s, &Error{Code: CodeTooManyRows, Sheet: name, Row: number, Arg: fmt.Sprint(MaxRows)}
		}
		cells, err := rows.Columns()
		if err != nil {
			return s, &Error{Code: CodeDamaged, Sheet: name, Row: number, Arg: err.Error()}
		}
		if err := check(name, number, cells); err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, trimmed(cells))
	}
	if err := rows.Error(); err != nil {
		return s, &Error{Code: CodeDamaged, Sheet: name, Row: number, Arg: err.Error()}
	}
	for len(s.Rows) > 0 && len(s.Rows[len(s.Rows)-1]) == 0 {
		s.Rows = s.Rows[:len(s.Rows)-1]
	}
	return s, nil
}

func check(sheet string, row int, cells []string) error {
	if len(cells) > MaxColumns {
		return &Error{Code: CodeTooManyCols, Sheet: sheet, Row: row, Arg: fmt.Sprint(MaxColumns)}
	}
	for _, c := range cells {
		if utf8.RuneCountInString(c) > MaxCell {
			return &Error{Code: CodeCellTooLong, Sheet: sheet, Row: row, Arg: fmt.Sprint(MaxCell)}
		}
	}
	return nil
}

func trimmed(cells []string) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// SheetOfCSV is the name that a CSV's only sheet has.
const SheetOfCSV = "CSV"

var bom = []byte("\xef\xbb\xbf")

// readCSV reads UTF-8 with or without a byte-order mark, or GBK (as Excel in China saves it), with commas, semicolons or tabs.
func readCSV(data []byte) (Book, error) {
	text := bytes.TrimPrefix(data, bom)
	if !utf8.Valid(text) {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text)
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return Book{}, &Error{Code: CodeEncoding}
		}
		text = decoded
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return Book{}, &Error{Code: CodeNoTable}
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	comma := ','
	for _, c := range []rune{';', '\t'} {
		if bytes.Count(first, []byte(string(c))) > bytes.Count(first, []byte(string(comma))) {
			comma = c
		}
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = comma, -1, false
	s := Sheet{Name: SheetOfCSV}
	ended := 0
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			e := &Error{Code: CodeDamaged, Sheet: s.Name, Arg: err.Error()}
			var p *csv.ParseError
			if errors.As(err, &p) {
				e.Row = p.StartLine
			}
			return Book{}, e
		}
		line, _ := r.FieldPos(0)
		// The reader passes over empty lines, which are rows wherever people look at the file.
		empty := line - ended - 1
		if len(s.Rows)+empty >= MaxRows {
			return Book{}, &Error{Code: CodeTooManyRows, Sheet: s.Name, Row: MaxRows + 1, Arg: fmt.Sprint(MaxRows)}
		}
		s.Rows = append(s.Rows, make([][]string, empty)...)
		last, _ := r.FieldPos(len(cells) - 1)
		ended = last + strings.Count(cells[len(cells)-1], "\n")
		if err := check(s.Name, len(s.Rows)+1, cells); err != nil {
			return Book{}, err
		}
		s.Rows = append(s.Rows, trimmed(unguarded(cells)))
	}
	return Book{Form: CSV, Sheets: []Sheet{s}}, nil
}

// unguarded takes the apostrophe off that Writer puts before what would be a formula, so that an export can be loaded again.
func unguarded(cells []string) []string {
	for i, c := range cells {
		if rest, ok := strings.CutPrefix(c, "'"); ok && guarded(rest) {
			cells[i] = rest
		}
	}
	return cells
}
