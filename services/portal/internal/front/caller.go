package front

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"

	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal"
	"songshui.internal/services/portal/internal/messages"
)

// Caller is who a request belongs to and how services are asked in their name.
type Caller struct {
	ID    string // of the request
	Trace string // W3C traceparent
	// Name is the account's, for the caller's own eyes.
	Name     string
	Language messages.Language
	Actor    access.Actor
	Client   bus.Client
}

type callerKey struct{}

// Of gives the request's caller; an account-less one before Identify.
func Of(ctx context.Context) *Caller {
	if c, ok := ctx.Value(callerKey{}).(*Caller); ok {
		return c
	}
	return &Caller{}
}

// Known says whether the caller has an account.
func (c *Caller) Known() bool { return c.Actor.Account != "" }

// Identity finds the account behind a token or a session.
type Identity interface {
	// ByToken gives the account of an API token; fault.Unauthenticated without one.
	ByToken(ctx context.Context, token string) (access.Actor, string, error)
	// BySession gives the account of the request's session cookie; ok is false without one.
	BySession(r *http.Request) (a access.Actor, name string, ok bool, err error)
}

// Front makes callers of requests.
type Front struct {
	Conn     *nats.Conn
	Seal     *access.Seal
	Identity Identity
}

// Identify gives next the request with its caller: by bearer token, or by session cookie. A wrong token is refused; a missing one is next's to refuse.
func (f *Front) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := newCaller(r)
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
		w.Header().Set("X-Request-Id", c.ID)
		if err := f.identify(r, c); err != nil {
			Refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Unnamed gives next the request with a caller of nobody's: the address itself is all that counts.
func Unnamed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := newCaller(r)
		w.Header().Set("X-Request-Id", c.ID)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// Denied refuses every request with err, before anybody has looked whose it is.
func Denied(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := newCaller(r)
		w.Header().Set("X-Request-Id", c.ID)
		Refuse(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)), err)
	})
}

func (f *Front) identify(r *http.Request, c *Caller) error {
	const scheme = "Bearer "
	auth := r.Header.Get("Authorization")
	var err error
	switch {
	case len(auth) > len(scheme) && auth[:len(scheme)] == scheme:
		c.Actor, c.Name, err = f.Identity.ByToken(r.Context(), auth[len(scheme):])
	case auth != "":
		return fault.New(fault.Unauthenticated, "portal: authorization")
	default:
		var ok bool
		if c.Actor, c.Name, ok, err = f.Identity.BySession(r); err == nil && !ok {
			return nil
		}
	}
	if err != nil {
		return err
	}
	token, err := f.Seal.Sign(c.Actor)
	if err != nil {
		return err
	}
	c.Client = bus.Client{Conn: f.Conn, Token: token, Trace: c.Trace}
	return nil
}

func newCaller(r *http.Request) *Caller {
	var b [24]byte
	_, _ = rand.Read(b[:])
	id := hex.EncodeToString(b[:16])
	trace := r.Header.Get("traceparent")
	if len(trace) != 55 {
		trace = "00-" + id + "-" + hex.EncodeToString(b[16:]) + "-00"
	}
	return &Caller{ID: id, Trace: trace, Language: messages.Of(r.Header.Get("Accept-Language"))}
}

// Signed refuses callers without an account.
func Signed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !Of(r.Context()).Known() {
			Refuse(w, r, fault.New(fault.Unauthenticated, "portal"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Bounded ends a request's work at RequestTimeout and its body at MaxBody.
func Bounded(next http.Handler) http.Handler {
	return Within(portal.RequestTimeout, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, portal.MaxBody)
		next.ServeHTTP(w, r)
	}))
}

// Within ends a request's work after a time.
func Within(d time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), d)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Secured sets the headers of every answer.
func Secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// cacheFor is how long an identity is believed without asking registry again: a disabled account is out within it.
const cacheFor = 2 * time.Second
