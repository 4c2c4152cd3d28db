package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startWithin bounds how long a child has to get ready; tail is how much of what it said goes into an error.
const (
	startWithin = time.Minute
	// idleWithin bounds how long `up` may work on what the demo left.
	idleWithin = 4 * time.Minute
	tail       = 400
)

// child is this program again.
func child(ctx context.Context, dir string, args ...string) (*exec.Cmd, *bytes.Buffer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	cmd, said := exec.CommandContext(ctx, self, args...), &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr, cmd.Dir = said, said, dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = startWithin
	return cmd, said, nil
}

// tellDemo tells the whole story in a child and gives how long it took.
func tellDemo(ctx context.Context, dir string, args ...string) (time.Duration, error) {
	cmd, said, err := child(ctx, dir, append([]string{"demo", "--exit", "--listen", "127.0.0.1:0"}, args...)...)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := cmd.Run(); err != nil {
		b := said.Bytes()
		return 0, fmt.Errorf("bench: demo: %w: %s", err, b[max(0, len(b)-tail):])
	}
	return time.Since(began), nil
}

func demoTime(ctx context.Context, c Config) ([]Row, error) {
	took, err := tellDemo(ctx, c.Dir)
	if err != nil {
		return nil, err
	}
	return []Row{row("demo", took.Seconds(), 0, "")}, nil
}

// memory reads the resident memory of `up`, started anew on the demo's directory, after it was alone for a while.
func memory(ctx context.Context, c Config) ([]Row, error) {
	data, ready := filepath.Join(c.Dir, "data"), filepath.Join(c.Dir, "ready")
	if _, err := tellDemo(ctx, c.Dir, "--dir", data); err != nil {
		return nil, err
	}
	cmd, said, err := child(ctx, c.Dir, "up", "--dir", data, "--listen", "127.0.0.1:0", "--ready-file", ready)
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("bench: up: %w", err)
	}
	m, err := watched(ctx, cmd.Process.Pid, ready, c.Idle)
	if err != nil {
		err = fmt.Errorf("%w: %s", err, said.Bytes())
	}
	err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
	if err != nil {
		return nil, err
	}
	return []Row{row("memory", mebibytes(m.rss), 0, fmt.Sprintf("of these %s MiB anonymous; %d child processes", number(mebibytes(m.anonymous)), m.children))}, nil
}

func mebibytes(b int64) float64 { return float64(b) / (1 << 20) }

type resident struct {
	rss, anonymous int64 // bytes
	children       int
}

func watched(ctx context.Context, pid int, ready string, idle time.Duration) (resident, error) {
	started, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	err := until(started, 10*time.Millisecond, func() (bool, error) {
		_, err := os.Stat(ready)
		return err == nil, nil
	})
	if err != nil {
		return resident{}, fmt.Errorf("bench: up isn't ready: %w", err)
	}
	// Copies that the demo didn't wait for are made now, by children that linger: idle is what has had none for a while.
	settled, cancel := context.WithTimeout(ctx, idleWithin)
	defer cancel()
	var r resident
	busy := time.Now()
	err = until(settled, time.Second, func() (bool, error) {
		var err error
		if r, err = residentOf(pid); r.children > 0 {
			busy = time.Now()
		}
		return time.Since(busy) >= idle, err
	})
	if err != nil {
		return resident{}, fmt.Errorf("bench: up doesn't come to rest: %w", err)
	}
	return r, nil
}

// residentOf adds up a process and its children, from the /proc of Linux.
func residentOf(pid int) (resident, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return resident{}, fmt.Errorf("bench: memory can be read on Linux alone: %w", err)
	}
	r := resident{rss: kilobytes(status, "VmRSS"), anonymous: kilobytes(status, "RssAnon")}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return r, fmt.Errorf("bench: %w", err)
	}
	for _, list := range lists {
		ids, _ := os.ReadFile(list) // a thread that has ended has no children
		for _, id := range strings.Fields(string(ids)) {
			n, err := strconv.Atoi(id)
			if err != nil {
				continue
			}
			if below, err := residentOf(n); err == nil {
				r.rss, r.anonymous, r.children = r.rss+below.rss, r.anonymous+below.anonymous, r.children+1+below.children
			}
		}
	}
	return r, nil
}

// kilobytes reads a line such as “VmRSS:  1234 kB” and gives bytes.
func kilobytes(status []byte, name string) int64 {
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}
