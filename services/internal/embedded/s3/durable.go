package s3

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// durable is versitygw's posix backend with every change of the name space synced before it is acknowledged. Changes of attributes alone are
// synced by attributes.
type durable struct {
	*posix.Posix
	attrs   *attributes
	store   *syncer
	uploads *uploadLocks
	// creating keeps a bucket that is being made out of sight: versitygw makes its directory first and its settings after.
	creating sync.RWMutex
}

var _ backend.Backend = (*durable)(nil)

// named syncs a file that has just been given its name.
func (d *durable) named(rel string) error {
	return errors.Join(d.store.file(rel), d.store.entry(rel))
}

func (d *durable) CreateBucket(ctx context.Context, in *awss3.CreateBucketInput, acl []byte) error {
	if err := d.store.usable(); err != nil {
		return err
	}
	d.creating.Lock()
	defer d.creating.Unlock()
	if err := d.Posix.CreateBucket(ctx, in, acl); err != nil {
		return err
	}
	return d.named(*in.Bucket)
}

func (d *durable) HeadBucket(ctx context.Context, in *awss3.HeadBucketInput) (*awss3.HeadBucketOutput, error) {
	d.creating.RLock()
	defer d.creating.RUnlock()
	return d.Posix.HeadBucket(ctx, in)
}

// GetBucketAcl comes first in every request for a bucket.
func (d *durable) GetBucketAcl(ctx context.Context, in *awss3.GetBucketAclInput) ([]byte, error) {
	d.creating.RLock()
	defer d.creating.RUnlock()
	return d.Posix.GetBucketAcl(ctx, in)
}

func (d *durable) DeleteBucket(ctx context.Context, bucket string) error {
	if err := d.store.usable(); err != nil {
		return err
	}
	defer d.store.removal()()
	if err := d.Posix.DeleteBucket(ctx, bucket); err != nil {
		return err
	}
	return d.store.entry(bucket)
}

func (d *durable) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	if err := d.store.usable(); err != nil {
		return s3response.PutObjectOutput{}, err
	}
	out, err := d.Posix.PutObject(ctx, in)
	if err == nil {
		err = d.named(filepath.Join(*in.Bucket, *in.Key))
	}
	return out, err
}

func (d *durable) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	if err := d.store.usable(); err != nil {
		return s3response.CopyObjectOutput{}, err
	}
	out, err := d.Posix.CopyObject(ctx, in)
	if err == nil {
		err = d.named(filepath.Join(*in.Bucket, *in.Key))
	}
	return out, err
}

func (d *durable) DeleteObject(ctx context.Context, in *awss3.DeleteObjectInput) (*awss3.DeleteObjectOutput, error) {
	if err := d.store.usable(); err != nil {
		return nil, err
	}
	defer d.store.removal()()
	out, err := d.Posix.DeleteObject(ctx, in)
	if err != nil {
		return out, err
	}
	return out, d.removed(*in.Bucket, *in.Key)
}

func (d *durable) DeleteObjects(ctx context.Context, in *awss3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	if err := d.store.usable(); err != nil {
		return s3response.DeleteResult{}, err
	}
	defer d.store.removal()()
	out, err := d.Posix.DeleteObjects(ctx, in)
	if err != nil {
		return out, err
	}
	dirs := map[string]string{} // one key for each directory to sync
	for _, o := range out.Deleted {
		dirs[filepath.Dir(*o.Key)] = *o.Key
	}
	for _, key := range dirs {
		if err := d.removed(*in.Bucket, key); err != nil {
			return out, err
		}
	}
	return out, nil
}

// removed syncs the removal of a key; a key that names a directory with objects below it stays and only loses its attributes.
func (d *durable) removed(bucket, key string) error {
	rel := filepath.Join(bucket, key)
	return errors.Join(d.store.file(rel), d.store.entry(rel))
}

func (d *durable) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	if err := d.store.usable(); err != nil {
		return s3response.InitiateMultipartUploadResult{}, err
	}
	out, err := d.Posix.CreateMultipartUpload(ctx, in)
	if err == nil {
		err = d.named(uploadDir(*in.Bucket, *in.Key, out.UploadId))
	}
	return out, err
}

func (d *durable) UploadPart(ctx context.Context, in *awss3.UploadPartInput) (*awss3.UploadPartOutput, error) {
	if err := d.store.usable(); err != nil {
		return nil, err
	}
	var dir string
	var refused error
	release := func() {}
	defer func() { release() }()
	// versitygw calls back when all bytes are there and only the name is missing. Waiting for the lock before that would let a slow sender block a completion.
	out, err := d.Posix.UploadPartWithPostFunc(ctx, in, func(*os.File) error {
		dir = uploadDir(*in.Bucket, *in.Key, *in.UploadId)
		release = d.uploads.share(dir)
		refused = d.open(dir, *in.UploadId)
		return refused
	})
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return out, d.named(partFile(dir, *in.PartNumber))
}

func (d *durable) UploadPartCopy(ctx context.Context, in *awss3.UploadPartCopyInput) (s3response.CopyPartResult, error) {
	if err := d.store.usable(); err != nil {
		return s3response.CopyPartResult{}, err
	}
	dir := uploadDir(value(in.Bucket), value(in.Key), value(in.UploadId))
	defer d.uploads.share(dir)()
	out, err := d.Posix.UploadPartCopy(ctx, in)
	if err == nil {
		err = d.named(partFile(dir, *in.PartNumber))
	}
	return out, err
}

func (d *durable) CompleteMultipartUpload(ctx context.Context, in *awss3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	if err := d.store.usable(); err != nil {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	dir := uploadDir(value(in.Bucket), value(in.Key), value(in.UploadId))
	defer d.uploads.own(dir)()
	if err := d.open(dir, value(in.UploadId)); err != nil && !d.completed(value(in.Bucket), value(in.Key), value(in.UploadId)) {
		return s3response.CompleteMultipartUploadResult{}, "", err
	}
	defer d.store.removal()()
	out, version, err := d.Posix.CompleteMultipartUpload(ctx, in)
	if err == nil {
		err = errors.Join(d.named(filepath.Join(*in.Bucket, *in.Key)), d.store.entry(dir))
	}
	return out, version, err
}

func (d *durable) AbortMultipartUpload(ctx context.Context, in *awss3.AbortMultipartUploadInput) error {
	if err := d.store.usable(); err != nil {
		return err
	}
	dir := uploadDir(value(in.Bucket), value(in.Key), value(in.UploadId))
	defer d.uploads.own(dir)()
	defer d.store.removal()()
	if err := d.Posix.AbortMultipartUpload(ctx, in); err != nil {
		return err
	}
	return d.store.entry(dir)
}

// open says whether an upload can still take parts.
func (d *durable) open(dir, id string) error {
	if _, err := os.Stat(filepath.Join(d.store.root, dir)); err != nil {
		return s3err.GetNoSuchUploadErr(id)
	}
	return nil
}

// completed says whether the object at key came from this upload, so that completing again, after a lost answer, succeeds.
func (d *durable) completed(bucket, key, id string) bool {
	b, err := d.attrs.RetrieveAttribute(nil, bucket, key, "mp-metadata")
	if err != nil {
		return false
	}
	m, err := backend.UnmarshalMpUploadMetadata(b, false)
	return err == nil && m.UploadID == id
}

func value(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
