package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/conf"
)

const (
	// monitorWithin bounds the wait for the monitoring address, which may come up with the program.
	monitorWithin  = 20 * time.Second
	monitorRequest = 5 * time.Second
	maxVarz        = 1 << 20
)

// varz is what is read of a NATS server's /varz. The intervals are nanoseconds; sync_always is left out where it is false.
type varz struct {
	ServerID string `json:"server_id"`
	Cluster  struct {
		Name string `json:"name"`
	} `json:"cluster"`
	JetStream struct {
		Config *struct {
			SyncAlways   bool          `json:"sync_always"`
			SyncInterval time.Duration `json:"sync_interval"`
		} `json:"config"`
	} `json:"jetstream"`
}

// CheckSynced refuses outside backings whose NATS server acknowledges a message before its disk has it while no other server holds a copy (one replica): an acknowledged case could be lost with the
// power. A connection can't see that, so the server's monitoring address is asked; without one (nil) the log gets a warning and nothing is checked. replicas 0 = as the stream CASES has.
// A refusal wraps conf.ErrSetting and names the variable.
func CheckSynced(ctx context.Context, b Backings, monitor *url.URL, replicas int, logger *slog.Logger) error {
	if monitor == nil {
		logger.Warn("not checked whether NATS syncs before it acknowledges; set " + conf.NATSMonitorURL + " to the server's monitoring address")
		return nil
	}
	nc, err := b.Connect("settings")
	if err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	defer nc.Close()
	if replicas == 0 {
		if replicas, err = replicasOf(ctx, nc); err != nil {
			return err
		}
	}
	if replicas > 1 {
		return nil
	}
	v, err := readVarz(ctx, monitor)
	switch {
	case err != nil:
		return wrong(conf.NATSMonitorURL, err.Error())
	case v.JetStream.Config == nil:
		return wrong(conf.NATSMonitorURL, "JetStream isn't enabled on the server at "+monitor.Redacted())
	case v.Cluster.Name == "" && nc.ConnectedServerId() != "" && v.ServerID != nc.ConnectedServerId():
		return wrong(conf.NATSMonitorURL, monitor.Redacted()+" belongs to another server than "+conf.NATSURL)
	case !v.JetStream.Config.SyncAlways:
		return wrong(conf.NATSURL, fmt.Sprintf("the server acknowledges before its disk has the message (it syncs every %s) and no other holds a copy; set `jetstream { sync_interval: always }` in its configuration", v.JetStream.Config.SyncInterval))
	}
	return nil
}

func wrong(name, why string) error { return fmt.Errorf("%w %s: %s", conf.ErrSetting, name, why) }

// replicasOf asks how many servers hold the streams; 1 where they aren't made yet.
func replicasOf(ctx context.Context, nc *nats.Conn) (int, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return 0, fmt.Errorf("stack: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, monitorWithin)
	defer cancel()
	s, err := js.Stream(ctx, events.StreamCases)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 1, nil
	}
	if err != nil {
		return 0, wrong(conf.NATSURL, "stream "+events.StreamCases+": "+err.Error())
	}
	return s.CachedInfo().Config.Replicas, nil
}

// readVarz reads /varz, again and again while the server isn't there.
func readVarz(ctx context.Context, monitor *url.URL) (varz, error) {
	wait := backoff.NewExponentialBackOff(backoff.WithInitialInterval(50*time.Millisecond), backoff.WithMaxInterval(2*time.Second), backoff.WithMaxElapsedTime(monitorWithin))
	return backoff.RetryWithData(func() (varz, error) {
		var v varz
		ctx, cancel := context.WithTimeout(ctx, monitorRequest)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, monitor.JoinPath("varz").String(), nil)
		if err != nil {
			return v, backoff.Permanent(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return v, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return v, backoff.Permanent(fmt.Errorf("%s answers %s", r.URL.Redacted(), resp.Status))
		}
		if err := json.NewDecoder(io.LimitReader(resp.Body, maxVarz)).Decode(&v); err != nil || v.ServerID == "" {
			return v, backoff.Permanent(fmt.Errorf("%s isn't a NATS server's monitoring address", monitor.Redacted()))
		}
		return v, nil
	}, backoff.WithContext(wait, ctx))
}
