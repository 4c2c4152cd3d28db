package clips

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/media/internal/sniff"
)

// maxText bounds a text of metadata that is looked at.
const maxText = 4 << 10

// tags names what a clip's metadata hold: by fourcc in udta and ilst, and by Apple's keys without their prefix com.apple.quicktime.
var tags = map[string]string{
	"\xa9xyz": "GPSLatitude", "location.ISO6709": "GPSLatitude", "loci": "GPSLatitude",
	"\xa9mak": "Make", "make": "Make", "\xa9mod": "Model", "model": "Model", "\xa9swr": "Software", "software": "Software",
	"\xa9too": "Encoder", "\xa9enc": "Encoder", "\xa9day": "ContentCreateDate", "creationdate": "ContentCreateDate", "\xa9dat": "ContentCreateDate",
	"\xa9nam": "Title", "title": "Title", "titl": "Title", "\xa9ART": "Artist", "artist": "Artist", "perf": "Artist", "\xa9aut": "Author", "author": "Author", "auth": "Author",
	"\xa9cmt": "Comment", "comment": "Comment", "\xa9inf": "Information", "\xa9des": "Description", "desc": "Description", "dscp": "Description", "description": "Description",
	"\xa9cpy": "Copyright", "cprt": "Copyright", "copyright": "Copyright", "covr": "ThumbnailImage", "thmb": "ThumbnailImage", "XMP_": "XMP", "name": "TrackName",
	"CAME": "SerialNumber", "SNum": "SerialNumber", "camera.identifier": "SerialNumber", "content.identifier": "ContentIdentifier",
}

// metadata is what a clip says of its making.
type metadata struct {
	private                    map[string]bool
	make, model, day, creation string
	position                   *events.Location
	// broke says that the last fragment's samples aren't all there.
	broke bool
}

func (m *metadata) note(name string) { m.private[name] = true }

// read takes in everything in a moov or trak that is metadata by its place: udta, meta, uuid.
func (m *metadata) read(container []byte) {
	sniff.Boxes(container, func(name string, body []byte) {
		switch name {
		case "udta":
			m.userData(body)
		case "meta":
			m.meta(body)
		case "uuid":
			m.note("UUID")
		}
	})
}

func (m *metadata) userData(b []byte) {
	sniff.Boxes(b, func(name string, body []byte) {
		switch {
		case name == "meta":
			m.meta(body)
		case name == "loci":
			m.loci(body)
		case name[0] == '\xa9':
			m.text(name, quickTimeText(body))
		case tags[name] != "":
			m.text(name, threeGPText(body))
		case strings.Trim(name, "\x00") != "" && name != "free":
			m.note("UserData")
		}
	})
}

// meta reads iTunes' and Apple's lists; QuickTime's meta has no version, ISO's has.
func (m *metadata) meta(b []byte) {
	if len(b) < 8 {
		return
	}
	if string(b[4:8]) != "hdlr" {
		b = b[4:]
	}
	keys := keysOf(sniff.Inside(b, "keys"))
	sniff.Boxes(sniff.Inside(b, "ilst"), func(name string, item []byte) {
		key := name
		if i := binary.BigEndian.Uint32([]byte(name)); i >= 1 && uint64(i) <= uint64(len(keys)) {
			key = strings.TrimPrefix(keys[i-1], "com.apple.quicktime.")
		}
		data := sniff.Inside(item, "data")
		if len(data) < 8 {
			return
		}
		m.text(key, plain(data[8:]))
	})
	if sniff.Inside(b, "xml ") != nil {
		m.note("XMP")
	}
}

func keysOf(b []byte) []string {
	var out []string
	if len(b) < 8 {
		return nil
	}
	sniff.Boxes(b[8:], func(_ string, key []byte) {
		if len(out) < 1000 {
			out = append(out, string(key[:min(len(key), 200)]))
		}
	})
	return out
}

func (m *metadata) text(key, s string) {
	name := tags[key]
	switch name {
	case "":
		m.note("UserData")
		return
	case "Make":
		m.make = first(m.make, s)
	case "Model":
		m.model = first(m.model, s)
	case "ContentCreateDate":
		if key == "creationdate" {
			m.creation = first(m.creation, s)
		}
		m.day = first(m.day, s)
	case "GPSLatitude":
		if p, ok := iso6709(s); ok && m.position == nil {
			m.position = &p
		}
	}
	m.note(name)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// quickTimeText is a length, a language and text, perhaps several; a writer that knows no better gives the text alone.
func quickTimeText(b []byte) string {
	if len(b) >= 4 {
		if n := int(binary.BigEndian.Uint16(b)); n > 0 && n <= len(b)-4 {
			return plain(b[4 : 4+n])
		}
		if len(b) >= 16 && string(b[4:8]) == "data" {
			return plain(b[16:])
		}
	}
	return plain(b)
}

// threeGPText is version and flags, a language, and text in UTF-8 or, with a byte order mark, UTF-16.
func threeGPText(b []byte) string {
	if len(b) < 6 {
		return ""
	}
	b = b[6:]
	if len(b) >= 2 && b[0] == 0xfe && b[1] == 0xff {
		var u []uint16
		for b = b[2:min(len(b), maxText)]; len(b) >= 2; b = b[2:] {
			u = append(u, binary.BigEndian.Uint16(b))
		}
		return plain([]byte(string(utf16.Decode(u))))
	}
	return plain(b)
}

// plain gives text of at most maxText bytes without control characters, nothing where it isn't UTF-8.
func plain(b []byte) string {
	b = b[:min(len(b), maxText)]
	if i := slices.Index(b, 0); i >= 0 {
		b = b[:i]
	}
	if !utf8.Valid(b) {
		return ""
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, string(b)))
}

// loci is 3GPP's location: a name, a role, and longitude and latitude as 16.16.
func (m *metadata) loci(b []byte) {
	m.note("GPSLatitude")
	if len(b) < 6 {
		return
	}
	b = b[6:]
	wide := len(b) >= 2 && b[0] == 0xfe && b[1] == 0xff
	for len(b) > 0 {
		if wide && len(b) >= 2 && b[0] == 0 && b[1] == 0 {
			b = b[2:]
			break
		}
		if !wide && b[0] == 0 {
			b = b[1:]
			break
		}
		b = b[1+btoi(wide && len(b) > 1):]
	}
	if len(b) < 9 || m.position != nil {
		return
	}
	fixed := func(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }
	if p, ok := onEarth(fixed(b[5:]), fixed(b[1:])); ok {
		m.position = &p
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func onEarth(lat, lon float64) (events.Location, bool) {
	// Cameras without a fix write 0, 0.
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) || lat == 0 && lon == 0 {
		return events.Location{}, false
	}
	return events.Location{Lat: lat, Lon: lon}, true
}

// iso6709 reads ±DD.D±DDD.D, ±DDMM.M±DDDMM.M or ±DDMMSS.S±DDDMMSS.S, with or without a height behind.
func iso6709(s string) (events.Location, bool) {
	part := func() (digits string, negative, ok bool) {
		if s == "" || s[0] != '+' && s[0] != '-' {
			return "", false, false
		}
		negative = s[0] == '-'
		end := 1
		for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.') {
			end++
		}
		digits, s = s[1:end], s[end:]
		return digits, negative, true
	}
	a, south, ok1 := part()
	b, west, ok2 := part()
	lat, ok3 := degrees(a, 2)
	lon, ok4 := degrees(b, 3)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return events.Location{}, false
	}
	if south {
		lat = -lat
	}
	if west {
		lon = -lon
	}
	return onEarth(lat, lon)
}

// degrees reads figures of which the first n are whole degrees, when minutes or seconds follow; otherwise all before the point are.
func degrees(s string, n int) (float64, bool) {
	whole, _, _ := strings.Cut(s, ".")
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil:
		return 0, false
	case len(whole) == n+2:
		return math.Floor(v/100) + math.Mod(v, 100)/60, true
	case len(whole) == n+4:
		return math.Floor(v/10000) + math.Floor(math.Mod(v, 10000)/100)/60 + math.Mod(v, 100)/3600, true
	}
	return v, len(whole) <= n
}

const clock = "2006-01-02T15:04:05"

// takenAt prefers what the camera wrote with its offset to the movie's header, which is in UTC by the standard.
func (m *metadata) takenAt(created uint64) string {
	for _, s := range []string{m.creation, m.day} {
		for _, layout := range []string{clock + "Z07:00", clock + "-0700", "2006-01-02 15:04:05Z07:00"} {
			if t, err := time.Parse(layout, s); err == nil {
				return t.Format(clock + "-07:00")
			}
		}
		for _, layout := range []string{clock, "2006-01-02 15:04:05"} {
			if t, err := time.Parse(layout, s); err == nil {
				return t.Format(clock)
			}
		}
	}
	if t, ok := since1904(created); ok {
		return t.Format(clock + "-07:00")
	}
	return ""
}

// since1904 gives the time of a header; a clock that was never set shows 0 or the beginning of some epoch.
func since1904(s uint64) (time.Time, bool) {
	const epoch = 2_082_844_800
	if s <= epoch || s > 1<<33 {
		return time.Time{}, false
	}
	return time.Unix(int64(s-epoch), 0).UTC(), true
}

func (m *metadata) camera() string {
	if m.make == "" || strings.HasPrefix(strings.ToLower(m.model), strings.ToLower(m.make)) {
		return m.model
	}
	return strings.TrimSpace(m.make + " " + m.model)
}

func (m *metadata) names() []string {
	var out []string
	for n := range m.private {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
