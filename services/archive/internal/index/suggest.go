package index

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// Bounds of suggesting: how many cases are looked at for names of one kind, and how often more of them are asked for where a few enterprises fill the first.
const (
	suggestHits   = 40
	suggestRounds = 2
	// minStart is how many letters of pinyin are enough to suggest by.
	minStart = 3
)

// suggested is where names of a kind are searched, and which of a case's there are.
type suggested struct {
	kind      archive.SuggestionKind
	attribute string
	retrieve  string
	names     func(archive.Texts) []string
}

var suggestedOf = []suggested{
	{archive.SuggestEnterprise, "text.enterprise", "shown.enterprise", func(t archive.Texts) []string { return []string{t.Enterprise} }},
	{archive.SuggestRef, "text.ref", "shown.ref", func(t archive.Texts) []string { return []string{t.Ref} }},
	{archive.SuggestTag, "text.tags", "shown.tags", func(t archive.Texts) []string { return t.Tags }},
	{archive.SuggestPlace, "text.places", "shown.places", func(t archive.Texts) []string { return t.Places }},
}

// Suggest gives names of visible cases that hold what is typed: as written, in whatever characters and width, or as the beginning of their pinyin. Nothing typed, nothing suggested.
func (x *Index) Suggest(ctx context.Context, t archive.Typing) ([]archive.Suggestion, error) {
	s := newSuggester(t)
	if len(s.terms) == 0 {
		return nil, nil
	}
	for round := range suggestRounds {
		answers, err := x.several(ctx, s.questions(x, round))
		if err != nil {
			return nil, err
		}
		for _, a := range answers {
			for _, h := range a.Hits {
				s.take(h.Shown)
			}
		}
		// Enterprises are asked for first.
		if len(answers) == 0 || len(answers[0].Hits) < suggestHits || len(s.found) >= min(t.Limit, archive.DefaultSuggestions) {
			break
		}
	}
	return s.best(t.Limit), nil
}

// suggester gathers names.
type suggester struct {
	terms  []string
	start  string // how a name's pinyin may begin, as a word of the hints
	marker marker
	filter string
	seen   map[string]bool
	found  []scored
}

type scored struct {
	archive.Suggestion
	score, kind, at int
}

func newSuggester(t archive.Typing) *suggester {
	s := &suggester{filter: "visible_to IN " + list(t.Holds), seen: map[string]bool{}}
	for _, term := range termsOf(archive.Term{Text: t.Text}) {
		if len(fold.Words(term)) > 0 {
			s.terms = append(s.terms, term)
		}
	}
	for i, term := range s.terms {
		s.marker.seek(term, i == len(s.terms)-1)
	}
	if len(s.terms) == 1 && len(s.terms[0]) >= minStart {
		s.start, _ = fold.Start(s.terms[0])
	}
	return s
}

// questions asks for cases that have such names; after the first round for enterprises other than those found.
func (s *suggester) questions(x *Index, round int) (out []*meilisearch.SearchRequest) {
	var text []string
	for i, t := range s.terms {
		text = append(text, x.begun(t, i == len(s.terms)-1))
	}
	except := ""
	if round > 0 {
		for _, f := range s.found {
			if f.Kind == archive.SuggestEnterprise {
				except += ` -` + phrase(x.spell(fold.String(f.Text)))
			}
		}
		if except == "" {
			return nil
		}
	}
	ask := func(q string, on []string, retrieve ...string) {
		r := question(q, on, s.filter, suggestHits)
		r.AttributesToRetrieve = append([]string{"id"}, retrieve...)
		out = append(out, r)
	}
	for _, k := range suggestedOf {
		if round > 0 && k.kind != archive.SuggestEnterprise {
			continue
		}
		// What is left out stands first: the end of the query may be the beginning of a word.
		ask(strings.TrimSpace(except+" "+strings.Join(text, " ")), []string{k.attribute}, k.retrieve)
	}
	if s.start != "" && round == 0 {
		ask(s.start, hints[:1], "shown.enterprise", "shown.tags", "shown.places")
	}
	return out
}

// take adds the names of one case that hold what is typed.
func (s *suggester) take(t archive.Texts) {
	for kind, k := range suggestedOf {
		for _, name := range k.names(t) {
			key := string(k.kind) + name
			if name == "" || s.seen[key] {
				continue
			}
			s.seen[key] = true
			marks, score := s.match(name)
			if len(marks) == 0 {
				continue
			}
			s.found = append(s.found, scored{archive.Suggestion{Kind: k.kind, Text: name, Query: quoted(name), Highlight: fragment(name, marks)}, score, kind, len(s.found)})
		}
	}
}

// match says where a name holds what is typed, and how well: 0 if it begins so, 1 if it holds it, 2 and 3 likewise by its pinyin.
func (s *suggester) match(name string) (marks []span, score int) {
	if marks = s.marker.all(name); marks != nil {
		return marks, min(marks[0].start, 1)
	}
	if s.start == "" {
		return nil, 0
	}
	f := fold.Text(name)
	start, end := fold.Begins(f.Text, s.terms[0])
	if a, b, ok := f.Original(start, end); ok {
		return aligned(name, []span{{a, b}}), 2 + min(start, 1)
	}
	return nil, 0
}

// all gives the marks if every term is in the text.
func (m *marker) all(text string) []span {
	for _, s := range m.sought {
		one := marker{sought: []sought{s}}
		if len(one.marks(text)) == 0 {
			return nil
		}
	}
	return m.marks(text)
}

// quoted makes a query that finds a name as it stands.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, " ") + `"` }

func (s *suggester) best(limit int) []archive.Suggestion {
	slices.SortStableFunc(s.found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.kind, b.kind), cmp.Compare(a.at, b.at))
	})
	out := make([]archive.Suggestion, min(limit, len(s.found)))
	for i := range out {
		out[i] = s.found[i].Suggestion
	}
	return out
}
