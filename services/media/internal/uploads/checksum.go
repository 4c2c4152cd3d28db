package uploads

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"strings"

	"github.com/tus/tusd/v2/pkg/handler"

	"songshui.internal/services/internal/fault"
)

const (
	headerChecksum = "Upload-Checksum"
	// checksumAlgorithm is the only one taken.
	checksumAlgorithm = "sha256"
	// statusChecksum is the protocol's own: the bytes aren't those that the client meant.
	statusChecksum = 460
)

// checksum is what a client says of one request's bytes.
type checksum struct {
	want string // raw bytes
	over hash.Hash
}

// parseChecksum reads “sha256 BASE64”.
func parseChecksum(header string) (*checksum, error) {
	algorithm, value, _ := strings.Cut(header, " ")
	want, err := base64.StdEncoding.DecodeString(value)
	if algorithm != checksumAlgorithm || err != nil || len(want) != sha256.Size {
		return nil, fault.New(fault.BadParameter, "media: "+headerChecksum)
	}
	return &checksum{string(want), sha256.New()}, nil
}

func (c *checksum) fits() bool { return string(c.over.Sum(nil)) == c.want }

// forgo answers for bytes that don't fit their checksum, or that a failure (cause) kept from being taken. The durable state knows nothing of them; parts that they
// filled are put anew by the next ones.
func (u *upload) forgo(ctx context.Context, cause error) error {
	r := requestOf(ctx)
	if r.creating {
		u.store.allowed.Free(u.st.ID)
	}
	if r.creating && u.etag != "" {
		if err := u.store.forget(ctx, &u.st); err != nil {
			u.store.bus.Logger().Warn("upload not removed; it expires", "upload", u.st.ID, "error", err)
		}
	}
	var refused *refusedError
	switch {
	case r.body.stopped.Load():
		return handler.ErrUploadInterrupted
	case cause != nil && !errors.As(cause, &refused):
		return u.store.refusal(cause)
	}
	var f fault.Fields
	f.Add(headerChecksum, "mismatch")
	return answerOf(fault.Of(f.Err("media: upload")), statusChecksum)
}
