package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"songshui.internal/services/songshui/internal/ops"
	"songshui.internal/services/songshui/internal/stack"
)

// Up runs the whole system on a directory.
type Up struct {
	Dir       string `required:"" help:"数据目录 the directory that keeps everything" type:"path"`
	Listen    string `default:"127.0.0.1:8080" help:"监听地址 public address; port 0 picks one"`
	Bootstrap string `help:"账号文件 a YAML file of accounts and tokens; applied again it changes nothing" type:"existingfile"`
	ReadyFile string `help:"就绪文件 gets the address, one line, once everything answers" type:"path"`
	Metrics   string `help:"指标监听地址 address of /metrics; none if empty" env:"SONGSHUI_METRICS_LISTEN"`
	// Both are variables of run as well.
	Lists         string `help:"名录目录：单位、媒体、活动、规则、节假日 directory with an operator's own offices, outlets, campaigns, rules and days off" env:"SONGSHUI_LISTS" type:"existingdir" placeholder:"DIR"`
	MediaQuota    int64  `help:"每单位影像额度（GiB），不填为 200 GiB of originals that one office may keep; 200 if not given" env:"SONGSHUI_MEDIA_QUOTA" placeholder:"GIB"`
	SecureCookies bool   `help:"会话仅限 https sessions want https; set it behind a TLS front" env:"SONGSHUI_SECURE_COOKIES"`
}

// maxQuota keeps a quota in bytes an int64, in GiB.
const maxQuota = 1_000_000

// Run runs until ctx ends.
func (c *Up) Run(ctx context.Context) error {
	if c.MediaQuota < 0 || c.MediaQuota > maxQuota {
		return fmt.Errorf("--media-quota: %s", say("应为不超过一百万的整数（GiB）", "must be a number of GiB, at most a million"))
	}
	u, err := StartSystem(ctx, stack.Config{Dir: c.Dir, Listen: c.Listen, Bootstrap: c.Bootstrap, MediaQuota: c.MediaQuota << 30, Lists: c.Lists, SecureCookies: c.SecureCookies}, c.Metrics)
	if err != nil {
		return err
	}
	defer u.Close()
	fmt.Printf(say("松水已就绪：%s\n", "Songshui is ready: %s\n"), u.URL)
	if u.AdminLink != "" {
		fmt.Printf(say("首次启动：请用此一次性链接设置管理员密码（24小时内有效）：%s/welcome?link=%s\n", "First start: set the administrator's password with this one-time link (24 hours): %s/welcome?link=%s\n"), u.URL, u.AdminLink)
	}
	if err := writeReady(c.ReadyFile, u.URL); err != nil {
		return err
	}
	return u.Until(ctx)
}

// Running is a system with its socket and metrics.
type Running struct {
	*stack.Up
	cancel context.CancelFunc
	done   chan error
}

// StartSystem brings a system up, with the socket for the command line and, if wanted, metrics.
func StartSystem(ctx context.Context, c stack.Config, metrics string) (*Running, error) {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	c.Dir, c.Metrics, c.Logger = dir, registry, slog.Default()
	u, err := stack.StartUp(ctx, c)
	if err != nil {
		return nil, err
	}
	side, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &Running{Up: u, cancel: cancel, done: make(chan error, 2)}
	go func() { r.done <- ops.Serve(side, dir, ops.System{Bus: u.Bus, Archive: u.Archive}) }()
	if metrics != "" {
		go func() { r.done <- serveMetrics(side, metrics, registry) }()
	}
	return r, nil
}

// Until waits for the end of ctx, or of a service.
func (r *Running) Until(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- r.Wait() }()
	select {
	case <-ctx.Done():
		return r.Close()
	case err := <-ended:
		return errors.Join(err, r.Close())
	case err := <-r.done:
		return errors.Join(err, r.Close())
	}
}

// Close ends socket, metrics and system.
func (r *Running) Close() error {
	r.cancel()
	return r.Up.Close()
}

func serveMetrics(ctx context.Context, addr string, g prometheus.Gatherer) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{}))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); err != nil && ctx.Err() == nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// writeReady writes the address in one step, so that a reader sees all or nothing.
func writeReady(file, url string) error {
	if file == "" {
		return nil
	}
	tmp := file + ".new"
	if err := os.WriteFile(tmp, []byte(url+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}
