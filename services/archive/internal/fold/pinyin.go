package fold

import (
	"strings"
	"sync"

	"github.com/mozillazg/go-pinyin"
)

var toneless = strings.NewReplacer(
	"ā", "a", "á", "a", "ǎ", "a", "à", "a", "ē", "e", "é", "e", "ě", "e", "è", "e", "ī", "i", "í", "i", "ǐ", "i", "ì", "i", "ō", "o", "ó", "o", "ǒ", "o", "ò", "o",
	"ū", "u", "ú", "u", "ǔ", "u", "ù", "u", "ü", "v", "ǖ", "v", "ǘ", "v", "ǚ", "v", "ǜ", "v", "ń", "n", "ň", "n", "ǹ", "n", "ḿ", "m", "ê̄", "e", "ế", "e", "ê̌", "e", "ề", "e", "ê", "e")

// syllables holds, for each Han character of the block, its most common reading without tone; "" for one without. The same syllable is one string.
var syllables = sync.OnceValue(func() *[hanLast - hanFirst + 1]string {
	var out [hanLast - hanFirst + 1]string
	known := map[string]string{}
	for r, readings := range pinyin.PinyinDict {
		if r < hanFirst || r > hanLast {
			continue
		}
		first, _, _ := strings.Cut(readings, ",")
		s := toneless.Replace(first)
		if k, ok := known[s]; ok {
			s = k
		} else {
			known[s] = s
		}
		out[r-hanFirst] = s
	}
	return &out
})

// Pinyin writes the Han characters of a folded text as syllables without tones, blanks around each; all else stays. A character of several readings
// has its most common one, wherever it stands: document and query must agree, not be right.
func Pinyin(folded string) string {
	var b strings.Builder
	b.Grow(2 * len(folded))
	readings := syllables()
	for _, r := range folded {
		writeSyllable(&b, readings, r)
	}
	return b.String()
}

func writeSyllable(b *strings.Builder, readings *[hanLast - hanFirst + 1]string, r rune) {
	if r < hanFirst || r > hanLast || readings[r-hanFirst] == "" {
		b.WriteRune(r)
		return
	}
	if s := b.String(); s != "" && s[len(s)-1] != ' ' {
		b.WriteByte(' ')
	}
	b.WriteString(readings[r-hanFirst])
	b.WriteByte(' ')
}

// Pinyin gives the text as Pinyin does, with the way back to the original.
func (f Folded) Pinyin() Folded {
	out := Folded{original: f.original}
	var b strings.Builder
	readings := syllables()
	for i, r := range f.Text {
		before := b.Len()
		writeSyllable(&b, readings, r)
		for range b.Len() - before {
			out.starts, out.ends = append(out.starts, f.starts[i]), append(out.ends, f.ends[i])
		}
	}
	out.Text = b.String()
	return out
}

// HasHomophones says whether a query's term is long enough to be looked for by sound: at least two Han characters side by side. One alone sounds like a
// few hundred others.
func HasHomophones(folded string) bool {
	readings := syllables()
	run := 0
	for _, r := range folded {
		if r < hanFirst || r > hanLast || readings[r-hanFirst] == "" {
			run = 0
			continue
		}
		if run++; run == 2 {
			return true
		}
	}
	return false
}
