package registry

import (
	"fmt"
	"regexp"

	"songshui.internal/events"
)

// An office is an events.OfficeState. The list is seeded from server/seed/offices.json: the eleven offices of domain.md, “Codes”, and
// 公主岭, which the notice of 2019 still had: it was an office of its own until 2020-06-18, the day before it went to 长春 as 220184 [ours].

var prefixPattern = regexp.MustCompile(`^\d{4}(\d{2})?$`)

// OfficeExists says whether the office exists on a day; both ends of its validity count, an empty one is open.
func OfficeExists(o events.OfficeState, on events.Day) bool {
	return (o.From == "" || on >= o.From) && (o.To == "" || on <= o.To)
}

// CheckOffice says what is wrong with an office's data.
func CheckOffice(o events.OfficeState) error {
	if _, err := events.ParseOfficeSlug(string(o.Slug)); err != nil {
		return err
	}
	if o.Name == "" {
		return fmt.Errorf("registry: office %s has no name", o.Slug)
	}
	if o.Prefix != "" && !prefixPattern.MatchString(o.Prefix) {
		return fmt.Errorf("registry: office %s: %q is no prefix of GB/T 2260 (4 or 6 digits)", o.Slug, o.Prefix)
	}
	if o.From != "" && o.To != "" && o.To < o.From {
		return fmt.Errorf("registry: office %s ends on %s, before it begins", o.Slug, o.To)
	}
	return nil
}

// FoldOffice gives an office after a fact.
func FoldOffice(s events.OfficeState, _ events.Meta, fact events.Fact) (events.OfficeState, error) {
	f, ok := fact.(events.OfficeRecordedFact)
	if !ok {
		return s, fmt.Errorf("registry: %s is no fact of an office", fact.EventType())
	}
	next := f.Office
	next.Schema, next.Revision, next.Commands = s.Schema, s.Revision, s.Commands
	return next, nil
}
