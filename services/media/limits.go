package media

import "time"

// Limits of names, reasons, numbers and time; all that aren't the media issue's are [ours]. Those of bytes and pixels are beside the checks, in media/internal/sniff,
// what an office may take up in media/internal/allowance, and how many a case may hold in intake.
const (
	// MaxName is the longest name, in characters; events count on it (design.md, Sizes).
	MaxName = 120
	// MaxReason is the longest reason for looking at an original, in characters.
	MaxReason = 500
	// UploadAge is how long an upload without a new byte is kept, and how long a finished one is answered for: a week is a broken line and the weekend after it.
	UploadAge = 7 * 24 * time.Hour
	// UntakenAge is how long a medium that no case has taken is kept: a case is drafted within a month.
	UntakenAge = 30 * 24 * time.Hour
	// RenewAfter is how much later than before the time of an untaken medium must begin to be worth a fact: a client that sends a file in a loop writes none.
	RenewAfter = time.Hour
)

// Kinds of media.
const (
	KindImage    = "image"
	KindVideo    = "video"
	KindAudio    = "audio"
	KindDocument = "document"
)
