package monthly

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"songshui.internal/services/portal/internal/messages"
)

const tableSheet = "附表"

// Title names the return's file.
func (r *Return) Title() string {
	return r.officeName() + monthWords(r.Month) + "专题行月报"
}

// Write writes the return as a workbook ready to print.
func (r *Return) Write(w io.Writer) error {
	return workbook(w, r.Title(), r.letter, r.table)
}

var tableHeads = []struct {
	title   string
	width   float64
	centred bool
}{
	{"序号", 5, true}, {"文号", 14, false}, {"行业领域", 8, true}, {"隐患\n级别", 6, true}, {"企业名称\n（县、市、区）", 15, false}, {"曝光的主要问题", 27, false}, {"曝光媒体", 13, false}, {"媒体\n级别", 7, true},
	{"曝光日期", 11, true}, {"整改\n状态", 7, true}, {"整改期限", 11, true}, {"逾期\n天数", 6, true}, {"销号日期", 11, true}, {"备注", 11, false},
}

// table writes the cases, or that there are none.
func (r *Return) table(f *excelize.File) error {
	p := &printer{f: f, sheet: tableSheet}
	widths, heads := []float64{}, []any{}
	for _, h := range tableHeads {
		widths, heads = append(widths, h.width), append(heads, h.title)
	}
	centred := func(i int) bool { return tableHeads[i].centred }
	p.columns(widths...)
	p.line(monthWords(r.Month)+"“专题行”曝光案例整改情况表", look{font: "方正小标宋简体", size: 18, align: "center", height: 34})
	p.line(r.standing(), look{font: tableFont, size: 10, height: 18})
	p.cells(heads, centred, true)
	for i, c := range r.Cases {
		p.cells(c.row(i+1, r), centred, false)
	}
	if len(r.Cases) == 0 {
		p.line("本月无曝光案例（零报告）。原因："+r.zeroReason(), look{font: tableFont, size: 12, align: "center", height: 40})
	}
	p.line("注：逾期天数按整改期限（遇法定休息日顺延）计算，重新挂账的累计；媒体级别以省级媒体名录为准，“待认定”的暂不计入；标“补录”的为事后录入；曝光、报送、销号等日期由人员填报，“截至”为系统日期。", look{font: tableFont, size: 9, height: 18})
	return p.end(printed{area: fmt.Sprintf("$A$1:$%s$%d", p.last, p.at), heads: "$1:$3"})
}

// standing says under the title whose table it is and how the month stands.
func (r *Return) standing() string {
	parts := []string{"报送单位：" + r.officeName() + "安委会办公室", "文号：" + r.documentNo()}
	if f := r.filing(); f != nil {
		parts = append(parts, "报送日期："+string(f.On))
	} else {
		parts = append(parts, "尚未报送（报送时限："+string(r.Due)+"）")
	}
	state := "月报状态：" + r.shown()
	if r.ZeroReturn {
		state += "（零报告）"
	}
	if r.OnlyOtherLevels {
		state += "（仅在其他级别媒体曝光）"
	}
	if r.backdated() && r.Kind == "" {
		state += "（补录）"
	}
	return strings.Join(append(parts, state, "截至："+string(r.Today)), "　　")
}

// row is a case's; days are written as 2006-01-02.
func (c *Case) row(n int, r *Return) []any {
	var outlets, levels, days []string
	for _, p := range c.Exposures {
		outlets, days = append(outlets, p.Outlet), append(days, string(p.PublishedOn))
		level := "待认定"
		if p.Level != "" {
			level = strings.TrimSuffix(messages.Term("level", p.Level, messages.Chinese), "媒体")
		}
		levels = append(levels, level)
	}
	var problems []string
	for i, v := range c.Violations {
		problems = append(problems, fmt.Sprintf("%d. %s", i+1, v.Text))
	}
	due, overdue, closed := "", any(nil), ""
	if v := c.Rectification; v != nil {
		due = string(v.View.Due)
		if v.OverdueDays > 0 {
			overdue = v.OverdueDays
		}
		if v.View.ClosedOn != nil {
			closed = string(*v.View.ClosedOn)
		}
	}
	enterprise := c.Enterprise.Name
	if c.Enterprise.County != "" {
		enterprise += "\n（" + c.Enterprise.County + "）"
	}
	return []any{n, c.Ref, messages.Term("sector", c.Sector, messages.Chinese), strings.TrimSuffix(messages.Term("hazard_level", c.HazardLevel, messages.Chinese), "隐患"), enterprise, lined(problems), lined(outlets), lined(levels),
		lined(days), c.state(), due, overdue, closed, lined(c.remarks(r))}
}

// remarks say what a reader of the table should not miss.
func (c *Case) remarks(r *Return) []string {
	var out []string
	add := func(is bool, word string) {
		if is {
			out = append(out, word)
		}
	}
	add(c.Backdated, "补录")
	add(!municipalIn(*c, r.Month), "本月无市级媒体曝光，不计入")
	if v := c.Rectification; v != nil {
		if v.Listed {
			out = append(out, fmt.Sprintf("挂牌督办（%d级）", v.Grade))
		}
		add(v.Overdue, "逾期")
		add(v.DueSoon, "临期")
		add(v.FinishedLate, "逾期完成")
		add(len(v.Extensions) > 0, fmt.Sprintf("申请延期%d次", len(v.Extensions)))
	}
	return out
}
