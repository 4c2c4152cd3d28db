package stories_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/embedded/nats"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/ops"
	"songshui.internal/services/songshui/internal/samples"
	"songshui.internal/services/songshui/internal/stack"
)

// targets are the services without those that keep bytes or an index.
var targets = []string{events.ServiceRegistry, events.ServiceIntake, events.ServiceRectification, events.ServiceOversight, events.ServicePortal}

const accounts = `accounts:
  - {name: siping-1, role: office, office: siping, token: siping-1-token-of-the-stories}
  - {name: siping-2, role: office, office: siping, duties: [drafter], token: siping-2-token-of-the-stories}
  - {name: jilin-1, role: office, office: jilin, token: jilin-1-token-of-the-stories}
  - {name: supervisor, role: supervisor, token: supervisor-token-of-the-stories}
`

// world is a system on a clock of its own.
type world struct {
	t   *testing.T
	url string
	svc *stack.Services

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// at moves the clock to a moment in Shanghai, told in a zone far from it.
func (w *world) at(moment string) {
	w.t.Helper()
	at, err := time.ParseInLocation(time.DateTime, moment, events.Shanghai)
	must(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = at.In(time.FixedZone("elsewhere", -11*3600))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start brings a system up at a moment; when the test ends its log is folded from nothing.
func start(t *testing.T, moment string) *world {
	t.Helper()
	w := &world{t: t}
	w.at(moment)
	server, err := nats.Start(nats.Config{Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(server.Close)
	public, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w.url = "http://" + listener.Addr().String()
	backings := stack.Backings{Connect: server.Connect, Replicas: 1}
	must(t, stack.MigrateLog(t.Context(), backings))
	ctx, cancel := context.WithCancel(context.Background())
	w.svc, err = stack.Start(ctx, backings, stack.Settings{Key: key, Public: public, MediaURL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, Listener: listener, Logger: slog.New(slog.DiscardHandler), Now: w.clock}, targets)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r, err := ops.Verify(context.Background(), w.svc.Bus, nil); err != nil || !r.OK() || r.Unknown > 0 {
			t.Errorf("verify: %+v, %v", r, err)
		}
		cancel()
		if err := w.svc.Wait(); err != nil {
			t.Error(err)
		}
		w.svc.Close()
	})
	file := filepath.Join(t.TempDir(), "accounts.yaml")
	must(t, os.WriteFile(file, []byte(accounts), 0o600))
	must(t, w.svc.Registry.ApplyBootstrap(t.Context(), file))
	_, err = w.client("supervisor").Returns(t.Context(), nil) // goes on trying until everything answers
	must(t, err)
	return w
}

func (w *world) client(name string) *portalapi.Client {
	return &portalapi.Client{Base: w.url, Token: name + "-token-of-the-stories", Patience: 20 * time.Second}
}

// submit submits a sample case without its media and gives its id.
func (w *world) submit(ref string) string {
	w.t.Helper()
	data, err := fs.ReadFile(samples.Files, "cases.jsonl")
	must(w.t, err)
	for _, line := range strings.Split(string(data), "\n") {
		var c map[string]any
		if line == "" || json.Unmarshal([]byte(line), &c) != nil || c["ref"] != ref {
			continue
		}
		c["media"] = []any{}
		body, err := json.Marshal(c)
		must(w.t, err)
		got, err := w.client(c["office"].(string)+"-1").Submit(w.t.Context(), body)
		must(w.t, err)
		return got.ID
	}
	w.t.Fatalf("no sample %s", ref)
	return ""
}

// badLine is a line that drops once after the server has taken a request, before its answer arrives.
type badLine struct{ dropped bool }

func (l *badLine) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && !l.dropped && r.Method == http.MethodPost {
		l.dropped = true
		_ = resp.Body.Close()
		return nil, net.ErrClosed
	}
	return resp, err
}
