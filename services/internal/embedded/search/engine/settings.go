package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Settings of an index, in Meilisearch's words; see Patch for what each does here.
type Settings struct {
	DisplayedAttributes  []string            `json:"displayedAttributes"`
	SearchableAttributes []string            `json:"searchableAttributes"`
	FilterableAttributes []string            `json:"filterableAttributes"`
	SortableAttributes   []string            `json:"sortableAttributes"`
	RankingRules         []string            `json:"rankingRules"`
	StopWords            []string            `json:"stopWords"`
	Synonyms             map[string][]string `json:"synonyms"`
	NonSeparatorTokens   []string            `json:"nonSeparatorTokens"`
	SeparatorTokens      []string            `json:"separatorTokens"`
	Dictionary           []string            `json:"dictionary"`
	DistinctAttribute    *string             `json:"distinctAttribute"`
	ProximityPrecision   string              `json:"proximityPrecision"`
	TypoTolerance        TypoTolerance       `json:"typoTolerance"`
	Faceting             Faceting            `json:"faceting"`
	Pagination           Pagination          `json:"pagination"`
	Embedders            map[string]any      `json:"embedders"`
	SearchCutoffMs       *int                `json:"searchCutoffMs"`
	LocalizedAttributes  json.RawMessage     `json:"localizedAttributes"`
	FacetSearch          bool                `json:"facetSearch"`
	PrefixSearch         string              `json:"prefixSearch"`
}

// TypoTolerance says which Latin words may be misspelt and how badly; sizes in characters.
type TypoTolerance struct {
	Enabled             bool     `json:"enabled"`
	MinWordSizeForTypos Sizes    `json:"minWordSizeForTypos"`
	DisableOnWords      []string `json:"disableOnWords"`
	DisableOnAttributes []string `json:"disableOnAttributes"`
	DisableOnNumbers    bool     `json:"disableOnNumbers"`
}

// Sizes are the shortest words, in characters, that may have one and two typos.
type Sizes struct {
	OneTypo  int `json:"oneTypo"`
	TwoTypos int `json:"twoTypos"`
}

// Faceting bounds a facet's distribution.
type Faceting struct {
	MaxValuesPerFacet int               `json:"maxValuesPerFacet"`
	SortFacetValuesBy map[string]string `json:"sortFacetValuesBy"`
}

// Pagination bounds how many hits a search can reach.
type Pagination struct {
	MaxTotalHits int `json:"maxTotalHits"`
}

// DefaultSettings are Meilisearch's.
func DefaultSettings() Settings {
	return Settings{
		DisplayedAttributes: []string{"*"}, SearchableAttributes: []string{"*"},
		FilterableAttributes: []string{}, SortableAttributes: []string{},
		RankingRules: []string{"words", "typo", "proximity", "attribute", "sort", "exactness"},
		StopWords:    []string{}, Synonyms: map[string][]string{}, NonSeparatorTokens: []string{}, SeparatorTokens: []string{},
		Dictionary: []string{}, ProximityPrecision: "byWord",
		TypoTolerance: TypoTolerance{Enabled: true, MinWordSizeForTypos: Sizes{5, 9}, DisableOnWords: []string{}, DisableOnAttributes: []string{}},
		Faceting:      Faceting{MaxValuesPerFacet: 100, SortFacetValuesBy: map[string]string{"*": "alpha"}},
		Pagination:    Pagination{MaxTotalHits: 1000}, Embedders: map[string]any{},
		LocalizedAttributes: json.RawMessage("null"), FacetSearch: true, PrefixSearch: "indexingTime",
	}
}

// Patch returns the settings with the given members replaced; null resets one. Members that this engine can't honour are
// refused: a non-empty nonSeparatorTokens or embedders, a distinctAttribute, a separatorTokens that holds a letter or
// digit, the ranking rule wordPosition. Stored without effect, because nothing here depends on them: dictionary (any run of
// characters is found as it is), proximityPrecision, searchCutoffMs, localizedAttributes, facetSearch.
func (s Settings) Patch(patch map[string]json.RawMessage) (Settings, error) {
	def, err := json.Marshal(DefaultSettings())
	if err != nil {
		return s, err
	}
	var defaults map[string]json.RawMessage
	if err := json.Unmarshal(def, &defaults); err != nil {
		return s, err
	}
	for name, value := range patch {
		reset, ok := defaults[name]
		if !ok {
			return s, Errorf("bad_request", "Unknown field `%s`: expected one of %s", name, quotedKeys(defaults))
		}
		if bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
			value = reset
		}
		if err := s.set(name, value, reset); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Settings) set(name string, value, reset json.RawMessage) error {
	code := SettingCode(name)
	var err error
	switch name {
	case "typoTolerance", "faceting", "pagination":
		err = mergeObject(value, reset, s, name)
	case "synonyms":
		s.Synonyms = map[string][]string{}
		err = json.Unmarshal(value, &s.Synonyms)
	case "filterableAttributes":
		s.FilterableAttributes = nil
		if err = json.Unmarshal(value, &s.FilterableAttributes); err != nil {
			err = Unsupported("a list of anything but names")
		}
	default:
		one, merr := json.Marshal(map[string]json.RawMessage{name: value})
		if merr != nil {
			return merr
		}
		s.clear(name)
		err = json.Unmarshal(one, s)
	}
	if err == nil {
		err = s.check(name)
	}
	if err != nil {
		return At(name, code, err)
	}
	return nil
}

// clear drops a list before another is read, since reading would write into the array that older settings still hold.
func (s *Settings) clear(name string) {
	for _, l := range []struct {
		name string
		list *[]string
	}{
		{"displayedAttributes", &s.DisplayedAttributes}, {"searchableAttributes", &s.SearchableAttributes},
		{"sortableAttributes", &s.SortableAttributes}, {"rankingRules", &s.RankingRules}, {"stopWords", &s.StopWords},
		{"nonSeparatorTokens", &s.NonSeparatorTokens}, {"separatorTokens", &s.SeparatorTokens}, {"dictionary", &s.Dictionary},
	} {
		if l.name == name {
			*l.list = nil
		}
	}
	switch name {
	case "embedders":
		s.Embedders = nil
	case "searchCutoffMs":
		s.SearchCutoffMs = nil
	case "distinctAttribute":
		s.DistinctAttribute = nil
	}
}

// mergeObject sets the members of an object that are given; a null member is reset.
func mergeObject(value, reset json.RawMessage, s *Settings, name string) error {
	var given, defaults map[string]json.RawMessage
	if err := json.Unmarshal(value, &given); err != nil {
		return err
	}
	if err := json.Unmarshal(reset, &defaults); err != nil {
		return err
	}
	for k, v := range given {
		d, ok := defaults[k]
		if !ok {
			return fmt.Errorf("unknown field `%s`: expected one of %s", k, quotedKeys(defaults))
		}
		if string(v) == "null" {
			given[k] = d
		}
	}
	merged, err := json.Marshal(given)
	if err != nil {
		return err
	}
	switch name {
	case "typoTolerance":
		t := s.TypoTolerance
		t.DisableOnWords, t.DisableOnAttributes = slices.Clone(t.DisableOnWords), slices.Clone(t.DisableOnAttributes)
		err = json.Unmarshal(merged, &t)
		s.TypoTolerance = t
	case "faceting":
		f := Faceting{MaxValuesPerFacet: s.Faceting.MaxValuesPerFacet, SortFacetValuesBy: map[string]string{"*": "alpha"}}
		if given["sortFacetValuesBy"] == nil {
			f.SortFacetValuesBy = s.Faceting.SortFacetValuesBy
		}
		err = json.Unmarshal(merged, &f)
		s.Faceting = f
	default:
		err = json.Unmarshal(merged, &s.Pagination)
	}
	return err
}

func (s *Settings) check(name string) error {
	switch name {
	case "nonSeparatorTokens":
		if len(s.NonSeparatorTokens) > 0 {
			return Unsupported("`%s`", name)
		}
	case "separatorTokens":
		for _, t := range s.SeparatorTokens {
			if strings.IndexFunc(t, func(r rune) bool { return classOf(r) != separator }) >= 0 {
				return Unsupported("a separator with letters or digits such as `%s`", t)
			}
		}
	case "embedders":
		if len(s.Embedders) > 0 {
			return Unsupported("`%s`", name)
		}
	case "distinctAttribute":
		if s.DistinctAttribute != nil {
			return Unsupported("`%s`", name)
		}
	case "rankingRules":
		for _, r := range s.RankingRules {
			if err := checkRule(r); err != nil {
				return err
			}
		}
	case "prefixSearch":
		if s.PrefixSearch != "indexingTime" && s.PrefixSearch != "disabled" {
			return fmt.Errorf("unknown value `%s`, expected one of `indexingTime`, `disabled`", s.PrefixSearch)
		}
	case "proximityPrecision":
		if s.ProximityPrecision != "byWord" && s.ProximityPrecision != "byAttribute" {
			return fmt.Errorf("unknown value `%s`, expected one of `byWord`, `byAttribute`", s.ProximityPrecision)
		}
	case "typoTolerance":
		m := s.TypoTolerance.MinWordSizeForTypos
		if m.OneTypo < 0 || m.OneTypo > m.TwoTypos || m.TwoTypos > 255 {
			return fmt.Errorf("`minWordSizeForTypos` wants 0 ≤ oneTypo ≤ twoTypos ≤ 255")
		}
	case "faceting":
		for _, o := range s.Faceting.SortFacetValuesBy {
			if o != "alpha" && o != "count" {
				return fmt.Errorf("unknown value `%s`, expected one of `alpha`, `count`", o)
			}
		}
	}
	return nil
}

func checkRule(rule string) error {
	switch rule {
	case "words", "typo", "proximity", "attribute", "attributeRank", "sort", "exactness":
		return nil
	case "wordPosition":
		return Unsupported("`wordPosition`")
	}
	if name, dir, ok := strings.Cut(rule, ":"); ok && name != "" && (dir == "asc" || dir == "desc") {
		return nil
	}
	return fmt.Errorf("`%s` ranking rule is invalid. Valid ranking rules are words, typo, sort, proximity, attribute, exactness and custom ranking rules", rule)
}

// SettingCode is the error code of a setting: invalid_settings_ and its name in snake case.
func SettingCode(name string) string {
	var b strings.Builder
	b.WriteString("invalid_settings_")
	for _, r := range name {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func quotedKeys(m map[string]json.RawMessage) string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, "`"+k+"`")
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// covers says whether a list of attributes names a path, itself or by one of its parents.
func covers(list []string, path string) bool {
	for _, a := range list {
		if a == "*" || a == path || len(path) > len(a) && path[len(a)] == '.' && path[:len(a)] == a {
			return true
		}
	}
	return false
}

// columns says whether values of a path are kept for filters, facets and sorting.
func (s *Settings) columns(path string) bool {
	if covers(s.FilterableAttributes, path) || covers(s.SortableAttributes, path) {
		return true
	}
	for _, r := range s.RankingRules {
		if name, _, ok := strings.Cut(r, ":"); ok && name == path {
			return true
		}
	}
	return false
}

// rank is a searchable attribute's place in the settings, 0 the best; all share 0 under "*".
func (s *Settings) rank(path string) (int, bool) {
	for i, a := range s.SearchableAttributes {
		if covers([]string{a}, path) {
			return i, true
		}
	}
	return 0, false
}

// sameText says whether two settings put the same text into the full-text index, sameColumns the same values into columns.
func (s *Settings) sameText(o *Settings) bool {
	a, b := slices.Clone(s.SearchableAttributes), slices.Clone(o.SearchableAttributes)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func (s *Settings) sameColumns(o *Settings) bool {
	return slices.Equal(s.FilterableAttributes, o.FilterableAttributes) &&
		slices.Equal(s.SortableAttributes, o.SortableAttributes) && slices.Equal(s.RankingRules, o.RankingRules)
}
