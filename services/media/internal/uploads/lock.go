package uploads

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
)

// locker gives one request of the process an upload at a time; a newer one ends the older one's reading, which then saves what it has and goes. Other
// processes are kept off by the state's ETag. tusd's own way of ending a request is lost when it comes before the body is read, so requests
// are ended through the body that this package gave them.
type locker struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	locker  *locker
	id      string
	request *request
	free    chan struct{}
}

// NewLock makes a lock that isn't held yet.
func (l *locker) NewLock(id string) (handler.Lock, error) {
	return &lock{locker: l, id: id, free: make(chan struct{})}, nil
}

// Lock waits for the upload; the holder is told to end.
func (k *lock) Lock(ctx context.Context, _ func()) error {
	k.request = requestOf(ctx)
	for {
		holder := k.take()
		if holder == nil {
			return nil
		}
		holder.request.interrupt()
		select {
		case <-ctx.Done():
			return handler.ErrLockTimeout
		case <-holder.free:
		}
	}
}

func (k *lock) take() (holder *lock) {
	k.locker.mu.Lock()
	defer k.locker.mu.Unlock()
	if h := k.locker.held[k.id]; h != nil {
		return h
	}
	k.locker.held[k.id] = k
	return nil
}

// Unlock lets the next one in.
func (k *lock) Unlock() error {
	k.locker.mu.Lock()
	delete(k.locker.held, k.id)
	k.locker.mu.Unlock()
	close(k.free)
	return nil
}

// body is a request's body whose reading can be ended from outside.
type body struct {
	io.ReadCloser
	conn    *http.ResponseController
	stopped atomic.Bool
	// took is told of bytes that were read.
	took func(n int)
}

func (b *body) Read(p []byte) (int, error) {
	if b.stopped.Load() {
		return 0, handler.ErrUploadInterrupted
	}
	n, err := b.ReadCloser.Read(p)
	b.took(n)
	if err != nil && b.stopped.Load() {
		err = handler.ErrUploadInterrupted
	}
	return n, err
}

// interrupt ends the reading of the request's body, also of a Read that waits.
func (r *request) interrupt() {
	r.body.stopped.Store(true)
	_ = r.body.conn.SetReadDeadline(time.Now())
}
