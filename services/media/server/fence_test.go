package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/objects"
	"songshui.internal/services/media/server"
)

// TestTwoServers has two processes take the same bytes of one upload at once: one of them is told of a conflict, and what is sealed is what was sent.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me := r.office("jilin")
	one, two := r.start(server.Config{}), r.start(server.Config{})
	for _, size := range []int{3 * mib, 21 * mib} {
		data := clip(t, size)
		at := one.create(me, "a.mp4", "", size)
		for done := events.MediaID(""); done == ""; {
			offset, id := one.head(me, at)
			if done = id; done != "" {
				m := r.record("jilin", id)
				if m.SHA256 != hashOf(data) || !bytes.Equal(r.original(m), data) {
					t.Error("the original isn't what was sent")
				}
				break
			}
			end := min(offset+7*mib, size)
			got := make([]reply, 2)
			var wg sync.WaitGroup
			for i, s := range []*site{one, two} {
				wg.Go(func() { got[i] = s.patch(me, at, offset, data[offset:end]) })
			}
			wg.Wait()
			if got[0].status != http.StatusNoContent && got[1].status != http.StatusNoContent {
				t.Fatalf("nobody got on: %d %s, %d %s", got[0].status, got[0].body, got[1].status, got[1].body)
			}
			for _, g := range got {
				if g.status != http.StatusNoContent && g.fault(t).Code != fault.Conflict && g.fault(t).Code != fault.NotFound {
					t.Errorf("%d %s", g.status, g.body)
				}
			}
		}
	}
}

// TestTakeover has a newer request of the same process end an older one that hangs.
func TestTakeover(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, data := r.office("jilin"), clip(t, 3*mib)
	at := s.create(me, "a.mp4", "", len(data))
	body := &hanging{data: bytes.NewReader(data[:mib]), hangs: make(chan struct{})}
	hung := make(chan reply, 1)
	go func() {
		got, _ := s.try(http.MethodPatch, at, me, map[string]string{"Upload-Offset": "0", "Content-Type": chunkType}, body)
		hung <- got
	}()
	<-body.hangs
	// The older request has sent its bytes but may not have been given the upload yet: until then there is nothing to take over.
	var got reply
	for ended := false; !ended; {
		s.head(me, at)
		select {
		case got = <-hung:
			ended = true
		case <-time.After(20 * time.Millisecond):
		}
	}
	if got.status != http.StatusConflict || got.fault(t).Code != fault.Conflict {
		t.Errorf("the older request: %d %s", got.status, got.body)
	}
	offset, _ := s.head(me, at)
	if got := s.patch(me, at, offset, data[offset:]); got.status != http.StatusNoContent {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// hanging is a body that says when it has nothing more, and never ends.
type hanging struct {
	data  *bytes.Reader
	hangs chan struct{}
	once  sync.Once
}

func (h *hanging) Read(p []byte) (int, error) {
	if h.data.Len() > 0 {
		return h.data.Read(p)
	}
	h.once.Do(func() { close(h.hangs) })
	select {}
}

// TestStoreAway answers 503 with Retry-After while S3 is away.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	client, err := minio.New(dead.Listener.Addr().String(), &minio.Options{Creds: credentials.NewStaticV4("a", "b", ""), Region: "us-east-1", MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bus.New(r.nc, events.ServiceMedia, bus.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	d := r.deps(b)
	d.Objects = objects.NewStore(client)
	srv, err := server.New(d, server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	h := httptest.NewServer(srv.Handler())
	t.Cleanup(h.Close)
	s := &site{r, h.URL, nil}
	photo := sample(t, "media/gas-detector-offline.png")
	got := s.whole(r.office("jilin"), "a.png", "", photo)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if f := got.fault(t); f.Code != fault.Unavailable || f.Detail != "s3" {
		t.Errorf("%+v", f)
	}
	eventually(t, "ready says so", func() bool {
		ready, err := r.api("").Ready(t.Context())
		return err == nil && ready["s3"] == "away"
	})
}

// TestLateState has a process come back, after another one has gone on, to write its state: it is told of the conflict and changes nothing.
func TestLateState(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me, data := r.office("jilin"), clip(t, 3*mib)
	stuck, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := r.start(server.Config{Fault: func(place string) {
		if place == "tail" {
			once.Do(func() { close(stuck); <-goOn })
		}
	}})
	quick := r.start(server.Config{})
	at := slow.create(me, "a.mp4", "", len(data))
	late := make(chan reply, 1)
	go func() {
		got, err := slow.try(http.MethodPatch, at, me, map[string]string{"Upload-Offset": "0", "Content-Type": chunkType}, bytes.NewReader(data[:mib]))
		if err != nil {
			t.Error(err)
		}
		late <- got
	}()
	<-stuck
	if got := quick.patch(me, at, 0, data[:2*mib]); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	close(goOn)
	if got := <-late; got.status != http.StatusConflict || got.fault(t).Code != fault.Conflict {
		t.Errorf("the late one: %d %s", got.status, got.body)
	}
	if offset, _ := slow.head(me, at); offset != 2*mib {
		t.Errorf("offset %d", offset)
	}
	if got := slow.patch(me, at, 2*mib, data[2*mib:]); r.record("jilin", events.MediaID(got.header.Get("Songshui-Media-Id"))).SHA256 != hashOf(data) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestLatePart has a part put again behind the state's back: nothing is sealed.
func TestLatePart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, data := r.office("jilin"), clip(t, 20*mib)
	at := s.create(me, "a.mp4", "", len(data))
	if got := s.patch(me, at, 0, data[:17*mib]); got.status != http.StatusNoContent {
		t.Fatal(got.status)
	}
	body, _, err := r.store().Get(t.Context(), r.buckets.Uploads(), strings.TrimPrefix(at, "/files/")+".state")
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	var state struct{ Object, Multipart string }
	if err := json.NewDecoder(body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	other := make([]byte, 8*mib)
	if _, err := r.store().Part(t.Context(), r.buckets.Originals(), state.Object, state.Multipart, 1, bytes.NewReader(other), int64(len(other))); err != nil {
		t.Fatal(err)
	}
	if got := s.patch(me, at, 17*mib, data[17*mib:]); got.status != http.StatusNotFound {
		t.Errorf("%d %s", got.status, got.body)
	}
	if n := r.messages(events.StreamMedia, "media.>"); n != 0 {
		t.Errorf("%d facts", n)
	}
	if keys := append(r.keys(r.buckets.Originals()), r.keys(r.buckets.Uploads())...); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
}
