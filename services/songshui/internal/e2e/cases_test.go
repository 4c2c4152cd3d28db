package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"songshui.internal/services/portal/portalapi"
)

func TestMe(t *testing.T) {
	t.Parallel()
	var me portalapi.Me
	r := call(t, "changchun-1", http.MethodGet, "/api/v1/me", nil)
	r.decode(t, &me)
	slices.Sort(me.Duties)
	if r.status != http.StatusOK || me.Role != "office" || me.Office != "changchun" || me.Account == "" || !slices.Equal(me.Duties, []string{"drafter", "reviewer", "signer"}) {
		t.Errorf("office: %s", r.body)
	}
	r = call(t, "journalist", http.MethodGet, "/api/v1/me", nil)
	r.decode(t, &me)
	if me.Role != "journalist" || me.Outlet != "cc-tv" || len(me.Duties) != 0 {
		t.Errorf("journalist: %s", r.body)
	}
}

func TestWhoHasNoAccount(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/v1/me", "/api/v1/search", "/api/v1/cases/" + system.cases["长安委办曝〔2026〕1号"], "/files", "/media/x/y"} {
		method := http.MethodGet
		if path == "/files" {
			method = http.MethodPost
		}
		call(t, "", method, path, nil).problem(t, http.StatusUnauthorized, "unauthenticated")
		r := call(t, "", method, path, nil, "Authorization", "Bearer token-of-nobody-at-all-in-here")
		if p := r.problem(t, http.StatusUnauthorized, "unauthenticated"); !han(p.Title) || r.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s", path, r.body)
		}
	}
}

func TestSubmitAgain(t *testing.T) {
	t.Parallel()
	first := submit(t, "测〔2026〕1号", nil)
	r := call(t, "changchun-2", http.MethodPost, "/api/v1/cases", variant(t, 0, map[string]any{"ref": "测〔2026〕1号"}))
	var again portalapi.Submitted
	r.decode(t, &again)
	if r.status != http.StatusOK || again.Status != "exists" || again.ID != first.ID || again.State != "exposed" {
		t.Errorf("again: %d %s", r.status, r.body)
	}
	r = call(t, "changchun-1", http.MethodPost, "/api/v1/cases", variant(t, 0, map[string]any{"ref": "测〔2026〕1号", "title": "另一个标题"}))
	p := r.problem(t, http.StatusConflict, "duplicate")
	var current struct{ ID, Title string }
	must(t, json.Unmarshal(p.Current, &current))
	if current.ID != first.ID || current.Title == "另一个标题" || named(p.Errors, "ref", "duplicate") == nil {
		t.Errorf("duplicate: %s", r.body)
	}
}

func TestBadCases(t *testing.T) {
	t.Parallel()
	expected, lines := badLines(t, "bad-cases")
	for _, want := range expected {
		for _, language := range []string{"", "en"} {
			r := call(t, "changchun-1", http.MethodPost, "/api/v1/cases", lines[want.Line-1], "Accept-Language", language)
			var p portalapi.Problem
			r.decode(t, &p)
			e := named(p.Errors, want.Field, want.Code)
			if e == nil || !slices.Contains([]int{400, 409, 413, 422}, r.status) {
				t.Errorf("line %d (%s): %d %.400s", want.Line, want.Name, r.status, r.body)
				continue
			}
			if (language == "en") == han(e.Message) || (language == "en") == han(p.Title) || e.Message == "" || len(p.Errors) > 2 {
				t.Errorf("line %d (%s) in %q: %.400s", want.Line, want.Name, language, r.body)
			}
		}
	}
}

func TestRefusalsOfTheInterface(t *testing.T) {
	t.Parallel()
	id := system.cases["长安委办曝〔2026〕1号"]
	t.Run("unknown route", func(t *testing.T) {
		call(t, "changchun-1", http.MethodGet, "/api/v1/nothing", nil).problem(t, http.StatusNotFound, "not_found")
	})
	t.Run("unknown command", func(t *testing.T) {
		command(t, "changchun-1", id, "explode", `{}`).problem(t, http.StatusNotFound, "not_found")
	})
	t.Run("method", func(t *testing.T) {
		r := call(t, "changchun-1", http.MethodDelete, "/api/v1/cases/"+id, nil)
		if r.status != http.StatusNotFound && r.status != http.StatusMethodNotAllowed || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%d %s", r.status, r.body)
		}
	})
	t.Run("body", func(t *testing.T) {
		big := append([]byte(`{"title":"`), append(bytes.Repeat([]byte("x"), 2<<20), `"}`...)...)
		call(t, "changchun-1", http.MethodPost, "/api/v1/cases", big).problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
		call(t, "changchun-1", http.MethodPost, "/api/v1/cases", []byte(`{"ref":`)).problem(t, http.StatusBadRequest, "malformed")
		call(t, "changchun-1", http.MethodPost, "/api/v1/cases", []byte{}).problem(t, http.StatusBadRequest, "malformed")
		p := call(t, "changchun-1", http.MethodPost, "/api/v1/cases", []byte(`[]`)).problem(t, http.StatusUnprocessableEntity, "invalid")
		if len(p.Errors) != 1 || named(p.Errors, "", "type") == nil {
			t.Errorf("a list: %+v", p.Errors)
		}
	})
	t.Run("long summary", func(t *testing.T) {
		r := call(t, "changchun-1", http.MethodPost, "/api/v1/cases", variant(t, 0, map[string]any{"ref": "测长文", "summary": strings.Repeat("隐患", 5001)}))
		if p := r.problem(t, http.StatusUnprocessableEntity, "invalid"); named(p.Errors, "summary", "too_long") == nil {
			t.Errorf("%.300s", r.body)
		}
	})
	t.Run("every field at once", func(t *testing.T) {
		r := call(t, "changchun-1", http.MethodPost, "/api/v1/cases", variant(t, 0, map[string]any{"ref": "测错", "title": 5, "sector": "x", "penalty_yuan": -1, "nonsense": true}))
		p := r.problem(t, http.StatusUnprocessableEntity, "invalid")
		if len(p.Errors) != 4 || named(p.Errors, "nonsense", "unknown_field") == nil || named(p.Errors, "title", "type") == nil {
			t.Errorf("%s", r.body)
		}
	})
	t.Run("who may not submit", func(t *testing.T) {
		call(t, "journalist", http.MethodPost, "/api/v1/cases", variant(t, 0, map[string]any{"ref": "测记者"})).problem(t, http.StatusForbidden, "forbidden")
		r := call(t, "jilin-1", http.MethodPost, "/api/v1/cases", variant(t, 0, map[string]any{"ref": "测吉林"}))
		if p := r.problem(t, http.StatusForbidden, "forbidden"); named(p.Errors, "office", "forbidden") == nil {
			t.Errorf("%s", r.body)
		}
	})
	t.Run("parameters", func(t *testing.T) {
		p := call(t, "changchun-1", http.MethodGet, "/api/v1/cases/"+id+"?min_seq=x", nil).problem(t, http.StatusBadRequest, "bad_parameter")
		if named(p.Errors, "min_seq", "type") == nil {
			t.Errorf("%+v", p)
		}
		p = call(t, "changchun-1", http.MethodGet, "/api/v1/cases", nil).problem(t, http.StatusBadRequest, "bad_parameter")
		if named(p.Errors, "ref", "required") == nil {
			t.Errorf("%+v", p)
		}
	})
}

func TestHiddenIsLikeMissing(t *testing.T) {
	t.Parallel()
	hidden := submit(t, "测〔2026〕暗号", map[string]any{"exposures": []any{}, "title": "独角兽仓库无证动火"})
	wait(t, "changchun-1", "独角兽", hidden.ID)
	missing := call(t, "jilin-1", http.MethodGet, "/api/v1/cases/"+strings.Repeat("a", 26), nil)
	missing.problem(t, http.StatusNotFound, "not_found")
	for _, who := range []string{"jilin-1", "journalist"} {
		got := call(t, who, http.MethodGet, "/api/v1/cases/"+hidden.ID, nil)
		got.problem(t, http.StatusNotFound, "not_found")
		if got.withoutID() != missing.withoutID() {
			t.Errorf("%s can tell: %s, %s", who, got.body, missing.body)
		}
		// How long it takes to say so is told, not judged.
		t.Logf("%s: 404 of a hidden case in %v, of a missing one in %v (medians of 30)", who, median(t, who, hidden.ID), median(t, who, strings.Repeat("a", 26)))
		for _, name := range []string{"publish", "start"} {
			one, other := command(t, who, hidden.ID, name, `{}`), command(t, who, strings.Repeat("a", 26), name, `{}`)
			if one.status != other.status || one.withoutID() != other.withoutID() {
				t.Errorf("%s can tell by %s: %s, %s", who, name, one.body, other.body)
			}
		}
		var cases portalapi.Cases
		call(t, who, http.MethodGet, "/api/v1/cases?ref="+url.QueryEscape("测〔2026〕暗号"), nil).decode(t, &cases)
		if len(cases.Cases) != 0 {
			t.Errorf("%s finds it by reference", who)
		}
		var found portalapi.Found
		call(t, who, http.MethodGet, "/api/v1/search?q="+url.QueryEscape("独角兽仓库"), nil).decode(t, &found)
		for _, h := range found.Hits {
			if h.ID == hidden.ID {
				t.Errorf("%s finds it", who)
			}
		}
		call(t, who, http.MethodGet, "/api/v1/search?office=changchun&per_page=100", nil).decode(t, &found)
		for _, h := range found.Hits {
			if h.State != "exposed" {
				t.Errorf("%s sees %s, %s", who, h.Ref, h.State)
			}
		}
		if found.Facets["state"]["submitted"] != 0 {
			t.Errorf("%s: facets %v", who, found.Facets)
		}
	}
	for _, who := range []string{"changchun-2", "supervisor"} {
		if got := call(t, who, http.MethodGet, "/api/v1/cases/"+hidden.ID, nil); got.status != http.StatusOK {
			t.Errorf("%s: %d", who, got.status)
		}
	}
}

// median is how long asking for a case takes.
func median(t *testing.T, who, id string) time.Duration {
	t.Helper()
	var took []time.Duration
	for range 30 {
		begin := time.Now()
		call(t, who, http.MethodGet, "/api/v1/cases/"+id, nil)
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// until asks again and again until what is told holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(15 * time.Second)
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

// wait asks the search until it finds a case.
func wait(t *testing.T, as, q, id string) {
	t.Helper()
	until(t, q+" is found", func() bool {
		return slices.ContainsFunc(search(t, as, "q="+url.QueryEscape(q)).Hits, func(h portalapi.Hit) bool { return h.ID == id })
	})
}

func TestBothTracks(t *testing.T) {
	t.Parallel()
	got := submit(t, "测〔2026〕两轨", map[string]any{"exposures": []any{}})
	var seq uint64
	give := func(as, name, body string) portalapi.Commanded {
		t.Helper()
		r := command(t, as, got.ID, name, body)
		var done portalapi.Commanded
		r.decode(t, &done)
		if r.status != http.StatusOK || done.Sequence == 0 || len(done.State) == 0 {
			t.Fatalf("%s: %d %s", name, r.status, r.body)
		}
		return done
	}
	// The one who submitted can't review.
	command(t, "changchun-1", got.ID, "review", `{}`).problem(t, http.StatusForbidden, "forbidden")
	seq = give("changchun-2", "review", `{"opinion":"属实"}`).Sequence
	p := command(t, "changchun-2", got.ID, "review", `{}`).problem(t, http.StatusConflict, "wrong_state")
	if !bytes.Contains(p.Current, []byte(`"reviewed"`)) {
		t.Errorf("current: %s", p.Current)
	}
	p = command(t, "changchun-1", got.ID, "publish", `{"kind":"tv","url":"javascript:1"}`).problem(t, http.StatusUnprocessableEntity, "invalid")
	for field, code := range map[string]string{"outlet": "required", "headline": "required", "published_on": "required", "url": "scheme"} {
		if named(p.Errors, field, code) == nil {
			t.Errorf("publish doesn't name %s: %+v", field, p.Errors)
		}
	}
	// A wrong field is the caller's mistake in any state: it is told before that the state doesn't take the command, on both tracks.
	command(t, "changchun-2", got.ID, "review", `{"outlet":"x"}`).problem(t, http.StatusUnprocessableEntity, "invalid")
	command(t, "changchun-2", got.ID, "lift-embargo", `{}`).problem(t, http.StatusUnprocessableEntity, "invalid")
	command(t, "changchun-2", got.ID, "lift-embargo", `{"reason":"x"}`).problem(t, http.StatusConflict, "wrong_state")
	done := give("changchun-1", "publish", `{"outlet":"长春安行视界电视栏目","kind":"tv","headline":"曝光","url":"https://tv.example.cn/1","published_on":"2026-11-20"}`)
	if done.Stream != "CASES" || done.Sequence <= seq {
		t.Errorf("publish: %+v", done)
	}
	var v struct {
		Case          struct{ State string }
		Rectification *struct {
			State       string
			Due         string
			OverdueDays int `json:"overdue_days"`
		}
		History []portalapi.Step
		Next    []portalapi.Next
	}
	opened(t, got.ID)
	r := call(t, "changchun-1", http.MethodGet, "/api/v1/cases/"+got.ID+"?min_seq="+strconv.FormatUint(done.Sequence, 10), nil)
	r.decode(t, &v)
	if v.Case.State != "exposed" || v.Rectification == nil || v.Rectification.State != "pending" || v.Rectification.Due == "" {
		t.Fatalf("after publication: %s", r.body)
	}
	if i := slices.IndexFunc(v.Next, func(n portalapi.Next) bool { return n.Command == "start" }); i < 0 || !slices.ContainsFunc(v.Next[i].Fields, func(f portalapi.NextField) bool {
		return f.Name == "emergency_plan" && f.Required
	}) {
		t.Errorf("next: %+v", v.Next)
	}
	p = command(t, "changchun-1", got.ID, "start", `{"responsible_person":"主要负责人","funds_yuan":-1}`).problem(t, http.StatusUnprocessableEntity, "invalid")
	if named(p.Errors, "emergency_plan", "required_for_major") == nil || named(p.Errors, "funds_yuan", "out_of_range") == nil {
		t.Errorf("start: %+v", p.Errors)
	}
	plan := strings.Repeat("停止作业，专人值守，", 5)
	done = give("changchun-1", "start", `{"responsible_person":"主要负责人","funds_yuan":10000,"interim_safeguards":"`+plan+`","emergency_plan":"`+plan+`"}`)
	if done.Stream != "RECTIFICATION" || !bytes.Contains(done.State, []byte(`"in-progress"`)) {
		t.Errorf("start: %+v", done)
	}
	give("changchun-1", "progress", `{"text":"已更换法兰垫片"}`)
	command(t, "changchun-1", got.ID, "grant-extension", `{}`).problem(t, http.StatusConflict, "wrong_state")
	command(t, "changchun-1", got.ID, "return", `{}`).problem(t, http.StatusUnprocessableEntity, "invalid")
	command(t, "journalist", got.ID, "progress", `{"text":"x"}`).problem(t, http.StatusForbidden, "forbidden")
	r = call(t, "journalist", http.MethodGet, "/api/v1/cases/"+got.ID, nil)
	r.decode(t, &v)
	if v.Rectification == nil || v.Rectification.State != "in-progress" || len(v.Next) != 0 {
		t.Errorf("journalist: %s", r.body)
	}
	call(t, "changchun-1", http.MethodGet, "/api/v1/cases/"+got.ID+"?min_seq=99999999", nil).problem(t, http.StatusServiceUnavailable, "unavailable")
}

// opened waits for a case's rectification, which opens by itself.
func opened(t *testing.T, id string) {
	t.Helper()
	until(t, "the rectification is opened", func() bool {
		v, err := client("supervisor").Case(t.Context(), id, 0)
		must(t, err)
		return len(v.Rectification) > 0 && string(v.Rectification) != "null"
	})
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	got := submit(t, "测〔2026〕钥匙", map[string]any{"exposures": []any{}})
	one := command(t, "changchun-1", got.ID, "amend", `{"penalty_yuan":1}`, "Idempotency-Key", "k1")
	two := command(t, "changchun-1", got.ID, "amend", `{"penalty_yuan":1}`, "Idempotency-Key", "k1")
	var a, b portalapi.Commanded
	one.decode(t, &a)
	two.decode(t, &b)
	if one.status != 200 || two.status != 200 || a.Sequence == 0 || a.Sequence != b.Sequence {
		t.Errorf("repeated: %s, %s", one.body, two.body)
	}
	p := command(t, "changchun-1", got.ID, "amend", `{"penalty_yuan":2}`, "Idempotency-Key", "k1").problem(t, http.StatusConflict, "key_reused")
	if !bytes.Contains(p.Current, []byte(`"penalty_yuan":1`)) {
		t.Errorf("current: %s", p.Current)
	}
	command(t, "changchun-1", got.ID, "amend", `{}`, "Idempotency-Key", strings.Repeat("k", 300)).problem(t, http.StatusBadRequest, "bad_parameter")
}

func TestByReference(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{"长安委办曝〔2026〕1号", "长安委办曝（2026） 1号", "TH/2026/0701"} {
		var got struct {
			Cases []struct{ ID, Ref, State string }
		}
		r := call(t, "journalist", http.MethodGet, "/api/v1/cases?ref="+url.QueryEscape(ref), nil)
		r.decode(t, &got)
		if len(got.Cases) != 1 || got.Cases[0].ID != system.cases[got.Cases[0].Ref] {
			t.Errorf("%s: %s", ref, r.body)
		}
	}
	var none portalapi.Cases
	r := call(t, "journalist", http.MethodGet, "/api/v1/cases?office=jilin&ref="+url.QueryEscape("长安委办曝〔2026〕1号"), nil)
	r.decode(t, &none)
	if len(none.Cases) != 0 {
		t.Errorf("another office's: %s", r.body)
	}
}

func TestWithdrawnCaseLeavesTheReaders(t *testing.T) {
	t.Parallel()
	got := submit(t, "测〔2026〕撤回", map[string]any{"title": "麒麟冷库氨气浓度超标", "exposures": []any{}})
	must(t, ok(command(t, "changchun-1", got.ID, "publish", `{"outlet":"长春安行视界电视栏目","kind":"tv","headline":"曝光","url":"https://tv.example.cn/2","published_on":"2026-11-20"}`)))
	wait(t, "journalist", "麒麟冷库", got.ID)
	command(t, "supervisor", got.ID, "withdraw", `{"reason":"事实有误"}`).problem(t, http.StatusUnprocessableEntity, "invalid")
	must(t, ok(command(t, "changchun-1", got.ID, "ask-withdrawal", `{"reason":"事实有误"}`)))
	command(t, "changchun-1", got.ID, "withdraw", `{"reason":"事实有误"}`).problem(t, http.StatusForbidden, "forbidden")
	withdrawn := time.Now()
	must(t, ok(command(t, "supervisor", got.ID, "withdraw", `{"reason":"同意"}`)))
	for _, who := range []string{"journalist", "jilin-1"} {
		call(t, who, http.MethodGet, "/api/v1/cases/"+got.ID, nil).problem(t, http.StatusGone, "gone")
		command(t, who, got.ID, "progress", `{"text":"x"}`).problem(t, http.StatusGone, "gone")
	}
	call(t, "admin", http.MethodGet, "/api/v1/cases/"+got.ID, nil).problem(t, http.StatusNotFound, "not_found")
	if r := call(t, "journalist", http.MethodGet, "/cases/"+got.ID, nil); r.status != http.StatusGone || !bytes.Contains(r.body, []byte("撤回")) || bytes.Contains(r.body, []byte("麒麟")) {
		t.Errorf("its page: %d %s", r.status, r.body)
	}
	if r := call(t, "changchun-2", http.MethodGet, "/api/v1/cases/"+got.ID, nil); r.status != http.StatusOK || !bytes.Contains(r.body, []byte(`"withdrawn"`)) {
		t.Errorf("its office: %d %s", r.status, r.body)
	}
	until(t, "the journalist doesn't find it any more", func() bool {
		for _, h := range search(t, "journalist", "q="+url.QueryEscape("麒麟冷库")).Hits {
			if h.ID == got.ID {
				return false
			}
		}
		typed := call(t, "journalist", http.MethodGet, "/api/v1/suggest?q="+url.QueryEscape("麒麟冷"), nil)
		return !bytes.Contains(typed.body, []byte("麒麟")) && !bytes.Contains(call(t, "journalist", http.MethodGet, "/api/v1/search.csv?q="+url.QueryEscape("麒麟冷库"), nil).body, []byte(got.ID))
	})
	if took := time.Since(withdrawn); took > 5*time.Second {
		t.Errorf("it was still found, suggested or exported after %v", took)
	}
	wait(t, "changchun-2", "麒麟冷库", got.ID)
}

// A case that is withdrawn before anybody else could see it never was there for them.
func TestWithdrawnUnseen(t *testing.T) {
	t.Parallel()
	got := submit(t, "测〔2026〕未见撤回", map[string]any{"exposures": []any{}})
	must(t, ok(command(t, "changchun-1", got.ID, "ask-withdrawal", `{"reason":"误报"}`)))
	must(t, ok(command(t, "supervisor", got.ID, "withdraw", `{"reason":"同意"}`)))
	missing := strings.Repeat("a", len(got.ID))
	for _, who := range []string{"journalist", "jilin-1"} {
		r := call(t, who, http.MethodGet, "/api/v1/cases/"+got.ID, nil)
		r.problem(t, http.StatusNotFound, "not_found")
		if none := call(t, who, http.MethodGet, "/api/v1/cases/"+missing, nil); none.status != r.status || none.withoutID() != r.withoutID() {
			t.Errorf("%s is told apart:\n%s\n%s", who, r.body, none.body)
		}
		if r := call(t, who, http.MethodGet, "/cases/"+got.ID, nil); r.status != http.StatusNotFound {
			t.Errorf("%s: its page: %d", who, r.status)
		}
	}
}

func ok(r reply) error {
	if r.status/100 == 2 {
		return nil
	}
	return fmt.Errorf("%d %s", r.status, r.body)
}
