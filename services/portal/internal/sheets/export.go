package sheets

import (
	"context"
	"io"
	"strconv"

	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/tables"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

// MaxExported is how many cases one export of a search has at most: ten years of the whole province. It is made in memory, some ten megabytes.
const MaxExported = 20_000

// heads of an export, in both languages; cells gives what stands under them.
var heads = []struct {
	zh, en string
	width  float64
}{
	{"文号", "reference", 26}, {"单位", "office", 14}, {"行业领域", "sector", 14}, {"标题", "title", 50}, {"企业名称", "enterprise", 30}, {"县（市、区）", "county", 12}, {"案例类别", "category", 14},
	{"隐患级别", "hazard level", 12}, {"发现日期", "found", 13}, {"首次刊播", "first published", 13}, {"案例状态", "state", 12}, {"整改状态", "rectification", 12}, {"整改期限", "due", 13},
	{"逾期天数", "days overdue", 10}, {"罚款（元）", "penalty (yuan)", 12}, {"编号", "id", 30},
}

func cells(h portalapi.Hit, l messages.Language) []any {
	var overdue, penalty any
	if h.OverdueDays > 0 {
		overdue = h.OverdueDays
	}
	if h.PenaltyYuan != nil {
		penalty = *h.PenaltyYuan
	}
	return []any{h.Ref, messages.Term("office", h.Office, l), messages.Term("sector", h.Sector, l), h.Title, h.Enterprise, h.County, messages.Term("category", h.Category, l),
		messages.Term("hazard_level", h.HazardLevel, l), h.FoundOn, h.PublishedOn, messages.Term("state", h.State, l), messages.Term("rectification_state", h.RectificationState, l), h.DueOn,
		overdue, penalty, h.ID}
}

// Pages gives the pages of a search as it was found at once; from the cursor * on, then by what the page before gave.
type Pages func(cursor string) (portalapi.Found, error)

// Search asks archive for a search's pages in the caller's name.
func Search(ctx context.Context, params archiveapi.Params) Pages {
	return func(cursor string) (portalapi.Found, error) {
		p := archiveapi.Params{}
		if cursor == archiveapi.CursorStart {
			p = params
			p.Page = 0
		}
		p.Cursor, p.PerPage = cursor, archiveapi.MaxPerPage
		return view.Search(ctx, front.Of(ctx).Client, p)
	}
}

// First gives the first page of a search for an export: what it says of the log's position goes into the name of the file. A list that is too long for an export is refused.
func (pages Pages) First() (portalapi.Found, error) {
	found, err := pages(archiveapi.CursorStart)
	if err == nil && found.Total > MaxExported {
		var f fault.Fields
		f.AddArg("q", "too_many", strconv.Itoa(MaxExported))
		err = f.Err("portal: export")
	}
	return found, err
}

// Export writes every case of a search as a table, from its first page on; the same rows in either form.
func Export(ctx context.Context, w io.Writer, form string, found portalapi.Found, pages Pages) error {
	lang := front.Of(ctx).Language
	columns := make([]tables.Column, len(heads))
	for i, h := range heads {
		columns[i] = tables.Column{Title: h.zh, Width: h.width}
		if lang == messages.English {
			columns[i].Title = h.en
		}
	}
	out, err := tables.NewWriter(form, w, sheetNames[ofCase], columns)
	if err != nil {
		return err
	}
	for {
		for _, h := range found.Hits {
			if err := out.Row(cells(h, lang)...); err != nil {
				return err
			}
		}
		if found.Cursor == "" {
			return out.Close()
		}
		if found, err = pages(found.Cursor); err != nil {
			return err
		}
	}
}
