package stack

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/meilisearch/meilisearch-go"
	"github.com/minio/minio-go/v7"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"songshui.internal/events"
	archive "songshui.internal/services/archive/server"
	intake "songshui.internal/services/intake/server"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/mediaapi"
	media "songshui.internal/services/media/server"
	oversight "songshui.internal/services/oversight/server"
	portal "songshui.internal/services/portal/server"
	rectification "songshui.internal/services/rectification/server"
	"songshui.internal/services/registry/registryapi"
	registry "songshui.internal/services/registry/server"
)

// Targets are the services that a process can run, in the order in which they start.
var Targets = []string{events.ServiceRegistry, events.ServiceMedia, events.ServiceIntake, events.ServiceRectification, events.ServiceOversight, events.ServiceArchive, events.ServicePortal}

// Backings are what services run on, wherever it is.
type Backings struct {
	// Connect opens a connection of its own for each service.
	Connect func(name string) (*nats.Conn, error)
	S3      *minio.Client
	Buckets objects.Buckets
	Search  meilisearch.ServiceManager
	// Replicas is 1 or 3.
	Replicas int
}

// Settings are what services need beside backings.
type Settings struct {
	// Key is portal's; Public what the rest check with.
	Key    ed25519.PrivateKey
	Public ed25519.PublicKey
	// MediaListener is media's internal one; MediaURL how portal reaches it.
	MediaListener net.Listener
	MediaURL      *url.URL
	// Listener is the public one.
	Listener net.Listener
	Logger   *slog.Logger
	Now      func() time.Time
	Metrics  prometheus.Registerer
	// MediaQuota is for one office's originals, in bytes; 0 = media's default.
	MediaQuota int64
	// Lists is a directory with an operator's own lists; see package registry/server.
	Lists string
	// SecureCookies wants https for sessions.
	SecureCookies bool
}

// Services are running services.
type Services struct {
	backings Backings
	settings Settings
	group    *errgroup.Group
	ctx      context.Context
	conns    []*nats.Conn

	// Those of this process; nil where another runs them.
	Registry *registry.Server
	Archive  *archive.Server
	Portal   *portal.Server
	// Bus is for work that belongs to no service: verifying, dead letters.
	Bus *bus.Bus
}

// Durables are all durable consumers, as migrate makes them.
func Durables() []bus.Durable {
	return slices.Concat(intake.Durables(), media.Durables(), rectification.Durables(), oversight.Durables(), archive.Durables())
}

// Migrate makes streams, buckets and durables as administrator.
func Migrate(ctx context.Context, b Backings) error {
	if err := MigrateLog(ctx, b); err != nil {
		return err
	}
	return objects.Ensure(ctx, b.S3, b.Buckets)
}

// MigrateLog makes what is in NATS alone: enough for services that keep no bytes.
func MigrateLog(ctx context.Context, b Backings) error {
	nc, err := b.Connect("migrate")
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	return bus.Migrate(ctx, js, b.Replicas, Durables())
}

// Start starts the targets; they run until ctx ends or one of them fails.
func Start(ctx context.Context, b Backings, s Settings, targets []string) (*Services, error) {
	group, gctx := errgroup.WithContext(ctx)
	svc := &Services{backings: b, settings: s, group: group, ctx: gctx}
	var err error
	if svc.Bus, err = svc.bus(events.ServiceBus); err != nil {
		return nil, err
	}
	svc.run("dead letters", svc.Bus.CollectDeadLetters)
	start := map[string]func() error{events.ServiceRegistry: svc.registry, events.ServiceMedia: svc.media, events.ServiceIntake: svc.intake,
		events.ServiceRectification: svc.rectification, events.ServiceOversight: svc.oversight, events.ServiceArchive: svc.archive, events.ServicePortal: svc.portal}
	for _, t := range Targets {
		if !slices.Contains(targets, t) {
			continue
		}
		if err := start[t](); err != nil {
			svc.Close()
			return nil, fmt.Errorf("stack: %s: %w", t, err)
		}
	}
	return svc, nil
}

// Wait waits until every service has ended and gives the first error.
func (s *Services) Wait() error { return s.group.Wait() }

// Close closes the connections; the context must have ended.
func (s *Services) Close() {
	for _, c := range s.conns {
		c.Close()
	}
}

func (s *Services) bus(service string) (*bus.Bus, error) {
	nc, err := s.backings.Connect(service)
	if err != nil {
		return nil, err
	}
	s.conns = append(s.conns, nc)
	return bus.New(nc, service, bus.Options{Logger: s.settings.Logger, Now: s.settings.Now, Metrics: s.settings.Metrics})
}

func (s *Services) run(name string, run func(context.Context) error) {
	s.group.Go(func() error {
		if err := run(s.ctx); err != nil && s.ctx.Err() == nil {
			return fmt.Errorf("stack: %s: %w", name, err)
		}
		return nil
	})
}

func (s *Services) verifier() *access.Verifier {
	return access.NewVerifier(s.settings.Public, s.settings.Now)
}

func (s *Services) registry() error {
	b, err := s.bus(events.ServiceRegistry)
	if err != nil {
		return err
	}
	if s.Registry, err = registry.New(registry.Deps{Bus: b, Verifier: s.verifier()}, registry.Config{Lists: s.settings.Lists}); err != nil {
		return err
	}
	s.run(events.ServiceRegistry, s.Registry.Run)
	return nil
}

func (s *Services) media() error {
	b, err := s.bus(events.ServiceMedia)
	if err != nil {
		return err
	}
	m, err := media.New(media.Deps{Bus: b, Verifier: s.verifier(), Objects: objects.NewStore(s.backings.S3), Buckets: s.backings.Buckets}, media.Config{Limits: media.Limits{Quota: s.settings.MediaQuota}})
	if err != nil {
		return err
	}
	s.run(events.ServiceMedia, m.Run)
	s.serve("media's listener", s.settings.MediaListener, m.Handler())
	return nil
}

func (s *Services) intake() error {
	b, directory, err := s.withDirectory(events.ServiceIntake)
	if err != nil {
		return err
	}
	in, err := intake.New(intake.Deps{Bus: b, Verifier: s.verifier(), Directory: directory, Media: mediaapi.NewResolver(b)}, intake.Config{})
	if err != nil {
		return err
	}
	s.run(events.ServiceIntake, in.Run)
	return nil
}

func (s *Services) rectification() error {
	b, directory, err := s.withDirectory(events.ServiceRectification)
	if err != nil {
		return err
	}
	r, err := rectification.New(rectification.Deps{Bus: b, Verifier: s.verifier(), Directory: directory, Media: mediaapi.NewResolver(b)}, rectification.Config{})
	if err != nil {
		return err
	}
	s.run(events.ServiceRectification, r.Run)
	return nil
}

func (s *Services) oversight() error {
	b, directory, err := s.withDirectory(events.ServiceOversight)
	if err != nil {
		return err
	}
	o, err := oversight.New(oversight.Deps{Bus: b, Verifier: s.verifier(), Directory: directory, Media: mediaapi.NewResolver(b)}, oversight.Config{})
	if err != nil {
		return err
	}
	s.run(events.ServiceOversight, o.Run)
	return nil
}

func (s *Services) withDirectory(service string) (*bus.Bus, *registryapi.Directory, error) {
	b, err := s.bus(service)
	if err != nil {
		return nil, nil, err
	}
	d, err := registryapi.StartDirectory(s.ctx, b)
	return b, d, err
}

func (s *Services) archive() error {
	b, directory, err := s.withDirectory(events.ServiceArchive)
	if err != nil {
		return err
	}
	if s.Archive, err = archive.New(archive.Deps{Bus: b, Verifier: s.verifier(), Search: s.backings.Search, Days: directory.Calendar}, archive.Config{}); err != nil {
		return err
	}
	s.run(events.ServiceArchive, s.Archive.Run)
	return nil
}

func (s *Services) portal() error {
	b, directory, err := s.withDirectory(events.ServicePortal)
	if err != nil {
		return err
	}
	if s.Portal, err = portal.New(portal.Deps{Bus: b, Key: s.settings.Key, Directory: directory, Media: s.settings.MediaURL}, portal.Config{SecureCookies: s.settings.SecureCookies}); err != nil {
		return err
	}
	s.serve("the public listener", s.settings.Listener, s.Portal.Handler())
	return nil
}

// Times of a listener.
const (
	headersWithin  = 10 * time.Second
	idleFor        = 2 * time.Minute
	shutdownWithin = 3 * time.Second
)

// serve serves until the context ends, then lets requests finish for shutdownWithin.
func (s *Services) serve(name string, l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: headersWithin, IdleTimeout: idleFor, ErrorLog: slog.NewLogLogger(s.settings.Logger.Handler(), slog.LevelInfo)}
	s.run(name, func(ctx context.Context) error {
		failed := make(chan error, 1)
		go func() { failed <- srv.Serve(l) }()
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
		}
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
		defer cancel()
		if err := srv.Shutdown(end); err != nil {
			return errors.Join(err, srv.Close())
		}
		return nil
	})
}
