package objects

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// Part is a part of a multipart upload that the store has.
type Part struct {
	Number int // 1 to MaxParts
	ETag   string
	Size   int64 // bytes; not needed for Complete
}

// Begin opens a multipart upload and returns its id. Nothing is visible at key until Complete. Uploads that are neither completed nor aborted keep
// their space.
func (s *Store) Begin(ctx context.Context, b Bucket, key string, o Options) (upload string, err error) {
	upload, err = s.core.NewMultipartUpload(ctx, string(b), key, o.put())
	if err != nil {
		return "", failure(ctx, "begin", b, key, err)
	}
	return upload, nil
}

// Part writes size bytes of r as a part, over an older one of the same number. Every part but the last has at least MinPart bytes, which is
// checked by Complete. Where r is an io.Seeker a failed try is repeated. ErrNotFound: the upload was completed or aborted. No checksum is sent: compare the ETag,
// which is the MD5 on stores without encryption, or rely on a hash over the whole object.
func (s *Store) Part(ctx context.Context, b Bucket, key, upload string, number int, r io.Reader, size int64) (Part, error) {
	src := &source{Reader: r}
	var data io.Reader = src
	if seeker, ok := r.(io.Seeker); ok {
		data = struct {
			io.Reader
			io.Seeker
		}{src, seeker}
	}
	p, err := s.core.PutObjectPart(ctx, string(b), key, upload, number, data, size, minio.PutObjectPartOptions{DisableContentSha256: true})
	if err != nil && src.err != nil {
		return Part{}, fmt.Errorf("objects: part %d of %s/%s: %w", number, b, key, src.err)
	}
	if err != nil {
		return Part{}, failure(ctx, fmt.Sprintf("part %d of", number), b, key, err)
	}
	return Part{Number: number, ETag: p.ETag, Size: size}, nil
}

// Parts lists what the store has of an upload, by number.
func (s *Store) Parts(ctx context.Context, b Bucket, key, upload string) ([]Part, error) {
	var parts []Part
	for marker := 0; ; {
		page, err := s.core.ListObjectParts(ctx, string(b), key, upload, marker, 1000)
		if err != nil {
			return nil, failure(ctx, "list parts of", b, key, err)
		}
		for _, p := range page.ObjectParts {
			parts = append(parts, Part{Number: p.PartNumber, ETag: strings.Trim(p.ETag, `"`), Size: p.Size})
		}
		if !page.IsTruncated || page.NextPartNumberMarker <= marker {
			return parts, nil
		}
		marker = page.NextPartNumberMarker
	}
}

// Complete makes the object out of the given parts, whose ETags must be those the store has: a part that was put again meanwhile makes it fail, and the upload stays
// open. With onlyIfAbsent an object at key is ErrExists, and the upload stays open too. ErrNotFound: there is no such upload; after a lost answer this
// may mean that it was completed (some stores answer with success again), so look at the object. It returns the object's ETag.
func (s *Store) Complete(ctx context.Context, b Bucket, key, upload string, parts []Part, onlyIfAbsent bool) (etag string, err error) {
	list := make([]minio.CompletePart, len(parts))
	for i, p := range parts {
		list[i] = minio.CompletePart{PartNumber: p.Number, ETag: p.ETag}
	}
	slices.SortFunc(list, func(a, b minio.CompletePart) int { return a.PartNumber - b.PartNumber })
	var opts minio.PutObjectOptions
	if onlyIfAbsent {
		opts.SetMatchETagExcept("*")
	}
	info, err := s.core.CompleteMultipartUpload(ctx, string(b), key, upload, list, opts)
	if err != nil {
		return "", precondition(failure(ctx, "complete", b, key, err), ErrExists)
	}
	return info.ETag, nil
}

// Abort drops an upload and its parts. ErrNotFound: there is no such upload.
func (s *Store) Abort(ctx context.Context, b Bucket, key, upload string) error {
	return failure(ctx, "abort", b, key, s.core.AbortMultipartUpload(ctx, string(b), key, upload))
}

// Open is a multipart upload that was neither completed nor aborted.
type Open struct {
	Key    string
	Upload string
	Began  time.Time
}

// Unfinished lists a bucket's open multipart uploads, in the store's order. An error is the last thing yielded. MinIO's server names only those of an exact key here, so that nothing
// comes; it drops what is stale by itself.
func (s *Store) Unfinished(ctx context.Context, b Bucket) iter.Seq2[Open, error] {
	return func(yield func(Open, error) bool) {
		key, upload := "", ""
		for {
			page, err := s.core.ListMultipartUploads(ctx, string(b), "", key, upload, "", 1000)
			if err != nil {
				yield(Open{}, failure(ctx, "list uploads of", b, "", err))
				return
			}
			for _, u := range page.Uploads {
				if !yield(Open{u.Key, u.UploadID, u.Initiated}, nil) {
					return
				}
			}
			if !page.IsTruncated || page.NextKeyMarker == key && page.NextUploadIDMarker == upload {
				return
			}
			key, upload = page.NextKeyMarker, page.NextUploadIDMarker
		}
	}
}
