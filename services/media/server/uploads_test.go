package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/server"
)

const mib = 1 << 20

func TestUploadWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	photo := sample(t, "media/tank-interlock.jpg")
	got := s.whole(me, "罐区/联锁.jpg", hashOf(photo), photo)
	if got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	id := events.MediaID(got.header.Get("Songshui-Media-Id"))
	if id != events.MediaIDFor("jilin", hashOf(photo), "联锁.jpg") {
		t.Errorf("id %q", id)
	}
	m := r.record("jilin", id)
	if m.File != "联锁.jpg" || m.SHA256 != hashOf(photo) || m.Bytes != int64(len(photo)) || m.Type != "image/jpeg" || m.Kind != "image" || m.SealedBy != "jilin-desk" {
		t.Errorf("%+v", m)
	}
	if !bytes.Equal(r.original(m), photo) {
		t.Error("the original isn't what was sent")
	}
	offset, again := s.head(me, got.header.Get("Location"))
	if offset != len(photo) || again != id {
		t.Errorf("HEAD: %d, %s", offset, again)
	}
}

func TestUploadAgainIsOneMedium(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, photo := r.office("jilin"), sample(t, "media/trench.jpg")
	first := s.whole(me, "a.jpg", "", photo).header.Get("Songshui-Media-Id")
	for _, sha := range []string{"", hashOf(photo)} {
		again := s.whole(me, "a.jpg", sha, photo)
		if again.status != http.StatusCreated || again.header.Get("Songshui-Media-Id") != first || again.header.Get("Upload-Offset") != fmt.Sprint(len(photo)) {
			t.Errorf("again: %d %v", again.status, again.header)
		}
	}
	// No bytes are needed for the same name or another one.
	named := s.do(http.MethodPost, "/files", me, creation("b.jpg", hashOf(photo), len(photo)), nil)
	other := events.MediaID(named.header.Get("Songshui-Media-Id"))
	if named.status != http.StatusCreated || named.header.Get("Upload-Offset") != fmt.Sprint(len(photo)) || string(other) == first {
		t.Fatalf("another name: %d %v", named.status, named.header)
	}
	if r.record("jilin", other).Object != r.record("jilin", events.MediaID(first)).Object {
		t.Error("the same bytes lie there twice")
	}
	if n, id := s.head(me, named.header.Get("Location")); n != len(photo) || id != other {
		t.Errorf("HEAD of a known one: %d %s", n, id)
	}
	if keys := r.keys(r.buckets.Originals()); len(keys) != 1 {
		t.Errorf("originals: %v", keys)
	}
	// Another office's bytes aren't known to this one.
	if foreign := s.do(http.MethodPost, "/files", r.office("siping"), creation("b.jpg", hashOf(photo), len(photo)), nil); foreign.header.Get("Songshui-Media-Id") != "" {
		t.Error("another office profits from these bytes")
	}
}

// TestResume breaks off in the middle of parts and of tails, each time with a new server on the same backings.
func TestResume(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	me := r.office("yanbian")
	for _, c := range []struct {
		name string
		size int
		cuts []int // ends of the requests before the last
	}{
		{"small.mp4", 3 * mib, []int{10, 5000, mib, 2*mib + 7}},
		{"one part.mp4", 8 * mib, []int{8*mib - 1}},
		{"parts.mp4", 40*mib + 12345, []int{1, 7 * mib, 9 * mib, 16 * mib, 33*mib + 5}},
		{"whole parts.mp4", 16 * mib, []int{8 * mib}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := clip(t, c.size)
			s := r.start(server.Config{})
			at, offset := s.create(me, c.name, hashOf(data), c.size), 0
			for _, end := range c.cuts {
				if got := s.patch(me, at, offset, data[offset:end]); got.status != http.StatusNoContent {
					t.Fatalf("PATCH to %d: %d %s", end, got.status, got.body)
				}
				s.stop()
				s = r.start(server.Config{})
				n, id := s.head(me, at)
				if n != end || id != "" {
					t.Fatalf("after %d: offset %d, medium %q", end, n, id)
				}
				offset = n
			}
			got := s.patch(me, at, offset, data[offset:])
			if got.status != http.StatusNoContent {
				t.Fatalf("last PATCH: %d %s", got.status, got.body)
			}
			id := events.MediaID(got.header.Get("Songshui-Media-Id"))
			m := r.record("yanbian", id)
			if m.SHA256 != hashOf(data) || !bytes.Equal(r.original(m), data) {
				t.Error("the original isn't what was sent")
			}
			if n, again := s.head(me, at); n != c.size || again != id {
				t.Errorf("HEAD: %d %s", n, again)
			}
			for _, k := range r.keys(r.buckets.Uploads()) {
				if bytes.HasPrefix([]byte(k), []byte(at[len("/files/"):])) && !bytes.HasSuffix([]byte(k), []byte(".state")) {
					t.Errorf("left behind: %s", k)
				}
			}
		})
	}
}

// TestBrokenLine sends less than it announced: what came is kept, in parts and tail.
func TestBrokenLine(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, data := r.office("yanbian"), clip(t, 30*mib)
	at := s.create(me, "断线.mp4", "", len(data))
	const came = 19*mib + 100
	body, w := io.Pipe()
	go func() {
		_, _ = w.Write(data[:came])
		_ = w.CloseWithError(io.ErrClosedPipe)
	}()
	if _, err := s.try(http.MethodPatch, at, me, map[string]string{"Upload-Offset": "0", "Content-Type": chunkType}, body); err == nil {
		t.Fatal("the line didn't break")
	}
	eventually(t, "the bytes that came are kept", func() bool {
		return slices.ContainsFunc(r.keys(r.buckets.Uploads()), func(k string) bool { return strings.Contains(k, ".tail-") })
	})
	offset, _ := s.head(me, at)
	if offset <= 16*mib || offset > came {
		t.Fatalf("offset %d, sent %d", offset, came)
	}
	got := s.patch(me, at, offset, data[offset:])
	m := r.record("yanbian", events.MediaID(got.header.Get("Songshui-Media-Id")))
	if m.SHA256 != hashOf(data) {
		t.Error("hash is wrong")
	}
}

func TestConcurrentUploadsAreOneMedium(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, photo := r.office("jilin"), sample(t, "media/tailings.jpg")
	ids := make([]string, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			sha := ""
			if i%2 == 0 {
				sha = hashOf(photo)
			}
			got := s.whole(me, "a.jpg", sha, photo)
			ids[i] = got.header.Get("Songshui-Media-Id")
			if got.status != http.StatusCreated {
				t.Errorf("%d: %d %s", i, got.status, got.body)
			}
		})
	}
	wg.Wait()
	if len(slices.Compact(ids)) != 1 || ids[0] == "" {
		t.Errorf("ids: %v", ids)
	}
	if n := r.messages(events.StreamMedia, "media.jilin."+ids[0]); n == 0 {
		t.Error("no fact")
	}
	if keys := r.keys(r.buckets.Originals()); len(keys) != 1 || keys[0] != r.record("jilin", events.MediaID(ids[0])).Object {
		t.Errorf("originals: %v", keys)
	}
}

func TestRefusedUploads(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	photo := sample(t, "media/welding.jpg")
	html := sample(t, "bad/html-as.jpg")
	for _, c := range []struct {
		name   string
		got    reply
		status int
		field  string
		code   string
		noted  bool
	}{
		{"hash", s.whole(me, "a.jpg", hashOf([]byte("other")), photo), 422, "sha256", "mismatch", true},
		{"type", s.whole(me, "a.jpg", "", html), 415, "", "", true},
		{"empty", s.do(http.MethodPost, "/files", me, creation("a.jpg", "", 0), nil), 422, "file", "empty", true},
		{"no name", s.do(http.MethodPost, "/files", me, map[string]string{"Upload-Length": "5"}, nil), 422, "filename", "required", false},
		{"bad hash", s.do(http.MethodPost, "/files", me, creation("a.jpg", "zz", 5), nil), 422, "sha256", "format", false},
		{"over all limits", s.do(http.MethodPost, "/files", me, creation("a.jpg", "", 5<<30), nil), 413, "", "", false},
		{"too large an image", s.patch(me, s.create(me, "a.jpg", "", 100*mib), 0, photo), 413, "", "", true},
	} {
		if c.got.status != c.status {
			t.Errorf("%s: %d %s", c.name, c.got.status, c.got.body)
			continue
		}
		f := c.got.fault(t)
		if c.field != "" && (len(f.Fields) != 1 || f.Fields[0].Field != c.field || f.Fields[0].Code != c.code) {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
	if n := r.messages(events.StreamAccess, "access.media.upload-refused"); n != 4 {
		t.Errorf("%d entries in ACCESS", n)
	}
	if n := r.messages(events.StreamMedia, "media.>"); n != 0 {
		t.Errorf("%d facts", n)
	}
	if keys := append(r.keys(r.buckets.Originals()), r.keys(r.buckets.Uploads())...); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
}

// TestRefusedInTheMiddle finds a wrong type in the middle of a long request, and a wrong hash after many parts.
func TestRefusedInTheMiddle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me := r.office("jilin")
	data := clip(t, 20*mib)
	at := s.create(me, "a.mp4", hashOf(data[1:]), len(data))
	got := s.patch(me, at, 0, data)
	if got.status != http.StatusUnprocessableEntity || got.fault(t).Fields[0].Code != "mismatch" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if gone := s.do(http.MethodHead, at, me, nil, nil); gone.status != http.StatusNotFound {
		t.Errorf("after the refusal: %d", gone.status)
	}
	if keys := append(r.keys(r.buckets.Originals()), r.keys(r.buckets.Uploads())...); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
}

func TestWhoMayUpload(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.start(server.Config{})
	me, photo := r.office("jilin"), sample(t, "media/welding.jpg")
	at := s.create(me, "a.jpg", "", len(photo))
	for _, method := range []string{http.MethodHead, http.MethodDelete} {
		foreign, none := s.do(method, at, r.office("siping"), nil, nil), s.do(method, "/files/"+"aaaaaaaaaaaaaaaaaaaaaaaaaa", me, nil, nil)
		if foreign.status != http.StatusNotFound || none.status != foreign.status || !bytes.Equal(foreign.body, none.body) {
			t.Errorf("%s of another office: %d %s", method, foreign.status, foreign.body)
		}
	}
	if got := s.patch(r.office("siping"), at, 0, photo); got.status != http.StatusNotFound || got.fault(t).Code != fault.NotFound {
		t.Errorf("PATCH of another office: %d", got.status)
	}
	if got := s.whole("", "a.jpg", "", photo); got.status != http.StatusUnauthorized || got.fault(t).Code != fault.Unauthenticated {
		t.Errorf("without an actor: %d", got.status)
	}
	for _, role := range []access.Role{access.Supervisor, access.Journalist, access.Admin, access.Unit} {
		if got := s.whole(r.token(access.Actor{Account: "x", Role: role}), "a.jpg", "", photo); got.status != http.StatusForbidden {
			t.Errorf("%s: %d", role, got.status)
		}
	}
	if got := s.patch(me, at, 5, photo); got.status != http.StatusConflict || got.fault(t).Code != fault.Conflict {
		t.Errorf("wrong offset: %d %s", got.status, got.body)
	}
	if got := s.do(http.MethodDelete, at, me, nil, nil); got.status != http.StatusNoContent {
		t.Errorf("DELETE: %d %s", got.status, got.body)
	}
	if keys := r.keys(r.buckets.Uploads()); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
}
