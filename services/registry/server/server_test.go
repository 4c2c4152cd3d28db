package server_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/registry/registryapi"
	"songshui.internal/services/registry/server"
)

const token = "yanbian-desk-token-0001"

const file = `
accounts:
  - {name: yanbian-desk, role: office, office: yanbian, password: correct horse, token: ` + token + `}
  - {name: 记者甲, role: journalist, outlet: 延边安行日讯, password: "0123456789"}
  - {name: province, role: supervisor, token: 00000000000000000000123}
`

// world is a system with the layout made and nothing else.
type world struct {
	t    *testing.T
	nc   *natsgo.Conn
	bus  *bus.Bus
	seal *access.Seal
	key  ed25519.PublicKey
	// ahead is how far the service's clock is ahead of the wall's, in nanoseconds.
	ahead atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, nc: natstest.New(t)}
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.key, w.seal = pub, access.NewSeal(priv, time.Now)
	if w.bus, err = bus.New(w.nc, events.ServiceRegistry, bus.Options{Now: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }}); err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), w.bus.JetStream(), 1, nil); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) server() *server.Server {
	w.t.Helper()
	s, err := server.New(server.Deps{Bus: w.bus, Verifier: access.NewVerifier(w.key, time.Now)}, server.Config{})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// run starts a server and waits until it answers.
func (w *world) run() (*server.Server, registryapi.Client) {
	w.t.Helper()
	s := w.server()
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	c := registryapi.Client{Client: bus.Client{Conn: w.nc}}
	eventually(w.t, "ready", func() bool {
		got, err := c.Ready(ctx)
		return err == nil && got["nats"] == "ok"
	})
	return s, c
}

// eventually asks again until ok, at most ten seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within 10 s", what)
		case <-tick.C:
		}
	}
}

func (w *world) bootstrap(s *server.Server, text string) error {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "bootstrap.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return s.ApplyBootstrap(w.t.Context(), path)
}

func (w *world) mustBootstrap(s *server.Server, text string) {
	w.t.Helper()
	if err := w.bootstrap(s, text); err != nil {
		w.t.Fatal(err)
	}
}

// last is the last sequence of a stream or bucket.
func (w *world) last(stream string) uint64 {
	w.t.Helper()
	s, err := w.bus.JetStream().Stream(w.t.Context(), stream)
	if err != nil {
		w.t.Fatal(err)
	}
	info, err := s.Info(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return info.State.LastSeq
}

// notes gives every entry of ACCESS and the whole text of them.
func (w *world) notes() (entries []events.AccessEntry, text string) {
	w.t.Helper()
	s, err := w.bus.JetStream().Stream(w.t.Context(), events.StreamAccess)
	if err != nil {
		w.t.Fatal(err)
	}
	for seq := uint64(1); ; seq++ {
		m, err := s.GetMsg(w.t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return entries, text
		}
		if err != nil {
			w.t.Fatal(err)
		}
		var e events.AccessEntry
		if err := json.Unmarshal(m.Data, &e); err != nil {
			w.t.Fatal(err)
		}
		entries, text = append(entries, e), text+string(m.Data)+"\n"
	}
}

func wantCode(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

// seeded is how many records the program's lists have: offices, outlets, campaigns, rules, years.
var seeded = uint64(12 + 35 + 2 + len(rules.Names()) + 1)

func TestSeedsAreIdempotent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replicas := make([]*server.Server, 4)
	var wg sync.WaitGroup
	for i := range replicas {
		replicas[i] = w.server()
		wg.Go(func() {
			if err := replicas[i].Seed(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := w.last(events.StreamRegistry); got != seeded {
		t.Errorf("%d facts after four replicas at once, want one for each record", got)
	}
	if err := replicas[0].Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.last(events.StreamRegistry); got != seeded {
		t.Errorf("seeded again: %d facts", got)
	}
	d, err := registryapi.StartDirectory(t.Context(), w.bus)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range d.Offices() {
		if o.Revision != 1 || o.Schema != events.RegistrySchema {
			t.Errorf("office %s: revision %d, schema %d", o.Slug, o.Revision, o.Schema)
		}
	}
}

func TestSeedMendsWhatDiffers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.server()
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	subject := events.RegistrySubject(events.RegistryOffice, "jilin")
	record := func(name string) {
		_, err := server.OfficeAggregate.Execute(t.Context(), w.bus, subject, bus.Intent{Name: "record"}, func(bus.Loaded[events.OfficeState], *access.Given) (events.Fact, error) {
			return events.OfficeRecordedFact{Office: events.OfficeState{Slug: "jilin", Prefix: "2202", Name: name}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	record("吉林")
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	l, err := server.OfficeAggregate.Load(t.Context(), w.bus, subject)
	if err != nil || l.State.Name != "吉林市" || l.State.Revision != 3 {
		t.Errorf("%+v, %v", l.State, err)
	}
	if got := w.last(events.StreamRegistry); got != seeded+2 {
		t.Errorf("%d facts", got)
	}
}

func TestEveryNameOfTheListIsItsOutlet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, c := w.run()
	c.Token = w.sign(access.Actor{Account: "x", Role: access.Supervisor})
	outlets, err := c.Outlets(t.Context())
	if err != nil || len(outlets) != 35 {
		t.Fatalf("%d outlets, %v", len(outlets), err)
	}
	d, err := registryapi.StartDirectory(t.Context(), w.bus)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outlets {
		for _, name := range append([]string{string(o.ID), o.Name}, o.Aliases...) {
			if got, ok := d.Outlet(name); !ok || got.ID != o.ID {
				t.Errorf("%q is %q, want %q", name, got.ID, o.ID)
			}
		}
		if got, ok := d.OutletByID(o.ID); !ok || got.Level != o.Level {
			t.Errorf("outlet %s by id: %+v", o.ID, got)
		}
		if o.Office != "" {
			if _, ok := d.Office(o.Office); !ok {
				t.Errorf("outlet %s is of unknown office %s", o.ID, o.Office)
			}
		}
	}
	offices, err := c.Offices(t.Context())
	if err != nil || len(offices) != 12 {
		t.Fatalf("%d offices, %v", len(offices), err)
	}
	open := 0
	for _, o := range offices {
		if registryapi.OfficeExists(o, "2026-06-01") {
			open++
		}
	}
	if open != 11 {
		t.Errorf("%d offices in 2026, want 11", open)
	}
}

func (w *world) sign(a access.Actor) string {
	w.t.Helper()
	s, err := w.seal.Sign(a)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestDirectoryFollows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, err := registryapi.StartDirectory(t.Context(), w.bus)
	if err != nil || len(d.Offices()) != 0 {
		t.Fatalf("an empty log: %v, %v", d, err)
	}
	if err := w.server().Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "seeds", func() bool { return len(d.Offices()) == 12 && len(d.Outlets()) == 35 })
	_, err = server.OutletAggregate.Execute(t.Context(), w.bus, events.RegistrySubject(events.RegistryOutlet, "cc-tv"), bus.Intent{Name: "record"}, func(l bus.Loaded[events.OutletState], _ *access.Given) (events.Fact, error) {
		o := l.State
		o.Aliases = []string{"春城安行"}
		return events.OutletRecordedFact{Outlet: o}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new alias", func() bool { _, ok := d.Outlet("春城安行"); return ok })
	if o, ok := d.Outlet("安行视界"); ok {
		t.Errorf("the old alias still finds %s", o.ID)
	}
}

func TestUnsignedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, c := w.run()
	_, err := c.Outlets(t.Context())
	wantCode(t, "outlets without an actor", err, fault.Unauthenticated)
	_, err = c.Me(t.Context())
	wantCode(t, "me without an actor", err, fault.Unauthenticated)
}

func TestMissingBucketEndsRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.bus.JetStream().DeleteKeyValue(t.Context(), events.BucketAccounts); err != nil {
		t.Fatal(err)
	}
	if err := w.server().Run(t.Context()); !errors.Is(err, bus.ErrLayout) || !strings.Contains(err.Error(), "accounts") {
		t.Errorf("without the bucket: %v", err)
	}
}

// An operator's lists beat the program's, and whoever follows learns of them: what began before a rule's day keeps the old number.
func TestOperatorsLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.server().Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	d, err := registryapi.StartDirectory(t.Context(), w.bus)
	if err != nil {
		t.Fatal(err)
	}
	if d.Calendar().Known("2027-01-01") || len(d.Campaigns()) != 2 {
		t.Errorf("before: %d campaigns", len(d.Campaigns()))
	}
	changed := make(chan struct{}, 8)
	d.OnChange(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rules.yaml":         "rules:\n- {name: due-days, title: 期限, title_en: due, unit: days, values: [{value: 30, basis: a, ours: true}, {from: 2026-09-01, value: 20, basis: b}]}\n",
		"calendar-2027.json": `{"year": 2027, "off": [{"from": "2027-01-01", "to": "2027-01-03", "name": "元旦"}], "worked": []}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := server.New(server.Deps{Bus: w.bus, Verifier: access.NewVerifier(w.key, time.Now)}, server.Config{Lists: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	for d.Rules().On(rules.DueDays, "2026-09-01") != 20 || !d.Calendar().Known("2027-01-01") {
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatal("never told")
		}
	}
	if got := d.Rules().On(rules.DueDays, "2026-08-31"); got != 30 {
		t.Errorf("what began before: %d days", got)
	}
	if d.Calendar().Working("2027-01-01", "jilin") || !d.Calendar().Working("2027-01-04", "jilin") {
		t.Error("the year's file wasn't taken")
	}
	if err := os.WriteFile(filepath.Join(dir, "calendar-2028.json"), []byte(`{"year": 2028, "off": [{"from": "2029-01-01", "to": "2029-01-03", "name": "元旦"}], "worked": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(t.Context()); err == nil || !strings.Contains(err.Error(), "2029-01-01") {
		t.Errorf("a day of another year: %v", err)
	}
}
