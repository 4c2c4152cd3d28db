package events

import "time"

// MediaSchema is the version of MediaState that this code writes.
const MediaSchema = 1

// MediaStatus is how far a medium has come.
type MediaStatus string

// The states of a medium.
const (
	MediaSealed   MediaStatus = "sealed"
	MediaExamined MediaStatus = "examined"
	// MediaWaiting: the public copy can't be made here before what Missing names is there.
	MediaWaiting  MediaStatus = "waiting"
	MediaRendered MediaStatus = "rendered"
	MediaCleared  MediaStatus = "cleared"
	MediaFailed   MediaStatus = "failed"
	MediaErased   MediaStatus = "erased"
	MediaReleased MediaStatus = "released"
)

// Examination is what the bytes say of themselves; a field that the kind doesn't have is empty.
type Examination struct {
	// Width and Height are as stored, DisplayWidth and DisplayHeight upright; pixels.
	Width         int `json:"width,omitempty"`
	Height        int `json:"height,omitempty"`
	DisplayWidth  int `json:"display_width,omitempty"`
	DisplayHeight int `json:"display_height,omitempty"`
	// Orientation is EXIF's, 1–8.
	Orientation int `json:"orientation,omitempty"`
	Frames      int `json:"frames,omitempty"`
	// Rotation is a clip's display matrix in degrees counter-clockwise, −180 to 180: −90 for a telephone held upright.
	Rotation int `json:"rotation,omitempty"`
	// DurationMS is in milliseconds; Streams are codecs in the order of the tracks, e.g. h264, aac.
	DurationMS int64    `json:"duration_ms,omitempty"`
	Streams    []string `json:"streams,omitempty"`
	Pages      int      `json:"pages,omitempty"`
	// TakenAt is the camera's clock, 2006-01-02T15:04:05 and the offset where the camera wrote one.
	TakenAt string `json:"taken_at,omitempty"`
	// Camera is maker and model. Position is where the camera was, WGS-84.
	Camera   string    `json:"camera,omitempty"`
	Position *Location `json:"position,omitempty"`
	// Private names what is in the original and never in a public copy: standard tag names such as GPSLatitude, Make, SerialNumber; sorted.
	Private []string `json:"private,omitempty"`
	// Look is a perceptual hash, 16 hex digits: pictures that look alike differ in few bits.
	Look string `json:"look,omitempty"`
	// Proposed are areas that a detector found (faces, number plates): proposals, never decisions.
	Proposed []Area `json:"proposed,omitempty"`
	// Warnings are codes for a person to look at, of what the bytes alone say; sorted.
	Warnings []string `json:"warnings,omitempty"`
}

// MaxAreas bounds the areas of a medium.
const MaxAreas = 100

// How an area is hidden.
const (
	AreaSolid  = "solid"
	AreaMosaic = "mosaic"
)

// Area is a rectangle to hide, in pixels of the upright picture or clip at its full size.
type Area struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
	// FromMS and UntilMS bound it in a clip, milliseconds; both 0 = from beginning to end.
	FromMS  int64 `json:"from_ms,omitempty"`
	UntilMS int64 `json:"until_ms,omitempty"`
	// Style is AreaSolid (also when empty) or AreaMosaic.
	Style string `json:"style,omitempty"`
	// Why says what was found, for a proposed one: face or plate.
	Why string `json:"why,omitempty"`
}

// Finding is a warning that comes from comparing a medium with its case or with other media.
type Finding struct {
	// Code is far_from_case, taken_long_before, taken_after_publication, same_bytes or looks_like.
	Code string `json:"code"`
	// Case is the case that the medium was compared with, Media the other medium.
	Case  CaseID  `json:"case,omitempty"`
	Media MediaID `json:"media,omitempty"`
	// Office is the other medium's.
	Office OfficeSlug `json:"office,omitempty"`
	// KM is the distance to the case's place; Days how many days lie between; Bits in how many a look differs.
	KM   float64 `json:"km,omitempty"`
	Days int     `json:"days,omitempty"`
	Bits int     `json:"bits,omitempty"`
}

// Rendition is a public copy.
type Rendition struct {
	// ID is the name and the number of the rendering, e.g. w1280-2: what an address holds. One without an ID, of the first days, is addressed by its name.
	ID string `json:"id,omitempty"`
	// Name is e.g. w1280; Key the object's in the bucket of renditions.
	Name   string `json:"name"`
	Key    string `json:"key"`
	Type   string `json:"type"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// MediaState is a medium as it stands.
type MediaState struct {
	Schema   int         `json:"schema"`
	Revision uint64      `json:"revision"`
	ID       MediaID     `json:"id"`
	Office   OfficeSlug  `json:"office"`
	State    MediaStatus `json:"state"`
	// File is the name that people gave, cleaned; it never becomes a key.
	File string `json:"file"`
	// SHA256 (hex) and Bytes are of the sealed original, computed while the bytes came.
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	// Type is by content; Kind one of image, video, audio, document.
	Type string `json:"type"`
	Kind string `json:"kind"`
	// Object is the key in the bucket of originals; several media of one office may share it.
	Object   string    `json:"object"`
	SealedAt time.Time `json:"sealed_at"`
	SealedBy AccountID `json:"sealed_by"`
	// RenewedAt is when its bytes were sent again last, while no case had taken it.
	RenewedAt   time.Time    `json:"renewed_at,omitzero"`
	Examination *Examination `json:"examination,omitempty"`
	Renditions  []Rendition  `json:"renditions,omitempty"`
	// Rendering is the number of the present rendering, or of the one on its way; 0 = the first. Replaced are the ids of copies that were public once and aren't any more.
	Rendering int      `json:"rendering,omitempty"`
	Replaced  []string `json:"replaced,omitempty"`
	// Areas are hidden in every copy. ClearWhenRendered says that the person who named them has cleared what will be made of them.
	Areas             []Area    `json:"areas,omitempty"`
	ClearWhenRendered bool      `json:"clear_when_rendered,omitempty"`
	ClearedBy         AccountID `json:"cleared_by,omitempty"`
	ClearedAt         time.Time `json:"cleared_at,omitzero"`
	// Findings come from comparing with its cases and with other media.
	Findings []Finding `json:"findings,omitempty"`
	// Missing names what a waiting medium waits for: ffmpeg.
	Missing string `json:"missing,omitempty"`
	// ErasureAsked is one half of an erasure: administrator or supervisor has asked, the other must agree.
	ErasureAsked *ErasureAsked `json:"erasure_asked,omitempty"`
	// Reason says why the medium failed, for a person.
	Reason string `json:"reason,omitempty"`
	// TakenBy are the cases that hold the medium; the original is under legal hold from the first on.
	TakenBy []CaseID `json:"taken_by,omitempty"`
	// Returns are the months for which the medium is a scan of its office's return; it is held like those of cases.
	Returns  []Month       `json:"returns,omitempty"`
	Commands []CommandMark `json:"commands,omitempty"`
}

// ErasureAsked says who asked that a medium be erased, and why.
type ErasureAsked struct {
	By     Actor     `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Facts of a medium's way. An upload isn't one: the first is sealed.
type (
	// MediaSealedFact says that the original is durable.
	MediaSealedFact struct {
		ID     MediaID    `json:"id"`
		Office OfficeSlug `json:"office"`
		File   string     `json:"file"`
		SHA256 string     `json:"sha256"`
		Bytes  int64      `json:"bytes"`
		Type   string     `json:"type"`
		Kind   string     `json:"kind"`
		Object string     `json:"object"`
	}
	// MediaExaminedFact is what the bytes say.
	MediaExaminedFact struct {
		Examination Examination `json:"examination"`
	}
	// MediaRenderedFact lists the public copies.
	MediaRenderedFact struct {
		Renditions []Rendition `json:"renditions"`
	}
	// MediaFailedFact ends the way with a reason that a person can act on.
	MediaFailedFact struct {
		Step   string `json:"step"`
		Reason string `json:"reason"`
	}
	// MediaComparedFact replaces what comparing with cases and other media has found.
	MediaComparedFact struct {
		Findings []Finding `json:"findings"`
	}
	// MediaWaitingFact says that the public copies can't be made before something is there.
	MediaWaitingFact struct {
		Missing string `json:"missing"`
	}
	// MediaRetriedFact sends a failed or waiting medium on its way again.
	MediaRetriedFact struct{}
	// MediaMaskedFact names all areas to hide; the copies are made anew. Clear says that they are cleared with it.
	MediaMaskedFact struct {
		Areas []Area `json:"areas"`
		Clear bool   `json:"clear,omitempty"`
	}
	// MediaErasureAskedFact is one half of an erasure.
	MediaErasureAskedFact struct {
		Reason string `json:"reason"`
	}
	// MediaErasureWithdrawnFact takes an open ask for erasure back, or declines it: the medium stays.
	MediaErasureWithdrawnFact struct {
		Reason string `json:"reason"`
	}
	// MediaClearedFact says that a person has looked at the public copies.
	MediaClearedFact struct{}
	// MediaTakenFact says that a case, or the office's return for a month, holds the medium.
	MediaTakenFact struct {
		Case   CaseID `json:"case,omitempty"`
		Return Month  `json:"return,omitempty"`
	}
	// MediaRenewedFact says that the medium's bytes were sent again: a case has as long as at first to take it.
	MediaRenewedFact struct{}
	// MediaReleasedFact says that no case took the medium in time and its copies are gone.
	MediaReleasedFact struct {
		Reason string `json:"reason"`
	}
	// MediaErasedFact says that administrator and supervisor together had it erased.
	MediaErasedFact struct {
		Reason string `json:"reason"`
	}
	// MediaRestatedFact mends a wrong state of the past.
	MediaRestatedFact struct {
		State  MediaState `json:"state"`
		Reason string     `json:"reason"`
	}
)

// EventType names the fact.
func (MediaErasureWithdrawnFact) EventType() string { return "songshui.media.erasure-withdrawn.v1" }
func (MediaSealedFact) EventType() string           { return "songshui.media.sealed.v1" }
func (MediaExaminedFact) EventType() string         { return "songshui.media.examined.v1" }
func (MediaRenderedFact) EventType() string         { return "songshui.media.rendered.v1" }
func (MediaFailedFact) EventType() string           { return "songshui.media.failed.v1" }
func (MediaComparedFact) EventType() string         { return "songshui.media.compared.v1" }
func (MediaWaitingFact) EventType() string          { return "songshui.media.waiting.v1" }
func (MediaRetriedFact) EventType() string          { return "songshui.media.retried.v1" }
func (MediaMaskedFact) EventType() string           { return "songshui.media.masked.v1" }
func (MediaErasureAskedFact) EventType() string     { return "songshui.media.erasure-asked.v1" }
func (MediaClearedFact) EventType() string          { return "songshui.media.cleared.v1" }
func (MediaTakenFact) EventType() string            { return "songshui.media.taken.v1" }
func (MediaRenewedFact) EventType() string          { return "songshui.media.renewed.v1" }
func (MediaReleasedFact) EventType() string         { return "songshui.media.released.v1" }
func (MediaErasedFact) EventType() string           { return "songshui.media.erased.v1" }
func (MediaRestatedFact) EventType() string         { return "songshui.media.restated.v1" }

var mediaTypes = []Type{
	TypeOf[MediaSealedFact, MediaState](StreamMedia, "the original is durable"),
	TypeOf[MediaExaminedFact, MediaState](StreamMedia, "size, orientation and warnings are known"),
	TypeOf[MediaRenderedFact, MediaState](StreamMedia, "the public copies exist"),
	TypeOf[MediaFailedFact, MediaState](StreamMedia, "a step can't succeed; a person must act"),
	TypeOf[MediaComparedFact, MediaState](StreamMedia, "it was compared with its cases and other media"),
	TypeOf[MediaWaitingFact, MediaState](StreamMedia, "something is missing for its public copies"),
	TypeOf[MediaRetriedFact, MediaState](StreamMedia, "it goes on its way again"),
	TypeOf[MediaMaskedFact, MediaState](StreamMedia, "areas are to be hidden"),
	TypeOf[MediaErasureAskedFact, MediaState](StreamMedia, "one of the two who must has asked to erase it"),
	TypeOf[MediaErasureWithdrawnFact, MediaState](StreamMedia, "the ask to erase it was taken back or declined"),
	TypeOf[MediaClearedFact, MediaState](StreamMedia, "a person has looked at the public copies"),
	TypeOf[MediaTakenFact, MediaState](StreamMedia, "a case or a return holds it; legal hold is on"),
	TypeOf[MediaRenewedFact, MediaState](StreamMedia, "its bytes were sent again; the time in which a case must take it begins anew"),
	TypeOf[MediaReleasedFact, MediaState](StreamMedia, "no case took it in time"),
	TypeOf[MediaErasedFact, MediaState](StreamMedia, "it was erased by decision"),
	TypeOf[MediaRestatedFact, MediaState](StreamMedia, "a wrong state was mended"),
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (m *MediaState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &m.Schema, &m.Revision, &m.Commands
}
