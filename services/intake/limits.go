package intake

// Limits of a case file, in characters or entries. The state of a case is bounded at 192 KiB (events.MaxState), which these reach only all together; then it is too_large.
const (
	// MaxRef: the longest 发文字号 in use have about 30 characters.
	MaxRef = 80
	// MaxTitle: a headline that still fits a list's row; the longest sample has 85.
	MaxTitle = 200
	// MaxSummary: several pages; what is longer is a document to upload.
	MaxSummary = 10_000
	// MaxViolations: a case is about one inspection.
	MaxViolations = 50
	// MaxViolation: a problem, or its legal basis.
	MaxViolation = 1000
	// MaxName: names of enterprises, outlets, files (design.md).
	MaxName = 120
	// MaxAddress: a postal address.
	MaxAddress = 200
	// MaxExposures: publications of one case.
	MaxExposures = 50
	// MaxHeadline: of a publication.
	MaxHeadline = 200
	// MaxURL: what browsers and proxies take.
	MaxURL = 2000
	// MaxMeasures: of the rectification that is asked for.
	MaxMeasures = 4000
	// MaxTags and MaxTag: words to find a case by.
	MaxTags = 30
	MaxTag  = 40
	// MaxMedia of a case (design.md) and MaxCaption of one.
	MaxMedia   = 200
	MaxCaption = 200
	// MaxReason: reasons and opinions are read in lists.
	MaxReason = 1000
	// MaxText: an objection or its answer.
	MaxText = 4000
	// MaxPenalty in yuan; a larger figure is a slip.
	MaxPenalty = 100_000_000_000
)

// The box around Jilin in WGS-84 degrees, with a margin of some kilometres.
const (
	minLat, maxLat = 40.8, 46.4
	minLon, maxLon = 121.6, 131.4
)
