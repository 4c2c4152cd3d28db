package messages

import (
	"regexp"
	"strconv"

	"songshui.internal/services/internal/fault"
)

// ofField are the words where a field's own say better what to write instead.
var ofField = map[string]text{
	"near type":           {"应为“纬度,经度”，如 43.82,125.32", "must be latitude,longitude, such as 43.82,125.32"},
	"frame type":          {"应为“南,西,北,东”四个数", "must be south,west,north,east"},
	"radius_km type":      {"应为公里数，如 20", "must be a number of kilometres, such as 20"},
	"penalty_min type":    {"应为整数元，如 10000", "must be whole yuan, such as 10000"},
	"penalty_max type":    {"应为整数元，如 10000", "must be whole yuan, such as 10000"},
	"month unknown_value": {"应为 2026-06 的格式", "must be of the form 2026-06"},
	"q day":               {"应为日期、月份、年份或其范围，如 2026-06..2026-07", "must be a day, month, year or a range of them, such as 2026-06..2026-07"},
	"q month":             {"应为月份或其范围，如 2026-06..2026-08", "must be a month or a range of them, such as 2026-06..2026-08"},
	"near required":       {"须同时填写中心位置", "is needed with a radius, and to sort by distance"},
}

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
