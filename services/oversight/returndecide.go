package oversight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Codes of wrong fields, besides those of access.GivenDay.
const (
	codeRequired           = "required"
	codeRequiredForZero    = "required_for_zero_return"
	codeZeroWithCases      = "zero_with_cases"
	codeEmpty              = "empty"
	codeTooLong            = "too_long"
	codeTooMany            = "too_many"
	codeControlCharacter   = "control_character"
	codeDay                = "day"
	codeBeforeMonth        = "before_month"
	codeBeforePreviousStep = "before_previous_step"
	codeUnknownValue       = "unknown_value"
	codeUnknownCase        = "unknown_case"
	codeNotExposed         = "not_exposed"
	codeNotInMonth         = "not_in_month"
	codeHeldAlready        = "held_already"
	codeNotHeld            = "not_held"
	codeUnknownAccount     = "unknown_account"
	codeNotASigner         = "not_a_signer"
	codeNotAScan           = "not_a_scan"
	codeUnknownFile        = "unknown_file"
	codePersonalData       = "personal_data" // a warning

	fieldOn = "on"
)

// CaseFile is a case of the return's office as the log has it, and its message.
type CaseFile struct {
	State  events.CaseState
	RelyOn events.Reliance
}

// ReturnWorld is what a command is judged by besides the record.
type ReturnWorld struct {
	Actor access.Actor
	Now   time.Time
	// BackdateAfter is the rule's number for the month.
	BackdateAfter int
	// Cases are all of the office, in the order of their first publication; only those of the office.
	Cases []CaseFile
	// Medium gives a medium of the office, or the code that its field is refused with.
	Medium func(MediaRef) (m events.MediaState, wrong string)
	// Person gives an account that isn't disabled.
	Person func(events.AccountID) (access.Actor, bool)
}

// DecideReturn judges a command on a return that is open: the fact and its given day, or a *fault.Error, in the order that the package doc tells. body comes from NewReturnBody.
// A nil fact without error says that the same filing waits for the province already: whoever sent it over a bad line and sends it again is answered with what stands.
func DecideReturn(s events.ReturnState, name string, body ReturnBody, w ReturnWorld) (events.Fact, access.Given, error) {
	t, ok := lookupReturn(name)
	if !ok {
		return nil, access.Given{}, fmt.Errorf("oversight: no command %q", name)
	}
	if err := t.forbids(s.Office, w.Actor); err != nil {
		return nil, access.Given{}, err
	}
	k := &returnWork{ReturnWorld: w, s: s, body: body}
	if k.again() {
		return nil, access.Given{}, nil
	}
	k.day()
	fact := t.decide(k)
	if err := t.stops(s); err != nil {
		if wrong := k.wrong.Err("oversight: " + name); wrong != nil {
			return nil, access.Given{}, wrong
		}
		return nil, access.Given{}, err
	}
	if !k.onWrong && k.on < s.LastOn {
		k.onIs(codeBeforePreviousStep)
	}
	if err := k.wrong.Err("oversight: " + name); err != nil {
		return nil, access.Given{}, err
	}
	return fact, k.given, nil
}

// returnWork is one command being judged.
type returnWork struct {
	ReturnWorld
	s     events.ReturnState
	body  ReturnBody
	wrong fault.Fields
	given access.Given
	// on is the given day even where it is wrong; onWrong says that it was found wrong.
	on      events.Day
	onWrong bool
}

// day applies the rule of given days as far as it doesn't depend on earlier steps.
func (k *returnWork) day() {
	d := k.body.dated()
	k.on = d.On
	if _, err := events.ParseDay(string(d.On)); d.On != "" && err != nil {
		k.onIs(codeDay)
		return
	}
	follows := events.Day("")
	if d.On == "" {
		follows = k.s.LastOn.Max(k.s.Month.First())
	}
	var wrong access.Wrong
	k.given, wrong = k.Actor.GivenDayAfter(k.BackdateAfter, d.On, d.BackdateReason, k.Now, follows)
	if d.On == "" {
		k.on = k.given.On
	}
	switch {
	case wrong.Field == fieldOn:
		k.onIs(wrong.Code)
	case k.on < k.s.Month.First():
		k.onIs(codeBeforeMonth)
	case wrong.Field != "":
		k.wrong.Add(wrong.Field, wrong.Code)
	default:
		k.text("backdate_reason", d.BackdateReason, "")
	}
}

func (k *returnWork) onIs(code string) {
	k.onWrong = true
	k.wrong.Add(fieldOn, code)
}

// text checks a text; need is the code that a missing one is refused with, "" for optional. A text may have several lines.
func (k *returnWork) text(field, value, need string) { k.bounded(field, value, maxReason, need) }

func (k *returnWork) bounded(field, value string, limit int, need string) {
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
func (k *returnWork) line(field, value string, limit int, need string) {
	if strings.ContainsAny(value, "\n\t") {
		k.wrong.Add(field, codeControlCharacter)
		return
	}
	k.bounded(field, value, limit, need)
}

// blank says whether nothing of a text shows: spaces, also those without width.
func blank(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && r != '\u3164' && r != '\u2800'
	}) < 0
}

// scan gives the id of the medium named; "" where none is or it is wrong.
func (k *returnWork) scan(ref MediaRef, need string) events.MediaID {
	if !ref.Given() {
		if need != "" {
			k.wrong.Add("scan", need)
		}
		return ""
	}
	if utf8.RuneCountInString(ref.name()) > maxFileName {
		k.wrong.AddArg("scan", codeTooLong, strconv.Itoa(maxFileName))
		return ""
	}
	m, wrong := events.MediaState{}, codeUnknownFile
	if ref.name() != "" {
		m, wrong = k.Medium(ref)
	}
	switch {
	case wrong != "":
		k.wrong.AddArg("scan", wrong, ref.name())
		return ""
	case m.Kind != "document" && m.Kind != "image":
		k.wrong.Add("scan", codeNotAScan)
	}
	return m.ID
}

// person gives the account named or the caller's; duty is what it needs besides being of the office.
func (k *returnWork) person(field string, id events.AccountID, duty access.Duty) events.AccountID {
	if id == "" || id == k.Actor.Account {
		return k.Actor.Account
	}
	a, ok := access.Actor{}, false
	if len(id) <= maxAccount {
		a, ok = k.Person(id)
	}
	switch {
	case !ok || !a.Of(k.s.Office):
		k.wrong.Add(field, codeUnknownAccount)
	case duty != "" && !a.Has(duty):
		k.wrong.Add(field, codeNotASigner)
	}
	return id
}

// paper checks what both kinds of filing say besides their cases.
func (k *returnWork) paper(p Paper) events.ReturnContent {
	k.line("document_no", p.DocumentNo, maxDocumentNo, codeRequired)
	return events.ReturnContent{SignedBy: k.person("signed_by", p.SignedBy, access.Signer), Contact: k.person("contact", p.Contact, ""), DocumentNo: p.DocumentNo,
		Scan: k.scan(p.Scan, ""), BackdateReason: k.body.dated().BackdateReason}
}

// last gives the newest filing; nil if there is none.
func last(s events.ReturnState) *events.Filing {
	if len(s.Filings) == 0 {
		return nil
	}
	return &s.Filings[len(s.Filings)-1]
}

// again says whether the body is what waits for the province already.
func (k *returnWork) again() bool {
	f := last(k.s)
	if k.s.State != filed || f == nil {
		return false
	}
	switch b := k.body.(type) {
	case *FileBody:
		if f.Supplement || b.ZeroReason != f.ZeroReason {
			return false
		}
		// Without cases it holds what the office had published when it was filed.
		return (b.Cases == nil || sameCases(b.Cases, f.Cases)) && k.samePaper(b.Paper, *f)
	case *SupplementBody:
		if !f.Supplement || len(k.s.Filings) < 2 || len(b.Cases) == 0 {
			return false
		}
		before := k.s.Filings[len(k.s.Filings)-2].Cases
		return !slices.ContainsFunc(b.Cases, func(id events.CaseID) bool { return slices.Contains(before, id) }) &&
			sameCases(slices.Concat(before, b.Cases), f.Cases) && k.samePaper(b.Paper, *f)
	}
	return false
}

func (k *returnWork) samePaper(p Paper, f events.Filing) bool {
	if on := k.body.dated().On; on != "" && on != f.On {
		return false
	}
	mine := func(id events.AccountID) events.AccountID {
		if id == "" {
			return k.Actor.Account
		}
		return id
	}
	if p.DocumentNo != f.DocumentNo || mine(p.SignedBy) != f.SignedBy || mine(p.Contact) != f.Contact {
		return false
	}
	if !p.Scan.Given() {
		return true
	}
	m, wrong := k.Medium(p.Scan)
	return wrong == "" && m.ID == f.Scan
}

// sameCases compares as sets.
func sameCases(a, b []events.CaseID) bool {
	set := func(ids []events.CaseID) []events.CaseID {
		out := slices.Clone(ids)
		slices.Sort(out)
		return slices.Compact(out)
	}
	return slices.Equal(set(a), set(b))
}
