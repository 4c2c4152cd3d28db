package index

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// hints are the attributes of words under which texts are found that were typed otherwise: pairs of syllables (fold.Pairs), what is left of Latin words without a letter
// (fold.Remains), beginnings of the pinyin of names (fold.Starts), the sound of whole tags (fold.Spoken.Names), ends of
// words of letters and digits (fold.Tails). Relaxing and suggesting alone look there, for candidates; the texts decide.
//
// Those of names (title, enterprise, tags) stand before those of the rest, so that the candidates come from names first.
var hints = []string{"text.hints.names", "text.hints.rest"}

// embedded is the commit that the engine inside the process gives as its own.
const embedded = "embedded"

// learn asks the engine once how it parts text. The one inside the process finds any neighbouring characters. A Meilisearch parts Chinese into words by a dictionary (jieba, in
// charabia; it may take a text without Kana for Japanese, and Korean goes through another), so a word inside a word isn't found, and no setting ends that: `dictionary` and
// `nonSeparatorTokens` only make words longer. For it texts and queries are spelled (fold.Spell): each character a Latin word, whose distances it keeps by itself, so that a
// phrase of characters finds what stands side by side.
func (x *Index) learn(ctx context.Context) error {
	if x.learned.Load() {
		return nil
	}
	v, err := x.engine.VersionWithContext(ctx)
	if err != nil {
		return away("ask for the version", err)
	}
	x.spelled.Store(v.CommitSha != embedded)
	x.learned.Store(true)
	return nil
}

// spell writes a folded text as the engine finds it.
func (x *Index) spell(folded string) string {
	if !x.spelled.Load() {
		return folded
	}
	return fold.Spell(folded)
}

// put writes a folded term of a query. If the last term is a word of letters and digits, it may be the beginning of a longer one unless it is a phrase; a longer term may end so on the
// engine that takes it whole, and else is found by relaxing.
func (x *Index) put(term string, isPhrase, last bool) string {
	switch {
	case isPhrase:
		return phrase(x.spell(term))
	case !x.spelled.Load():
		return term
	}
	words := fold.Words(term)
	if len(words) == 0 {
		return ""
	}
	if len(words) == 1 && last && !words[0].Single {
		return words[0].Text
	}
	return phrase(fold.Spell(term))
}

// begun writes a folded term whose end may be the beginning of a longer word, for those who look at what is found.
func (x *Index) begun(term string, last bool) string {
	words := fold.Words(term)
	n := len(words)
	if !x.spelled.Load() || !last || n < 2 || words[n-1].Single {
		return x.put(term, false, last)
	}
	return phrase(fold.Spell(term[:words[n-1].Start])) + " " + words[n-1].Text
}

// texts are folded texts as the engine finds them, field by field.
func (x *Index) texts(t archive.Texts) archive.Texts {
	if !x.spelled.Load() {
		return t
	}
	return each(t, fold.Spell)
}

// hinting are the words of a document's hints.
type hinting struct {
	Names hintWords `json:"names"`
	Rest  hintWords `json:"rest"`
}

// hintWords are written as one text, which costs less than a list, with full stops between them: over those a Meilisearch keeps no distances.
type hintWords []string

// MarshalText implements encoding.TextMarshaler.
func (h hintWords) MarshalText() ([]byte, error) { return []byte(strings.Join(h, ". ")), nil }

// hinted makes the hints of folded texts.
func hinted(t archive.Texts) (h hinting) {
	seen := fold.NewSeen()
	for _, p := range parts(t) {
		f := p.text
		switch p.field {
		case "title":
			h.Names = append(append(h.Names, sounding(f, 3, seen)...), fold.Tails(f, seen)...)
		case "enterprise":
			h.Names = append(append(h.Names, sounding(f, 3, seen)...), fold.Starts(f, seen)...)
		case "tags":
			h.Names = append(append(h.Names, sounding(f, 3, seen)...), fold.Starts(f, seen)...)
			for _, s := range spoken(f) {
				h.Names = append(h.Names, s.Names(manners)...)
			}
		case "places":
			h.Rest = append(h.Rest, sounding(f, 2, seen)...)
			h.Names = append(h.Names, fold.Starts(f, seen)...)
		case "violations", "summary":
			h.Rest = append(append(h.Rest, sounding(f, 2, seen)...), fold.Tails(f, seen)...)
		}
	}
	return h
}

// sounding gives the words for a folded text's pairs of syllables and for its Latin words without a letter.
func sounding(folded string, most int, seen *fold.Seen) []string {
	out := fold.Pairs(folded, most, seen)
	for _, w := range strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) || unicode.Is(unicode.Han, r) }) {
		for _, r := range fold.Remains(w) {
			if seen.First(r) {
				out = append(out, r)
			}
		}
	}
	return out
}

func spoken(folded string) []fold.Spoken {
	s, _ := fold.Speak(folded)
	return s
}

// parts lists a document's texts with their fields, the best place first.
func parts(t archive.Texts) []part {
	out := []part{{"ref", t.Ref}, {"title", t.Title}, {"enterprise", t.Enterprise}}
	add := func(field string, list []string) {
		for _, s := range list {
			out = append(out, part{field, s})
		}
	}
	add("tags", t.Tags)
	add("violations", t.Violations)
	out = append(out, part{"summary", t.Summary})
	add("places", t.Places)
	add("rest", t.Rest)
	add("transcripts", t.Transcripts)
	return slices.DeleteFunc(out, func(p part) bool { return p.text == "" })
}

// each writes every text of a document in another way.
func each(t archive.Texts, write func(string) string) archive.Texts {
	list := func(in []string) []string {
		out := make([]string, len(in))
		for i, s := range in {
			out[i] = write(s)
		}
		return out
	}
	return archive.Texts{Ref: write(t.Ref), Title: write(t.Title), Enterprise: write(t.Enterprise), Summary: write(t.Summary), Tags: list(t.Tags), Violations: list(t.Violations), Places: list(t.Places), Rest: list(t.Rest), Transcripts: list(t.Transcripts)}
}
