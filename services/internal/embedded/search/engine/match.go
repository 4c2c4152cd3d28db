package engine

import (
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/vellum/levenshtein"
)

// Limits of how many terms of the dictionary stand in for one of a query, in one segment and field.
const (
	maxPrefixTerms = 2000
	maxTypoTerms   = 100
)

var (
	oneTypo  = mustAutomaton(1)
	twoTypos = mustAutomaton(2)
)

func mustAutomaton(n uint8) *levenshtein.LevenshteinAutomatonBuilder {
	b, err := levenshtein.NewLevenshteinAutomatonBuilder(n, true)
	if err != nil {
		panic(err) // n is a constant that the library accepts
	}
	return b
}

// manner is how a term is looked for; a better one comes first.
type manner uint8

const (
	exactly manner = iota
	asPrefix
	withTypos
)

// cost packs what ranks a hit: words left out, typos, places of attributes, words not matched as they are.
// No part depends on how often a word occurs: that would tell of documents the reader may not see.
type cost uint64

func (c cost) words() uint64     { return uint64(c) >> 56 }
func (c cost) typos() uint64     { return uint64(c) >> 40 & 0xFFFF }
func (c cost) attribute() uint64 { return uint64(c) >> 20 & 0xFFFFF }
func (c cost) inexact() uint64   { return uint64(c) & 0xFFFFF }

// field is an attribute to search and its place.
type field struct {
	name  string
	rank  int
	typos bool
}

// matcher evaluates a query's terms over the published segments.
type matcher struct {
	segs     []segmentView
	fields   []field
	settings *Settings
	nslots   uint32
	costs    []cost
	err      error
}

// term finds the slots within allowed that hold t and adds to their costs.
func (m *matcher) term(t *term, allowed bitset) bitset {
	found := newBits(m.nslots)
	m.look(t, exactly, allowed, found)
	for i := range t.also {
		m.look(&t.also[i], exactly, allowed, found)
	}
	if t.phrase || t.exclude {
		return found
	}
	if t.prefix && t.tokens[len(t.tokens)-1].class == word {
		m.look(t, asPrefix, allowed, found)
	}
	if m.settings.TypoTolerance.Enabled && m.settings.forgives(t) {
		m.look(t, withTypos, allowed, found)
	}
	return found
}

func (m *matcher) look(t *term, how manner, allowed, found bitset) {
	for _, f := range m.fields {
		if how == withTypos && !f.typos {
			continue
		}
		add := cost(f.rank) << 20
		switch how {
		case asPrefix:
			add++
		case withTypos:
			add += 1<<40 + 1
		}
		for i := range m.segs {
			if m.err != nil {
				return
			}
			m.inSegment(&m.segs[i], f.name, t, how, add, allowed, found)
		}
	}
}

func (m *matcher) inSegment(s *segmentView, name string, t *term, how manner, add cost, allowed, found bitset) {
	dict, err := s.Dictionary(name)
	if err != nil {
		m.err = err
		return
	}
	p := phrase{seg: s, dict: dict, wanted: func(local uint32) bool {
		slot := s.slots[local]
		return allowed.has(slot) && !found.has(slot)
	}}
	var docs *roaring.Bitmap
	if how == withTypos && t.nearHangul() {
		docs = p.most(t.tokens, 2)
	} else if !p.resolve(t, how, m.settings) {
		docs = nil
	} else {
		docs = p.match()
	}
	if p.err != nil {
		m.err = p.err
	}
	if docs == nil {
		return
	}
	it := docs.ManyIterator()
	var buf [256]uint32
	for k := it.NextMany(buf[:]); k > 0; k = it.NextMany(buf[:]) {
		for _, local := range buf[:k] {
			if slot := s.slots[local]; allowed.has(slot) && !found.has(slot) {
				found.set(slot)
				if m.costs != nil {
					m.costs[slot] += add
				}
			}
		}
	}
}
