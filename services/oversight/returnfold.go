package oversight

import (
	"fmt"
	"slices"

	"songshui.internal/events"
)

// FoldReturn gives the return after a fact; it doesn't change what it was given. A fact of another record's kind, or one that doesn't fit, is an error.
func FoldReturn(s events.ReturnState, m events.Meta, fact events.Fact) (events.ReturnState, error) {
	if err := fits(s, fact); err != nil {
		return s, err
	}
	switch f := fact.(type) {
	case events.ReturnRestatedFact:
		f.State.Revision, f.State.Commands = s.Revision, s.Commands
		return f.State, nil
	case events.ReturnRemindedFact:
		// A reminder is no step: the next one's given day may lie before it.
		s.Reminders = append(slices.Clone(s.Reminders), f.Reminders...)
		return s, nil
	case events.ReturnOpenedFact:
		s.Office, s.Month, s.Campaign, s.Due, s.OpenedAt, s.State = f.Office, f.Month, f.Campaign, f.Due, m.Time, running
	case events.ReturnFiledFact:
		s = withFiling(s, m, f.ReturnContent, false)
	case events.ReturnSupplementedFact:
		s = withFiling(s, m, f.ReturnContent, true)
	case events.ReturnScanAddedFact:
		s.Filings = slices.Clone(s.Filings)
		s.Filings[len(s.Filings)-1].Scan = f.Scan
	case events.ReturnReceivedFact:
		s = answered(s, m, events.FilingReceived, "", nil)
		s.State = received
	case events.ReturnReturnedFact:
		s = answered(s, m, events.FilingReturned, f.Reason, f.Cases)
		s.State = returned
	case events.ReturnRecognisedFact:
		if s.Recognition != nil {
			s.EarlierRecognitions = append(slices.Clone(s.EarlierRecognitions), *s.Recognition)
		}
		s.Recognition = &events.Recognition{Kind: f.Kind, On: m.On, At: m.Time, By: m.Actor.Account, Reason: f.Reason, Backdated: m.Backdated}
		s.State = recognised
	default:
		return s, fmt.Errorf("oversight: %s is no fact of a return", fact.EventType())
	}
	s.LastOn = s.LastOn.Max(m.On)
	return s, nil
}

// fits refuses what can't follow.
func fits(s events.ReturnState, fact events.Fact) error {
	opened := s.State != ""
	switch fact.(type) {
	case events.ReturnOpenedFact:
		if opened {
			return fmt.Errorf("oversight: %s/%s is open already", s.Office, s.Month)
		}
		return nil
	case events.ReturnRestatedFact:
		return nil
	case events.ReturnScanAddedFact:
		opened = len(s.Filings) > 0
	case events.ReturnReceivedFact, events.ReturnReturnedFact:
		opened = s.State == filed && len(s.Filings) > 0
	}
	if !opened {
		return fmt.Errorf("oversight: %s doesn't follow %q", fact.EventType(), s.State)
	}
	return nil
}

func withFiling(s events.ReturnState, m events.Meta, c events.ReturnContent, supplement bool) events.ReturnState {
	s.Filings = append(slices.Clone(s.Filings), events.Filing{On: m.On, At: m.Time, By: m.Actor.Account, Backdated: m.Backdated, Cases: c.Cases, ZeroReason: c.ZeroReason,
		SignedBy: c.SignedBy, Contact: c.Contact, DocumentNo: c.DocumentNo, Scan: c.Scan, Supplement: supplement})
	s.State = filed
	return s
}

// answered notes the province's answer on the filing that waits.
func answered(s events.ReturnState, m events.Meta, result, reason string, cases []events.CaseReason) events.ReturnState {
	s.Filings = slices.Clone(s.Filings)
	f := &s.Filings[len(s.Filings)-1]
	f.Result, f.AnsweredOn, f.AnsweredAt, f.AnsweredBy, f.AnswerBackdated = result, m.On, m.Time, m.Actor.Account, m.Backdated
	f.Reason, f.CaseReasons = reason, cases
	return s
}

// FoldTable gives a month's editions after a fact.
func FoldTable(s events.TableState, _ events.Meta, fact events.Fact) (events.TableState, error) {
	f, ok := fact.(events.TableFixedFact)
	if !ok {
		return s, fmt.Errorf("oversight: %s is no fact of a table", fact.EventType())
	}
	s.Month = f.Month
	s.Editions = append(slices.Clone(s.Editions), f.Edition)
	return s, nil
}
