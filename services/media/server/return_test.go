package server_test

import (
	"slices"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/server"
)

// returns writes monthly returns as their service does.
var returns = bus.Aggregate[events.ReturnState, *events.ReturnState]{Stream: events.StreamReturns, Schema: events.ReturnSchema,
	Fold: func(_ events.ReturnState, _ events.Meta, f events.Fact) (events.ReturnState, error) {
		return f.(events.ReturnRestatedFact).State, nil
	}}

// TestReturnHoldsItsScan: the scan of a return is held like what a case has taken, once for each month, and never released.
func TestReturnHoldsItsScan(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	id := events.MediaID(s.whole(s.office("jilin"), "月报.jpg", "", sample(t, "media/trench.jpg")).header.Get("Songshui-Media-Id"))
	for _, month := range []events.Month{"2026-06", "2026-06", "2026-07"} {
		in := bus.Intent{Name: "restate", Actor: events.System("oversight"), Given: access.Given{On: month.First()}}
		_, err := returns.Execute(t.Context(), r.bus(), events.ReturnSubject("jilin", month), in, func(bus.Loaded[events.ReturnState], *access.Given) (events.Fact, error) {
			return events.ReturnRestatedFact{State: events.ReturnState{Office: "jilin", Month: month, State: events.ReturnFiled, Filings: []events.Filing{{}, {Scan: id}}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "taken for both months", func() bool {
		return r.settled(events.StreamReturns, "media-taken-for-return") && slices.Equal(s.record("jilin", id).Returns, []events.Month{"2026-06", "2026-07"})
	})
	m := s.record("jilin", id)
	if _, err := media.Release(m, "untaken"); !fault.Is(err, fault.WrongState) || len(m.TakenBy) != 0 {
		t.Errorf("released: %v, taken by %v", err, m.TakenBy)
	}
}
