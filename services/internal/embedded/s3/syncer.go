package s3

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
)

// syncer brings files and directory entries below root to disk. Paths are relative to root, "." is root itself.
//
// It remembers directories whose whole chain of entries is on disk, which saves a put one or more syncs. A directory may be removed and made again,
// so nothing is remembered or believed while a removal is running, and a removal forgets everything.
type syncer struct {
	root   string
	failed atomic.Pointer[error]

	mu       sync.Mutex
	known    map[string]struct{}
	epoch    uint64 // counts removals that began
	removing int    // removals running
}

func newSyncer(root string) *syncer {
	return &syncer{root: root, known: map[string]struct{}{}}
}

// file syncs one file or directory; one that is gone has been removed by somebody else, whose request answers for that.
func (s *syncer) file(rel string) error {
	if err := s.usable(); err != nil {
		return err
	}
	err := fsync(filepath.Join(s.root, rel))
	if gone(err) {
		return nil
	}
	return s.judge(err)
}

// open syncs an open file.
func (s *syncer) open(f *os.File) error {
	if err := s.usable(); err != nil {
		return err
	}
	return s.judge(f.Sync())
}

// entry syncs the directory that holds rel, and of its parents those not yet known to be on disk. It begins with the nearest directory that
// exists, so it serves after a removal too.
func (s *syncer) entry(rel string) error {
	if err := s.usable(); err != nil {
		return err
	}
	s.mu.Lock()
	epoch := s.epoch
	s.mu.Unlock()

	dir := filepath.Dir(filepath.Clean(rel))
	for {
		err := fsync(filepath.Join(s.root, dir))
		if err == nil {
			break
		}
		if !gone(err) || dir == "." {
			return s.judge(err)
		}
		dir = filepath.Dir(dir)
	}

	var synced []string
	for d := dir; d != "." && !s.knows(d); d = filepath.Dir(d) {
		// A directory that went away meanwhile was removed by somebody else, with what it held.
		if err := fsync(filepath.Join(s.root, filepath.Dir(d))); err != nil && !gone(err) {
			return s.judge(err)
		}
		synced = append(synced, d)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == epoch && s.removing == 0 {
		for _, d := range synced {
			s.known[d] = struct{}{}
		}
	}
	return nil
}

func (s *syncer) knows(dir string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removing > 0 {
		return false
	}
	_, ok := s.known[dir]
	return ok
}

// removal brackets a call that may remove directories: defer s.removal()().
func (s *syncer) removal() (end func()) {
	s.mu.Lock()
	s.epoch++
	s.removing++
	clear(s.known)
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		s.removing--
		s.mu.Unlock()
	}
}

// usable refuses everything after a failed sync; see the package doc.
func (s *syncer) usable() error {
	if p := s.failed.Load(); p != nil {
		return fmt.Errorf("s3: refusing writes since a sync failed: %w", *p)
	}
	return nil
}

func (s *syncer) judge(err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("s3: sync: %w", err)
	s.failed.CompareAndSwap(nil, &err)
	return err
}

func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func fsync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
