package rectification

// Sizes of what commands carry, in characters or entries. A record's state is bounded at 192 KiB; these keep an honest record of some forty steps under it.
const (
	// maxName: the longest names of units, bodies and outlets have about 60 characters.
	maxName = 120
	// maxNumber: document and certificate numbers.
	maxNumber = 80
	// maxHeadline: as for a case's publications.
	maxHeadline = 200
	// maxText: one screen of text; longer papers are uploaded as documents.
	maxText = 2000
	// maxReason: reasons and opinions are read in lists.
	maxReason = 1000
	// maxURL: what browsers and proxies take.
	maxURL = 2000
	// maxItems: by default one for each violation; a reopened case adds some.
	maxItems = 50
	// maxMedia a command; a whole case has at most 200.
	maxMedia = 50
	// maxOfficers: two are needed.
	maxOfficers = 10
	// maxFunds in whole yuan: a larger figure is a slip.
	maxFunds = 100_000_000_000
)

// Grades of a listing 挂牌督办: 1 national or provincial order carried out by the province, 2 province, 3 city, 4 county.
const (
	gradeFirst    = 1
	gradeProvince = 2
	gradeLast     = 4
)
