package clips

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// program is what recoding needs.
const program = "ffmpeg"

// Tools are the outside programs.
type Tools struct {
	// FFmpeg is ffmpeg's path, empty where there is none.
	FFmpeg string
	// Dir is where each recoding has a directory of its own for as long as it runs, of up to three times a clip's size; by default the system's for temporary files.
	Dir string
}

// Find looks on the PATH; a service does it at each start.
func Find() Tools {
	path, err := exec.LookPath(program)
	if err != nil {
		return Tools{}
	}
	if path, err = filepath.Abs(path); err != nil {
		return Tools{}
	}
	return Tools{FFmpeg: path}
}

const (
	prefix = "songshui-clip-"
	// staleAfter is beyond the longest recoding: what is older was left by a process that was killed.
	staleAfter = 24 * time.Hour
)

// withTools runs work when it is its turn, in a directory of its own.
func (c *Clips) withTools(ctx context.Context, work func(dir string) error) error {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c.sweep()
	dir, err := os.MkdirTemp(c.tools.Dir, prefix)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	return work(dir)
}

// sweep removes directories that a killed process left behind.
func (c *Clips) sweep() {
	root := c.tools.Dir
	if root == "" {
		root = os.TempDir()
	}
	left, _ := filepath.Glob(filepath.Join(root, prefix+"*"))
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && info.IsDir() && time.Since(info.ModTime()) > staleAfter {
			_ = os.RemoveAll(dir)
		}
	}
}

func pathIn(dir, name string) string { return filepath.Join(dir, name) }
