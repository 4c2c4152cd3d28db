// Package monthly makes what is printed of a month: an office's return 月报, and the province's summary, as workbooks.
//
// A return's first sheet is the covering letter after GB/T 9704-2012: 发文字号 with the year in 〔〕 at the left and 签发人 at the right as on upward documents, the letter to the province's office, the seal's line
// and the day; its second the table of the cases. Before the return is filed it holds what the office has published in the month, so that it can be printed, signed and filed; what isn't known
// is left as a line to fill in. Telephone numbers aren't in the system. The summary is the board of one month: an office a row, the sectors on a second sheet.
//
// The package asks oversight, intake and rectification in the caller's name and shows what they show; it keeps and writes nothing. Days are in Asia/Shanghai, money and counts whole. Nothing that a
// person typed can become a formula: all of it is written as text.
package monthly

// Limits of one workbook.
const (
	// MaxCases of a return's table, like those of a return.
	MaxCases = 500
	// atOnce is how many cases are asked for at once.
	atOnce = 8
)
