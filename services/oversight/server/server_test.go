package server_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight"
	"songshui.internal/services/oversight/oversightapi"
)

var paper = fields{"document_no": "四安委办〔2026〕6号"}

func params(office events.OfficeSlug, month events.Month, name string) oversightapi.ReturnCommandParams {
	return oversightapi.ReturnCommandParams{Office: office, Month: month, Name: name}
}

// returns counts the records of RETURNS by month.
func (w *world) returns() map[events.Month]int {
	w.t.Helper()
	out := map[events.Month]int{}
	for next := uint64(1); ; {
		m, err := w.bus.Next(w.t.Context(), events.StreamReturns, "return.>", next)
		if err != nil {
			return out
		}
		next = m.Sequence + 1
		if _, _, month, err := events.SplitSubject(m.Subject); err == nil && m.Meta.Type == (events.ReturnOpenedFact{}).EventType() {
			out[events.Month(month)]++
		}
	}
}

func TestMonthsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-30 23:59:59")
	began := w.clock()
	stop := w.run()
	w.tick()
	got := w.returns()
	if got["2021-06"] != 11 || got["2021-12"] != 11 || got["2026-06"] != 11 || got["2026-07"] != 0 || len(got) != 8 {
		t.Fatalf("on the last second of June: %v", got)
	}
	if _, err := w.as(w.people["signer"]).Get(t.Context(), "siping", "2026-07"); !fault.Is(err, fault.NotFound) {
		t.Errorf("July before it began: %v", err)
	}
	w.at("2026-07-01 00:00:00")
	if july, err := w.as(w.people["signer"]).Get(t.Context(), "siping", "2026-07"); err != nil || july.State != events.ReturnRunning || july.Due != "2026-08-05" || len(july.Next) != 1 {
		t.Errorf("July before it was opened: %+v, %v", july, err)
	}
	w.tick()
	if got := w.returns(); got["2026-07"] != 11 || got["2026-06"] != 11 {
		t.Errorf("on the first second of July: %v", got)
	}
	stop()
	w.at("2026-06-30 23:00:00") // the clock is set back by an hour
	w.run()
	w.tick()
	july, err := w.as(w.people["signer"]).Command(t.Context(), params("siping", "2026-07", "file"), []byte(`{"document_no":"1","zero_reason":"无"}`))
	if err != nil || july.State.Shown != oversight.ShownAwaiting || july.State.Filings[0].On != "2026-07-01" {
		t.Errorf("filed while the clock stands before the month: %+v, %v", july.State, err)
	}
	if got := w.returns(); got["2026-07"] != 11 || len(got) != 9 {
		t.Errorf("started again: %v", got)
	}
	m := w.messages()[0]
	if m.Meta.On != "2026-06-01" || m.Meta.Actor.Role != "system" || !m.Meta.Time.Equal(began) {
		t.Errorf("opened %+v", m.Meta)
	}
	w.replay()
}

// TestStoryTwo: sent over a line that drops, and again, also across midnight: one return. Returned, filed again, received after the due day: in time.
func TestStoryTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-30 23:50:00")
	june := caseOf("siping", "1", "municipal", "2026-06-12")
	sequence := w.write(june)
	w.write(caseOf("siping", "2", "municipal", "2026-07-01"))
	w.write(caseOf("siping", "3", "", ""))
	w.write(caseOf("yanbian", "1", "municipal", "2026-06-12"))
	w.run()
	first := w.must("signer", "file", paper)
	if first.State.Shown != oversight.ShownAwaiting || !slices.Equal(first.State.Held, []events.CaseID{june.ID}) {
		t.Fatalf("filed %+v", first.State)
	}
	w.at("2026-07-01 00:00:30")
	if again := w.must("signer", "file", paper); again.Sequence != first.Sequence || len(again.State.Filings) != 1 {
		t.Errorf("sent again: %d and %d, %d filings", first.Sequence, again.Sequence, len(again.State.Filings))
	}
	if m := w.messages(); len(m) != 2 {
		t.Fatalf("%d messages, want opened and filed", len(m))
	}
	fact, err := events.Default.DecodeFact(w.messages()[1].Meta.Type, w.messages()[1].Body)
	if err != nil {
		t.Fatal(err)
	}
	if rely := fact.(events.ReturnFiledFact).RelyOn; len(rely) != 1 || rely[0] != (events.Reliance{Stream: events.StreamCases, Subject: events.CaseSubject("siping", june.ID), Sequence: sequence}) {
		t.Errorf("relies on %+v", rely)
	}
	w.at("2026-07-02 15:00:00")
	if v := w.must("province", "return", fields{"reason": "缺签发页"}); v.State.Shown != oversight.ShownReturned {
		t.Errorf("returned: %s", v.State.Shown)
	}
	w.at("2026-07-04 10:00:00")
	w.must("signer", "file", paper)
	w.must("signer", "add-scan", fields{"scan": w.medium("return.pdf")})
	w.at("2026-07-09 11:00:00")
	v := w.must("province", "receive", fields{})
	if v.State.Shown != oversight.ShownMet || v.State.Punctual != oversight.PunctualInTime || v.State.Due != "2026-07-06" || v.State.Filings[1].Scan == "" {
		t.Errorf("received: %+v", v.State)
	}
	got, err := w.as(w.people["signer"]).Get(t.Context(), "siping", "2026-06")
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, h := range got.History {
		types = append(types, h.Type)
	}
	if s := strings.Join(types, " "); s != "opened filed returned filed scan-added received" || got.History[1].Actor.Office != "siping" || len(got.Commands) != 0 {
		t.Errorf("history %s", s)
	}
	if len(got.Next) != 1 || got.Next[0].Command != "supplement" || len(got.NotNow) != 2 {
		t.Errorf("next %+v, not now %+v", got.Next, got.NotNow)
	}
	if !reflect.DeepEqual(got.Names, map[events.AccountID]string{w.people["signer"].Account: "siping-signer"}) {
		t.Errorf("names %v", got.Names)
	}
	if seen, err := w.as(w.people["province"]).Get(t.Context(), "siping", "2026-06"); err != nil || !reflect.DeepEqual(seen.Names, got.Names) {
		t.Errorf("the province reads %v, %v", seen.Names, err)
	}
	w.replay()
}

// TestWarnings: what looks like a telephone number is taken, and said.
func TestWarnings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-30 12:00:00")
	w.run()
	warned := func(who, command string, body fields) string {
		t.Helper()
		out := ""
		for _, f := range w.must(who, command, body).Warnings {
			out += f.Field + ":" + f.Code + " "
		}
		return out
	}
	const phone = "请打13904340001"
	for _, c := range []struct {
		who, command string
		body         fields
		want         string
	}{
		{"signer", "file", fields{"document_no": "1", "zero_reason": phone}, "zero_reason:personal_data "},
		{"province", "return", fields{"reason": phone, "backdate_reason": phone}, "reason:personal_data backdate_reason:personal_data "},
		{"signer", "file", fields{"document_no": "2", "zero_reason": "本月无刊播"}, ""},
		{"province", "recognise", fields{"kind": "decision", "reason": phone}, "reason:personal_data "},
	} {
		if got := warned(c.who, c.command, c.body); got != c.want {
			t.Errorf("%s: %q, want %q", c.command, got, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-30 12:00:00")
	w.write(caseOf("siping", "1", "municipal", "2026-06-12"))
	foreign := caseOf("yanbian", "1", "municipal", "2026-06-12")
	w.write(foreign)
	w.run()
	p := params
	for name, c := range map[string]struct {
		by   access.Actor
		p    oversightapi.ReturnCommandParams
		body string
		want string
	}{
		"no such command":    {w.people["signer"], p("siping", "2026-06", "finish"), `{}`, "not_found"},
		"no such month":      {w.people["signer"], p("siping", "2026-13", "file"), `{}`, "not_found"},
		"not of a campaign":  {w.people["signer"], p("siping", "2026-05", "file"), `{}`, "not_found"},
		"not begun":          {w.people["signer"], p("siping", "2026-07", "file"), `{}`, "not_found"},
		"no office":          {w.people["province"], p("*", "2026-06", "receive"), `{}`, "not_found"},
		"not of the list":    {w.people["province"], p("nowhere", "2026-06", "receive"), `{}`, "not_found"},
		"ended before":       {w.people["province"], p("gongzhuling", "2026-06", "receive"), `{}`, "not_found"},
		"another office":     {w.people["yanbian"], p("siping", "2026-06", "file"), `{`, "not_found"},
		"a journalist":       {access.Actor{Account: "j", Role: access.Journalist}, p("siping", "2026-06", "file"), `{}`, "not_found"},
		"an administrator":   {access.Actor{Account: "a", Role: access.Admin}, p("siping", "2026-06", "recognise"), `{}`, "not_found"},
		"a drafter":          {w.people["drafter"], p("siping", "2026-06", "file"), `{`, "forbidden"},
		"the province files": {w.people["province"], p("siping", "2026-06", "file"), `{}`, "forbidden"},
		"not JSON":           {w.people["signer"], p("siping", "2026-06", "file"), `{"on":`, "malformed :malformed"},
		"unknown and types":  {w.people["signer"], p("siping", "2026-06", "file"), `{"onn":"x","cases":"x"}`, "invalid onn:unknown_field cases:type"},
		"wrong throughout": {w.people["signer"], p("siping", "2026-06", "file"), `{"cases":["` + string(foreign.ID) + `","x"],"signed_by":"` + string(w.people["drafter"].Account) + `","contact":"` + string(w.people["yanbian"].Account) + `","scan":"` + string(events.MediaIDFor("siping", "", "gone.pdf")) + `"}`,
			"invalid document_no:required signed_by:not_a_signer contact:unknown_account scan:unknown_file cases[0]:unknown_case cases[1]:unknown_case"},
		"unfiled": {w.people["province"], p("siping", "2026-06", "receive"), ``, "wrong_state"},
	} {
		_, err := w.as(c.by).Command(t.Context(), c.p, []byte(c.body))
		f := fault.Of(err)
		got := string(f.Code)
		for _, x := range f.Fields {
			got += " " + x.Field + ":" + x.Code
		}
		if err == nil || got != c.want {
			t.Errorf("%s: %v %s, want %s", name, err, got, c.want)
		}
		if c.want == "wrong_state" && !strings.Contains(string(f.Current), `"state":"running"`) {
			t.Errorf("current %s", f.Current)
		}
	}
	if _, err := w.as(w.people["signer"]).Command(t.Context(), p("siping", "2026-06", "file"), []byte(`{"document_no":"1","signed_by":"`+string(w.people["deputy"].Account)+`","contact":"`+string(w.people["drafter"].Account)+`"}`)); err != nil {
		t.Errorf("signed by another: %v", err)
	}
	if _, err := (oversightapi.ReturnClient{Client: bus.Client{Conn: w.nc, Token: "x"}}).Get(t.Context(), "siping", "2026-06"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("unsigned: %v", err)
	}
}

// TestFiftyAtOnce sends the same filing fifty times at once, without a key, to a record that isn't open yet: one filing, and everybody is answered with it.
func TestFiftyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-30 23:50:00")
	w.write(caseOf("siping", "1", "municipal", "2026-06-12"))
	w.run()
	const n = 50
	got, errs := make([]oversightapi.ReturnCommanded, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { got[i], errs[i] = w.give("signer", "file", "", paper) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil || got[i].Sequence != got[0].Sequence {
			t.Errorf("%d: %d, %v", i, got[i].Sequence, err)
		}
	}
	for i := range n {
		wg.Go(func() { got[i], errs[i] = w.give("province", "receive", fmt.Sprint("key ", i), fields{}) })
	}
	wg.Wait()
	taken := 0
	for _, err := range errs {
		switch f := fault.Of(err); {
		case err == nil:
			taken++
		case f.Code != fault.WrongState && f.Code != fault.Conflict || !strings.Contains(string(f.Current), `"state":"received"`):
			t.Errorf("refused with %v, current %s", err, f.Current)
		}
	}
	if m := w.messages(); taken != 1 || len(m) != 3 {
		t.Errorf("%d received, %d messages", taken, len(m))
	}
	w.replay()
}

func TestSentAgainWithAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-30 12:00:00")
	w.run()
	body := fields{"document_no": "1", "zero_reason": "本月无刊播"}
	first, err := w.give("signer", "file", "k", body)
	if err != nil || !first.State.ZeroReturn {
		t.Fatalf("%+v, %v", first.State, err)
	}
	w.must("province", "receive", fields{})
	again, err := w.give("signer", "file", "k", body)
	if err != nil || again.State.State != events.ReturnReceived || len(again.State.Filings) != 1 {
		t.Errorf("again: %+v, %v", again.State, err)
	}
	if _, err := w.give("signer", "file", "k", paper); !fault.Is(err, fault.KeyReused) {
		t.Errorf("other request: %v", err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-07-10 12:00:00")
	w.write(caseOf("siping", "1", "municipal", "2026-06-12"))
	w.write(caseOf("yanbian", "1", "county", "2026-06-12"))
	w.run()
	w.must("signer", "file", paper)
	w.must("province", "receive", fields{})
	list := func(who access.Actor, p oversightapi.ReturnsParams) []oversightapi.ReturnLine {
		t.Helper()
		got, err := w.as(who).List(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := list(w.people["province"], oversightapi.ReturnsParams{})
	if len(all) != 11*9 { // seven months of 2021, June and July
		t.Errorf("%d returns", len(all))
	}
	june := list(w.people["province"], oversightapi.ReturnsParams{Month: "2026-06"})
	byOffice := map[events.OfficeSlug]oversightapi.ReturnLine{}
	for _, l := range june {
		byOffice[l.Office] = l
	}
	if l := byOffice["siping"]; len(june) != 11 || l.Shown != oversight.ShownMetLate || l.CountedCases != 1 || l.HeldCases != 1 || l.FiledOn != "2026-07-10" || l.Counted != nil {
		t.Errorf("siping %+v of %d", l, len(june))
	}
	if l := byOffice["yanbian"]; l.Shown != oversight.ShownMissed || !l.OnlyOtherLevels || l.PublishedCases != 1 {
		t.Errorf("yanbian %+v", l)
	}
	if got := list(w.people["province"], oversightapi.ReturnsParams{States: []oversight.Shown{oversight.ShownMet, oversight.ShownMetLate}}); len(got) != 1 {
		t.Errorf("met: %+v", got)
	}
	if got := list(w.people["drafter"], oversightapi.ReturnsParams{Month: "2026-06"}); len(got) != 1 || got[0].Office != "siping" {
		t.Errorf("an office's: %+v", got)
	}
	if got := list(w.people["drafter"], oversightapi.ReturnsParams{Office: "yanbian"}); len(got) != 0 {
		t.Errorf("another's: %+v", got)
	}
	if _, err := w.as(access.Actor{Role: access.Journalist}).List(t.Context(), oversightapi.ReturnsParams{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a journalist: %v", err)
	}
	if _, err := w.as(w.people["province"]).List(t.Context(), oversightapi.ReturnsParams{Month: "June", States: []oversight.Shown{"good"}}); !fault.Is(err, fault.BadParameter) || len(fault.Of(err).Fields) != 2 {
		t.Errorf("wrong parameters: %v", err)
	}
	if data, _ := json.Marshal(all); len(data) > 64<<10 {
		t.Errorf("a list of %d returns has %d bytes", len(all), len(data))
	}
}

// TestCasesAsTheyAreNow writes right before each question: the answer knows it, and what can't be read holds nothing up.
func TestCasesAsTheyAreNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2026-06-30 12:00:00")
	w.run()
	for i := range 20 {
		w.write(caseOf("siping", fmt.Sprint(i), "municipal", "2026-06-12"))
		got, err := w.as(w.people["signer"]).Get(t.Context(), "siping", "2026-06")
		if err != nil || len(got.Published) != i+1 {
			t.Fatalf("after %d cases: %d, %v", i+1, len(got.Published), err)
		}
	}
	if err := w.bus.Publish(t.Context(), events.CaseSubject("siping", "unreadable"), "", nil, []byte("?")); err != nil {
		t.Fatal(err)
	}
	withdrawn := caseOf("siping", "0", "municipal", "2026-06-12")
	withdrawn.State, withdrawn.WithdrawnOn = events.CaseWithdrawn, "2026-06-29"
	w.write(withdrawn)
	if v := w.must("signer", "file", paper); len(v.State.Held) != 19 || slices.Contains(v.State.Held, withdrawn.ID) || len(v.State.Published) != 19 {
		t.Errorf("holds %d of %d", len(v.State.Held), len(v.State.Published))
	}
}
