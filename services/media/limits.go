package media

import "time"

// Limits of what is taken. All are [ours]; the kinds are domain.md's.
const (
	// MaxName is the longest name, in characters; events count on it (design.md, Sizes).
	MaxName = 120
	// MaxImage bounds an image, in bytes: the largest cameras' JPEG and HEIC stay below it.
	MaxImage = 64 << 20
	// MaxVideo bounds a clip, in bytes: domain.md's story 1 has one of 1.5 GB.
	MaxVideo = 4 << 30
	// MaxAudio bounds a recording, in bytes: ten hours of speech.
	MaxAudio = 512 << 20
	// MaxDocument bounds a paper, in bytes: a scan of some hundred pages.
	MaxDocument = 128 << 20
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

var maxByKind = map[string]int64{KindImage: MaxImage, KindVideo: MaxVideo, KindAudio: MaxAudio, KindDocument: MaxDocument}

// MaxBytes gives the largest size of a kind, in bytes; 0 for a kind that isn't taken.
func MaxBytes(kind string) int64 { return maxByKind[kind] }

// MaxAny is the largest size of any kind, in bytes.
const MaxAny = MaxVideo
