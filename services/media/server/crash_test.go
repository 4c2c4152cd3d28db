package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/media/server"
)

// crashAt gives a hook that breaks a request off the nth time it comes to a place, as a killed process would: nothing after it is done, nobody is answered.
func crashAt(place string, nth int32) func(string) {
	var seen atomic.Int32
	return func(p string) {
		if p == place && seen.Add(1) == nth {
			panic(http.ErrAbortHandler)
		}
	}
}

// TestCrashAtEveryStep breaks an upload off between any two durable steps; a new process and a client that goes on by HEAD and PATCH end with one medium, whole.
func TestCrashAtEveryStep(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me := r.office("tonghua")
	for _, c := range []struct {
		place string
		nth   int32
		size  int
		first int // bytes of a first request, 0 = all in one
	}{
		{"state", 1, 2 * mib, 0}, {"object", 1, 2 * mib, 0}, {"fact", 1, 2 * mib, 0}, {"tail", 1, 2 * mib, mib}, {"state", 1, 2 * mib, mib},
		{"part", 1, 45 * mib, 0}, {"part", 5, 45 * mib, 0}, {"part", 6, 45 * mib, 0}, {"object", 1, 45 * mib, 0}, {"fact", 1, 45 * mib, 0}, {"tail", 1, 45 * mib, 17 * mib},
	} {
		name := fmt.Sprintf("%s %d of %d in %d.mp4", c.place, c.nth, c.size/mib, c.first/mib)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := clip(t, c.size)
			s := r.start(server.Config{Fault: crashAt(c.place, c.nth)})
			at := s.create(me, name, hashOf(data), len(data))
			broke := false
			for offset, end := 0, c.first; ; offset, end = end, len(data) {
				if end == 0 {
					end = len(data)
				}
				h := map[string]string{"Upload-Offset": fmt.Sprint(offset), "Content-Type": chunkType}
				if _, err := s.try(http.MethodPatch, at, me, h, bytes.NewReader(data[offset:end])); err != nil {
					broke = true
				}
				if broke || end == len(data) {
					break
				}
			}
			if !broke {
				t.Fatal("nothing broke")
			}
			s.stop()
			s = r.start(server.Config{})
			offset, id := s.head(me, at)
			if c.nth == 5 && offset < 32*mib {
				t.Errorf("offset %d: more than four parts are lost", offset)
			}
			if id == "" {
				got := s.patch(me, at, offset, data[offset:])
				if got.status != http.StatusNoContent {
					t.Fatalf("PATCH from %d: %d %s", offset, got.status, got.body)
				}
				id = events.MediaID(got.header.Get("Songshui-Media-Id"))
			}
			m := r.record("tonghua", id)
			if m.SHA256 != hashOf(data) || !bytes.Equal(r.original(m), data) {
				t.Error("the original isn't what was sent")
			}
			if n := r.messages(events.StreamMedia, events.MediaSubject("tonghua", id)+".>"); n != 0 {
				t.Error(n)
			}
			upload := strings.TrimPrefix(at, "/files/")
			var left []string
			for _, k := range r.keys(r.buckets.Originals()) {
				if strings.Contains(k, upload) {
					left = append(left, k)
				}
			}
			if len(left) != 1 || left[0] != m.Object {
				t.Errorf("originals: %v", left)
			}
		})
	}
}

// TestGivenUpTooLate gives up an upload whose object is there and whose fact was cut off: all bytes came, so it is a medium.
func TestGivenUpTooLate(t *testing.T) {
	t.Parallel()
	for _, size := range []int{2 * mib, 17 * mib} {
		r := newRig(t)
		me, data := r.office("tonghua"), clip(t, size)
		s := r.start(server.Config{Fault: crashAt("object", 1)})
		at := s.create(me, "a.mp4", "", len(data))
		if _, err := s.try(http.MethodPatch, at, me, map[string]string{"Upload-Offset": "0", "Content-Type": chunkType}, bytes.NewReader(data)); err == nil {
			t.Fatal("nothing broke")
		}
		s.stop()
		s = r.start(server.Config{})
		if got := s.do(http.MethodDelete, at, me, nil, nil); got.status != http.StatusNoContent {
			t.Errorf("%d %s", got.status, got.body)
		}
		if m := r.record("tonghua", events.MediaIDFor("tonghua", hashOf(data), "a.mp4")); m.State == "" || !bytes.Equal(r.original(m), data) {
			t.Errorf("%+v", m)
		}
		if got := s.do(http.MethodHead, at, me, nil, nil); got.status != http.StatusNotFound {
			t.Errorf("the upload is still there: %d", got.status)
		}
	}
}

// TestCrashOfOneRequest breaks a creation with all bytes off; sent again, there is one medium.
func TestCrashOfOneRequest(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"state", "object", "fact"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			me, photo := r.office("jilin"), sample(t, "media/manhole-fusong.jpg")
			s := r.start(server.Config{Fault: crashAt(place, 1)})
			h := creation("a.jpg", hashOf(photo), len(photo))
			h["Content-Type"] = chunkType
			if _, err := s.try(http.MethodPost, "/files", me, h, bytes.NewReader(photo)); err == nil {
				t.Fatal("nothing broke")
			}
			got := s.whole(me, "a.jpg", hashOf(photo), photo)
			m := r.record("jilin", events.MediaID(got.header.Get("Songshui-Media-Id")))
			if got.status != http.StatusCreated || !bytes.Equal(r.original(m), photo) {
				t.Fatalf("again: %d %s", got.status, got.body)
			}
			s.stop()
			// What the crash left is cleared away once nobody can come back for it.
			r.startLater(server.Config{}, 8*24*time.Hour)
			eventually(t, "only the medium's object is left", func() bool {
				keys := append(r.keys(r.buckets.Originals()), r.keys(r.buckets.Uploads())...)
				return len(keys) == 1 && keys[0] == m.Object
			})
		})
	}
}

// TestSweep ends, at the next start, what nobody comes back for.
func TestSweep(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me, data := r.office("jilin"), clip(t, 20*mib)
	s := r.start(server.Config{Fault: crashAt("object", 1)})
	whole := s.create(me, "whole.mp4", "", len(data))
	h := map[string]string{"Upload-Offset": "0", "Content-Type": chunkType}
	if _, err := s.try(http.MethodPatch, whole, me, h, bytes.NewReader(data)); err == nil {
		t.Fatal("nothing broke")
	}
	half := s.create(me, "half.mp4", "", len(data))
	if got := s.patch(me, half, 0, data[:9*mib]); got.status != http.StatusNoContent {
		t.Fatal(got.status)
	}
	if got := s.do(http.MethodHead, half, me, nil, nil); got.header.Get("Upload-Expires") == "" {
		t.Error("no Upload-Expires")
	}
	s.stop()
	id := events.MediaIDFor("jilin", hashOf(data), "whole.mp4")
	s = r.startLater(server.Config{}, 2*time.Minute)
	eventually(t, "the whole upload is sealed", func() bool { return r.messages(events.StreamMedia, events.MediaSubject("jilin", id)) > 0 })
	if n, _ := s.head(me, half); n != 9*mib {
		t.Errorf("the half upload is at %d", n)
	}
	s.stop()
	s = r.startLater(server.Config{}, 8*24*time.Hour)
	eventually(t, "the half upload is gone", func() bool { return len(r.keys(r.buckets.Uploads())) == 0 })
	if keys := r.keys(r.buckets.Originals()); len(keys) != 1 {
		t.Errorf("originals: %v", keys)
	}
	if got := s.do(http.MethodHead, half, me, nil, nil); got.status != http.StatusNotFound {
		t.Errorf("HEAD: %d", got.status)
	}
}
