package fold

import (
	"testing"
	"unicode"
)

// TestShortcuts: what is decided at a glance is decided as at length, for each character there is.
func TestShortcuts(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if want := unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 'ー'; single(r) != want {
			t.Errorf("single(%U) isn't %t", r, want)
		}
		if want := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsNumber(r) || unicode.IsMark(r); isWord(r) != want {
			t.Errorf("isWord(%U) isn't %t", r, want)
		}
		if s := string(r); bare(s) && Text(s).Text != s {
			t.Errorf("%U is folded to %q", r, Text(s).Text)
		}
	}
}
