package help

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"songshui.internal/services/internal/rules/rulesfile"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

// TestEveryRule: each number is there with its basis, in words, and the reader's own part is open.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	all, err := rulesfile.Default()
	if err != nil {
		t.Fatal(err)
	}
	for role, own := range map[string]string{"office": "上报单位", "journalist": "记者", "supervisor": "省级督导", "unit": "责任单位和督办单位"} {
		w := httptest.NewRecorder()
		shell.Show(w, httptest.NewRequest(http.MethodGet, Path, nil), http.StatusOK, page, "帮助", data{messages.Chinese, role, all})
		body := w.Body.String()
		if !strings.Contains(body, "<details open><summary>"+own) || strings.Count(body, "<details open>") != 1 {
			t.Errorf("%s: %s", role, body)
		}
		for _, r := range all {
			for _, v := range r.Values {
				if !strings.Contains(body, r.Title) || !strings.Contains(body, v.Basis) {
					t.Errorf("no %s", r.Name)
				}
			}
		}
		if slug := regexp.MustCompile(`</strong> [a-z]`).FindString(body); slug != "" {
			t.Errorf("a unit without words: %q", slug)
		}
	}
}
