package s3

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/versity/versitygw/backend/posix"
)

// inProgress ends the name that versitygw gives an upload's directory while it puts the object together: <upload>.<token>.inprogress.
const inProgress = ".inprogress"

// uploadDir is where versitygw keeps the parts of an upload, below the root.
func uploadDir(bucket, key, id string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(bucket, posix.MetaTmpMultipartDir, hex.EncodeToString(sum[:]), id)
}

func partFile(dir string, number int32) string {
	return filepath.Join(dir, strconv.Itoa(int(number)))
}

// reopenUploads gives uploads whose completion was interrupted their directory back. versitygw alone would lose their parts, and would answer the next
// completion with success although there is no object.
func reopenUploads(root string, attrs *attributes, store *syncer) error {
	dirs, err := filepath.Glob(filepath.Join(globEscape(root), "*", posix.MetaTmpMultipartDir, "*", "*"+inProgress))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		id, _, _ := strings.Cut(filepath.Base(rel), ".")
		open := filepath.Join(filepath.Dir(rel), id)
		if err := os.Rename(dir, filepath.Join(root, open)); err != nil {
			return err
		}
		bucket, object, _ := strings.Cut(rel, string(filepath.Separator))
		err = attrs.RenameObject(bucket, object, filepath.Join(filepath.Dir(object), id))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := store.entry(open); err != nil {
			return err
		}
	}
	return nil
}

func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// uploadLocks orders the last steps of parts (shared) with completion and abort (alone) of the same upload.
type uploadLocks struct {
	mu   sync.Mutex
	held map[string]*uploadLock
}

type uploadLock struct {
	sync.RWMutex
	users int
}

func (l *uploadLocks) share(dir string) (release func()) {
	u := l.use(dir)
	u.RLock()
	return func() {
		u.RUnlock()
		l.leave(dir, u)
	}
}

func (l *uploadLocks) own(dir string) (release func()) {
	u := l.use(dir)
	u.Lock()
	return func() {
		u.Unlock()
		l.leave(dir, u)
	}
}

func (l *uploadLocks) use(dir string) *uploadLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.held[dir]
	if u == nil {
		u = &uploadLock{}
		l.held[dir] = u
	}
	u.users++
	return u
}

func (l *uploadLocks) leave(dir string, u *uploadLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u.users--; u.users == 0 {
		delete(l.held, dir)
	}
}
