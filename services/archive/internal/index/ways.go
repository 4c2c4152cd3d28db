package index

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// way is one alternative of a query, folded.
type way struct {
	terms []term
	// without is what mustn't be found, written for the engine with a blank at its end; it stands first, since the last word of a query may be the beginning of a longer one.
	without string
	// filter holds the conditions; empty for none.
	filter string
}

// term is a folded text; an exact one was quoted.
type term struct {
	text  string
	exact bool
}

// inquiry is what an engine is asked: a text, and a filter beside that of the whole query.
type inquiry struct{ text, filter string }

// waysOf folds the alternatives. One more request if an enterprise is named.
func (x *Index) waysOf(ctx context.Context, q archive.Query) ([]way, error) {
	out := make([]way, 0, len(q.Alternatives))
	all, err := x.keyed(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		w := way{filter: conditions(q, a.Conditions)}
		for _, t := range a.Terms {
			for _, folded := range termsOf(t) {
				w.terms = append(w.terms, term{folded, t.Phrase})
			}
		}
		for _, t := range a.Not {
			if folded := strings.Join(termsOf(t), " "); folded != "" {
				w.without += "-" + phrase(x.spell(folded)) + " "
			}
		}
		out = append(out, w)
	}
	return out, nil
}

// keyed gives the alternatives with the keys of the enterprises that have a given text in their names, among what the asker may see.
func (x *Index) keyed(ctx context.Context, q archive.Query) ([]archive.Alternative, error) {
	var names []string
	each := func(do func(*archive.Condition)) []archive.Alternative {
		out := slices.Clone(q.Alternatives)
		for i := range out {
			out[i].Conditions = slices.Clone(out[i].Conditions)
			for j := range out[i].Conditions {
				if c := &out[i].Conditions[j]; c.Field == archive.FieldEnterprise {
					do(c)
				}
			}
		}
		return out
	}
	each(func(c *archive.Condition) { names = append(names, c.Values...) })
	var questions []*meilisearch.SearchRequest
	for _, n := range names {
		none := int64(0)
		questions = append(questions, &meilisearch.SearchRequest{IndexUID: Live, Query: phrase(x.spell(fold.String(n))), AttributesToSearchOn: []string{"text.enterprise"},
			Filter: "visible_to IN " + list(q.Holds), Facets: []string{"enterprise"}, HitsPerPage: &none, Page: 1, AttributesToRetrieve: []string{"id"}})
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return nil, err
	}
	return each(func(c *archive.Condition) {
		keys := slices.Clone(c.Values)
		for _, a := range answers[:len(c.Values)] {
			keys = slices.AppendSeq(keys, maps.Keys(a.FacetDistribution["enterprise"]))
		}
		answers = answers[len(c.Values):]
		slices.Sort(keys)
		c.Values = slices.Compact(keys)
	}), nil
}

// termsOf folds a term and takes away what an engine would read as an operator: people's text is searched as text. Folding may part it, or leave nothing.
func termsOf(t archive.Term) (out []string) {
	text := strings.Map(func(r rune) rune {
		if r == '"' || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, fold.String(t.Text))
	words := strings.Fields(text)
	if t.Phrase {
		words = []string{strings.Join(words, " ")}
	}
	for _, w := range words {
		if w = strings.TrimLeft(w, "-"); w != "" {
			out = append(out, w)
		}
	}
	return out
}

func anyTerms(ways []way) bool {
	return slices.ContainsFunc(ways, func(w way) bool { return len(w.terms) > 0 })
}

// asWritten puts each way as it is written.
func (x *Index) asWritten(ways []way, m *marker) []inquiry {
	var out []inquiry
	for _, w := range ways {
		texts := make([]string, len(w.terms))
		for i, t := range w.terms {
			last := i == len(w.terms)-1
			texts[i] = x.put(t.text, t.exact, last)
			m.seek(t.text, last && !t.exact)
		}
		out = append(out, inquiry{w.without + strings.Join(texts, " "), w.filter})
	}
	return merged(out)
}

// asMeant puts the ways as plans read them.
func (x *Index) asMeant(ways []way, plans []plan, m *marker) []inquiry {
	var out []inquiry
	for _, p := range plans {
		var again []string
		for _, r := range p.read {
			again = append(again, phrase(x.spell(r.text)))
			m.seek(r.text, false)
		}
		out = append(out, inquiry{ways[p.of].without + strings.Join(again, " "), ways[p.of].filter})
	}
	return merged(out)
}

// merged makes one inquiry of those with the same text: any of their filters will do.
func merged(all []inquiry) (out []inquiry) {
	for _, i := range all {
		at := slices.IndexFunc(out, func(o inquiry) bool { return o.text == i.text })
		switch {
		case at < 0:
			out = append(out, i)
		case out[at].filter == "" || i.filter == "":
			out[at].filter = ""
		case out[at].filter != i.filter:
			out[at].filter = "(" + out[at].filter + ") OR (" + i.filter + ")"
		}
	}
	return out
}

func wantedOf(q archive.Query, ways []way) []wanted {
	out := make([]wanted, len(ways))
	for i, w := range ways {
		out[i].filter = filterBut(q, "", w.filter)
		for _, t := range w.terms {
			out[i].terms, out[i].exact = append(out[i].terms, t.text), append(out[i].exact, t.exact)
		}
	}
	return out
}
