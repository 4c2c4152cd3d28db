package fold_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"songshui.internal/services/archive/internal/fold"
)

func TestString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"儲罐洩漏":                "储罐泄漏",
		"ＧＢ　５０１５６":            "gb 50156",
		"QTZ80":               "qtz80",
		"타워크레인":               "타워크레인",
		"타워":                  "타워", // decomposed
		"臺灣ﬁre":               "台湾fire",
		"长安委办曝〔2026〕1号":       "长安委办曝〔2026〕1号",
		"梅安委办曝2026－01":        "梅安委办曝2026-01",
		"ÀÉ Ⅳ ㎏":              "àé iv kg",
		"破\xff碎":              "破\uFFFD碎",
		"乾安县":                 "干安县",
		"处\U000E0100理\u200b了": "处理了",
	} {
		if got := fold.String(in); got != want {
			t.Errorf("String(%q) = %q, want %q", in, got, want)
		}
		if again := fold.String(fold.String(in)); again != want {
			t.Errorf("String(%q) twice = %q", in, again)
		}
	}
}

func TestSpeak(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		term, text, want string
		alike            bool
	}{
		{"塔掉", "3号塔吊已停", "塔吊", false}, {"液铵", "液氨制冷", "液氨", false}, {"无政上岗", "无证上岗", "无证上岗", false},
		{"yean", "用液氨", "液氨", false}, {"qiheng", "长春市启衡化工", "启衡", false}, {"长春qiheng", "长春启衡", "长春启衡", false}, {"xi'an", "西安区", "西安", false}, {"xian", "西安区", "西安", false},
		{"chongqing", "重庆", "重庆", false}, {"zhongqing", "重庆", "重庆", false}, {"虫庆", "重庆", "重庆", false}, {"changchun", "长春", "长春", false}, {"renshen", "人参加工厂", "人参", false},
		{"仓春", "长春", "", false}, {"仓春", "长春", "长春", true}, {"cangcun", "长春", "长春", true}, {"lvse", "绿色", "绿色", false}, {"塔吊", "塔式", "", true},
	} {
		spoken, _ := fold.Speak(c.term)
		got := ""
		for _, s := range spoken {
			if start, end := s.In(c.text, 0, c.alike); start >= 0 {
				got = c.text[start:end]
				break
			}
		}
		if got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.term, c.text, got, c.want)
		}
	}
	for _, q := range []string{"氨", "ta", "qtz80", "塔3吊", "3号塔", "crane", "", "塔，吊", "타워"} {
		if s, _ := fold.Speak(q); len(s) > 0 {
			t.Errorf("%q has the readings %v", q, s)
		}
	}
	if _, typed := fold.Speak("塔diao"); !typed {
		t.Error("typed pinyin isn't seen")
	}
}

// TestPairs: whatever sounds like a part of a text has all its pairs among the text's.
func TestPairs(t *testing.T) {
	t.Parallel()
	have := map[string]bool{}
	for _, p := range fold.Pairs("人参加工厂在重庆，长春的液氨罐", 3, fold.NewSeen()) {
		if have[p] {
			t.Errorf("%s is given twice", p)
		}
		have[p] = true
	}
	for _, q := range []string{"人身", "renshen", "虫庆", "总庆", "涨春", "常纯", "夜安", "yean", "人参家"} {
		spoken, _ := fold.Speak(q)
		ok := slices.ContainsFunc(spoken, func(s fold.Spoken) bool {
			return slices.ContainsFunc(s.Pairs(4), func(words []string) bool {
				return !slices.ContainsFunc(words, func(w string) bool { return !have[w] })
			})
		})
		if !ok {
			t.Errorf("%s isn't found by its pairs", q)
		}
	}
	if have["qingchang"] || have["qincan"] {
		t.Error("a pair spans a comma")
	}
}

func TestSlips(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ term, text, want string }{
		{"methanl", "甲醇(methanol)储罐", "methanol"}, {"nethanol", "methanol", "methanol"}, {"mehtanol", "methanol", "methanol"}, {"ethanol", "methanol", "methanol"}, {"methannol", "methanol", "methanol"},
		{"crane", "cranes", "cranes"}, {"methol", "methanol", ""}, {"crane", "3cranes", ""},
		{"타워크래인", "5호 타워크레인의", "타워크레인"}, {"타크레인", "타워크레인", "타워크레인"}, {"타워레크인", "타워크레인", "타워크레인"},
		{"尾况库", "尾矿库干滩", "尾矿库"}, {"安出口", "安全出口", "安全出口"}, {"安全的出口", "安全出口", "安全出口"}, {"安出全口", "安全出口", "安全出口"},
		{"安全出", "安全出口", ""}, {"全出口", "安全出口", ""}, {"安全出口了", "安全出口", ""}, {"核电站", "充气站", ""}, {"塔吊", "塔式", ""}, {"qtz60", "qtz80", ""},
	} {
		got := ""
		if start, end := fold.Meant(c.term, c.text, 0); start >= 0 {
			got = c.text[start:end]
		}
		if got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.term, c.text, got, c.want)
		}
		if c.want == "" {
			continue
		}
		reached := slices.ContainsFunc(fold.Slips(c.term), func(s fold.Slip) bool {
			return !slices.ContainsFunc(s.Pieces, func(p string) bool { return !strings.Contains(c.text, p) })
		}) || slices.ContainsFunc(fold.Remains(c.term), func(r string) bool { return slices.Contains(fold.Remains(c.want), r) })
		if !reached {
			t.Errorf("%s: no question leads to %s", c.term, c.want)
		}
		if n := len(fold.Slips(c.term)); n > 4*len([]rune(c.term)) {
			t.Errorf("%s: %d questions", c.term, n)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"长安委办曝〔2026〕1号": "长安委办曝 2026 1", "长安委办曝[2026]1号": "长安委办曝 2026 1", "长安委办曝2026 1": "长安委办曝 2026 1", "长安委办曝2026年第01号": "长安委办曝 2026 1",
		"辽源安办曝光2026年第1号": "辽源安办曝光 2026 1", "辽源安办曝光(2026)1号": "辽源安办曝光 2026 1", "th/2026/0701": "th 2026 701", "sp-bg-2026-001": "sp bg 2026 1",
		"白山安委办〔2026〕曝1": "白山安委办 2026 曝 1", "bc-曝光-2026-06": "bc 曝光 2026 6", "cbs-2026-01": "cbs 2026 1", "梅安委办曝2026-01": "梅安委办曝 2026 1",
		"2026": "", "gb 50156": "", "有限空间": "", "": "", "1号": "", "2026年第1号": "",
	} {
		got, ok := fold.Number(in)
		if got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestSpell(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"3号塔吊（qtz80）": "3 u053f7 u05854 u0540a qtz80", "": "", "。": "", "gb/t 1": "gb t 1", "타워": "u0d0c0 u0c6cc", "𫝈a": "u2b748 a"} {
		if got := fold.Spell(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestOriginal(t *testing.T) {
	t.Parallel()
	const s = "【儲罐】ＬＥＬ洩漏ﬁn"
	f := fold.Text(s)
	for part, want := range map[string]string{"储罐": "儲罐", "lel": "ＬＥＬ", "泄": "洩", "i": "ﬁ", "n": "n"} {
		at := strings.Index(f.Text, part)
		start, end, ok := f.Original(at, at+len(part))
		if !ok || s[start:end] != want {
			t.Errorf("%q leads to %q, want %q", part, s[start:end], want)
		}
	}
	if _, _, ok := f.Original(3, 3); ok {
		t.Error("an empty span leads somewhere")
	}
	if _, _, ok := f.Original(0, len(f.Text)+1); ok {
		t.Error("a span beyond the text leads somewhere")
	}
}

// FuzzOriginal: whatever is found in the folded text leads to whole characters of the original that hold it.
func FuzzOriginal(f *testing.F) {
	for _, s := range []string{"", "儲罐洩漏 ＧＢ", "타워", "e\u0301\u0323x", "破\xff碎", "ﷺ㎏", "\u0f73\u0f72"} {
		f.Add(s, uint(0), uint(3))
	}
	f.Fuzz(func(t *testing.T, s string, from, length uint) {
		if again := fold.String(norm.NFKC.String(s)); again != fold.String(s) {
			t.Fatalf("%q folds to %q, and its NFKC form to %q", s, fold.String(s), again)
		}
		folded := fold.Text(s)
		if folded.Text != fold.String(s) {
			t.Fatalf("Text %q, String %q", folded.Text, fold.String(s))
		}
		if len(folded.Text) == 0 {
			return
		}
		a := int(from % uint(len(folded.Text)))
		b := a + 1 + int(length%uint(len(folded.Text)-a))
		start, end, ok := folded.Original(a, b)
		if !ok || start < 0 || start >= end || end > len(s) {
			t.Fatalf("[%d,%d) of %q leads to [%d,%d) of %q", a, b, folded.Text, start, end, s)
		}
		if start > 0 && !utf8.RuneStart(s[start]) && utf8.ValidString(s) || end < len(s) && !utf8.RuneStart(s[end]) && utf8.ValidString(s) {
			t.Fatalf("[%d,%d) of %q splits a character", start, end, s)
		}
		if !strings.Contains(fold.String(s[start:end]), folded.Text[a:b]) {
			t.Fatalf("%q folds to %q, which lacks %q", s[start:end], fold.String(s[start:end]), folded.Text[a:b])
		}
	})
}
