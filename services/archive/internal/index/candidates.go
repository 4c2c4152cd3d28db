package index

import (
	"context"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// candidates are the questions that may lead to what a term meant.
type candidates struct {
	term   string
	spoken []fold.Spoken
	typed  bool
	filter string
	into   *[]reading
	// weak says that a tag may be read for a term with which it has little in common.
	weak      bool
	questions []asking
}

// asking is one question: quoted parts, looked for in attributes.
type asking struct {
	parts []string
	on    []string
	hits  int64
	// begun says that the last part may be the beginning of a word.
	begun bool
}

func (x *Index) candidatesOf(term, filter string, beside []string, into *[]reading) *candidates {
	c := &candidates{term: term, filter: filter, into: into}
	c.spoken, c.typed = fold.Speak(term)
	add := func(hits int64, on []string, parts ...string) {
		room := engineParts - len(parts)
		parts = append(slices.Clip(parts), beside[:max(0, min(room, len(beside)))]...)
		if len(beside) > 0 {
			on = slices.Concat(literal, hints)
		}
		c.questions = append(c.questions, asking{parts, on, hits, false})
	}
	c.questions = append(c.tails(), c.heads(x)...)
	for _, s := range c.spoken {
		for _, name := range s.Names(manners) {
			add(slipHits, hints[:1], name)
		}
	}
	for _, s := range c.spoken {
		for _, pairs := range s.Pairs(manners) {
			add(soundHits, hints, pairs[:min(len(pairs), pairsAsked)]...)
		}
	}
	for _, r := range fold.Remains(term) {
		add(slipHits, hints, r)
	}
	for _, s := range fold.Slips(term) {
		on := literal
		if s.Weak {
			on = tagsOnly
		}
		add(slipHits, on, s.Pieces...)
	}
	return c
}

// resolve puts all questions in one request and reads the answers.
func (x *Index) resolve(ctx context.Context, asked []*candidates) error {
	var questions []*meilisearch.SearchRequest
	var of []*candidates
	for _, c := range asked {
		for _, a := range c.questions {
			if len(questions) == relaxQuestions {
				break
			}
			var q []string
			for i, p := range a.parts {
				if a.begun && i == len(a.parts)-1 {
					q = append(q, p)
					continue
				}
				q = append(q, phrase(x.spell(p)))
			}
			questions, of = append(questions, question(strings.Join(q, " "), a.on, c.filter, a.hits)), append(of, c)
		}
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return err
	}
	ids := map[*candidates][]string{}
	for i, c := range of {
		for _, h := range answers[i].Hits {
			if id := string(h.ID); len(ids[c]) < maxCandidates && !slices.Contains(ids[c], id) {
				ids[c] = append(ids[c], id)
			}
		}
	}
	texts, err := x.textsOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range asked {
		var all []archive.Texts
		for _, id := range ids[c] {
			if t, ok := texts[id]; ok {
				all = append(all, t)
			}
		}
		*c.into = c.read(all)
	}
	return nil
}

// textsOf reads the texts of candidates that still pass their filters.
func (x *Index) textsOf(ctx context.Context, ids map[*candidates][]string) (map[string]archive.Texts, error) {
	wanted := map[string][]string{}
	for c, list := range ids {
		for _, id := range list {
			if !slices.Contains(wanted[c.filter], id) {
				wanted[c.filter] = append(wanted[c.filter], id)
			}
		}
	}
	var questions []*meilisearch.SearchRequest
	for filter, some := range wanted {
		r := question("", nil, filter+" AND id IN "+list(some), int64(len(some)))
		r.AttributesToRetrieve = []string{"id", "shown"}
		questions = append(questions, r)
	}
	answers, err := x.several(ctx, questions)
	out := map[string]archive.Texts{}
	for _, a := range answers {
		for _, h := range a.Hits {
			out[string(h.ID)] = h.Shown
		}
	}
	return out, err
}

// read takes from the texts what the term may have meant, of the likeliest kind only: words within which it stands, the same sound, a slip that leaves enough, a sound that is taken for it, a slip for a tag.
func (c *candidates) read(all []archive.Texts) []reading {
	how := archive.BySound
	if c.typed {
		how = archive.ByPinyin
	}
	slip := func(folded string, from int) (int, int, archive.Manner) {
		start, end := fold.Meant(c.term, folded, from)
		return start, end, archive.BySlip
	}
	var usual []fold.Spoken
	for _, s := range c.spoken {
		usual = append(usual, s.Usual())
	}
	kinds := []func(folded string, from int) (start, end int, how archive.Manner){
		func(folded string, from int) (int, int, archive.Manner) {
			start, end := fold.Inside(c.term, folded, from)
			return start, end, ""
		},
		// 液铵 sounds like 液氨, and only in a reading of 液 that nobody uses like 市安.
		func(folded string, from int) (int, int, archive.Manner) {
			return heard(usual, folded, from, false, how)
		},
		func(folded string, from int) (int, int, archive.Manner) {
			return heard(c.spoken, folded, from, false, how)
		},
		slip,
		func(folded string, from int) (int, int, archive.Manner) {
			return heard(c.spoken, folded, from, true, how)
		},
		slip,
	}
	for i, find := range kinds {
		var out []reading
		c.weak = i == len(kinds)-1
		for _, t := range all {
			for _, p := range parts(t) {
				out = c.collect(out, p, find)
			}
		}
		if len(out) > 0 {
			return out[:min(len(out), maxReadings)]
		}
	}
	return nil
}

func heard(all []fold.Spoken, folded string, from int, alike bool, how archive.Manner) (start, end int, _ archive.Manner) {
	for _, s := range all {
		if start, end = s.In(folded, from, alike); start >= 0 {
			return start, end, how
		}
	}
	return -1, -1, how
}

// collect adds what find finds in a text, each reading once.
func (c *candidates) collect(out []reading, p part, find func(folded string, from int) (start, end int, how archive.Manner)) []reading {
	f := fold.Text(p.text)
	for from := 0; len(out) < maxReadings; {
		start, end, how := find(f.Text, from)
		if start < 0 {
			return out
		}
		from = end
		read := f.Text[start:end]
		if how == archive.BySlip && fold.Weak(c.term, read) && (!c.weak || p.field != "tags" || read != f.Text) || slices.ContainsFunc(out, func(r reading) bool { return r.text == read }) {
			continue
		}
		if a, b, ok := f.Original(start, end); ok {
			out = append(out, reading{read, p.text[a:b], how})
		}
	}
	return out
}
