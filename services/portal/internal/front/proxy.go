package front

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"time"

	"songshui.internal/services/internal/fault"
)

const (
	headerActorToken = "Songshui-Actor-Token"
	// headerFault marks an answer of media whose body is a fault.Error, to be put into words here.
	headerFault = "Songshui-Fault"
	maxFault    = 64 << 10

	headerPolicy = "Content-Security-Policy"
	// sandboxed is the policy of what media answers without one of its own: refusals, and uploads' empty answers.
	sandboxed = "sandbox; default-src 'none'"
)

const (
	// idleToMedia is how many connections to media are kept for the next requests: Go's own 2 had most requests of a crowd begin with a connection of their own.
	idleToMedia = 256
	// bufferFromMedia reads a head and the body's beginning at once; each connection to media holds one. What follows is copied by pieces of copied bytes, which only requests under way hold.
	bufferFromMedia = 16 << 10
	copied          = 128 << 10
	idleToMediaFor  = 90 * time.Second
	dialMediaWithin = 5 * time.Second
)

// transportTo is the way to media over TCP.
func transportTo() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialMediaWithin}).DialContext,
		MaxIdleConnsPerHost: idleToMedia,
		IdleConnTimeout:     idleToMediaFor,
		ReadBufferSize:      bufferFromMedia,
		DisableCompression:  true,
	}
}

// buffers are those that bodies are copied with.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[copied]byte); ok {
		return p[:]
	}
	return make([]byte, copied)
}

func (b *buffers) Put(p []byte) { b.pool.Put((*[copied]byte)(p)) }

// Proxy passes requests on to media's internal listener, unbuffered, with the signed actor in place of token and cookie. Without a transport it is TCP.
func Proxy(media *url.URL, transport http.RoundTripper) http.Handler {
	if transport == nil {
		transport = transportTo()
	}
	p := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		BufferPool:    &buffers{},
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(media)
			pr.SetXForwarded()
			pr.Out.Header.Del("Cookie")
			pr.Out.Header.Del("Authorization")
			c := Of(pr.In.Context())
			pr.Out.Header.Set(headerActorToken, c.Client.Token)
			pr.Out.Header.Set("traceparent", c.Trace)
		},
		ModifyResponse: words,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				slog.Info("client went away", "request", Of(r.Context()).ID)
			}
			f := fault.Wrap(fault.Unavailable, "portal: media", err)
			f.Detail = "s3"
			w.Header().Set(headerPolicy, sandboxed)
			Refuse(w, r, f)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Secured has set the pages' policy; what strangers uploaded gets media's own, and no second one.
		w.Header().Del(headerPolicy)
		p.ServeHTTP(w, r)
	})
}

// words puts a refusal of media into the caller's language.
func words(resp *http.Response) error {
	// Secured has set it already; the proxy would add another.
	resp.Header.Del("X-Content-Type-Options")
	if resp.Header.Get(headerPolicy) == "" {
		resp.Header.Set(headerPolicy, sandboxed)
	}
	if resp.Header.Get(headerFault) == "" {
		return nil
	}
	if resp.Request.Method == http.MethodHead { // which has no body to put into words
		resp.Header.Del(headerFault)
		resp.Header.Set("Content-Type", "application/problem+json")
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxFault))
	_ = resp.Body.Close()
	if err != nil {
		return err
	}
	f := &fault.Error{}
	if err := json.Unmarshal(data, f); err != nil {
		return err
	}
	p := Problem(resp.Request.Context(), f)
	p.Status = resp.StatusCode
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	resp.Header.Del(headerFault)
	resp.Header.Set("Content-Type", "application/problem+json")
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	if p.RetryAfter > 0 && resp.Header.Get("Retry-After") == "" { // media knows better when
		resp.Header.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	resp.ContentLength = int64(len(body))
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}
