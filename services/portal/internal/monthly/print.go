package monthly

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Fonts of official documents; a machine without one takes the nearest that it has.
const (
	bodyFont  = "仿宋_GB2312"
	tableFont = "宋体"
)

// look is how a line looks; zero values are the body's.
type look struct {
	font, colour, align string
	size, height        float64
	bold                bool
	// rule draws the red line under it.
	rule bool
}

// printer writes a sheet of lines across its columns. The first error is kept, and told by end.
type printer struct {
	f      *excelize.File
	sheet  string
	at     int
	last   string
	widths []float64
	err    error
}

func (p *printer) do(err error) {
	if p.err == nil && err != nil {
		p.err = fmt.Errorf("%s, row %d: %w", p.sheet, p.at, err)
	}
}

// columns begins the sheet, with the widths of its columns in characters.
func (p *printer) columns(widths ...float64) {
	_, err := p.f.NewSheet(p.sheet)
	p.do(err)
	p.widths = widths
	for i, w := range widths {
		p.last = letters(i + 1)
		p.do(p.f.SetColWidth(p.sheet, p.last, p.last, w))
	}
}

func letters(n int) string {
	name, err := excelize.ColumnNumberToName(n)
	if err != nil {
		return "A"
	}
	return name
}

func (p *printer) style(l look) int {
	if l.font == "" {
		l.font = bodyFont
	}
	if l.align == "" {
		l.align = "left"
	}
	s := &excelize.Style{Font: &excelize.Font{Family: l.font, Size: l.size, Bold: l.bold, Color: l.colour}, Alignment: &excelize.Alignment{Horizontal: l.align, Vertical: "center", WrapText: true}, NumFmt: 49}
	if l.rule {
		s.Border = []excelize.Border{{Type: "bottom", Color: "C00000", Style: 5}}
		s.Alignment.Vertical = "top"
	}
	id, err := p.f.NewStyle(s)
	p.do(err)
	return id
}

// line writes a text across all columns; without a height it gets the lines that it takes.
func (p *printer) line(text string, l look) {
	p.at++
	first, last := fmt.Sprint("A", p.at), fmt.Sprint(p.last, p.at)
	if l.height == 0 {
		l.height = float64(linesOf(text, letterWidth)) * lineHeight
	}
	p.do(p.f.SetRowHeight(p.sheet, p.at, l.height))
	p.do(p.f.SetCellStr(p.sheet, first, text))
	p.do(p.f.SetCellStyle(p.sheet, first, last, p.style(l)))
	p.do(p.f.MergeCell(p.sheet, first, last))
}

// pair writes a text at the left and one at the right.
func (p *printer) pair(left, right string, l look) {
	p.at++
	first, last := fmt.Sprint("A", p.at), fmt.Sprint(p.last, p.at)
	p.do(p.f.SetRowHeight(p.sheet, p.at, l.height))
	p.do(p.f.SetCellStr(p.sheet, first, left))
	p.do(p.f.SetCellStyle(p.sheet, first, first, p.style(l)))
	l.align = "right"
	p.do(p.f.SetCellStr(p.sheet, last, right))
	p.do(p.f.SetCellStyle(p.sheet, last, last, p.style(l)))
}

// cells writes a row of a table; texts are left, numbers and short texts centred as centred says. What is nil stays empty.
func (p *printer) cells(values []any, centred func(i int) bool, head bool) {
	p.at++
	lines := 1
	for i, v := range values {
		cell := fmt.Sprint(letters(i+1), p.at)
		switch v := v.(type) {
		case string:
			lines = max(lines, linesOf(v, p.widths[i]*perWidth))
			p.do(p.f.SetCellStr(p.sheet, cell, v))
		case int:
			p.do(p.f.SetCellInt(p.sheet, cell, int64(v)))
		}
		p.do(p.f.SetCellStyle(p.sheet, cell, cell, p.cellStyle(head, centred(i))))
	}
	// Not every program fits rows to their texts when it opens a file.
	p.do(p.f.SetRowHeight(p.sheet, p.at, min(float64(lines)*cellLine+6, maxHeight)))
}

const (
	// perWidth is how many characters of a table's cell fit into one of a column's width.
	perWidth = 0.5
	// cellLine is one line's height in a table's cell, in points, with room for fonts taller than the one asked for; maxHeight what a row may have at most.
	cellLine, maxHeight = 15.5, 409
)

func (p *printer) cellStyle(head, centred bool) int {
	border := func(side string) excelize.Border { return excelize.Border{Type: side, Color: "000000", Style: 1} }
	s := &excelize.Style{Font: &excelize.Font{Family: tableFont, Size: 10, Bold: head}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true, Horizontal: "left"},
		Border: []excelize.Border{border("left"), border("right"), border("top"), border("bottom")}}
	if head || centred {
		s.Alignment.Horizontal = "center"
	}
	if head {
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF4"}}
	}
	id, err := p.f.NewStyle(s)
	p.do(err)
	return id
}

// printed says how a sheet is printed on A4.
type printed struct {
	portrait bool
	// area is what is printed; heads are the rows that each page repeats, "" for none.
	area, heads string
}

const paperA4 = 9

// end sets how the sheet is printed, and gives the first error.
func (p *printer) end(how printed) error {
	landscape, paper, wide, high, fit := "landscape", paperA4, 1, 0, true
	if how.portrait {
		landscape = "portrait"
	}
	p.do(p.f.SetPageLayout(p.sheet, &excelize.PageLayoutOptions{Size: &paper, Orientation: &landscape, FitToWidth: &wide, FitToHeight: &high}))
	p.do(p.f.SetSheetProps(p.sheet, &excelize.SheetPropsOptions{FitToPage: &fit}))
	grid := false
	p.do(p.f.SetSheetView(p.sheet, 0, &excelize.ViewOptions{ShowGridLines: &grid}))
	quoted := "'" + p.sheet + "'!"
	p.do(p.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Area", RefersTo: quoted + how.area, Scope: p.sheet}))
	if how.heads != "" {
		p.do(p.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: quoted + how.heads, Scope: p.sheet}))
	}
	centred := true
	margins := &excelize.PageLayoutMarginsOptions{Left: inch(15), Right: inch(15), Top: inch(18), Bottom: inch(18), Header: inch(8), Footer: inch(8), Horizontally: &centred}
	if how.portrait {
		// The type area of GB/T 9704.
		margins.Left, margins.Right, margins.Top, margins.Bottom = inch(28), inch(26), inch(37), inch(35)
	}
	p.do(p.f.SetPageMargins(p.sheet, margins))
	footer := &excelize.HeaderFooterOptions{OddFooter: "&C第 &P 页，共 &N 页"}
	if how.portrait {
		footer.OddFooter = "&C— &P —"
	}
	p.do(p.f.SetHeaderFooter(p.sheet, footer))
	return p.err
}

func inch(mm float64) *float64 {
	v := mm / 25.4
	return &v
}

// workbook writes the sheets that parts make, the first one in front.
func workbook(w io.Writer, title string, parts ...func(*excelize.File) error) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	for _, part := range parts {
		if err := part(f); err != nil {
			return fmt.Errorf("portal: %s: %w", title, err)
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		return fmt.Errorf("portal: %s: %w", title, err)
	}
	f.SetActiveSheet(0)
	if err := f.SetDocProps(&excelize.DocProperties{Title: title, Creator: "松水", LastModifiedBy: "松水"}); err != nil {
		return fmt.Errorf("portal: %s: %w", title, err)
	}
	if _, err := f.WriteTo(w); err != nil {
		return fmt.Errorf("portal: %s: %w", title, err)
	}
	return nil
}

func lined(parts []string) string { return strings.Join(parts, "\n") }
