package archive

import (
	"reflect"

	"songshui.internal/services/internal/fault"
)

const (
	// CursorStart is the cursor that freezes a list: its pages hold the cases found now, in this order, whatever happens meanwhile; only what may no longer be seen is left out.
	CursorStart = "*"
	// MaxFrozen is how many cases a frozen list has at most: fifty years of the whole province.
	MaxFrozen = 100_000
)

// Continues says that the next page of a frozen list is asked for.
func (p Params) Continues() bool { return p.Cursor != "" && p.Cursor != CursorStart }

// cursorAlone checks that nothing stands beside a cursor that has been frozen with it.
func (p Params) cursorAlone(wrong *fault.Fields) {
	switch {
	case p.Cursor == CursorStart && p.Page > 1:
		wrong.Add("page", "cursor_only")
	case p.Continues():
		beside := p
		beside.Cursor, beside.PerPage, beside.MinSeq = "", 0, 0
		if beside.Page == 1 {
			beside.Page = 0
		}
		if !reflect.DeepEqual(beside, Params{}) {
			wrong.Add("cursor", "cursor_only")
		}
	}
}
