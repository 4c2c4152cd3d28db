package archive

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// said writes alternatives for comparison.
func said(all []Alternative) string {
	var out []string
	for _, a := range all {
		var parts []string
		for _, t := range a.Terms {
			parts = append(parts, text(t))
		}
		for _, t := range a.Not {
			parts = append(parts, "-"+text(t))
		}
		for _, c := range a.Conditions {
			s := string(c.Field) + fmt.Sprint(c.Values)
			if c.From != "" || c.To != "" {
				s = string(c.Field) + string(c.From+".."+c.To)
			}
			if c.Min != nil || c.Max != nil {
				s = string(c.Field) + bound(c.Min) + ".." + bound(c.Max)
			}
			if c.Not {
				s = "-" + s
			}
			parts = append(parts, s)
		}
		out = append(out, strings.Join(parts, " "))
	}
	return strings.Join(out, " / ")
}

func text(t Term) string {
	if t.Phrase {
		return "“" + t.Text + "”"
	}
	return t.Text
}

func bound(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

func TestParse(t *testing.T) {
	t.Parallel()
	for q, want := range map[string]string{
		"":                      "",
		"  ":                    "",
		"塔吊 倒塌":                 "塔吊 倒塌",
		"塔吊|吊车 长春":              "塔吊 长春 / 吊车 长春",
		"塔吊 | 吊车":               "塔吊 / 吊车",
		"塔吊 OR 吊车 或 起重机":        "塔吊 / 吊车 / 起重机",
		"塔吊 AND 长春":             "塔吊 长春",
		"“有限空间” 「中毒 窒息」":        "“有限空间” “中毒 窒息”",
		`塔吊"倒塌 事故"`:             "塔吊 “倒塌 事故”",
		"塔吊 -吊车 －“安全 帽”":        "塔吊 -吊车 -“安全 帽”",
		"QTZ-80 th/2026/0701":   "QTZ-80 th/2026/0701",
		"单位:长春":                 "office[changchun]",
		"单位：延边州|四平市|jilin":      "office[yanbian siping jilin]",
		"单位: 四平 塔吊":             "塔吊 office[siping]",
		"-单位:四平|长春":             "-office[siping changchun]",
		"状态:已曝光|整改中":            "state[exposed] / rectification_state[in-progress]",
		"-状态:已曝光|整改中":           "-state[exposed] -rectification_state[in-progress]",
		"整改:逾期":                 "overdue[]",
		"行业:危化品|塔吊:60":          "", // a value that is none
		"单位:长春|罚款:1万..5万":       "office[changchun] / penalty10000..50000",
		"罚款:..50,000元":          "penalty..50000",
		"罚款:1.5万":               "penalty15000..15000",
		"发现日期:2026-06..2026-07": "found2026-06-01..2026-07-31",
		"刊播:2026":               "published2026-01-01..2026-12-31",
		"期限:..2026-12-01":       "due..2026-12-01",
		"due:2026/6/9至":         "due2026-06-09..",
		"月份:2026-06..2026-08":   "month[2026-06 2026-07 2026-08]",
		"企业:“长春 化工”|吉林石化":       "enterprise[长春 化工 吉林石化]",
		"文号:吉安委办曝〔2026〕1号 标签:塔吊": "ref[吉安委办曝〔2026〕1号] tag[塔吊]",
		"级别:市级 隐患:重大 类别:突出问题":    "level[municipal] hazard_level[major] category[prominent-problem]",
		"12:30 http://x.cn 某:某":  "12:30 http://x.cn 某:某",
		"单位:":                    "单位:",
		"-":                      "",
		"|":                      "",
		"\"":                     "",
		"塔吊 |":                   "塔吊",
		"| 塔吊":                   "塔吊",
		"\" OR 1=1 --":           "1=1",
		"--塔吊":                   "-塔吊",
	} {
		got, wrong := parse(q)
		if strings.Contains(q, "塔吊:60") {
			if len(wrong) != 1 || wrong[0].Arg != "7-12" || wrong[0].Code != "unknown_value" {
				t.Errorf("%q: %v", q, wrong)
			}
			continue
		}
		if len(wrong) > 0 || said(got) != want {
			t.Errorf("%q is %s %v, want %s", q, said(got), wrong, want)
		}
	}
	many := strings.Repeat("塔吊|吊车 ", 5)
	if _, wrong := parse(many); len(wrong) != 1 || wrong[0].Code != "too_many_alternatives" {
		t.Errorf("32 alternatives: %v", wrong)
	}
	got, wrong := parse(strings.Repeat("长 ", MaxTerms+9))
	if len(wrong) > 0 || len(got[0].Terms) != MaxTerms {
		t.Errorf("%d terms, %v", len(got[0].Terms), wrong)
	}
}

// TestParseRendered: what is written in the language is read as it was meant.
func TestParseRendered(t *testing.T) {
	t.Parallel()
	units := []string{"塔吊", "“有限 空间”", "-吊车", "单位:长春", "-行业:矿山", "罚款:100..200", "发现:2026-06"}
	rapid.Check(t, func(t *rapid.T) {
		var query []string
		want := []Alternative{{}}
		for range rapid.IntRange(1, 3).Draw(t, "clauses") {
			var clause []string
			var more []Alternative
			drawn := rapid.SliceOfN(rapid.SampledFrom(units), 1, 2).Draw(t, "units")
			for _, a := range want {
				for _, u := range drawn {
					one, _ := parse(u)
					more = append(more, Alternative{append(append([]Term{}, a.Terms...), one[0].Terms...), append(append([]Term{}, a.Not...), one[0].Not...), append(append([]Condition{}, a.Conditions...), one[0].Conditions...)})
				}
			}
			want = more
			clause = append(clause, drawn...)
			query = append(query, strings.Join(clause, rapid.SampledFrom([]string{" | ", "｜ ", " OR ", "　或　"}).Draw(t, "or")))
		}
		got, wrong := parse(strings.Join(query, " "))
		if len(wrong) > 0 || said(got) != said(want) {
			t.Fatalf("%q is %s %v, want %s", query, said(got), wrong, said(want))
		}
	})
}

// FuzzParse: any text is read within the limits, the same each time, and places lie within it.
func FuzzParse(f *testing.F) {
	for _, q := range []string{"塔吊|吊车 -\"a b\" 单位:长春|四平 罚款:1..2", "-", "\"", "|", "单位:", "状态:已曝光|整改中|逾期", "月份:2026..2027", "－－“「", "\x00\xff", "发现:..", "a|b c|d e|f g|h i|j"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		q = cut(q)
		got, wrong := parse(q)
		again, _ := parse(q)
		if len(got) == 0 || len(got) > MaxAlternatives || !reflect.DeepEqual(got, again) {
			t.Fatalf("%q: %d alternatives", q, len(got))
		}
		for _, a := range got {
			if len(a.Terms)+len(a.Not) > MaxTerms {
				t.Fatalf("%q: %d terms", q, len(a.Terms)+len(a.Not))
			}
			for _, x := range append(a.Terms, a.Not...) {
				if strings.TrimSpace(x.Text) == "" {
					t.Fatalf("%q: an empty term", q)
				}
			}
		}
		for _, w := range wrong {
			if w.Code == "too_many_alternatives" {
				continue
			}
			from, to, ok := strings.Cut(w.Arg, "-")
			a, err := strconv.Atoi(from)
			b, err2 := strconv.Atoi(to)
			if w.Field != "q" || !ok || err != nil || err2 != nil || a >= b || b > utf8.RuneCountInString(q) {
				t.Fatalf("%q: %+v", q, w)
			}
		}
	})
}
