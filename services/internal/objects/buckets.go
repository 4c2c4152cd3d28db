package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/minio/minio-go/v7"
)

// Bucket is a bucket's full name.
type Bucket string

// The buckets' names without a prefix.
const (
	originals   Bucket = "originals"
	uploads     Bucket = "uploads"
	renditions  Bucket = "renditions"
	exports     Bucket = "exports"
	checkpoints Bucket = "checkpoints"
)

// Buckets names the buckets of one installation.
type Buckets struct {
	// Prefix stands before every name: at most 52 characters of a-z, 0-9 and "-". It lets tests and installations share a store.
	Prefix string
}

// Originals holds sealed media as they came, under <office>/<upload id>. Object lock. Written by media.
func (b Buckets) Originals() Bucket { return b.name(originals) }

// Uploads holds the state and the tails of running uploads. Written by media.
func (b Buckets) Uploads() Bucket { return b.name(uploads) }

// Renditions holds public copies, which can be made again from the originals. Written by media.
func (b Buckets) Renditions() Bucket { return b.name(renditions) }

// Exports holds results too large for a reply.
func (b Buckets) Exports() Bucket { return b.name(exports) }

// Checkpoints holds the hourly hashes over the streams. Object lock.
func (b Buckets) Checkpoints() Bucket { return b.name(checkpoints) }

// All returns every bucket.
func (b Buckets) All() []Bucket {
	return []Bucket{b.Originals(), b.Uploads(), b.Renditions(), b.Exports(), b.Checkpoints()}
}

func (b Buckets) name(n Bucket) Bucket { return Bucket(b.Prefix) + n }

// locked are the buckets that need object lock, which can be had only when a bucket is made.
func (b Buckets) locked() []Bucket { return []Bucket{b.Originals(), b.Checkpoints()} }

// ErrNoLock says that a bucket exists without the object lock it needs. It must be made anew.
var ErrNoLock = errors.New("no object lock")

// Ensure makes the buckets that are missing, as an administrator, and then checks all of them.
func Ensure(ctx context.Context, client *minio.Client, buckets Buckets) error {
	locked := buckets.locked()
	for _, b := range buckets.All() {
		exists, err := client.BucketExists(ctx, string(b))
		if err != nil {
			return failure(ctx, "look for bucket", b, "", err)
		}
		if exists {
			continue
		}
		err = client.MakeBucket(ctx, string(b), minio.MakeBucketOptions{ObjectLocking: slices.Contains(locked, b)})
		// Another process may have been faster; Check looks at what it made.
		if err != nil && minio.ToErrorResponse(err).Code != minio.BucketAlreadyOwnedByYou {
			return failure(ctx, "make bucket", b, "", err)
		}
	}
	return Check(ctx, client, buckets)
}

// Check changes nothing and fails with ErrNotFound for a bucket that is missing, ErrNoLock for one without the object lock it needs.
func Check(ctx context.Context, client *minio.Client, buckets Buckets) error {
	locked := buckets.locked()
	for _, b := range buckets.All() {
		exists, err := client.BucketExists(ctx, string(b))
		if err != nil {
			return failure(ctx, "look for bucket", b, "", err)
		}
		if !exists {
			return fmt.Errorf("objects: bucket %s: %w", b, ErrNotFound)
		}
		if !slices.Contains(locked, b) {
			continue
		}
		lock, _, _, _, err := client.GetObjectLockConfig(ctx, string(b))
		if minio.ToErrorResponse(err).Code == "ObjectLockConfigurationNotFoundError" || err == nil && lock != "Enabled" {
			return fmt.Errorf("objects: bucket %s: %w", b, ErrNoLock)
		}
		if err != nil {
			return failure(ctx, "object lock of bucket", b, "", err)
		}
	}
	return nil
}
