// Package refs normalises references 发文字号: the office's own numbers, which people write with many brackets, dashes and blanks.
package refs

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// brackets maps every bracket that is used round the year to 〔 or 〕 (GB/T 9704-2012); NFKC has made full-width ones narrow before.
var brackets = strings.NewReplacer("(", "〔", ")", "〕", "[", "〔", "]", "〕", "【", "〔", "】", "〕", "「", "〔", "」", "〕", "〖", "〔", "〗", "〕", "{", "〔", "}", "〕")

// Key gives the form in which references are compared: NFKC, brackets as 〔〕, dashes as -, without blanks, letters folded. 第1号 and 1号 stay different, and so do 01 and 1.
func Key(ref string) string {
	s := brackets.Replace(norm.NFKC.String(ref))
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r), r == '−', r == '⁃':
			return '-'
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	// Folding turns some Cherokee letters up and others down; what comes out in small letters stays when it is folded again.
	return norm.NFKC.String(strings.ToLower(cases.Fold().String(s)))
}

// shown maps the brackets of design: （）()[]【】 are all written 〔〕.
var shown = strings.NewReplacer("（", "〔", "）", "〕", "[", "〔", "]", "〕", "【", "〔", "】", "〕", "(", "〔", ")", "〕", "［", "〔", "］", "〕")

// Shown gives the form in which a reference is shown: as given, with 〔 〕.
func Shown(ref string) string { return shown.Replace(strings.TrimSpace(ref)) }
