package intake

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// Codes of wrong fields.
const (
	required        = "required"
	empty           = "empty"
	tooLong         = "too_long"
	tooMany         = "too_many"
	markup          = "markup"
	unknownValue    = "unknown_value"
	inFuture        = "in_future"
	outOfRange      = "out_of_range"
	duplicate       = "duplicate"
	beforeFoundOn   = "before_found_on"
	notFound        = "not_found"
	format          = "format"
	outsideProvince = "outside_province"
)

// The known values of a case's slugs, in the order of domain.md.
var (
	Sectors      = []string{"hazardous-chemicals", "mining", "industry-trade", "road-traffic", "construction"}
	Categories   = []string{"prominent-problem", "serious-violation"}
	HazardLevels = []string{"major", "general"}
	OutletLevels = []string{"national", "provincial", "municipal", "county"}
	OutletKinds  = []string{"tv", "newspaper", "website", "wechat", "radio", "weibo", "short-video"}
	MediaKinds   = []string{"image", "video", "audio", "document"}
)

// check collects wrong fields of one body.
type check struct {
	fault.Fields
	today events.Day
}

var markupPattern = regexp.MustCompile(`<[/!?A-Za-z]`)

// blank says that a text shows nothing: blanks of any width, zero-width ones too.
func blank(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && r != '\u3164' }) < 0
}

// text checks a text of at most limit characters.
func (c *check) text(path, s string, limit int) {
	if s == "" {
		c.Add(path, required)
		return
	}
	c.optional(path, s, limit)
}

func (c *check) optional(path, s string, limit int) {
	switch {
	case s == "":
	case utf8.RuneCountInString(s) > limit:
		c.AddArg(path, tooLong, strconv.Itoa(limit))
	case blank(s):
		c.Add(path, empty)
	case markupPattern.MatchString(s):
		c.Add(path, markup)
	}
}

func (c *check) one(path, s string, known []string) {
	if s == "" {
		c.Add(path, required)
		return
	}
	for _, k := range known {
		if s == k {
			return
		}
	}
	c.Add(path, unknownValue)
}

// count bounds a list.
func (c *check) count(path string, n, limit int) {
	if n > limit {
		c.AddArg(path, tooMany, strconv.Itoa(limit))
	}
}

// room bounds what the case would hold.
func (d *decision) room(path string, n, limit int) {
	if n > limit {
		d.unfit.AddArg(path, tooMany, strconv.Itoa(limit))
	}
}

// day reads a day that has come; "" if it is missing or wrong.
func (c *check) day(path, s string) events.Day {
	d := c.anyDay(path, s)
	if d > c.today {
		c.Add(path, inFuture)
		return ""
	}
	return d
}

// anyDay reads a day that may lie ahead.
func (c *check) anyDay(path, s string) events.Day {
	if s == "" {
		c.Add(path, required)
		return ""
	}
	d, err := events.ParseDay(s)
	if err != nil {
		c.Add(path, "day")
		return ""
	}
	return d
}

// link checks an address of the web.
func (c *check) link(path, s string) {
	if utf8.RuneCountInString(s) > MaxURL {
		c.AddArg(path, tooLong, strconv.Itoa(MaxURL))
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		c.Add(path, format)
	case u.Scheme != "http" && u.Scheme != "https":
		c.Add(path, "scheme")
	case u.Host == "" || u.User != nil:
		c.Add(path, format)
	}
}

// usccAlphabet is GB 32100's: digits and capitals without I, O, S, V, Z.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// checkUSCC gives "" for a right unified social credit code, else what is wrong: 18 characters, the last being the check character (GB 32100-2015: weights 3^(i−1) mod 31).
func checkUSCC(s string) string {
	const length = 18
	if len(s) != length {
		return format
	}
	sum, weight := 0, 1
	for i := range length - 1 {
		v := strings.IndexByte(usccAlphabet, s[i])
		if v < 0 {
			return format
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	if usccAlphabet[(31-sum%31)%31] != s[length-1] {
		return "check_digit"
	}
	return ""
}
