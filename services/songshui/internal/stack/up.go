package stack

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/meilisearch/meilisearch-go"
	"github.com/prometheus/client_golang/prometheus"

	"songshui.internal/events"
	"songshui.internal/services/internal/embedded/nats"
	"songshui.internal/services/internal/embedded/s3"
	"songshui.internal/services/internal/embedded/search"
)

// Config is how `up` and `demo` run.
type Config struct {
	// Dir lasts; it is made if missing.
	Dir string
	// Listen is the public address; port 0 picks one.
	Listen string
	// NextPort takes the next free port where Listen's is taken.
	NextPort bool
	// Bootstrap is a file of accounts and tokens; empty = none.
	Bootstrap string
	// Targets defaults to all; `verify` and the like run without portal.
	Targets []string
	Logger  *slog.Logger
	Metrics prometheus.Registerer
	// Now defaults to time.Now.
	Now func() time.Time
	// MediaQuota, Lists and SecureCookies are as in Settings.
	MediaQuota    int64
	Lists         string
	SecureCookies bool
	// Search takes the embedded engine's place; nil = it stays.
	Search meilisearch.ServiceManager
}

// Up is a whole system in one process.
type Up struct {
	*Services
	// URL is the public address, e.g. http://127.0.0.1:8080; empty without portal.
	URL string
	// AdminLink is the one-time link's token of a first start, else empty.
	AdminLink string

	dir     string
	lock    *os.File
	cancel  context.CancelFunc
	closers []func()
}

// ErrHeld says that another process runs on the directory.
var ErrHeld = errors.New("stack: another process runs on this directory")

// readyWithin bounds the wait until everything answers.
const readyWithin = 60 * time.Second

// StartUp brings the system up on a directory and waits until everything answers.
func StartUp(ctx context.Context, c Config) (*Up, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	if c.Bootstrap != "" {
		if c.Bootstrap, err = filepath.Abs(c.Bootstrap); err != nil {
			return nil, fmt.Errorf("stack: %w", err)
		}
	}
	if c.Targets == nil {
		c.Targets = Targets
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	u := &Up{dir: dir, cancel: cancel}
	if err := u.start(ctx, runCtx, c); err != nil {
		_ = u.Close()
		return nil, err
	}
	return u, nil
}

func (u *Up) start(ctx, runCtx context.Context, c Config) error {
	if err := os.MkdirAll(u.dir, 0o700); err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	if err := u.hold(); err != nil {
		return err
	}
	backings, err := u.backings(runCtx, c.Search)
	if err != nil {
		return err
	}
	if err := Migrate(ctx, backings); err != nil {
		return err
	}
	settings, err := u.settings(c)
	if err != nil {
		return err
	}
	inner := slices.DeleteFunc(slices.Clone(c.Targets), func(t string) bool { return t == events.ServicePortal })
	if u.Services, err = Start(runCtx, backings, settings, inner); err != nil {
		return err
	}
	u.closers = append(u.closers, u.Services.Close)
	if !slices.Contains(c.Targets, events.ServicePortal) {
		return nil
	}
	if err := u.people(ctx, c.Bootstrap); err != nil {
		return err
	}
	if err := u.portal(); err != nil {
		return fmt.Errorf("stack: portal: %w", err)
	}
	return u.ready(ctx)
}

// people applies the bootstrap file and sees that there is an administrator, before anybody can ask: a token of the file must never be taken for a wrong one.
func (u *Up) people(ctx context.Context, bootstrap string) error {
	if bootstrap != "" {
		if err := u.Registry.ApplyBootstrap(ctx, bootstrap); err != nil {
			return err
		}
	}
	link, _, err := u.Registry.FirstAdmin(ctx)
	u.AdminLink = link
	return err
}

// hold takes the directory's lock.
func (u *Up) hold() error {
	f, err := os.OpenFile(filepath.Join(u.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return fmt.Errorf("%w: %s", ErrHeld, u.dir)
	}
	u.lock = f
	return nil
}

// backings starts NATS, search and S3; the last changes the working directory.
func (u *Up) backings(ctx context.Context, outside meilisearch.ServiceManager) (Backings, error) {
	n, err := nats.Start(nats.Config{Dir: filepath.Join(u.dir, "nats")})
	if err != nil {
		return Backings{}, err
	}
	u.closers = append(u.closers, n.Close)
	if outside == nil {
		engine, err := search.Start(ctx, search.Config{Dir: filepath.Join(u.dir, "search")})
		if err != nil {
			return Backings{}, fmt.Errorf("stack: search: %w", err)
		}
		u.closers = append(u.closers, func() { _ = engine.Close() })
		outside = engine.Client()
	}
	store, err := s3.Start(ctx, s3.Config{Dir: filepath.Join(u.dir, "objects")})
	if err != nil {
		return Backings{}, fmt.Errorf("stack: s3: %w", err)
	}
	u.closers = append(u.closers, func() { _ = store.Close() })
	return Backings{Connect: n.Connect, S3: store.Client(), Search: outside, Replicas: 1}, nil
}

// settings makes what a process of its own needs: a signing key for its lifetime, since signed actors live a minute, and listeners.
func (u *Up) settings(c Config) (Settings, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Settings{}, fmt.Errorf("stack: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Settings{}, fmt.Errorf("stack: media's listener: %w", err)
	}
	u.closers = append(u.closers, func() { _ = inner.Close() })
	s := Settings{Key: key, Public: public, MediaListener: inner, MediaURL: &url.URL{Scheme: "http", Host: inner.Addr().String()}, Logger: c.Logger, Now: c.Now, Metrics: c.Metrics,
		MediaQuota: c.MediaQuota, Lists: c.Lists, SecureCookies: c.SecureCookies}
	if c.Listen == "" {
		return s, nil
	}
	if s.Listener, err = listen(c.Listen, c.NextPort); err != nil {
		return s, err
	}
	u.closers = append(u.closers, func() { _ = s.Listener.Close() })
	u.URL = "http://" + s.Listener.Addr().String()
	return s, nil
}

// nextPorts is how many ports after a taken one are tried.
const nextPorts = 100

func listen(addr string, next bool) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err == nil || !next || !errors.Is(err, syscall.EADDRINUSE) {
		return l, err
	}
	host, port, serr := net.SplitHostPort(addr)
	n, nerr := strconv.Atoi(port)
	if serr != nil || nerr != nil {
		return nil, err
	}
	for i := 1; i <= nextPorts; i++ {
		if l, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(n+i))); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// ready waits until every service answers.
func (u *Up) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for {
		var waiting []string
		for name, state := range u.Portal.Ready(ctx) {
			if state != "ok" {
				waiting = append(waiting, name+" "+state)
			}
		}
		if len(waiting) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("stack: not ready: %v", waiting)
		case <-u.Services.ctx.Done():
			return u.Wait()
		case <-t.C:
		}
	}
}

// Close ends everything in order: requests, services, backings.
func (u *Up) Close() error {
	u.cancel()
	var err error
	if u.Services != nil {
		err = u.Wait()
	}
	for i := len(u.closers) - 1; i >= 0; i-- {
		u.closers[i]()
	}
	if u.lock != nil {
		_ = u.lock.Close()
	}
	return err
}
