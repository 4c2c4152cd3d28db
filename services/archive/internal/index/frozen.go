package index

import (
	"context"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
)

// Frozen is all that a query finds at one moment: the ids in their order, and what its pages are shown with.
type Frozen struct {
	IDs []string
	// Found has the first page, total, facets, how terms were read, and the position in the log that list, total and facets know at least. The page is asked for next, as any further one: what was
	// withdrawn in between is missing from it and counted in the total.
	Found  archive.Found
	Marked []Marked
}

// Freeze finds everything at once. A list that is longer than most has one id more.
func (x *Index) Freeze(ctx context.Context, q archive.Query, most int) (f Frozen, err error) {
	ways, err := x.waysOf(ctx, q)
	if err != nil {
		return f, err
	}
	var m marker
	if f, err = x.all(ctx, q, x.asWritten(ways, &m), most); err != nil {
		return f, err
	}
	var asked []wanted
	var plans []plan
	switch {
	case len(f.IDs) == 0 && anyTerms(ways):
		asked = wantedOf(q, ways)
		if plans, err = x.relax(ctx, asked); err == nil && len(plans) > 0 {
			m = marker{}
			f, err = x.all(ctx, q, x.asMeant(ways, plans, &m), most)
		}
	case len(f.IDs) > 0 && len(f.IDs) < fewHits:
		var more []inquiry
		if more, err = x.inside(ctx, q, ways, &m); err == nil && len(more) > 0 {
			f, err = x.all(ctx, q, more, most)
		}
	}
	if err != nil {
		return f, err
	}
	f.Marked = m.marked
	var first archive.Texts
	f.Found.Hits, first, err = x.page(ctx, q, f.IDs[:min(q.PerPage, len(f.IDs))], &m)
	if len(f.IDs) > 0 {
		f.Found.ReadAs = readings(asked, plans, first)
	}
	return f, err
}

// Page gives the hits of some ids of a frozen list; what the asker may no longer see is missing.
func (x *Index) Page(ctx context.Context, q archive.Query, ids []string, marked []Marked) ([]archive.Hit, error) {
	var m marker
	for _, s := range marked {
		m.seek(s.Text, s.Prefix)
	}
	hits, _, err := x.page(ctx, q, ids, &m)
	return hits, err
}

func (x *Index) page(ctx context.Context, q archive.Query, ids []string, m *marker) ([]archive.Hit, archive.Texts, error) {
	if len(ids) == 0 {
		return []archive.Hit{}, archive.Texts{}, nil
	}
	answers, err := x.several(ctx, []*meilisearch.SearchRequest{those(q, ids)})
	if err != nil {
		return nil, archive.Texts{}, err
	}
	hits, first := inOrder(q, answers[0].Hits, ids, m)
	return hits, first, nil
}

// all asks for all that any of the inquiries finds, with total, facets and position: of one moment where there is one inquiry.
func (x *Index) all(ctx context.Context, q archive.Query, inquiries []inquiry, most int) (f Frozen, err error) {
	picked := pickedOf(q)
	positions := &meilisearch.SearchRequest{IndexUID: Live, Filter: "id IN " + list(positionIDs()), AttributesToRetrieve: []string{"id", "position"}}
	if len(inquiries) > 1 {
		answers, err := x.several(ctx, []*meilisearch.SearchRequest{positions})
		if err != nil {
			return f, err
		}
		lists, err := x.lists(ctx, q, append([]archive.Facet{""}, picked...), inquiries, int64(most)+1)
		if err != nil {
			return f, err
		}
		f.IDs = lists[0]
		f.Found, _, err = x.named(ctx, q, picked, lists, nil, &marker{})
		f.Found.Position = positionsOf(answers[0])
		return f, err
	}
	i := inquiries[0]
	list := question(i.text, literal, filterBut(q, "", i.filter), int64(most)+1)
	list.Facets, list.Sort = facetNames, sortOf(q)
	questions := []*meilisearch.SearchRequest{positions, list} // an engine that answers one after the other knows at least what it says it knows
	for _, but := range picked {
		questions = append(questions, counting(but, i.text, filterBut(q, but, i.filter)))
	}
	answers, err := x.several(ctx, questions)
	if err != nil {
		return f, err
	}
	for _, h := range answers[1].Hits {
		f.IDs = append(f.IDs, string(h.ID))
	}
	f.Found = archive.Found{Total: answers[1].TotalHits, Facets: answers[1].FacetDistribution, Alternatives: alternatives(picked, answers[2:]), Position: positionsOf(answers[0])}
	return f, nil
}

func positionIDs() (out []string) {
	for _, s := range []string{events.StreamCases, events.StreamRectification, events.StreamMedia} {
		out = append(out, positionID(s))
	}
	return out
}

func positionsOf(a answer) map[string]uint64 {
	out := map[string]uint64{}
	for _, h := range a.Hits {
		out[h.Position.Stream] = h.Position.Sequence
	}
	return out
}
