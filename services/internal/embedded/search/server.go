package search

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"

	"songshui.internal/services/internal/embedded/search/engine"
)

// Version is the Meilisearch release whose interface is spoken.
const Version = "1.50.0"

// maxBody bounds a request's body, in bytes, as Meilisearch does by default.
const maxBody = 100 << 20

// Config of a server.
type Config struct {
	Dir string // made if missing; one server at a time
	Key string // bearer token that requests must carry; empty: none is asked for
}

// Server is a search server in the process.
type Server struct {
	cfg   Config
	store *engine.Store
	queue *queue
	mux   *http.ServeMux
	now   func() time.Time

	mu       sync.RWMutex // held for reading while a request is served
	closed   bool
	closing  sync.Once
	closeErr error
}

// Start opens the directory and begins to apply tasks. The server lives until Close or until ctx ends. It fails if another
// server holds the directory.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	store, err := engine.Open(cfg.Dir)
	if err != nil {
		return nil, err
	}
	next, err := store.NextTask()
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s := &Server{cfg: cfg, store: store, now: func() time.Time { return time.Now().UTC() }}
	s.queue = newQueue(next)
	s.mux = s.routes()
	go s.work()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

// Close stops the server: the batch under way is finished, tasks still waiting are dropped. Later requests get 503.
func (s *Server) Close() error {
	s.closing.Do(func() {
		s.queue.close()
		<-s.queue.done
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.closeErr = s.store.Close()
	})
	return s.closeErr
}

// Client gives a client that calls the server directly, without a network, retries or content encoding.
func (s *Server) Client() meilisearch.ServiceManager { return s.As(s.cfg.Key) }

// As gives such a client with a key of its own, or none.
func (s *Server) As(key string) meilisearch.ServiceManager {
	opts := []meilisearch.Option{
		meilisearch.WithCustomClient(&http.Client{Transport: s.Transport()}),
		meilisearch.DisableRetries(),
	}
	if key != "" {
		opts = append(opts, meilisearch.WithAPIKey(key))
	}
	return meilisearch.New("http://search.in-process", opts...)
}

// Transport carries requests to the server by a call, whatever host they name.
func (s *Server) Transport() http.RoundTripper { return inProcess{s} }

// ServeHTTP serves the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	defer func() {
		if p := recover(); p != nil {
			writeError(w, engine.Errorf("internal", "panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if s.closed {
		writeError(w, engine.Errorf("unavailable", "The search server is closed."))
		return
	}
	if err := s.authorize(r); err != nil {
		writeError(w, err)
		return
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		writeError(w, engine.Unsupported("The content encoding `%s`", e))
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) authorize(r *http.Request) error {
	if s.cfg.Key == "" || r.URL.Path == "/health" {
		return nil
	}
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return engine.Errorf("missing_authorization_header", "The Authorization header is missing. It must use the bearer authorization method.")
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(s.cfg.Key)) != 1 {
		return engine.Errorf("invalid_api_key", "The provided API key is invalid.")
	}
	return nil
}

// handler is a route's function: what it returns is written as JSON with its status.
type handler func(r *http.Request) (status int, body any, err error)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /health": func(*http.Request) (int, any, error) {
			return 200, map[string]string{"status": "available"}, nil
		},
		"GET /version": func(*http.Request) (int, any, error) {
			return 200, map[string]string{"commitSha": "embedded", "commitDate": "unknown", "pkgVersion": Version}, nil
		},
		"GET /stats":                                 s.getStats,
		"GET /indexes":                               s.listIndexes,
		"POST /indexes":                              s.createIndex,
		"GET /indexes/{uid}":                         s.getIndex,
		"PATCH /indexes/{uid}":                       s.updateIndex,
		"DELETE /indexes/{uid}":                      s.deleteIndex,
		"GET /indexes/{uid}/stats":                   s.indexStats,
		"POST /swap-indexes":                         s.swapIndexes,
		"GET /indexes/{uid}/settings":                s.getSettings,
		"PATCH /indexes/{uid}/settings":              s.patchSettings,
		"DELETE /indexes/{uid}/settings":             s.resetSettings,
		"GET /indexes/{uid}/settings/{name}":         s.getSetting,
		"PUT /indexes/{uid}/settings/{name}":         s.setSetting,
		"PATCH /indexes/{uid}/settings/{name}":       s.setSetting,
		"DELETE /indexes/{uid}/settings/{name}":      s.resetSetting,
		"POST /indexes/{uid}/documents":              s.addDocuments,
		"GET /indexes/{uid}/documents":               s.listDocuments,
		"DELETE /indexes/{uid}/documents":            s.deleteAllDocuments,
		"POST /indexes/{uid}/documents/fetch":        s.fetchDocuments,
		"POST /indexes/{uid}/documents/delete":       s.deleteByFilter,
		"POST /indexes/{uid}/documents/delete-batch": s.deleteBatch,
		"GET /indexes/{uid}/documents/{id}":          s.getDocument,
		"DELETE /indexes/{uid}/documents/{id}":       s.deleteDocument,
		"POST /indexes/{uid}/search":                 s.search,
		"POST /multi-search":                         s.multiSearch,
		"GET /tasks":                                 s.listTasks,
		"GET /tasks/{task}":                          s.getTask,
		"/": func(r *http.Request) (int, any, error) {
			return 0, nil, engine.Unsupported("`%s %s`", r.Method, r.URL.Path)
		},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			status, body, err := h(r)
			switch {
			case err != nil:
				writeError(w, err)
			case body == nil:
				w.WriteHeader(status)
			default:
				writeJSON(w, status, body)
			}
		})
	}
	return mux
}

// readBody reads a body of one of the given types.
func readBody(r *http.Request, types ...string) ([]byte, string, error) {
	have, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	have = strings.ToLower(strings.TrimSpace(have))
	found := ""
	for _, t := range types {
		if t == have {
			found = t
		}
	}
	if found == "" {
		if have == "" {
			return nil, "", engine.Errorf("missing_content_type", "A Content-Type header is missing. Accepted values for the Content-Type header are: `%s`", strings.Join(types, "`, `"))
		}
		return nil, "", engine.Errorf("invalid_content_type", "The Content-Type `%s` is invalid. Accepted values for the Content-Type header are: `%s`", have, strings.Join(types, "`, `"))
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, "", engine.Errorf("bad_request", "The body could not be read: %v", err)
	}
	if len(b) > maxBody {
		return nil, "", engine.Errorf("payload_too_large", "The provided payload reached the size limit. The maximum accepted payload size is %d bytes.", maxBody)
	}
	return b, found, nil
}
