package s3_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"songshui.internal/services/internal/embedded/s3"
)

func TestCloseCutsRunningRequests(t *testing.T) {
	t.Parallel()
	runChild(t, "close", "", t.TempDir())
}

// closeBusy closes while a sender has stopped in the middle of a body.
func closeBusy(ctx context.Context, cfg s3.Config) error {
	srv, err := s3.Start(ctx, cfg)
	if err != nil {
		return err
	}
	c := srv.Client()
	if err := c.MakeBucket(ctx, "busy", minio.MakeBucketOptions{}); err != nil {
		return err
	}
	r, w := io.Pipe()
	put := make(chan error, 1)
	go func() {
		_, err := c.PutObject(ctx, "busy", "k", r, 1<<20, minio.PutObjectOptions{DisableContentSha256: true})
		put <- err
	}()
	if _, err := w.Write(make([]byte, 512<<10)); err != nil {
		return err
	}
	begin := time.Now()
	if err := srv.Close(); err != nil {
		return err
	}
	if d := time.Since(begin); d > 1500*time.Millisecond {
		return fmt.Errorf("close took %v", d)
	}
	_ = w.CloseWithError(io.ErrClosedPipe)
	if err := <-put; err == nil {
		return errors.New("the cut request succeeded")
	}
	return nil
}

func TestInterruptedCompletion(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		runChild(t, "interrupt", mode, t.TempDir())
	}
}

// completeInterrupted leaves an upload as a crash in the middle of its completion does, by the name versitygw gives its directory then.
func completeInterrupted(ctx context.Context, cfg s3.Config) error {
	srv, err := s3.Start(ctx, cfg)
	if err != nil {
		return err
	}
	if err := srv.Client().MakeBucket(ctx, "torn", minio.MakeBucketOptions{}); err != nil {
		return err
	}
	core := minio.Core{Client: srv.Client()}
	up, err := core.NewMultipartUpload(ctx, "torn", "k", minio.PutObjectOptions{})
	if err != nil {
		return err
	}
	if _, err := core.PutObjectPart(ctx, "torn", "k", up, 1, newReader("part"), 4, minio.PutObjectPartOptions{}); err != nil {
		return err
	}
	if err := srv.Close(); err != nil {
		return err
	}
	for _, below := range []string{"objects", "attributes"} {
		dirs, err := filepath.Glob(filepath.Join(cfg.Dir, below, "torn", ".sgwtmp", "multipart", "*", up))
		if err != nil {
			return err
		}
		for _, d := range dirs {
			if err := os.Rename(d, d+".0123-1.inprogress"); err != nil {
				return err
			}
		}
	}
	srv, err = s3.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer srv.Close()
	return completeOne(ctx, srv.Client(), "torn", "k", up, "part")
}
