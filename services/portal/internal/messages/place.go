package messages

import (
	"regexp"
	"strconv"

	"songshui.internal/services/internal/fault"
)

var placeForm = regexp.MustCompile(`^(\d{1,6})-(\d{1,6})$`)

// Place gives the place in the query that a wrong field q names, in characters: from is the first, to the one after the last; ok is false for other fields.
func Place(f fault.Field) (from, to int, ok bool) {
	m := placeForm.FindStringSubmatch(f.Arg)
	if f.Field != "q" || m == nil {
		return 0, 0, false
	}
	from, _ = strconv.Atoi(m[1])
	to, _ = strconv.Atoi(m[2])
	return from, to, from <= to
}

// placed is the label of a place in the query: 检索词第3至6字.
func placed(from, to int, l Language) string {
	first, last := strconv.Itoa(from+1), strconv.Itoa(max(to, from+1))
	switch {
	case l == English && first == last:
		return "query, character " + first + ","
	case l == English:
		return "query, characters " + first + " to " + last + ","
	case first == last:
		return "检索词第 " + first + " 个字"
	}
	return "检索词第 " + first + " 至 " + last + " 个字"
}
