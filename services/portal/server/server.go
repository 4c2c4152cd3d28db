// Package server wires portal: the public listener's handler, sign-in and sessions, the proxy to media.
package server

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal"
	"songshui.internal/services/portal/internal/api"
	kept "songshui.internal/services/portal/internal/drafts"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/accounts"
	"songshui.internal/services/portal/internal/pages/board"
	"songshui.internal/services/portal/internal/pages/casepage"
	"songshui.internal/services/portal/internal/pages/clear"
	"songshui.internal/services/portal/internal/pages/desk"
	"songshui.internal/services/portal/internal/pages/drafts"
	"songshui.internal/services/portal/internal/pages/enter"
	"songshui.internal/services/portal/internal/pages/help"
	"songshui.internal/services/portal/internal/pages/inbox"
	"songshui.internal/services/portal/internal/pages/outlets"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/returns"
	"songshui.internal/services/portal/internal/pages/saved"
	"songshui.internal/services/portal/internal/pages/search"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/pages/signin"
	"songshui.internal/services/portal/internal/pages/tables"
	"songshui.internal/services/portal/internal/pages/upload"
	"songshui.internal/services/portal/internal/sessions"
	"songshui.internal/services/registry/registryapi"
)

// Deps are portal's surroundings.
type Deps struct {
	Bus *bus.Bus
	// Key signs actors; portal alone has it.
	Key ed25519.PrivateKey
	// Directory knows the province's list (registryapi.Directory).
	Directory Directory
	// Media is the address of media's internal listener, Transport the way to it (nil = TCP).
	Media     *url.URL
	Transport http.RoundTripper
}

// Directory is what portal looks up of the province's lists; registryapi.Directory is one.
type Directory interface {
	search.Outlets
	api.Lists
	Offices() []events.OfficeState
}

// Config is portal's settings.
type Config struct {
	// SecureCookies wants https for sessions; set wherever a TLS front stands before portal.
	SecureCookies bool
}

// Server is portal.
type Server struct {
	bus     *bus.Bus
	handler http.Handler
}

// New makes portal's handler. The buckets of sessions and drafts must exist.
func New(d Deps, c Config) (*Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), bus.RequestTimeout)
	defer cancel()
	kv, err := d.Bus.JetStream().KeyValue(ctx, events.BucketSessions)
	if err != nil {
		return nil, fmt.Errorf("portal: bucket of sessions: %w", err)
	}
	writing, err := d.Bus.JetStream().KeyValue(ctx, events.BucketDrafts)
	if err != nil {
		return nil, fmt.Errorf("portal: bucket of drafts: %w", err)
	}
	messages.NameOffices(func(slug string) string {
		for _, o := range d.Directory.Offices() {
			if string(o.Slug) == slug {
				return o.Name
			}
		}
		return ""
	})
	s := &Server{bus: d.Bus}
	manager := sessions.New(kv, c.SecureCookies)
	manager.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		shell.Fail(w, r, fault.Wrap(fault.Unavailable, "portal: session", err))
	}
	identities := front.NewAccounts(d.Bus.Conn(), manager, d.Bus.Now)
	f := &front.Front{Conn: d.Bus.Conn(), Seal: access.NewSeal(d.Key, d.Bus.Now), Identity: identities}

	pages, mux := http.NewServeMux(), http.NewServeMux()
	(&signin.Handler{Registry: registryapi.Client{Client: bus.Client{Conn: d.Bus.Conn()}}, Sessions: identities}).Routes(pages)
	(&enter.Handler{Registry: registryapi.Client{Client: bus.Client{Conn: d.Bus.Conn()}}, Sessions: identities}).Routes(pages)
	(&search.Handler{Outlets: d.Directory}).Routes(pages, mux)
	casepage.Handler{Secure: c.SecureCookies, Now: d.Bus.Now, Lists: d.Directory}.Routes(pages, mux)
	written := kept.New(writing, d.Bus.Now)
	drafts.Handler{Store: written, Lists: d.Directory}.Routes(pages, mux)
	desk.Handler{Drafts: written, Now: d.Bus.Now}.Routes(pages, mux)
	people.Routes(pages, mux, c.SecureCookies)
	accounts.Handler{Lists: d.Directory, Secure: c.SecureCookies, Now: d.Bus.Now}.Routes(pages)
	outlets.Handler{Lists: d.Directory}.Routes(pages)
	help.Handler{Lists: d.Directory}.Routes(pages)
	upload.Routes(pages, mux)
	clear.Routes(pages, mux)
	tables.Routes(pages, mux)
	board.Handler{Lists: d.Directory, Now: d.Bus.Now}.Routes(pages, mux)
	returns.Handler{Lists: d.Directory, Now: d.Bus.Now}.Routes(pages, mux)
	inbox.Handler{Secure: c.SecureCookies}.Routes(pages, mux)
	saved.Handler{Secure: c.SecureCookies}.Routes(pages, mux)
	pages.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		shell.Fail(w, r, fault.New(fault.NotFound, "portal: page"))
	})

	signed := http.NewServeMux()
	api.Register(signed, d.Directory)
	signed.HandleFunc("/api/v1/", func(w http.ResponseWriter, r *http.Request) {
		front.Refuse(w, r, fault.New(fault.NotFound, "portal: route"))
	})
	interfaces := http.NewServeMux()
	interfaces.Handle("/api/v1/", front.Signed(signed))
	interfaces.Handle("GET "+api.DocumentPath, signed)
	interfaces.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		front.Refuse(w, r, fault.New(fault.NotFound, "portal: route"))
	})

	media := front.Proxy(d.Media, d.Transport)
	// The own pages' scripts come with their session, programs with a token. No other site's page can ask in a person's name: its requests are told by
	// Sec-Fetch-Site and Origin, and don't carry the cookie (SameSite).
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(front.Denied(fault.New(fault.Forbidden, "portal: another site's page asks")))
	known := func(next http.Handler) http.Handler { return protect.Handler(manager.LoadAndSave(f.Identify(next))) }
	mux.Handle("/api/", front.Bounded(known(interfaces)))
	files, cases := api.Feeds(bus.Client{Conn: d.Bus.Conn()}, f.Seal)
	mux.Handle("GET /feeds/{file}", front.Bounded(front.Unnamed(files)))
	mux.Handle("GET /feeds/{token}/cases.atom", front.Bounded(front.Unnamed(cases)))
	// A stream of events lasts for as long as its reader stays.
	mux.Handle("GET /api/v1/events", known(front.Signed(api.Events(d.Bus))))
	withTables := http.NewServeMux()
	api.Tables(withTables, d.Directory, d.Bus.Now)
	for _, route := range api.TableRoutes() {
		mux.Handle(route, front.Within(portal.TableTimeout, known(front.Signed(withTables))))
	}
	// What the protocol's extensions and limits are, a client asks before it says who it is.
	mux.Handle("OPTIONS /files", media)
	mux.Handle("OPTIONS /files/", media)
	mux.Handle("/files", known(front.Signed(media)))
	mux.Handle("/files/", known(front.Signed(media)))
	mux.Handle("GET /media/", known(front.Signed(media)))
	mux.Handle("/", front.Bounded(known(pages)))
	mux.HandleFunc("GET "+shell.StylePath, shell.ServeStyle)
	mux.HandleFunc("GET "+shell.IconPath, shell.ServeIcon)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		front.WriteJSON(w, http.StatusOK, map[string]string{"portal": "ok"})
	})
	mux.HandleFunc("GET /readyz", s.readyz)
	s.handler = front.Secured(mux)
	return s, nil
}

// Handler is the public listener's.
func (s *Server) Handler() http.Handler { return s.handler }

// readyWithin is how long a service has to answer; /readyz tells the truth within 2 s.
const readyWithin = 1500 * time.Millisecond

// readyz asks every service how its backings are; one that doesn't answer is “away”.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	status, all := http.StatusOK, s.Ready(ctx)
	for _, v := range all {
		if v != "ok" {
			status = http.StatusServiceUnavailable
		}
	}
	front.WriteJSON(w, status, all)
}

// Ready gives the state of each backing and service: ok, or what is wrong.
func (s *Server) Ready(ctx context.Context) map[string]string {
	all := map[string]string{"nats": "ok"}
	if _, err := s.bus.JetStream().AccountInfo(ctx); err != nil {
		all["nats"] = "away"
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	client := bus.Client{Conn: s.bus.Conn()}
	for _, service := range []string{events.ServiceRegistry, events.ServiceIntake, events.ServiceMedia, events.ServiceRectification, events.ServiceOversight, events.ServiceArchive} {
		wg.Go(func() {
			var said map[string]string
			err := client.Ask(ctx, service, "ready", nil, nil, &said)
			mu.Lock()
			defer mu.Unlock()
			all[service] = "ok"
			if err != nil {
				all[service] = "away"
			}
			delete(said, "nats")
			maps.Copy(all, said)
		})
	}
	wg.Wait()
	return all
}
