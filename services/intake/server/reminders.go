package server

import (
	"context"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
)

// clock states the reminders of cases. Without a server it is for its Durables alone.
func clock(s *Server) bus.Clock[events.CaseState, *events.CaseState] {
	return bus.Clock[events.CaseState, *events.CaseState]{
		Aggregate: Aggregate, Service: events.ServiceIntake, Filter: "case.>",
		Next: func(c events.CaseState) time.Time { return s.numbers().Next(c) },
		// Nearly all cases are submitted and exposed without ever having a deadline.
		Skip: func(eventType string) bool {
			switch eventType {
			case events.CaseSubmittedFact{}.EventType(), events.CaseReservedFact{}.EventType(), events.CaseReviewedFact{}.EventType(), events.CasePublicationAddedFact{}.EventType():
				return true
			}
			return false
		},
		State: func(c events.CaseState, now time.Time) (events.Fact, access.Given) {
			return s.numbers().Due(c, now), access.Given{On: events.DayOf(now)}
		},
	}
}

// Durables are the consumers that migrate makes.
func Durables() []bus.Durable { return clock(nil).Durables() }

// remind sets and states reminders until ctx ends, and compares them again whenever a rule or a calendar has changed.
func (s *Server) remind(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	s.directory.OnChange(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			if err := clock(s).Compare(ctx, s.bus); err != nil && ctx.Err() == nil {
				s.bus.Logger().Warn("reminders go by the rules of before", "error", err)
			}
		}
	}()
	return clock(s).Run(ctx, s.bus)
}
