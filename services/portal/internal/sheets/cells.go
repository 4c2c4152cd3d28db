package sheets

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"songshui.internal/services/internal/tables"
)

// value reads a cell; what can't be read comes back as it is.
func (c column) value(text string, b tables.Book) any {
	switch c.form {
	case aDay:
		return day(text, b)
	case aNumber:
		if f, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
	case aWhole:
		f, err := strconv.ParseFloat(strings.NewReplacer(",", "", "，", "", "元", "", "¥", "", "￥", "", " ", "").Replace(text), 64)
		if err == nil && f == math.Trunc(f) && math.Abs(f) < maxWhole {
			return int64(f)
		}
	case aList:
		list := []any{}
		for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("、,，;；\n", r) }) {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
		return list
	case aTerm:
		return c.slug(text)
	case aText:
	}
	return text
}

// maxWhole is up to where a cell's number is exact.
const maxWhole = 1 << 53

var (
	dayForm = regexp.MustCompile(`^(\d{4})(?:[-/.年]?)(\d{1,2})(?:[-/.月]?)(\d{1,2})日?(?:[ T]0?0:00(?::00)?)?$`)
	compact = regexp.MustCompile(`^\d+$`)
	// count is a day as workbooks store it: days 10,000 (1927) to 99,999 (2173), and a part of a day.
	count = regexp.MustCompile(`^\d{5}(\.\d+)?$`)
)

// day reads a day in the forms that people write; what is none comes back as it is.
func day(text string, b tables.Book) string {
	if count.MatchString(text) {
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return b.Day(n).Format(time.DateOnly)
		}
	}
	m := dayForm.FindStringSubmatch(text)
	if m == nil || compact.MatchString(text) && len(text) != len("20260612") {
		return text
	}
	t, err := time.Parse("2006-1-2", m[1]+"-"+m[2]+"-"+m[3])
	if err != nil {
		return text
	}
	return t.Format(time.DateOnly)
}
