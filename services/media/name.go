package media

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// Unnamed stands for a name of which cleaning leaves nothing.
	Unnamed = "未命名"
	// maxExtension is how long the end after the last dot may be to be kept when a name is cut.
	maxExtension = 10
)

// CleanName makes a name that people gave fit for showing: the part after the last path separator (/ or \), without control,
// bidirectional and other invisible characters and without bytes that aren't UTF-8, trimmed of blanks, cut to MaxName characters with its
// extension kept, never empty. Percent signs are characters like others: nothing is decoded. Cleaning a clean name changes nothing.
// A cleaned name is a label; it never becomes a key or a path.
func CleanName(name string) string {
	name = strings.Map(visible, strings.ToValidUTF8(name, ""))
	name = strings.TrimRightFunc(name, func(r rune) bool { return unicode.IsSpace(r) || isSeparator(r) })
	if i := strings.LastIndexFunc(name, isSeparator); i >= 0 {
		name = name[i+1:]
	}
	name = strings.TrimSpace(cut(strings.TrimSpace(name)))
	if strings.Trim(name, ". ") == "" {
		return Unnamed
	}
	return name
}

// visible drops what can't be seen. The two joiners stay: scripts and emoji need them.
func visible(r rune) rune {
	switch {
	case r == '\u200c', r == '\u200d':
		return r
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
		return -1
	}
	return r
}

func isSeparator(r rune) bool { return r == '/' || r == '\\' }

func cut(name string) string {
	if utf8.RuneCountInString(name) <= MaxName {
		return name
	}
	runes, ext := []rune(name), ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 && utf8.RuneCountInString(name[i:]) <= maxExtension {
		ext = name[i:]
	}
	return string(runes[:MaxName-utf8.RuneCountInString(ext)]) + ext
}
