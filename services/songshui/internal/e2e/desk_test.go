package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"songshui.internal/services/portal/portalapi"
)

// TestDesk: an office sees what waits for it, each case under what it waits for, and another's nothing of it; others have no desk.
func TestDesk(t *testing.T) {
	t.Parallel()
	office := signedIn(t, "changbaishan-2")
	path := office.draft(t)
	if r := office.form(t, path, url.Values{"title": {"夔牛工地草稿"}, "revision": {"0"}}); r.status != http.StatusSeeOther {
		t.Fatalf("a draft: %d", r.status)
	}
	var got portalapi.Submitted
	call(t, "changbaishan-1", http.MethodPost, "/api/v1/cases", variant(t, 0, map[string]any{"office": "changbaishan", "ref": "测〔2026〕台1", "exposures": []any{}, "title": "夔牛工地塔吊违章"})).decode(t, &got)
	id := got.ID
	part := func(v *visitor, id string) string {
		t.Helper()
		r := v.get(t, "/desk")
		if r.status != http.StatusOK {
			t.Fatalf("desk: %d %s", r.status, r.body)
		}
		_, rest, _ := strings.Cut(string(r.body), `id="`+id+`"`)
		in, _, _ := strings.Cut(rest, "</section>")
		return in
	}
	until(t, "it waits to be read", func() bool { return strings.Contains(part(office, "review"), "夔牛工地塔吊违章") })
	page := string(office.get(t, "/desk").body)
	for _, s := range []string{"夔牛工地草稿", path, `class="card quota`, "月"} {
		if !strings.Contains(page, s) {
			t.Errorf("no %q in %s", s, page)
		}
	}
	must(t, ok(command(t, "changbaishan-2", id, "review", `{}`)))
	until(t, "it waits to be published", func() bool {
		return strings.Contains(part(office, "publish"), "夔牛工地塔吊违章") && !strings.Contains(part(office, "review"), "夔牛工地塔吊违章")
	})
	if page := string(signedIn(t, "baishan-1").get(t, "/desk").body); strings.Contains(page, "夔牛") {
		t.Error("another office's desk has it")
	}
	if r := signedIn(t, "journalist").get(t, "/desk"); r.status != http.StatusForbidden {
		t.Errorf("a journalist: %d", r.status)
	}
}
