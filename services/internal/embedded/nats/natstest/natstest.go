// Package natstest gives each test a NATS server of its own.
package natstest

import (
	"testing"

	natsgo "github.com/nats-io/nats.go"

	"songshui.internal/services/internal/embedded/nats"
)

// New starts a server in the test's directory and gives a connection; both end with the test.
func New(t testing.TB) *natsgo.Conn {
	t.Helper()
	s, err := nats.Start(nats.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	nc, err := s.Connect(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}
