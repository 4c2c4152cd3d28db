package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/nats-io/nats.go"

	"songshui.internal/events"
	"songshui.internal/services/internal/conf"
	"songshui.internal/services/internal/meili"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/songshui/internal/stack"
)

// Run runs some services against outside backings; see conf for the variables.
type Run struct {
	Targets []string `arg:"" help:"服务 services: all, registry, intake, media, rectification, archive, portal"`
}

// Run runs until ctx ends.
func (c *Run) Run(ctx context.Context) error {
	targets, err := expand(c.Targets)
	if err != nil {
		return err
	}
	b, s, err := outside(targets)
	if err != nil {
		return err
	}
	if err := checkSynced(ctx, b, 0); err != nil {
		return err
	}
	services, err := stack.Start(ctx, b, s, targets)
	if err != nil {
		return err
	}
	defer services.Close()
	fmt.Printf(say("运行中：%s\n", "running: %s\n"), strings.Join(targets, " "))
	return services.Wait()
}

// Migrate makes streams, buckets and durables on outside backings.
type Migrate struct {
	Replicas int `default:"1" enum:"1,3" help:"副本 replicas of each stream"`
}

// Run makes them.
func (c *Migrate) Run(ctx context.Context) error {
	b, _, err := outside([]string{events.ServiceMedia})
	if err != nil {
		return err
	}
	if err := checkSynced(ctx, b, c.Replicas); err != nil {
		return err
	}
	b.Replicas = c.Replicas
	if err := stack.Migrate(ctx, b); err != nil {
		return err
	}
	fmt.Println(say("数据流、存储桶与消费者已就绪。", "Streams, buckets and consumers are as wanted."))
	return nil
}

// checkSynced refuses a single NATS server that acknowledges before it syncs; replicas 0 = as the streams have.
func checkSynced(ctx context.Context, b stack.Backings, replicas int) error {
	var env conf.Env
	monitor := env.OptionalURL(conf.NATSMonitorURL, "http", "https")
	if err := env.Err(); err != nil {
		return err
	}
	return stack.CheckSynced(ctx, b, monitor, replicas, slog.Default())
}

func expand(targets []string) ([]string, error) {
	if slices.Contains(targets, "all") {
		return stack.Targets, nil
	}
	for _, t := range targets {
		if !slices.Contains(stack.Targets, t) {
			return nil, fmt.Errorf("%q: %s", t, say("没有这个服务", "no such service"))
		}
	}
	return targets, nil
}

// outside reads the settings that the targets need and connects. Every missing or wrong one is one line.
func outside(targets []string) (stack.Backings, stack.Settings, error) {
	var env conf.Env
	b := stack.Backings{Replicas: 1}
	s := stack.Settings{Logger: slog.Default(), Now: time.Now}
	needs := func(services ...string) bool {
		return slices.ContainsFunc(services, func(x string) bool { return slices.Contains(targets, x) })
	}
	natsURL := env.URL(conf.NATSURL, "nats", "tls")
	creds := env.Optional(conf.NATSCreds, "")
	var s3URL, meiliURL *url.URL
	var accessKey, secretKey string
	if needs(events.ServiceMedia) {
		s3URL = env.URL(conf.S3Endpoint, "http", "https")
		s.MediaQuota = env.OptionalGiB(conf.MediaQuota)
		accessKey, secretKey = env.Required(conf.S3AccessKey), env.Required(conf.S3SecretKey)
	}
	if needs(events.ServiceRegistry) {
		s.Lists = env.Optional(conf.Lists, "")
	}
	if needs(events.ServiceArchive) {
		meiliURL = env.URL(conf.MeiliURL, "http", "https")
	}
	meiliKey := env.Optional(conf.MeiliKey, "")
	if needs(events.ServicePortal) {
		s.Key = env.SigningKey()
		s.SecureCookies = env.OptionalBool(conf.SecureCookies)
		s.MediaURL = env.URL(conf.MediaURL, "http", "https")
	}
	if needs(stack.Targets[:len(stack.Targets)-1]...) {
		s.Public = env.PublicKey()
	}
	err := env.Err()
	if err != nil {
		return b, s, err
	}
	b.Connect = func(name string) (*nats.Conn, error) {
		opts := []nats.Option{nats.Name("songshui " + name), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true)}
		if creds != "" {
			opts = append(opts, nats.UserCredentials(creds))
		}
		return nats.Connect(natsURL.String(), opts...)
	}
	if s3URL != nil {
		b.S3, err = minio.New(s3URL.Host, &minio.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Secure: s3URL.Scheme == "https", MaxRetries: objects.MaxAttempts})
	}
	if meiliURL != nil {
		b.Search = meili.Connect(meiliURL.String(), meiliKey)
	}
	if needs(events.ServiceMedia) {
		var lerr error
		s.MediaListener, lerr = net.Listen("tcp", env.Optional(conf.MediaListen, "127.0.0.1:8081"))
		err = errors.Join(err, lerr)
	}
	if needs(events.ServicePortal) {
		var lerr error
		s.Listener, lerr = net.Listen("tcp", env.Optional(conf.Listen, "127.0.0.1:8080"))
		err = errors.Join(err, lerr)
	}
	return b, s, err
}
