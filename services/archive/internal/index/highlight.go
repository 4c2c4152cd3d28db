package index

import (
	"cmp"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// Fragments: a text of up to whole characters is shown as it is; of a longer one about around characters on either side of the first match.
const (
	whole  = 120
	around = 40
)

// span is a match in an original text, in bytes.
type span struct{ start, end int }

// at says which text of a document a match is in.
type at struct {
	field string
	index int
}

// highlight makes a fragment for each field with a match: of the first text of a list that has one.
func highlight(t archive.Texts, matches map[string][]match) map[string]string {
	out := map[string]string{}
	found := map[at][]match{}
	for attribute, ms := range matches {
		field, ok := strings.CutPrefix(attribute, "text.")
		if !ok || field == "hints" {
			continue
		}
		for _, m := range ms {
			found[at{field, m.index()}] = append(found[at{field, m.index()}], m)
		}
	}
	for place, ms := range found {
		if text, ok := textOf(t, place.field, place.index); ok && first(found, place) {
			mark(out, place.field, text, spans(fold.Text(text), ms))
		}
	}
	return out
}

func (m match) index() int {
	if len(m.Indices) == 0 {
		return 0
	}
	return m.Indices[0]
}

// first says whether no earlier text of the same list has a match.
func first(found map[at][]match, place at) bool {
	for other := range found {
		if other.field == place.field && other.index < place.index {
			return false
		}
	}
	return true
}

// spans leads matches back to the original text; those that touch or overlap are one.
func spans(f fold.Folded, ms []match) []span {
	var all []span
	for _, m := range ms {
		if start, end, ok := f.Original(m.Start, m.Start+m.Length); ok {
			all = append(all, span{start, end})
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

func mark(out map[string]string, field, text string, marks []span) {
	if len(marks) == 0 {
		return
	}
	from, to := window(text, marks[0])
	var b strings.Builder
	if from > 0 {
		b.WriteString("…")
	}
	pos := from
	for _, m := range marks {
		if m.start >= to {
			break
		}
		b.WriteString(html.EscapeString(text[pos:m.start]))
		b.WriteString("<mark>" + html.EscapeString(text[m.start:min(m.end, to)]) + "</mark>")
		pos = min(m.end, to)
	}
	b.WriteString(html.EscapeString(text[pos:to]))
	if to < len(text) {
		b.WriteString("…")
	}
	out[field] = b.String()
}

// window chooses the part of a text that is shown, on character boundaries; the first match is whole unless it is longer than a window itself.
func window(text string, m span) (from, to int) {
	if utf8.RuneCountInString(text) <= whole {
		return 0, len(text)
	}
	for from, left := m.start, around; ; left-- {
		if left == 0 || from == 0 {
			return from, ahead(text, m, around+left)
		}
		_, n := utf8.DecodeLastRuneInString(text[:from])
		from -= n
	}
}

func ahead(text string, m span, runes int) int {
	to := min(m.end, m.start+whole*utf8.UTFMax)
	for to > m.start && to < len(text) && !utf8.RuneStart(text[to]) {
		to--
	}
	for ; runes > 0 && to < len(text); runes-- {
		_, n := utf8.DecodeRuneInString(text[to:])
		to += n
	}
	return to
}
