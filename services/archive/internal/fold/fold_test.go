package fold_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"songshui.internal/services/archive/internal/fold"
)

func TestString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"儲罐洩漏":          "储罐泄漏",
		"ＧＢ　５０１５６":      "gb 50156",
		"QTZ80":         "qtz80",
		"타워크레인":         "타워크레인",
		"타워":            "타워", // decomposed
		"臺灣ﬁre":         "台湾fire",
		"长安委办曝〔2026〕1号": "长安委办曝〔2026〕1号",
		"梅安委办曝2026－01":  "梅安委办曝2026-01",
		"ÀÉ Ⅳ ㎏":        "àé iv kg",
		"破\xff碎":        "破\uFFFD碎",
		"乾安县":           "干安县",
	} {
		if got := fold.String(in); got != want {
			t.Errorf("String(%q) = %q, want %q", in, got, want)
		}
		if again := fold.String(fold.String(in)); again != want {
			t.Errorf("String(%q) twice = %q", in, again)
		}
	}
}

func TestPinyin(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"塔吊", "塔掉"}, {"液氨", "液铵"}, {"无证上岗", "无政上岗"}, {"旅客", "鋁客"}} {
		a, b := fold.Pinyin(fold.String(pair[0])), fold.Pinyin(fold.String(pair[1]))
		if a != b || a == pair[0] {
			t.Errorf("%v sound like %q and %q", pair, a, b)
		}
	}
	if got, want := fold.Pinyin("3号塔吊qtz80已停"), "3 hao ta diao qtz80 yi ting "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for q, want := range map[string]bool{"氨": false, "塔吊": true, "qtz80": false, "塔3吊": false, "3号塔": true} {
		if fold.HasHomophones(q) != want {
			t.Errorf("HasHomophones(%q) = %t", q, !want)
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
	p := f.Pinyin()
	at := strings.Index(p.Text, "xie lou")
	if start, end, ok := p.Original(at, at+len("xie lou")); !ok || s[start:end] != "洩漏" {
		t.Errorf("xie lou leads to %q", s[start:end])
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
		folded := fold.Text(s)
		if folded.Text != fold.String(s) {
			t.Fatalf("Text %q, String %q", folded.Text, fold.String(s))
		}
		if p := folded.Pinyin(); p.Text != fold.Pinyin(folded.Text) {
			t.Fatalf("pinyin %q and %q", p.Text, fold.Pinyin(folded.Text))
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
