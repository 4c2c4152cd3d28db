package monthly

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/messages"
)

// Summary is the province's table of a month, or one office's own line of it.
type Summary struct {
	oversightapi.Board
	Now time.Time
}

// GatherSummary asks for the board of a month in the caller's name; q may restrict it and say of which day and moment.
func GatherSummary(ctx context.Context, c bus.Client, q oversightapi.Query, now time.Time) (Summary, error) {
	b, err := oversightapi.BoardClient{Client: c}.Board(ctx, q)
	return Summary{b, now}, err
}

// Title names the summary's file.
func (s *Summary) Title() string { return "全省" + monthWords(s.Month) + "专题行情况汇总" }

// Write writes the summary as a workbook ready to print.
func (s *Summary) Write(w io.Writer) error {
	return workbook(w, s.Title(), s.offices, s.sectors)
}

// figures are the columns of both sheets.
var figures = []struct {
	figure oversightapi.Figure
	title  string
}{
	{"exposed", "曝光"}, {"exposed-municipal", "市级\n媒体"}, {"exposed-other-levels", "其他\n级别"}, {"exposed-unplaced", "待认定"}, {"open", "未销号"},
	{"due-soon", "临期"}, {"overdue", "逾期"}, {"awaiting-check", "待验收"}, {"awaiting-media", "待媒体\n回访"}, {"closed", "已销号"},
	{"reopened", "重新\n挂账"}, {"transferred", "移送"}, {"listed", "挂牌"}, {"days-to-close-median", "销号\n天数\n中位"}, {"days-to-close-p90", "销号\n天数\n九成"},
	{"extensions-asked", "申请\n延期"}, {"extensions-granted", "同意\n延期"},
}

func (s *Summary) offices(f *excelize.File) error {
	p := &printer{f: f, sheet: "汇总表"}
	widths, heads := []float64{5, 13, 11, 11}, []any{"序号", "单位", "月报状态", "报送日期"}
	for _, x := range figures {
		widths, heads = append(widths, 6), append(heads, x.title)
	}
	widths, heads = append(widths, 16), append(heads, "备注")
	last := len(heads) - 1
	centred := func(i int) bool { return i != last }
	p.columns(widths...)
	p.line(s.Title(), look{font: "方正小标宋简体", size: 18, align: "center", height: 34})
	p.line(s.standing(), look{font: tableFont, size: 10, height: 18})
	p.cells(heads, centred, true)
	for i, o := range s.Offices {
		m := monthOf(o, s.Month)
		row := append([]any{i + 1, messages.Term("office", string(o.Office), messages.Chinese), m.state(), string(m.FiledOn)}, values(o.Figures)...)
		p.cells(append(row, lined(m.remarks())), centred, false)
	}
	p.cells(append(append([]any{"", "合计", s.told(), ""}, values(s.Total)...), ""), centred, false)
	p.line("注：案件为当月刊播、未撤回的案件；未销号含待交办、整改中、待验收、待媒体回访；销号天数自曝光之日起计，“九成”为百分之九十案件不超过的天数；报送日期由人员填报，“按系统…所知”为系统时间，“补录”为事后录入。", look{font: tableFont, size: 9, height: 18})
	return p.end(printed{area: fmt.Sprintf("$A$1:$%s$%d", p.last, p.at), heads: "$1:$3"})
}

func (s *Summary) sectors(f *excelize.File) error {
	p := &printer{f: f, sheet: "分行业"}
	widths, heads := []float64{6, 18}, []any{"序号", "行业领域"}
	for _, x := range figures {
		widths, heads = append(widths, 6.5), append(heads, x.title)
	}
	centred := func(int) bool { return true }
	p.columns(widths...)
	p.line(s.Title()+"（分行业）", look{font: "方正小标宋简体", size: 18, align: "center", height: 34})
	p.line(s.standing(), look{font: tableFont, size: 10, height: 18})
	p.cells(heads, centred, true)
	for i, x := range s.Sectors {
		p.cells(append([]any{i + 1, messages.Term("sector", x.Sector, messages.Chinese)}, values(x.Figures)...), centred, false)
	}
	p.cells(append([]any{"", "合计"}, values(s.Total)...), centred, false)
	return p.end(printed{area: fmt.Sprintf("$A$1:$%s$%d", p.last, p.at), heads: "$1:$3"})
}

// standing says of which day the figures are, and by what was known when.
func (s *Summary) standing() string {
	known := s.Now
	if !s.AsOf.IsZero() {
		known = s.AsOf
	}
	out := "截至：" + string(s.Day) + "　　按系统 " + known.In(events.Shanghai).Format("2006-01-02 15:04") + " 所知"
	if s.CalendarMissing {
		out += "　　（缺少有关年度放假安排，仅按周末计算）"
	}
	return out
}

// told counts the offices by what their month is worth.
func (s *Summary) told() string {
	var t tally
	for _, o := range s.Offices {
		if m := monthOf(o, s.Month); m.Shown != "" {
			t.add(messages.Term("return_shown", string(m.Shown), messages.Chinese))
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(t.String(), "、", "\n"), "件", "家")
}

func values(cells []oversightapi.Cell) []any {
	out := make([]any, len(figures))
	for i, x := range figures {
		for _, c := range cells {
			if c.Figure == x.figure && c.Value != nil {
				out[i] = *c.Value
			}
		}
	}
	return out
}

type monthCell struct{ oversightapi.MonthCell }

// monthOf gives an office's cell of the month; a zero one where it owes none.
func monthOf(o oversightapi.OfficeLine, m events.Month) monthCell {
	for _, c := range o.Returns {
		if c.Month == m {
			return monthCell{c}
		}
	}
	return monthCell{}
}

func (m monthCell) state() string {
	switch {
	case m.Shown == "":
		return "不需报送"
	case m.Kind != "":
		return messages.Term("recognition", m.Kind, messages.Chinese)
	}
	return messages.Term("return_shown", string(m.Shown), messages.Chinese)
}

func (m monthCell) remarks() []string {
	var out []string
	for _, x := range []struct {
		is   bool
		word string
	}{{m.Backdated, "补录"}, {m.ZeroReturn, "零报告"}, {m.OnlyOtherLevels, "仅在其他级别媒体曝光"}, {m.NothingExposed, "本月无曝光"}, {m.Unplaced, "媒体待认定"}, {m.Supplement, "有补报"}, {m.Overdue, "逾期"}} {
		if x.is {
			out = append(out, x.word)
		}
	}
	return out
}
