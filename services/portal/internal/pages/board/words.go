package board

import (
	"slices"

	"songshui.internal/services/portal/internal/messages"
)

type text struct{ zh, en string }

func (t text) in(l messages.Language) string {
	if l == messages.English {
		return t.en
	}
	return t.zh
}

// parts are the groups in which the figures are shown; each figure is in one.
var parts = []struct {
	name    text
	figures []string
}{
	{text{"曝光", "Exposed"}, []string{"exposed", "exposed-municipal", "exposed-other-levels", "exposed-unplaced"}},
	{text{"整改", "Rectification"}, []string{"open", "pending", "in-progress", "due-soon", "overdue", "awaiting-check", "awaiting-check-late", "awaiting-media", "awaiting-media-late", "closed", "finished-late", "reopened", "transferred", "not-applicable", "listed"}},
	{text{"销号天数", "Days to close"}, []string{"days-to-close-median", "days-to-close-p90"}},
	{text{"延期", "Extensions"}, []string{"extensions-asked", "extensions-granted", "extensions-late", "decisions-in-time", "decisions-late"}},
	{text{"月报（单位·月）", "Returns (offices × months)"}, []string{"returns-running", "returns-awaiting-receipt", "returns-returned", "returns-met", "returns-met-late", "returns-recognised", "returns-missed",
		"returns-in-time", "returns-late", "months-other-levels", "months-nothing-exposed"}},
}

var words = map[string]text{
	"exposed": {"曝光案件", "cases exposed"}, "exposed-municipal": {"市级媒体", "by municipal media"}, "exposed-other-levels": {"仅其他级别", "at other levels only"}, "exposed-unplaced": {"媒体待认定", "by media to be placed"},
	"open": {"未销号", "open"}, "pending": {"待交办", "pending"}, "in-progress": {"整改中", "in progress"}, "due-soon": {"临期", "due soon"}, "overdue": {"逾期", "overdue"},
	"awaiting-check": {"待验收", "awaiting check"}, "awaiting-check-late": {"待验收超期", "check late"}, "awaiting-media": {"待媒体回访", "awaiting media"}, "awaiting-media-late": {"回访超期", "media late"},
	"closed": {"已销号", "closed"}, "reopened": {"重新挂账", "reopened"}, "transferred": {"已移送", "transferred"}, "not-applicable": {"不适用", "not applicable"}, "finished-late": {"逾期完成", "finished late"}, "listed": {"挂牌督办", "listed"},
	"days-to-close-median": {"中位数", "median"}, "days-to-close-p90": {"九成以内", "90th percentile"},
	"extensions-asked": {"申请延期", "asked"}, "extensions-granted": {"同意延期", "granted"}, "extensions-late": {"申请过晚", "asked late"}, "decisions-in-time": {"按时答复", "decided in time"}, "decisions-late": {"答复超期", "decided late"},
	"returns-running": {"进行中", "running"}, "returns-awaiting-receipt": {"待省收", "awaiting receipt"}, "returns-returned": {"退回待补", "sent back"}, "returns-met": {"已完成", "met"}, "returns-met-late": {"已完成（迟报）", "met, late"},
	"returns-recognised": {"认定/补录", "recognised"}, "returns-missed": {"未完成", "missed"}, "returns-in-time": {"按时报送", "in time"}, "returns-late": {"迟报", "late"},
	"months-other-levels": {"仅其他级别 †", "other levels only †"}, "months-nothing-exposed": {"当月无曝光", "nothing exposed"},
}

// Figure gives a figure's words; an unknown one comes back as it is.
func Figure(name string, l messages.Language) string {
	if t, ok := words[name]; ok {
		return t.in(l)
	}
	return name
}

// heading gives a figure's words under the name of its group, as a page's title.
func heading(name string, l messages.Language) string {
	for _, p := range parts {
		if slices.Contains(p.figures, name) {
			return p.name.in(l) + " · " + Figure(name, l)
		}
	}
	return name
}

// LateWord gives the words for a figure of who is late.
func (d data) LateWord(figure string) string {
	return map[string]text{"overdue": {"整改逾期", "Rectification overdue"}, "awaiting-check-late": {"验收超期", "Site check late"}, "awaiting-media-late": {"媒体回访超期", "Media follow-up late"}}[figure].in(d.L)
}
