package s3

import (
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"time"
)

// ServeTCP serves the same store on l, over plain HTTP with the same credentials, until Close; it closes l. The Host header is passed on as it came,
// because requests are signed for it. It returns nil after Close, else why accepting ended.
func (s *Server) ServeTCP(l net.Listener) error {
	face := &http.Server{
		Handler: &httputil.ReverseProxy{
			Rewrite: func(r *httputil.ProxyRequest) {
				r.Out.URL.Scheme, r.Out.URL.Host = "http", host
			},
			Transport: s.http,
		},
		ReadHeaderTimeout: 10 * time.Second,
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errors.Join(net.ErrClosed, l.Close())
	}
	s.faces = append(s.faces, face)
	s.mu.Unlock()

	if err := face.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
