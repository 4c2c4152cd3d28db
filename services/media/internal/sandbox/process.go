package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sniff"
)

// ending is why a child ended without an answer.
type ending int

const (
	crashed ending = iota
	endedByLimit
	endedByOthers
	// broken is a mistake of ours: the two sides don't understand each other.
	broken
)

// goThrow is the status of a Go program that the runtime ends: out of memory, mostly; panics are caught.
const goThrow = 2

func deathByStatus(code int) ending {
	switch code {
	case exitMemory, exitTime, goThrow:
		return endedByLimit
	}
	return broken
}

// process is a child seen from the parent; one file at a time.
type process struct {
	cmd     *exec.Cmd
	in, out *os.File
	said    *words
	timeout time.Duration
	ended   sync.Once
	idle    *time.Timer
}

func start(c Config) (*process, error) {
	inRead, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, outWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, inRead.Close(), in.Close())
	}
	p := &process{in: in, out: out, said: &words{}, timeout: c.Timeout}
	p.cmd = exec.Command(c.Program, ChildCommand, strconv.FormatInt(c.MaxMemory, 10), strconv.FormatInt(c.Timeout.Milliseconds(), 10))
	p.cmd.Env = []string{}
	p.cmd.Dir = string(os.PathSeparator)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = inRead, outWrite, p.said
	apart(p.cmd)
	err = p.cmd.Start()
	_ = inRead.Close()
	_ = outWrite.Close()
	if err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	return p, nil
}

// end closes the pipes, on which a child without work ends by itself, kills one that has some, and waits.
func (p *process) end(kill bool) {
	p.ended.Do(func() {
		_ = p.in.Close()
		if kill {
			_ = p.cmd.Process.Kill()
		}
		_ = p.cmd.Wait()
		_ = p.out.Close()
	})
}

// open asks for work on a file. An error says nothing about the file: none of it was sent.
func (p *process) open(req request) error {
	_ = p.in.SetWriteDeadline(time.Now().Add(p.timeout))
	if err := writeMessage(p.in, req); err != nil {
		return err
	}
	_ = p.out.SetReadDeadline(time.Now().Add(p.timeout))
	return readMessage(p.out, &ready{})
}

// work sends the file and takes the answer. After an error the process is ended.
func (p *process) work(ctx context.Context, r io.Reader, size, maxOutput int64) (reply, []Blob, error) {
	stop := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stop()
	rep, blobs, err := p.exchange(r, size, maxOutput)
	if err == nil && stop() {
		return rep, blobs, nil
	}
	if ctx.Err() != nil {
		p.end(true)
		return reply{}, nil, fmt.Errorf("sandbox: %w", context.Cause(ctx))
	}
	var source sourceError
	if errors.As(err, &source) {
		p.end(true)
		return reply{}, nil, fmt.Errorf("sandbox: read the original: %w", source.error)
	}
	return reply{}, nil, p.judge(err)
}

// judge ends a child that gave no answer and says whose fault it was.
func (p *process) judge(err error) error {
	late := errors.Is(err, os.ErrDeadlineExceeded)
	if late {
		p.end(true)
		return Refuse(sniff.CodeTooDemanding, err)
	}
	// The pipe broke: the child is ending, and its status says why. What still lives after an answer that makes no sense is killed.
	kill := time.AfterFunc(p.timeout, func() { _ = p.cmd.Process.Kill() })
	p.end(false)
	kill.Stop()
	err = fmt.Errorf("%w; the child: %v: %s", err, p.cmd.ProcessState, p.said)
	switch death(p.cmd.ProcessState) {
	case endedByLimit:
		return Refuse(sniff.CodeTooDemanding, err)
	case endedByOthers:
		return &fault.Error{Code: fault.Unavailable, Op: "sandbox", Detail: "sandbox", Err: err}
	case broken:
		return &fault.Error{Code: fault.Internal, Op: "sandbox", Err: err}
	}
	return Refuse(sniff.CodeDamaged, err)
}

// sourceError is the fault of the reader that the caller gave.
type sourceError struct{ error }

func (p *process) exchange(r io.Reader, size, maxOutput int64) (reply, []Blob, error) {
	if err := p.feed(r, size); err != nil {
		return reply{}, nil, err
	}
	_ = p.out.SetReadDeadline(time.Now().Add(p.timeout))
	var rep reply
	if err := readMessage(p.out, &rep); err != nil {
		return reply{}, nil, err
	}
	blobs := make([]Blob, 0, len(rep.Blobs))
	for _, b := range rep.Blobs {
		if b.Bytes < 0 || b.Bytes > maxOutput {
			return reply{}, nil, fmt.Errorf("more than %d bytes made of a file", maxOutput)
		}
		maxOutput -= b.Bytes
		data := make([]byte, b.Bytes)
		if _, err := io.ReadFull(p.out, data); err != nil {
			return reply{}, nil, err
		}
		blobs = append(blobs, Blob{Name: b.Name, Data: data})
	}
	return rep, blobs, nil
}

// feed sends the bytes. How long the source takes is the caller's affair; the child has its timeout for taking each piece.
func (p *process) feed(r io.Reader, size int64) error {
	buf := make([]byte, 64<<10)
	for size > 0 {
		n, err := io.ReadAtLeast(r, buf[:min(size, int64(len(buf)))], 1)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return sourceError{err}
		}
		_ = p.in.SetWriteDeadline(time.Now().Add(p.timeout))
		if _, err := p.in.Write(buf[:n]); err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}

// words keeps the first words of what a child says before it dies, for the log.
type words struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *words) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const most = 2 << 10
	t.b.Write(b[:min(len(b), most-t.b.Len())])
	return len(b), nil
}

func (t *words) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
