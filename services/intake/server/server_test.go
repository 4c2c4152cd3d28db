package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/intake/server"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

type ref struct {
	Ref    string            `json:"ref"`
	Office events.OfficeSlug `json:"office"`
}

func TestSampleCasesAndBadLines(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	for i, l := range lines(read(t, "cases.jsonl")) {
		if len(l) == 0 {
			continue
		}
		var c ref
		must(t, json.Unmarshal(l, &c))
		got, err := r.client(office(c.Office, "a")).Submit(ctx, intakeapi.SubmitParams{}, change(t, l, map[string]any{"media": nil}))
		if err != nil || got.Status != intakeapi.Accepted || len(got.Warnings) > 0 {
			t.Errorf("line %d, %s: %+v, %v", i+1, c.Ref, got, err)
		}
	}
	var expected []struct {
		Line              int
		Name, Field, Code string
	}
	must(t, json.Unmarshal(read(t, "bad/bad-cases.expected.json"), &expected))
	bad := lines(read(t, "bad/bad-cases.jsonl"))
	for _, want := range expected {
		l := bad[want.Line-1]
		var c ref
		_ = json.Unmarshal(l, &c)
		if c.Office == "" || want.Field == "office" {
			c.Office = "changchun"
		}
		_, err := r.client(office(c.Office, "a")).Submit(ctx, intakeapi.SubmitParams{}, l)
		if err == nil {
			t.Errorf("line %d (%s) is taken", want.Line, want.Name)
			continue
		}
		if !slices.ContainsFunc(fault.Of(err).Fields, func(x fault.Field) bool { return x.Field == want.Field && x.Code == want.Code }) {
			t.Errorf("line %d (%s): %v, want %s %s", want.Line, want.Name, err, want.Field, want.Code)
		}
	}
}

func TestEveryWrongFieldIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := change(t, line(t, 0), map[string]any{"title": 5, "sector": "x", "summary": nil, "penalty_yuan": -1, "nonsense": true})
	_, err := r.client(office("changchun", "a")).Submit(context.Background(), intakeapi.SubmitParams{}, body)
	var got []string
	for _, f := range fault.Of(err).Fields {
		got = append(got, f.Field+" "+f.Code)
	}
	slices.Sort(got)
	if want := []string{"nonsense unknown_field", "penalty_yuan out_of_range", "sector unknown_value", "summary required", "title type"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestFiftyAtOnceAreOneCase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := line(t, 0)
	answers := make([]intakeapi.Submitted, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			var err error
			if answers[i], err = r.client(office("changchun", events.AccountID(fmt.Sprint("a", i)))).Submit(context.Background(), intakeapi.SubmitParams{}, body); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	accepted := 0
	for _, a := range answers {
		if a.Status == intakeapi.Accepted {
			accepted++
		}
		if a.ID != answers[0].ID || a.Sequence != answers[0].Sequence {
			t.Errorf("answers differ: %+v, %+v", a, answers[0])
		}
	}
	if accepted != 1 {
		t.Errorf("%d were accepted", accepted)
	}
}

func TestSameReferenceOtherContent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	c := r.client(office("changchun", "a"))
	first, err := c.Submit(ctx, intakeapi.SubmitParams{}, line(t, 0))
	must(t, err)
	// Another spelling and another order of keys are the same case.
	again, err := c.Submit(ctx, intakeapi.SubmitParams{}, change(t, line(t, 0), map[string]any{"ref": "长安委办曝（2026） 1号"}))
	if err != nil || again.Status != intakeapi.Exists || again.ID != first.ID {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	_, err = c.Submit(ctx, intakeapi.SubmitParams{}, change(t, line(t, 0), map[string]any{"title": "另一个标题"}))
	if !fault.Is(err, fault.Duplicate) || !bytes.Contains(fault.Of(err).Current, []byte("启衡")) {
		t.Errorf("other content: %v", err)
	}
	got, err := c.Get(ctx, intakeapi.GetParams{ID: first.ID})
	if err != nil || bytes.Contains(got.Case, []byte("另一个标题")) || len(got.History) != 1 {
		t.Errorf("the first was changed: %s, %v", got.Case, err)
	}
}

// unexposed submits the first sample without its publications.
func (r *rig) unexposed(o events.OfficeSlug) intakeapi.Submitted {
	got, err := r.client(office(o, "a")).Submit(context.Background(), intakeapi.SubmitParams{}, change(r.t, line(r.t, 0), map[string]any{"exposures": []any{}, "office": o}))
	must(r.t, err)
	return got
}

func TestFiftyPeopleOnOneCase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	id := r.unexposed("changchun").ID
	results := make([]error, 50)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			body := fmt.Sprintf(`{"title":"第%d次修改"}`, i)
			_, results[i] = r.client(office("changchun", events.AccountID(fmt.Sprint("b", i)))).Command(ctx, intakeapi.CommandParams{ID: id, Name: "amend", Key: "k"}, []byte(body))
		})
	}
	wg.Wait()
	applied := 0
	for _, err := range results {
		switch {
		case err == nil:
			applied++
		case !fault.Is(err, fault.Conflict):
			t.Error(err)
		case len(fault.Of(err).Current) == 0:
			t.Error("a conflict without the present state")
		}
	}
	got, err := r.client(office("changchun", "a")).Get(ctx, intakeapi.GetParams{ID: id})
	must(t, err)
	if len(got.History) != applied+1 || applied == 0 {
		t.Errorf("%d commands were answered with success, %d facts are there", applied, len(got.History)-1)
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	id := r.unexposed("changchun").ID
	c := r.client(office("changchun", "b"))
	p := intakeapi.CommandParams{ID: id, Name: "review", Key: "once"}
	first, err := c.Command(ctx, p, []byte(`{}`))
	must(t, err)
	again, err := c.Command(ctx, p, []byte(`{}`))
	if err != nil || again.Sequence != first.Sequence {
		t.Errorf("sent twice: %+v, %v", again, err)
	}
	if _, err := c.Command(ctx, p, []byte(`{"opinion":"其他"}`)); !fault.Is(err, fault.KeyReused) {
		t.Errorf("another request with the key: %v", err)
	}
}

func TestEyes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	id := r.unexposed("changchun").ID
	other := r.client(office("jilin", "x"))
	_, hidden := other.Get(ctx, intakeapi.GetParams{ID: id})
	_, missing := other.Get(ctx, intakeapi.GetParams{ID: events.CaseIDFor("jilin", "nothing")})
	if hidden == nil || hidden.Error() != missing.Error() {
		t.Errorf("a hidden case gives %v, a missing one %v", hidden, missing)
	}
	if _, err := other.Command(ctx, intakeapi.CommandParams{ID: id, Name: "review"}, []byte(`{}`)); !fault.Is(err, fault.NotFound) {
		t.Errorf("a command on a hidden case: %v", err)
	}
	found, err := other.Find(ctx, intakeapi.FindParams{Ref: "长安委办曝〔2026〕1号"})
	if err != nil || len(found.Cases) != 0 {
		t.Errorf("found %s, %v", found.Cases, err)
	}
	if _, err := r.client(province).Get(ctx, intakeapi.GetParams{ID: id}); err != nil {
		t.Error(err)
	}
	forged := intakeapi.Client{Client: bus.Client{Conn: r.conn, Token: "eyJhY2NvdW50IjoieCJ9.AAAA"}}
	if _, err := forged.Get(ctx, intakeapi.GetParams{ID: id}); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("an actor that portal didn't sign: %v", err)
	}
}

func TestRenumberHoldsTheNewReference(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	id := r.unexposed("changchun").ID
	c := r.client(office("changchun", "a"))
	_, err := c.Command(ctx, intakeapi.CommandParams{ID: id, Name: "renumber"}, []byte(`{"ref":"长安委办曝〔2026〕99号"}`))
	must(t, err)
	_, err = c.Submit(ctx, intakeapi.SubmitParams{}, change(t, line(t, 1), map[string]any{"ref": "长安委办曝[2026]99号"}))
	if !fault.Is(err, fault.Duplicate) {
		t.Errorf("a submission under a held reference: %v", err)
	}
	found, err := c.Find(ctx, intakeapi.FindParams{Ref: "长安委办曝(2026)99号"})
	if err != nil || len(found.Cases) != 1 || !strings.Contains(string(found.Cases[0]), string(id)) {
		t.Errorf("found %s, %v", found.Cases, err)
	}
	taken, err := c.Submit(ctx, intakeapi.SubmitParams{}, line(t, 1))
	must(t, err)
	if _, err := c.Command(ctx, intakeapi.CommandParams{ID: id, Name: "renumber"}, []byte(`{"ref":"`+taken.Ref+`"}`)); !fault.Is(err, fault.Duplicate) {
		t.Errorf("a reference that is taken: %v", err)
	}
}

// The whole track by hand: two people, embargo, publication, correction, objection, withdrawal with consent, again. Then every state is what folding gives.
func TestTrackAndReplay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	id := r.unexposed("changchun").ID
	a, b, p := r.client(office("changchun", "a")), r.client(office("changchun", "b")), r.client(province)
	today := string(events.DayOf(r.bus.Now()))
	give := func(c intakeapi.Client, name, body string, want fault.Code) {
		t.Helper()
		_, err := c.Command(ctx, intakeapi.CommandParams{ID: id, Name: name}, []byte(body))
		if want == "" && err != nil || want != "" && !fault.Is(err, want) {
			t.Fatalf("%s %s: %v, want %q", name, body, err, want)
		}
	}
	publication := `{"outlet":"长春安行视界","kind":"tv","headline":"曝光","url":"https://example.cn/1","published_on":"` + today + `"}`
	give(a, "review", `{}`, fault.Forbidden)
	give(b, "embargo", `{"outlets":["cc-tv"],"until":"2099-01-01T00:00:00Z"}`, fault.WrongState)
	give(b, "review", `{"title":"x"}`, fault.Invalid)
	give(b, "review", `{}`, "")
	give(b, "embargo", `{"outlets":["cc-tv"],"until":"2099-01-01T00:00:00Z"}`, "")
	give(b, "publish", publication, fault.Invalid) // before the embargo's end
	named := r.client(access.Actor{Account: "j", Role: access.Journalist, Outlet: "cc-tv"})
	if _, err := named.Get(ctx, intakeapi.GetParams{ID: id}); err != nil {
		t.Errorf("the named outlet doesn't see the case: %v", err)
	}
	give(named, "publish", publication, fault.Forbidden)
	give(b, "lift-embargo", `{"reason":"媒体撤回约定"}`, "")
	if _, err := named.Get(ctx, intakeapi.GetParams{ID: id}); !fault.Is(err, fault.NotFound) {
		t.Errorf("the named outlet still sees the case: %v", err)
	}
	give(b, "publish", publication, "")
	give(b, "publish", publication, fault.Invalid)
	give(a, "amend", `{"title":"新标题"}`, fault.WrongState)
	give(a, "correct", `{"title":"新标题"}`, fault.Invalid)
	give(a, "correct", `{"title":"新标题","reason":"笔误"}`, "")
	give(a, "object", `{"text":"不属实"}`, "")
	give(b, "answer", `{"text":"已核实"}`, "")
	give(b, "answer", `{"text":"已核实"}`, fault.Invalid)
	give(p, "withdraw", `{"reason":"同意"}`, fault.Invalid)
	give(a, "ask-withdrawal", `{"reason":"误报"}`, "")
	give(p, "withdraw", `{"reason":"同意"}`, "")
	if _, err := named.Get(ctx, intakeapi.GetParams{ID: id}); !fault.Is(err, fault.Gone) {
		t.Errorf("a withdrawn case isn't gone: %v", err)
	}
	give(a, "resubmit", string(change(t, line(t, 0), map[string]any{"title": "重新上报"})), "")

	messages, err := r.bus.History(ctx, events.StreamCases, events.CaseSubject("changchun", id), 100)
	must(t, err)
	var state events.CaseState
	var chain events.ChainValue
	for _, m := range messages {
		fact, err := events.Default.DecodeFact(m.Meta.Type, m.Body)
		must(t, err)
		state, err = server.Aggregate.Step(state, m.Meta, fact)
		must(t, err)
		got, err := json.Marshal(state)
		must(t, err)
		if !bytes.Equal(got, m.Body.State) {
			t.Errorf("after %s folding gives\n%s\nthe message has\n%s", m.Meta.Type, got, m.Body.State)
		}
		if want := events.Chain(chain, m.Subject, m.Header, m.Data); want != m.Meta.Chain {
			t.Errorf("%s: chain broken", m.Meta.Type)
		}
		chain = m.Meta.Chain
	}
	if len(messages) != 11 || state.State != events.CaseExposed {
		t.Errorf("%d facts, %s", len(messages), state.State)
	}
}
