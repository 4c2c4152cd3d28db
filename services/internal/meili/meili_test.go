package meili_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"songshui.internal/services/internal/meili"
)

func TestUnread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		refusals, status int
	}{{0, 202}, {1, 202}, {3, 202}, {4, 408}} {
		var seen atomic.Int32
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != `[{"id":"1"}]` {
				t.Errorf("body %q: %v", body, err)
			}
			if int(seen.Add(1)) <= c.refusals {
				w.WriteHeader(http.StatusRequestTimeout)
				return
			}
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"taskUid":7}`)
		}))
		t.Cleanup(s.Close)
		info, err := meili.Connect(s.URL, "").Index("cases").AddDocuments([]map[string]string{{"id": "1"}}, nil)
		switch {
		case c.status == 202 && (err != nil || info.TaskUID != 7):
			t.Errorf("%d refusals: %v %v", c.refusals, info, err)
		case c.status == 408 && (err == nil || !strings.Contains(err.Error(), "408")):
			t.Errorf("%d refusals: %v %v", c.refusals, info, err)
		}
	}
}
