package search

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

// facet is one list of values to pick from; Rest is what is folded.
type facet struct {
	Name         string
	Values, Rest []value
	// Picked says that some of its values are picked: the counts are then those under everything but this facet.
	Picked bool
}

type value struct {
	Label, URL string
	Count      int
	On         bool
}

// shownValues is how many values of a facet stand unfolded, besides picked ones.
const shownValues = 6

// counts gives the counts to show for a facet: of the alternatives, where some of its values are picked.
func counts(found portalapi.Found, a address, name string) map[string]int {
	if len(a[name]) > 0 {
		if all, ok := found.Alternatives[name]; ok {
			return all
		}
	}
	return found.Facets[name]
}

// facets gives each facet's values, most first; one that is picked stays, even without hits, and never folded.
func (h *Handler) facets(a address, found portalapi.Found, l messages.Language) []facet {
	var out []facet
	for _, name := range view.Facets {
		counted := counts(found, a, name)
		slugs := slices.Sorted(maps.Keys(counted))
		for _, picked := range a[name] {
			if !slices.Contains(slugs, picked) {
				slugs = append(slugs, picked)
			}
		}
		slices.SortStableFunc(slugs, func(x, y string) int { return cmp.Compare(counted[y], counted[x]) })
		f := facet{Name: name, Picked: len(a[name]) > 0}
		for i, slug := range slugs {
			v := value{Label: h.label(name, slug, l), URL: a.toggled(name, slug).link(), Count: counted[slug], On: a.has(name, slug)}
			// One value alone isn't worth a fold.
			if v.On || i < shownValues || len(slugs) == shownValues+1 {
				f.Values = append(f.Values, v)
				continue
			}
			f.Rest = append(f.Rest, v)
		}
		// One value that all have leaves nothing to choose.
		if len(slugs) > 1 || len(slugs) == 1 && (f.Picked || f.Values[0].Count < found.Total) {
			out = append(out, f)
		}
	}
	return out
}

// label gives a value's words; an outlet's name stands in the province's list.
func (h *Handler) label(name, slug string, l messages.Language) string {
	switch name {
	case "outlet":
		if o, ok := h.Outlets.OutletByID(events.OutletID(slug)); ok {
			return o.Name
		}
	case "month":
		return messages.Month(slug, l)
	}
	return messages.Term(name, slug, l)
}

// chip is one condition that holds, with the address without it.
type chip struct{ Label, URL string }

// spans are the pairs of parameters that bound something, with their words.
var spans = []struct {
	from, to string
	zh, en   string
	form     func(string, messages.Language) string
}{
	{"from", "to", "刊播", "published", shell.Day}, {"found_from", "found_to", "发现", "found", shell.Day}, {"due_from", "due_to", "整改期限", "due", shell.Day}, {"penalty_min", "penalty_max", "罚款", "penalty", money},
}

func money(s string, l messages.Language) string {
	if l == messages.English {
		return "CNY " + s
	}
	return s + "元"
}

// chips lists every condition but the text. An enterprise is named as the first hit names it, where there is one alone; its condition may be a code.
func (h *Handler) chips(a address, hits []portalapi.Hit, l messages.Language) []chip {
	var out []chip
	for _, name := range append(slices.Clone(view.Facets), "month") {
		for _, slug := range a[name] {
			out = append(out, chip{h.label(name, slug, l), a.toggled(name, slug).link()})
		}
	}
	for _, e := range a["enterprise"] {
		name := e
		if len(a["enterprise"]) == 1 && len(hits) > 0 {
			name = hits[0].Enterprise
		}
		out = append(out, chip{pick("企业：", "enterprise: ", l) + name, a.toggled("enterprise", e).link()})
	}
	for _, s := range spans {
		if from, to := a.first(s.from), a.first(s.to); from != "" || to != "" {
			out = append(out, chip{pick(s.zh, s.en, l) + " " + span(s.form, from, to, l), a.without(s.from, s.to).link()})
		}
	}
	if a.first("overdue") == "true" {
		out = append(out, chip{pick("已逾期", "overdue", l), a.without("overdue").link()})
	}
	if near := a.first("near"); near != "" {
		out = append(out, chip{around(near, a.first("radius_km"), l), a.withoutNear().link()})
	}
	if a.first("frame") != "" {
		out = append(out, chip{pick("地图范围内", "within the map's frame", l), a.without("frame").link()})
	}
	return out
}

func (a address) withoutNear() address {
	next := a.without("near", "radius_km")
	if next.first("sort") == "nearest" {
		delete(next, "sort")
	}
	return next
}

func span(form func(string, messages.Language) string, from, to string, l messages.Language) string {
	say := func(s string) string { return cmp.Or(form(s, l), s) }
	switch {
	case from == to:
		return say(from)
	case from == "":
		return pick("不晚于 ", "up to ", l) + say(to)
	case to == "":
		return say(from) + pick(" 起", " or later", l)
	}
	return say(from) + " – " + say(to)
}

// places are the seats of the eleven offices, rounded to a kilometre (WGS-84): choices for whoever has no coordinates at hand.
var places = []struct{ office, at string }{
	{"changchun", "43.82,125.32"}, {"jilin", "43.84,126.55"}, {"siping", "43.17,124.35"}, {"liaoyuan", "42.89,125.14"}, {"tonghua", "41.73,125.94"}, {"baishan", "41.94,126.42"},
	{"songyuan", "45.14,124.83"}, {"baicheng", "45.62,122.84"}, {"yanbian", "42.89,129.51"}, {"changbaishan", "42.42,128.11"}, {"meihekou", "42.54,125.71"},
}

// around says in words where a radius lies.
func around(near, radius string, l messages.Language) string {
	at := near
	for _, p := range places {
		if p.at == strings.ReplaceAll(near, " ", "") {
			at = messages.Term("office", p.office, l)
		}
	}
	if radius == "" {
		return pick("以 "+at+" 为中心", "around "+at, l)
	}
	return pick("距 "+at+" "+radius+" 公里内", "within "+radius+" km of "+at, l)
}

// distance writes metres for people: 850 米, 12.3 公里.
func distance(m int, l messages.Language) string {
	if m < 1000 {
		return pick("距 "+strconv.Itoa(m)+" 米", strconv.Itoa(m)+" m away", l)
	}
	km := strconv.FormatFloat(float64(m)/1000, 'f', 1, 64)
	return pick("距 "+km+" 公里", km+" km away", l)
}

func pick(zh, en string, l messages.Language) string {
	if l == messages.English {
		return en
	}
	return zh
}
