// Package fold makes texts comparable before they are indexed or searched, so that any engine finds Chinese written in another way: NFKC (which
// makes full-width letters and digits plain), lower case, traditional characters to simplified ones. Apart from that it says what a term may have been meant as: by its sound ([Speak], [Pairs]: 塔掉 or
// tadiao for 塔吊), with a slip of typing ([Slips], [Remains], [Meant]) or as a document's number ([Number]). Document and query go through the same folding.
//
// A [Folded] text leads back to the original: a match is shown in what people wrote, never in the folded form.
//
// Characters are mapped one by one, to the first simplified form that OpenCC's list knows; for finding it doesn't matter that 乾 is sometimes 干 and
// sometimes 乾, since both sides are folded alike. The list is characters.txt; its notice is in it and its licence in LICENSE-OpenCC.
package fold

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed characters.txt
var characters string

// The block of Han characters that is looked up in an array; all others are in a map.
const (
	hanFirst = 0x3400
	hanLast  = 0x9FFF
)

var (
	simplified [hanLast - hanFirst + 1]rune
	rare       = map[rune]rune{}
)

func init() {
	for line := range strings.Lines(characters) {
		if line[0] == '#' {
			continue
		}
		from, n := utf8.DecodeRuneInString(line)
		to, _ := utf8.DecodeRuneInString(line[n:])
		if from < hanFirst || from > hanLast {
			rare[from] = to
			continue
		}
		simplified[from-hanFirst] = to
	}
}

// unseen says whether a character is nothing by itself: variation selectors, joiners, soft hyphens, the byte order mark.
func unseen(r rune) bool {
	return r == 0xAD || 0x200B <= r && r <= 0x200D || 0x2060 <= r && r <= 0x2064 || 0xFE00 <= r && r <= 0xFE0F || r == 0xFEFF || 0xE0100 <= r && r <= 0xE01EF
}

// foldRune folds one character, -1 for one that is left out.
func foldRune(r rune) rune {
	if r >= hanFirst && r <= hanLast {
		if s := simplified[r-hanFirst]; s != 0 {
			return s
		}
		return r
	}
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	if s, ok := rare[r]; ok {
		return s
	}
	if unseen(r) {
		return -1
	}
	return unicode.ToLower(r)
}

// plain gives the NFKC form of a character that joins neither its neighbours, as most of a text does: ASCII, Han, their punctuation and full-width forms.
func plain(r rune) (nfkc rune, ok bool) {
	switch {
	case r < 0x80, 0x4E00 <= r && r <= 0x9FFF, 0x3001 <= r && r <= 0x3017, 0x2013 <= r && r <= 0x2015, 0x2018 <= r && r <= 0x201D:
		return r, true
	case 0xFF01 <= r && r <= 0xFF5E:
		return r - 0xFEE0, true
	case r == 0x3000:
		return ' ', true
	}
	return r, false
}

// bare says that folding changes nothing: lower case and digits, their signs, simplified characters.
func bare(s string) bool {
	for _, r := range s {
		switch {
		case r < 'A', 'Z' < r && r < utf8.RuneSelf, 0x3001 <= r && r <= 0x3017:
		case 0x4E00 <= r && r <= 0x9FFF && (simplified[r-hanFirst] == 0 || simplified[r-hanFirst] == r):
		default:
			return false
		}
	}
	return true
}

// normalized hands the NFKC form of a text to put, with where each of its characters comes from.
func normalized(s string, put func(r rune, at, end int)) {
	r, n := first(s)
	form, alone := plain(r)
	for at := 0; at < len(s); {
		next, m := first(s[at+n:])
		nextForm, nextAlone := plain(next)
		if alone && nextAlone {
			put(form, at, at+n)
			at += n
			r, n, form, alone = next, m, nextForm, nextAlone
			continue
		}
		end := at + norm.NFKC.NextBoundaryInString(s[at:], true)
		for _, r := range norm.NFKC.String(s[at:end]) {
			put(r, at, end)
		}
		at = end
		r, n = first(s[at:])
		form, alone = plain(r)
	}
}

// first is the first character of a text and its length, 0 and 0 if there is none.
func first(s string) (r rune, n int) {
	switch {
	case s == "":
		return 0, 0
	case s[0] < utf8.RuneSelf:
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(s)
}

// String folds a text. Bytes that are no UTF-8 become U+FFFD.
func String(s string) string {
	if bare(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	normalized(s, func(r rune, _, _ int) {
		if r = foldRune(r); r >= 0 {
			b.WriteRune(r)
		}
	})
	return b.String()
}

// Folded is a folded text with the way back.
type Folded struct {
	Text     string
	original string
	// starts and ends say, for each byte of Text, where the original characters that it came from begin and end.
	starts, ends []int32
}

// Text folds a text as String does and keeps the way back. A text is shorter than 2 GiB.
func Text(s string) Folded {
	f := Folded{original: s, starts: make([]int32, 0, len(s)), ends: make([]int32, 0, len(s))}
	var b strings.Builder
	b.Grow(len(s))
	normalized(s, func(r rune, at, end int) {
		if r = foldRune(r); r < 0 {
			return
		}
		written, _ := b.WriteRune(r)
		for range written {
			f.starts, f.ends = append(f.starts, int32(at)), append(f.ends, int32(end))
		}
	})
	f.Text = b.String()
	return f
}

// Original gives the bytes [start, end) of the original text that the bytes [from, to) of Text came from, whole characters. An empty or impossible
// span gives ok = false.
func (f Folded) Original(from, to int) (start, end int, ok bool) {
	if from < 0 || to > len(f.starts) || from >= to {
		return 0, 0, false
	}
	return int(f.starts[from]), int(f.ends[to-1]), true
}
