package pictures

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bep/imagemeta"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

// Warnings that an examination may hold.
const (
	// WarnNoMetadata says that there is no EXIF at all: nothing in the picture speaks for where and when it was taken.
	WarnNoMetadata = "no_metadata"
	// WarnClockNeverSet says that the camera's clock stood at a day on which clocks begin, without an offset.
	WarnClockNeverSet = "clock_never_set"
)

var formats = map[sniff.Type]imagemeta.ImageFormat{
	sniff.JPEG: imagemeta.JPEG, sniff.PNG: imagemeta.PNG, sniff.WebP: imagemeta.WebP, sniff.HEIC: imagemeta.HEIF,
}

// metadata is what EXIF, XMP and IPTC say, a value by its tag's name; of several the first.
type metadata struct {
	exif, xmp, iptc map[string]any
	// private are the names of private tags, thumbnails and comments among them.
	private map[string]bool
}

// private tags by their ExifTool names; GPS… and MakerNote… are private too.
var private = func() map[string]bool {
	set := map[string]bool{}
	for n := range strings.FieldsSeq(`Make Model UniqueCameraModel SerialNumber CameraSerialNumber InternalSerialNumber LensMake LensModel LensSerialNumber
		OwnerName CameraOwnerName Artist Copyright HostComputer Software CreatorTool ImageUniqueID ImageDescription UserComment
		XPTitle XPComment XPAuthor XPKeywords XPSubject DateTimeOriginal CreateDate ModifyDate DateTimeDigitized DateTime DateCreated
		Creator Rights Title Description Subject Headline CaptionWriter AuthorsPosition Credit Source City State Country Location Sublocation PersonInImage
		DocumentID OriginalDocumentID InstanceID History Byline By-line Writer-Editor Caption-Abstract Keywords CopyrightNotice Contact ObjectName`) {
		set[n] = true
	}
	return set
}()

// readMetadata never fails: what is broken says nothing, and the picture is still one.
func readMetadata(file []byte, t sniff.Type) (m metadata) {
	m = metadata{exif: map[string]any{}, xmp: map[string]any{}, iptc: map[string]any{}, private: map[string]bool{}}
	format, ok := formats[t]
	if !ok {
		return m
	}
	defer func() { _ = recover() }()
	for _, source := range []imagemeta.Source{imagemeta.EXIF, imagemeta.XMP, imagemeta.IPTC} {
		// One that is broken mustn't keep the others from being read.
		_, _ = imagemeta.Decode(imagemeta.Options{R: bytes.NewReader(file), ImageFormat: format, Sources: source, LimitTagSize: 64 << 10,
			ShouldHandleTag: func(imagemeta.TagInfo) bool { return true }, HandleTag: m.take})
	}
	return m
}

func (m metadata) take(tag imagemeta.TagInfo) error {
	into := m.xmp
	switch tag.Source {
	case imagemeta.IPTC:
		into = m.iptc
	case imagemeta.EXIF:
		into = m.exif
		if !strings.HasPrefix(tag.Namespace, "IFD0") {
			if tag.Tag == "ThumbnailOffset" {
				m.private["ThumbnailImage"] = true
			}
			return nil
		}
	}
	name := tag.Tag
	if tag.Source == imagemeta.XMP && name != "" {
		name = strings.ToUpper(name[:1]) + name[1:]
	}
	if _, seen := into[name]; !seen {
		into[name] = tag.Value
	}
	switch {
	case strings.HasPrefix(name, "MakerNote"):
		m.private["MakerNote"] = true
	case private[name], strings.HasPrefix(name, "GPS") && name != "GPSVersionID":
		m.private[name] = true
	}
	return nil
}

// describe fills an examination with what the metadata say.
func (m metadata) describe(e *events.Examination) {
	e.TakenAt = m.takenAt()
	e.Camera = m.camera()
	e.Position = m.position()
	e.Private = slices.Sorted(maps.Keys(m.private))
	if len(m.exif) == 0 {
		e.Warnings = append(e.Warnings, WarnNoMetadata)
	}
	if neverSet(e.TakenAt) {
		e.Warnings = append(e.Warnings, WarnClockNeverSet)
	}
	slices.Sort(e.Warnings)
}

const clock = "2006-01-02T15:04:05"

// takenAt gives the camera's clock as events has it, empty if it says nothing or nothing possible.
func (m metadata) takenAt() string {
	for _, c := range []struct {
		value, offset any
	}{
		{m.exif["DateTimeOriginal"], m.exif["OffsetTimeOriginal"]},
		{m.exif["CreateDate"], m.exif["OffsetTimeDigitized"]},
		{m.exif["DateTimeDigitized"], m.exif["OffsetTimeDigitized"]},
		{m.xmp["DateTimeOriginal"], nil}, {m.xmp["DateCreated"], nil}, {m.xmp["CreateDate"], nil},
		{fmt.Sprint(m.iptc["DateCreated"], " ", m.iptc["TimeCreated"]), nil},
	} {
		if at := moment(words(c.value), words(c.offset)); at != "" {
			return at
		}
	}
	return ""
}

// moment reads a time as EXIF (2006:01:02 15:04:05), XMP (2006-01-02T15:04:05+08:00) or IPTC (20060102 150405+0800) write it.
func moment(s, offset string) string {
	s, offset = strings.TrimSpace(s), strings.TrimSpace(offset)
	for _, layout := range []string{"2006:01:02 15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006:01:02 15:04:05Z07:00", "2006:01:02 15:04:05-07:00",
		"20060102 150405-0700", "20060102 150405", "2006-01-02T15:04"} {
		at, err := time.Parse(layout, s)
		if err != nil || at.Year() < 1826 {
			continue
		}
		out := at.Format(clock)
		if strings.Contains(layout, "07") {
			return out + at.Format("-07:00")
		}
		if zone, err := time.Parse("-07:00", offset); err == nil {
			return out + zone.Format("-07:00")
		}
		if offset == "Z" {
			return out + "+00:00"
		}
		return out
	}
	return ""
}

// neverSet says whether a time without offset is one at which cameras' clocks begin when their battery was empty: some day of 1970, 1980 or 2000, or the first
// hour of any year.
func neverSet(takenAt string) bool {
	at, err := time.Parse(clock, takenAt)
	if err != nil || at.YearDay() != 1 {
		return false
	}
	return at.Hour() == 0 || at.Year() == 1970 || at.Year() == 1980 || at.Year() == 2000
}

func (m metadata) camera() string {
	get := func(name string) string {
		if s := words(m.exif[name]); s != "" {
			return s
		}
		return words(m.xmp[name])
	}
	maker, model := get("Make"), get("Model")
	if strings.HasPrefix(strings.ToLower(model), strings.ToLower(maker)) {
		return model
	}
	return strings.TrimSpace(maker + " " + model)
}

// words makes a value a line of at most 100 characters; empty for what is no text.
func words(v any) string {
	s, ok := v.(string)
	if !ok || !utf8.ValidString(s) {
		return ""
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	const most = 100
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return s
}

// position is the camera's; 0, 0 is what telephones write that don't know.
func (m metadata) position() *events.Location {
	lat, ok1 := degrees(m.exif["GPSLatitude"], m.exif["GPSLatitudeRef"], "S")
	lon, ok2 := degrees(m.exif["GPSLongitude"], m.exif["GPSLongitudeRef"], "W")
	if !ok1 || !ok2 {
		lat, ok1 = xmpDegrees(m.xmp["GPSLatitude"], "N", "S")
		lon, ok2 = xmpDegrees(m.xmp["GPSLongitude"], "E", "W")
	}
	if !ok1 || !ok2 || math.Abs(lat) > 90 || math.Abs(lon) > 180 || lat == 0 && lon == 0 {
		return nil
	}
	return &events.Location{Lat: lat, Lon: lon}
}

func degrees(v, ref any, negative string) (float64, bool) {
	d, ok := v.(float64)
	if !ok || math.IsNaN(d) || math.IsInf(d, 0) {
		return 0, false
	}
	if words(ref) == negative {
		d = -d
	}
	return d, true
}

// xmpDegrees reads 43,8.664N or 43,8,39.8N (XMP part 2, GPSCoordinate).
func xmpDegrees(v any, positive, negative string) (float64, bool) {
	s, ok := v.(string)
	sign := 1.0
	switch {
	case !ok:
		return 0, false
	case strings.HasSuffix(s, negative):
		sign = -1
	case !strings.HasSuffix(s, positive):
		return 0, false
	}
	parts := strings.Split(s[:len(s)-1], ",")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	sum, unit := 0.0, 1.0
	for _, p := range parts {
		n, err := strconv.ParseFloat(p, 64)
		if err != nil || n < 0 || math.IsNaN(n) || math.IsInf(n, 0) {
			return 0, false
		}
		sum += n / unit
		unit *= 60
	}
	return sign * sum, true
}
