package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/server"
)

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256 " + base64.StdEncoding.EncodeToString(sum[:])
}

// checked sends bytes with a checksum.
func (s *site) checked(token, at string, offset int, data []byte, sum string) reply {
	s.t.Helper()
	h := map[string]string{"Upload-Offset": strconv.Itoa(offset), "Content-Type": chunkType, "Upload-Checksum": sum}
	return s.do(http.MethodPatch, at, token, h, bytes.NewReader(data))
}

// TestChecksum damages bytes under way, where they fill no part and where they fill several: the offset stays, and the right bytes go on from there.
func TestChecksum(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	for _, c := range []struct {
		name string
		size int
		ends []int // of the requests before the last
	}{
		{"small.mp4", 3 * mib, []int{mib}},
		{"small, at once.mp4", 3 * mib, nil},
		{"parts.mp4", 37*mib + 5, []int{9 * mib, 26 * mib}},
		{"parts, at once.mp4", 37*mib + 5, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := clip(t, c.size)
			at, offset := s.create(me, c.name, hashOf(data), c.size), 0
			for _, end := range append(slices.Clone(c.ends), c.size) {
				chunk := data[offset:end]
				damaged := slices.Clone(chunk)
				damaged[len(damaged)/2] ^= 1
				got := s.checked(me, at, offset, damaged, sumOf(chunk))
				if f := got.fault(t); got.status != 460 || len(f.Fields) != 1 || f.Fields[0].Code != "mismatch" {
					t.Fatalf("damaged to %d: %d %s", end, got.status, got.body)
				}
				if n, id := s.head(me, at); n != offset || id != "" {
					t.Fatalf("after damaged bytes: offset %d, not %d; medium %q", n, offset, id)
				}
				if got = s.checked(me, at, offset, chunk, sumOf(chunk)); got.status != http.StatusNoContent {
					t.Fatalf("to %d: %d %s", end, got.status, got.body)
				}
				offset = end
			}
			n, id := s.head(me, at)
			if m := r.record("jilin", id); n != c.size || m.SHA256 != hashOf(data) || !bytes.Equal(r.original(m), data) {
				t.Error("the original isn't what was sent")
			}
		})
	}
}

func TestChecksumOfNothingKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, data := r.office("jilin"), clip(t, 20*mib)
	at := s.create(me, "a.mp4", "", len(data))
	for _, wrong := range []string{"md5 " + base64.StdEncoding.EncodeToString(data[:16]), "sha256", "sha256 !", "sha256 " + base64.StdEncoding.EncodeToString(data[:31])} {
		if got := s.checked(me, at, 0, data, wrong); got.status != http.StatusBadRequest || got.fault(t).Code != fault.BadParameter {
			t.Errorf("%s: %d %s", wrong, got.status, got.body)
		}
	}
	// What is damaged may look like what is refused; it isn't judged.
	if got := s.checked(me, at, 0, bytes.Repeat([]byte("<html>"), 2*mib), sumOf(data[:12*mib])); got.status != 460 {
		t.Errorf("damaged: %d %s", got.status, got.body)
	}
	// Bytes that broke off can't be checked.
	body, w := io.Pipe()
	go func() {
		_, _ = w.Write(data[:17*mib])
		_ = w.CloseWithError(io.ErrClosedPipe)
	}()
	if _, err := s.try(http.MethodPatch, at, me, map[string]string{"Upload-Offset": "0", "Content-Type": chunkType, "Upload-Checksum": sumOf(data)}, body); err == nil {
		t.Fatal("the line didn't break")
	}
	if n, _ := s.head(me, at); n != 0 {
		t.Errorf("offset %d", n)
	}
	for _, size := range []int{3 * mib, len(data)} {
		h := creation("b.mp4", "", size)
		h["Content-Type"], h["Upload-Checksum"] = chunkType, sumOf(data[1:size])
		if got := s.do(http.MethodPost, "/files", me, h, bytes.NewReader(data[:size])); got.status != 460 {
			t.Errorf("with the creation: %d %s", got.status, got.body)
		}
	}
	upload := strings.TrimPrefix(at, "/files/")
	if keys := r.keys(r.buckets.Uploads()); len(keys) != 1 || keys[0] != upload+".state" {
		t.Errorf("left behind: %v", keys)
	}
	if n := r.messages(events.StreamMedia, "media.>"); n != 0 {
		t.Errorf("%d facts", n)
	}
}

// TestExpires tells until when an unfinished upload is kept, and what can be asked for.
func TestExpires(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, data := r.office("jilin"), clip(t, 3*mib)
	kept := func(what string, got reply) {
		t.Helper()
		at, err := time.Parse(http.TimeFormat, got.header.Get("Upload-Expires"))
		if left := time.Until(at); err != nil || left < 7*24*time.Hour-time.Minute || left > 7*24*time.Hour {
			t.Errorf("%s: Upload-Expires %q: %v", what, got.header.Get("Upload-Expires"), err)
		}
	}
	created := s.do(http.MethodPost, "/files", me, creation("a.mp4", "", len(data)), nil)
	kept("creation", created)
	at := created.header.Get("Location")
	kept("PATCH", s.patch(me, at, 0, data[:mib]))
	kept("HEAD", s.do(http.MethodHead, at, me, nil, nil))
	s.stop()
	// A day later a byte comes: the seven days begin anew.
	s = r.startLater(server.Config{}, 24*time.Hour)
	got := s.patch(me, at, mib, data[mib:2*mib])
	if end, err := time.Parse(http.TimeFormat, got.header.Get("Upload-Expires")); err != nil || time.Until(end) < 8*24*time.Hour-time.Minute {
		t.Errorf("a day later: Upload-Expires %q", got.header.Get("Upload-Expires"))
	}
	if got := s.patch(me, at, 2*mib, data[2*mib:]); got.header.Get("Upload-Expires") != "" || got.header.Get("Songshui-Media-Id") == "" {
		t.Errorf("the end: %v", got.header)
	}
	h := s.do(http.MethodOptions, "/files", me, nil, nil).header
	if h.Get("Tus-Extension") != "creation,creation-with-upload,termination,checksum,expiration" || h.Get("Tus-Checksum-Algorithm") != "sha256" || h.Get("Tus-Version") != "1.0.0" {
		t.Errorf("OPTIONS: %v", h)
	}
}

// TestExpired removes what nobody goes on with, seven days after its last byte and not before, once, however many look.
func TestExpired(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me, data := r.office("jilin"), clip(t, 20*mib)
	s := r.start(server.Config{})
	at := s.create(me, "a.mp4", "", len(data))
	if got := s.patch(me, at, 0, data[:9*mib]); got.status != http.StatusNoContent {
		t.Fatal(got.status)
	}
	s.stop()
	const end = 7 * 24 * time.Hour
	r.startLater(server.Config{}, end-time.Minute).stop()
	if keys := r.keys(r.buckets.Uploads()); len(keys) != 2 {
		t.Fatalf("before its time: %v", keys)
	}
	one, two := r.startLater(server.Config{}, end+time.Minute), r.startLater(server.Config{}, end+time.Minute)
	eventually(t, "the upload is gone", func() bool { return len(r.keys(r.buckets.Uploads())) == 0 })
	if got := one.do(http.MethodHead, at, me, nil, nil); got.status != http.StatusNotFound {
		t.Errorf("HEAD: %d", got.status)
	}
	if got := two.patch(me, at, 9*mib, data[9*mib:]); got.status != http.StatusNotFound {
		t.Errorf("PATCH: %d", got.status)
	}
	for o := range r.client.ListIncompleteUploads(t.Context(), string(r.buckets.Originals()), "", true) {
		t.Errorf("parts left: %+v", o)
	}
	if n := r.messages(events.StreamAccess, "access.media.upload-expired"); n != 1 {
		t.Errorf("%d entries in ACCESS", n)
	}
}
