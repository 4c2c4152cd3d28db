package media

import "time"

// Limits of names, reasons and time; all are [ours]. Those of bytes and pixels are beside the checks, in media/internal/sniff.
const (
	// MaxName is the longest name, in characters; events count on it (design.md, Sizes).
	MaxName = 120
	// MaxReason is the longest reason for looking at an original, in characters.
	MaxReason = 500
	// UploadAge is how long an upload without a new byte is kept, and how long a finished one is answered for.
	UploadAge = 7 * 24 * time.Hour
)

// Kinds of media.
const (
	KindImage    = "image"
	KindVideo    = "video"
	KindAudio    = "audio"
	KindDocument = "document"
)
