package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/portal/portalapi"
)

// striped makes a picture that is no other's.
func striped(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 331, 233))
	for y := range 233 {
		for x := range 331 {
			img.Set(x, y, color.RGBA{uint8(x * 3), uint8(y * 5), uint8(x * y), 255})
		}
	}
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

// stored counts the files of the system's directory that hold just these bytes; a file that goes meanwhile isn't one.
func stored(data []byte) int {
	n := 0
	_ = filepath.WalkDir(system.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() != int64(len(data)) {
			return nil
		}
		if b, err := os.ReadFile(path); err == nil && bytes.Equal(b, data) {
			n++
		}
		return nil
	})
	return n
}

// TestErasure takes a picture through an erasure that is asked, taken back, asked again and agreed to; then nothing but the record is left.
func TestErasure(t *testing.T) {
	t.Parallel()
	picture := striped(t)
	r := upload(t, "liaoyuan-1", "误传 私宅.jpg", picture)
	if r.status != http.StatusCreated {
		t.Fatalf("upload: %d %s", r.status, r.body)
	}
	id := r.header.Get(portalapi.HeaderMediaID)
	at := "/api/v1/media/" + id
	came(t, "liaoyuan-1", id, "rendered")
	give := func(who, command, reason string) reply {
		t.Helper()
		return call(t, who, http.MethodPost, at+"/commands/"+command, fmt.Appendf(nil, `{"reason":%q}`, reason))
	}
	done := func(r reply) {
		t.Helper()
		if r.status != http.StatusOK {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	// asked tells whether the medium is in the administrator's two lists.
	asked := func() bool {
		t.Helper()
		var found portalapi.Media
		call(t, "admin", http.MethodGet, "/api/v1/media?erasure=asked&per_page=100", nil).decode(t, &found)
		i := slices.IndexFunc(found.Media, func(m portalapi.Medium) bool { return m.ID == id })
		if i >= 0 && (found.Media[i].File != "" || found.Media[i].SHA256 != "" || len(found.Media[i].Renditions) > 0) {
			t.Errorf("an administrator sees the medium's content: %+v", found.Media[i])
		}
		page := call(t, "admin", http.MethodGet, "/look", nil)
		if shown := strings.Contains(string(page.body), `href="/look/`+id+`"`); page.status != http.StatusOK || shown != (i >= 0) {
			t.Errorf("the page: %d, has it: %v; the interface: %v", page.status, shown, i >= 0)
		}
		return i >= 0
	}

	if asked() {
		t.Error("in the list before anybody has asked")
	}
	for _, command := range []string{"ask-erasure", "withdraw-erasure", "erase"} {
		give("liaoyuan-1", command, "想删").problem(t, http.StatusForbidden, "forbidden")
		give("jilin-1", command, "想删").problem(t, http.StatusNotFound, "not_found")
	}
	give("admin", "erase", "x").problem(t, http.StatusConflict, "wrong_state")
	if p := give("supervisor", "ask-erasure", " ").problem(t, http.StatusUnprocessableEntity, "invalid"); named(p.Errors, "reason", "required") == nil {
		t.Errorf("without a reason: %+v", p.Errors)
	}
	done(give("supervisor", "ask-erasure", "误传他人住宅"))
	until(t, "the administrator sees it", asked)
	give("supervisor", "erase", "我自己同意").problem(t, http.StatusForbidden, "forbidden")
	done(give("supervisor", "withdraw-erasure", "再核实"))
	until(t, "the list is without it", func() bool { return !asked() })
	give("admin", "erase", "x").problem(t, http.StatusConflict, "wrong_state")

	done(give("supervisor", "ask-erasure", "法院裁定书〔2026〕7号"))
	until(t, "the administrator sees it again", asked)
	before, err := client("liaoyuan-1").Medium(t.Context(), id)
	must(t, err)
	if before.ErasureAsked == nil || before.ErasureAsked.Role != "supervisor" || before.ErasureAsked.Reason != "法院裁定书〔2026〕7号" || len(before.Renditions) == 0 {
		t.Fatalf("as its office sees it: %+v", before)
	}
	original := "/media/" + id + "/original?reason=" + url.QueryEscape("核对")
	if r := call(t, "supervisor", http.MethodGet, original, nil); r.status != http.StatusOK || !bytes.Equal(r.body, picture) {
		t.Fatalf("the original before: %d", r.status)
	}
	if stored(picture) == 0 {
		t.Fatal("the original isn't found where the system keeps its bytes")
	}

	// The administrator agrees on the page, with a tick.
	agree := func(confirm string) reply {
		form := url.Values{"command": {"erase"}, "reason": {"已核对裁定书原件"}, "confirm": {confirm}}
		return call(t, "admin", http.MethodPost, "/look/"+id, []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	}
	if r := agree(""); r.status != http.StatusUnprocessableEntity || !strings.Contains(string(r.body), "已核对裁定书原件") {
		t.Errorf("without a tick: %d", r.status)
	}
	if r := agree("yes"); r.status != http.StatusSeeOther {
		t.Fatalf("agree: %d %s", r.status, r.body)
	}
	gone(t, id, before, original)
	until(t, "the bytes are gone", func() bool { return stored(picture) == 0 })
	until(t, "the list is without it", func() bool { return !asked() })
	give("admin", "erase", "再次").problem(t, http.StatusConflict, "wrong_state")
	decided(t, id)
}

// gone wants a read of anything of an erased medium refused, for whoever asks.
func gone(t *testing.T, id string, before portalapi.Medium, original string) {
	t.Helper()
	for _, who := range []string{"liaoyuan-1", "supervisor", "admin", "journalist"} {
		for _, path := range []string{original, before.Renditions[0].URL} {
			call(t, who, http.MethodGet, path, nil).problem(t, http.StatusNotFound, "not_found")
		}
	}
	after, err := client("supervisor").Medium(t.Context(), id)
	must(t, err)
	if after.State != "erased" || after.Reason != "已核对裁定书原件" || len(after.Renditions) != 0 || after.ErasureAsked == nil || after.ErasureAsked.Role != "supervisor" {
		t.Errorf("after: %+v", after)
	}
	for _, who := range []string{"supervisor", "admin"} {
		if page := string(call(t, who, http.MethodGet, "/look/"+id, nil).body); !strings.Contains(page, "已清除") || !strings.Contains(page, "法院裁定书〔2026〕7号") || strings.Contains(page, "照旧保留") {
			t.Errorf("%s's page says otherwise than that it is erased", who)
		}
	}
	last := after.History[len(after.History)-1]
	if last.Type != (events.MediaErasedFact{}).EventType() || last.Actor.Role != "admin" {
		t.Errorf("the history ends with %+v", last)
	}
}

// decided wants who and why of each step of the erasure in the log.
func decided(t *testing.T, id string) {
	t.Helper()
	account := map[string]events.AccountID{}
	for _, who := range []string{"supervisor", "admin"} {
		me, err := client(who).Me(t.Context())
		must(t, err)
		account[who] = events.AccountID(me.Account)
	}
	want := []struct{ command, who, reason string }{{"erasure-asked", "supervisor", "误传他人住宅"}, {"erasure-withdrawn", "supervisor", "再核实"}, {"erasure-asked", "supervisor", "法院裁定书〔2026〕7号"}, {"erased", "admin", "已核对裁定书原件"}}
	facts, err := system.Bus.History(t.Context(), events.StreamMedia, events.MediaSubject("liaoyuan", events.MediaID(id)), 100)
	must(t, err)
	for _, f := range facts {
		if !strings.Contains(f.Meta.Type, ".eras") {
			continue
		}
		var fact struct{ Reason string }
		must(t, json.Unmarshal(f.Body.Fact, &fact))
		if len(want) == 0 {
			t.Fatalf("one step too many: %+v", f.Meta)
		}
		w := want[0]
		want = want[1:]
		if f.Meta.Type != "songshui.media."+w.command+".v1" || f.Meta.Actor.Role != w.who || f.Meta.Actor.Account != account[w.who] || fact.Reason != w.reason {
			t.Errorf("%+v by %+v: %q, want %+v", f.Meta.Type, f.Meta.Actor, fact.Reason, w)
		}
	}
	if len(want) > 0 {
		t.Errorf("the log lacks %+v", want)
	}
}
