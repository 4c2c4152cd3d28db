package engine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	index "github.com/blevesearch/bleve_index_api"
	"go.etcd.io/bbolt"
)

// Buckets of the store. Each index has docs (sequence → JSON), rows (slot → what columns hold) and garbage (sequences of
// documents that were replaced but may still be read by a search under way).
var (
	bucketIndexes = []byte("indexes")
	bucketState   = []byte("state")
	keyTask       = []byte("task")
	keyIndex      = []byte("index")
)

// mapSize is the address space reserved for the store's file, so that growing it seldom waits for readers.
const mapSize = 1 << 30

// Store is a directory of indexes. Everything that changes it is called by one goroutine at a time; searches may run beside
// it. The bbolt file is the truth and is synced at each commit; the full-text indexes follow it and are mended from it on open.
type Store struct {
	dir   string
	db    *bbolt.DB
	queue *index.AnalysisQueue

	mu      sync.RWMutex
	indexes map[string]*Index
}

// Open opens or creates a store. A second process that has it open makes it fail after a second.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, "text"), 0o700); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, queue: index.NewAnalysisQueue(runtime.GOMAXPROCS(0)), indexes: map[string]*Index{}}
	if err := s.load(); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) openDB() (err error) {
	s.db, err = bbolt.Open(filepath.Join(s.dir, "store.db"), 0o600, &bbolt.Options{Timeout: time.Second, InitialMmapSize: mapSize, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return fmt.Errorf("search: open the store in %s: %w", s.dir, err)
	}
	return nil
}

func (s *Store) load() error {
	if err := s.openDB(); err != nil {
		return err
	}
	metas, err := s.metas()
	if err != nil {
		return fmt.Errorf("search: read the store: %w", err)
	}
	if err := s.sweep(metas); err != nil {
		return err
	}
	var all []*Index
	for _, m := range metas {
		ix := newIndex(s, m)
		if err := ix.loadRows(); err != nil {
			return err
		}
		all = append(all, ix)
	}
	// Reading all rows has mapped nearly the whole file; opened anew, only what is asked for gets into memory again.
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("search: read the store: %w", err)
	}
	if err := s.openDB(); err != nil {
		return err
	}
	for _, ix := range all {
		if err := ix.open(); err != nil {
			return err
		}
		s.indexes[ix.meta.UID] = ix
	}
	return nil
}

func (s *Store) metas() (out []meta, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(bucketState); err != nil {
			return err
		}
		b, err := tx.CreateBucketIfNotExists(bucketIndexes)
		if err != nil {
			return err
		}
		return b.ForEach(func(_, v []byte) error {
			var m meta
			if err := json.Unmarshal(v, &m); err != nil {
				return err
			}
			out = append(out, m)
			return nil
		})
	})
	return out, err
}

// sweep removes full-text directories that no index names: a crash while one was built or removed leaves them.
func (s *Store) sweep(metas []meta) error {
	entries, err := os.ReadDir(filepath.Join(s.dir, "text"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !slices.ContainsFunc(metas, func(m meta) bool { return m.textDir() == e.Name() }) {
			if err := os.RemoveAll(filepath.Join(s.dir, "text", e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close closes every index. It waits for searches under way.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, ix := range s.indexes {
		errs = append(errs, ix.close())
	}
	s.indexes = map[string]*Index{}
	s.queue.Close()
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

// Index finds an index; the error is index_not_found.
func (s *Store) Index(uid string) (*Index, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if ix := s.indexes[uid]; ix != nil {
		return ix, nil
	}
	return nil, Errorf("index_not_found", "Index `%s` not found.", uid)
}

// Indexes lists all, by uid.
func (s *Store) Indexes() []*Index {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*Index, 0, len(s.indexes))
	for _, uid := range slices.Sorted(maps.Keys(s.indexes)) {
		out = append(out, s.indexes[uid])
	}
	return out
}

// NextTask is the first task number that was never used by a task with a lasting effect.
func (s *Store) NextTask() (next uint64, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		if v := tx.Bucket(bucketState).Get(keyTask); len(v) == 8 {
			next = binary.BigEndian.Uint64(v) + 1
		}
		return nil
	})
	return next, err
}

// SetTask keeps the number of the last task.
func (s *Store) SetTask(uid uint64) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return putTask(tx, uid) })
}

func putTask(tx *bbolt.Tx, uid uint64) error {
	return tx.Bucket(bucketState).Put(keyTask, binary.BigEndian.AppendUint64(nil, uid))
}

// Create makes an index; the error is index_already_exists.
func (s *Store) Create(uid, primaryKey string, now time.Time, task uint64) (*Index, error) {
	if _, err := s.Index(uid); err == nil {
		return nil, Errorf("index_already_exists", "Index `%s` already exists.", uid)
	}
	m := meta{UID: uid, PrimaryKey: primaryKey, Created: now, Updated: now, Settings: DefaultSettings()}
	err := s.db.Update(func(tx *bbolt.Tx) error {
		state := tx.Bucket(bucketState)
		if v := state.Get(keyIndex); len(v) == 8 {
			m.Number = binary.BigEndian.Uint64(v)
		}
		m.Number++
		if err := state.Put(keyIndex, binary.BigEndian.AppendUint64(nil, m.Number)); err != nil {
			return err
		}
		for _, b := range [][]byte{m.docs(), m.rows(), m.garbage()} {
			if _, err := tx.CreateBucket(b); err != nil {
				return err
			}
		}
		return errors.Join(m.put(tx), putTask(tx, task))
	})
	if err != nil {
		return nil, err
	}
	ix, err := openIndex(s, m)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.indexes[uid] = ix
	s.mu.Unlock()
	return ix, nil
}

// Delete removes an index with its documents. Searches under way end first.
func (s *Store) Delete(uid string, task uint64) error {
	ix, err := s.Index(uid)
	if err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.indexes, uid)
	s.mu.Unlock()
	closed := ix.close()
	err = s.db.Update(func(tx *bbolt.Tx) error {
		for _, b := range [][]byte{ix.meta.docs(), ix.meta.rows(), ix.meta.garbage()} {
			if err := tx.DeleteBucket(b); err != nil {
				return err
			}
		}
		return errors.Join(tx.Bucket(bucketIndexes).Delete(ix.meta.key()), putTask(tx, task))
	})
	if err != nil {
		return errors.Join(err, closed, s.putBack(ix.meta))
	}
	return errors.Join(closed, os.RemoveAll(ix.textPath(ix.meta)))
}

// putBack opens an index again that could not be removed.
func (s *Store) putBack(m meta) error {
	ix, err := openIndex(s, m)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indexes[m.UID] = ix
	return nil
}

// Swap exchanges the names of pairs of indexes, all at once.
func (s *Store) Swap(pairs [][2]string, now time.Time, task uint64) error {
	var all []*Index
	var metas []meta
	for _, p := range pairs {
		a, err := s.Index(p[0])
		if err != nil {
			return err
		}
		b, err := s.Index(p[1])
		if err != nil {
			return err
		}
		ma, mb := a.meta, b.meta
		ma.UID, mb.UID = mb.UID, ma.UID
		ma.Updated, mb.Updated = now, now
		all, metas = append(all, a, b), append(metas, ma, mb)
	}
	err := s.db.Update(func(tx *bbolt.Tx) error {
		for i := range metas {
			if err := metas[i].put(tx); err != nil {
				return err
			}
		}
		return putTask(tx, task)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, ix := range all {
		ix.mu.Lock()
		ix.meta = metas[i]
		ix.mu.Unlock()
		s.indexes[metas[i].UID] = ix
	}
	return nil
}
