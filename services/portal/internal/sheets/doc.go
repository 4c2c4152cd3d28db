// Package sheets is how offices bring cases in and take lists out as tables: the template, loading it, the copy with the refused cells marked, and the export of any search.
//
// Loading goes through intake's own submission, one case at a time, so a file has no rules of its own: what a form would refuse is refused here, with sheet, row and column, and loading a file again
// doubles nothing. The package writes nothing else and keeps nothing: the marked copy is made by loading the file again.
//
// A file is read whole within the limits of package tables before the first case is sent. A crash half-way leaves the cases that were sent; the file is loaded again.
package sheets

// Limits of one file.
const (
	// MaxCases of one file: a year of an office has some dozen, of all offices some hundred.
	MaxCases = 2000
	// MaxErrors that are listed; a file with more is wrong in its form.
	MaxErrors = 5000
	// AtOnce is how many cases are on their way at once: enough for commits to share a sync.
	AtOnce = 64
)
