package rectification

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
)

const hazardMajor = "major"

// Codes of wrong fields, besides those of access.GivenDay.
const (
	codeRequired              = "required"
	codeRequiredForMajor      = "required_for_major"
	codeRequiredForReturned   = "required_for_returned"
	codeRequiredForOther      = "required_for_other_outlet"
	codeEmpty                 = "empty"
	codeTooLong               = "too_long"
	codeTooMany               = "too_many"
	codeControlCharacter      = "control_character"
	codeDay                   = "day"
	codeInFuture              = "in_future"
	codeOutOfRange            = "out_of_range"
	codeUnknownValue          = "unknown_value"
	codeGradeNotAllowed       = "grade_not_allowed"
	codeUnknownViolation      = "unknown_violation"
	codeUnknownItem           = "unknown_item"
	codeRequiredWithDone      = "required_with_done"
	codeUnknownFile           = "unknown_file"
	codeAfterMediaMissing     = "after_media_missing"
	codeTwoOfficers           = "two_officers_required"
	codeNotLater              = "not_later"
	codeMoreThanOneYear       = "more_than_one_year"
	codeScheme                = "scheme"
	codeBeforeFoundOn         = "before_found_on"
	codeBeforeExposed         = "before_exposed"
	codeBeforeStartedOn       = "before_started_on"
	codeBeforeAskedOn         = "before_asked_on"
	codeBeforeAcceptance      = "before_acceptance"
	codeBeforePreviousStep    = "before_previous_step"
	fieldOn, fieldPublishedOn = "on", "published_on"
)

// World is what a command is judged by besides the record.
type World struct {
	Actor access.Actor
	Now   time.Time
	// Numbers are looked up by the day of the case's exposure.
	Numbers Numbers
	// Case is the case's record as it stands, RelyOn its message.
	Case   events.CaseState
	RelyOn events.Reliance
	// OfficeName is the default supervising unit.
	OfficeName string
	// Outlet finds an outlet of the province's list by name, alias or id.
	Outlet func(string) (events.OutletState, bool)
	// Medium gives a medium of the case's office, or the code that its field is refused with.
	Medium func(MediaRef) (m events.MediaState, wrong string)
}

// Decide judges a command on a record that is open: the fact and its given day, or a *fault.Error, in the order that the package doc tells. body comes from NewBody.
func Decide(s events.RectificationState, name string, body Body, w World) (events.Fact, access.Given, error) {
	t, ok := lookup(name)
	if !ok {
		return nil, access.Given{}, fmt.Errorf("rectification: no command %q", name)
	}
	if err := t.forbids(s, w.Actor); err != nil {
		return nil, access.Given{}, err
	}
	k := &work{World: w, s: s, name: name, body: body}
	k.day()
	fact := t.decide(k)
	if err := t.stops(s); err != nil {
		if wrong := k.wrong.Err("rectification: " + name); wrong != nil {
			return nil, access.Given{}, wrong
		}
		return nil, access.Given{}, err
	}
	k.order()
	if err := k.wrong.Err("rectification: " + name); err != nil {
		return nil, access.Given{}, err
	}
	return fact, k.given, nil
}

// work is one command being judged.
type work struct {
	World
	s     events.RectificationState
	name  string
	body  Body
	wrong fault.Fields
	given access.Given
	// on is the given day even where it is wrong; onField is where it was read from; onWrong says that it was found wrong.
	on      events.Day
	onField string
	onWrong bool
}

// day applies the rule of given days as far as it doesn't depend on earlier steps.
func (k *work) day() {
	d := k.body.dated()
	k.on, k.onField = d.On, fieldOn
	if c, ok := k.body.(*CloseBody); ok && (c.On == "" || c.On == c.PublishedOn) {
		// The day of a closing is that of the publication, where no other is given.
		k.on, k.onField = c.PublishedOn, fieldPublishedOn
	}
	if k.on != "" && !k.isDay(k.onField, k.on) {
		k.on, k.onWrong = "", true
		return
	}
	follows := events.Day("")
	if k.on == "" {
		follows = k.s.LastOn
	}
	var wrong access.Wrong
	k.given, wrong = k.Actor.GivenDayAfter(k.Numbers.rule(rules.BackdateAfter, k.s), k.on, d.BackdateReason, k.Now, follows)
	if k.on == "" {
		k.on = k.given.On
	}
	switch {
	case wrong.Field == fieldOn:
		k.onIs(wrong.Code)
	case k.on < k.Case.FoundOn:
		k.onIs(codeBeforeFoundOn)
	case k.s.StartedOn == "" && k.on < k.s.OpenedOn:
		k.onIs(codeBeforeExposed)
	case wrong.Field != "":
		k.wrong.Add(wrong.Field, wrong.Code)
	default:
		k.text("backdate_reason", d.BackdateReason, maxReason, "")
	}
}

func (k *work) onIs(code string) {
	k.onWrong = true
	if k.onField == fieldPublishedOn && code != codeInFuture {
		code = codeBeforeAcceptance
	}
	k.wrong.Add(k.onField, code)
}

// order judges the given day against the steps before; it is asked only in a state that takes the command.
func (k *work) order() {
	if k.onWrong {
		return
	}
	asked := events.Day("")
	switch k.name {
	case "accept", "return":
		asked = openAcceptance(k.s).AskedOn
	case "opine", "grant-extension", "refuse-extension":
		asked = openExtension(k.s).AskedOn
	case "transfer", "confirm-not-applicable", "decline-ending":
		asked = k.s.Ending.AskedOn
	}
	switch {
	case k.on < k.s.StartedOn:
		k.onIs(codeBeforeStartedOn)
	case k.on < asked:
		k.onIs(codeBeforeAskedOn)
	case k.on < k.s.LastOn:
		k.onIs(codeBeforePreviousStep)
	}
	if c, ok := k.body.(*CloseBody); ok && !k.onWrong {
		k.closingDay(c)
	}
}

func (k *work) closingDay(c *CloseBody) {
	a := accepted(k.s, len(k.s.Reopenings), k.s.LastOn)
	switch {
	case a == nil || c.PublishedOn == "":
	case c.PublishedOn < a.DecidedOn:
		k.wrong.Add(fieldPublishedOn, codeBeforeAcceptance)
	case c.PublishedOn > k.on && c.PublishedOn <= events.DayOf(k.Now):
		k.wrong.Add(fieldOn, codeBeforePreviousStep)
	}
}

// text checks a text; need is the code that a missing one is refused with, "" for optional. A text may have several lines.
func (k *work) text(field, value string, limit int, need string) {
	switch {
	case value == "" && need != "":
		k.wrong.Add(field, need)
	case value != "" && blank(value):
		k.wrong.Add(field, codeEmpty)
	case utf8.RuneCountInString(value) > limit:
		k.wrong.AddArg(field, codeTooLong, strconv.Itoa(limit))
	}
}

// line checks a text of one line.
func (k *work) line(field, value string, limit int, need string) {
	if strings.ContainsAny(value, "\n\t") {
		k.wrong.Add(field, codeControlCharacter)
		return
	}
	k.text(field, value, limit, need)
}

// blank says whether nothing of a text shows: spaces, also those without width.
func blank(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && r != '\u3164' && r != '\u2800'
	}) < 0
}

func (k *work) isDay(field string, d events.Day) bool {
	if _, err := events.ParseDay(string(d)); err != nil {
		k.wrong.Add(field, codeDay)
		return false
	}
	return true
}

// date checks a day in the body; false if there is none to go on with.
func (k *work) date(field string, d events.Day, need string) bool {
	if d == "" {
		if need != "" {
			k.wrong.Add(field, need)
		}
		return false
	}
	return k.isDay(field, d)
}

// media gives the ids of the media that a field names; pictures counts images and videos.
func (k *work) media(field string, refs []MediaRef) (ids []events.MediaID, pictures int) {
	if len(refs) > maxMedia {
		k.wrong.AddArg(field, codeTooMany, strconv.Itoa(maxMedia))
		return nil, 0
	}
	seen := map[events.MediaID]bool{}
	for _, ref := range refs {
		m, wrong := events.MediaState{}, codeUnknownFile
		if ref.name() != "" {
			m, wrong = k.Medium(ref)
		}
		if wrong != "" {
			k.wrong.AddArg(field, wrong, ref.name())
			continue
		}
		if seen[m.ID] {
			continue
		}
		seen[m.ID] = true
		ids = append(ids, m.ID)
		if m.Kind == "image" || m.Kind == "video" {
			pictures++
		}
	}
	return ids, pictures
}

// officers checks those who sign a site record: two with different certificates.
func (k *work) officers(list []OfficerBody) []events.Officer {
	if len(list) > maxOfficers {
		k.wrong.AddArg("officers", codeTooMany, strconv.Itoa(maxOfficers))
		return nil
	}
	certificates := map[string]bool{}
	out := make([]events.Officer, len(list))
	for i, o := range list {
		k.line(fault.Index("officers", i, "title"), o.Title, maxName, codeRequired)
		k.line(fault.Index("officers", i, "certificate"), o.Certificate, maxNumber, codeRequired)
		out[i] = events.Officer(o)
		certificates[strings.Join(strings.Fields(o.Certificate), "")] = true
	}
	if delete(certificates, ""); len(certificates) < 2 {
		k.wrong.Add("officers", codeTwoOfficers)
	}
	return out
}
