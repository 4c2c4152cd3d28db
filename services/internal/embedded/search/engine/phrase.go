package engine

import (
	"runtime"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	segment "github.com/blevesearch/scorch_segment_api/v2"
)

// phrase evaluates the tokens of one term in one field of one segment.
type phrase struct {
	seg    *segmentView
	dict   segment.TermDictionary
	wanted func(local uint32) bool
	places []place
	err    error
}

// place is one place of a phrase: where it is, and the terms that may stand there.
type place struct {
	pos   int
	text  string // of the query's token and how it was widened: equal texts have equal terms
	terms []alternative
	docs  *roaring.Bitmap

	bigram bool
}

type alternative struct {
	list segment.PostingsList
	docs *roaring.Bitmap
}

// resolve finds the terms for each token; false if one has none, or if how adds nothing to what exactly finds.
func (p *phrase) resolve(t *term, how manner, s *Settings) bool {
	widened := how == exactly
	for i, k := range t.tokens {
		var terms []string
		suffix := ""
		switch {
		case k.single:
			terms = p.startingWith(k.term)
		case how == asPrefix && i == len(t.tokens)-1:
			terms, widened, suffix = p.startingWith(k.term), true, "*"
		case how == withTypos && k.class == word && s.typos(k.term) > 0:
			terms, widened = p.similar(k.term, s.typos(k.term)), true
		default:
			terms = []string{k.term}
		}
		if !p.put(k.pos, k.term+suffix, terms) {
			return false
		}
		p.places[len(p.places)-1].bigram = k.class != word && !k.single
	}
	return widened
}

func (p *phrase) put(pos int, text string, terms []string) bool {
	at := place{pos: pos, text: text}
	for _, term := range terms {
		list, err := p.dict.PostingsList([]byte(term), p.seg.deleted, nil)
		if err != nil {
			p.err = err
			return false
		}
		docs := bitmapOf(list)
		if docs == nil || docs.IsEmpty() {
			continue
		}
		at.terms = append(at.terms, alternative{list, docs})
	}
	switch len(at.terms) {
	case 0:
		return false
	case 1:
		at.docs = at.terms[0].docs
	default:
		at.docs = roaring.New()
		for _, a := range at.terms {
			at.docs.Or(a.docs)
		}
	}
	p.places = append(p.places, at)
	return true
}

// bitmapOf gives the documents of a list; the bitmap is not to be changed.
func bitmapOf(list segment.PostingsList) *roaring.Bitmap {
	it := list.Iterator(false, false, false, nil)
	if o, ok := it.(segment.OptimizablePostingsIterator); ok {
		if n, one := o.DocNum1Hit(); one {
			return roaring.BitmapOf(uint32(n))
		}
		if b := o.ActualBitmap(); b != nil {
			return b
		}
	}
	out := roaring.New()
	for posting, err := it.Next(); err == nil && posting != nil; posting, err = it.Next() {
		out.Add(uint32(posting.Number()))
	}
	return out
}

func (p *phrase) startingWith(head string) []string {
	end := []byte(head)
	end[len(end)-1]++ // no term ends in 0xFF: terms are UTF-8
	it := p.dict.AutomatonIterator(nil, []byte(head), end)
	return p.terms(it, maxPrefixTerms)
}

// similar lists terms within n typos. As in Meilisearch a wrong first letter counts as two.
func (p *phrase) similar(w string, n int) []string {
	build := oneTypo
	if n > 1 {
		build = twoTypos
	}
	a, err := build.BuildDfa(w, uint8(n))
	if err != nil {
		return []string{w} // longer than the automaton takes
	}
	out := p.terms(p.dict.AutomatonIterator(a, nil, nil), maxTypoTerms)
	return slices.DeleteFunc(out, func(o string) bool {
		return n == 1 && !strings.HasPrefix(o, firstRune(w))
	})
}

func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}

func (p *phrase) terms(it segment.DictionaryIterator, limit int) []string {
	var out []string
	for len(out) < limit {
		e, err := it.Next()
		if err != nil {
			p.err = err
			return nil
		}
		if e == nil {
			break
		}
		out = append(out, e.Term)
	}
	return out
}

// match gives the documents in which the slots' terms stand at their distances.
func (p *phrase) match() *roaring.Bitmap {
	docs := p.places[0].docs
	for _, s := range p.places[1:] {
		docs = roaring.And(docs, s.docs)
	}
	if len(p.places) == 1 || docs.IsEmpty() {
		return docs
	}
	var candidates []uint32
	it := docs.Iterator()
	for it.HasNext() {
		if d := it.Next(); p.wanted(d) {
			candidates = append(candidates, d)
		}
	}
	return roaring.BitmapOf(p.verify(candidates)...)
}

// share is from how many candidates on each core is given a part of them.
const share = 1000

// verify keeps the candidates in which the places line up.
func (p *phrase) verify(candidates []uint32) []uint32 {
	parts := min(runtime.GOMAXPROCS(0), len(candidates)/share)
	if parts <= 1 {
		return p.verifyPart(candidates)
	}
	kept := make([][]uint32, parts)
	err := inParallel(parts, func(i int) error {
		one := *p
		kept[i] = one.verifyPart(candidates[i*len(candidates)/parts : (i+1)*len(candidates)/parts])
		return one.err
	})
	if err != nil {
		p.err = err
	}
	return slices.Concat(kept...)
}

// verifyPart does so on one core. A term that stands at several places is read once.
func (p *phrase) verifyPart(candidates []uint32) []uint32 {
	live := make([]int, len(candidates))
	for i := range live {
		live[i] = i
	}
	read := map[string][][]int{}
	var starts [][]int // by candidate: where the phrase may begin
	for i := range p.places {
		at := &p.places[i]
		if p.implied(i) {
			continue
		}
		here, ok := read[at.text]
		if !ok {
			if here = p.positions(at, candidates, live); p.err != nil {
				return nil
			}
			read[at.text] = here
		}
		if i == 0 {
			starts = here
			if slices.ContainsFunc(p.places[1:], func(o place) bool { return o.text == at.text }) {
				starts = cloneEach(here)
			}
			continue
		}
		kept := live[:0]
		for _, j := range live {
			if starts[j] = common(starts[j], here[j], at.pos); len(starts[j]) > 0 {
				kept = append(kept, j)
			}
		}
		live = kept
	}
	out := make([]uint32, len(live))
	for i, j := range live {
		out[i] = candidates[j]
	}
	return out
}

// implied is true for a bigram whose neighbours, to be looked up themselves, share its characters: it is known to be in the
// document, and reading where would nearly always tell what they tell. So a break between two characters may go unseen if
// the pair also stands together elsewhere in the attribute.
func (p *phrase) implied(i int) bool {
	return i%2 == 1 && i+1 < len(p.places) && p.places[i-1].joins(&p.places[i]) && p.places[i].joins(&p.places[i+1])
}

func (at *place) joins(next *place) bool { return at.bigram && next.bigram && next.pos == at.pos+1 }

// positions gives for each live candidate where the place's terms stand, rising.
func (p *phrase) positions(at *place, candidates []uint32, live []int) [][]int {
	out := make([][]int, len(candidates))
	flat := make([]int, 0, 2*len(live)) // one array for all, as far as it goes
	for _, a := range at.terms {
		it := a.list.Iterator(true, false, true, nil)
		for _, j := range live {
			d := candidates[j]
			if !a.docs.Contains(d) {
				continue
			}
			posting, err := it.Advance(uint64(d))
			if err != nil {
				p.err = err
				return out
			}
			if posting == nil || posting.Number() != uint64(d) {
				continue
			}
			begin := len(flat)
			flat = append(flat, out[j]...)
			for _, l := range posting.Locations() {
				flat = append(flat, int(l.Pos()))
			}
			out[j] = flat[begin:len(flat):len(flat)]
		}
	}
	if len(at.terms) > 1 {
		for _, o := range out {
			slices.Sort(o)
		}
	}
	return out
}

func cloneEach(lists [][]int) [][]int {
	out := make([][]int, len(lists))
	for i, l := range lists {
		out[i] = slices.Clone(l)
	}
	return out
}

// common keeps those of a that stand shift before one of b; both rise.
func common(a, b []int, shift int) []int {
	n, j := 0, 0
	for _, v := range a {
		for j < len(b) && b[j]-shift < v {
			j++
		}
		if j < len(b) && b[j]-shift == v {
			a[n] = v
			n++
		}
	}
	return a[:n]
}

// most gives the documents that hold all but missing of the tokens, wherever they stand.
func (p *phrase) most(tokens []token, missing int) *roaring.Bitmap {
	need := len(tokens) - missing
	reached := make([]*roaring.Bitmap, need+1) // reached[n]: documents with n of the tokens seen
	for i := range reached {
		reached[i] = roaring.New()
	}
	for _, k := range tokens {
		p.places = p.places[:0]
		if !p.put(0, k.term, []string{k.term}) {
			continue
		}
		docs := p.places[0].docs
		for n := need; n > 1; n-- {
			reached[n].Or(roaring.And(reached[n-1], docs))
		}
		reached[1].Or(docs)
	}
	return reached[need]
}
