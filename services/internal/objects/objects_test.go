package objects_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"songshui.internal/services/internal/embedded/s3/s3test"
	"songshui.internal/services/internal/objects"
)

// newStore returns a store with buckets of the test's own.
func newStore(t *testing.T) (*objects.Store, objects.Buckets) {
	t.Helper()
	client, prefix := s3test.New(t)
	buckets := objects.Buckets{Prefix: prefix}
	if err := objects.Ensure(t.Context(), client, buckets); err != nil {
		t.Fatal(err)
	}
	return objects.NewStore(client), buckets
}

func want(t *testing.T, doing string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: %v, want %v", doing, err, kind)
	}
	for _, other := range []error{objects.ErrNotFound, objects.ErrExists, objects.ErrChanged, objects.ErrDenied, objects.ErrUnavailable} {
		if other != kind && errors.Is(err, other) {
			t.Errorf("%s: %v is also %v", doing, err, other)
		}
	}
}

func read(t *testing.T, r io.ReadCloser, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEnsureAndCheck(t *testing.T) {
	t.Parallel()
	client, prefix := s3test.New(t)
	ctx, buckets := t.Context(), objects.Buckets{Prefix: prefix}
	want(t, "check before", objects.Check(ctx, client, buckets), objects.ErrNotFound)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := objects.Ensure(ctx, client, buckets); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := objects.Check(ctx, client, buckets); err != nil {
		t.Error(err)
	}
	other := objects.Buckets{Prefix: prefix + "x-"}
	if err := client.MakeBucket(ctx, string(other.Originals()), minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := objects.Ensure(ctx, client, other); !errors.Is(err, objects.ErrNoLock) {
		t.Errorf("originals without lock: %v", err)
	}
}

func TestPutGetStatDelete(t *testing.T) {
	t.Parallel()
	s, buckets := newStore(t)
	ctx, b := t.Context(), buckets.Renditions()
	o := objects.Options{ContentType: "image/webp", Metadata: map[string]string{"Office-Slug": "changchun"}}
	etag, err := s.Put(ctx, b, "k", []byte("0123456789"), o)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Stat(ctx, b, "k")
	if err != nil || info.ETag != etag || info.Size != 10 || info.ContentType != "image/webp" || info.Metadata["Office-Slug"] != "changchun" {
		t.Errorf("stat %+v, %v", info, err)
	}
	r, info, err := s.Get(ctx, b, "k")
	if got := read(t, r, err); got != "0123456789" || info.ETag != etag || info.Size != 10 || info.Key != "k" {
		t.Errorf("got %q, %+v", got, info)
	}
	r, info, err = s.GetRange(ctx, b, "k", 7, 100)
	if got := read(t, r, err); got != "789" || info.Size != 10 {
		t.Errorf("range %q, %+v", got, info)
	}
	if _, _, err := s.GetRange(ctx, b, "k", 10, 1); err == nil {
		t.Error("a range behind the end was served")
	}
	if _, err := s.Put(ctx, b, "big", make([]byte, objects.MaxPut+1), o); err == nil {
		t.Error("an object above MaxPut was put")
	}
	for range 2 {
		if err := s.Delete(ctx, b, "k"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.Stat(ctx, b, "k")
	want(t, "stat", err, objects.ErrNotFound)
	_, _, err = s.Get(ctx, b, "k")
	want(t, "get", err, objects.ErrNotFound)
	_, err = s.Put(ctx, "no-such-bucket", "k", nil, o)
	want(t, "put", err, objects.ErrNotFound)
}

func TestConditionalPuts(t *testing.T) {
	t.Parallel()
	s, buckets := newStore(t)
	ctx, b, o := t.Context(), buckets.Uploads(), objects.Options{}
	_, err := s.PutIfMatch(ctx, b, "k", strings.Repeat("0", 32), []byte("x"), o)
	want(t, "if match, nothing there", err, objects.ErrNotFound)
	first, err := s.PutIfAbsent(ctx, b, "k", []byte("one"), o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.PutIfAbsent(ctx, b, "k", []byte("two"), o)
	want(t, "if absent", err, objects.ErrExists)

	const racers = 8
	var wg sync.WaitGroup
	errs := make([]error, racers)
	for i := range racers {
		wg.Go(func() { _, errs[i] = s.PutIfMatch(ctx, b, "k", first, []byte{byte('a' + i)}, o) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			want(t, "if match", err, objects.ErrChanged)
		}
	}
	if won != 1 {
		t.Errorf("%d writers held the same ETag and won", won)
	}
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	s, buckets := newStore(t)
	ctx, b, key := t.Context(), buckets.Originals(), "changchun/abc"
	up, err := s.Begin(ctx, b, key, objects.Options{ContentType: "video/mp4"})
	if err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("x"), objects.MinPart)
	p1, err := s.Part(ctx, b, key, up, 1, io.MultiReader(bytes.NewReader(big)), int64(len(big)))
	if err != nil {
		t.Fatal(err)
	}
	p2, err := s.Part(ctx, b, key, up, 2, strings.NewReader("tail"), 4)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Stat(ctx, b, key)
	want(t, "stat before complete", err, objects.ErrNotFound)
	parts, err := s.Parts(ctx, b, key, up)
	if err != nil || len(parts) != 2 || parts[0] != p1 || parts[1] != p2 {
		t.Fatalf("parts %+v, %v", parts, err)
	}
	stale := objects.Part{Number: 1, ETag: strings.Repeat("0", 32)}
	if _, err := s.Complete(ctx, b, key, up, []objects.Part{stale, p2}, true); err == nil {
		t.Error("completed with a part the store doesn't have")
	}
	etag, err := s.Complete(ctx, b, key, up, []objects.Part{p2, p1}, true)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Stat(ctx, b, key)
	if err != nil || info.ETag != etag || info.Size != int64(len(big))+4 || info.ContentType != "video/mp4" {
		t.Errorf("stat %+v, %v", info, err)
	}

	up, err = s.Begin(ctx, b, key, objects.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Part(ctx, b, key, up, 1, strings.NewReader("other"), 5)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Complete(ctx, b, key, up, []objects.Part{p}, true)
	want(t, "complete over an object", err, objects.ErrExists)
	if err := s.Abort(ctx, b, key, up); err != nil {
		t.Fatal(err)
	}
	want(t, "abort again", s.Abort(ctx, b, key, up), objects.ErrNotFound)
	_, err = s.Part(ctx, b, key, up, 1, strings.NewReader("late"), 4)
	want(t, "late part", err, objects.ErrNotFound)
	_, err = s.Complete(ctx, b, key, up, []objects.Part{p}, false)
	want(t, "complete after abort", err, objects.ErrNotFound)
}

func TestPartPassesReadersError(t *testing.T) {
	t.Parallel()
	s, buckets := newStore(t)
	ctx, b := t.Context(), buckets.Originals()
	up, err := s.Begin(ctx, b, "k", objects.Options{})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("browser went away")
	r, w := io.Pipe()
	go func() {
		_, _ = w.Write([]byte("half"))
		_ = w.CloseWithError(broken)
	}()
	_, err = s.Part(ctx, b, "k", up, 1, r, 8)
	want(t, "part", err, broken)
}

func TestList(t *testing.T) {
	t.Parallel()
	s, buckets := newStore(t)
	ctx, b := t.Context(), buckets.Exports()
	for _, k := range []string{"b/2", "a/1", "b/1", "b/3"} {
		if _, err := s.Put(ctx, b, k, []byte(k), objects.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for i, err := range s.List(ctx, b, "b/") {
		if err != nil {
			t.Fatal(err)
		}
		if i.Size != 3 || i.ETag == "" || strings.Contains(i.ETag, `"`) {
			t.Errorf("listed %+v", i)
		}
		if keys = append(keys, i.Key); len(keys) == 2 {
			break
		}
	}
	if strings.Join(keys, " ") != "b/1 b/2" {
		t.Errorf("keys %v", keys)
	}
	for _, err := range s.List(ctx, "no-such-bucket", "") {
		want(t, "list", err, objects.ErrNotFound)
	}
}

func TestLegalHold(t *testing.T) {
	t.Parallel()
	s, buckets := newStore(t)
	ctx, b := t.Context(), buckets.Originals()
	if _, err := s.Put(ctx, b, "k", []byte("evidence"), objects.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, on := range []bool{false, true, true, false} {
		if err := s.LegalHold(ctx, b, "k", on); err != nil {
			t.Fatal(err)
		}
		if held, err := s.Held(ctx, b, "k"); err != nil || held != on {
			t.Errorf("held %v, %v; want %v", held, err, on)
		}
		if on {
			want(t, "delete under hold", s.Delete(ctx, b, "k"), objects.ErrDenied)
		}
	}
	if _, err := s.Put(ctx, b, "fresh", nil, objects.Options{}); err != nil {
		t.Fatal(err)
	}
	if held, err := s.Held(ctx, b, "fresh"); err != nil || held {
		t.Errorf("fresh object: held %v, %v", held, err)
	}
	want(t, "hold on nothing", s.LegalHold(ctx, b, "none", true), objects.ErrNotFound)
	_, err := s.Held(ctx, b, "none")
	want(t, "held on nothing", err, objects.ErrNotFound)
	if err := s.Delete(ctx, b, "k"); err != nil {
		t.Error(err)
	}
}

// to returns a store on another address, with one attempt so that the test doesn't wait.
func to(t *testing.T, address string) *objects.Store {
	t.Helper()
	c, err := minio.New(address, &minio.Options{Creds: credentials.NewStaticV4("a", "b", ""), Region: "us-east-1", MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return objects.NewStore(c)
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	answer := func(h http.HandlerFunc) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.Listener.Addr().String()
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	cases := map[string]struct {
		address string
		kind    error
	}{
		"nobody listens": {closed.Addr().String(), objects.ErrUnavailable},
		"503":            {answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }), objects.ErrUnavailable},
		"500":            {answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }), objects.ErrUnavailable},
		"403":            {answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }), objects.ErrDenied},
		"cut off":        {answer(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), objects.ErrUnavailable},
	}
	for name, c := range cases {
		s := to(t, c.address)
		_, err := s.Put(t.Context(), "bucket", "k", []byte("x"), objects.Options{})
		want(t, name+": put", err, c.kind)
		_, err = s.Stat(t.Context(), "bucket", "k")
		want(t, name+": stat", err, c.kind)
		_, err = s.Part(t.Context(), "bucket", "k", "up", 1, io.MultiReader(strings.NewReader("x")), 1)
		want(t, name+": part", err, c.kind)
		for _, err := range s.List(t.Context(), "bucket", "") {
			want(t, name+": list", err, c.kind)
		}
	}

	inside := to(t, answer(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>InternalError</Code><Message>later</Message></Error>`)
	}))
	_, err = inside.Complete(t.Context(), "bucket", "k", "up", []objects.Part{{Number: 1, ETag: "e"}}, false)
	want(t, "error inside a 200", err, objects.ErrUnavailable)

	short := to(t, answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.Header().Set("Last-Modified", "Tue, 24 Nov 2026 00:00:00 GMT")
		w.Header().Set("ETag", `"e"`)
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	r, _, err := short.Get(t.Context(), "bucket", "k")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = io.ReadAll(r)
	want(t, "body cut off", err, objects.ErrUnavailable)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = short.Stat(ctx, "bucket", "k")
	want(t, "cancelled", err, context.Canceled)
}
