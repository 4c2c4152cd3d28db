// Package objects is how services use S3: typed bucket names, whole small objects, multipart uploads for large ones, and errors that say what to do next.
//
// It owns the names of the five buckets and who may overwrite what in them; the bytes belong to the service that writes a bucket. It speaks the S3
// API alone and works on any S3 with conditional writes (If-None-Match on put and on complete) and object lock. The client must use
// minio.Options.TrailingHeaders = false: versitygw answers trailing checksums with BadDigest. MaxAttempts belongs into
// minio.Options.MaxRetries.
//
// # What it promises
//
// Every write is one request, or one part of a multipart upload, so it is there whole or not at all. When a write fails with ErrUnavailable or with the
// context's error, its outcome is unknown: repeat it, or look. A PutIfAbsent that is repeated, by minio-go or by the caller, may find its own first
// try: after ErrExists compare Info.ETag before believing that somebody else was first.
//
// Every error that S3 answers matches at most one of ErrNotFound, ErrExists, ErrChanged, ErrDenied and ErrUnavailable with errors.Is, and the minio.ErrorResponse
// behind it with errors.As. ErrUnavailable is the only one that time heals. An error of the caller's own reader or context is passed on as it is.
//
// # Objects under legal hold
//
// Buckets that need it (originals, checkpoints) are made with object lock. Where a store versions such buckets, as the S3 API demands, a delete hides the object and a
// put adds a version; the embedded server keeps no versions and refuses both with ErrDenied while the hold is on. Code that must
// hold on both never overwrites and never relies on a delete being refused.
package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	// MaxAttempts is for minio.Options.MaxRetries: the first try and two more with 0.2 to 1 s between, so that a request within a
	// 10-second budget ends by itself. minio-go's own default is 10. A request whose body can't be rewound is tried once.
	MaxAttempts = 3
	// MaxPut is the largest object for Put, in bytes. More goes through a multipart upload, since it would be held in memory.
	MaxPut = 16 << 20
	// MinPart is S3's smallest size of every part but the last, in bytes.
	MinPart = 5 << 20
	// MaxParts is S3's largest part number.
	MaxParts = 10000
)

// Store does what services do with objects. It is safe for concurrent use.
type Store struct {
	core minio.Core
}

// NewStore returns a store on client; see the package doc for the client's options.
func NewStore(client *minio.Client) *Store {
	return &Store{core: minio.Core{Client: client}}
}

// Options describe an object.
type Options struct {
	// ContentType is a MIME type; "application/octet-stream" when empty.
	ContentType string
	// Metadata is stored with the object: names in canonical header form ("Office-Slug"), values in ASCII, 2 KB in all.
	Metadata map[string]string
}

// Info is what is known of an object. A list leaves ContentType and Metadata empty.
type Info struct {
	Key          string
	Size         int64 // bytes, of the whole object even for a range
	ETag         string
	ContentType  string
	LastModified time.Time
	Metadata     map[string]string
}

// Put writes an object of at most MaxPut bytes, over an older one, and has the server check its SHA-256. It returns the ETag.
func (s *Store) Put(ctx context.Context, b Bucket, key string, data []byte, o Options) (etag string, err error) {
	return s.put(ctx, b, key, data, o.put())
}

// PutIfAbsent is Put for a key that has no object; else ErrExists, and nothing is changed.
func (s *Store) PutIfAbsent(ctx context.Context, b Bucket, key string, data []byte, o Options) (etag string, err error) {
	opts := o.put()
	opts.SetMatchETagExcept("*")
	etag, err = s.put(ctx, b, key, data, opts)
	return etag, precondition(err, ErrExists)
}

// PutIfMatch is Put for a key whose object still has this ETag; else ErrChanged, or ErrNotFound where there is none, and nothing is changed.
func (s *Store) PutIfMatch(ctx context.Context, b Bucket, key, etag string, data []byte, o Options) (newETag string, err error) {
	opts := o.put()
	opts.SetMatchETag(etag)
	newETag, err = s.put(ctx, b, key, data, opts)
	return newETag, precondition(err, ErrChanged)
}

func (s *Store) put(ctx context.Context, b Bucket, key string, data []byte, opts minio.PutObjectOptions) (string, error) {
	if len(data) > MaxPut {
		return "", fmt.Errorf("objects: put %s/%s: %d bytes are more than %d", b, key, len(data), MaxPut)
	}
	sum := sha256.Sum256(data)
	// minio-go's own checksums need trailing headers; the plain header is standard S3 and is checked before the object is visible.
	opts.UserMetadata["x-amz-checksum-sha256"] = base64.StdEncoding.EncodeToString(sum[:])
	info, err := s.core.PutObject(ctx, string(b), key, bytes.NewReader(data), int64(len(data)), "", "", opts)
	if err != nil {
		return "", failure(ctx, "put", b, key, err)
	}
	return info.ETag, nil
}

func (o Options) put() minio.PutObjectOptions {
	meta := make(map[string]string, len(o.Metadata)+1)
	for k, v := range o.Metadata {
		meta[k] = v
	}
	return minio.PutObjectOptions{ContentType: o.ContentType, UserMetadata: meta, DisableContentSha256: true}
}

// Get opens an object; the caller closes it. Reading can fail like every request, with the same errors.
func (s *Store) Get(ctx context.Context, b Bucket, key string) (io.ReadCloser, Info, error) {
	return s.get(ctx, b, key, minio.GetObjectOptions{})
}

// GetRange opens length bytes from offset on, or fewer where the object ends before. It fails when the object has no byte at offset.
func (s *Store) GetRange(ctx context.Context, b Bucket, key string, offset, length int64) (io.ReadCloser, Info, error) {
	if offset < 0 || length <= 0 {
		return nil, Info{}, fmt.Errorf("objects: get %s/%s: no range of %d bytes from %d", b, key, length, offset)
	}
	var opts minio.GetObjectOptions
	if err := opts.SetRange(offset, offset+length-1); err != nil {
		return nil, Info{}, fmt.Errorf("objects: get %s/%s: %w", b, key, err)
	}
	return s.get(ctx, b, key, opts)
}

func (s *Store) get(ctx context.Context, b Bucket, key string, opts minio.GetObjectOptions) (io.ReadCloser, Info, error) {
	r, info, header, err := s.core.GetObject(ctx, string(b), key, opts)
	if err != nil {
		return nil, Info{}, failure(ctx, "get", b, key, err)
	}
	i := infoOf(info)
	i.Key = key
	if whole, ok := wholeSize(header.Get("Content-Range")); ok {
		i.Size = whole
	}
	return &body{ReadCloser: r, ctx: ctx, bucket: b, key: key}, i, nil
}

// wholeSize takes the size from "bytes 0-4/123".
func wholeSize(contentRange string) (size int64, ok bool) {
	_, after, found := strings.Cut(contentRange, "/")
	if !found {
		return 0, false
	}
	_, err := fmt.Sscanf(after, "%d", &size)
	return size, err == nil
}

// body gives errors of reading the same form as those of requests.
type body struct {
	io.ReadCloser
	ctx    context.Context
	bucket Bucket
	key    string
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = failure(b.ctx, "read", b.bucket, b.key, err)
	}
	return n, err
}

// Stat returns what is known of an object, or ErrNotFound.
func (s *Store) Stat(ctx context.Context, b Bucket, key string) (Info, error) {
	info, err := s.core.StatObject(ctx, string(b), key, minio.StatObjectOptions{})
	if err != nil {
		return Info{}, failure(ctx, "stat", b, key, err)
	}
	return infoOf(info), nil
}

// Delete removes an object; one that isn't there is no error. See the package doc for objects under legal hold.
func (s *Store) Delete(ctx context.Context, b Bucket, key string) error {
	err := failure(ctx, "delete", b, key, s.core.RemoveObject(ctx, string(b), key, minio.RemoveObjectOptions{}))
	if errors.Is(err, ErrNotFound) {
		return nil // versitygw tells of an object that somebody else deletes at the same moment
	}
	return err
}

// List yields the objects whose keys begin with prefix, in the order of their keys' bytes, fetched by the thousand. It ends with the first error.
func (s *Store) List(ctx context.Context, b Bucket, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		for o := range s.core.ListObjectsIter(ctx, string(b), minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if o.Err != nil {
				yield(Info{}, failure(ctx, "list", b, prefix, o.Err))
				return
			}
			if !yield(infoOf(o), nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(Info{}, failure(ctx, "list", b, prefix, ctx.Err()))
		}
	}
}

// LegalHold puts an object under legal hold or takes it off; setting it again changes nothing. The bucket must have been made with object lock.
func (s *Store) LegalHold(ctx context.Context, b Bucket, key string, on bool) error {
	status := minio.LegalHoldDisabled
	if on {
		status = minio.LegalHoldEnabled
	}
	err := s.core.PutObjectLegalHold(ctx, string(b), key, minio.PutObjectLegalHoldOptions{Status: &status})
	return failure(ctx, "legal hold", b, key, err)
}

// Held says whether an object is under legal hold.
func (s *Store) Held(ctx context.Context, b Bucket, key string) (bool, error) {
	status, err := s.core.GetObjectLegalHold(ctx, string(b), key, minio.GetObjectLegalHoldOptions{})
	if minio.ToErrorResponse(err).Code == "NoSuchObjectLockConfiguration" {
		return false, nil // never set
	}
	if err != nil {
		return false, failure(ctx, "legal hold", b, key, err)
	}
	return status != nil && *status == minio.LegalHoldEnabled, nil
}

func infoOf(o minio.ObjectInfo) Info {
	return Info{
		Key: o.Key, Size: o.Size, ETag: strings.Trim(o.ETag, `"`), ContentType: o.ContentType,
		LastModified: o.LastModified, Metadata: o.UserMetadata,
	}
}
