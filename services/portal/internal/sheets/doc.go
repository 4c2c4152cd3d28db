// Package sheets is how offices bring cases in and take lists out as tables: the template, loading it, the copy with the refused cells marked, and the export of any search.
//
// # Loading
//
// Rows are put together by 文号, in the form in which references are compared, whatever sheet they stand on: the template has a sheet for cases and one each for violations, publications and media, and one
// flat table does as well. Heads are known by their words, wherever they stand within the first rows; a column that isn't known is passed over. Each case goes through intake's own submission, so a file
// has no rules of its own: a cell that can't be read goes as it stands, and what a form would refuse is refused here, all of it at once, with sheet, row and column. Loading a file again doubles nothing.
//
// A case is sent only when it is certain to be whole. Two different cases under one reference both wait; and where a row of a list fits no case, so do the cases that have no row of that list: sent without it, the mended
// file would be another case under a reference that is taken. A case that was sent and then changed in the file is refused as other_content: cases are changed by amend and correct.
//
// # The marked copy
//
// The refused cells are red, each with a note; a CSV becomes a workbook. Marks of an earlier copy are taken off, and formulas give way to their values. The copy is made by loading the file again: nothing is kept.
//
// # Failure
//
// A file is read whole within the limits of package tables before the first case is sent, two files at a time. When a backing is away half-way, the cases that were sent stay and the request is refused as unavailable; the
// file is loaded again. The package writes nothing but what intake writes.
package sheets

// Limits of one file.
const (
	// MaxCases of one file: a year of an office has some dozen, of all offices some hundred.
	MaxCases = 2000
	// MaxErrors that are listed; a file with more is wrong in its form.
	MaxErrors = 5000
	// AtOnce is how many cases are on their way at once: commits share a sync. With 16 a thousand rows took half as long again.
	AtOnce = 64
)
