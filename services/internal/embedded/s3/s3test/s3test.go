// Package s3test gives tests an S3 server: the embedded one, shared by all tests of a process, since a process can have only one (see package s3).
//
// It owns a temporary directory, made with the first test that asks and removed, with the server, when the last test that uses it has ended;
// a later test gets a new one. A test must not change the working directory, and must keep the client and its objects to itself:
// the bucket prefix is unique in the process.
package s3test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/minio/minio-go/v7"

	"songshui.internal/services/internal/embedded/s3"
)

var shared struct {
	sync.Mutex
	server *s3.Server
	dir    string
	users  int
	count  int
}

// New returns a client and a prefix for bucket names, such as "t12-". Buckets made with it need no removal.
func New(t testing.TB) (client *minio.Client, bucketPrefix string) {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		start(t)
	}
	shared.users++
	shared.count++
	t.Cleanup(func() { leave(t) })
	return shared.server.Client(), fmt.Sprintf("t%d-", shared.count)
}

func start(t testing.TB) {
	t.Helper()
	dir, err := os.MkdirTemp("", "songshui-s3-")
	if err != nil {
		t.Fatal(err)
	}
	server, err := s3.Start(context.Background(), s3.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	shared.server, shared.dir = server, dir
}

func leave(t testing.TB) {
	shared.Lock()
	defer shared.Unlock()
	shared.users--
	if shared.users > 0 {
		return
	}
	if err := shared.server.Close(); err != nil {
		t.Error(err)
	}
	shared.server = nil
	_ = os.RemoveAll(shared.dir)
}
