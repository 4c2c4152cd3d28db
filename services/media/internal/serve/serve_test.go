package serve

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		method, header string
		want           bool
	}{{http.MethodGet, "Accept", true}, {http.MethodHead, "Accept", false}, {http.MethodGet, "Range", false}, {http.MethodGet, "If-None-Match", false}, {http.MethodGet, "If-Range", false}} {
		r := httptest.NewRequest(x.method, "/media/x/w320", nil)
		r.Header.Set(x.header, "x")
		if got := plain(r); got != x.want {
			t.Errorf("%s with %s: %v", x.method, x.header, got)
		}
	}
}
