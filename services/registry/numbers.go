package registry

import (
	"encoding/json"
	"fmt"
	"regexp"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/internal/workdays"
)

// Sectors are the campaign's five fields of focus.
var Sectors = []string{"hazardous-chemicals", "mining", "industry-trade", "road-traffic", "construction"}

var campaignPattern = regexp.MustCompile(`^\d{4}$`)

// CheckCampaign says what is wrong with a campaign's data.
func CheckCampaign(c events.CampaignState) error {
	if !campaignPattern.MatchString(c.ID) {
		return fmt.Errorf("registry: campaign %q: the id is its year", c.ID)
	}
	for _, m := range []events.Month{c.From, c.To} {
		if _, err := events.ParseMonth(string(m)); err != nil {
			return fmt.Errorf("registry: campaign %s: %q is no month", c.ID, m)
		}
	}
	switch {
	case c.Name == "":
		return fmt.Errorf("registry: campaign %s has no name", c.ID)
	case c.To < c.From:
		return fmt.Errorf("registry: campaign %s ends in %s, before it begins", c.ID, c.To)
	case len(c.Offices) == 0 || len(c.Sectors) == 0:
		return fmt.Errorf("registry: campaign %s has no offices or no sectors", c.ID)
	}
	for _, o := range c.Offices {
		if _, err := events.ParseOfficeSlug(string(o)); err != nil {
			return fmt.Errorf("registry: campaign %s: %w", c.ID, err)
		}
	}
	return nil
}

// CheckCalendar says what is wrong with a year's days off.
func CheckCalendar(c events.CalendarState) error {
	_, err := workdays.New(c)
	return err
}

// CheckRule says what is wrong with a rule.
func CheckRule(r events.RuleState) error { return rules.Check(r) }

// Same compares the data of two registry records, whatever their revisions.
func Same[S any, P interface {
	*S
	Book() (*int, *uint64, *[]events.CommandMark)
}](a, b S) bool {
	return string(data[S, P](a)) == string(data[S, P](b))
}

func data[S any, P interface {
	*S
	Book() (*int, *uint64, *[]events.CommandMark)
}](s S) []byte {
	schema, revision, marks := P(&s).Book()
	*schema, *revision, *marks = 0, 0, nil
	b, _ := json.Marshal(s) // plain data: it can't fail
	return b
}

// FoldCampaign gives a campaign after a fact.
func FoldCampaign(s events.CampaignState, _ events.Meta, fact events.Fact) (events.CampaignState, error) {
	f, ok := fact.(events.CampaignRecordedFact)
	if !ok {
		return s, fmt.Errorf("registry: %s is no fact of a campaign", fact.EventType())
	}
	next := f.Campaign
	next.Schema, next.Revision, next.Commands = s.Schema, s.Revision, s.Commands
	return next, nil
}

// FoldRule gives a rule after a fact.
func FoldRule(s events.RuleState, _ events.Meta, fact events.Fact) (events.RuleState, error) {
	f, ok := fact.(events.RuleRecordedFact)
	if !ok {
		return s, fmt.Errorf("registry: %s is no fact of a rule", fact.EventType())
	}
	next := f.Rule
	next.Schema, next.Revision, next.Commands = s.Schema, s.Revision, s.Commands
	return next, nil
}

// FoldCalendar gives a year's days off after a fact.
func FoldCalendar(s events.CalendarState, _ events.Meta, fact events.Fact) (events.CalendarState, error) {
	f, ok := fact.(events.CalendarRecordedFact)
	if !ok {
		return s, fmt.Errorf("registry: %s is no fact of a calendar", fact.EventType())
	}
	next := f.Calendar
	next.Schema, next.Revision, next.Commands = s.Schema, s.Revision, s.Commands
	return next, nil
}
