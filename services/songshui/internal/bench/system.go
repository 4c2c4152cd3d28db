package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"songshui.internal/services/internal/bus"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/demo"
	"songshui.internal/services/songshui/internal/samples"
	"songshui.internal/services/songshui/internal/stack"
)

// system is a whole one, with its clients.
type system struct {
	*stack.Up
	accounts demo.Accounts
	http     *http.Client
}

// clients is how many ask at once.
const clients = 64

// with starts a system on a directory for as long as do lasts.
func with(ctx context.Context, dir string, do func(*system) error) error {
	s := &system{accounts: demo.NewAccounts(), http: &http.Client{Transport: &http.Transport{MaxIdleConns: clients, MaxIdleConnsPerHost: clients, DisableCompression: true}}}
	file, err := s.accounts.Write(dir)
	if err != nil {
		return err
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	config := stack.Config{Dir: filepath.Join(dir, "up"), Listen: "127.0.0.1:0", Bootstrap: file, Logger: quiet}
	if config.Search, err = outsideEngine(ctx); err != nil {
		return err
	}
	if s.Up, err = stack.StartUp(ctx, config); err != nil {
		return err
	}
	err = do(s)
	s.http.CloseIdleConnections()
	return errors.Join(err, s.Close())
}

// client is one of an account, known by its name.
func (s *system) client(account string) *portalapi.Client {
	return &portalapi.Client{Base: s.URL, Token: s.accounts.Token(account), HTTP: s.http, Patience: -1}
}

// until polls every few milliseconds.
func until(ctx context.Context, every time.Duration, is func() (bool, error)) error {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if ok, err := is(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
}

// drainPoll is how often consumers are asked for what they haven't done.
const drainPoll = 20 * time.Millisecond

// drained waits until consumers have done what there was: what one round leaves behind is no burden of the next.
func (s *system) drained(ctx context.Context, all []bus.Durable) error {
	return until(ctx, drainPoll, func() (bool, error) { return idle(ctx, s.Bus, all) })
}

// idle says whether consumers have done what there was.
func idle(ctx context.Context, b *bus.Bus, all []bus.Durable) (bool, error) {
	for _, d := range all {
		c, err := b.JetStream().Consumer(ctx, d.Stream, d.Name)
		if err != nil {
			return false, fmt.Errorf("bench: %w", err)
		}
		if i := c.CachedInfo(); i.NumPending > 0 || i.NumAckPending > 0 {
			return false, nil
		}
	}
	return true, nil
}

// template is a sample case with a place for its reference.
type template struct {
	office string
	body   []byte
}

const refPlace = "@ref@"

// templates gives the sample cases without media and with at most that many publications.
func templates(publications int) ([]template, error) {
	data, err := fs.ReadFile(samples.Files, "cases.jsonl")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var out []template
	for line := range bytes.Lines(data) {
		var c map[string]any
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		office, _ := c["office"].(string)
		published, _ := c["exposures"].([]any)
		c["ref"], c["media"], c["exposures"] = refPlace, []any{}, published[:min(publications, len(published))]
		if len(published) < publications {
			continue
		}
		body, err := json.Marshal(c)
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		out = append(out, template{office, body})
	}
	return out, nil
}

// ref is a reference that no sample has.
func ref(n int64) string { return fmt.Sprintf("松水测〔2026〕%d号", n) }

func (t template) with(ref string) []byte {
	return bytes.Replace(t.body, []byte(refPlace), []byte(ref), 1)
}

// account is one of the office's.
func (t template) account() string { return t.office + "-1" }
