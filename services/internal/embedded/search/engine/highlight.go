package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// span is a match in a text, in bytes, on character boundaries.
type span struct{ start, end int }

// marker finds a query's terms in the text of a hit.
type marker struct {
	terms    []term
	settings *Settings
}

// spans gives the matches in s, in order; those that touch or overlap are one.
func (m *marker) spans(s string) []span {
	if len(m.terms) == 0 {
		return nil
	}
	var tokens []token
	tokenize(strings.ReplaceAll(s, elementBreak, " "), func(t token) { tokens = append(tokens, t) })
	var out []span
	for i := range m.terms {
		t := &m.terms[i]
		out = m.find(out, s, tokens, t)
		for j := range t.also {
			out = m.find(out, s, tokens, &t.also[j])
		}
	}
	return merge(out)
}

func (m *marker) find(out []span, s string, tokens []token, t *term) []span {
	before := len(out)
	for i := range tokens {
		if at, ok := m.phraseAt(s, tokens[i:], t); ok {
			out = append(out, at)
		}
	}
	if len(out) == before && t.nearHangul() && m.settings.TypoTolerance.Enabled {
		return append(out, nearSpans(tokens, t)...)
	}
	return out
}

// phraseAt matches a term's tokens one after the other from the first of tokens on: each position has one token.
func (m *marker) phraseAt(s string, tokens []token, t *term) (span, bool) {
	last := t.tokens[len(t.tokens)-1].pos
	if last >= len(tokens) {
		return span{}, false
	}
	out := span{start: tokens[0].start}
	for i, k := range t.tokens {
		end, ok := m.tokenEnd(s, tokens[k.pos], k, t, i == len(t.tokens)-1)
		if !ok {
			return span{}, false
		}
		out.end = end
	}
	return out, true
}

func (m *marker) tokenEnd(s string, have, want token, t *term, last bool) (int, bool) {
	switch {
	case want.single:
		return have.start + len(want.term), strings.HasPrefix(have.term, want.term)
	case have.term == want.term:
		return have.end, true
	case want.class != word || have.class != word || t.phrase:
		return 0, false
	case last && t.prefix && strings.HasPrefix(have.term, want.term):
		return have.start + headBytes(s[have.start:have.end], utf8.RuneCountInString(want.term)), true
	}
	n := m.settings.typos(want.term)
	if n == 0 || n == 1 && !strings.HasPrefix(have.term, firstRune(want.term)) {
		return 0, false
	}
	return have.end, within(have.term, want.term, n)
}

func headBytes(s string, runes int) int {
	for i := range s {
		if runes == 0 {
			return i
		}
		runes--
	}
	return len(s)
}

func nearSpans(tokens []token, t *term) []span {
	var out []span
	seen := map[string]bool{}
	for _, h := range tokens {
		if slices.ContainsFunc(t.tokens, func(w token) bool { return w.term == h.term }) {
			seen[h.term] = true
			out = append(out, span{h.start, h.end})
		}
	}
	if len(seen) < len(t.tokens)-2 {
		return nil
	}
	return out
}

func merge(in []span) []span {
	slices.SortFunc(in, func(a, b span) int { return a.start - b.start })
	out := in[:0]
	for _, s := range in {
		if n := len(out); n > 0 && s.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// within says whether b is at most n insertions, deletions, substitutions or swaps of neighbours from a.
func within(a, b string, n int) bool {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > n || len(y)-len(x) > n {
		return false
	}
	before, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(y)] <= n
}

// position is a match as Meilisearch tells it; indices say where in arrays the text stands.
type position struct {
	Start   int   `json:"start"`
	Length  int   `json:"length"`
	Indices []int `json:"indices,omitempty"`
}

// positions collects the matches in v, which stands at path.
func (m *marker) positions(out map[string][]position, path string, v any, indices []int, wanted func(string) bool) {
	var s string
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			m.positions(out, join(path, k), e, indices, wanted)
		}
		return
	case []any:
		for i, e := range v {
			m.positions(out, path, e, append(slices.Clip(indices), i), wanted)
		}
		return
	case string:
		s = v
	case json.Number:
		s = v.String()
	}
	if !wanted(path) {
		return
	}
	for _, sp := range m.spans(s) {
		out[path] = append(out[path], position{sp.start, sp.end - sp.start, indices})
	}
}

func join(path, k string) string {
	if path == "" {
		return k
	}
	return path + "." + k
}

// pick copies what the attributes in list name, at any depth.
func pick(path string, v map[string]any, list []string) map[string]any {
	out := map[string]any{}
	for k, e := range v {
		p := join(path, k)
		if covers(list, p) {
			out[k] = e
			continue
		}
		if !slices.ContainsFunc(list, func(a string) bool { return strings.HasPrefix(a, p+".") }) {
			continue
		}
		switch e := e.(type) {
		case map[string]any:
			out[k] = pick(p, e, list)
		case []any:
			var elements []any
			for _, x := range e {
				if o, ok := x.(map[string]any); ok {
					elements = append(elements, pick(p, o, list))
				}
			}
			out[k] = elements
		}
	}
	return out
}
