package faults_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/meilisearch/meilisearch-go"
	"github.com/minio/minio-go/v7"
	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/s3"
	"songshui.internal/services/internal/embedded/search"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/demo"
	"songshui.internal/services/songshui/internal/stack"
)

// store is the process's one S3 gateway; each rig has its own buckets and its own way to it.
var store struct {
	sync.Mutex
	dir    string
	server *s3.Server
	rigs   int
}

func openStore(t *testing.T) (s *s3.Server, prefix string) {
	t.Helper()
	store.Lock()
	defer store.Unlock()
	if store.server == nil {
		var err error
		if store.dir, err = os.MkdirTemp("", "songshui-faults-s3-"); err != nil {
			t.Fatal(err)
		}
		if store.server, err = s3.Start(context.Background(), s3.Config{Dir: store.dir}); err != nil {
			t.Fatal(err)
		}
	}
	store.rigs++
	return store.server, fmt.Sprintf("r%d-", store.rigs)
}

func closeStore() {
	if store.server != nil {
		_ = store.server.Close()
		_ = os.RemoveAll(store.dir)
	}
}

var hosts atomic.Uint32

// ownHost gives a loopback address that nothing else of this process uses, where there is one: a port that is given up for a while and taken again must not be
// handed to anybody's connection meanwhile, which happens on 127.0.0.1.
func ownHost() string {
	host := fmt.Sprintf("127.0.%d.%d", 64+os.Getpid()%128, hosts.Add(1)%250+1)
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		return "127.0.0.1"
	}
	_ = l.Close()
	return host
}

// backing can be taken away and brought back at the same address.
type backing interface {
	away(t *testing.T)
	back(t *testing.T)
}

// wire is a backing behind a proxy.
type wire struct{ *toxiproxy.Proxy }

func newWire(t *testing.T, name, upstream string) wire {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(api, name, ownHost()+":0", upstream)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return wire{p}
}

func (w wire) away(*testing.T) { w.Stop() }

func (w wire) back(t *testing.T) {
	t.Helper()
	// A proxy that was just stopped may hold its port for a moment yet.
	eventually(t, backWithin, "proxy", w.Start)
}

// silent is a wire that takes everything and carries nothing, as from a machine that hangs; when it comes back, it comes with new connections.
type silent struct{ wire }

const silence = "silence"

func (s silent) away(t *testing.T) {
	t.Helper()
	for _, stream := range []string{"upstream", "downstream"} {
		toxic := fmt.Sprintf(`{"name":%q,"type":"timeout","stream":%q,"attributes":{"timeout":0}}`, silence+stream, stream)
		if _, err := s.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			t.Fatal(err)
		}
	}
}

func (s silent) back(t *testing.T) {
	t.Helper()
	s.Stop()
	s.Toxics.ResetToxics(t.Context())
	s.wire.back(t)
}

// broker is a NATS server that is stopped and started again on its directory and port.
type broker struct {
	options server.Options
	server  *server.Server
	// wire is the way to it.
	wire wire
}

// maxPayload is as of package embedded/nats.
const maxPayload = 4 << 20

func newBroker(t *testing.T) *broker {
	t.Helper()
	b := &broker{options: server.Options{ServerName: "faults", Host: ownHost(), Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoSigs: true, NoLog: true,
		MaxPayload: maxPayload, JetStreamMaxStore: -1, DisableJetStreamBanner: true}}
	b.back(t)
	b.options.Port = b.server.Addr().(*net.TCPAddr).Port
	b.wire = newWire(t, "nats", b.server.Addr().String())
	t.Cleanup(func() { b.away(t) })
	return b
}

func (b *broker) away(*testing.T) {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

func (b *broker) back(t *testing.T) {
	t.Helper()
	o := b.options
	var err error
	if b.server, err = server.NewServer(&o); err != nil {
		t.Fatal(err)
	}
	b.server.Start()
	if !b.server.ReadyForConnections(30 * time.Second) {
		t.Fatal("NATS isn't ready")
	}
}

func (b *broker) connect(name string) (*natsgo.Conn, error) {
	return natsgo.Connect("nats://"+b.wire.Listen, natsgo.Name(name), natsgo.MaxReconnects(-1), natsgo.ReconnectWait(100*time.Millisecond), natsgo.RetryOnFailedConnect(true))
}

// rig is the whole system in this process, on backings that can go away.
type rig struct {
	t      *testing.T
	url    string
	tokens map[string]string
	// backings can be taken away, each in two ways.
	backings map[string]backing
	nats     *broker
	services *stack.Services
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, nats: newBroker(t)}
	s3client, buckets, s3wire := newS3(t)
	engine, searchWire := newSearch(t)
	r.backings = map[string]backing{"nats stopped": r.nats, "s3 stopped": s3wire, "search stopped": searchWire,
		"nats silent": silent{r.nats.wire}, "s3 silent": silent{s3wire}, "search silent": silent{searchWire}}
	b := stack.Backings{Connect: r.nats.connect, S3: s3client, Buckets: buckets, Search: engine, Replicas: 1}
	if err := stack.Migrate(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	r.run(b)
	return r
}

func newS3(t *testing.T) (*minio.Client, objects.Buckets, wire) {
	t.Helper()
	gateway, prefix := openStore(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = gateway.ServeTCP(l) }()
	w := newWire(t, "s3", l.Addr().String())
	o := gateway.Options()
	o.Transport, o.MaxRetries = nil, objects.MaxAttempts
	client, err := minio.New(w.Listen, o)
	if err != nil {
		t.Fatal(err)
	}
	return client, objects.Buckets{Prefix: prefix}, w
}

func newSearch(t *testing.T) (meilisearch.ServiceManager, wire) {
	t.Helper()
	engine, err := search.Start(context.Background(), search.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	face := httptest.NewServer(engine)
	t.Cleanup(face.Close)
	w := newWire(t, "search", strings.TrimPrefix(face.URL, "http://"))
	return meilisearch.New("http://"+w.Listen, meilisearch.DisableRetries()), w
}

// run starts the services and waits until all answer; they end with the test and must not have ended before.
func (r *rig) run(b stack.Backings) {
	r.t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	front, inner := r.listen(), r.listen()
	r.url = "http://" + front.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	settings := stack.Settings{Key: key, Public: public, MediaListener: inner, MediaURL: &url.URL{Scheme: "http", Host: inner.Addr().String()}, Listener: front,
		Logger: slog.New(slog.DiscardHandler), Now: time.Now}
	if r.services, err = stack.Start(ctx, b, settings, stack.Targets); err != nil {
		cancel()
		r.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.services.Wait() }()
	r.t.Cleanup(func() {
		select {
		case err := <-ended:
			r.t.Errorf("the services ended by themselves: %v", err)
		default:
			cancel()
			if err := <-ended; err != nil {
				r.t.Errorf("the services' end: %v", err)
			}
		}
		r.services.Close()
	})
	r.ready(startsWithin)
	accounts := demo.NewAccounts()
	file, err := accounts.Write(r.t.TempDir())
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.services.Registry.ApplyBootstrap(r.t.Context(), file); err != nil {
		r.t.Fatal(err)
	}
	r.tokens = tokens(accounts)
}

func (r *rig) listen() net.Listener {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// client of an account; patience as of portalapi.Client.
func (r *rig) client(name string, patience time.Duration) *portalapi.Client {
	return &portalapi.Client{Base: r.url, Token: r.tokens[name], Patience: patience, HTTP: &http.Client{Timeout: time.Minute}}
}

// bus is a connection beside the services'.
func (r *rig) bus(name string) *bus.Bus {
	r.t.Helper()
	nc, err := r.nats.connect(name)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(nc.Close)
	b, err := bus.New(nc, name, bus.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}
