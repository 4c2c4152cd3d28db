package front

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// TestProxyKeepsConnections has a second crowd reach media over the connections of the first, and all of them get every byte.
func TestProxyKeepsConnections(t *testing.T) {
	t.Parallel()
	const crowd = 50
	body := make([]byte, 3*copied+1)
	for i := range body {
		body[i] = byte(i % 251)
	}
	var opened atomic.Int64
	var here *sync.WaitGroup // all are there before one is answered
	media := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		here.Done()
		here.Wait()
		_, _ = w.Write(body)
	}))
	media.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	media.Start()
	t.Cleanup(media.Close)
	address, err := url.Parse(media.URL)
	if err != nil {
		t.Fatal(err)
	}
	portal := httptest.NewServer(Proxy(address, nil))
	t.Cleanup(portal.Close)
	for range 2 {
		var all sync.WaitGroup
		here = &sync.WaitGroup{}
		here.Add(crowd)
		for range crowd {
			all.Go(func() {
				resp, err := http.Get(portal.URL + "/media/x/w320")
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				if got, err := io.ReadAll(resp.Body); err != nil || string(got) != string(body) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			})
		}
		all.Wait()
	}
	// A few of the second crowd may come before a connection of the first is back.
	if n := opened.Load(); n > crowd+crowd/2 {
		t.Errorf("%d connections for twice %d requests", n, crowd)
	}
}
