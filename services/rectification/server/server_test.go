package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/rectification"
	"songshui.internal/services/rectification/rectificationapi"
	"songshui.internal/services/rectification/server"
)

func TestOpensByExposure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hidden := w.c
	hidden.State, hidden.ExposedOn = events.CaseSubmitted, ""
	w.write(hidden)
	w.run()
	if _, err := w.get(desk); !fault.Is(err, fault.NotFound) {
		t.Errorf("before the exposure: %v", err)
	}
	if _, err := w.give(desk, "start", "", start); !fault.Is(err, fault.WrongState) || fault.Of(err).Detail != "not_exposed" {
		t.Errorf("start before the exposure: %v", err)
	}
	for _, a := range []access.Actor{other, journalist, {Account: "admin", Role: access.Admin}} {
		if _, err := w.give(a, "start", "", start); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s before the exposure: %v", a.Role, err)
		}
	}
	// Every command of the track: to nobody but those who see the case is it there, and to them it isn't open yet, or never theirs.
	for _, row := range rectification.Track() {
		for _, a := range []access.Actor{other, journalist, {Account: "unit", Role: access.Unit, Cases: []events.CaseID{w.c.ID}}, {Account: "overseer", Role: access.Overseer, Cases: []events.CaseID{w.c.ID}}, {Account: "admin", Role: access.Admin}} {
			if _, err := w.give(a, row.Name, "", fields{}); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s by %s before the exposure: %v", row.Name, a.Role, err)
			}
		}
		if _, err := w.give(desk, row.Name, "", fields{}); err == nil || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) == slices.Contains(row.Who, access.Office) {
			t.Errorf("%s by its office before the exposure: %v", row.Name, err)
		}
	}
	seq := w.write(w.c)
	eventually(t, "opened", func() bool { return len(w.messages()) == 1 })
	v, err := w.get(journalist)
	if err != nil {
		t.Fatal(err)
	}
	if v.State != events.RectificationPending || v.OpenedOn != "2026-06-12" || v.Due != "2026-07-03" || v.OverdueDays != 7 || !v.Overdue || v.HazardLevel != "major" || len(v.Next) != 0 {
		t.Errorf("opened %+v", v)
	}
	if h := v.History; len(h) != 1 || h[0].Type != "opened" || h[0].On != "2026-06-12" || h[0].Backdated || h[0].Actor.Role != "system" || !h[0].At.Equal(now) {
		t.Errorf("history %+v", v.History)
	}
	fact, err := events.Default.DecodeFact(w.messages()[0].Meta.Type, w.messages()[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	if r := fact.(events.RectificationOpenedFact).RelyOn[0]; r.Sequence != seq || r.Stream != events.StreamCases || r.Subject != events.CaseSubject(w.c.Office, w.c.ID) {
		t.Errorf("relies on %+v, the case is at %d", r, seq)
	}
}

func TestRunsOnAfterWithdrawal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(w.c)
	w.run()
	w.must(desk, "start", start)
	withdrawn := w.c
	withdrawn.State = events.CaseWithdrawn
	w.write(withdrawn)
	w.must(desk, "progress", fields{"text": "继续整改"})
	if _, err := w.get(journalist); !fault.Is(err, fault.Gone) {
		t.Errorf("a journalist sees %v", err)
	}
	if _, err := w.give(other, "progress", "", fields{"text": "x"}); !fault.Is(err, fault.Gone) {
		t.Errorf("another office: %v", err)
	}
	if v, err := w.get(province); err != nil || len(v.Progress) != 1 {
		t.Errorf("the province sees %+v, %v", v, err)
	}
}

func TestWholeWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(w.c)
	w.writeMedium()
	w.run()
	w.must(desk, "start", start)
	ask := fields{"on": "2026-06-29", "backdate_reason": "补录", "text": "完成", "media": []any{fields{"file": "missing.jpg", "sha256": "00"}, fields{"id": strings.Repeat("a", 26)}}}
	_, err := w.give(desk, "ask-acceptance", "", ask)
	if f := fault.Of(err); f.Code != fault.Invalid || len(f.Fields) != 2 || f.Fields[0] != (fault.Field{Field: "media", Code: "unknown_file", Arg: "missing.jpg"}) {
		t.Errorf("media that aren't there: %v", err)
	}
	ask["media"] = []any{string(w.medium.ID)}
	got := w.must(desk, "ask-acceptance", ask)
	if got.Stream != events.StreamRectification || got.Sequence != uint64(len(w.messages())) || got.State.State != events.RectificationAwaitingAcceptance || got.State.Commands != nil {
		t.Errorf("answer %+v", got)
	}
	accept := fields{"on": "2026-07-02", "backdate_reason": "补录", "findings": "同意", "officers": []fields{{"title": "甲", "certificate": "样1"}, {"title": "乙", "certificate": "样2"}}}
	if _, err := w.give(desk, "accept", "", accept); !fault.Is(err, fault.Forbidden) || fault.Of(err).Detail != "same_person" {
		t.Errorf("the asker accepts: %v", err)
	}
	if got.Warnings != nil {
		t.Errorf("warned of nothing: %v", got.Warnings)
	}
	accept["findings"] = "同意，联系人13904310001"
	if got := w.must(second, "accept", accept).Warnings; !slices.Equal(got, []fault.Field{{Field: "findings", Code: "personal_data"}}) {
		t.Errorf("a telephone number in the findings: %v", got)
	}
	_, err = w.give(desk, "progress", "", fields{"text": "x"})
	var current rectificationapi.View
	if f := fault.Of(err); f.Code != fault.WrongState || json.Unmarshal(f.Current, &current) != nil || current.State != events.RectificationAccepted || strings.Contains(string(f.Current), `"commands"`) {
		t.Errorf("progress when accepted: %v, current %s", err, fault.Of(err).Current)
	}
	w.must(desk, "close", fields{"published_on": "2026-07-10", "outlet": w.c.Exposures[0].Outlet, "headline": "回访", "url": "https://tv.example.cn/1"})
	v, err := w.get(desk)
	if err != nil || v.State != events.RectificationClosed || v.OverdueDays != 0 || *v.ClockStoppedOn != "2026-06-29" || *v.DaysToClose != 28 {
		t.Errorf("closed: %+v, %v", v, err)
	}
	var types []string
	for _, h := range v.History {
		types = append(types, h.Type)
	}
	if got := strings.Join(types, " "); got != "opened started acceptance-asked accepted closed" || !v.History[2].Backdated || v.History[4].Backdated {
		t.Errorf("history %s", got)
	}
	w.replay()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(w.c)
	w.run()
	ctx := t.Context()
	for name, c := range map[string]struct {
		by      access.Actor
		id      events.CaseID
		command string
		body    string
		want    string
	}{
		"no such case":       {desk, events.CaseID(strings.Repeat("a", 26)), "start", `{}`, "not_found"},
		"no id":              {desk, "*", "start", `{}`, "not_found"},
		"no such command":    {desk, w.c.ID, "finish", `{}`, "not_found"},
		"another office":     {other, w.c.ID, "start", `{`, "forbidden"},
		"a journalist":       {journalist, w.c.ID, "close", `{}`, "forbidden"},
		"not JSON":           {desk, w.c.ID, "start", `{"on":`, "malformed :malformed"},
		"not UTF-8":          {desk, w.c.ID, "start", "{\"responsible_person\":\"\xd7\xdc\"}", "malformed responsible_person:encoding"},
		"unknown and types":  {desk, w.c.ID, "start", `{"onn":"x","funds_yuan":"1","items":[{"violation":1.5}]}`, "invalid onn:unknown_field funds_yuan:type items[0].violation:type"},
		"empty":              {desk, w.c.ID, "start", ``, "invalid responsible_person:required funds_yuan:required_for_major interim_safeguards:required_for_major emergency_plan:required_for_major"},
		"control characters": {desk, w.c.ID, "start", `{"responsible_person":"a\u0000"}`, "invalid responsible_person:control_character"},
	} {
		_, err := rectificationapi.Command(ctx, w.as(c.by), c.id, c.command, "", []byte(c.body))
		f := fault.Of(err)
		got := string(f.Code)
		for _, x := range f.Fields {
			got += " " + x.Field + ":" + x.Code
		}
		if err == nil || got != c.want {
			t.Errorf("%s: %v %s, want %s", name, err, got, c.want)
		}
	}
	if _, err := rectificationapi.Get(ctx, bus.Client{Conn: w.nc, Token: "x"}, w.c.ID); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("unsigned: %v", err)
	}
}

// TestFiftyAtOnce has fifty commands on one record, none of which was opened before: each is applied once or refused with the record as it stands.
func TestFiftyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(w.c)
	w.run()
	const n = 50
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { _, errs[i] = w.give(desk, "start", fmt.Sprint("key ", i), start) })
	}
	wg.Wait()
	started := 0
	for _, err := range errs {
		switch f := fault.Of(err); {
		case err == nil:
			started++
		case f.Code != fault.WrongState && f.Code != fault.Conflict || !strings.Contains(string(f.Current), `"state":"in-progress"`):
			t.Errorf("refused with %v, current %s", err, f.Current)
		}
	}
	if m := w.messages(); started != 1 || len(m) != 2 {
		t.Fatalf("%d started, %d messages", started, len(m))
	}
	for i := range n {
		wg.Go(func() {
			_, errs[i] = w.give(desk, "progress", fmt.Sprint("report ", i), fields{"text": fmt.Sprint("进展", i)})
		})
	}
	wg.Wait()
	applied := 0
	for _, err := range errs {
		if err == nil {
			applied++
		} else if !fault.Is(err, fault.Conflict) || !strings.Contains(string(fault.Of(err).Current), `"overdue_days"`) {
			t.Errorf("refused with %v", err)
		}
	}
	v, err := w.get(desk)
	if err != nil || len(v.Progress) != applied || len(v.History) != 2+applied {
		t.Errorf("%d applied, %d in the record, %d in the history (%v)", applied, len(v.Progress), len(v.History), err)
	}
	w.replay()
}

func TestSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(w.c)
	w.run()
	first, err := w.give(desk, "start", "k", start)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.give(desk, "start", "k", start)
	if err != nil || again.Sequence != first.Sequence {
		t.Errorf("again: %+v, %v", again, err)
	}
	if _, err := w.give(desk, "start", "k", fields{"responsible_person": "another"}); !fault.Is(err, fault.KeyReused) {
		t.Errorf("other request: %v", err)
	}
}

// TestRedelivery kills the service while it opens and starts it again with nothing acknowledged: one rectification, opened once.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 40
	ids := make([]events.CaseState, n)
	for i := range ids {
		ids[i] = w.c
		ids[i].Ref = fmt.Sprintf("%s-%d", w.c.Ref, i)
		ids[i].ID = events.CaseIDFor(w.c.Office, ids[i].Ref)
		w.write(ids[i])
	}
	w.run()
	w.stopped()
	js := w.bus.JetStream()
	// All messages come again, as after a kill that lost every acknowledgement.
	for _, d := range server.Durables() {
		if err := js.DeleteConsumer(t.Context(), d.Stream, d.Name); err != nil {
			t.Fatal(err)
		}
	}
	if err := bus.Migrate(t.Context(), js, 1, server.Durables()); err != nil {
		t.Fatal(err)
	}
	for _, c := range ids[:n/2] {
		w.write(c)
	}
	w.run()
	eventually(t, "all opened and settled", func() bool {
		d := server.Durables()[0]
		cons, err := js.Consumer(t.Context(), d.Stream, d.Name)
		if err != nil {
			return false
		}
		info, err := cons.Info(t.Context())
		return err == nil && info.NumPending == 0 && info.NumAckPending == 0
	})
	for _, c := range ids {
		m, err := w.bus.History(t.Context(), events.StreamRectification, events.RectificationSubject(c.Office, c.ID), 10)
		if err != nil || len(m) != 1 {
			t.Errorf("%s: %d messages, %v", c.Ref, len(m), err)
		}
	}
}

// TestFilesByName has the test answer for media: a name that fits two media is ambiguous, a refusal is no such file, silence is unavailable.
func TestFilesByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(w.c)
	w.run()
	w.must(desk, "start", start)
	unit := access.Actor{Account: "unit", Role: access.Unit, Cases: []events.CaseID{w.c.ID}}
	report := fields{"text": "x", "media": []string{"after.jpg"}}
	if _, err := w.give(desk, "progress", "", report); !fault.Is(err, fault.Unavailable) {
		t.Errorf("media away: %v", err)
	}
	b, err := bus.New(w.nc, events.ServiceMedia, bus.Options{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	twin := w.medium
	twin.ID = events.MediaIDFor(w.c.Office, "2d", "after.jpg")
	stop, err := b.Serve(w.deps.Verifier, nil, map[string]bus.Endpoint{mediaapi.EndpointFind: func(_ context.Context, r bus.Request) (any, error) {
		if r.Actor.Role != access.Office {
			return nil, fault.New(fault.Forbidden, "find")
		}
		return mediaapi.Found{Media: []events.MediaState{w.medium, twin}}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stop() }()
	for _, c := range []struct {
		by   access.Actor
		want string
	}{{desk, "ambiguous"}, {unit, "unknown_file"}} {
		_, err := w.give(c.by, "progress", "", report)
		if f := fault.Of(err); f.Code != fault.Invalid || f.Fields[0].Code != c.want {
			t.Errorf("%s: %v, want %s", c.by.Role, err, c.want)
		}
	}
}
