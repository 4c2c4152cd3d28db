package fold

import (
	"regexp"
	"strings"
)

// number is a document's number as people write it: what comes before, a year in whatever brackets or none, then a number, which may have a 第 before and
// a 号 after it, or a word between year and number (安委办〔2026〕曝2).
var number = regexp.MustCompile(`^(.*?\p{L})[\p{P}\p{S}\p{Z}]*((?:19|20)\d\d)[\p{P}\p{S}\p{Z}]*年?[\p{P}\p{S}\p{Z}]*(\p{L}*?)[\p{P}\p{S}\p{Z}]*第?[\p{P}\p{S}\p{Z}]*(\d{1,6})[\p{P}\p{S}\p{Z}]*号?$`)

// Number writes a folded document's number with the brackets, 年, 第, 号 and leading zeros left out, its parts apart: “长安委办曝 2026 1” for 长安委办曝〔2026〕1号, 长安委办曝[2026]第01号 and
// 长安委办曝2026年1号. ok is false for what is no such number.
func Number(folded string) (plain string, ok bool) {
	m := number.FindStringSubmatch(folded)
	if m == nil {
		return "", false
	}
	n := strings.TrimLeft(m[4], "0")
	if n == "" {
		n = "0"
	}
	parts := append(strings.FieldsFunc(m[1], func(r rune) bool { return !isWord(r) }), m[2])
	// 曝 stands before the year or after it; where it is the only word of its kind it is written before.
	if w := strings.TrimSuffix(m[3], "字"); w != "" {
		parts = append(parts, w)
	}
	return strings.Join(append(parts, n), " "), true
}
