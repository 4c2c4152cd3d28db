package fold

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// single says whether a character is a word of its own in writing without blanks: Han, Kana and Hangul.
func single(r rune) bool {
	switch {
	case r < 0x1100, 0x3001 <= r && r <= 0x3004, 0xFF01 <= r && r <= 0xFF65: // most of what isn't: letters, punctuation, full-width forms
		return false
	case 0x4E00 <= r && r <= 0x9FFF, 0xAC00 <= r && r <= 0xD7A3: // most of what is
		return true
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
	if folded == "" {
		return nil
	}
	out = make([]Word, 0, utf8.RuneCountInString(folded))
	for w, ok := NextWord(folded, 0); ok; w, ok = NextWord(folded, w.End) {
		out = append(out, w)
	}
	return out
}

// NextWord gives the first word at or after a byte of a folded text that isn't within one.
func NextWord(folded string, from int) (w Word, ok bool) {
	for i := from; i < len(folded); {
		r, n := first(folded[i:])
		if single(r) {
			return Word{folded[i : i+n], i, i + n, true}, true
		}
		if !isWord(r) {
			i += n
			continue
		}
		end := i + n
		for end < len(folded) {
			if r, n = first(folded[end:]); single(r) || !isWord(r) {
				break
			}
			end += n
		}
		return Word{folded[i:end], i, end, false}, true
	}
	return Word{}, false
}

// BeginsWord says whether a byte of a folded text isn't within a word of letters or digits.
func BeginsWord(folded string, at int) bool {
	r, _ := utf8.DecodeLastRuneInString(folded[:at])
	return at == 0 || single(r) || !isWord(r)
}

// Bounds of what is found within a word of letters or digits.
const (
	tailMark = "3"
	maxTail  = 12
)

// Tails gives the words under which a text is found by the end of one of its words of letters or digits, marked so that no text has them; seen remembers across texts.
func Tails(folded string, seen *Seen) (out []string) {
	for _, w := range Words(folded) {
		if w.Single || len(w.Text) > maxTail {
			continue
		}
		for i := range w.Text {
			if t := tailMark + w.Text[i:]; i > 0 && seen.First(t) {
				out = append(out, t)
			}
		}
	}
	return out
}

// Tail gives the word of Tails under which a folded term may be found that begins within a word, and what of the term comes after that. ok is false for a term that begins with a
// character that is a word of its own.
func Tail(term string) (word, rest string, ok bool) {
	words := Words(term)
	if len(words) == 0 || words[0].Single || len(words[0].Text) > maxTail {
		return "", "", false
	}
	return tailMark + words[0].Text, term[words[0].End:], true
}

// Inside finds the first place at or after from in a folded text where a term stands that begins or ends within a word: the place takes in the whole words. start is -1 if there is none.
func Inside(term, folded string, from int) (start, end int) {
	want, have := Words(term), Words(folded)
	last := len(want) - 1
	for i := range have {
		if have[i].Start < from || i+last >= len(have) || last < 0 {
			continue
		}
		ok := true
		for j := 0; j <= last && ok; j++ {
			w, h := want[j].Text, have[i+j].Text
			switch {
			case j == 0 && last == 0:
				ok = strings.Contains(h, w)
			case j == 0:
				ok = strings.HasSuffix(h, w)
			case j == last:
				ok = strings.HasPrefix(h, w)
			default:
				ok = h == w
			}
		}
		if ok {
			return have[i].Start, have[i+last].End
		}
	}
	return -1, -1
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
