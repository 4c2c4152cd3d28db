package upload

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/portalapi"
)

// receiver serves the page and takes what it sends, by as much of tus 1.0 as the page speaks, when the test lets it.
type receiver struct {
	address string
	over    chan struct{} // closed when the test is over
	// turn, if set, gives each PATCH its turn: nothing of it is read before.
	turn chan struct{}
	// Of an upload nothing is read beyond hold bytes (0 = no bound) until free is closed; then the line is cut. held gets one word when that is reached.
	hold       int
	held, free chan struct{}

	mu           sync.Mutex
	uploads      []*taken
	asked        []string // method and offset of each request to /files after its creation
	moving, most int      // requests that wait or send now, and the most there were at once
}

// taken is one upload's file.
type taken struct {
	name   string
	length int
	data   []byte
}

// receive starts a receiver; change sets how it holds things up.
func receive(t *testing.T, change func(*receiver)) *receiver {
	t.Helper()
	rc := &receiver{over: make(chan struct{}), held: make(chan struct{}, 1), free: make(chan struct{})}
	if change != nil {
		change(rc)
	}
	mux := http.NewServeMux()
	assets.Routes(mux)
	mux.HandleFunc("GET "+shell.StylePath, shell.ServeStyle)
	mux.HandleFunc("GET "+shell.IconPath, shell.ServeIcon)
	mux.HandleFunc("GET /upload", func(w http.ResponseWriter, r *http.Request) {
		shell.Show(w, r, http.StatusOK, page, "", map[string]any{"L": messages.Chinese, "Account": "a"})
	})
	mux.HandleFunc("POST /files", rc.create)
	mux.HandleFunc("HEAD /files/{n}", rc.head)
	mux.HandleFunc("PATCH /files/{n}", rc.patch)
	mux.HandleFunc("GET /api/v1/media/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"id":%q,"state":"rendered"}`, r.PathValue("id"))
	})
	srv := httptest.NewServer(front.Secured(mux))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(rc.over) })
	rc.address = srv.URL + "/upload"
	return rc
}

func (rc *receiver) create(w http.ResponseWriter, r *http.Request) {
	u := &taken{}
	u.length, _ = strconv.Atoi(r.Header.Get("Upload-Length"))
	for pair := range strings.SplitSeq(r.Header.Get("Upload-Metadata"), ",") {
		if value, ok := strings.CutPrefix(pair, "filename "); ok {
			name, _ := base64.StdEncoding.DecodeString(value)
			u.name = string(name)
		}
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.uploads = append(rc.uploads, u)
	w.Header().Set("Location", "/files/"+strconv.Itoa(len(rc.uploads)-1))
	w.WriteHeader(http.StatusCreated)
}

// at notes a request and gives its upload.
func (rc *receiver) at(r *http.Request) *taken {
	n, _ := strconv.Atoi(r.PathValue("n"))
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.asked = append(rc.asked, strings.TrimSpace(r.Method+" "+r.Header.Get("Upload-Offset")))
	return rc.uploads[n]
}

// tell answers with how much of an upload is there; the lock is held.
func (u *taken) tell(w http.ResponseWriter, status int) {
	w.Header().Set("Upload-Offset", strconv.Itoa(len(u.data)))
	if len(u.data) == u.length {
		w.Header().Set(portalapi.HeaderMediaID, strings.Repeat("m", 26))
	}
	w.WriteHeader(status)
}

func (rc *receiver) head(w http.ResponseWriter, r *http.Request) {
	u := rc.at(r)
	rc.mu.Lock()
	defer rc.mu.Unlock()
	u.tell(w, http.StatusOK)
}

func (rc *receiver) patch(w http.ResponseWriter, r *http.Request) {
	u := rc.at(r)
	rc.count(1)
	defer rc.count(-1)
	if rc.turn != nil {
		select {
		case <-rc.turn:
		case <-rc.over:
			panic(http.ErrAbortHandler)
		}
	}
	offset, _ := strconv.Atoi(r.Header.Get("Upload-Offset"))
	var body io.Reader = r.Body
	cut := false
	if rc.hold > 0 && offset < rc.hold && offset+int(r.ContentLength) > rc.hold {
		body, cut = io.LimitReader(r.Body, int64(rc.hold-offset)), true
	}
	data, _ := io.ReadAll(body)
	rc.mu.Lock()
	if offset != len(u.data) {
		defer rc.mu.Unlock()
		u.tell(w, http.StatusConflict)
		return
	}
	u.data = append(u.data, data...)
	if !cut {
		defer rc.mu.Unlock()
		u.tell(w, http.StatusNoContent)
		return
	}
	rc.mu.Unlock()
	rc.held <- struct{}{}
	select {
	case <-rc.free:
	case <-rc.over:
	}
	panic(http.ErrAbortHandler)
}

func (rc *receiver) count(by int) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.moving += by
	rc.most = max(rc.most, rc.moving)
}

// files gives what has come whole, by name; a name that came twice fails the test.
func (rc *receiver) files(t *testing.T) map[string]string {
	t.Helper()
	rc.mu.Lock()
	defer rc.mu.Unlock()
	out := map[string]string{}
	for _, u := range rc.uploads {
		if _, twice := out[u.name]; twice {
			t.Errorf("%s was sent twice", u.name)
		}
		if len(u.data) == u.length {
			out[u.name] = string(u.data)
		}
	}
	return out
}

// since gives the requests after the n-th, and how many there are.
func (rc *receiver) since(n int) ([]string, int) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.asked[n:], len(rc.asked)
}
