package engine

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// formatter makes a hit's _formatted: numbers become strings, as in Meilisearch, long texts are cropped and matches marked.
type formatter struct {
	*marker
	highlight             []string
	pre, post, cropMarker string
	crops                 []crop
}

// crop says to how many words an attribute is cropped; 0 leaves it whole.
type crop struct {
	attribute string
	words     int
}

// newFormatter reads attributesToCrop, whose members are names or `name:words`.
func newFormatter(m *marker, q *Query) *formatter {
	f := &formatter{marker: m, highlight: q.Highlight, pre: q.Pre, post: q.Post, cropMarker: q.CropMarker}
	for _, a := range q.Crop {
		c := crop{a, q.CropLength}
		if at := strings.LastIndexByte(a, ':'); at >= 0 {
			if n, err := strconv.Atoi(a[at+1:]); err == nil && n >= 0 {
				c = crop{a[:at], n}
			}
		}
		f.crops = append(f.crops, c)
	}
	return f
}

// formatted are the attributes that _formatted shows: those retrieved and, besides, those to highlight or crop.
func formatted(shown, hit map[string]any, q *Query) map[string]any {
	if q.Retrieve == nil || slices.Contains(q.Retrieve, "*") {
		return hit
	}
	names := append(slices.Clip(q.Retrieve), q.Highlight...)
	for _, c := range newFormatter(nil, q).crops {
		names = append(names, c.attribute)
	}
	return pick("", shown, names)
}

// format copies v, which stands at path.
func (f *formatter) format(path string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = f.format(join(path, k), e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = f.format(path, e)
		}
		return out
	case string:
		return f.text(path, v)
	case json.Number:
		return f.text(path, v.String())
	}
	return v
}

func (f *formatter) text(path, s string) string {
	words := 0
	for _, c := range f.crops {
		if covers([]string{c.attribute}, path) {
			words = c.words
			break
		}
	}
	highlight := covers(f.highlight, path)
	if !highlight && words == 0 {
		return s
	}
	spans := f.spans(s)
	from, to := 0, len(s)
	if words > 0 {
		from, to = window(s, spans, words)
	}
	if !highlight {
		spans = nil
	}
	return f.write(s, from, to, spans)
}

func (f *formatter) write(s string, from, to int, spans []span) string {
	var b strings.Builder
	if from > 0 {
		b.WriteString(f.cropMarker)
	}
	at := from
	for _, sp := range spans {
		start, end := max(sp.start, from), min(sp.end, to)
		if start >= end {
			continue
		}
		b.WriteString(s[at:start])
		b.WriteString(f.pre)
		b.WriteString(s[start:end])
		b.WriteString(f.post)
		at = end
	}
	b.WriteString(s[at:to])
	if to < len(s) {
		b.WriteString(f.cropMarker)
	}
	return b.String()
}

// window chooses the words that are shown, in bytes of s: those around the most matches that fit together, as many on
// either side; without a match the first. A CJK character counts as a word.
func window(s string, matches []span, words int) (from, to int) {
	var units []span
	tokenize(strings.ReplaceAll(s, elementBreak, " "), func(t token) {
		u := span{t.start, t.end}
		if t.class != word {
			_, n := utf8.DecodeRuneInString(s[t.start:])
			u.end = t.start + n
		}
		units = append(units, u)
	})
	if len(units) <= words {
		return 0, len(s)
	}
	first, last := 0, -1
	most := 0
	for i := range matches {
		a, b, n := unitAt(units, matches[i].start), -1, 0
		for _, m := range matches[i:] {
			end := max(a, unitAt(units, m.end-1))
			if n > 0 && end-a >= words {
				break
			}
			b, n = min(end, a+words-1), n+1
		}
		if n > most {
			first, last, most = a, b, n
		}
	}
	for left := true; last-first+1 < words; left = !left {
		switch {
		case left && first > 0:
			first--
		case last < len(units)-1:
			last++
		default:
			first--
		}
	}
	from, to = units[first].start, units[last].end
	if first == 0 {
		from = 0
	}
	if last == len(units)-1 {
		to = len(s)
	}
	return from, to
}

// unitAt gives the last word that begins at or before a place.
func unitAt(units []span, at int) int {
	i, _ := slices.BinarySearchFunc(units, at+1, func(u span, at int) int { return u.start - at })
	return max(0, i-1)
}
