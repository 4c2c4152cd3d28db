// Package rules is the vocabulary of the campaign's numbers: deadlines, warnings and reminders, each with its basis and the day from which it is in force. Services look a number up by the day
// on which what they judge began, so a changed rule applies to what begins after it and old cases keep theirs. The numbers themselves are records of REGISTRY
// (see registryapi.Directory), seeded from rulesfile/rules.yaml. It imports the standard library and events only.
package rules

import (
	"fmt"
	"slices"
	"strings"

	"songshui.internal/events"
)

// Name names a rule.
type Name string

// The rules. Units are in rules.yaml beside the values.
const (
	// BackdateAfter: a given day further back is 补录.
	BackdateAfter Name = "backdate-after"

	DueDays             Name = "due-days"
	DueSoon             Name = "due-soon"
	LateExtension       Name = "late-extension"
	LateExtensionListed Name = "late-extension-listed"
	DecideExtension     Name = "decide-extension"
	SiteCheck           Name = "site-check"
	AwaitMedia          Name = "await-media"
	ListingYears        Name = "listing-years"
	AskListing          Name = "ask-listing"
	AnswerObjection     Name = "answer-objection"
	AnotherCase         Name = "another-case"

	RemindHour         Name = "remind-hour"
	RemindBeforeFirst  Name = "remind-before-first"
	RemindBeforeSecond Name = "remind-before-second"
	RemindTalk         Name = "remind-talk"
	RemindOverdue      Name = "remind-overdue"

	ReturnDueDay       Name = "return-due-day"
	ReturnRemindFirst  Name = "return-remind-first"
	ReturnRemindSecond Name = "return-remind-second"
	ReturnRemindBefore Name = "return-remind-before"
)

// Names lists every rule.
func Names() []Name {
	return []Name{BackdateAfter, DueDays, DueSoon, LateExtension, LateExtensionListed, DecideExtension, SiteCheck, AwaitMedia, ListingYears, AskListing, AnswerObjection, AnotherCase,
		RemindHour, RemindBeforeFirst, RemindBeforeSecond, RemindTalk, RemindOverdue, ReturnDueDay, ReturnRemindFirst, ReturnRemindSecond, ReturnRemindBefore}
}

// Units of values.
var Units = []string{"days", "working-days", "hour", "day-of-month", "years"}

// maxValue bounds a rule's number: ten years in days.
const maxValue = 3660

// Check says what is wrong with a rule.
func Check(r events.RuleState) error {
	switch {
	case !slices.Contains(Names(), Name(r.Name)):
		return fmt.Errorf("rules: %q is no rule", r.Name)
	case r.Title == "" || r.TitleEN == "":
		return fmt.Errorf("rules: %s: no title", r.Name)
	case !slices.Contains(Units, r.Unit):
		return fmt.Errorf("rules: %s: unit %q is none of %s", r.Name, r.Unit, strings.Join(Units, ", "))
	case len(r.Values) == 0 || r.Values[0].From != "":
		return fmt.Errorf("rules: %s: the first value has no from", r.Name)
	}
	for i, v := range r.Values {
		if v.Basis == "" || v.Value < 0 || v.Value > maxValue {
			return fmt.Errorf("rules: %s: values[%d]: a basis and a number of 0–%d are needed", r.Name, i, maxValue)
		}
		if i == 0 {
			continue
		}
		if _, err := events.ParseDay(string(v.From)); err != nil || v.From <= r.Values[i-1].From {
			return fmt.Errorf("rules: %s: values[%d]: from %q isn't a later day", r.Name, i, v.From)
		}
	}
	return nil
}

// Book holds the rules. It doesn't change once made.
type Book struct{ rules map[Name]events.RuleState }

// New makes a book; every rule of Names must be there and right.
func New(list ...events.RuleState) (*Book, error) {
	b := &Book{rules: make(map[Name]events.RuleState, len(list))}
	for _, r := range list {
		if err := Check(r); err != nil {
			return nil, err
		}
		b.rules[Name(r.Name)] = r
	}
	for _, n := range Names() {
		if _, ok := b.rules[n]; !ok {
			return nil, fmt.Errorf("rules: %s is missing", n)
		}
	}
	return b, nil
}

// On gives a rule's number for what began on a day.
func (b *Book) On(n Name, began events.Day) int { return b.value(n, began).Value }

// BasisOn gives where that number comes from.
func (b *Book) BasisOn(n Name, began events.Day) events.RuleValue { return b.value(n, began) }

func (b *Book) value(n Name, began events.Day) events.RuleValue {
	values := b.rules[n].Values
	at := values[0]
	for _, v := range values[1:] {
		if v.From <= began {
			at = v
		}
	}
	return at
}

// All gives every rule in the order of Names.
func (b *Book) All() []events.RuleState {
	out := make([]events.RuleState, 0, len(b.rules))
	for _, n := range Names() {
		out = append(out, b.rules[n])
	}
	return out
}
