package fold

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is read as a slip of typing: shorter, and it is as likely another word.
const (
	minSlipped      = 3 // Han, Kana, Hangul
	minSlippedLatin = 5
	maxSlipped      = 20
	// slipMark begins a word that no text has, so that the remains of words are found among themselves only.
	slipMark = "0"
)

// Kind is what a term is made of, as far as it matters to slips.
type Kind int

// The kinds. Mixed is everything else: with digits in it, or too short or too long.
const (
	Mixed Kind = iota
	Latin
	Ideographic // Han and Kana
	Syllabic    // Hangul
)

// KindOf says what a folded term is made of.
func KindOf(term string) Kind {
	kind, n := Mixed, 0
	for _, r := range term {
		k := kindOf(r)
		if k == Mixed || n > 0 && k != kind {
			return Mixed
		}
		kind = k
		n++
	}
	least := minSlipped
	if kind == Latin {
		least = minSlippedLatin
	}
	if n < least || n > maxSlipped {
		return Mixed
	}
	return kind
}

func kindOf(r rune) Kind {
	switch {
	case 'a' <= r && r <= 'z', r > unicode.MaxASCII && unicode.In(r, unicode.Latin, unicode.Cyrillic):
		return Latin
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return Ideographic
	case unicode.Is(unicode.Hangul, r):
		return Syllabic
	}
	return Mixed
}

// Remains gives a Latin word and what is left of it without each of its letters, marked: two words that differ by a letter more, less, another or by two
// that changed places share one. None for a text that is no such word.
func Remains(word string) []string {
	if KindOf(word) != Latin {
		return nil
	}
	out := []string{slipMark + word}
	for i, r := range word {
		if s := slipMark + word[:i] + word[i+utf8.RuneLen(r):]; !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Slip is one way in which a term may have been meant: Pieces stand in the text as they are, next to each other but for at most one character.
type Slip struct {
	Pieces []string
	Weak   bool
}

// minFixed is how many characters a term and what it was meant as must share for that to be more than chance.
const minFixed = 3

// Weak says that term and text share so few characters that the text must be known as a word by other means: 核电站 is no slip for any 充电站, but 尾况库 is one for the tag 尾矿库.
func Weak(term, text string) bool {
	a := []rune(term)
	if kindOf(a[0]) == Latin {
		return false
	}
	shared := 0
	for _, r := range text {
		if j := slices.Index(a, r); j >= 0 {
			shared++
			a = slices.Delete(a, j, j+1)
		}
	}
	return shared < minFixed
}

// Slips lists the ways in which a term of Han, Kana or Hangul may have been meant with one slip: a character too many, two that changed places, a wrong one, one missing. None for other
// terms. At most four times as many as it has characters.
func Slips(term string) (out []Slip) {
	if k := KindOf(term); k != Ideographic && k != Syllabic {
		return nil
	}
	r := []rune(term)
	n := len(r)
	add := func(pieces ...string) {
		pieces = slices.DeleteFunc(pieces, func(p string) bool { return p == "" })
		if !slices.ContainsFunc(out, func(o Slip) bool { return slices.Equal(o.Pieces, pieces) }) && !slices.Equal(pieces, []string{term}) {
			n := 0
			for _, p := range pieces {
				n += utf8.RuneCountInString(p)
			}
			out = append(out, Slip{pieces, n < minFixed})
		}
	}
	for i := range n - 1 {
		s := slices.Clone(r)
		s[i], s[i+1] = s[i+1], s[i]
		add(string(s))
	}
	for i := 1; i < n-1; i++ {
		add(string(r[:i]) + string(r[i+1:])) // at the ends the rest would do for any text
	}
	for i := range n {
		add(string(r[:i]), string(r[i+1:]))
	}
	for i := 1; i < n; i++ {
		add(string(r[:i]), string(r[i:]))
	}
	return out
}

// Meant finds in a folded text what a term with one slip in it may have meant: the first place at or after from whose characters turn into the term by one change
// (one wrong, missing, too many, or two neighbours exchanged), the same kind of characters, for Latin whole words. It gives the place in bytes, start -1 if there is none.
func Meant(term, folded string, from int) (start, end int) {
	kind := KindOf(term)
	if kind == Mixed {
		return -1, -1
	}
	want := []rune(term)
	text := []rune(folded[from:])
	offsets := make([]int, len(text)+1)
	offsets[0] = from
	for i, r := range text {
		offsets[i+1] = offsets[i] + max(utf8.RuneLen(r), 1)
	}
	for i := range text {
		if kind == Latin && i > 0 && wordRune(text[i-1]) {
			continue
		}
		for _, n := range []int{len(want), len(want) + 1, len(want) - 1} {
			if i+n > len(text) || kind == Latin && i+n < len(text) && wordRune(text[i+n]) {
				continue
			}
			if part := text[i : i+n]; oneSlip(want, part) && allOf(part, kind) && fair(want, part, kind) {
				return offsets[i], offsets[i+n]
			}
		}
	}
	return -1, -1
}

func allOf(part []rune, kind Kind) bool {
	return !slices.ContainsFunc(part, func(r rune) bool { return kindOf(r) != kind })
}

func wordRune(r rune) bool { return kindOf(r) == Latin || unicode.IsDigit(r) }

// fair leaves out what isn't a slip but a shorter or longer text of which the term holds most: a character more or less at either end.
func fair(want, part []rune, kind Kind) bool {
	if kind == Latin || len(want) == len(part) {
		return true
	}
	long, short := want, part
	if len(part) > len(want) {
		long, short = part, want
	}
	return !slices.Equal(long[1:], short) && !slices.Equal(long[:len(long)-1], short)
}

// oneSlip says whether one change makes b of a.
func oneSlip(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return slices.Equal(a[i:], b[i+1:])
	}
	if i == len(a) {
		return false // the same
	}
	if slices.Equal(a[i+1:], b[i+1:]) {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && slices.Equal(a[i+2:], b[i+2:])
}
