package fold

import (
	"fmt"
	"strings"
	"unicode"
)

func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// single says whether a character is a word of its own in writing without blanks: Han, Kana and Hangul.
func single(r rune) bool {
	if r < 0x1100 {
		return false
	}
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 'ー'
}

// Word is a word of a folded text: a run of letters and digits, or one character of Han, Kana or Hangul. Start and End are its bytes.
type Word struct {
	Text       string
	Start, End int
	Single     bool
}

// Words gives the words of a folded text; all else separates.
func Words(folded string) (out []Word) {
	begin := -1
	flush := func(i int) {
		if begin >= 0 {
			out = append(out, Word{folded[begin:i], begin, i, false})
			begin = -1
		}
	}
	for i, r := range folded {
		switch {
		case single(r):
			flush(i)
			out = append(out, Word{folded[i : i+len(string(r))], i, i + len(string(r)), true})
		case isWord(r):
			if begin < 0 {
				begin = i
			}
		default:
			flush(i)
		}
	}
	flush(len(folded))
	return out
}

// Spell writes a folded text so that an engine that parts Chinese by a dictionary parts it into characters: each character of Han, Kana and Hangul becomes a
// word of Latin letters and digits, and between words stands a blank and nothing else, since other separators would break phrases.
func Spell(folded string) string {
	var b strings.Builder
	b.Grow(2 * len(folded))
	for i, w := range Words(folded) {
		if i > 0 {
			b.WriteByte(' ')
		}
		if !w.Single {
			b.WriteString(w.Text)
			continue
		}
		for _, r := range w.Text {
			// All of the same length: none is the beginning of another.
			fmt.Fprintf(&b, "u%05x", r)
		}
	}
	return b.String()
}
