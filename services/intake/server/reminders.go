package server

import (
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
		OnChange: func(hook func()) { s.directory.OnChange(hook) },
		State: func(c events.CaseState, now time.Time) (events.Fact, access.Given) {
			return s.numbers().Due(c, now), access.Given{On: events.DayOf(now)}
		},
	}
}

// Durables are the consumers that migrate makes.
func Durables() []bus.Durable { return clock(nil).Durables() }
