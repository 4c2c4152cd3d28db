package sandbox

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/internal/sniff"
)

var held []byte

// only makes an operation of what has no reply.
func only(work func(file []byte) error) Operation {
	return Operation{Work: func(in Input) (any, []Blob, error) { return nil, nil, work(in.Data) }}
}

type echoed struct {
	Word string
	Size int
}

func init() {
	Register("echo", Operation{MaxInput: 1 << 20, MaxOutput: 2 << 20, Work: func(in Input) (any, []Blob, error) {
		var p echoed
		if err := in.Decode(&p); err != nil {
			return nil, nil, err
		}
		return echoed{p.Word, len(in.Data)}, []Blob{{"a", in.Data}, {"b", bytes.Repeat([]byte{7}, p.Size)}}, nil
	}})
	Register("verbose", Operation{Work: func(Input) (any, []Blob, error) { return strings.Repeat("长", maxMessage), nil, nil }})
	Register("judge", only(func([]byte) error { return fault.New(fault.UnsupportedType, "test") }))
	Register("fail", only(func([]byte) error { return errors.New("a decoder's own error") }))
	Register("panic", only(func([]byte) error { panic("as a test asks") }))
	Register("loop", only(func([]byte) error {
		for n := uint64(1); ; n++ {
			if n == 0 {
				return nil
			}
		}
	}))
	Register("eat", only(func([]byte) error {
		for {
			held = append(held, make([]byte, 1<<20)...)
		}
	}))
	Register("hold", only(func([]byte) error {
		// More than it may, less than the hard limit: only the watch sees it.
		held = bytes.Repeat([]byte{1}, 400<<20)
		for begun := time.Now(); time.Since(begun) < time.Second; {
			held[0]++
		}
		return nil
	}))
	Register("gulp", only(func([]byte) error {
		held = make([]byte, 3<<30)
		return nil
	}))
	Register("deep", only(func([]byte) error { return deep(make([]byte, 1<<10)) }))
	Register("term", only(func([]byte) error {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		_ = self.Signal(syscall.SIGTERM)
		select {}
	}))
	Register("exit", only(func([]byte) error { os.Exit(0); return nil }))
	Register("write", only(func([]byte) error {
		if len(os.Environ()) > 0 {
			return errors.New("an environment")
		}
		f, err := os.CreateTemp("", "")
		if err != nil {
			return nil
		}
		defer func() { _ = os.Remove(f.Name()) }()
		if _, err = f.Write([]byte("a")); err == nil {
			return errors.New("a child can write files")
		}
		return nil
	}))
}

func deep(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := deep(append(b, 1)); err != nil {
		return err
	}
	return nil
}

func TestMain(m *testing.M) {
	if Main(os.Args) {
		return
	}
	os.Exit(m.Run())
}

func box(t testing.TB, c Config) *Sandbox {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func code(err error) string {
	if err == nil {
		return "ok"
	}
	e := fault.Of(err)
	if e.Code == fault.Invalid && len(e.Fields) == 1 && e.Fields[0].Field == sniff.Field {
		return e.Fields[0].Code
	}
	return string(e.Code)
}

// echo asks for what can't go wrong.
func echo(t *testing.T, s *Sandbox, word string) error {
	t.Helper()
	var r echoed
	blobs, err := s.Do(t.Context(), Request{Op: "echo", Params: echoed{word, 3}, Data: strings.NewReader("bytes"), Size: 5}, &r)
	if err != nil {
		return err
	}
	if r != (echoed{word, 5}) || len(blobs) != 2 || blobs[0].Name != "a" || string(blobs[0].Data) != "bytes" || string(blobs[1].Data) != "\x07\x07\x07" {
		t.Errorf("%+v %+v", r, blobs)
	}
	return nil
}

// After each death the next file is worked on as if nothing had been.
func TestDeaths(t *testing.T) {
	t.Parallel()
	s := box(t, Config{MaxMemory: 256 << 20, Timeout: 3 * time.Second, Parallel: 1})
	for _, c := range []struct{ op, want string }{
		{"panic", "damaged"}, {"loop", "too_demanding"}, {"eat", "too_demanding"}, {"hold", "too_demanding"}, {"gulp", "too_demanding"}, {"deep", "too_demanding"},
		{"term", "unavailable"}, {"exit", "internal"}, {"write", "ok"}, {"fail", "damaged"}, {"judge", "unsupported_type"}, {"verbose", "too_demanding"}, {"none", "internal"},
	} {
		if instrumented && c.op == "gulp" {
			continue // only the limit that isn't set then stops it
		}
		_, err := s.Do(t.Context(), Request{Op: c.op, Data: strings.NewReader("bytes"), Size: 5}, nil)
		if code(err) != c.want {
			t.Errorf("%s: %v, want %s", c.op, err, c.want)
		}
		if err := echo(t, s, "还好"); err != nil {
			t.Errorf("after %s: %v", c.op, err)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	s := box(t, Config{})
	for _, c := range []struct {
		in, out int
		want    string
	}{{1 << 20, 1 << 20, "ok"}, {1<<20 + 1, 0, "body_too_large"}, {1 << 20, 1<<20 + 1, "too_demanding"}, {0, 0, "ok"}} {
		_, err := s.Do(t.Context(), Request{Op: "echo", Params: echoed{"", c.out}, Data: bytes.NewReader(make([]byte, c.in)), Size: int64(c.in)}, nil)
		if code(err) != c.want {
			t.Errorf("%d bytes to %d: %v, want %s", c.in, c.out, err, c.want)
		}
	}
}

func TestSourceFails(t *testing.T) {
	t.Parallel()
	s := box(t, Config{})
	away := errors.New("the store is away")
	do := func(ctx context.Context, r *broke) error {
		_, err := s.Do(ctx, Request{Op: "echo", Params: echoed{}, Data: r, Size: 1000}, nil)
		return err
	}
	if err := do(t.Context(), &broke{bytes.NewReader(make([]byte, 900)), away}); !errors.Is(err, away) || fault.Is(err, fault.Invalid) {
		t.Errorf("%v, want the source's error", err)
	}
	if err := do(t.Context(), &broke{bytes.NewReader(make([]byte, 900)), nil}); fault.Is(err, fault.Invalid) || err == nil {
		t.Errorf("short: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(away)
	if err := do(ctx, &broke{bytes.NewReader(make([]byte, 1000)), away}); !errors.Is(err, away) {
		t.Errorf("cancelled: %v", err)
	}
	if err := echo(t, s, "again"); err != nil {
		t.Error(err)
	}
}

// broke gives bytes, then an error or, without one, an early end.
type broke struct {
	r   *bytes.Reader
	err error
}

func (b *broke) Read(p []byte) (int, error) {
	if b.r.Len() == 0 && b.err != nil {
		return 0, b.err
	}
	return b.r.Read(p)
}

// Children are used again, survive another's end in the pool, and go when nothing is to do.
func TestPool(t *testing.T) {
	t.Parallel()
	s := box(t, Config{Parallel: 1, IdleFor: time.Hour})
	check := func() *process {
		t.Helper()
		if err := echo(t, s, "pool"); err != nil {
			t.Fatal(err)
		}
		return s.idle[0]
	}
	a := check()
	if b := check(); a != b {
		t.Error("a child wasn't used again")
	}
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	b := check()
	if a == b {
		t.Error("a dead child was used")
	}
	s.dismiss(b)
	if len(s.idle) != 0 || b.cmd.ProcessState == nil || !b.cmd.ProcessState.Success() {
		t.Errorf("dismissed: %v", b.cmd.ProcessState)
	}
	for range maxServed + 1 {
		if err := echo(t, s, "many"); err != nil {
			t.Fatal(err)
		}
	}
	last := check()
	if err := s.Close(); err != nil || last.cmd.ProcessState == nil {
		t.Error("Close left a child")
	}
	if err := echo(t, s, "closed"); code(err) != "unavailable" {
		t.Errorf("after Close: %v", err)
	}
	if err := echo(t, box(t, Config{Program: filepath.Join(t.TempDir(), "none")}), "none"); code(err) != "unavailable" {
		t.Errorf("no program: %v", err)
	}
}
