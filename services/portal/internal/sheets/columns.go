package sheets

import (
	"slices"
	"strings"
	"unicode/utf8"

	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/portal/internal/messages"
)

// group says what a column belongs to: the case itself, or one of its lists.
type group int

const (
	ofCase group = iota
	ofViolation
	ofExposure
	ofMedium
	groups
)

// lists are the fields that the groups are entries of.
var lists = [groups]string{ofViolation: "violations", ofExposure: "exposures", ofMedium: "media"}

// sheetNames are the template's sheets, one for each group.
var sheetNames = [groups]string{"案例", "问题", "曝光", "影像"}

// form says how a cell is read.
type form int

const (
	aText form = iota
	aDay
	aNumber
	// aWhole is a whole number of yuan.
	aWhole
	// aList is separated by 、 or commas.
	aList
	// aTerm is a word of messages.Term, Chinese or English, or its slug.
	aTerm
)

// column is a column of the template: its Chinese head, which is unique over all sheets, and the field of the submission that it fills.
type column struct {
	group    group
	title    string
	field    string
	form     form
	required bool
	// term is the kind of messages.Term for aTerm.
	term string
	// slugs are what a term may be.
	slugs []string
	width float64
	note  string
}

const refTitle = "文号"

// columns is the only table of what a template holds: the template, the reading, the marks and the export of cases come from it.
var columns = []column{
	{ofCase, refTitle, "ref", aText, true, "", nil, 26, "本单位的发文字号，如：长安委办曝〔2026〕1号。同一文号只算一件，重复导入不会重复上报。"},
	{ofCase, "标题", "title", aText, true, "", nil, 40, "一句话说明问题，不超过 200 字。"},
	{ofCase, "行业领域", "sector", aTerm, true, "sector", intakeapi.Sectors, 14, "从下拉列表中选择。"},
	{ofCase, "案例类别", "category", aTerm, true, "category", intakeapi.Categories, 14, "从下拉列表中选择。"},
	{ofCase, "隐患级别", "hazard_level", aTerm, true, "hazard_level", intakeapi.HazardLevels, 12, "从下拉列表中选择。"},
	{ofCase, "案情摘要", "summary", aText, true, "", nil, 60, "不超过 10000 字。"},
	{ofCase, "企业名称", "enterprise.name", aText, true, "", nil, 30, "与营业执照一致。"},
	{ofCase, "统一社会信用代码", "enterprise.uscc", aText, false, "", nil, 22, "18 位；不知道可以不填，填写须正确。"},
	{ofCase, "企业地址", "enterprise.address", aText, true, "", nil, 30, ""},
	{ofCase, "县（市、区）", "enterprise.county", aText, false, "", nil, 14, ""},
	{ofCase, "纬度", "location.lat", aNumber, false, "", nil, 11, "WGS-84，如 43.817；与经度一起填写。"},
	{ofCase, "经度", "location.lon", aNumber, false, "", nil, 11, "WGS-84，如 125.324；与纬度一起填写。"},
	{ofCase, "发现日期", "found_on", aDay, true, "", nil, 13, "格式：2026-06-12。"},
	{ofCase, "罚款（元）", "penalty_yuan", aWhole, false, "", nil, 12, "整数元；尚未处罚的不填。"},
	{ofCase, "责任单位", "rectification.responsible_unit", aText, true, "", nil, 26, "承担整改责任的单位。"},
	{ofCase, "整改措施", "rectification.measures", aText, true, "", nil, 50, ""},
	{ofCase, "整改期限", "rectification.deadline", aDay, false, "", nil, 13, "格式：2026-06-12；不填则自曝光之日起三十日。"},
	{ofCase, "标签", "tags", aList, false, "", nil, 24, "多个标签用顿号隔开。"},
	{ofCase, "办理日期", "on", aDay, false, "", nil, 13, "补录以前的案例时填写；不填为今天。"},
	{ofCase, "补录理由", "backdate_reason", aText, false, "", nil, 24, "办理日期早于三天前的必填，且须由签发人导入。"},

	{ofViolation, "问题内容", "text", aText, true, "", nil, 60, "一行一个问题。"},
	{ofViolation, "法律依据", "basis", aText, false, "", nil, 60, "法律法规名称和条款。"},

	{ofExposure, "媒体", "outlet", aText, true, "", nil, 24, "以省级媒体名录为准；名录中没有的可以填写，待省级认定后计入。"},
	{ofExposure, "媒体级别", "outlet_level", aTerm, false, "level", intakeapi.OutletLevels, 14, "与名录不同的，以名录为准。"},
	{ofExposure, "媒体类型", "kind", aTerm, true, "outlet_kind", intakeapi.OutletKinds, 12, "从下拉列表中选择。"},
	{ofExposure, "报道标题", "headline", aText, true, "", nil, 40, ""},
	{ofExposure, "链接", "url", aText, true, "", nil, 36, "http:// 或 https:// 开头。"},
	{ofExposure, "刊播日期", "published_on", aDay, true, "", nil, 13, "格式：2026-06-12。"},

	{ofMedium, "文件名", "file", aText, true, "", nil, 36, "已上传的影像的文件名，含扩展名。"},
	{ofMedium, "影像说明", "caption", aText, false, "", nil, 40, ""},
	{ofMedium, "影像类型", "kind", aTerm, true, "kind", intakeapi.MediaKinds, 12, "从下拉列表中选择。"},
}

// titled finds a column by its head, blanks and a trailing asterisk aside.
func titled(head string) (column, bool) {
	head = strings.TrimRight(strings.Join(strings.Fields(head), ""), "*＊")
	i := slices.IndexFunc(columns, func(c column) bool { return c.title == head })
	if i < 0 {
		return column{}, false
	}
	return columns[i], true
}

// words are what the drop-down of a term shows.
func (c column) words() []string {
	out := make([]string, len(c.slugs))
	for i, s := range c.slugs {
		out[i] = messages.Term(c.term, s, messages.Chinese)
	}
	return out
}

// slug gives the value of a term's cell: a word, or its beginning of two characters at least if that is one word's alone (重大 for 重大隐患). What is none goes as it is, for intake to refuse.
func (c column) slug(cell string) string {
	begins := []string{}
	for _, s := range c.slugs {
		word := messages.Term(c.term, s, messages.Chinese)
		if cell == s || cell == word || strings.EqualFold(cell, messages.Term(c.term, s, messages.English)) {
			return s
		}
		if strings.HasPrefix(word, cell) && utf8.RuneCountInString(cell) > 1 {
			begins = append(begins, s)
		}
	}
	if len(begins) == 1 {
		return begins[0]
	}
	return cell
}
