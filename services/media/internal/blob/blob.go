// Package blob reads an object of S3 as a file: sequential reads share one request, a seek opens another. It owns nothing.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"

	"songshui.internal/services/internal/objects"
)

// Reader is an io.ReadSeekCloser over an object of known size. It is for one goroutine; its context bounds every read.
type Reader struct {
	ctx    context.Context
	store  *objects.Store
	bucket objects.Bucket
	key    string
	size   int64
	pos    int64
	open   io.ReadCloser
}

// New makes a Reader at the object's beginning; nothing is asked of the store before the first Read.
func New(ctx context.Context, s *objects.Store, b objects.Bucket, key string, size int64) *Reader {
	return &Reader{ctx: ctx, store: s, bucket: b, key: key, size: size}
}

// Size is the object's, in bytes.
func (r *Reader) Size() int64 { return r.size }

// Read reads on from the position; errors are objects'.
func (r *Reader) Read(p []byte) (int, error) {
	if r.pos >= r.size {
		return 0, io.EOF
	}
	if r.open == nil {
		body, _, err := r.store.GetRange(r.ctx, r.bucket, r.key, r.pos, r.size-r.pos)
		if err != nil {
			return 0, err
		}
		r.open = body
	}
	n, err := r.open.Read(p)
	r.pos += int64(n)
	if errors.Is(err, io.EOF) && r.pos < r.size {
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// ReadAt reads from an offset and leaves the position behind what it read: reads in order share one request. Unlike other io.ReaderAts it isn't for parallel use.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if _, err := r.Seek(off, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) && r.pos >= r.size {
		err = io.EOF
	}
	return n, err
}

// Seek moves the position.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return r.pos, fmt.Errorf("blob: seek to %d", offset)
	}
	if offset != r.pos {
		_ = r.Close()
		r.pos = offset
	}
	return offset, nil
}

// Close ends a request that is open; the Reader can be used on.
func (r *Reader) Close() error {
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}
