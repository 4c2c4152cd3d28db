package sniff

import "songshui.internal/services/media"

// Limits of what is taken, and what each is for. Units are bytes unless the name says otherwise; the figures are the media issue's.
const (
	// MaxImage keeps a decoder's input in memory beside its pixels; the largest cameras' JPEG and HEIC stay below it.
	MaxImage = 50 << 20
	// MaxPixels bounds width × height: a decoder holds 1–8 bytes for each; above the field's 48–100 megapixel sensors lie only bombs.
	MaxPixels = 100_000_000
	// MaxFramePixels bounds frames × canvas, since players coalesce every frame on the whole canvas.
	MaxFramePixels = 400_000_000
	// MaxFrames bounds the frames themselves: each costs a decoder and an encoder some milliseconds, however small it is. Animations of a minute have some 1,800.
	MaxFrames = 5000
	// MaxVideo holds domain.md's clip of 1.5 GB with room, and ends where 32-bit box sizes do.
	MaxVideo = 4 << 30
	// MaxAudio is some ten hours of speech.
	MaxAudio = 500 << 20
	// MaxDocument is a scan of some hundred pages.
	MaxDocument = 100 << 20
	// MaxMetadata bounds everything in an image that is not picture (EXIF, XMP, profiles, comments): cameras write below 200 KB.
	MaxMetadata = 2 << 20
	// MaxIndex bounds a clip's moov: three hours stay below 20 MB.
	MaxIndex = 64 << 20
	// HeadSize is how much of a file's beginning says its type.
	HeadSize = 4 << 10
)

// MaxBytes gives the largest size of a kind, in bytes; 0 for a kind that isn't taken.
func MaxBytes(kind string) int64 {
	switch kind {
	case media.KindImage:
		return MaxImage
	case media.KindVideo:
		return MaxVideo
	case media.KindAudio:
		return MaxAudio
	case media.KindDocument:
		return MaxDocument
	}
	return 0
}
