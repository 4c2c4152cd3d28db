package objects

import (
	"context"
	"errors"

	"github.com/minio/minio-go/v7"
)

// Purge removes an object for good: the legal hold goes off and every version with it, also those that earlier deletes have left. An object that isn't there is no
// error. The bucket must have been made with object lock. A retention that isn't over is ErrDenied. Repeat it after a failure: part of the versions may be gone.
func (s *Store) Purge(ctx context.Context, b Bucket, key string) error {
	for o := range s.core.ListObjectsIter(ctx, string(b), minio.ListObjectsOptions{Prefix: key, WithVersions: true}) {
		if o.Err != nil {
			return failure(ctx, "list versions of", b, key, o.Err)
		}
		if o.Key != key {
			continue
		}
		if err := s.purge(ctx, b, key, o.VersionID, o.IsDeleteMarker); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *Store) purge(ctx context.Context, b Bucket, key, version string, marker bool) error {
	if version == "null" {
		version = "" // the bucket keeps no versions
	}
	if !marker {
		off := minio.LegalHoldDisabled
		err := failure(ctx, "legal hold", b, key, s.core.PutObjectLegalHold(ctx, string(b), key, minio.PutObjectLegalHoldOptions{Status: &off, VersionID: version}))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	err := failure(ctx, "purge", b, key, s.core.RemoveObject(ctx, string(b), key, minio.RemoveObjectOptions{VersionID: version}))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
