package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats/natstest"
	"songshui.internal/services/internal/embedded/s3/s3test"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/media/server"
)

// rig is a set of backings with servers on it.
type rig struct {
	t        testing.TB
	nc       *natsgo.Conn
	client   *minio.Client
	buckets  objects.Buckets
	seal     *access.Seal
	verifier *access.Verifier
}

func newRig(t testing.TB) *rig {
	t.Helper()
	nc := natstest.New(t)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Migrate(t.Context(), js, 1, server.Durables()); err != nil {
		t.Fatal(err)
	}
	client, prefix := s3test.New(t)
	buckets := objects.Buckets{Prefix: prefix}
	if err := objects.Ensure(t.Context(), client, buckets); err != nil {
		t.Fatal(err)
	}
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Tokens are believed for a minute, and a subtest may wait longer for its turn.
	began := time.Now()
	stopped := func() time.Time { return began }
	return &rig{t, nc, client, buckets, access.NewSeal(key, stopped), access.NewVerifier(pub, stopped)}
}

// site is one running server.
type site struct {
	*rig
	url  string
	stop func()
}

// start runs a server until the test ends or stop is called.
func (r *rig) start(c server.Config) *site { return r.startLater(c, 0) }

// startLater runs a server whose clock is ahead.
func (r *rig) startLater(c server.Config, ahead time.Duration) *site {
	r.t.Helper()
	now := func() time.Time { return time.Now().Add(ahead) }
	b, err := bus.New(r.nc, events.ServiceMedia, bus.Options{Logger: slog.New(slog.DiscardHandler), Now: now})
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := server.New(r.deps(b), c)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	h := httptest.NewServer(s.Handler())
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		h.CloseClientConnections()
		h.Close()
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	}
	r.t.Cleanup(stop)
	return &site{r, h.URL, stop}
}

func (r *rig) store() *objects.Store { return objects.NewStore(r.client) }

// office signs an actor of an office.
func (r *rig) office(slug events.OfficeSlug) string {
	return r.token(access.Actor{Account: events.AccountID(slug + "-desk"), Role: access.Office, Duties: access.Duties(), Office: slug})
}

func (r *rig) token(a access.Actor) string {
	r.t.Helper()
	token, err := r.seal.Sign(a)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func (r *rig) api(token string) mediaapi.Client {
	return mediaapi.Client{Client: bus.Client{Conn: r.nc, Token: token}}
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) fault(t *testing.T) fault.Error {
	t.Helper()
	var f fault.Error
	if r.header.Get(mediaapi.HeaderFault) != "1" {
		t.Fatalf("status %d without a fault: %s", r.status, r.body)
	}
	if err := json.Unmarshal(r.body, &f); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return f
}

func (s *site) do(method, path, token string, header map[string]string, body io.Reader) reply {
	s.t.Helper()
	r, err := s.try(method, path, token, header, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *site) try(method, path, token string, header map[string]string, body io.Reader) (reply, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, s.url+path, body)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set(mediaapi.HeaderActor, token)
	req.Header.Set("Tus-Resumable", "1.0.0")
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, data}, err
}

func metadata(name, sha string) string {
	enc := base64.StdEncoding.EncodeToString
	m := "filename " + enc([]byte(name))
	if sha != "" {
		m += ",sha256 " + enc([]byte(sha))
	}
	return m
}

func creation(name, sha string, size int) map[string]string {
	return map[string]string{"Upload-Length": strconv.Itoa(size), "Upload-Metadata": metadata(name, sha)}
}

const chunkType = "application/offset+octet-stream"

// whole uploads in one request.
func (s *site) whole(token, name, sha string, data []byte) reply {
	s.t.Helper()
	h := creation(name, sha, len(data))
	h["Content-Type"] = chunkType
	return s.do(http.MethodPost, "/files", token, h, bytes.NewReader(data))
}

func (s *site) create(token, name, sha string, size int) string {
	s.t.Helper()
	r := s.do(http.MethodPost, "/files", token, creation(name, sha, size), nil)
	if r.status != http.StatusCreated {
		s.t.Fatalf("creation: %d %s", r.status, r.body)
	}
	return r.header.Get("Location")
}

func (s *site) patch(token, at string, offset int, data []byte) reply {
	s.t.Helper()
	return s.do(http.MethodPatch, at, token, map[string]string{"Upload-Offset": strconv.Itoa(offset), "Content-Type": chunkType}, bytes.NewReader(data))
}

// head gives the offset and the medium's id.
func (s *site) head(token, at string) (offset int, id events.MediaID) {
	s.t.Helper()
	r := s.do(http.MethodHead, at, token, nil, nil)
	if r.status != http.StatusOK {
		s.t.Fatalf("HEAD %s: %d", at, r.status)
	}
	n, err := strconv.Atoi(r.header.Get("Upload-Offset"))
	if err != nil {
		s.t.Fatal(err)
	}
	return n, events.MediaID(r.header.Get(mediaapi.HeaderMediaID))
}

// record gives a medium's state from the stream.
func (r *rig) record(office events.OfficeSlug, id events.MediaID) events.MediaState {
	r.t.Helper()
	l, err := server.Aggregate.Load(r.t.Context(), r.bus(), events.MediaSubject(office, id))
	if err != nil || !l.Exists() {
		r.t.Fatalf("medium %s: %v, there: %v", id, err, l.Exists())
	}
	return l.State
}

func (r *rig) js() jetstream.JetStream { return r.bus().JetStream() }

func (r *rig) bus() *bus.Bus {
	b, err := bus.New(r.nc, events.ServiceMedia, bus.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// original reads the sealed bytes.
func (r *rig) original(m events.MediaState) []byte {
	r.t.Helper()
	body, _, err := r.store().Get(r.t.Context(), r.buckets.Originals(), m.Object)
	if err != nil {
		r.t.Fatal(err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

func (r *rig) keys(b objects.Bucket) []string {
	r.t.Helper()
	var out []string
	for o, err := range r.store().List(r.t.Context(), b, "") {
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, o.Key)
	}
	return out
}

// messages counts a stream's messages on a subject.
func (r *rig) messages(stream, subject string) int {
	r.t.Helper()
	n := 0
	for next := uint64(1); ; n++ {
		m, err := r.bus().Next(r.t.Context(), stream, subject, next)
		if errors.Is(err, bus.ErrNone) {
			return n
		}
		if err != nil && !errors.Is(err, events.ErrMalformed) {
			r.t.Fatal(err)
		}
		next = m.Sequence + 1
	}
}

// settled says that a durable has nothing before it and nothing in hand.
func (r *rig) settled(stream, durable string) bool {
	c, err := r.js().Consumer(context.Background(), stream, durable)
	if err != nil {
		return false
	}
	info, err := c.Info(context.Background())
	return err == nil && info.NumPending == 0 && info.NumAckPending == 0
}

// eventually waits for what other goroutines bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	within(t, 20*time.Second, what, ok)
}

func within(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	tick, end := time.NewTicker(5*time.Millisecond), time.After(d)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not in time: %s", what)
		}
	}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// samples is made absolute before the embedded S3 changes the working directory.
var samples = func() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", "songshui", "internal", "samples"))
	if err != nil {
		panic(err)
	}
	return dir
}()

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(samples, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// clip gives an MP4 of a size: a real one and a free box of bytes that differ everywhere.
func clip(t *testing.T, size int) []byte {
	t.Helper()
	data := sample(t, "media/crane-portrait.mp4")
	free := make([]byte, size-len(data))
	_, _ = rand.Read(free)
	binary.BigEndian.PutUint32(free, uint32(len(free)))
	copy(free[4:], "free")
	return append(data, free...)
}
