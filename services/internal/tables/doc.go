// Package tables reads and writes the tables that offices exchange: workbooks (.xlsx), and CSV in UTF-8 or GBK. It knows nothing of what is in them.
//
// # Reading
//
// [Read] tells the form by the content, never by the name. A workbook is unpacked within named limits before anything parses it, so a zip bomb, a sheet of a million empty rows, sixteen thousand columns,
// a link to another file, or a macro ends in one clear [Error] with bounded memory. Rows are handed on one by one. Old .xls and everything else is refused with what to do.
//
// # Writing
//
// [Writer] writes the same rows as .xlsx or as CSV with a byte-order mark. Nothing that a person typed can become a formula: in a workbook cells are typed as text or numbers, in CSV a text that a
// program would read as a formula gets an apostrophe before it, as OWASP advises.
package tables

// Limits of what is read. A return of a year has some thousand rows; beyond these a file is a mistake or an attack.
const (
	// MaxFile is how large a table may be, in bytes.
	MaxFile = 20 << 20
	// MaxUnpacked bounds all parts of a workbook together, in bytes: three times a sheet of MaxRows.
	MaxUnpacked = 64 << 20
	// MaxParts of a workbook: an honest one has some dozen.
	MaxParts = 512
	// MaxRows of a sheet, empty ones too.
	MaxRows = 20_000
	// MaxColumns of a sheet, empty ones too; the template has 26.
	MaxColumns = 128
	// MaxSheets of a workbook.
	MaxSheets = 32
	// MaxCell is how long a cell may be, in characters: what Excel itself takes.
	MaxCell = 32_767
)
