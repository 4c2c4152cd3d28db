package archive

import (
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Limits of suggestions.
const (
	DefaultSuggestions = 8
	MaxSuggestions     = 20
)

// SuggestParams ask what may be meant by what is typed so far.
type SuggestParams struct {
	Q string `json:"q"`
	// Limit is at most MaxSuggestions; 0 is DefaultSuggestions.
	Limit int `json:"limit,omitempty"`
}

// SuggestionKind says what is suggested.
type SuggestionKind string

// The kinds.
const (
	SuggestEnterprise SuggestionKind = "enterprise"
	SuggestRef        SuggestionKind = "ref"
	SuggestTag        SuggestionKind = "tag"
	SuggestPlace      SuggestionKind = "place"
)

// SuggestionKinds lists them in the order in which equals are suggested.
func SuggestionKinds() []SuggestionKind {
	return []SuggestionKind{SuggestEnterprise, SuggestRef, SuggestTag, SuggestPlace}
}

// Suggestion is one name of a case that the asker may see.
type Suggestion struct {
	Kind SuggestionKind `json:"kind"`
	// Text is the name as it is written, Query what to search for it.
	Text  string `json:"text"`
	Query string `json:"query"`
	// Highlight is Text as HTML: escaped, what was typed in <mark>.
	Highlight string `json:"highlight"`
}

// Suggestions answer, the best first.
type Suggestions struct {
	Items []Suggestion `json:"items"`
	// TookMS is how long archive took, in milliseconds.
	TookMS float64 `json:"took_ms"`
}

// Typing is a checked SuggestParams of one actor.
type Typing struct {
	Text  string
	Limit int
	// Holds are the holders that the actor is.
	Holds []string
}

// Type checks what is typed. A limit out of range is fault.BadParameter.
func Type(a access.Actor, p SuggestParams) (Typing, error) {
	var wrong fault.Fields
	t := Typing{Text: cut(p.Q), Limit: within(&wrong, "limit", p.Limit, DefaultSuggestions, MaxSuggestions), Holds: a.Holds()}
	if len(wrong) > 0 {
		return Typing{}, &fault.Error{Code: fault.BadParameter, Fields: wrong, Op: "archive: suggest"}
	}
	return t, nil
}
