package inbox

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/oversight/internal/model"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/registry/registryapi"
)

// put appends a record's state as a mended one.
func put[S any, P bus.Record[S]](t *testing.T, b *bus.Bus, stream, subject string, fact events.Fact, state S) {
	t.Helper()
	a := bus.Aggregate[S, P]{Stream: stream, Schema: 1, Fold: func(S, events.Meta, events.Fact) (S, error) { return state, nil }}
	if _, err := a.Execute(t.Context(), b, subject, bus.Intent{Name: "x", Actor: events.System("x")}, func(bus.Loaded[S], *access.Given) (events.Fact, error) { return fact, nil }); err != nil {
		t.Fatal(err)
	}
}

func ask[R any](t *testing.T, e bus.Endpoint, a access.Actor, params any) R {
	t.Helper()
	p, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := e(t.Context(), bus.Request{Actor: a, Params: p})
	if err != nil {
		t.Fatal(err)
	}
	return reply.(R)
}

func TestInbox(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 10, 12, 0, 0, 0, events.Shanghai)
	b, err := bus.New(natstest.New(t), events.ServiceOversight, bus.Options{Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), b.JetStream(), 1, nil); err != nil {
		t.Fatal(err)
	}
	id := events.CaseIDFor("siping", "1")
	c := events.CaseState{ID: id, Office: "siping", Ref: "1", State: events.CaseExposed, ExposedOn: "2026-06-01", ExposedAt: now.AddDate(0, 0, -39), Exposures: []events.Publication{{Level: "municipal", PublishedOn: "2026-06-01"}},
		CaseContent: events.CaseContent{Title: "标题", Enterprise: events.Enterprise{Name: "甲"}}, Objections: []events.Objection{{On: "2026-07-01", At: now.AddDate(0, 0, -9)}},
		// The first asks for what was done.
		Reminders: []events.Reminder{{Kind: "embargo-ended", For: "2026-05-30", At: now.AddDate(0, 0, -41)}, {Kind: "objection-waits", For: "2026-07-10", At: now.Add(-time.Hour)}}}
	put[events.CaseState](t, b, events.StreamCases, events.CaseSubject("siping", id), events.CaseRestatedFact{}, c)
	hidden := events.CaseState{ID: events.CaseIDFor("jilin", "2"), Office: "jilin", Ref: "2", State: events.CaseEmbargoed, Embargo: &events.Embargo{Until: now.AddDate(0, 0, -9)}, Withdrawal: &events.Withdrawal{AskedOn: "2026-07-08"},
		Reminders: []events.Reminder{{Kind: "embargo-ended", For: "2026-07-02", At: now.AddDate(0, 0, -8)}}}
	put[events.CaseState](t, b, events.StreamCases, events.CaseSubject("jilin", hidden.ID), events.CaseRestatedFact{}, hidden)
	second := c
	second.ID, second.Ref, second.ExposedOn, second.ExposedAt, second.Objections = events.CaseIDFor("siping", "3"), "3", "2026-07-05", now.AddDate(0, 0, -5), []events.Objection{{On: "2026-07-06", At: now.AddDate(0, 0, -100), AnsweredOn: "2026-07-07"}}
	put[events.CaseState](t, b, events.StreamCases, events.CaseSubject("siping", second.ID), events.CaseRestatedFact{}, second)
	put[events.RectificationState](t, b, events.StreamRectification, events.RectificationSubject("siping", id), events.RectificationRestatedFact{}, events.RectificationState{ID: id, Office: "siping",
		State: events.RectificationInProgress, OpenedOn: "2026-06-01", StartedOn: "2026-06-02",
		Reminders: []events.Reminder{{Kind: "due-first", For: "2026-07-10", At: now.AddDate(0, 0, -10)}, {Kind: "listing-question", For: "2026-06-08", At: now.AddDate(0, 0, -30)},
			{Kind: "due-first", For: "2026-01-10", At: now.AddDate(0, 0, -100)}},
		Extensions:  []events.Extension{{AskedOn: "2026-07-03", AskedAt: now.AddDate(0, 0, -7), NewDue: "2026-08-01", Decision: events.Granted, DecidedOn: "2026-05-06", DecidedAt: now.AddDate(0, 0, -4)}},
		Acceptances: []events.Acceptance{{AskedOn: "2026-07-03", Result: events.Returned, DecidedOn: "2026-07-09"}, {AskedOn: "2026-07-08"}}, Ending: &events.Ending{Kind: events.RectificationTransferred, AskedOn: "2026-07-04"}})
	put[events.RectificationState](t, b, events.StreamRectification, events.RectificationSubject("siping", second.ID), events.RectificationRestatedFact{}, events.RectificationState{ID: second.ID, Office: "siping",
		State: events.RectificationInProgress, OpenedOn: "2026-07-05", ListingAnswer: &events.ListingAnswer{On: "2026-07-09"}, Reminders: []events.Reminder{{Kind: "listing-question", For: "2026-07-09", At: now.AddDate(0, 0, -1)}}})
	closed := c
	closed.ID, closed.Ref, closed.Objections, closed.Reminders, closed.Enterprise.Name = events.CaseIDFor("siping", "4"), "4", nil, nil, "乙"
	put[events.CaseState](t, b, events.StreamCases, events.CaseSubject("siping", closed.ID), events.CaseRestatedFact{}, closed)
	put[events.RectificationState](t, b, events.StreamRectification, events.RectificationSubject("siping", closed.ID), events.RectificationRestatedFact{}, events.RectificationState{ID: closed.ID, Office: "siping",
		State: events.RectificationClosed, OpenedOn: "2026-06-01", Reminders: []events.Reminder{{Kind: "due-today", For: "2026-07-01", At: now.AddDate(0, 0, -9)}, {Kind: "overdue-talk", For: "2026-07-01", At: now.AddDate(0, 0, -2)}}})
	put[events.ReturnState](t, b, events.StreamReturns, events.ReturnSubject("siping", "2026-05"), events.ReturnRestatedFact{}, events.ReturnState{Office: "siping", Month: "2026-05", State: events.ReturnRecognised, Due: "2026-06-05",
		Reminders: []events.Reminder{{Kind: "return-before", For: "2026-06-05", At: now.AddDate(0, 0, -36)}}})
	put[events.ReturnState](t, b, events.StreamReturns, events.ReturnSubject("siping", "2026-07"), events.ReturnRestatedFact{}, events.ReturnState{Office: "siping", Month: "2026-07", State: events.ReturnRunning, Due: "2026-08-05",
		Reminders: []events.Reminder{{Kind: "return-first", For: "2026-08-05", At: now.Add(-2 * time.Hour)}}})
	put[events.ReturnState](t, b, events.StreamReturns, events.ReturnSubject("siping", "2026-06"), events.ReturnRestatedFact{}, events.ReturnState{Office: "siping", Month: "2026-06", State: events.ReturnReturned, Due: "2026-07-06",
		Filings: []events.Filing{{On: "2026-07-02", At: now.AddDate(0, 0, -8).Add(time.Hour), Result: events.FilingReturned, AnsweredAt: now.AddDate(0, 0, -6)},
			{On: "2026-07-05", At: now.AddDate(0, 0, -5).Add(time.Hour)}}})
	directory, err := registryapi.StartDirectory(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	m := model.New(b, directory)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = m.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	<-m.Loaded()
	x := New(b, m)
	office := access.Actor{Account: "s", Role: access.Office, Office: "siping"}
	for _, w := range []struct {
		actor access.Actor
		kinds string
	}{
		{office, "objection-waits return-first acceptance-returned acceptance-asked extension-decided return-returned extension-asked objection due-first"},
		{access.Actor{Account: "j", Role: access.Office, Office: "jilin"}, "embargo-ended"},
		{access.Actor{Account: "p", Role: access.Supervisor}, "withdrawal-asked return-filed another-case transfer-asked objection listing-question"},
		{access.Actor{Account: "u", Role: access.Unit, Cases: []events.CaseID{id}}, "acceptance-returned extension-decided due-first"},
		{access.Actor{Account: "v", Role: access.Unit, Cases: []events.CaseID{hidden.ID}}, ""},
		{access.Actor{Account: "n", Role: access.Journalist, Outlet: "x"}, ""},
		{access.Actor{Account: "a", Role: access.Admin}, ""},
	} {
		got := ask[oversightapi.Inbox](t, x.list, w.actor, oversightapi.InboxParams{})
		var kinds []string
		for _, e := range got.Entries {
			kinds = append(kinds, e.Kind)
		}
		if s := strings.Join(kinds, " "); s != w.kinds || got.Total != len(kinds) || got.UnseenTotal != got.Total {
			t.Errorf("%s %s: %s\nwant %s", w.actor.Role, w.actor.Account, s, w.kinds)
		}
	}
	first := ask[oversightapi.Inbox](t, x.list, office, oversightapi.InboxParams{PerPage: 2}).Entries
	if len(first) != 2 {
		t.Fatalf("%d on a page", len(first))
	}
	for _, e := range ask[oversightapi.Inbox](t, x.list, office, oversightapi.InboxParams{}).Entries {
		given := map[string]events.Day{"acceptance-returned": "2026-07-09", "acceptance-asked": "2026-07-08"}[e.Kind]
		if e.On != given || given != "" && !e.At.Equal(given.Time()) {
			t.Errorf("%s at %s, given %q", e.Kind, e.At, e.On)
		}
	}
	after := ask[oversightapi.Inbox](t, x.see, office, oversightapi.SeenParams{IDs: []string{first[0].ID, "nothing"}})
	if !after.Entries[0].Seen || after.Entries[1].Seen || after.UnseenTotal != after.Total-1 {
		t.Errorf("one seen: %+v", after)
	}
	if unseen := ask[oversightapi.Inbox](t, x.list, office, oversightapi.InboxParams{Unseen: true}); len(unseen.Entries) != 8 || unseen.Entries[0].ID != first[1].ID {
		t.Errorf("unseen: %+v", unseen)
	}
	if all := ask[oversightapi.Inbox](t, x.see, office, oversightapi.SeenParams{}); all.UnseenTotal != 0 {
		t.Errorf("all seen: %+v", all)
	}
}
