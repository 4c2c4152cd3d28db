package index

import (
	"cmp"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// Fragments: a text of up to whole characters is shown as it is; of a longer one about around characters on either side of the first match.
const (
	whole  = 120
	around = 40
)

// span is a match in a text, in bytes.
type span struct{ start, end int }

// marker marks what a query was found by. It looks for itself, in the texts as they are folded, so that marks don't depend on the engine.
type marker struct {
	sought []sought
	// numbers are the plain numbers of documents among the terms: a reference is marked as a whole if it is that number, however written.
	numbers []string
	marked  []Marked
}

// Marked is a folded text that is marked in hits; with Prefix it may be the beginning of a word.
type Marked struct {
	Text   string `json:"text"`
	Prefix bool   `json:"prefix,omitempty"`
}

// sought is a term as words; the last may be the beginning of a longer one.
type sought struct {
	words  []fold.Word
	prefix bool
}

// seek adds a folded term.
func (m *marker) seek(term string, prefix bool) {
	m.marked = append(m.marked, Marked{term, prefix})
	words := fold.Words(term)
	if n, ok := fold.Number(term); ok {
		m.numbers = append(m.numbers, n)
	}
	if n := len(words); n > 0 {
		m.sought = append(m.sought, sought{words, prefix && !words[n-1].Single})
	}
}

// highlight makes a fragment for each field with a match: of the first text of a list that has one.
func (m *marker) highlight(t archive.Texts) map[string]string {
	out := map[string]string{}
	if len(m.sought) == 0 {
		return out
	}
	for _, p := range parts(t) {
		if _, done := out[p.field]; done {
			continue
		}
		marks := m.marks(p.text)
		if len(marks) == 0 && p.field == "ref" && m.numbered(p.text) {
			marks = []span{{0, len(p.text)}}
		}
		if len(marks) > 0 {
			out[p.field] = fragment(p.text, marks)
		}
	}
	return out
}

func (m *marker) numbered(ref string) bool {
	if len(m.numbers) == 0 {
		return false
	}
	n, ok := fold.Number(fold.String(ref))
	return ok && slices.Contains(m.numbers, n)
}

// marks gives the matches in an original text, in order, whole characters as a reader sees them; those that touch or overlap are one.
func (m *marker) marks(text string) []span {
	folded := fold.String(text)
	var all []span
	for i := range m.sought {
		all = m.sought[i].in(folded, all)
	}
	if len(all) == 0 {
		return nil
	}
	f := fold.Text(text)
	found := all[:0]
	for _, s := range all {
		if start, end, ok := f.Original(s.start, s.end); ok {
			found = append(found, span{start, end})
		}
	}
	return joined(aligned(text, found))
}

// in adds where the words stand in a folded text one after the other.
func (s *sought) in(folded string, all []span) []span {
	for _, w := range s.words { // few texts have them all, wherever: only these are looked at closely
		if !strings.Contains(folded, w.Text) {
			return all
		}
	}
	head := s.words[0]
	for from := 0; ; {
		i := strings.Index(folded[from:], head.Text)
		if i < 0 {
			return all
		}
		i += from
		if head.Single || fold.BeginsWord(folded, i) {
			if end, ok := s.at(folded, i); ok {
				all = append(all, span{i, end})
			}
		}
		from = i + len(head.Text)
	}
}

// at says whether the words of a folded text from a byte on, with which one begins, are those sought, and where the match ends.
func (s *sought) at(folded string, from int) (end int, ok bool) {
	for i, want := range s.words {
		have, ok := fold.NextWord(folded, from)
		if !ok || have.Text != want.Text && !(s.prefix && i == len(s.words)-1 && strings.HasPrefix(have.Text, want.Text)) {
			return 0, false
		}
		from, end = have.End, have.Start+len(want.Text)
	}
	return end, true
}

// aligned widens spans to whole characters as a reader sees them (grapheme clusters): no accent, no part of an emoji stays outside.
func aligned(text string, spans []span) []span {
	if len(spans) == 0 || simple(text) {
		return spans
	}
	rest, state, at := text, -1, 0
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		for i := range spans {
			if s := &spans[i]; s.start > at && s.start < at+len(cluster) {
				s.start = at
			}
			if s := &spans[i]; s.end > at && s.end < at+len(cluster) {
				s.end = at + len(cluster)
			}
		}
		at += len(cluster)
	}
	return spans
}

// simple says whether each rune of a text is a character of its own: so are ASCII, Han and the punctuation that goes with it.
func simple(text string) bool {
	for _, r := range text {
		if r == '\r' || r > 0x7E && (r < 0x2010 || r > 0x2027) && (r < 0x3001 || r > 0x3020) && (r < 0x4E00 || r > 0x9FFF) && (r < 0xFF01 || r > 0xFF5E) {
			return false
		}
	}
	return true
}

func joined(all []span) []span {
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

// fragment shows a text with its marks as HTML: escaped, the marks in <mark>, the first one whole unless it is longer than a window itself.
func fragment(text string, marks []span) string {
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
	return b.String()
}

// window chooses the part of a text that is shown, whole characters.
func window(text string, m span) (from, to int) {
	if utf8.RuneCountInString(text) <= whole {
		return 0, len(text)
	}
	from = m.start
	left := around
	for ; left > 0 && from > 0; left-- {
		_, n := utf8.DecodeLastRuneInString(text[:from])
		from -= n
	}
	w := aligned(text, []span{{from, ahead(text, m, around+left)}})[0]
	return w.start, w.end
}

// ahead is where a window ends: so many runes after the match, which is cut if it is longer than a window could be.
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
