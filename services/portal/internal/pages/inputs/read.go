package inputs

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/personal"
)

var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// localTime is how a browser writes a time.
const localTime = "2006-01-02T15:04"

// maxEntries bounds the lines that are read of a list: more than any service takes, so that it is the service that refuses.
const maxEntries = 500

// Read takes a body out of a form. What was left empty isn't in it; a line of a list of which nothing was filled in isn't a line. What can't be read as its type goes as it is, for the service to refuse.
func Read(form url.Values, fields []Field, captioned bool) map[string]any {
	body := map[string]any{}
	for _, f := range fields {
		if v := read(form, f, captioned); v != nil {
			body[f.Name] = v
		}
	}
	return body
}

func read(form url.Values, f Field, captioned bool) any {
	s := shapes[f.Type]
	switch {
	case s.list:
		entries := []any{}
		for _, i := range indexes(form, f.Name) {
			if e := members(form, s, fault.Index(f.Name, i, "")); len(e) > 0 {
				entries = append(entries, e)
			}
		}
		if len(entries) == 0 {
			return nil
		}
		return entries
	case len(s.members) > 0:
		if e := members(form, s, f.Name); len(e) > 0 {
			return e
		}
		return nil
	}
	switch s.control {
	case "media":
		var out []any
		for _, id := range form[f.Name] {
			e := map[string]any{"id": id}
			if caption := text(form, "caption-"+id); captioned && caption != "" {
				e["caption"] = caption
			}
			out = append(out, e)
		}
		return some(out)
	case "outlets":
		var out []any
		for _, v := range form[f.Name] {
			if v != "" {
				out = append(out, v)
			}
		}
		return some(out)
	}
	return value(f.Type, text(form, f.Name))
}

func some(out []any) any {
	if len(out) == 0 {
		return nil
	}
	return out
}

func members(form url.Values, s shape, at string) map[string]any {
	e := map[string]any{}
	for _, m := range s.members {
		if v := value(m.Type, text(form, at+"."+m.Name)); v != nil {
			e[m.Name] = v
		}
	}
	return e
}

// text is one value: blanks around it don't count, and lines end as everywhere else.
func text(form url.Values, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(form.Get(name), "\r\n", "\n"))
}

// value reads a text as its type.
func value(kind, s string) any {
	if s == "" {
		return nil
	}
	switch shapes[kind].control {
	case "number", "item", "violation":
		if _, err := strconv.ParseInt(s, 10, 64); err == nil {
			return json.Number(s)
		}
	case "decimal":
		if v, err := strconv.ParseFloat(s, 64); err == nil && v > -1e6 && v < 1e6 {
			return v
		}
	case "yes-no":
		if b, err := strconv.ParseBool(s); err == nil {
			return b
		}
	case "datetime-local":
		if t, err := time.ParseInLocation(localTime, s, shanghai); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	if kind == "texts" {
		var out []any
		for _, t := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("、，,；;\n", r) }) {
			if t = strings.TrimSpace(t); t != "" {
				out = append(out, t)
			}
		}
		return some(out)
	}
	return s
}

var entry = regexp.MustCompile(`^([a-z_]+)\[(\d{1,4})\]\.`)

// indexes gives the lines of a list that a form has, in order.
func indexes(form url.Values, list string) (out []int) {
	seen := map[int]bool{}
	for name := range form {
		m := entry.FindStringSubmatch(name)
		if m == nil || m[1] != list {
			continue
		}
		if i, err := strconv.Atoi(m[2]); err == nil && !seen[i] {
			seen[i] = true
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), maxEntries)]
}

// Private names the texts that look as if they held a telephone or identity number, of which a person is warned before they are sent; nil if none does. Codes and addresses of pages aren't looked at.
func Private(body map[string]any) *fault.Error {
	w := personal.Find(body, "uscc", "url", "id")
	if len(w) == 0 {
		return nil
	}
	return &fault.Error{Code: fault.Invalid, Op: "portal: form", Fields: w}
}
