package intake

import (
	"fmt"
	"slices"

	"songshui.internal/events"
)

// Fold gives the case after a fact. It changes nothing of what it was given.
func Fold(c events.CaseState, m events.Meta, fact events.Fact) (events.CaseState, error) {
	switch f := fact.(type) {
	case events.CaseReservedFact:
		c = events.CaseState{ID: events.CaseID(m.Subject), Office: f.Office, Ref: f.Ref, RefKey: f.RefKey, State: events.CaseReserved, ReservedFor: f.For, Exposures: []events.Publication{}, Media: []events.CaseMedium{}}
		c.Violations, c.Tags = []events.Violation{}, []string{}
	case events.CaseSubmittedFact:
		c = submitted(events.CaseState{Digest: f.Digest}, m, f.Submission)
	case events.CaseResubmittedFact:
		c = submitted(c, m, f.Submission)
		c.Withdrawal, c.WithdrawnOn, c.Embargo, c.ReviewedBy, c.ReviewedOn = nil, "", nil, "", ""
	case events.CaseReviewedFact:
		c.State, c.ReviewedOn, c.ReviewedBy = events.CaseReviewed, m.On, m.Actor.Account
	case events.CaseEmbargoedFact:
		c.State, c.Embargo = events.CaseEmbargoed, &events.Embargo{Outlets: f.Outlets, Until: f.Until, SetOn: m.On, SetAt: m.Time}
	case events.CaseEmbargoLiftedFact:
		c.State, c.Embargo = events.CaseReviewed, nil
	case events.CaseExposedFact:
		c = exposed(c, m, f.Publication)
	case events.CasePublicationAddedFact:
		c = exposed(c, m, f.Publication)
	case events.CaseAmendedFact:
		c.CaseContent = f.Content
	case events.CaseCorrectedFact:
		c.CaseContent = f.Content
		c.Corrections = append(slices.Clone(c.Corrections), events.Correction{On: m.On, Reason: f.Reason, Fields: f.Fields})
	case events.CaseRenumberedFact:
		c.Ref, c.RefKey = f.Ref, f.RefKey
	case events.CaseMediaAttachedFact:
		c.Media = append(slices.Clone(c.Media), f.Media...)
	case events.CaseMediaDetachedFact:
		c.Media = slices.DeleteFunc(slices.Clone(c.Media), func(x events.CaseMedium) bool { return slices.Contains(f.Media, x.ID) })
	case events.CaseObjectedFact:
		c.Objections = append(slices.Clone(c.Objections), events.Objection{On: m.On, At: m.Time, By: m.Actor.Account, Text: f.Text, Documents: f.Documents})
	case events.CaseObjectionAnsweredFact:
		c.Objections = slices.Clone(c.Objections)
		o := &c.Objections[f.Objection]
		o.Answer, o.AnsweredOn, o.AnsweredAt = f.Text, m.On, m.Time
	case events.CaseWithdrawalAskedFact:
		c.Withdrawal = &events.Withdrawal{AskedOn: m.On, AskedAt: m.Time, AskedBy: m.Actor.Account, Reason: f.Reason}
	case events.CaseWithdrawalDeclinedFact:
		w := *c.Withdrawal
		w.DeclinedOn, w.DeclinedBy, w.DeclineReason = m.On, m.Actor.Account, f.Reason
		c.Withdrawal = &w
	case events.CaseRemindedFact:
		c.Reminders = append(slices.Clone(c.Reminders), f.Reminders...)
		return c, nil // nobody's step: given days don't go on with it
	case events.CaseWithdrawnFact:
		w := *c.Withdrawal
		w.ConsentedOn, w.ConsentedBy, w.ConsentReason = m.On, m.Actor.Account, f.Reason
		c.State, c.Withdrawal, c.WithdrawnOn, c.Embargo = events.CaseWithdrawn, &w, m.On, nil
	case events.CaseRestatedFact:
		f.State.Revision = c.Revision
		c = f.State
	default:
		return c, fmt.Errorf("intake: fold: unknown fact %T", fact)
	}
	c.LastOn = c.LastOn.Max(m.On)
	return c, nil
}

func submitted(c events.CaseState, m events.Meta, s events.Submission) events.CaseState {
	c.ID, c.Office, c.Ref, c.RefKey, c.CaseContent, c.Exposures, c.Media = s.ID, s.Office, s.Ref, s.RefKey, s.CaseContent, s.Exposures, s.Media
	c.State, c.SubmittedOn, c.SubmittedAt, c.SubmittedBy = events.CaseSubmitted, m.On, m.Time, m.Actor.Account
	if len(s.Exposures) > 0 {
		c.State = events.CaseExposed
		c.ExposedOn = firstPublication(s.Exposures)
		if c.ExposedAt.IsZero() {
			c.ExposedAt = m.Time
		}
	}
	return c
}

func exposed(c events.CaseState, m events.Meta, p events.Publication) events.CaseState {
	c.Exposures = append(slices.Clone(c.Exposures), p)
	c.State, c.Embargo, c.ExposedOn = events.CaseExposed, nil, firstPublication(c.Exposures)
	if c.ExposedAt.IsZero() {
		c.ExposedAt = m.Time
	}
	return c
}

// firstPublication is the earliest day of publication: exposed and opened carry it.
func firstPublication(all []events.Publication) events.Day {
	first := all[0].PublishedOn
	for _, p := range all[1:] {
		first = min(first, p.PublishedOn)
	}
	return first
}
