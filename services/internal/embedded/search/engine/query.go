package engine

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a query. What is beyond them is cut silently, as Meilisearch does past ten words.
const (
	maxQueryRunes = 512
	maxQueryTerms = 64
)

// term is one blank-separated part of a query, or one quoted phrase.
type term struct {
	tokens  []token // never empty; pos counts from 0
	phrase  bool    // quoted: neither prefixes nor typos
	exclude bool    // -word, -"phrase"
	prefix  bool    // the last word may be the head of a longer one
	also    []term  // synonyms
}

// parseQuery never fails: what can't be read as a query is searched as text or, without a letter or digit, ignored.
func parseQuery(q string, s *Settings) []term {
	q = cutRunes(strings.ToValidUTF8(q, " "), maxQueryRunes)
	var out []term
	for i := 0; i < len(q) && len(out) < maxQueryTerms; {
		r, n := utf8.DecodeRuneInString(q[i:])
		if unicode.IsSpace(r) {
			i += n
			continue
		}
		t := term{}
		if r == '-' {
			t.exclude = true
			i++
		}
		var text string
		if i < len(q) && q[i] == '"' {
			t.phrase = true
			text, i = quoted(q, i+1)
		} else {
			text, i = bare(q, i)
		}
		t.tokens = queryTokens(text)
		if len(t.tokens) == 0 || s.stops(t) {
			continue
		}
		t.prefix = i == len(q) && !t.phrase && !t.exclude && s.PrefixSearch == "indexingTime"
		t.also = s.alternatives(text)
		out = append(out, t)
	}
	return out
}

func cutRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func quoted(q string, i int) (string, int) {
	if end := strings.IndexByte(q[i:], '"'); end >= 0 {
		return q[i : i+end], i + end + 1
	}
	return q[i:], len(q)
}

func bare(q string, i int) (string, int) {
	end := strings.IndexFunc(q[i:], func(r rune) bool { return r == '"' || unicode.IsSpace(r) })
	if end < 0 {
		return q[i:], len(q)
	}
	return q[i : i+end], i + end
}

// queryTokens leaves out the last character of a run of several: the bigram before it holds it.
func queryTokens(text string) []token {
	var out []token
	tokenize(strings.ReplaceAll(text, elementBreak, " "), func(t token) {
		if !t.tail {
			out = append(out, t)
		}
	})
	for i := len(out) - 1; i >= 0; i-- {
		out[i].pos -= out[0].pos
	}
	return out
}

// typos says how many typos a query's word may have.
func (s *Settings) typos(w string) int {
	t := &s.TypoTolerance
	n := utf8.RuneCountInString(w)
	switch {
	case !t.Enabled || t.DisableOnNumbers && isNumber(w):
		return 0
	case n >= t.MinWordSizeForTypos.TwoTypos:
		n = 2
	case n >= t.MinWordSizeForTypos.OneTypo:
		n = 1
	default:
		return 0
	}
	for _, d := range t.DisableOnWords {
		if lower(d) == w {
			return 0
		}
	}
	return n
}

// forgives says whether any of a term's words may have a typo; to look for one in every segment costs as much as the term.
func (s *Settings) forgives(t *term) bool {
	return t.nearHangul() || slices.ContainsFunc(t.tokens, func(k token) bool { return k.class == word && s.typos(k.term) > 0 })
}

func isNumber(w string) bool {
	return strings.IndexFunc(w, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func (s *Settings) stops(t term) bool {
	if t.phrase || len(t.tokens) > 1 {
		return false
	}
	for _, w := range s.StopWords {
		if lower(w) == t.tokens[0].term {
			return true
		}
	}
	return false
}

func (s *Settings) alternatives(text string) []term {
	if len(s.Synonyms) == 0 {
		return nil
	}
	text = lower(text)
	var out []term
	for k, alts := range s.Synonyms {
		if lower(k) != text {
			continue
		}
		for _, a := range alts {
			if tokens := queryTokens(a); len(tokens) > 0 {
				out = append(out, term{tokens: tokens, phrase: true})
			}
		}
	}
	return out
}

// nearHangul is true for a term that is one Hangul run long enough to be found with two of its bigrams missing, which is
// what one wrong syllable leaves.
func (t *term) nearHangul() bool {
	if t.phrase || len(t.tokens) < 4 {
		return false
	}
	for i, k := range t.tokens {
		if k.class != hangul || k.pos != i {
			return false
		}
	}
	return true
}
