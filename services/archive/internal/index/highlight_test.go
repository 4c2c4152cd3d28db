package index

import (
	"html"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

func marked(text string, terms ...string) string {
	var m marker
	for i, t := range terms {
		m.seek(fold.String(t), i == len(terms)-1)
	}
	return m.highlight(archive.Texts{Title: text})["title"]
}

func TestMarks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, terms, want string }{
		{"<b>儲罐</b>洩漏＆ＱＴＺ８０", "储罐 泄漏 qtz80", "&lt;b&gt;<mark>儲罐</mark>&lt;/b&gt;<mark>洩漏</mark>＆<mark>ＱＴＺ８０</mark>"},
		{"长安委办曝〔2026〕1号", "长安委办曝[2026]1号", "<mark>长安委办曝〔2026〕1号</mark>"},
		{"methanol", "meth", "<mark>meth</mark>anol"},
		{"methanol 罐", "meth 罐", "methanol <mark>罐</mark>"},
		{"Cafe\u0301", "café", "<mark>Cafe\u0301</mark>"},
		{"Cafe\u0301s", "caf", "<mark>Caf</mark>e\u0301s"},
		{"타워", "타워", "<mark>타워</mark>"},
		{"待处理", "处理", "待<mark>处理</mark>"},
		{"处\U000E0100理👩‍🚒队", "处理", "<mark>处\U000E0100理</mark>👩‍🚒队"},
		{"无证上岗、无证", "无证", "<mark>无证</mark>上岗、<mark>无证</mark>"},
		{"ﬁre", "f", "<mark>ﬁ</mark>re"},
		{"无", "有", ""}, {"", "有", ""}, {"有", "", ""}, {"有", "🚧", ""},
	} {
		if got := marked(c.text, strings.Fields(c.terms)...); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.terms, c.text, got, c.want)
		}
	}
	long := marked(strings.Repeat("👩‍🚒", 100)+"瓦斯"+strings.Repeat("e\u0301", 100), "瓦斯")
	if !strings.Contains(long, "<mark>瓦斯</mark>") || !strings.HasPrefix(long, "…👩‍🚒") || !strings.HasSuffix(long, "e\u0301…") {
		t.Errorf("cut to %q", long)
	}
}

// FuzzHighlight: without its marks a fragment is a part of the original, and no mark or cut goes through a character as a reader sees it.
func FuzzHighlight(f *testing.F) {
	for _, s := range []string{"儲罐洩漏 <b>ＧＢ & 타워", "e\u0301\u0323x👩‍🚒🏳️‍🌈", "破\xff碎", "ﷺ㎏", "\r\n🇨🇳🇰🇷", strings.Repeat("👩‍🚒", 130) + "a", "क्षि"} {
		f.Add(s, uint(0), uint(3))
	}
	f.Fuzz(func(t *testing.T, text string, from, length uint) {
		runes := []rune(text)
		if len(runes) == 0 || !utf8.ValidString(text) || strings.Contains(text, "…") || strings.Contains(text, "<mark>") || strings.Contains(text, "</mark>") {
			return
		}
		a := int(from % uint(len(runes)))
		b := a + 1 + int(length%uint(len(runes)-a))
		got := marked(text, string(runes[a:b]))
		if got == "" {
			return
		}
		if strings.ContainsAny(strings.NewReplacer("<mark>", "", "</mark>", "").Replace(got), `<>"'`) {
			t.Fatalf("not escaped: %q", got)
		}
		pieces := strings.Split(strings.NewReplacer("<mark>", "\x00", "</mark>", "\x00").Replace(strings.Trim(got, "…")), "\x00")
		if strings.Contains(text, "\x00") {
			return
		}
		bare := html.UnescapeString(strings.Join(pieces, ""))
		at := strings.Index(text, bare)
		if at < 0 {
			t.Fatalf("%q isn't a part of %q", bare, text)
		}
		if strings.Count(text, bare) > 1 {
			return
		}
		bounds := map[int]bool{0: true}
		rest, state, n := text, -1, 0
		for rest != "" {
			var c string
			c, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
			n += len(c)
			bounds[n] = true
		}
		for _, p := range pieces {
			if !bounds[at] {
				t.Fatalf("%q cuts a character of %q at %d", got, text, at)
			}
			at += len(html.UnescapeString(p))
		}
		if !bounds[at] {
			t.Fatalf("%q cuts a character of %q at its end", got, text)
		}
	})
}

// TestWhere: a term's words are found where a look at every word of a text, one after the other, finds them.
func TestWhere(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab1한罐塔吊 ,-ー。")), 0, 30, -1)
	rapid.Check(t, func(r *rapid.T) {
		folded, term := text.Draw(r, "text"), rapid.StringOfN(rapid.SampledFrom([]rune("ab1罐塔 ")), 1, 4, -1).Draw(r, "term")
		var m marker
		m.seek(term, rapid.Bool().Draw(r, "prefix"))
		for _, s := range m.sought {
			var want []span
			words := fold.Words(folded)
			for i := range words[:max(0, len(words)-len(s.words)+1)] {
				last := len(s.words) - 1
				same := slices.EqualFunc(words[i:i+last], s.words[:last], func(a, b fold.Word) bool { return a.Text == b.Text })
				have, wanted := words[i+last], s.words[last].Text
				if same && (have.Text == wanted || s.prefix && strings.HasPrefix(have.Text, wanted)) {
					want = append(want, span{words[i].Start, have.Start + len(wanted)})
				}
			}
			if got := s.in(folded, nil); !slices.Equal(got, want) {
				r.Fatalf("%q in %q: %v, not %v", term, folded, got, want)
			}
		}
	})
}
