package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

var (
	// ErrOpen says that this process has a server already; see the package doc.
	ErrOpen = errors.New("s3: this process has an S3 server open already, and versitygw allows one root per process")
	// ErrLocked says that another process holds the directory.
	ErrLocked = errors.New("s3: the directory is in use by another process")
)

const (
	defaultRegion = "us-east-1"
	// maxAttempts bounds minio-go's own repetitions (its default is 10, about ten seconds). In process only a full server can make one useful.
	maxAttempts = 3
	// Requests beyond maxRequests are answered with SlowDown; a waiting request costs a goroutine and a few buffers.
	maxConnections = 4096
	maxRequests    = 1024
	// maxParts is S3's own limit of parts in one upload.
	maxParts = 10000
	// maxCopy is S3's own limit for the source of one copy, in bytes.
	maxCopy = 5 << 30
	// closeGrace is how long Close lets running requests end by themselves, and how long it then waits for the ones it cut.
	closeGrace = 400 * time.Millisecond
	// host is what requests are signed for. Nothing resolves it: the transport dials the socket whatever the name.
	host = "s3.songshui.internal"
)

// Config says where the server keeps its data.
type Config struct {
	// Dir is absolute; it is made if missing (mode 0700).
	Dir string
	// Region is the region requests are signed for; "us-east-1" when empty.
	Region string

	// unsynced leaves out everything that makes the server durable, and sidecar forces metadata into files. For this package's tests.
	unsynced, sidecar bool
}

// Server is a running S3 server.
type Server struct {
	region  string
	creds   *credentials.Credentials
	dialer  *dialer
	http    *http.Transport
	client  *minio.Client
	api     *s3api.S3ApiServer
	backend backend.Backend
	release func()
	served  chan error

	mu     sync.Mutex
	faces  []*http.Server
	closed bool
}

// Start opens the store in cfg.Dir and serves it on a socket of its own, with root credentials made for this start. ctx bounds the start
// alone. It fails with ErrOpen, ErrLocked, or what the file system says.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if !filepath.IsAbs(cfg.Dir) {
		return nil, fmt.Errorf("s3: directory %q is not absolute", cfg.Dir)
	}
	if cfg.Region == "" {
		cfg.Region = defaultRegion
	}
	release, err := claim(cfg.Dir)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, cfg)
	if err != nil {
		release()
		return nil, err
	}
	s.release = release
	return s, nil
}

func start(ctx context.Context, cfg Config) (*Server, error) {
	be, err := openBackend(cfg)
	if err != nil {
		return nil, err
	}
	access, secret := rand.Text(), rand.Text()+rand.Text()
	root := auth.Account{Access: access, Secret: secret, Role: auth.RoleAdmin}
	ready := make(chan struct{})
	api, err := s3api.New(be, middlewares.RootUserConfig{Access: access, Secret: secret}, cfg.Region,
		auth.NewIAMServiceSingle(root), nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithConcurrencyLimiter(maxConnections, maxRequests),
		s3api.WithMpMaxParts(maxParts), s3api.WithOnListen(func() { close(ready) }))
	if err != nil {
		be.Shutdown()
		return nil, fmt.Errorf("s3: %w", err)
	}

	socket := socketName(cfg.Dir)
	s := &Server{
		region: cfg.Region, api: api, backend: be, served: make(chan error, 1),
		creds:  credentials.NewStaticV4(access, secret, ""),
		dialer: &dialer{socket: socket, conns: map[*conn]struct{}{}},
	}
	s.http = &http.Transport{
		DialContext: s.dialer.dial, DisableCompression: true,
		MaxIdleConns: 256, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute,
		WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10,
	}
	if s.client, err = minio.New(host, s.Options()); err != nil {
		be.Shutdown()
		return nil, fmt.Errorf("s3: %w", err)
	}

	go func() { s.served <- api.ServeMultiPort([]string{socket}) }()
	select {
	case <-ready:
		return s, nil
	case err = <-s.served:
		err = fmt.Errorf("s3: serve: %w", err)
	case <-ctx.Done():
		err = fmt.Errorf("s3: start: %w", ctx.Err())
		_ = api.ShutDown()
	}
	be.Shutdown()
	return nil, err
}

// openBackend opens the store and repairs what a crash left half done.
func openBackend(cfg Config) (backend.Backend, error) {
	root := filepath.Join(cfg.Dir, "objects")
	if err := mkdirDurable(root); err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	var attrs meta.MetadataStorer = meta.XattrMeta{}
	var side *syncer
	if cfg.sidecar || (meta.XattrMeta{}).Test(root) != nil {
		dir := filepath.Join(cfg.Dir, "attributes")
		if err := mkdirDurable(dir); err != nil {
			return nil, fmt.Errorf("s3: %w", err)
		}
		sc, err := meta.NewSideCar(dir)
		if err != nil {
			return nil, fmt.Errorf("s3: %w", err)
		}
		attrs, side = sc, newSyncer(dir)
	}
	// The directory is locked as a whole, so lock files per object would only cost.
	opts := posix.PosixOpts{CopyObjectThreshold: maxCopy, ForceNoObjLockFile: true}
	if cfg.unsynced {
		be, err := posix.New(root, attrs, opts)
		if err != nil {
			return nil, fmt.Errorf("s3: %w", err)
		}
		return be, nil
	}

	store := newSyncer(root)
	synced := &attributes{MetadataStorer: attrs, store: store, side: side}
	be, err := posix.New(root, synced, opts)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	if err := reopenUploads(root, synced, store); err != nil {
		be.Shutdown()
		return nil, fmt.Errorf("s3: reopen interrupted uploads: %w", err)
	}
	return &durable{Posix: be, attrs: synced, store: store, uploads: &uploadLocks{held: map[string]*uploadLock{}}}, nil
}

// Client is the client every part of the process shares. It makes at most three attempts at a request.
func (s *Server) Client() *minio.Client { return s.client }

// Options are a client's options for this server: credentials, region, a transport that dials the server's socket. With a Transport of one's own they
// fit an address served by ServeTCP.
func (s *Server) Options() *minio.Options {
	return &minio.Options{
		Creds: s.creds, Transport: s.http, Region: s.region,
		BucketLookup: minio.BucketLookupPath, MaxRetries: maxAttempts,
	}
}

// Close ends the server within about a second: running requests get 0.4 s, then their connections are cut. If a request outlives even
// that, Close says so, and the process can't open another server, since that request would write into its root.
// Closing again does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	faces := s.faces
	s.mu.Unlock()

	for _, f := range faces {
		_ = f.Close()
	}
	s.http.CloseIdleConnections()
	down := make(chan error, 1)
	go func() { down <- s.api.ShutDown() }()

	select {
	case err := <-down:
		return s.finish(err)
	case <-time.After(closeGrace):
	}
	s.dialer.cut()
	select {
	case err := <-down:
		return s.finish(err)
	case <-time.After(closeGrace):
		return errors.New("s3: close: a request is still running")
	}
}

func (s *Server) finish(err error) error {
	s.backend.Shutdown()
	s.release()
	if err != nil {
		return fmt.Errorf("s3: close: %w", err)
	}
	return nil
}

// dialer opens connections to the socket and remembers them, so that Close can cut them.
type dialer struct {
	socket string
	mu     sync.Mutex
	conns  map[*conn]struct{}
	ended  bool
}

type conn struct {
	net.Conn
	of *dialer
}

func (d *dialer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var nd net.Dialer
	nc, err := nd.DialContext(ctx, "unix", d.socket)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, of: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended {
		_ = nc.Close()
		return nil, net.ErrClosed
	}
	d.conns[c] = struct{}{}
	return c, nil
}

func (d *dialer) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	for c := range d.conns {
		_ = c.Conn.Close()
	}
}

func (c *conn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
