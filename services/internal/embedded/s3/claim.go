package s3

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// opened holds the one root of this process.
var opened sync.Mutex

// claim takes the process's only root and the lock on dir; the returned function gives both back.
func claim(dir string) (func(), error) {
	if !opened.TryLock() {
		return nil, ErrOpen
	}
	f, err := lockDir(dir)
	if err != nil {
		opened.Unlock()
		return nil, err
	}
	return func() {
		_ = f.Close()
		opened.Unlock()
	}, nil
}

func lockDir(dir string) (*os.File, error) {
	if err := mkdirDurable(dir); err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("s3: lock %s: %w", dir, err)
	}
	return f, nil
}

// socketName is an abstract socket where the system has them (no file to leave behind, no limit on the directory's length).
func socketName(dir string) string {
	if runtime.GOOS == "linux" {
		return "@songshui-s3-" + rand.Text()
	}
	return filepath.Join(dir, "s3.sock")
}

// mkdirDurable makes dir and its missing parents, each with its entry synced. The entry of one that exists is synced too, since who made it may
// have been killed before.
func mkdirDurable(dir string) error {
	parent := filepath.Dir(dir)
	if _, err := os.Stat(dir); err == nil {
		if err := fsync(parent); !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	}
	if err := mkdirDurable(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return fsync(parent)
}
