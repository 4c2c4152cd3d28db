package faults_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats"
)

// The publisher is this test program again, watched by strace.
const (
	publisherMode = "SONGSHUI_FAULTS_PUBLISH"
	publisherDir  = "SONGSHUI_FAULTS_DIR"

	synced   = "synced"
	unsynced = "unsynced"

	// beginMark and ackMark announce in the trace that a publish begins, and that its acknowledgement has come.
	beginMark = "songshui-begin:"
	ackMark   = "songshui-ack:"
	publishes = 20
)

// publish appends messages one after the other to a server in this process: the real one, or one that doesn't sync.
func publish(mode, dir string) error {
	connect, stop, err := publishTo(mode, dir)
	if err != nil {
		return err
	}
	defer stop()
	nc, err := connect()
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := bus.Migrate(ctx, js, 1, nil); err != nil {
		return err
	}
	for n := range publishes {
		fmt.Fprintf(os.Stderr, "%s%d\n", beginMark, n)
		subject := events.CaseSubject("changchun", events.CaseID(fmt.Sprint(n)))
		if _, err := js.Publish(ctx, subject, []byte("message"), jetstream.WithExpectLastSequencePerSubject(0)); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s%d\n", ackMark, n)
	}
	return nil
}

func publishTo(mode, dir string) (connect func() (*natsgo.Conn, error), stop func(), err error) {
	if mode == synced {
		srv, err := nats.Start(nats.Config{Dir: dir})
		if err != nil {
			return nil, nil, err
		}
		return func() (*natsgo.Conn, error) { return srv.Connect("publisher") }, srv.Close, nil
	}
	srv, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true, JetStreamMaxStore: -1})
	if err != nil {
		return nil, nil, err
	}
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		return nil, nil, errors.New("the server isn't ready")
	}
	return func() (*natsgo.Conn, error) { return natsgo.Connect("", natsgo.InProcessServer(srv)) }, srv.Shutdown, nil
}

// TestSyncedMeansSynced shows that no acknowledgement of a publish comes before the stream's file has been synced, and that the check would see it.
func TestSyncedMeansSynced(t *testing.T) {
	t.Parallel()
	missingTool(t, "strace")
	for n, fault := range early(t, synced) {
		t.Errorf("publish %s: %s", n, fault)
	}
	if found := early(t, unsynced); len(found) != publishes {
		t.Errorf("a server that doesn't sync: %d of %d found at fault", len(found), publishes)
	}
}

var (
	blockWrite = regexp.MustCompile(`^(?:pwrite64|write|writev)\(\d+<([^>]*/streams/CASES/msgs/\d+\.blk)>`)
	blockSync  = regexp.MustCompile(`^f(?:data)?sync\(\d+<([^>]*/streams/CASES/msgs/\d+\.blk)>`)
	blockOpen  = regexp.MustCompile(`^openat\(.*/streams/CASES/msgs/\d+\.blk".*O_D?SYNC.*= \d+<([^>]*)>`)
)

// early gives the publishes whose acknowledgement came before their bytes were durable, each with what is missing.
func early(t *testing.T, mode string) map[string]string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), "strace", "-f", "-y", "-s", "64", "-o", log, "-e", "trace=openat,write,writev,pwrite64,fsync,fdatasync", self)
	cmd.Env = append(os.Environ(), publisherMode+"="+mode, publisherDir+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w := watch{always: map[string]bool{}, found: map[string]string{}}
	w.read(t, log)
	if w.acks != publishes {
		t.Fatalf("%d acknowledgements in the trace, want %d", w.acks, publishes)
	}
	return w.found
}

// watch goes through a trace. A write counts from its beginning, a sync from its end.
type watch struct {
	always map[string]bool // opened with O_SYNC
	open   map[string]string
	// written and synced are of the publish under way.
	written, synced bool
	acks            int
	found           map[string]string
}

func (w *watch) read(t *testing.T, log string) {
	t.Helper()
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w.open = map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		thread, text, _ := strings.Cut(lines.Text(), " ")
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "<... ") {
			w.ended(w.open[thread] + text)
			delete(w.open, thread)
			continue
		}
		w.began(text)
		if begun, unfinished := strings.CutSuffix(text, "<unfinished ...>"); unfinished {
			w.open[thread] = begun
			continue
		}
		w.ended(text)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func (w *watch) began(call string) {
	if strings.Contains(call, beginMark) {
		w.written, w.synced = false, false
	}
	if _, n, ok := strings.Cut(call, ackMark); ok {
		n, _, _ = strings.Cut(n, `\n`)
		w.acks++
		switch {
		case !w.written:
			w.found[n] = "acknowledged before its bytes were written"
		case !w.synced:
			w.found[n] = "acknowledged before its bytes were synced"
		}
	}
	if m := blockWrite.FindStringSubmatch(call); m != nil {
		w.written, w.synced = true, false
	}
}

func (w *watch) ended(call string) {
	if strings.Contains(call, "= -1") {
		return
	}
	if m := blockOpen.FindStringSubmatch(call); m != nil {
		w.always[m[1]] = true
	}
	if m := blockWrite.FindStringSubmatch(call); m != nil && w.always[m[1]] {
		w.synced = true
	}
	if blockSync.MatchString(call) && w.written {
		w.synced = true
	}
}
