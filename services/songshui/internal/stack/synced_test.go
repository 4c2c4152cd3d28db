package stack_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"songshui.internal/services/internal/conf"
	"songshui.internal/services/songshui/internal/stack"
)

// startNATS starts a server with a monitoring address, as a machine of its own would have.
func startNATS(t *testing.T, o server.Options) (stack.Backings, *url.URL) {
	t.Helper()
	o.Host, o.Port, o.HTTPHost, o.HTTPPort, o.NoSigs, o.NoLog, o.StoreDir = "127.0.0.1", server.RANDOM_PORT, "127.0.0.1", server.RANDOM_PORT, true, true, t.TempDir()
	o.JetStreamMaxStore, o.DisableJetStreamBanner = -1, true
	srv, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(30 * time.Second) {
		t.Fatal("NATS isn't ready")
	}
	address := srv.ClientURL()
	return stack.Backings{Connect: func(name string) (*nats.Conn, error) { return nats.Connect(address, nats.Name(name)) }}, &url.URL{Scheme: "http", Host: srv.MonitorAddr().String()}
}

func TestCheckSynced(t *testing.T) {
	t.Parallel()
	synced, syncedMonitor := startNATS(t, server.Options{JetStream: true, SyncAlways: true})
	lazy, lazyMonitor := startNATS(t, server.Options{JetStream: true})
	plain, plainMonitor := startNATS(t, server.Options{})
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	elsewhere, err := url.Parse(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		backings stack.Backings
		monitor  *url.URL
		replicas int
		want     []string // empty = taken
	}{
		"synced":                       {synced, syncedMonitor, 1, nil},
		"synced, nothing migrated":     {synced, syncedMonitor, 0, nil},
		"not synced":                   {lazy, lazyMonitor, 1, []string{conf.NATSURL, "sync_interval: always", "2m0s"}},
		"not synced, nothing there":    {lazy, lazyMonitor, 0, []string{conf.NATSURL, "sync_interval: always"}},
		"not synced, three hold it":    {lazy, lazyMonitor, 3, nil},
		"the monitor of another":       {lazy, syncedMonitor, 1, []string{conf.NATSMonitorURL, "another server"}},
		"without JetStream":            {plain, plainMonitor, 1, []string{conf.NATSMonitorURL, "JetStream"}},
		"an address of something else": {synced, elsewhere, 1, []string{conf.NATSMonitorURL, "404"}},
	} {
		err := stack.CheckSynced(t.Context(), c.backings, c.monitor, c.replicas, slog.New(slog.DiscardHandler))
		if len(c.want) == 0 && err != nil || len(c.want) > 0 && !errors.Is(err, conf.ErrSetting) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v doesn't say %q in one line", name, err, w)
			}
		}
	}
}

func TestUncheckedIsSaid(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	if err := stack.CheckSynced(t.Context(), stack.Backings{}, nil, 0, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "level=WARN") || !strings.Contains(said, conf.NATSMonitorURL) {
		t.Errorf("the log says %q", said)
	}
}
