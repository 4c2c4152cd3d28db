// Package portal is the only public listener: the pages, the HTTP API, sign-in and sessions. It owns no record: it asks the
// services behind it in the name of a signed actor, and makes their refusals readable.
//
// It reads nothing but answers to its requests; it writes sessions (key-value bucket `sessions`), cases that are still being written (`drafts`) and refusals of sign-in to
// ACCESS. When a service or NATS is away it answers 503 with Retry-After within the budget of 15 s; it never answers from memory what it can't check.
//
// Links, codes and tokens that let somebody in are shown by the answer to the form that made them, once, and kept nowhere. Whoever was disabled, revoked, or whose rectification ended is out within 2 s.
//
// Listeners: the public one; /metrics on one of its own where configured. /files and /media are passed on unbuffered to media's internal listener, with
// the signed actor in place of the caller's token or session.
package portal

import "time"

// Limits of the public listener.
const (
	// MaxBody bounds a request's body; 2 MiB, so that a summary far over its limit still gets an answer that names it.
	MaxBody = 2 << 20
	// TableTimeout bounds a request that carries a table: two thousand cases take some seconds.
	TableTimeout = 60 * time.Second
	// RequestTimeout bounds a request but for bytes of media.
	RequestTimeout = 15 * time.Second
	// IdleAfter ends a session that nobody used. [ours: two hours cover a meeting]
	IdleAfter = 2 * time.Hour
	// IdleWritten is how often at most a session's last use is written.
	IdleWritten = 5 * time.Minute
	// RetryAfter is what a 503 tells a client to wait, in seconds: a NATS leader is elected, a server restarted within it.
	RetryAfter = 2
)
