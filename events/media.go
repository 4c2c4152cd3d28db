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
	// Warnings are codes for a person to look at.
	Warnings []string `json:"warnings,omitempty"`
}

// Rendition is a public copy.
type Rendition struct {
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
	Object      string       `json:"object"`
	SealedAt    time.Time    `json:"sealed_at"`
	SealedBy    AccountID    `json:"sealed_by"`
	Examination *Examination `json:"examination,omitempty"`
	Renditions  []Rendition  `json:"renditions,omitempty"`
	// Reason says why the medium failed, for a person.
	Reason string `json:"reason,omitempty"`
	// TakenBy are the cases that hold the medium; the original is under legal hold from the first on.
	TakenBy  []CaseID      `json:"taken_by,omitempty"`
	Commands []CommandMark `json:"commands,omitempty"`
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
	// MediaClearedFact says that a person has looked at the public copies.
	MediaClearedFact struct{}
	// MediaTakenFact says that a case holds the medium.
	MediaTakenFact struct {
		Case CaseID `json:"case"`
	}
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
func (MediaSealedFact) EventType() string   { return "songshui.media.sealed.v1" }
func (MediaExaminedFact) EventType() string { return "songshui.media.examined.v1" }
func (MediaRenderedFact) EventType() string { return "songshui.media.rendered.v1" }
func (MediaFailedFact) EventType() string   { return "songshui.media.failed.v1" }
func (MediaClearedFact) EventType() string  { return "songshui.media.cleared.v1" }
func (MediaTakenFact) EventType() string    { return "songshui.media.taken.v1" }
func (MediaReleasedFact) EventType() string { return "songshui.media.released.v1" }
func (MediaErasedFact) EventType() string   { return "songshui.media.erased.v1" }
func (MediaRestatedFact) EventType() string { return "songshui.media.restated.v1" }

var mediaTypes = []Type{
	TypeOf[MediaSealedFact, MediaState](StreamMedia, "the original is durable"),
	TypeOf[MediaExaminedFact, MediaState](StreamMedia, "size, orientation and warnings are known"),
	TypeOf[MediaRenderedFact, MediaState](StreamMedia, "the public copies exist"),
	TypeOf[MediaFailedFact, MediaState](StreamMedia, "a step can't succeed; a person must act"),
	TypeOf[MediaClearedFact, MediaState](StreamMedia, "a person has looked at the public copies"),
	TypeOf[MediaTakenFact, MediaState](StreamMedia, "a case holds it; legal hold is on"),
	TypeOf[MediaReleasedFact, MediaState](StreamMedia, "no case took it in time"),
	TypeOf[MediaErasedFact, MediaState](StreamMedia, "it was erased by decision"),
	TypeOf[MediaRestatedFact, MediaState](StreamMedia, "a wrong state was mended"),
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (m *MediaState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &m.Schema, &m.Revision, &m.Commands
}
