package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	archive "songshui.internal/services/archive/server"
	"songshui.internal/services/internal/bus"
)

// System is what the commands work on: a running one or one started for them.
type System struct {
	Bus     *bus.Bus
	Archive *archive.Server
}

// socketName is the command line's way into a running `up`, in its directory.
const socketName = "admin.sock"

const (
	headersWithin = 10 * time.Second
	maxError      = 4 << 10
)

// Serve answers the command line on the directory's socket (mode 0600: who may read the directory's files anyway) until ctx ends.
func Serve(ctx context.Context, dir string, s System) error {
	path := filepath.Join(dir, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("ops: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("ops: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("ops: %w", err)
	}
	mux := http.NewServeMux()
	for name, do := range commands {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			answer(w, func() (any, error) { return do(r.Context(), s) })
		})
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: headersWithin}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); err != nil && ctx.Err() == nil {
		return fmt.Errorf("ops: %w", err)
	}
	return nil
}

// Replayed counts the letters that were digested at last, and names those that were not.
type Replayed struct {
	Digested int      `json:"digested"`
	Refused  []string `json:"refused"`
}

// replay gives every dead letter once more to its consumer; one that was digested before is digested again, which changes nothing.
func replay(ctx context.Context, s System) (any, error) {
	letters, err := s.Bus.DeadLetters(ctx)
	if err != nil {
		return nil, err
	}
	r := Replayed{Refused: []string{}}
	for _, l := range letters {
		if err := s.Bus.Replay(ctx, l); err != nil {
			r.Refused = append(r.Refused, fmt.Sprintf("%d: %v", l.Sequence, err))
			continue
		}
		r.Digested++
	}
	return r, nil
}

var commands = map[string]func(context.Context, System) (any, error){
	"verify":      func(ctx context.Context, s System) (any, error) { return Verify(ctx, s.Bus, s.Archive) },
	"rebuild":     func(ctx context.Context, s System) (any, error) { return s.Archive.Rebuild(ctx) },
	"replay":      replay,
	"deadletters": func(ctx context.Context, s System) (any, error) { return s.Bus.DeadLetters(ctx) },
}

func answer(w http.ResponseWriter, do func() (any, error)) {
	v, err := do()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// ErrNotRunning says that nothing runs on the directory.
var ErrNotRunning = errors.New("ops: nothing runs on this directory")

// Ask gives a command to the system that runs on the directory. ErrNotRunning if none does.
func Ask(ctx context.Context, dir, command string, out any) error {
	var d net.Dialer
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", filepath.Join(dir, socketName))
	}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://songshui/"+command, nil)
	if err != nil {
		return fmt.Errorf("ops: %w", err)
	}
	resp, err := client.Do(req)
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return ErrNotRunning
	}
	if err != nil {
		return fmt.Errorf("ops: %s: %w", command, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, maxError))
		return fmt.Errorf("ops: %s: %s", command, b)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// Run gives a command to a system of this process.
func Run(ctx context.Context, s System, command string, out any) error {
	v, err := commands[command](ctx, s)
	if err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("ops: %s: %w", command, err)
	}
	return json.Unmarshal(b, out)
}
