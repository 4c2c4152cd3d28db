package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// The campaign's months that are over, and of them the one whose returns are filed here; the others were before the system.
var (
	pastMonths = []string{"2026-06", "2026-07", "2026-08", "2026-09", "2026-10"}
	filedMonth = "2026-10"
	// thisMonth is shown beside them.
	thisMonth = "2026-11"
)

// sentBack is the office whose return the province sends back once.
const sentBack = "changchun"

type expectedQuota struct {
	Quota map[string]struct {
		Met             []string `json:"met"`
		Missed          []string `json:"missed"`
		OnlyOtherLevels []string `json:"only_other_levels"`
	} `json:"quota"`
}

// returns has every office's signer file the last month's return, the province receive them, one after it was sent back, and the months before the system recognised as 补录 where a municipal outlet published a case.
func (d *Demo) returns(ctx context.Context) error {
	fmt.Fprintln(d.Out, d.Say("各单位报送十月月报，省级签收；以前各月由省级补录……", "the offices file October's return, the province receives; the months before are entered from paper…"))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, office := range offices {
		g.Go(func() error { return d.file(ctx, office) })
	}
	return g.Wait()
}

func (d *Demo) file(ctx context.Context, office string) error {
	signer, province := d.client(office+"-1"), d.client("supervisor")
	give := func(asProvince bool, month, name string, body map[string]any) {
		c := signer
		if asProvince {
			c = province
		}
		if _, err := c.CommandReturn(ctx, office, month, name, "", body); err != nil {
			d.wrong("%s %s: %s: %v", office, month, name, err)
		}
	}
	now, err := signer.Return(ctx, office, filedMonth)
	if err != nil {
		return err
	}
	body := map[string]any{"document_no": officeNames[office] + "安委办报〔2026〕10号"}
	if len(now.Published) == 0 {
		body["zero_reason"] = "本月未组织曝光"
	}
	give(false, filedMonth, "file", body)
	if office == sentBack {
		give(true, filedMonth, "return", map[string]any{"reason": "整改责任人未写明，请补充后再报"})
		body["document_no"] = officeNames[office] + "安委办报〔2026〕11号"
		give(false, filedMonth, "file", body)
	}
	give(true, filedMonth, "receive", map[string]any{})
	for _, month := range pastMonths {
		if month == filedMonth {
			continue
		}
		past, err := province.Return(ctx, office, month)
		if err != nil {
			return err
		}
		if len(past.Published) > 0 && !past.OnlyOtherLevels && !past.Unplaced {
			give(true, month, "recognise", map[string]any{"kind": "paper", "reason": "系统启用前已按月报送，纸质月报存档"})
		}
	}
	return nil
}

// met are the states of a month that count.
var met = []string{"met", "met-late", "recognised"}

// quota holds what the system shows of each office and month against the expected, and prints the province's table.
func (d *Demo) quota(ctx context.Context) (matches bool, err error) {
	var want expectedQuota
	if err := readJSON("expected.json", &want); err != nil {
		return false, err
	}
	shown := map[string]map[string]string{}
	matches = true
	for _, month := range append(slices.Clone(pastMonths), thisMonth) {
		got, err := d.client("supervisor").Returns(ctx, url.Values{"month": {month}})
		if err != nil {
			return false, err
		}
		if len(got.Returns) != len(offices) {
			d.wrong("%s: %d returns", month, len(got.Returns))
		}
		for _, r := range got.Returns {
			if shown[r.Office] == nil {
				shown[r.Office] = map[string]string{}
			}
			shown[r.Office][month] = d.mark(r.Shown, r.OnlyOtherLevels)
			counts := slices.Contains(met, r.Shown)
			if month != thisMonth && (counts != slices.Contains(want.Quota[month].Met, r.Office) || counts == slices.Contains(want.Quota[month].Missed, r.Office)) {
				matches = false
				d.wrong("%s %s: shown as %s, which the sample's quota denies", r.Office, month, r.Shown)
			}
		}
	}
	d.table(shown)
	return matches, d.returned(ctx)
}

// returned prints the month's returns that the province sent back, and what became of them.
func (d *Demo) returned(ctx context.Context) error {
	var list []string
	for _, office := range offices {
		r, err := d.client("supervisor").Return(ctx, office, filedMonth)
		if err != nil {
			return err
		}
		for _, f := range r.Filings {
			if f.Result == "returned" {
				list = append(list, fmt.Sprintf(d.Say("%s%s（%s；现为%s）", "%s %s (%s; now %s)"), d.Say(officeNames[office], office), filedMonth, f.Reason, d.mark(r.Shown, r.OnlyOtherLevels)))
			}
		}
	}
	if len(list) != 1 {
		d.wrong("%d returns of %s were sent back", len(list), filedMonth)
	}
	fmt.Fprintf(d.Out, d.Say("%s %d 件：%s\n", "%s: %d: %s\n"), d.Say("月报退回", "returns sent back"), len(list), strings.Join(list, d.Say("、", ", ")))
	return nil
}

// mark is a state as the table shows it; † = exposed at another level only.
func (d *Demo) mark(state string, onlyOther bool) string {
	zh := map[string]string{"running": "进行中", "awaiting-receipt": "待省收", "returned": "退回", "met": "完成", "met-late": "迟报", "recognised": "补录", "missed": "未完成"}
	en := map[string]string{"awaiting-receipt": "to receive", "met-late": "late", "recognised": "paper"}
	s := d.Say(zh[state], state)
	if short, ok := en[state]; ok && s == state {
		s = short
	}
	if onlyOther {
		s += "†"
	}
	return s
}

// table prints office × month.
func (d *Demo) table(shown map[string]map[string]string) {
	fmt.Fprintln(d.Out, d.Say("全省各月完成情况（† 仅在其他级别媒体曝光）：", "the province's table († exposed at another level only):"))
	months := append(slices.Clone(pastMonths), thisMonth)
	heads := []string{""}
	for _, m := range months {
		heads = append(heads, m[2:])
	}
	d.line(heads)
	for _, o := range offices {
		cells := []string{d.Say(officeNames[o], o)}
		for _, m := range months {
			cells = append(cells, shown[o][m])
		}
		d.line(cells)
	}
}

var officeNames = map[string]string{"changchun": "长春市", "jilin": "吉林市", "siping": "四平市", "liaoyuan": "辽源市", "tonghua": "通化市", "baishan": "白山市", "songyuan": "松原市", "baicheng": "白城市",
	"yanbian": "延边州", "changbaishan": "长白山管委会", "meihekou": "梅河口市"}

// cell is how wide a column of the table is, in half-width characters.
const cell = 13

func (d *Demo) line(cells []string) {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(c + strings.Repeat(" ", max(1, cell-width(c))))
	}
	fmt.Fprintln(d.Out, " "+strings.TrimRight(b.String(), " "))
}

// width counts a Chinese character for two.
func width(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0x2e7f {
			n++
		}
	}
	return n
}

// noted prints what a supervisor looks for: late extensions, listings, overdue rectifications.
func (d *Demo) noted(views map[string]json.RawMessage) {
	var late, listed, overdue []string
	for ref, raw := range views {
		var v struct {
			LateExtensions []struct {
				Late     bool   `json:"late"`
				AskedOn  string `json:"asked_on"`
				DueMoved string `json:"due_moved"`
			} `json:"late_extensions"`
			Listed      bool `json:"listed"`
			Grade       int  `json:"grade"`
			Overdue     bool `json:"overdue"`
			OverdueDays int  `json:"overdue_days"`
		}
		if json.Unmarshal(raw, &v) != nil {
			continue
		}
		for _, x := range v.LateExtensions {
			if x.Late {
				late = append(late, fmt.Sprintf(d.Say("%s（%s 申请，期限 %s）", "%s (asked on %s, due %s)"), ref, x.AskedOn, x.DueMoved))
			}
		}
		if v.Listed {
			listed = append(listed, fmt.Sprintf(d.Say("%s（%d 级）", "%s (grade %d)"), ref, v.Grade))
		}
		if v.Overdue {
			overdue = append(overdue, fmt.Sprintf(d.Say("%s（%d 天）", "%s (%d days)"), ref, v.OverdueDays))
		}
	}
	for _, x := range []struct {
		what string
		list []string
	}{{d.Say("延期申请过晚", "extensions asked too late"), late}, {d.Say("挂牌督办", "listed"), listed}, {d.Say("逾期", "overdue"), overdue}} {
		slices.Sort(x.list)
		fmt.Fprintf(d.Out, d.Say("%s %d 件：%s\n", "%s: %d: %s\n"), x.what, len(x.list), strings.Join(x.list, d.Say("、", ", ")))
	}
}
