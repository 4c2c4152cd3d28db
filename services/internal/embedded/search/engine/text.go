package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
)

// Limits of the text analysis.
const (
	// maxWordBytes cuts a word's term: longer words match by their head.
	maxWordBytes = 128
	// maxPositions is how far into an attribute words are found, as in Meilisearch; gaps between elements count.
	maxPositions = 65_535
	// elementGap is the distance in positions between two elements of an array, so that no phrase spans them.
	elementGap = 8
	// elementBreak stands between the elements of an array in the text that is analysed.
	elementBreak = "\x00"
)

type class uint8

const (
	separator class = iota
	word
	han // Han, Hiragana, Katakana
	hangul
	gap
)

// classOf sorts a character into what the tokenizer treats alike.
func classOf(r rune) class {
	switch {
	case r == 0:
		return gap
	case r < 0x80:
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return word
		}
		return separator
	case 0x4E00 <= r && r <= 0x9FFF, r == '々', r == '〇', r == 'ー':
		return han
	case 0xAC00 <= r && r <= 0xD7A3:
		return hangul
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return han
	case unicode.Is(unicode.Hangul, r):
		return hangul
	case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), unicode.IsNumber(r):
		return word
	}
	return separator
}

// token is one term of a text: a whole word, two neighbouring CJK characters, or the last character of a CJK run.
type token struct {
	term       string
	pos        int // a word and a CJK character each count one
	start, end int // bytes in the text
	class      class
	tail       bool // the last character of a run of several: repeats what its bigram holds
	single     bool // one CJK character
}

// tokenize splits text and calls emit for each token in order. Case is folded rune by rune; every other folding is the
// caller's. Bytes that are not UTF-8 separate.
func tokenize(text string, emit func(token)) {
	pos := 0
	for i := 0; i < len(text) && pos < maxPositions; {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch c := classOf(r); c {
		case separator:
			i += n
		case gap:
			pos += elementGap
			i += n
		case word:
			end := runEnd(text, i+n, word)
			emit(token{term: wordTerm(text[i:end]), pos: pos, start: i, end: end, class: word})
			pos++
			i = end
		default:
			i, pos = emitRun(text, i, pos, c, emit)
		}
	}
}

func runEnd(text string, i int, c class) int {
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if classOf(r) != c {
			break
		}
		i += n
	}
	return i
}

func emitRun(text string, i, pos int, c class, emit func(token)) (int, int) {
	end := runEnd(text, i, c)
	for first := true; i < end && pos < maxPositions; first = false {
		_, n := utf8.DecodeRuneInString(text[i:])
		if i+n == end {
			emit(token{term: text[i:end], pos: pos, start: i, end: end, class: c, tail: !first, single: true})
		} else {
			_, m := utf8.DecodeRuneInString(text[i+n:])
			emit(token{term: text[i : i+n+m], pos: pos, start: i, end: i + n + m, class: c})
		}
		i += n
		pos++
	}
	return end, pos
}

func wordTerm(s string) string {
	s = lower(s)
	if len(s) <= maxWordBytes {
		return s
	}
	cut := maxWordBytes
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}

// lower folds case rune by rune, so that the count of runes stays.
func lower(s string) string { return strings.Map(unicode.ToLower, s) }

// analyzer gives Bleve the tokens of a text. Offsets are left out: highlighting analyses the text of a page's hits again,
// which is cheaper than offsets of every token in the index.
type analyzer struct{}

func (analyzer) Analyze(text []byte) analysis.TokenStream {
	out := make(analysis.TokenStream, 0, len(text)/3+1)
	block := make([]analysis.Token, 0, len(text)/3+1)
	tokenize(string(text), func(t token) {
		if len(block) == cap(block) {
			block = make([]analysis.Token, 0, 256)
		}
		block = append(block, analysis.Token{Term: []byte(t.term), Position: t.pos + 1})
		out = append(out, &block[len(block)-1])
	})
	return out
}
