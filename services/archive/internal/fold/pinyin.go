package fold

import "strings"

// Pinyin writes the Han characters of a folded text as syllables without tones, blanks around each; all else stays. A character of several readings
// has its most common one.
func Pinyin(folded string) string {
	var b strings.Builder
	b.Grow(2 * len(folded))
	for _, r := range folded {
		writeSyllable(&b, r)
	}
	return b.String()
}

func writeSyllable(b *strings.Builder, r rune) {
	s := Readings(r)
	if len(s) == 0 {
		b.WriteRune(r)
		return
	}
	if s := b.String(); s != "" && s[len(s)-1] != ' ' {
		b.WriteByte(' ')
	}
	b.WriteString(s[0])
	b.WriteByte(' ')
}

// Pinyin gives the text as Pinyin does, with the way back to the original.
func (f Folded) Pinyin() Folded {
	out := Folded{original: f.original}
	var b strings.Builder
	for i, r := range f.Text {
		before := b.Len()
		writeSyllable(&b, r)
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
	run := 0
	for _, r := range folded {
		if len(Readings(r)) == 0 {
			run = 0
			continue
		}
		if run++; run == 2 {
			return true
		}
	}
	return false
}
