package monthly

import (
	"fmt"
	"math"
	"strings"

	"github.com/xuri/excelize/v2"

	"songshui.internal/events"
	"songshui.internal/services/portal/internal/messages"
)

const letterSheet = "报送函"

// blank is a line to fill in by hand.
const blank = "＿＿＿＿＿＿"

const (
	// letterWidth is the type area's width in characters of the body: GB/T 9704 has 28 in a line.
	letterWidth = 28
	// lineHeight is one line's of the body, in points: 22 lines a page.
	lineHeight = 29.0
)

// letter writes the covering letter.
func (r *Return) letter(f *excelize.File) error {
	p := &printer{f: f, sheet: letterSheet}
	p.columns(42, 42)
	p.line("", look{height: 30})
	p.line(r.officeName()+"安全生产委员会办公室", look{font: "方正小标宋简体", size: 30, colour: "C00000", align: "center", height: 56})
	p.line("", look{height: lineHeight})
	p.pair("　"+r.documentNo(), "签发人："+r.signer()+"　", look{size: 16, height: 34, rule: true})
	p.line("", look{height: lineHeight})
	title := fmt.Sprintf("关于报送%s“专题行”曝光\n典型案例及整改情况的月报", monthWords(r.Month))
	if r.backdated() {
		title += "（补录）"
	}
	p.line(title, look{font: "方正小标宋简体", size: 22, align: "center", height: 72})
	p.line("", look{height: lineHeight / 2})
	p.line("吉林省安全生产委员会办公室：", look{size: 16})
	for _, paragraph := range r.paragraphs() {
		p.line("　　"+paragraph, look{size: 16})
	}
	if len(r.Cases) > 0 {
		p.line("", look{height: lineHeight / 2})
		p.line(fmt.Sprintf("　　附件：%s“专题行”曝光案例整改情况表", monthWords(r.Month)), look{size: 16})
	}
	p.line("", look{height: lineHeight})
	p.line(r.officeName()+"安全生产委员会办公室　　", look{size: 16, align: "right"})
	p.line("（印章）　　　　　　", look{size: 16, align: "right"})
	p.line(r.filedOn()+"　　　　", look{size: 16, align: "right"})
	p.line("", look{height: lineHeight / 2})
	p.line("　　（联系人："+r.contact()+"　　联系电话："+blank+"）", look{size: 16})
	return p.end(printed{portrait: true, area: fmt.Sprintf("$A$1:$B$%d", p.at)})
}

func (r *Return) documentNo() string {
	if f := r.filing(); f != nil && f.DocumentNo != "" {
		return f.DocumentNo
	}
	return fmt.Sprintf("＿＿＿＿〔%s〕＿＿号", r.Month[:4])
}

func (r *Return) signer() string {
	if f := r.filing(); f != nil && r.Names[f.SignedBy] != "" {
		return r.Names[f.SignedBy]
	}
	return blank
}

func (r *Return) contact() string {
	if f := r.filing(); f != nil && r.Names[f.Contact] != "" {
		return r.Names[f.Contact]
	}
	return blank
}

func (r *Return) filedOn() string {
	if f := r.filing(); f != nil {
		return dayWords(f.On)
	}
	return "＿＿＿＿年＿＿月＿＿日"
}

// paragraphs are the letter's body.
func (r *Return) paragraphs() []string {
	if len(r.Cases) == 0 {
		return append([]string{monthWords(r.Month) + "，我单位没有在市级主流媒体曝光的案例，现作零报告。", "未曝光的原因：" + r.zeroReason()}, r.notes()...)
	}
	counted, sectors, states, overdue, major := 0, tally{}, tally{}, 0, 0
	for _, c := range r.Cases {
		sectors.add(messages.Term("sector", c.Sector, messages.Chinese))
		states.add(c.state())
		if c.HazardLevel == "major" {
			major++
		}
		if municipalIn(c, r.Month) {
			counted++
		}
		if c.Rectification != nil && c.Rectification.Overdue {
			overdue++
		}
	}
	out := []string{fmt.Sprintf("%s，我单位组织媒体深入企业采访，曝光典型案例%d件，其中市级主流媒体曝光%d件；涉及%s；重大隐患%d件。现将有关情况报告如下。", monthWords(r.Month), len(r.Cases), counted, sectors, major)}
	progress := fmt.Sprintf("截至%s，上述案例整改情况为：%s。", dayWords(r.Today), states)
	if overdue > 0 {
		progress += fmt.Sprintf("其中逾期未完成整改%d件，我单位将继续督促落实。", overdue)
	}
	return append(append(out, progress), r.notes()...)
}

func (r *Return) zeroReason() string {
	if f := r.filing(); f != nil && f.ZeroReason != "" {
		return f.ZeroReason
	}
	return blank + blank
}

// notes say what a reader must know of how the return came in.
func (r *Return) notes() []string {
	var out []string
	if f := r.filing(); f != nil && f.Backdated {
		out = append(out, fmt.Sprintf("说明：本月报系补录，于%s录入系统。", dayWords(events.DayOf(f.At))))
	}
	if f := r.filing(); f != nil && f.Supplement {
		out = append(out, "说明：本月报系补报。")
	}
	if rec := r.Recognition; rec != nil {
		out = append(out, fmt.Sprintf("说明：省级已于%s%s。理由：%s", dayWords(rec.On), messages.Term("recognition", rec.Kind, messages.Chinese), rec.Reason))
	}
	return out
}

func municipalIn(c Case, m events.Month) bool {
	for _, p := range c.Exposures {
		if p.Level == "municipal" && events.MonthOf(p.PublishedOn) == m {
			return true
		}
	}
	return false
}

// tally counts words in the order in which they come.
type tally struct {
	words  []string
	counts map[string]int
}

func (t *tally) add(word string) {
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	if t.counts[word] == 0 {
		t.words = append(t.words, word)
	}
	t.counts[word]++
}

func (t tally) String() string {
	parts := make([]string, len(t.words))
	for i, w := range t.words {
		parts[i] = fmt.Sprintf("%s%d件", w, t.counts[w])
	}
	return strings.Join(parts, "、")
}

func monthWords(m events.Month) string {
	t := m.First().Time()
	return fmt.Sprintf("%d年%d月", t.Year(), int(t.Month()))
}

func dayWords(d events.Day) string {
	t := d.Time()
	if t.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d年%d月%d日", t.Year(), int(t.Month()), t.Day())
}

// linesOf is how many lines a text takes; a letter or figure is half as wide as a character.
func linesOf(text string, width float64) int {
	lines := 0
	for part := range strings.SplitSeq(text, "\n") {
		wide := 0.0
		for _, c := range part {
			if c < 0x2000 {
				wide += 0.5
				continue
			}
			wide++
		}
		lines += max(1, int(math.Ceil(wide/width)))
	}
	return lines
}
