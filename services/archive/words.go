package archive

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"songshui.internal/events"
)

// Field is an attribute that the query language bounds: a facet, or one of those below.
type Field string

// The fields that are no facets.
const (
	FieldFound      Field = "found"
	FieldPublished  Field = "published" // the first publication
	FieldDue        Field = "due"       // of a running clock
	FieldPenalty    Field = "penalty"
	FieldEnterprise Field = "enterprise"
	FieldRef        Field = "ref"
	FieldTag        Field = "tag"
	FieldOverdue    Field = "overdue"
)

// maxFieldName is how long the name of a field is at most, in characters.
const maxFieldName = 20

// fieldReader reads one value; what it can't read it gives a code for.
type fieldReader func(value string) (c Condition, code string)

// fields are the names of fields in lower case, in both languages.
var fields = func() map[string]fieldReader {
	out := map[string]fieldReader{}
	add := func(r fieldReader, names ...string) {
		for _, n := range names {
			out[n] = r
		}
	}
	add(office, "单位", "办公室", "地区", "office")
	add(ofSet(FacetSector), "行业", "领域", "sector")
	add(ofSet(FacetCategory), "类别", "category")
	add(ofSet(FacetHazardLevel), "隐患", "隐患级别", "hazard", "hazard_level")
	add(ofSet(FacetLevel), "级别", "媒体级别", "level")
	add(ofSet(FacetState, FacetRectificationState), "状态", "state")
	add(ofSet(FacetRectificationState), "整改", "整改状态", "rectification", "rectification_state")
	add(month, "月份", "month")
	add(name(Field(FacetOutlet)), "媒体", "outlet")
	add(name(FieldEnterprise), "企业", "enterprise")
	add(name(FieldRef), "文号", "ref")
	add(name(FieldTag), "标签", "tag")
	add(days(FieldFound), "发现", "发现日期", "found")
	add(days(FieldPublished), "刊播", "刊播日期", "曝光日期", "published")
	add(days(FieldDue), "期限", "整改期限", "due")
	add(yuan, "罚款", "处罚", "penalty")
	return out
}()

// words are what people write for the values of facets, in lower case, beside the values themselves.
var words = map[Facet]map[string]string{
	FacetOffice: {
		"长春": "changchun", "吉林": "jilin", "四平": "siping", "辽源": "liaoyuan", "通化": "tonghua", "白山": "baishan", "松原": "songyuan", "白城": "baicheng",
		"延边": "yanbian", "延边州": "yanbian", "延边朝鲜族自治州": "yanbian", "长白山": "changbaishan", "长白山管委会": "changbaishan", "梅河口": "meihekou", "公主岭": "gongzhuling", "jilin city": "jilin",
	},
	FacetSector: {
		"危险化学品": "hazardous-chemicals", "危化品": "hazardous-chemicals", "危化": "hazardous-chemicals", "hazardous chemicals": "hazardous-chemicals", "矿山": "mining", "工贸": "industry-trade",
		"industry and trade": "industry-trade", "道路交通": "road-traffic", "交通": "road-traffic", "road traffic": "road-traffic", "建筑施工": "construction", "建筑": "construction",
	},
	FacetCategory:    {"突出问题": "prominent-problem", "prominent problem": "prominent-problem", "严重违法行为": "serious-violation", "严重违法": "serious-violation", "serious violation": "serious-violation"},
	FacetHazardLevel: {"重大": "major", "重大隐患": "major", "一般": "general", "一般隐患": "general"},
	FacetLevel: {
		"国家级": "national", "国家级媒体": "national", "中央": "national", "省级": "provincial", "省级媒体": "provincial", "市级": "municipal", "市级媒体": "municipal", "县级": "county", "县级媒体": "county",
	},
	FacetState: {
		"已上报": "submitted", "上报": "submitted", "已审核": "reviewed", "审核": "reviewed", "待刊发": "embargoed", "已曝光": "exposed", "曝光": "exposed", "已撤回": "withdrawn", "撤回": "withdrawn",
	},
	FacetRectificationState: {
		"待交办": "pending", "整改中": "in-progress", "in progress": "in-progress", "待验收": "awaiting-acceptance", "awaiting acceptance": "awaiting-acceptance", "验收合格": "accepted",
		"已销号": "closed", "销号": "closed", "已移送": "transferred", "移送": "transferred", "不适用": "not-applicable", "not applicable": "not-applicable",
	},
}

// overdue are the words for a running clock past its due day; it is asked for like a state, and is none.
var overdueWords = []string{"逾期", "已逾期", "overdue"}

func office(v string) (Condition, string) {
	key := strings.ToLower(v)
	for _, k := range []string{key, strings.TrimSuffix(key, "市")} {
		if slug, ok := words[FacetOffice][k]; ok {
			return Condition{Field: Field(FacetOffice), Values: []string{slug}}, ""
		}
	}
	if _, err := events.ParseOfficeSlug(key); err != nil {
		return Condition{}, "unknown_value"
	}
	return Condition{Field: Field(FacetOffice), Values: []string{key}}, ""
}

// ofSet reads values of facets with a fixed set, the first that has the word.
func ofSet(all ...Facet) fieldReader {
	return func(v string) (Condition, string) {
		key := strings.ToLower(v)
		for _, f := range all {
			if slices.Contains(known[f], key) {
				return Condition{Field: Field(f), Values: []string{key}}, ""
			}
			if value, ok := words[f][key]; ok {
				return Condition{Field: Field(f), Values: []string{value}}, ""
			}
		}
		if slices.Contains(all, FacetRectificationState) && slices.Contains(overdueWords, key) {
			return Condition{Field: FieldOverdue}, ""
		}
		return Condition{}, "unknown_value"
	}
}

// name reads a value that is the registry's or a case's own.
func name(f Field) fieldReader {
	return func(v string) (Condition, string) {
		if !isName(v) {
			return Condition{}, "unknown_value"
		}
		return Condition{Field: f, Values: []string{v}}, ""
	}
}

// month reads one month, or a range as the months of it.
func month(v string) (Condition, string) {
	c := Condition{Field: Field(FacetMonth)}
	from, to, _ := span(v)
	first, err := events.ParseMonth(from)
	last, err2 := events.ParseMonth(to)
	if err != nil || err2 != nil {
		return c, "month"
	}
	if last < first {
		return c, "range"
	}
	for m := first; m <= last; m = m.Next() {
		if len(c.Values) == MaxValues {
			return c, "too_many"
		}
		c.Values = append(c.Values, string(m))
	}
	return c, ""
}

// span parts “from..to” (also ～, ~, 至), either of which may be missing; a value alone is both.
func span(v string) (from, to string, ranged bool) {
	for _, sign := range []string{"..", "~", "～", "至"} {
		if a, b, ok := strings.Cut(v, sign); ok {
			return strings.TrimSpace(a), strings.TrimSpace(b), true
		}
	}
	return v, v, false
}

// dated is a day, a month or a year, its parts apart by -, / or .
var dated = regexp.MustCompile(`^(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?$`)

func days(f Field) fieldReader {
	return func(v string) (Condition, string) {
		c := Condition{Field: f}
		from, to, ranged := span(v)
		if ranged && from == "" && to == "" {
			return c, "day"
		}
		ok := true
		if from != "" {
			c.From, _, ok = period(from)
		}
		if to != "" && ok {
			_, c.To, ok = period(to)
		}
		switch {
		case !ok:
			return c, "day"
		case c.From != "" && c.To != "" && c.To < c.From:
			return c, "range"
		}
		return c, ""
	}
}

// period gives the first and the last day of a day, month or year.
func period(s string) (first, last events.Day, ok bool) {
	m := dated.FindStringSubmatch(s)
	if m == nil {
		return "", "", false
	}
	two := func(s string) string { return strings.Repeat("0", max(0, 2-len(s))) + s }
	switch {
	case m[2] == "":
		first, last = events.Day(m[1]+"-01-01"), events.Day(m[1]+"-12-31")
	case m[3] == "":
		begin, err := time.Parse("2006-01", m[1]+"-"+two(m[2]))
		if err != nil {
			return "", "", false
		}
		first, last = events.Day(begin.Format(time.DateOnly)), events.Day(begin.AddDate(0, 1, -1).Format(time.DateOnly))
	default:
		first = events.Day(m[1] + "-" + two(m[2]) + "-" + two(m[3]))
		last = first
	}
	_, err := events.ParseDay(string(first))
	_, err2 := events.ParseDay(string(last))
	return first, last, err == nil && err2 == nil
}

// amount is whole yuan, or so many 万.
var amount = regexp.MustCompile(`^([\d,]{1,16})(?:\.(\d{1,4}))?(万)?元?$`)

func yuan(v string) (Condition, string) {
	c := Condition{Field: FieldPenalty}
	from, to, ranged := span(v)
	if ranged && from == "" && to == "" {
		return c, "number"
	}
	for _, side := range []struct {
		text string
		into **int64
	}{{from, &c.Min}, {to, &c.Max}} {
		if side.text == "" {
			continue
		}
		n, ok := yuanOf(side.text)
		if !ok {
			return c, "number"
		}
		if n > MaxPenalty {
			return c, "out_of_range"
		}
		*side.into = &n
	}
	if c.Min != nil && c.Max != nil && *c.Max < *c.Min {
		return c, "range"
	}
	return c, ""
}

func yuanOf(s string) (int64, bool) {
	m := amount.FindStringSubmatch(s)
	if m == nil || m[2] != "" && m[3] == "" {
		return 0, false
	}
	whole, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	if err != nil {
		return 0, false
	}
	if m[3] == "" {
		return whole, true
	}
	part, err := strconv.ParseInt((m[2] + "0000")[:4], 10, 64)
	return whole*10_000 + part, err == nil && whole <= MaxPenalty
}
