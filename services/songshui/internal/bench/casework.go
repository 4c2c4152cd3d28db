package bench

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	embedded "songshui.internal/services/internal/embedded/nats"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/rectification/rectificationapi"
	rectification "songshui.internal/services/rectification/server"
	"songshui.internal/services/songshui/internal/stack"
)

// tracked is how many rectifications the commands go round on: each has time to be written before its turn comes again.
const tracked = 512

// house is a log with the services of both tracks, without bytes, index and pages: what a command costs is theirs alone.
type house struct {
	*stack.Services
	backings stack.Backings
	settings stack.Settings
	seal     *access.Seal
	close    func()
}

// more starts further services beside those that run; stop ends them.
func (h *house) more(ctx context.Context, targets ...string) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	s, err := stack.Start(ctx, h.backings, h.settings, targets)
	if err != nil {
		cancel()
		return nil, err
	}
	return func() {
		cancel()
		_ = s.Wait()
		s.Close()
	}, nil
}

// openHouse starts the services on a server of their own below dir.
func openHouse(ctx context.Context, dir string, targets ...string) (*house, error) {
	server, err := embedded.Start(embedded.Config{Dir: filepath.Join(dir, "nats")})
	if err != nil {
		return nil, err
	}
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		server.Close()
		return nil, fmt.Errorf("bench: %w", err)
	}
	h := &house{backings: stack.Backings{Connect: server.Connect, Replicas: 1}, seal: access.NewSeal(key, time.Now)}
	if err := stack.MigrateLog(ctx, h.backings); err != nil {
		server.Close()
		return nil, err
	}
	h.settings = stack.Settings{Key: key, Public: public, MediaURL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now}
	ctx, cancel := context.WithCancel(ctx)
	if h.Services, err = stack.Start(ctx, h.backings, h.settings, targets); err != nil {
		cancel()
		server.Close()
		return nil, err
	}
	h.close = func() {
		cancel()
		_ = h.Wait()
		h.Services.Close()
		server.Close()
	}
	return h, nil
}

// as is a client of an office's account.
func (h *house) as(office string) (bus.Client, error) {
	conn, err := h.backings.Connect("bench")
	if err != nil {
		return bus.Client{}, err
	}
	token, err := h.seal.Sign(access.Actor{Account: events.AccountID(office), Role: access.Office, Office: events.OfficeSlug(office), Duties: access.Duties()})
	return bus.Client{Conn: conn, Token: token}, err
}

// commands alternates rounds of progress reports on distinct rectifications, asked for over requests, with publishing the same bytes raw, both with 64 in flight.
func commands(ctx context.Context, c Config) ([]Row, error) {
	h, err := openHouse(ctx, c.Dir, events.ServiceRegistry, events.ServiceIntake, events.ServiceRectification)
	if err != nil {
		return nil, err
	}
	defer h.close()
	ids, client, err := h.tracks(ctx)
	if err != nil {
		return nil, err
	}
	js, err := h.rawStream(ctx)
	if err != nil {
		return nil, err
	}
	var n atomic.Int64
	report := func(ctx context.Context, _ int) error {
		i := n.Add(1)
		// As portal asks: the record in the answer is passed on as it is.
		var got portalapi.Commanded
		params := rectificationapi.CommandParams{ID: ids[i%tracked], Name: "progress", Key: fmt.Sprint("bench", i)}
		return client.Ask(ctx, events.ServiceRectification, rectificationapi.EndpointCommand, params, fmt.Appendf(nil, `{"text":"第%d次进展：已更换阀门，正在调试。"}`, i), &got)
	}
	var ours, raw []float64
	for range c.Rounds {
		// Ours first: a record grows with each command, and raw publishes what the last of them wrote.
		rate, err := together(ctx, c.Round, report)
		if err != nil {
			return nil, err
		}
		ours = append(ours, rate)
		peer, err := h.peer(ctx, js, ids)
		if err != nil {
			return nil, err
		}
		if rate, err = together(ctx, c.Round, peer); err != nil {
			return nil, err
		}
		raw = append(raw, rate)
	}
	return []Row{row("commands", median(ours), median(raw), fmt.Sprintf("ours %s, raw %s", rounds(ours), rounds(raw)))}, nil
}

// tracks submits cases and starts their rectifications.
func (h *house) tracks(ctx context.Context) ([]events.CaseID, bus.Client, error) {
	lines, err := templates(1)
	if err != nil {
		return nil, bus.Client{}, err
	}
	client, err := h.as(lines[0].office)
	if err != nil {
		return nil, client, err
	}
	ids, errs := make([]events.CaseID, tracked), make([]error, clients)
	var group sync.WaitGroup
	for l := range clients {
		group.Go(func() {
			for i := l; i < tracked && errs[l] == nil; i += clients {
				var got intakeapi.Submitted
				if got, errs[l] = (intakeapi.Client{Client: client}).Submit(ctx, intakeapi.SubmitParams{}, lines[0].with(ref(int64(i)))); errs[l] != nil {
					return
				}
				ids[i] = got.ID
				_, errs[l] = rectificationapi.Command(ctx, client, got.ID, "start", "", []byte(`{"responsible_person":"总经理","funds_yuan":1,"interim_safeguards":"停用","emergency_plan":"撤离"}`))
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, client, fmt.Errorf("bench: tracks: %w", err)
		}
	}
	return ids, client, nil
}

// rawStream makes a stream with the settings of RECTIFICATION, and a connection of its own to it.
func (h *house) rawStream(ctx context.Context) (jetstream.JetStream, error) {
	stream, err := h.Bus.JetStream().Stream(ctx, events.StreamRectification)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	conn, err := h.backings.Connect("bench")
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(bus.PublishTimeout))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	config := stream.CachedInfo().Config
	config.Name, config.Subjects = rawStream, []string{rawSubject + ">"}
	if _, err := js.CreateStream(ctx, config); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return js, nil
}

// peer publishes the rectifications' last messages raw, over and over, each to its own subject.
func (h *house) peer(ctx context.Context, js jetstream.JetStream, ids []events.CaseID) (func(context.Context, int) error, error) {
	messages := make([]*nats.Msg, len(ids))
	for i, id := range ids {
		m, err := h.Bus.Last(ctx, events.StreamRectification, events.AnyOffice("rectification", string(id)))
		if err != nil {
			return nil, err
		}
		header := nats.Header{}
		for k, v := range m.Header {
			if !strings.HasPrefix(k, "Nats-") {
				header[k] = v
			}
		}
		messages[i] = &nats.Msg{Subject: rawSubject + string(id), Header: header, Data: m.Data}
	}
	var n atomic.Int64
	return func(ctx context.Context, _ int) error {
		_, err := js.PublishMsg(ctx, messages[n.Add(1)%int64(len(messages))])
		return err
	}, nil
}

// deadlined measures how late deadlines are stated as facts: at one instant, then spread over a minute. Each must be stated once, and none early.
func deadlined(ctx context.Context, c Config) ([]Row, error) {
	var out []Row
	for i, spread := range []time.Duration{0, c.Spread} {
		name := []string{"deadlines", "deadlines-spread"}[i]
		late, err := lateness(ctx, filepath.Join(c.Dir, name), c.Deadlines, spread)
		if err != nil {
			return nil, err
		}
		out = append(out, row(name, late[len(late)-1].Seconds(), 0, fmt.Sprintf("p50 %s ms, p99 %s ms", number(float64(percentileOf(late, 50).Milliseconds())), number(float64(percentileOf(late, 99).Milliseconds())))))
	}
	return out, nil
}

func percentileOf(sorted []time.Duration, percent int) time.Duration {
	return sorted[max(1, (percent*len(sorted)+99)/100)-1]
}

// settingFor is how long setting that many schedules may take before the first deadline comes.
func settingFor(deadlines int) time.Duration {
	return time.Second + time.Duration(deadlines)*2*time.Millisecond
}

// lateness opens that many rectifications with one deadline each, and gives how late each was stated, in order.
func lateness(ctx context.Context, dir string, deadlines int, spread time.Duration) ([]time.Duration, error) {
	server, err := embedded.Start(embedded.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	defer server.Close()
	if err := stack.MigrateLog(ctx, stack.Backings{Connect: server.Connect, Replicas: 1}); err != nil {
		return nil, err
	}
	conn, err := server.Connect("bench")
	if err != nil {
		return nil, err
	}
	b, err := bus.New(conn, events.ServiceRectification, bus.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return nil, err
	}
	// The schedules stand before the first deadline comes.
	starts := time.Now().Add(settingFor(deadlines))
	due := func(s events.RectificationState) time.Time {
		if len(s.Reminders) > 0 {
			return time.Time{}
		}
		var n int
		_, _ = fmt.Sscan(s.ResponsibleUnit, &n)
		return starts.Add(spread * time.Duration(n) / time.Duration(deadlines))
	}
	clock := bus.Clock[events.RectificationState, *events.RectificationState]{Aggregate: rectification.Aggregate, Service: events.ServiceRectification, Filter: "rectification.>", Next: due,
		State: func(s events.RectificationState, now time.Time) (events.Fact, access.Given) {
			if at := due(s); at.IsZero() || at.After(now) {
				return nil, access.Given{}
			}
			return events.RectificationRemindedFact{Reminders: []events.Reminder{{Kind: "bench", For: s.OpenedOn, At: now}}}, access.Given{On: s.OpenedOn}
		}}
	running, end := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- clock.Run(running, b) }()
	defer func() { end(); <-done }()
	if err := openMany(ctx, b, deadlines); err != nil {
		return nil, err
	}
	if time.Now().After(starts) {
		return nil, fmt.Errorf("bench: deadlines: the machine took longer to set the schedules than %s", settingFor(deadlines))
	}
	return stated(ctx, b, deadlines, due, starts.Add(spread+time.Minute))
}

func openMany(ctx context.Context, b *bus.Bus, deadlines int) error {
	errs := make([]error, clients)
	var group sync.WaitGroup
	for l := range clients {
		group.Go(func() {
			for i := l; i < deadlines && errs[l] == nil; i += clients {
				id := events.CaseIDFor("jilin", fmt.Sprint(i))
				fact := events.RectificationOpenedFact{ID: id, Office: "jilin", HazardLevel: "general", OpenedOn: "2026-06-01", Due: "2026-07-01", ResponsibleUnit: fmt.Sprint(i)}
				_, errs[l] = rectification.Aggregate.Execute(ctx, b, events.RectificationSubject("jilin", id), bus.Intent{Name: "open", New: true, Actor: events.System(events.ServiceRectification), Given: access.Given{On: fact.OpenedOn}},
					func(bus.Loaded[events.RectificationState], *access.Given) (events.Fact, error) { return fact, nil })
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("bench: deadlines: %w", err)
		}
	}
	return nil
}

// stated waits until every deadline was stated once and gives how late, in order.
func stated(ctx context.Context, b *bus.Bus, deadlines int, due func(events.RectificationState) time.Time, end time.Time) ([]time.Duration, error) {
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	seen := map[string]bool{}
	var late []time.Duration
	var wrong error
	err := b.Watch(ctx, events.StreamRectification, []string{"rectification.>"}, 1, func(m bus.Message) {
		if m.Meta.Type != (events.RectificationRemindedFact{}).EventType() {
			return
		}
		var s events.RectificationState
		if wrong = json.Unmarshal(m.Body.State, &s); wrong != nil || seen[m.Subject] {
			wrong = fmt.Errorf("bench: %s was stated twice, or can't be read: %w", m.Subject, wrong)
			cancel()
			return
		}
		seen[m.Subject] = true
		s.Reminders = nil
		late = append(late, m.Stored.Sub(due(s)))
		if len(late) == deadlines {
			cancel()
		}
	}, func() {})
	slices.Sort(late)
	switch {
	case wrong != nil:
		return nil, wrong
	case len(late) < deadlines:
		return nil, fmt.Errorf("bench: %d of %d deadlines were stated: %w", len(late), deadlines, err)
	case late[0] < 0:
		return nil, fmt.Errorf("bench: a deadline was stated %s early", -late[0])
	}
	return late, nil
}
