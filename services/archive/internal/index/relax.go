package index

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/meilisearch/meilisearch-go"
	"golang.org/x/sync/errgroup"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// Bounds of relaxing: how many questions it puts at most, all in one request, how many hits each is answered with, how many texts are read for a term, how many readings of a term are kept.
const (
	relaxQuestions = 90
	soundHits      = 60
	maxCandidates  = 80
	slipHits       = 20
	maxReadings    = 6
	// engineParts is how many words and phrases of a query a Meilisearch looks at.
	engineParts = 10
	// pairsAsked of a term's pairs of syllables are asked for; the texts decide in the end.
	pairsAsked = 6
	// maxPlans is how many ways of asking again are tried.
	maxPlans = 16
	// manners of reading one sound, where characters have several.
	manners = 4
)

// tagsOnly is where what is no more than likely is looked for.
var tagsOnly = []string{"text.tags"}

// wanted is what one alternative of a query wants, for relaxing: its terms folded, which of them are quoted and so meant as they are, and its filter with the audience in it.
type wanted struct {
	terms  []string
	exact  []bool
	filter string
}

// reading is a text that stands in a document and that a term may have meant: folded, and as it is written there. One that only writes the term otherwise, a number of a
// document, has no manner.
type reading struct {
	text, as string
	how      archive.Manner
}

// plan is one way to ask an alternative again: a text for each of its terms, to be looked for as a phrase. Of is the alternative's place.
type plan struct {
	of   int
	read []reading
}

// relax says what to ask where nothing is found as written: at most maxPlans ways, the likeliest first; none if a term of every alternative means nothing that stands anywhere. What it
// proposes stands in cases that pass the alternative's filter. Three requests, whatever is asked.
func (x *Index) relax(ctx context.Context, all []wanted) ([]plan, error) {
	choices, err := x.choices(ctx, all)
	if err != nil {
		return nil, err
	}
	var out []plan
	for of, terms := range choices {
		if len(terms) == 0 { // conditions alone can't be read otherwise
			continue
		}
		plans := []plan{{of: of}}
		for _, c := range terms {
			var more []plan
			for i, p := range plans {
				for j, r := range c {
					if i+j < maxPlans {
						more = append(more, plan{of, append(slices.Clip(p.read), r)})
					}
				}
			}
			plans = more[:min(len(more), maxPlans)]
		}
		out = append(out, plans...)
	}
	return out[:min(len(out), maxPlans)], nil
}

// readAs tells how the terms of an alternative were read, as it stands in the first hit.
func readAs(w wanted, p plan, first archive.Texts) (out []archive.ReadAs) {
	if len(p.read) != len(w.terms) {
		return nil
	}
	for i, r := range p.read {
		if r.how == "" {
			continue
		}
		as := r.as
		for _, t := range parts(first) {
			f := fold.Text(t.text)
			if at := strings.Index(f.Text, r.text); at >= 0 {
				if a, b, ok := f.Original(at, at+len(r.text)); ok {
					as = t.text[a:b]
					break
				}
			}
		}
		out = append(out, archive.ReadAs{Term: w.terms[i], As: as, How: r.how})
	}
	return out
}

// readings tells how the terms were read, in the likeliest way of each alternative.
func readings(asked []wanted, plans []plan, first archive.Texts) (out []archive.ReadAs) {
	for i, p := range plans {
		if i == 0 || p.of != plans[i-1].of {
			out = append(out, readAs(asked[p.of], p, first)...)
		}
	}
	return out
}

// choices finds what terms may have meant: for each alternative and each of its terms the term itself where something has it as written, else what stands in the texts of documents
// that pass the filter and have the terms that are found; none where nothing fits.
func (x *Index) choices(ctx context.Context, all []wanted) ([][][]reading, error) {
	known, err := x.known(ctx, all)
	if err != nil {
		return nil, err
	}
	out := make([][][]reading, len(all))
	var asked []*candidates
	for i, w := range all {
		if n, ok := fold.Number(fold.String(strings.Join(w.terms, " "))); ok && known[asWritten{w.filter, n}] {
			out[i] = [][]reading{{{text: n}}}
			continue
		}
		out[i] = make([][]reading, len(w.terms))
		var found []string
		for j, t := range w.terms {
			if w.exact[j] {
				out[i][j] = []reading{{text: t}}
				continue
			}
			for _, t = range writings(fold.String(t)) {
				if known[asWritten{w.filter, t}] {
					out[i][j] = []reading{{text: t}}
					// What ends in a letter or digit may be the beginning of a word only, and can't be quoted.
					if words := fold.Words(t); len(words) > 0 && words[len(words)-1].Single {
						found = append(found, t)
					}
					break
				}
			}
		}
		for j, t := range w.terms {
			if out[i][j] == nil {
				asked = append(asked, x.candidatesOf(fold.String(t), w.filter, found, &out[i][j]))
			}
		}
	}
	return out, x.resolve(ctx, asked)
}

// letterDigits is a standard's number without the blank: gb50156.
var letterDigits = regexp.MustCompile(`^([a-z]{2,4})(\d{4,}[-.\d]*)$`)

// writings are a folded term and its other writings.
func writings(term string) []string {
	out := []string{term}
	if n, ok := fold.Number(term); ok {
		out = append(out, n)
	}
	if m := letterDigits.FindStringSubmatch(term); m != nil {
		out = append(out, m[1]+" "+m[2])
	}
	return out
}

// asWritten is the question whether something that passes the filter has a text as written.
type asWritten struct{ filter, text string }

// known says which terms something has as written, or in another writing.
func (x *Index) known(ctx context.Context, all []wanted) (map[asWritten]bool, error) {
	var places []asWritten
	var questions []*meilisearch.SearchRequest
	add := func(filter, text string) {
		if p := (asWritten{filter, text}); !slices.Contains(places, p) && len(places) < relaxQuestions {
			places = append(places, p)
			questions = append(questions, question(x.put(text, strings.Contains(text, " "), true), literal, filter, 0))
		}
	}
	for _, w := range all {
		if n, ok := fold.Number(fold.String(strings.Join(w.terms, " "))); ok {
			add(w.filter, n)
		}
		for _, t := range w.terms {
			for _, written := range writings(fold.String(t)) {
				add(w.filter, written)
			}
		}
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return nil, err
	}
	out := map[asWritten]bool{}
	for i, p := range places {
		out[p] = answers[i].TotalHits > 0
	}
	return out, nil
}

// maxInside is how long a term is, in characters, that is also looked for within words of letters and digits where few hold it as a word.
const maxInside = 6

// inside adds to a single term what has it within words of letters and digits: 80 in 180℃. None for a term that can't stand so.
func (x *Index) inside(ctx context.Context, q archive.Query, ways []way, m *marker) ([]inquiry, error) {
	if len(ways) != 1 || len(ways[0].terms) != 1 || ways[0].terms[0].exact {
		return nil, nil
	}
	w, term := ways[0], ways[0].terms[0].text
	if _, _, ok := fold.Tail(term); !ok || utf8.RuneCountInString(term) > maxInside {
		return nil, nil
	}
	var in []reading
	c := &candidates{term: term, filter: filterBut(q, "", w.filter), into: &in}
	c.questions = c.tails()
	if err := x.resolve(ctx, []*candidates{c}); err != nil {
		return nil, err
	}
	in = slices.DeleteFunc(in, func(r reading) bool { return r.text == term })
	if len(in) == 0 {
		return nil, nil
	}
	out := []inquiry{{w.without + x.put(term, false, true), w.filter}}
	for _, r := range in {
		out = append(out, inquiry{w.without + phrase(x.spell(r.text)), w.filter})
		m.seek(r.text, false)
	}
	return out, nil
}

// heads are the questions for texts whose word the term's last word begins, where put can't say so.
func (c *candidates) heads(x *Index) []asking {
	words := fold.Words(c.term)
	n := len(words)
	if !x.spelled.Load() || n < 2 || words[n-1].Single {
		return nil
	}
	return []asking{{[]string{c.term[:words[n-1].Start], words[n-1].Text}, literal, soundHits, true}}
}

// tails are the questions for texts within whose words the term begins.
func (c *candidates) tails() []asking {
	tail, rest, ok := fold.Tail(c.term)
	switch {
	case !ok:
		return nil
	case len(fold.Words(rest)) > 0:
		return []asking{{[]string{tail, rest}, slices.Concat(literal, hints), soundHits, false}}
	}
	return []asking{{[]string{tail}, hints, soundHits, true}}
}

// question asks for cases that hold every quoted part.
func question(text string, on []string, filter string, hits int64) *meilisearch.SearchRequest {
	return &meilisearch.SearchRequest{IndexUID: Live, Query: text, AttributesToSearchOn: on, Filter: filter, HitsPerPage: &hits, Page: 1, MatchingStrategy: meilisearch.All,
		AttributesToRetrieve: []string{"id"}}
}

// phrase quotes a spelled text.
func phrase(spelled string) string { return `"` + strings.ReplaceAll(spelled, `"`, " ") + `"` }

// several puts questions in one request.
func (x *Index) several(ctx context.Context, questions []*meilisearch.SearchRequest) ([]answer, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	found, err := x.engine.MultiSearchWithContext(ctx, &meilisearch.MultiSearchRequest{Queries: questions})
	if err != nil {
		return nil, unfit(err)
	}
	if len(found.Results) != len(questions) {
		return nil, fmt.Errorf("archive: %d answers to %d questions", len(found.Results), len(questions))
	}
	out := make([]answer, len(found.Results))
	for i, r := range found.Results {
		out[i].TotalHits = int(r.TotalHits)
		out[i].Hits = make([]hit, len(r.Hits))
		if len(r.FacetDistribution) > 0 {
			if err := json.Unmarshal(r.FacetDistribution, &out[i].FacetDistribution); err != nil {
				return nil, fmt.Errorf("archive: read the engine's answer: %w", err)
			}
		}
		if err := perHit(len(r.Hits), func(j int) error { return r.Hits[j].DecodeInto(&out[i].Hits[j]) }); err != nil {
			return nil, fmt.Errorf("archive: read the engine's answer: %w", err)
		}
	}
	return out, nil
}

// perHit calls f for each of n hits, on as many goroutines as there are cores: to read a hit and to mark it takes longer than to find it.
func perHit(n int, f func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		group.Go(func() error { return f(i) })
	}
	return group.Wait()
}
