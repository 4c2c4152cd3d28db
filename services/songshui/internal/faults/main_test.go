package faults_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	media "songshui.internal/services/media/server"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/demo"
	"songshui.internal/services/songshui/internal/samples"
)

func TestMain(m *testing.M) {
	if media.Child(os.Args) {
		return
	}
	if mode := os.Getenv(publisherMode); mode != "" {
		if err := publish(mode, os.Getenv(publisherDir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var err error
	if built.from, err = os.Getwd(); err != nil { // before the S3 gateway changes it
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	closeStore()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

var built struct {
	once      sync.Once
	from, dir string
	err       error
}

// program builds songshui once and gives its path.
func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "songshui-faults-"); built.err != nil {
			return
		}
		build := exec.Command("go", "build", "-o", filepath.Join(built.dir, "songshui"), "songshui.internal/services/songshui")
		build.Dir = built.from
		if out, err := build.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "songshui")
}

// chance gives the test's source of chance and prints its seed.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("SONGSHUI_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("SONGSHUI_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, seed))
}

// tokens gives the token of each account, by name.
func tokens(a demo.Accounts) map[string]string {
	out := map[string]string{}
	for _, x := range a {
		out[x.Name] = x.Token
	}
	return out
}

// lines gives the sample cases by office, and their number.
func lines(t *testing.T) (byOffice map[string][][]byte, total int) {
	t.Helper()
	data, err := fs.ReadFile(samples.Files, "cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	byOffice = map[string][][]byte{}
	for _, line := range bulk.Lines(data) {
		if line == nil {
			continue
		}
		var c struct {
			Office string `json:"office"`
		}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		byOffice[c.Office] = append(byOffice[c.Office], line)
		total++
	}
	return byOffice, total
}

func folder(t *testing.T) fs.FS {
	t.Helper()
	f, err := fs.Sub(samples.Files, "media")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// eventually asks every interval until it holds; it fails with the last reason after within.
func eventually(t *testing.T, within time.Duration, what string, holds func() error) {
	t.Helper()
	end := time.NewTimer(within)
	defer end.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := holds()
		if err == nil {
			return
		}
		select {
		case <-end.C:
			t.Fatalf("%s: not within %s: %v", what, within, err)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-tick.C:
		}
	}
}

// done says whether a medium has come to the end of its way, as far as it goes without a person.
func done(m portalapi.Medium) error {
	switch {
	case m.State == "rendered", m.State == "cleared", m.State == "examined" && m.Kind != "image":
		return nil
	}
	return fmt.Errorf("medium %s (%s, %s) is %s", m.ID, m.File, m.Kind, m.State)
}

// missingTool ends a test whose program is missing: left out, or failed where all must run.
func missingTool(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err == nil {
		return
	}
	if os.Getenv("SONGSHUI_TEST_TOOLS") == "required" {
		t.Fatalf("%s is missing", tool)
	}
	t.Skipf("left out: %s is missing", tool)
}

var errWaiting = errors.New("not yet")

func trimmed(b []byte) string { return strings.TrimSpace(string(b)) }
