package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"songshui.internal/services/internal/fault"
)

// Config says how children are run; zero values are the defaults.
type Config struct {
	// Program is the executable whose main calls Main; by default the running one.
	Program string
	// MaxMemory bounds what a child holds, in bytes; by default 1 GiB: 100 megapixels of JPEG with halved chroma, or 60 of HEIC; what
	// needs more is too_demanding.
	MaxMemory int64
	// Timeout bounds the work on one file, by the clock and by processor time; by default one minute. Waiting for a child doesn't count.
	Timeout time.Duration
	// Parallel is how many children may live at once; by default as many as processors, at most 2.
	Parallel int
	// IdleFor is how long a child without work is kept; by default 10 s.
	IdleFor time.Duration
}

// Sandbox runs the children. It is safe for concurrent use; what is over Config.Parallel waits.
type Sandbox struct {
	config Config
	slots  chan struct{}

	mu     sync.Mutex
	idle   []*process
	closed bool
}

// New makes a Sandbox; no child is started before the first request. It fails where the running executable has no path.
func New(c Config) (*Sandbox, error) {
	if c.Program == "" {
		program, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		c.Program = program
	}
	if c.MaxMemory <= 0 {
		c.MaxMemory = 1 << 30
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	if c.Parallel <= 0 {
		c.Parallel = min(runtime.NumCPU(), 2)
	}
	if c.IdleFor <= 0 {
		c.IdleFor = 10 * time.Second
	}
	return &Sandbox{config: c, slots: make(chan struct{}, c.Parallel)}, nil
}

// Close ends the children without work; those at work end with it. Calls after it are unavailable.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	for _, p := range idle {
		p.idle.Stop()
		p.end(false)
	}
	return nil
}

// Request asks for an operation on a file.
type Request struct {
	// Op is the name under which it was registered.
	Op string
	// Params go to the operation as JSON.
	Params any
	// Data gives the file's bytes, Size of them.
	Data io.Reader
	Size int64
}

// Do has a child do an operation, decodes what it replied into result (unless that is nil) and gives its blobs in its order. The package doc names the errors.
func (s *Sandbox) Do(ctx context.Context, r Request, result any) ([]Blob, error) {
	op, ok := operations[r.Op]
	if !ok {
		return nil, fault.New(fault.Internal, "sandbox: no operation "+r.Op)
	}
	if r.Size > op.MaxInput {
		return nil, fault.New(fault.BodyTooLarge, r.Op)
	}
	params, err := json.Marshal(r.Params)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, r.Op, err)
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", r.Op, context.Cause(ctx))
	}
	p, err := s.ready(request{Op: r.Op, Size: r.Size, Params: params})
	if err != nil {
		return nil, &fault.Error{Code: fault.Unavailable, Op: r.Op + ": start a child", Detail: "sandbox", Err: err}
	}
	rep, blobs, err := p.work(ctx, r.Data, r.Size, op.MaxOutput)
	if err != nil {
		return nil, err
	}
	if rep.Last {
		p.end(false)
	} else {
		s.keep(p)
	}
	if rep.Fault != nil {
		rep.Fault.Op = r.Op
		if rep.Cause != "" {
			rep.Fault.Err = errors.New(rep.Cause)
		}
		return nil, rep.Fault
	}
	if result == nil {
		return blobs, nil
	}
	if err := json.Unmarshal(rep.Result, result); err != nil {
		return nil, fault.Wrap(fault.Internal, r.Op, err)
	}
	return blobs, nil
}

// ready gives a child that has taken the request. A waiting one may have died meanwhile; a new one that doesn't answer is an error.
func (s *Sandbox) ready(req request) (*process, error) {
	for {
		p, err := s.take()
		if err != nil {
			return nil, err
		}
		fresh := p == nil
		if fresh {
			if p, err = start(s.config); err != nil {
				return nil, err
			}
		}
		if err = p.open(req); err == nil {
			return p, nil
		}
		p.end(true)
		if fresh {
			return nil, fmt.Errorf("%w: %v: %s", err, p.cmd.ProcessState, p.said)
		}
	}
}

var errClosed = errors.New("closed")

// take gives the child that worked last, or nil; an error after Close.
func (s *Sandbox) take() (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	n := len(s.idle)
	if n == 0 {
		return nil, nil
	}
	p := s.idle[n-1]
	s.idle = s.idle[:n-1]
	p.idle.Stop()
	return p, nil
}

// keep lets a child wait for more, but not for long.
func (s *Sandbox) keep(p *process) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.idle = append(s.idle, p)
		p.idle = time.AfterFunc(s.config.IdleFor, func() { s.dismiss(p) })
	}
	s.mu.Unlock()
	if closed {
		p.end(false)
	}
}

// dismiss ends a child that still waits.
func (s *Sandbox) dismiss(p *process) {
	s.mu.Lock()
	i := slices.Index(s.idle, p)
	if i >= 0 {
		s.idle = slices.Delete(s.idle, i, i+1)
	}
	s.mu.Unlock()
	if i >= 0 {
		p.end(false)
	}
}
