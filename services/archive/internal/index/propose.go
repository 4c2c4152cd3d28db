package index

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// Bounds of proposing.
const (
	maxProposals = 5
	proposeHits  = 20
	// proposeTerms is how many terms of a query are left out in turn, or looked at for a name like them.
	proposeTerms = 8
	// likeName is the share of a term's characters that a name has at least, in their order; likePairs that of its pairs of neighbours.
	likeName  = 0.7
	likePairs = 0.3
)

// namesOnly is where names are that may be proposed.
var namesOnly = []string{"text.enterprise", "text.tags"}

// propose gives other queries where nothing is found, with what they find among what passes the filter: a known enterprise or tag that is like a term, a term in two parts, one term
// left out. Two requests.
func (x *Index) propose(ctx context.Context, w wanted) ([]archive.Proposal, error) {
	terms := w.terms[:min(len(w.terms), proposeTerms)]
	queries := append(inTwo(terms), without(terms)...)
	var questions []*meilisearch.SearchRequest
	for _, q := range queries {
		questions = append(questions, question(x.written(q), literal, w.filter, 0))
	}
	names := len(questions)
	for _, t := range terms {
		for _, half := range halves(fold.String(t)) {
			r := question(phrase(x.spell(half)), namesOnly, w.filter, proposeHits)
			r.AttributesToRetrieve = []string{"shown.enterprise", "shown.tags"}
			questions = append(questions, r)
		}
	}
	answers, err := x.several(ctx, questions[:min(len(questions), relaxQuestions)])
	if err != nil {
		return nil, err
	}
	out, err := x.proposedNames(ctx, terms, w.filter, answers[min(names, len(answers)):])
	if err != nil {
		return nil, err
	}
	for i, q := range queries[:min(names, len(answers))] {
		if n := answers[i].TotalHits; n > 0 {
			out = append(out, archive.Proposal{Q: strings.Join(q, " "), Total: n})
		}
	}
	return out[:min(len(out), maxProposals)], nil
}

// proposedNames picks the names that are like a term, the likest first, and asks what each finds.
func (x *Index) proposedNames(ctx context.Context, terms []string, filter string, answers []answer) (out []archive.Proposal, err error) {
	type like struct {
		name  string
		share float64
	}
	var likes []like
	for _, a := range answers {
		for _, h := range a.Hits {
			for _, name := range append([]string{h.Shown.Enterprise}, h.Shown.Tags...) {
				share := 0.0
				for _, t := range terms {
					share = max(share, alike(fold.String(t), fold.String(name)))
				}
				if share >= likeName && !slices.ContainsFunc(likes, func(l like) bool { return l.name == name }) {
					likes = append(likes, like{name, share})
				}
			}
		}
	}
	slices.SortStableFunc(likes, func(a, b like) int { return cmp.Compare(b.share, a.share) })
	likes = likes[:min(len(likes), maxProposals-1)]
	var questions []*meilisearch.SearchRequest
	for _, l := range likes {
		questions = append(questions, question(phrase(x.spell(fold.String(l.name))), literal, filter, 0))
	}
	totals, err := x.several(ctx, questions)
	for i := range totals {
		out = append(out, archive.Proposal{Q: quoted(likes[i].name), Total: totals[i].TotalHits})
	}
	return out, err
}

// written makes a query of terms as the engine takes it.
func (x *Index) written(terms []string) string {
	out := make([]string, len(terms))
	for i, t := range terms {
		out[i] = x.put(fold.String(t), false, i == len(terms)-1)
	}
	return strings.Join(out, " ")
}

// inTwo parts each Han term of four characters and more in two: what was typed without a blank.
func inTwo(terms []string) (out [][]string) {
	for i, t := range terms {
		r := []rune(t)
		if len(r) < 4 || fold.KindOf(fold.String(t)) != fold.Ideographic {
			continue
		}
		for at := 2; at <= len(r)-2; at++ {
			out = append(out, slices.Concat(terms[:i], []string{string(r[:at]), string(r[at:])}, terms[i+1:]))
		}
	}
	return out
}

// without leaves each term out in turn, the shortest first.
func without(terms []string) (out [][]string) {
	if len(terms) < 2 {
		return nil
	}
	for i := range terms {
		out = append(out, slices.Concat(terms[:i], terms[i+1:]))
	}
	length := func(q []string) int { return utf8.RuneCountInString(strings.Join(q, "")) }
	slices.SortStableFunc(out, func(a, b []string) int { return cmp.Compare(length(b), length(a)) })
	return out
}

// halves are the parts of a term one of which a name that is like it has.
func halves(term string) []string {
	r := []rune(term)
	if k := fold.KindOf(term); len(r) < 4 || k != fold.Ideographic && k != fold.Syllabic {
		return nil
	}
	third := max(2, len(r)/3)
	out := []string{string(r[:third]), string(r[len(r)-third:])}
	if len(r) >= 6 {
		out = append(out, string(r[len(r)/2-1:len(r)/2+1]))
	}
	return out
}

// alike is the share of a term's characters that a name has in their order; 0 if it has too few of its pairs of neighbours.
func alike(term, name string) float64 {
	r := []rune(term)
	if len(r) < 3 {
		return 0
	}
	n := 0
	for i := range len(r) - 1 {
		if strings.Contains(name, string(r[i:i+2])) {
			n++
		}
	}
	if float64(n)/float64(len(r)-1) < likePairs {
		return 0
	}
	return float64(inOrderIn(r, []rune(name))) / float64(len(r))
}

// inOrderIn is the length of the longest common subsequence.
func inOrderIn(a, b []rune) int {
	before, here := make([]int, len(b)+1), make([]int, len(b)+1)
	for _, x := range a {
		for j, y := range b {
			if x == y {
				here[j+1] = before[j] + 1
				continue
			}
			here[j+1] = max(here[j], before[j+1])
		}
		before, here = here, before
	}
	return before[len(b)]
}
