package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"songshui.internal/events"
	"songshui.internal/services/internal/embedded/nats"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/demo"
	"songshui.internal/services/songshui/internal/ops"
)

const (
	kills = 20
	// earlyEvery: each so many-th kill falls into the start, the others while a request is under way.
	earlyEvery = 4
	// startsWithin bounds a start; afterReady and inStart are the longest waits before a kill.
	startsWithin  = 60 * time.Second
	afterReady    = 100 * time.Millisecond
	inStart       = 400 * time.Millisecond
	cleanWithin   = 30 * time.Second
	requestWithin = 3 * time.Second
	waitsAtMost   = 2 * time.Second
	// settled is longer than the longest AckWait: what was in hand at the last kill comes again only then.
	settled = 2 * time.Minute

	wantCases, wantMedia = 33, 49
)

// victim is a directory and the program that is killed on it.
type victim struct {
	t                  *testing.T
	program            string
	dir                string
	bootstrap          string
	addr               string
	seen               *flights
	cmd                *exec.Cmd
	out                bytes.Buffer
	exited             chan error
	readyFile          string
	kills, early, hits int
}

func (v *victim) start() {
	v.t.Helper()
	_ = os.Remove(v.readyFile)
	v.out.Reset()
	v.cmd = exec.Command(v.program, "up", "--dir", v.dir, "--listen", v.addr, "--bootstrap", v.bootstrap, "--ready-file", v.readyFile)
	v.cmd.Stdout, v.cmd.Stderr = &v.out, &v.out
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.exited = make(chan error, 1)
	go func(c *exec.Cmd, exited chan error) { exited <- c.Wait() }(v.cmd, v.exited)
}

// ready waits until the program answers; an exit by itself fails the test.
func (v *victim) ready() {
	v.t.Helper()
	eventually(v.t, startsWithin, "start", func() error {
		select {
		case err := <-v.exited:
			v.exited <- err
			v.t.Fatalf("ended by itself: %v\n%s", err, v.out.Bytes())
		default:
		}
		_, err := os.Stat(v.readyFile)
		return err
	})
	v.seen.answers()
}

func (v *victim) kill() {
	v.t.Helper()
	if v.seen.open.Load() > 0 {
		v.hits++
	}
	if err := v.cmd.Process.Kill(); err != nil {
		v.t.Fatalf("ended before it was killed: %v\n%s", err, v.out.Bytes())
	}
	<-v.exited
	v.kills++
	v.seen.gone()
}

// round starts the program and kills it at a random moment.
func (v *victim) round(r *rand.Rand, n int) {
	v.t.Helper()
	v.start()
	if n%earlyEvery == earlyEvery-1 {
		v.early++
		v.wait(time.Duration(r.Int64N(int64(inStart))))
		v.kill()
		return
	}
	v.ready()
	select {
	case <-v.seen.begun: // one that began before the program answered
	default:
	}
	select {
	case <-v.seen.begun:
	case <-time.After(requestWithin):
	}
	v.wait(time.Duration(r.Int64N(int64(afterReady))))
	v.kill()
}

func (v *victim) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-v.t.Context().Done():
	}
}

// stop ends the program as Ctrl-C does.
func (v *victim) stop() {
	v.t.Helper()
	if err := v.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		v.t.Fatal(err)
	}
	select {
	case err := <-v.exited:
		if err != nil {
			v.t.Errorf("end: %v\n%s", err, v.out.Bytes())
		}
	case <-time.After(cleanWithin):
		_ = v.cmd.Process.Kill()
		v.t.Errorf("did not end within %s", cleanWithin)
	}
}

// ask runs a command of the command line on the directory and gives its standard output; exit statuses other than 0 are errors.
func (v *victim) ask(command string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.Command(v.program, command, "--dir", v.dir, "--json")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w\n%s%s", command, err, out, stderr.Bytes())
	}
	return out, nil
}

// TestKilled kills the program (-9) at random moments while offices submit.
func TestKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("left out with -short: twenty kills take about a minute")
	}
	r := chance(t)
	v := newVictim(t)
	accounts := demo.NewAccounts()
	var err error
	if v.bootstrap, err = accounts.Write(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	client := func(name string) *portalapi.Client {
		return &portalapi.Client{Base: "http://" + v.addr, Token: tokens(accounts)[name], HTTP: &http.Client{Transport: v.seen}, Patience: 3 * time.Minute}
	}
	v.start() // the first start takes in the accounts, without which there is no client
	v.ready()
	s := newSubmission(t, client)
	v.kill()
	for n := range kills - 1 {
		s.release(n, kills)
		v.round(r, n)
	}
	s.release(kills-1, kills)
	v.start()
	v.ready()
	s.wait()
	t.Logf("%d kills, %d in the start, %d with a request under way; accepted %d, there already %d, refused %v", v.kills, v.early, v.hits, s.accepted, s.existed, s.refused)
	if len(s.refused) > 0 || len(s.cases) != wantCases || len(s.media) != wantMedia {
		t.Errorf("cases %d, media %d, refused %v; want %d, %d, none", len(s.cases), len(s.media), s.refused, wantCases, wantMedia)
	}
	settle(t, v, s, client)
	v.stop()
	counted(t, v.dir)
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	l, err := net.Listen("tcp", ownHost()+":0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String() // kept over all restarts, so that the client's address stays
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, program: program(t), dir: filepath.Join(t.TempDir(), "data"), addr: addr, readyFile: filepath.Join(t.TempDir(), "ready"), seen: newFlights()}
	t.Cleanup(func() {
		if v.cmd != nil && v.cmd.ProcessState == nil {
			_ = v.cmd.Process.Kill()
		}
		if t.Failed() {
			t.Logf("the program's last output:\n%s", v.out.Bytes())
		}
	})
	return v
}

// submission is eleven offices that submit, each case as soon as it is released.
type submission struct {
	t        *testing.T
	client   func(string) *portalapi.Client
	group    errgroup.Group
	tickets  chan struct{}
	released int
	total    int

	mu                sync.Mutex
	cases, media      map[string]string // id → office
	accepted, existed int
	refused           []bulk.Line
}

func newSubmission(t *testing.T, client func(string) *portalapi.Client) *submission {
	t.Helper()
	byOffice, total := lines(t)
	s := &submission{t: t, client: client, tickets: make(chan struct{}, total), total: total, cases: map[string]string{}, media: map[string]string{}}
	for office, all := range byOffice {
		sub := &bulk.Submitter{Client: client(office + "-1"), Media: folder(t)}
		s.group.Go(func() error {
			for i, line := range all {
				<-s.tickets
				l, err := sub.Submit(t.Context(), i+1, line)
				if err != nil {
					return fmt.Errorf("%s: %w", office, err)
				}
				s.note(office, l)
			}
			return nil
		})
	}
	return s
}

func (s *submission) note(office string, l bulk.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch l.Status {
	case bulk.Accepted:
		s.accepted++
	case bulk.Exists:
		s.existed++
	default:
		s.refused = append(s.refused, l)
		return
	}
	s.cases[l.ID] = office
	for _, id := range l.Media {
		s.media[id] = office
	}
}

// release lets the share of the n-th of rounds begin, so that every kill finds work under way.
func (s *submission) release(n, rounds int) {
	for ; s.released < (n+1)*s.total/rounds; s.released++ {
		s.tickets <- struct{}{}
	}
}

func (s *submission) wait() {
	s.t.Helper()
	if err := s.group.Wait(); err != nil {
		s.t.Fatal(err)
	}
}

// settle waits until all media are at their end and the index equals the log, and then asks for everything that may be wrong.
func settle(t *testing.T, v *victim, s *submission, client func(string) *portalapi.Client) {
	t.Helper()
	for id, office := range maps.All(s.media) {
		eventually(t, settled, "media", func() error {
			m, err := client(office+"-1").Medium(t.Context(), id)
			if err != nil {
				return err
			}
			return done(m)
		})
	}
	eventually(t, settled, "search", func() error {
		found, err := client("supervisor").Search(t.Context(), url.Values{"per_page": {"1"}})
		if err == nil && found.Total != wantCases {
			err = fmt.Errorf("%w: %d cases found", errWaiting, found.Total)
		}
		return err
	})
	var report ops.Report
	eventually(t, settled, "verify", func() error {
		out, err := v.ask("verify")
		return errors.Join(err, json.Unmarshal(out, &report))
	})
	t.Logf("verify: %+v", report)
	letters, err := v.ask("deadletters")
	if err != nil || trimmed(letters) != "" {
		t.Errorf("dead letters: %v\n%s", err, letters)
	}
}

// counted counts the records in the log itself, which nothing runs on any more.
func counted(t *testing.T, dir string) {
	t.Helper()
	srv, err := nats.Start(nats.Config{Dir: filepath.Join(dir, "nats")})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	nc, err := srv.Connect(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	for stream, want := range map[string]int{events.StreamCases: wantCases, events.StreamMedia: wantMedia} {
		firsts := map[string]int{}
		for subject, n := range subjects(t, js, stream) {
			if n == 0 {
				t.Errorf("%s: no message", subject)
			}
			firsts[subject] = n
		}
		if len(firsts) != want {
			t.Errorf("%s holds %d records, want %d", stream, len(firsts), want)
		}
	}
}

// subjects gives a stream's subjects with their numbers of messages.
func subjects(t *testing.T, js jetstream.JetStream, stream string) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := js.Stream(ctx, stream)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(">"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for k, n := range info.State.Subjects {
		out[k] = int(n)
	}
	return out
}
