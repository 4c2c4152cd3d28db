package model

import (
	"context"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
	"songshui.internal/services/oversight/oversightapi"
)

// Endpoints are what the model answers; all take an actor.
func (m *Model) Endpoints() map[string]bus.Endpoint {
	return map[string]bus.Endpoint{
		oversightapi.EndpointBoard: m.answerBoard, oversightapi.EndpointBoardList: m.answerList, oversightapi.EndpointFix: m.answerFix,
		oversightapi.EndpointEditions: m.answerEditions, oversightapi.EndpointDifference: m.answerDifference, oversightapi.EndpointEarlier: m.answerEarlier,
	}
}

// Scope narrows a query to what the actor may see: a supervisor sees all, an office its own; fault.Forbidden for another office's, and for other roles.
func Scope(a access.Actor, q *oversight.Query) error {
	switch {
	case a.Role == access.Supervisor:
		return nil
	case a.Role == access.Office && a.Office != "" && (q.Office == "" || q.Office == a.Office):
		q.Office = a.Office
		return nil
	}
	return fault.New(fault.Forbidden, "oversight: board")
}

// snapshot checks a query and gives what it asks of.
func (m *Model) snapshot(ctx context.Context, a access.Actor, q *oversight.Query) (*Snapshot, error) {
	if err := Scope(a, q); err != nil {
		return nil, err
	}
	if err := q.Check(m.bus.Now()); err != nil {
		return nil, err
	}
	if q.AsOf.IsZero() {
		return m.Now()
	}
	return m.At(ctx, q.AsOf)
}

func (m *Model) answerBoard(ctx context.Context, r bus.Request) (any, error) {
	var q oversight.Query
	if err := r.Decode(&q); err != nil {
		return nil, err
	}
	s, err := m.snapshot(ctx, r.Actor, &q)
	if err != nil {
		return nil, err
	}
	return s.Board(q), nil
}

func (m *Model) answerList(ctx context.Context, r bus.Request) (any, error) {
	var p oversightapi.ListParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	s, err := m.snapshot(ctx, r.Actor, &p.Query)
	if err != nil {
		return nil, err
	}
	if p.Figure == "" {
		f := fault.New(fault.BadParameter, "oversight: list")
		f.Detail = "figure"
		return nil, f
	}
	l := oversight.List{Query: p.Query, Sequences: s.Sequences}
	rows := s.Rows(p.Query)
	l.Total = len(rows)
	l.Rows, l.Page, l.PerPage, err = oversight.Page(rows, p.Page, p.PerPage)
	return l, err
}

func (m *Model) answerEarlier(_ context.Context, r bus.Request) (any, error) {
	var p oversightapi.EarlierParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	s, err := m.Now()
	if err != nil {
		return nil, err
	}
	cases, err := s.Earlier(r.Actor, p.ID)
	return oversightapi.Earlier{Cases: cases}, err
}

// monthParam checks a month.
func monthParam(m events.Month) error {
	if got, err := events.ParseMonth(string(m)); err != nil || got != m {
		f := fault.New(fault.BadParameter, "oversight: table")
		f.Detail = "month"
		return f
	}
	return nil
}
