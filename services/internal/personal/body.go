package personal

import (
	"encoding/json"
	"slices"
	"sort"

	"songshui.internal/services/internal/fault"
)

// Code is the warning's.
const Code = "personal_data"

// exact are fields that hold names of things rather than words, whose digits mean nothing: addresses, ids, hashes, codes and references.
var exact = []string{"url", "id", "file", "before", "sha256", "uscc", "ref", "basis"}

// Warnings names the texts in a command's body, a JSON object, that look like a telephone or identity number, in the order of the fields' names; nil for what isn't JSON. They refuse nothing.
func Warnings(body []byte) []fault.Field {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	return Find(v, exact...)
}

// Find is Warnings of a decoded body; what stands in the fields named exact isn't looked at.
func Find(body any, exact ...string) []fault.Field {
	var w fault.Fields
	warn(&w, "", body, exact)
	return w
}

func warn(w *fault.Fields, path string, v any, exact []string) {
	switch v := v.(type) {
	case string:
		if In(v) {
			w.Add(path, Code)
		}
	case []any:
		for i, e := range v {
			warn(w, fault.Index(path, i, ""), e, exact)
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			if !slices.Contains(exact, name) {
				names = append(names, name)
			}
		}
		sort.Strings(names)
		for _, name := range names {
			at := name
			if path != "" {
				at = path + "." + name
			}
			warn(w, at, v[name], exact)
		}
	}
}
