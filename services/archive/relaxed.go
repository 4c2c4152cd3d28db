package archive

// ReadAs says how a term was read that nothing has as written: As is the text as it stands in the first hit.
type ReadAs struct {
	Term string `json:"term"`
	As   string `json:"as"`
	// How is sound, pinyin or slip.
	How Manner `json:"how"`
}

// Manner is how a term was read.
type Manner string

// The manners: characters that sound so or nearly so, typed pinyin, one slip of typing.
const (
	BySound  Manner = "sound"
	ByPinyin Manner = "pinyin"
	BySlip   Manner = "slip"
)

// Proposal is another query, in place of one that finds nothing, and how many cases it finds.
type Proposal struct {
	Q     string `json:"q"`
	Total int    `json:"total"`
}
