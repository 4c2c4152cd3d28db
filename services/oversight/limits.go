package oversight

// Sizes of what commands on returns carry, in characters or entries. A record's state is bounded at 192 KiB: six filings of the longest list, or some forty of an ordinary one, stay under it.
const (
	// maxCases one return holds; an office exposes some ten a month.
	maxCases = 1000
	// maxDocumentNo: document numbers 文号 have about 20 characters.
	maxDocumentNo = 80
	// maxAccount: ids of accounts are shorter.
	maxAccount = 64
	// maxReason: reasons are read in lists.
	maxReason = 1000
	// maxFileName: as for every medium.
	maxFileName = 120
)
