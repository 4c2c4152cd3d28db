// Package index keeps cases in a search engine that speaks Meilisearch's HTTP API: what is written for a case, how the index is set up, how a query
// is put. It owns the index [Live] and, while one is built, an index with a name of its own beside it. The engine is the one inside the process or a Meilisearch.
//
// A query is first asked as it is written. What finds nothing so is relaxed: each term that nothing has is looked up among the hints of documents, by its sound, as typed pinyin and for one slip
// of typing, the texts of the candidates decide, and what stands in them is asked for as a phrase; so a reading is always a text that some visible case has, and is told as such. What still
// finds nothing gets proposals. Everything that is asked on the way is narrowed to the asker's audience.
//
// The client must be made with meilisearch.DisableRetries: its own retries send an empty body the second time. Who calls decides about trying again: while the engine is
// away everything here gives fault.Unavailable with Detail "search".
package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/fold"
)

// Live is the index that answers queries.
const Live = "cases"

// mapping counts changes of what is written for a case, including those of folding; it is part of the shape.
const mapping = 7

// literal are the attributes searched, the best place first; a match in an earlier one ranks higher. Hints come after them and are searched only when a query finds nothing
// as it is written, so a word never brings its homophones along.
var literal = []string{"text.ref", "text.title", "text.enterprise", "text.tags", "text.violations", "text.summary", "text.places", "text.rest", "text.transcripts"}

// Settings of the index, the one place where they are. What isn't here stays as an engine has it, with reason: proximityPrecision byWord, since phrases of spelled characters are found by
// the distances of words; prefixSearch indexingTime, for the last word; no stopWords, since a phrase must be whole; no synonyms, since nobody said that two words mean the same; no
// separatorTokens, nonSeparatorTokens, dictionary or localizedAttributes, since what is written for an engine that parts text by language holds nothing but words and blanks (learn).
func settings() *meilisearch.Settings {
	filterable := []string{"id", "visible_to", "day", "found", "due", "penalty_yuan", "enterprise", "number", "tag", "exposed", "_geo"}
	for _, f := range archive.Facets() {
		filterable = append(filterable, string(f))
	}
	return &meilisearch.Settings{
		SearchableAttributes: slices.Concat(literal, hints),
		FilterableAttributes: filterable,
		// Days are numbers, since not every engine compares strings.
		SortableAttributes: []string{"day", "due", "penalty_yuan", "exposed", "_geo"},
		// An order that was asked for beats relevance. At the end the latest published, then the id: nothing depends on when a document came or how frequent a word is.
		RankingRules: []string{"sort", "words", "typo", "proximity", "attribute", "exactness", "day:desc", "id:asc"},
		// Slips of typing are read in one way on every engine (relaxing), only where nothing is found as written, and said: the engine's own tolerance would find QTZ60 for QTZ80
		// and one enterprise's code for another's, and knows neither Chinese nor a wrong first letter.
		TypoTolerance: &meilisearch.TypoTolerance{Enabled: false, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 5, TwoTypos: 9},
			DisableOnWords: []string{}, DisableOnNumbers: true, DisableOnAttributes: []string{}},
		// Totals are exact only up to this bound, and so are facets: more outlets than the province has.
		Pagination: &meilisearch.Pagination{MaxTotalHits: 1_000_000},
		// A Meilisearch answers a search that takes longer with what it has by then, unsorted: late beats wrong.
		SearchCutoffMs: 10_000,
		Faceting:       &meilisearch.Faceting{MaxValuesPerFacet: 1000, SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeAlpha}},
	}
}

// Shape is a hash of settings and mapping: an index of another shape is built anew.
var Shape = func() string {
	s, err := json.Marshal(settings())
	if err != nil {
		panic(err) // a constant value that encodes
	}
	sum := sha256.Sum256(append(s, strconv.Itoa(mapping)...))
	return hex.EncodeToString(sum[:8])
}()

// entry is a case as it is written. Shown holds the texts as they are, Text what is searched.
type entry struct {
	ID                 events.CaseID              `json:"id"`
	VisibleTo          []string                   `json:"visible_to"`
	Office             events.OfficeSlug          `json:"office"`
	Sector             string                     `json:"sector"`
	Category           string                     `json:"category"`
	HazardLevel        string                     `json:"hazard_level"`
	Level              []string                   `json:"level,omitempty"`
	Outlet             []string                   `json:"outlet,omitempty"`
	State              events.CaseStatus          `json:"state"`
	RectificationState events.RectificationStatus `json:"rectification_state,omitempty"`
	PublishedOn        events.Day                 `json:"published_on,omitempty"`
	Month              []string                   `json:"month,omitempty"`
	Day                int                        `json:"day,omitempty"`
	// Exposed is the system's time of the exposure, in milliseconds since 1970.
	Exposed     int64      `json:"exposed,omitempty"`
	Found       int        `json:"found,omitempty"`
	Due         int        `json:"due,omitempty"`
	FoundOn     events.Day `json:"found_on,omitempty"`
	DueOn       events.Day `json:"due_on,omitempty"`
	PenaltyYuan *int64     `json:"penalty_yuan,omitempty"`
	// Enterprise is the key that filters compare, folded.
	Enterprise string `json:"enterprise"`
	// Number is the reference as filters compare it, Tag holds the tags, folded.
	Number  string         `json:"number,omitempty"`
	Tag     []string       `json:"tag,omitempty"`
	County  string         `json:"county,omitempty"`
	Picture events.MediaID `json:"picture,omitempty"`
	Geo     *place         `json:"_geo,omitempty"`
	Shown   archive.Texts  `json:"shown"`
	Text    searched       `json:"text"`
}

// place is a point as a Meilisearch knows it.
type place struct {
	Lat float64 `json:"lat"`
	Lng float64 `json:"lng"`
}

type searched struct {
	archive.Texts
	// Ref stands as it is written and as the plain number (fold.Number).
	Ref   []string `json:"ref"`
	Hints hinting  `json:"hints"`
}

// Encode writes a document as one line of NDJSON.
func (x *Index) Encode(b *bytes.Buffer, d archive.Document) error {
	e := entry{ID: d.ID, VisibleTo: d.VisibleTo, Office: d.Office, Sector: d.Sector, Category: d.Category, HazardLevel: d.HazardLevel, Level: d.Levels, Outlet: d.Outlets,
		State: d.State, RectificationState: d.RectificationState, PublishedOn: d.PublishedOn, Day: number(d.PublishedOn), Exposed: milliseconds(d.ExposedAt), Shown: d.Texts,
		Month: d.Months, Found: number(d.FoundOn), Due: number(d.DueOn), FoundOn: d.FoundOn, DueOn: d.DueOn, PenaltyYuan: d.PenaltyYuan, Enterprise: fold.String(d.EnterpriseKey), County: d.County, Picture: d.Picture}
	if d.Location != nil {
		e.Geo = &place{d.Location.Lat, d.Location.Lon}
	}
	folded := each(d.Texts, fold.String)
	e.Number, _ = numbered(folded.Ref)
	e.Tag = folded.Tags
	e.Text = searched{Texts: x.texts(folded), Hints: hinted(folded)}
	e.Text.Ref = []string{e.Text.Texts.Ref}
	if n, ok := fold.Number(fold.String(d.Ref)); ok {
		e.Text.Ref = append(e.Text.Ref, x.spell(n))
	}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("archive: encode %s: %w", d.ID, err)
	}
	return nil
}

// Line gives a document as Encode writes it.
func (x *Index) Line(d archive.Document) ([]byte, error) {
	var b bytes.Buffer
	err := x.Encode(&b, d)
	return b.Bytes(), err
}

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// number makes a day a number that engines compare: 20260612; 0 for none.
func number(d events.Day) int {
	n, _ := strconv.Atoi(strings.ReplaceAll(string(d), "-", ""))
	return n
}

// part is one text of a document and where it stands.
type part struct {
	field string
	text  string
}

// positionEntry is where a stream has been read to. It has no audience, so no query ever finds it.
type positionEntry struct {
	ID       string   `json:"id"`
	Position Position `json:"position"`
}

// Position says up to which sequence of a stream the documents know it, and the index's shape.
type Position struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	Shape    string `json:"shape"`
}

func positionID(stream string) string { return "position-" + stream }

// EncodePosition writes a position as one line of NDJSON. Put in one request with the documents it stands for, it is in the index together with them or not at all.
func EncodePosition(b *bytes.Buffer, stream string, sequence uint64) error {
	if err := json.NewEncoder(b).Encode(positionEntry{positionID(stream), Position{stream, sequence, Shape}}); err != nil {
		return fmt.Errorf("archive: encode position: %w", err)
	}
	return nil
}
