package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/minio/minio-go/v7"
)

var (
	// ErrNotFound says that there is no such object, bucket or upload.
	ErrNotFound = errors.New("not found")
	// ErrExists says that there is an object where none should be.
	ErrExists = errors.New("exists already")
	// ErrChanged says that the object isn't the one that was expected.
	ErrChanged = errors.New("changed meanwhile")
	// ErrDenied says that credentials, a policy or a legal hold forbid it.
	ErrDenied = errors.New("denied")
	// ErrUnavailable says that the store can't be reached or can't answer now. Whether a write took effect is unknown; repeating can help.
	ErrUnavailable = errors.New("unavailable")
)

// failure wraps an error of minio-go with what was being done and the sentinel it stands for.
func failure(ctx context.Context, doing string, b Bucket, key string, err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(ctx, err); kind != nil {
		return fmt.Errorf("objects: %s %s/%s: %w: %w", doing, b, key, kind, err)
	}
	return fmt.Errorf("objects: %s %s/%s: %w", doing, b, key, err)
}

func kindOf(ctx context.Context, err error) error {
	if own := ctx.Err(); own != nil {
		return own // minio-go doesn't always wrap it
	}
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		return kindOfAnswer(answer)
	}
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return ErrUnavailable
	}
	return nil
}

func kindOfAnswer(answer minio.ErrorResponse) error {
	switch answer.Code {
	case minio.NoSuchKey, minio.NoSuchBucket, "NoSuchUpload", "NoSuchVersion":
		return ErrNotFound
	case "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ConditionalRequestConflict", "OperationAborted":
		// minio-go leaves the status out for an error inside a 200 answer to complete, hence the codes. The last two are 409: S3
		// couldn't decide a race and asks for a repetition.
		return ErrUnavailable
	}
	switch status := answer.StatusCode; {
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusForbidden:
		return ErrDenied
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return ErrUnavailable
	}
	return nil
}

// precondition gives an answer of 412 the meaning it has for the caller.
func precondition(err, meaning error) error {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusPreconditionFailed || answer.Code == "PreconditionFailed") {
		return fmt.Errorf("%w: %w", meaning, err)
	}
	return err
}

// source remembers an error of the caller's reader, which minio-go would report as one of the network.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}
