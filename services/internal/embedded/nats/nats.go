// Package nats runs a NATS server with JetStream inside the process, for `up`, `demo` and tests. It opens no port, keeps its
// streams in a directory and syncs each message before it is acknowledged (SyncAlways).
package nats

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Config says where the streams live.
type Config struct {
	// Dir is an absolute path; it is made if missing.
	Dir string
}

const (
	readyWithin = 30 * time.Second
	// maxPayload lets a request carry a body of 2 MiB, the public limit; stored messages are at most 512 KiB.
	maxPayload = 4 << 20
	// maxMemory bounds memory streams, of which Songshui has none.
	maxMemory = 64 << 20
)

// Server is a running server.
type Server struct{ srv *server.Server }

// ErrRelative says that a directory isn't absolute: the process's working directory belongs to the S3 gateway.
var ErrRelative = errors.New("nats: directory must be absolute")

// Start starts the server and waits until it takes connections.
func Start(c Config) (*Server, error) {
	if !filepath.IsAbs(c.Dir) {
		return nil, fmt.Errorf("%w: %s", ErrRelative, c.Dir)
	}
	srv, err := server.NewServer(&server.Options{ServerName: "songshui", DontListen: true, JetStream: true, StoreDir: c.Dir, SyncAlways: true, NoSigs: true, NoLog: true,
		MaxPayload: maxPayload, JetStreamMaxMemory: maxMemory, JetStreamMaxStore: -1, DisableJetStreamBanner: true})
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	srv.Start()
	if !srv.ReadyForConnections(readyWithin) {
		srv.Shutdown()
		return nil, fmt.Errorf("nats: not ready within %s; see whether %s can be written", readyWithin, c.Dir)
	}
	return &Server{srv}, nil
}

// Connect gives a connection inside the process; it reconnects for ever.
func (s *Server) Connect(name string) (*nats.Conn, error) {
	nc, err := nats.Connect("", nats.InProcessServer(buffered{s.srv}), nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond), nats.RetryOnFailedConnect(true))
	if err != nil {
		return nil, fmt.Errorf("nats: connect: %w", err)
	}
	return nc, nil
}

// Close stops the server and waits until its files are closed.
func (s *Server) Close() {
	s.srv.Shutdown()
	s.srv.WaitForShutdown()
}
