package events_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
)

func TestCaseID(t *testing.T) {
	t.Parallel()
	id := events.CaseIDFor("yanbian", "延州安办〔2026〕曝光1号")
	if _, err := events.ParseCaseID(string(id)); err != nil {
		t.Fatal(err)
	}
	if id == events.CaseIDFor("baishan", "延州安办〔2026〕曝光1号") || id == events.CaseIDFor("yanbian", "延州安办〔2026〕曝光2号") {
		t.Error("two cases have one id")
	}
	for _, bad := range []string{"", "short", strings.Repeat("a", 27), strings.Repeat("A", 26), strings.Repeat("1", 26), "case.*.>" + strings.Repeat("a", 18)} {
		if _, err := events.ParseCaseID(bad); !errors.Is(err, events.ErrBadID) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	// One second apart, on two days in Shanghai, whatever the server's zone.
	if a, b := events.DayOf(time.Date(2026, 6, 30, 15, 59, 59, 0, time.UTC)), events.DayOf(time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC)); a != "2026-06-30" || b != "2026-07-01" {
		t.Errorf("got %s and %s", a, b)
	}
	if got := events.Day("2028-02-29").AddYears(1); got != "2029-02-28" {
		t.Errorf("a year after a leap day: %s", got)
	}
	if got := events.Day("2026-06-30").Until("2026-07-06"); got != 6 {
		t.Errorf("got %d days", got)
	}
	for _, bad := range []string{"2026-02-30", "2026-6-1", "", "20260601"} {
		if _, err := events.ParseDay(bad); err == nil {
			t.Errorf("%q is taken for a day", bad)
		}
	}
}

func meta() events.Meta {
	return events.Meta{ID: "1", Source: events.ServiceIntake, Type: "songshui.case.reviewed.v1", Subject: "x", Time: time.Date(2026, 6, 12, 0, 0, 0, 5, time.UTC), On: "2026-06-01", Backdated: true,
		Actor: events.Actor{Account: "a", Role: "office", Office: "yanbian"}, Command: events.Command{Name: "review", Key: "k", Request: "r"}}
}

func TestEnvelopeRoundTrip(t *testing.T) {
	t.Parallel()
	want := meta()
	h := want.Header()
	want.Chain = events.Seal(events.ChainValue{}, "case.yanbian.x", h, []byte("body"))
	got, err := events.ParseMeta(h)
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for name := range h {
		broken := meta().Header()
		broken[name] = []string{"\x00"}
		if name == events.HeaderID || name == events.HeaderSpecVersion || name == events.HeaderSource || name == events.HeaderType || name == events.HeaderSubject || name == events.HeaderDataSchema || name == events.HeaderOn {
			continue
		}
		if _, err := events.ParseMeta(broken); !errors.Is(err, events.ErrMalformed) {
			t.Errorf("a broken %s gives %v", name, err)
		}
	}
}

// Each part of a message is in the chain: changing any changes the value.
func TestChainCoversEverything(t *testing.T) {
	t.Parallel()
	value := func(change func(h events.Header, subject *string, body *[]byte, previous *events.ChainValue)) events.ChainValue {
		h, subject, body, previous := meta().Header(), "case.yanbian.x", []byte(`{"fact":{},"state":{}}`), events.ChainValue{}
		change(h, &subject, &body, &previous)
		return events.Chain(previous, subject, h, body)
	}
	plain := value(func(events.Header, *string, *[]byte, *events.ChainValue) {})
	changed := map[string]events.ChainValue{
		"subject":  value(func(_ events.Header, s *string, _ *[]byte, _ *events.ChainValue) { *s += "y" }),
		"body":     value(func(_ events.Header, _ *string, b *[]byte, _ *events.ChainValue) { (*b)[0] = ' ' }),
		"previous": value(func(_ events.Header, _ *string, _ *[]byte, p *events.ChainValue) { p[31] = 1 }),
		"moved":    value(func(_ events.Header, s *string, b *[]byte, _ *events.ChainValue) { *s, *b = *s+"{", (*b)[1:] }),
	}
	for name := range meta().Header() {
		if name != events.HeaderChain {
			changed[name] = value(func(h events.Header, _ *string, _ *[]byte, _ *events.ChainValue) { h[name] = []string{"other"} })
		}
	}
	for what, v := range changed {
		if v == plain {
			t.Errorf("changing %s leaves the chain as it is", what)
		}
	}
	if v := value(func(h events.Header, _ *string, _ *[]byte, _ *events.ChainValue) {
		h[events.HeaderTrace] = []string{"t"}
	}); v != plain {
		t.Error("the trace is in the chain")
	}
}

func TestEncodeBodyLimits(t *testing.T) {
	t.Parallel()
	state := events.CaseState{CaseContent: events.CaseContent{Summary: strings.Repeat("a", events.MaxState)}}
	if _, err := events.EncodeBody(events.CaseReviewedFact{}, state); !errors.Is(err, events.ErrTooLarge) {
		t.Errorf("a state over the limit gives %v", err)
	}
}

// oldFact stands for a fact of a version that is no more.
type oldFact struct {
	Name string `json:"name"`
}

func (oldFact) EventType() string { return "songshui.case.reviewed.v2" }

func TestUpcastAndUnknown(t *testing.T) {
	t.Parallel()
	r := events.NewRegistry([]events.Type{events.TypeOf[oldFact, events.CaseState](events.StreamCases, "")}, map[string]events.Upcast{
		"songshui.case.reviewed.v1": func(b events.Body) (string, events.Body, error) {
			b.Fact = json.RawMessage(`{"name":"upcast"}`)
			return "songshui.case.reviewed.v2", b, nil
		},
		"songshui.case.loop.v1": func(b events.Body) (string, events.Body, error) { return "songshui.case.loop.v1", b, nil },
	})
	body := events.Body{Fact: json.RawMessage(`{}`), State: json.RawMessage(`{"id":"x","later":"unknown"}`)}
	fact, err := r.DecodeFact("songshui.case.reviewed.v1", body)
	if err != nil || fact != (oldFact{"upcast"}) {
		t.Errorf("got %v, %v", fact, err)
	}
	if fact, err := r.DecodeFact("songshui.case.unheard.v1", body); fact != nil || err != nil {
		t.Errorf("an unknown type gives %v, %v", fact, err)
	}
	if s, err := events.DecodeState[events.CaseState](r, "songshui.case.unheard.v1", body); err != nil || s.ID != "x" {
		t.Errorf("the state after an unknown fact: %v, %v", s, err)
	}
	if _, err := r.DecodeFact("songshui.case.loop.v1", body); !errors.Is(err, events.ErrMalformed) {
		t.Errorf("a circle of upcasts gives %v", err)
	}
}

func TestVisibleTo(t *testing.T) {
	t.Parallel()
	c := events.CaseState{ID: "x", Office: "yanbian", State: events.CaseEmbargoed, Embargo: &events.Embargo{Outlets: []events.OutletID{"yb-tv"}}}
	has := func(holder string) bool {
		for _, h := range c.VisibleTo() {
			if h == holder {
				return true
			}
		}
		return false
	}
	if !has("outlet:yb-tv") || has(events.HolderSignedIn) || !has("office:yanbian") {
		t.Errorf("an embargoed case is for %v", c.VisibleTo())
	}
	c.State = events.CaseExposed
	if !has(events.HolderSignedIn) {
		t.Errorf("an exposed case is for %v", c.VisibleTo())
	}
	c.State = events.CaseWithdrawn
	if has(events.HolderSignedIn) || has("outlet:yb-tv") || !has(events.HolderSupervisor) {
		t.Errorf("a withdrawn case is for %v", c.VisibleTo())
	}
}

func FuzzParse(f *testing.F) {
	f.Add("songshui.case.reviewed.v1", "a/office/yanbian", "review k r", []byte(`{"fact":{},"state":{}}`))
	f.Fuzz(func(t *testing.T, typ, actor, command string, data []byte) {
		h := meta().Header()
		h[events.HeaderType], h[events.HeaderActor], h[events.HeaderCommand] = []string{typ}, []string{actor}, []string{command}
		if _, err := events.ParseMeta(h); err != nil && !errors.Is(err, events.ErrMalformed) {
			t.Error(err)
		}
		body, err := events.DecodeBody(data)
		if err != nil {
			return
		}
		if _, err := events.Default.DecodeFact(typ, body); err != nil && !errors.Is(err, events.ErrMalformed) {
			t.Error(err)
		}
	})
}
