package saved

import (
	"net/url"
	"slices"
	"strings"

	"songshui.internal/services/portal/internal/messages"
)

// describe writes a search's conditions: the text first, then each parameter with its values in words.
func describe(values url.Values, l messages.Language) string {
	var parts []string
	if q := values.Get("q"); q != "" {
		parts = append(parts, "“"+q+"”")
	}
	var names []string
	for name := range values {
		if name != "q" && name != "sort" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		var words []string
		for _, v := range values[name] {
			if v != "" {
				words = append(words, messages.Term(name, v, l))
			}
		}
		if len(words) > 0 {
			parts = append(parts, messages.Label(name, l)+"："+strings.Join(words, "、"))
		}
	}
	if len(parts) == 0 {
		if l == messages.English {
			return "everything"
		}
		return "全部案例"
	}
	if l == messages.English {
		return strings.ReplaceAll(strings.ReplaceAll(strings.Join(parts, "; "), "：", ": "), "、", ", ")
	}
	return strings.Join(parts, "；")
}
