package tables

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

// A person without a session is sent to sign in and comes back; style and script are there for everybody.
func TestNobody(t *testing.T) {
	t.Parallel()
	pages, public := http.NewServeMux(), http.NewServeMux()
	Routes(pages, public)
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Path, nil))
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2Fimport" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, name := range []string{"tables.css", "tables.js"} {
		w := httptest.NewRecorder()
		public.ServeHTTP(w, httptest.NewRequest(http.MethodGet, assets.Path(name), nil))
		if w.Code != http.StatusOK || w.Body.Len() == 0 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

// Without script the page says what it needs, in each language; the template can be had all the same.
func TestTemplate(t *testing.T) {
	t.Parallel()
	for l, want := range map[messages.Language]string{messages.Chinese: "导入需要浏览器启用 JavaScript", messages.English: "Loading needs JavaScript"} {
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, Path, nil), http.StatusOK, page, "", words(l))
		if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, want) || !strings.Contains(body, `href="/api/v1/imports/template.xlsx"`) || !strings.Contains(body, `data-max="20"`) {
			t.Errorf("%d: %d %s", l, w.Code, body)
		}
	}
}
