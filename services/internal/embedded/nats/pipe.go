package nats

import (
	"net"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
)

// sendBuffer is how many bytes a connection holds that the server hasn't read yet, like a socket's buffer; a writer waits beyond it.
const sendBuffer = 1 << 20

// buffered gives connections to a server in the process whose writes don't wait for the server's reader. The server's own are [net.Pipe]s: each write waits until it is read, while the client
// holds the lock that every other request on the connection needs.
type buffered struct{ srv *server.Server }

// InProcessConn is what nats.InProcessServer asks for.
func (b buffered) InProcessConn() (net.Conn, error) {
	pipe, err := b.srv.InProcessConn()
	if err != nil {
		return nil, err
	}
	return newBuffered(pipe), nil
}

func newBuffered(pipe net.Conn) *bufferedConn {
	c := &bufferedConn{Conn: pipe}
	c.moved.L = &c.mu
	go c.send()
	return c
}

type bufferedConn struct {
	net.Conn

	mu    sync.Mutex
	moved sync.Cond
	held  []byte
	err   error
}

// Write takes all of p, or fails once the connection has.
func (c *bufferedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.held) > 0 && len(c.held)+len(p) > sendBuffer && c.err == nil {
		c.moved.Wait()
	}
	if c.err != nil {
		return 0, c.err
	}
	c.held = append(c.held, p...)
	c.moved.Broadcast()
	return len(p), nil
}

// send moves to the server what was written, until the connection fails or is closed.
func (c *bufferedConn) send() {
	var free []byte
	for {
		c.mu.Lock()
		for len(c.held) == 0 && c.err == nil {
			c.moved.Wait()
		}
		if c.err != nil {
			c.mu.Unlock()
			return
		}
		out := c.held
		c.held = free[:0]
		c.moved.Broadcast()
		c.mu.Unlock()
		_, err := c.Conn.Write(out)
		free = out
		if err != nil {
			c.fail(err)
			return
		}
	}
}

func (c *bufferedConn) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.moved.Broadcast()
	c.mu.Unlock()
}

// Close drops what the server hasn't read.
func (c *bufferedConn) Close() error {
	c.fail(net.ErrClosed)
	return c.Conn.Close()
}
