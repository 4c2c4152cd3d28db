package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"songshui.internal/services/portal/portalapi"
)

// TestClearOverHTTP takes a medium through the interface: in the list of what must be looked at, with wrong areas named, hidden, cleared, withdrawn with its case.
func TestClearOverHTTP(t *testing.T) {
	t.Parallel()
	const office = "changchun-1"
	r := upload(t, office, "待核可 1.jpg", sample(t, "welding.jpg"))
	id := r.header.Get(portalapi.HeaderMediaID)
	at := "/api/v1/media/" + id
	medium := func(who string) portalapi.Medium {
		m, err := client(who).Medium(t.Context(), id)
		must(t, err)
		return m
	}
	came(t, office, id, "rendered")
	got := submit(t, "测〔2026〕核可", map[string]any{"media": []any{map[string]any{"id": id, "caption": "现场"}}})
	until(t, "the case has taken it", func() bool { return len(medium(office).TakenBy) == 1 })
	listed, err := client(office).MediaInState(t.Context(), "rendered", "", 1, 100)
	must(t, err)
	if !slices.ContainsFunc(listed.Media, func(m portalapi.Medium) bool { return m.ID == id }) || listed.Total < len(listed.Media) {
		t.Errorf("%d of %d rendered ones, not this", len(listed.Media), listed.Total)
	}
	call(t, "journalist", http.MethodGet, "/api/v1/media?state=rendered", nil).problem(t, http.StatusForbidden, "forbidden")
	call(t, office, http.MethodGet, "/api/v1/media?state=x&page=0", nil).problem(t, http.StatusBadRequest, "bad_parameter")

	before := medium(office)
	if before.Examination == nil || len(before.History) < 3 || !slices.ContainsFunc(before.Next, func(n portalapi.Next) bool { return n.Command == "clear" }) || before.Renditions[0].ID != "w320-1" {
		t.Errorf("%+v", before)
	}
	old := before.Renditions[0].URL
	wrong := call(t, office, http.MethodPost, at+"/commands/mask", []byte(`{"areas":[{"x":0,"y":0,"width":999999,"height":1}]}`)).problem(t, http.StatusUnprocessableEntity, "invalid")
	if e := named(wrong.Errors, "areas[0].width", "outside_picture"); e == nil || !han(e.Message) {
		t.Errorf("%+v", wrong.Errors)
	}
	clear := func() reply {
		return call(t, office, http.MethodPost, at+"/commands/clear", []byte(`{}`), "Idempotency-Key", "clear-"+id)
	}
	for range 2 {
		if r := clear(); r.status != http.StatusOK {
			t.Fatalf("clear: %d %s", r.status, r.body)
		}
	}
	if m := medium("journalist"); m.State != "cleared" || m.Examination.Camera != "" || m.History != nil || m.Next != nil {
		t.Errorf("a journalist sees %+v", m)
	}
	if r := call(t, "journalist", http.MethodGet, old, nil); r.status != http.StatusOK || r.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("%d %v", r.status, r.header)
	}
	p := call(t, office, http.MethodPost, at+"/commands/clear", []byte(`{}`)).problem(t, http.StatusConflict, "wrong_state")
	if len(p.Current) == 0 {
		t.Error("the medium isn't told")
	}
	_, err = client(office).CommandMedium(t.Context(), id, "clear", "", map[string]any{"areas": []map[string]int{{"x": 10, "y": 10, "width": 50, "height": 50}}})
	must(t, err)
	call(t, "journalist", http.MethodGet, old, nil).problem(t, http.StatusGone, "gone")
	came(t, office, id, "cleared")
	anew := medium(office).Renditions[0].URL
	if r := call(t, "journalist", http.MethodGet, anew, nil); r.status != http.StatusOK {
		t.Errorf("the new copy: %d", r.status)
	}
	for _, c := range []struct{ who, name string }{{"changchun-1", "ask-withdrawal"}, {"supervisor", "withdraw"}} {
		if r := command(t, c.who, got.ID, c.name, `{"reason":"核对"}`); r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", c.name, r.status, r.body)
		}
	}
	call(t, "journalist", http.MethodGet, anew, nil).problem(t, http.StatusGone, "gone")
	call(t, "journalist", http.MethodGet, at, nil).problem(t, http.StatusGone, "gone")
	if r := call(t, office, http.MethodGet, anew, nil); r.status != http.StatusOK {
		t.Errorf("for its office: %d", r.status)
	}
}

// came waits until a medium has come to a state; those of the samples may be before it.
func came(t *testing.T, as, id, state string) {
	t.Helper()
	tick, end := time.NewTicker(50*time.Millisecond), time.After(2*time.Minute)
	defer tick.Stop()
	for {
		m, err := client(as).Medium(t.Context(), id)
		must(t, err)
		if m.State == state {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("%s is still %s", m.File, m.State)
		}
	}
}
