package s3_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"songshui.internal/services/internal/embedded/s3"
)

// A process has one S3 server, so what needs a server of its own runs in a child: this test binary again, told its part by the environment.
const (
	childPart = "SONGSHUI_S3_CHILD"
	childDir  = "SONGSHUI_S3_DIR"
	childMode = "SONGSHUI_S3_MODE" // "", "unsynced" or "sidecar"
)

var childParts = map[string]func(context.Context, s3.Config) error{
	"traced":    traced,
	"write":     writeThenWait,
	"read":      readBack,
	"interrupt": completeInterrupted,
	"locked":    startLocked,
	"second":    startTwice,
	"face":      throughFace,
	"close":     closeBusy,
}

func TestMain(m *testing.M) {
	part, ok := os.LookupEnv(childPart)
	if !ok {
		os.Exit(m.Run())
	}
	cfg := s3.Config{Dir: os.Getenv(childDir)}
	switch os.Getenv(childMode) {
	case "unsynced":
		cfg = s3.Unsynced(cfg)
	case "sidecar":
		cfg = s3.Sidecar(cfg)
	}
	if err := childParts[part](context.Background(), cfg); err != nil {
		fmt.Fprintln(os.Stderr, part+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is the command for one part; before stands in front of it, as in "strace -f".
func child(t *testing.T, part, mode, dir string, before ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(before, self)
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childPart+"="+part, childDir+"="+dir, childMode+"="+mode)
	return cmd
}

func runChild(t *testing.T, part, mode, dir string) {
	t.Helper()
	if out, err := child(t, part, mode, dir).CombinedOutput(); err != nil {
		t.Fatalf("child %s: %v\n%s", part, err, out)
	}
}

// modes are the two ways metadata is kept.
var modes = []string{"", "sidecar"}

func TestDataOutlivesKill(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		dir := t.TempDir()
		cmd := child(t, "write", mode, dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || line != "written\n" {
			t.Fatalf("child said %q, %v", line, err)
		}
		runChild(t, "locked", mode, dir)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		runChild(t, "read", mode, dir)
	}
}

// writeThenWait writes, says so, and waits to be killed.
func writeThenWait(ctx context.Context, cfg s3.Config) error {
	srv, err := s3.Start(ctx, cfg)
	if err != nil {
		return err
	}
	c := srv.Client()
	if err := c.MakeBucket(ctx, "kept", minio.MakeBucketOptions{ObjectLocking: true}); err != nil {
		return err
	}
	opts := minio.PutObjectOptions{ContentType: "text/plain", UserMetadata: map[string]string{"Office": "changchun"}}
	if _, err := c.PutObject(ctx, "kept", "a/b/one", strings.NewReader("first"), 5, opts); err != nil {
		return err
	}
	on := minio.LegalHoldEnabled
	if err := c.PutObjectLegalHold(ctx, "kept", "a/b/one", minio.PutObjectLegalHoldOptions{Status: &on}); err != nil {
		return err
	}
	core := minio.Core{Client: c}
	up, err := core.NewMultipartUpload(ctx, "kept", "two", minio.PutObjectOptions{ContentType: "video/mp4"})
	if err != nil {
		return err
	}
	if _, err := core.PutObjectPart(ctx, "kept", "two", up, 1, strings.NewReader("part"), 4, minio.PutObjectPartOptions{}); err != nil {
		return err
	}
	fmt.Println("written")
	select {}
}

func startLocked(ctx context.Context, cfg s3.Config) error {
	if _, err := s3.Start(ctx, cfg); !errors.Is(err, s3.ErrLocked) {
		return fmt.Errorf("start on a directory in use: %w", err)
	}
	return nil
}

func readBack(ctx context.Context, cfg s3.Config) error {
	srv, err := s3.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer srv.Close()
	c := srv.Client()
	o, err := c.GetObject(ctx, "kept", "a/b/one", minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	b, err := io.ReadAll(o)
	if err != nil {
		return err
	}
	info, err := o.Stat()
	if err != nil {
		return err
	}
	if string(b) != "first" || info.ContentType != "text/plain" || info.UserMetadata["Office"] != "changchun" {
		return fmt.Errorf("got %q, %+v", b, info)
	}
	hold, err := c.GetObjectLegalHold(ctx, "kept", "a/b/one", minio.GetObjectLegalHoldOptions{})
	if err != nil || *hold != minio.LegalHoldEnabled {
		return fmt.Errorf("legal hold %v, %w", hold, err)
	}
	ups, err := minio.Core{Client: c}.ListMultipartUploads(ctx, "kept", "", "", "", "", 10)
	if err != nil || len(ups.Uploads) != 1 {
		return fmt.Errorf("uploads %+v, %w", ups.Uploads, err)
	}
	return completeOne(ctx, c, "kept", "two", ups.Uploads[0].UploadID, "part")
}

// completeOne completes an upload from its listed parts and compares the object.
func completeOne(ctx context.Context, c *minio.Client, bucket, key, upload, want string) error {
	core := minio.Core{Client: c}
	list, err := core.ListObjectParts(ctx, bucket, key, upload, 0, 10)
	if err != nil {
		return fmt.Errorf("list parts: %w", err)
	}
	var parts []minio.CompletePart
	for _, p := range list.ObjectParts {
		parts = append(parts, minio.CompletePart{PartNumber: p.PartNumber, ETag: p.ETag})
	}
	if _, err := core.CompleteMultipartUpload(ctx, bucket, key, upload, parts, minio.PutObjectOptions{}); err != nil {
		return fmt.Errorf("complete: %w", err)
	}
	r, _, _, err := core.GetObject(ctx, bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return fmt.Errorf("get completed: %w", err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil || string(b) != want {
		return fmt.Errorf("completed object %q, want %q (%w)", b, want, err)
	}
	return nil
}

func TestSecondStart(t *testing.T) {
	t.Parallel()
	runChild(t, "second", "", t.TempDir())
}

func startTwice(ctx context.Context, cfg s3.Config) error {
	if _, err := s3.Start(ctx, s3.Config{Dir: "relative"}); err == nil {
		return errors.New("a relative directory was accepted")
	}
	first, err := s3.Start(ctx, cfg)
	if err != nil {
		return err
	}
	other := s3.Config{Dir: cfg.Dir + "/other"}
	if _, err := s3.Start(ctx, other); !errors.Is(err, s3.ErrOpen) {
		return fmt.Errorf("second start: %w", err)
	}
	if err := first.Close(); err != nil {
		return err
	}
	again, err := s3.Start(ctx, other)
	if err != nil {
		return fmt.Errorf("start after close: %w", err)
	}
	return errors.Join(again.Close(), again.Close())
}

func TestFace(t *testing.T) {
	t.Parallel()
	runChild(t, "face", "", t.TempDir())
}

func throughFace(ctx context.Context, cfg s3.Config) error {
	srv, err := s3.Start(ctx, cfg)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- srv.ServeTCP(l) }()
	opts := srv.Options()
	opts.Transport = nil
	c, err := minio.New(l.Addr().String(), opts)
	if err != nil {
		return err
	}
	if err := c.MakeBucket(ctx, "faced", minio.MakeBucketOptions{}); err != nil {
		return err
	}
	data := make([]byte, 3<<20)
	_, _ = rand.Read(data)
	if _, err := c.PutObject(ctx, "faced", "k 松", bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{}); err != nil {
		return err
	}
	o, err := srv.Client().GetObject(ctx, "faced", "k 松", minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	got, err := io.ReadAll(o)
	if err != nil || !bytes.Equal(got, data) {
		return fmt.Errorf("read %d bytes, %w", len(got), err)
	}
	return errors.Join(srv.Close(), <-served)
}
