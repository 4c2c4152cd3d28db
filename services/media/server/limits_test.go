package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/server"
)

// TestQuota refuses what an office has no room for, and only that office's; room comes back when an upload is given up or refused, and doesn't when it becomes a medium.
func TestQuota(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{Limits: server.Limits{Quota: 30 * mib}})
	me, data := r.office("jilin"), clip(t, 20*mib)
	at := s.create(me, "a.mp4", "", len(data))
	refused := func(what string, got reply) {
		t.Helper()
		if got.status != http.StatusInsufficientStorage || got.fault(t).Code != fault.Quota || got.header.Get("Retry-After") != "3600" {
			t.Errorf("%s: %d %s %v", what, got.status, got.body, got.header)
		}
	}
	refused("beside one under way", s.do(http.MethodPost, "/files", me, creation("b.mp4", "", 11*mib), nil))
	s.create(r.office("siping"), "c.mp4", "", 20*mib)
	s.do(http.MethodDelete, at, me, nil, nil)
	at = s.create(me, "a.mp4", "", len(data))
	if got := s.patch(me, at, 0, data[:9*mib]); got.status != http.StatusNoContent {
		t.Fatal(got.status)
	}
	s.stop()
	// After a start, what is under way counts once it was looked for.
	s = r.startLater(server.Config{Limits: server.Limits{Quota: 30 * mib}}, 2*time.Minute)
	eventually(t, "the upload under way counts", func() bool {
		got := s.do(http.MethodPost, "/files", me, creation("b.mp4", "", 11*mib), nil)
		if got.status == http.StatusCreated {
			s.do(http.MethodDelete, got.header.Get("Location"), me, nil, nil)
		}
		return got.status == http.StatusInsufficientStorage
	})
	got := s.patch(me, at, 9*mib, data[9*mib:])
	id := events.MediaID(got.header.Get("Songshui-Media-Id"))
	if got.status != http.StatusNoContent || id == "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused("beside a medium", s.do(http.MethodPost, "/files", me, creation("b.mp4", "", 11*mib), nil))
	// The same bytes take no room.
	if got := s.do(http.MethodPost, "/files", me, creation("b.mp4", hashOf(data), len(data)), nil); got.status != http.StatusCreated || got.header.Get("Songshui-Media-Id") == "" {
		t.Errorf("known bytes: %d %s", got.status, got.body)
	}
	if html := sample(t, "bad/html-as.jpg"); s.whole(me, "x.jpg", "", html).status != http.StatusUnsupportedMediaType {
		t.Error("html is taken")
	}
	if got := s.do(http.MethodPost, "/files", me, creation("c.mp4", "", 10*mib), nil); got.status != http.StatusCreated {
		t.Errorf("what fits: %d %s", got.status, got.body)
	}
	if n := r.messages(events.StreamAccess, "access.media.upload-refused"); n < 3 {
		t.Errorf("%d entries in ACCESS", n)
	}
}

// TestRate sends an office away that begins or sends too much, with the time to wait; others aren't kept waiting.
func TestRate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{Limits: server.Limits{Begun: 0.01, BegunBurst: 2, Bytes: mib, BytesBurst: 2 * mib}})
	me, data := r.office("jilin"), clip(t, 7*mib)
	at := s.create(me, "a.mp4", "", len(data))
	slowed := func(what string, got reply, least, most int) {
		t.Helper()
		wait, err := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != http.StatusTooManyRequests || got.fault(t).Code != fault.SlowDown || err != nil || wait < least || wait > most {
			t.Errorf("%s: %d %s, Retry-After %q", what, got.status, got.body, got.header.Get("Retry-After"))
		}
	}
	if got := s.patch(me, at, 0, data[:6*mib]); got.status != http.StatusNoContent {
		t.Errorf("within the burst: %d", got.status)
	}
	slowed("bytes", s.patch(me, at, 6*mib, data[6*mib:]), 1, 5)
	if n, _ := s.head(me, at); n != 6*mib {
		t.Errorf("offset %d", n)
	}
	s.create(me, "b.mp4", "", len(data))
	slowed("a third", s.do(http.MethodPost, "/files", me, creation("c.mp4", "", 5), nil), 90, 101)
	if got := s.whole(r.office("siping"), "c.mp4", "", data[:mib]); got.status == http.StatusTooManyRequests {
		t.Error("another office waits")
	}
}

// TestManySmallUploads goes through undisturbed: limits are for mistakes. Each is a name of its own for the same bytes.
func TestManySmallUploads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, photo := r.office("jilin"), sample(t, "media/gas-detector-offline.png")
	first := s.whole(me, "first.png", "", photo)
	if first.status != http.StatusCreated {
		t.Fatalf("%d %s", first.status, first.body)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 12 {
				if got := s.do(http.MethodPost, "/files", me, creation(fmt.Sprint(w, "-", i, ".png"), hashOf(photo), len(photo)), nil); got.status != http.StatusCreated {
					t.Errorf("%d-%d: %d %s", w, i, got.status, got.body)
				}
			}
		})
	}
	wg.Wait()
}

// TestSizes refuses by the type that the content has and the size that is announced, before the bytes are sent.
func TestSizes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	for _, c := range []struct {
		file string
		most int
	}{{"media/welding.jpg", 50 << 20}, {"media/crane-portrait.mp4", 4 << 30}, {"media/interview-liaoyuan.m4a", 500 << 20}, {"bad/javascript.pdf", 100 << 20}} {
		head := sample(t, c.file)
		for _, over := range []bool{false, true} {
			size, want := c.most, http.StatusNoContent
			if over {
				size, want = c.most+1, http.StatusRequestEntityTooLarge
			}
			created := s.do(http.MethodPost, "/files", me, creation(c.file, "", size), nil)
			if created.status == want {
				continue // over everything: refused at the creation
			}
			if created.status != http.StatusCreated {
				t.Errorf("%s, %d bytes: %d %s", c.file, size, created.status, created.body)
				continue
			}
			h := map[string]string{"Upload-Offset": "0", "Content-Type": chunkType}
			if got := s.do(http.MethodPatch, created.header.Get("Location"), me, h, bytes.NewReader(append(head, make([]byte, 8<<10)...))); got.status != want {
				t.Errorf("%s, %d bytes: %d %s", c.file, size, got.status, got.body)
			}
		}
	}
	long := s.whole(me, strings.Repeat("长", 300)+".png", "", sample(t, "media/gas-detector-offline.png"))
	if m := r.record("jilin", events.MediaID(long.header.Get("Songshui-Media-Id"))); len([]rune(m.File)) != 120 || !strings.HasSuffix(m.File, ".png") {
		t.Errorf("name: %s", m.File)
	}
}
