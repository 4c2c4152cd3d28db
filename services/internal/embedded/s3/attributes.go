package s3

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/versity/versitygw/backend/meta"
)

// etagAttribute is the last step of versitygw's posix backend before it names a file: by then all bytes are written.
const etagAttribute = "etag"

// attributes syncs what the wrapped storer changes. An attribute of an open, still nameless file is synced with its bytes, when the ETag is set;
// those set later reach the disk with the sync after naming, and file systems keep them in order until then. An
// attribute set by path belongs to a file that is visible already and is synced at once.
type attributes struct {
	meta.MetadataStorer
	store *syncer
	side  *syncer // nil where attributes live in the files themselves
}

func (a *attributes) StoreAttribute(f *os.File, bucket, object, attribute string, value []byte) error {
	if err := a.store.usable(); err != nil {
		return err
	}
	if err := a.MetadataStorer.StoreAttribute(f, bucket, object, attribute, value); err != nil {
		return err
	}
	if f != nil {
		if attribute == etagAttribute {
			if err := a.store.open(f); err != nil {
				return err
			}
		}
	} else if err := a.store.file(filepath.Join(bucket, object)); err != nil {
		return err
	}
	if a.side == nil {
		return nil
	}
	rel := filepath.Join(bucket, object, "meta", attribute)
	return errors.Join(a.side.file(rel), a.side.entry(rel))
}

func (a *attributes) DeleteAttribute(bucket, object, attribute string) error {
	if a.side == nil {
		if err := a.MetadataStorer.DeleteAttribute(bucket, object, attribute); err != nil {
			return err
		}
		return a.store.file(filepath.Join(bucket, object))
	}
	defer a.side.removal()()
	if err := a.MetadataStorer.DeleteAttribute(bucket, object, attribute); err != nil {
		return err
	}
	return a.side.entry(filepath.Join(bucket, object, "meta", attribute))
}

func (a *attributes) DeleteAttributes(bucket, object string) error {
	if a.side == nil {
		return a.MetadataStorer.DeleteAttributes(bucket, object)
	}
	defer a.side.removal()()
	if err := a.MetadataStorer.DeleteAttributes(bucket, object); err != nil {
		return err
	}
	return a.side.entry(filepath.Join(bucket, object, "meta"))
}

func (a *attributes) RenameObject(bucket, from, to string) error {
	if a.side == nil {
		return a.MetadataStorer.RenameObject(bucket, from, to)
	}
	defer a.side.removal()()
	if err := a.MetadataStorer.RenameObject(bucket, from, to); err != nil {
		return err
	}
	return errors.Join(a.side.entry(filepath.Join(bucket, from)), a.side.entry(filepath.Join(bucket, to)))
}
