package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minio/minio-go/v7"

	"songshui.internal/services/internal/embedded/s3/s3test"
)

func newReader(s string) *strings.Reader { return strings.NewReader(s) }

// newBucket makes a bucket of the test's own.
func newBucket(t *testing.T, locking bool) (minio.Core, string) {
	t.Helper()
	c, prefix := s3test.New(t)
	if err := c.MakeBucket(t.Context(), prefix+"b", minio.MakeBucketOptions{ObjectLocking: locking}); err != nil {
		t.Fatal(err)
	}
	return minio.Core{Client: c}, prefix + "b"
}

func status(err error) int {
	var e minio.ErrorResponse
	if errors.As(err, &e) {
		return e.StatusCode
	}
	return 0
}

func get(t *testing.T, c minio.Core, bucket, key string, opts minio.GetObjectOptions) string {
	t.Helper()
	r, _, _, err := c.GetObject(t.Context(), bucket, key, opts)
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

func put(t *testing.T, c minio.Core, bucket, key, data string) {
	t.Helper()
	if _, err := c.PutObject(t.Context(), bucket, key, newReader(data), int64(len(data)), "", "", minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestPutGetRangeListDelete(t *testing.T) {
	t.Parallel()
	c, bucket := newBucket(t, false)
	for _, k := range []string{"b/2", "a/1", "b/1", "c"} {
		put(t, c, bucket, k, "content of "+k)
	}
	put(t, c, bucket, "c", "replaced")
	if got := get(t, c, bucket, "c", minio.GetObjectOptions{}); got != "replaced" {
		t.Errorf("got %q", got)
	}
	var o minio.GetObjectOptions
	if err := o.SetRange(3, 6); err != nil {
		t.Fatal(err)
	}
	if got := get(t, c, bucket, "a/1", o); got != "tent" {
		t.Errorf("range: %q", got)
	}
	list := func() (keys []string) {
		for i := range c.ListObjectsIter(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
			if i.Err != nil {
				t.Fatal(i.Err)
			}
			keys = append(keys, i.Key)
		}
		return keys
	}
	if got, want := list(), []string{"a/1", "b/1", "b/2", "c"}; !slices.Equal(got, want) {
		t.Errorf("list: %v, want %v", got, want)
	}
	for _, k := range []string{"a/1", "c", "never"} {
		if err := c.RemoveObject(t.Context(), bucket, k, minio.RemoveObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := list(), []string{"b/1", "b/2"}; !slices.Equal(got, want) {
		t.Errorf("list: %v, want %v", got, want)
	}
	if _, err := c.StatObject(t.Context(), bucket, "a/1", minio.StatObjectOptions{}); status(err) != http.StatusNotFound {
		t.Errorf("stat of a removed object: %v", err)
	}
	put(t, c, bucket, "a/1", "again") // its directory was removed with it
	if got := get(t, c, bucket, "a/1", minio.GetObjectOptions{}); got != "again" {
		t.Errorf("got %q", got)
	}
}

func TestIfNoneMatchHasOneWinner(t *testing.T) {
	t.Parallel()
	c, bucket := newBucket(t, false)
	const racers = 16
	race := func(write func(i int) error) {
		t.Helper()
		var wg sync.WaitGroup
		errs := make([]error, racers)
		for i := range racers {
			wg.Go(func() { errs[i] = write(i) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if status(err) != http.StatusPreconditionFailed {
				t.Errorf("loser: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d winners", won)
		}
	}
	var absent minio.PutObjectOptions
	absent.SetMatchETagExcept("*")
	race(func(i int) error {
		_, err := c.PutObject(t.Context(), bucket, "put", newReader(fmt.Sprint(i)), int64(len(fmt.Sprint(i))), "", "", absent)
		return err
	})
	uploads, parts := make([]string, racers), make([]minio.CompletePart, racers)
	for i := range racers {
		uploads[i], parts[i] = upload(t, c, bucket, "multi", fmt.Sprint(i))
	}
	race(func(i int) error {
		_, err := c.CompleteMultipartUpload(t.Context(), bucket, "multi", uploads[i], []minio.CompletePart{parts[i]}, absent)
		return err
	})
}

// upload begins an upload and puts one part.
func upload(t *testing.T, c minio.Core, bucket, key, data string) (string, minio.CompletePart) {
	t.Helper()
	id, err := c.NewMultipartUpload(t.Context(), bucket, key, minio.PutObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.PutObjectPart(t.Context(), bucket, key, id, 1, newReader(data), int64(len(data)), minio.PutObjectPartOptions{DisableContentSha256: true})
	if err != nil {
		t.Fatal(err)
	}
	return id, minio.CompletePart{PartNumber: 1, ETag: p.ETag}
}

func TestMultipart(t *testing.T) {
	t.Parallel()
	c, bucket := newBucket(t, false)
	ctx := t.Context()
	id, first := upload(t, c, bucket, "k", "thrown away")
	big := bytes.Repeat([]byte("0123456789abcdef"), 5<<20/16)
	p1, err := c.PutObjectPart(ctx, bucket, "k", id, 1, bytes.NewReader(big), int64(len(big)), minio.PutObjectPartOptions{DisableContentSha256: true})
	if err != nil {
		t.Fatal(err)
	}
	p2, err := c.PutObjectPart(ctx, bucket, "k", id, 2, newReader("tail"), 4, minio.PutObjectPartOptions{DisableContentSha256: true})
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.ListObjectParts(ctx, bucket, "k", id, 0, 10)
	if err != nil || len(list.ObjectParts) != 2 || strings.Trim(list.ObjectParts[0].ETag, `"`) != p1.ETag || list.ObjectParts[0].Size != int64(len(big)) {
		t.Fatalf("parts %+v, %v", list.ObjectParts, err)
	}
	second := minio.CompletePart{PartNumber: 2, ETag: p2.ETag}
	if _, err := c.CompleteMultipartUpload(ctx, bucket, "k", id, []minio.CompletePart{first, second}, minio.PutObjectOptions{}); status(err) != http.StatusBadRequest {
		t.Errorf("complete with the ETag of a replaced part: %v", err)
	}
	parts := []minio.CompletePart{{PartNumber: 1, ETag: p1.ETag}, second}
	for range 2 { // again, as after a lost answer
		if _, err := c.CompleteMultipartUpload(ctx, bucket, "k", id, parts, minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := get(t, c, bucket, "k", minio.GetObjectOptions{}); got != string(big)+"tail" {
		t.Errorf("object of %d bytes", len(got))
	}

	id, part := upload(t, c, bucket, "k", "aborted")
	if err := c.AbortMultipartUpload(ctx, bucket, "k", id); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CompleteMultipartUpload(ctx, bucket, "k", id, []minio.CompletePart{part}, minio.PutObjectOptions{}); status(err) != http.StatusNotFound {
		t.Errorf("complete after abort: %v", err)
	}
	if _, err := c.PutObjectPart(ctx, bucket, "k", id, 1, newReader("x"), 1, minio.PutObjectPartOptions{}); status(err) != http.StatusNotFound {
		t.Errorf("part after abort: %v", err)
	}
}

// A part whose bytes are still coming when its upload is aborted must not bring the upload back.
func TestLatePartIsRefused(t *testing.T) {
	t.Parallel()
	c, bucket := newBucket(t, false)
	id, _ := upload(t, c, bucket, "k", "one")
	r, w := io.Pipe()
	late := make(chan error, 1)
	go func() {
		_, err := c.PutObjectPart(t.Context(), bucket, "k", id, 2, r, 1<<20, minio.PutObjectPartOptions{DisableContentSha256: true})
		late <- err
	}()
	half := make([]byte, 512<<10) // more than the buffers on the way hold, so the server has begun
	if _, err := w.Write(half); err != nil {
		t.Fatal(err)
	}
	if err := c.AbortMultipartUpload(t.Context(), bucket, "k", id); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(half); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if err := <-late; status(err) != http.StatusNotFound {
		t.Errorf("late part: %v", err)
	}
	ups, err := c.ListMultipartUploads(t.Context(), bucket, "", "", "", "", 10)
	if err != nil || len(ups.Uploads) != 0 {
		t.Errorf("uploads %+v, %v", ups.Uploads, err)
	}
}

func TestLegalHold(t *testing.T) {
	t.Parallel()
	c, bucket := newBucket(t, true)
	put(t, c, bucket, "k", "evidence")
	set := func(s minio.LegalHoldStatus) {
		t.Helper()
		if err := c.PutObjectLegalHold(t.Context(), bucket, "k", minio.PutObjectLegalHoldOptions{Status: &s}); err != nil {
			t.Fatal(err)
		}
	}
	set(minio.LegalHoldEnabled)
	if err := c.RemoveObject(t.Context(), bucket, "k", minio.RemoveObjectOptions{}); status(err) != http.StatusForbidden {
		t.Errorf("remove under hold: %v", err)
	}
	if _, err := c.PutObject(t.Context(), bucket, "k", newReader("x"), 1, "", "", minio.PutObjectOptions{}); status(err) != http.StatusForbidden {
		t.Errorf("replace under hold: %v", err)
	}
	set(minio.LegalHoldDisabled)
	if err := c.RemoveObject(t.Context(), bucket, "k", minio.RemoveObjectOptions{}); err != nil {
		t.Errorf("remove after hold: %v", err)
	}
}
