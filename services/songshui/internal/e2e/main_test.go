package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	media "songshui.internal/services/media/server"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/cli"
	"songshui.internal/services/songshui/internal/ops"
	"songshui.internal/services/songshui/internal/samples"
	"songshui.internal/services/songshui/internal/stack"
)

type account struct {
	Name     string `yaml:"name"`
	Role     string `yaml:"role"`
	Office   string `yaml:"office,omitempty"`
	Outlet   string `yaml:"outlet,omitempty"`
	Password string `yaml:"password"`
	Token    string `yaml:"token"`
}

// system is the one system that all tests use.
var system struct {
	*cli.Running
	dir, binary, bad, testdata string
	accounts                   map[string]account
	cases                      map[string]string // ref → id
}

var offices = []string{"changchun", "jilin", "siping", "liaoyuan", "tonghua", "baishan", "songyuan", "baicheng", "yanbian", "changbaishan", "meihekou"}

func TestMain(m *testing.M) {
	if media.Child(os.Args) {
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	temp, err := os.MkdirTemp("", "e2e")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(temp)
	// The S3 gateway changes the working directory: everything by path comes first.
	if system.bad, err = filepath.Abs("../samples/bad"); err != nil {
		return 1, err
	}
	if system.testdata, err = filepath.Abs("testdata"); err != nil {
		return 1, err
	}
	system.dir, system.binary = filepath.Join(temp, "data"), filepath.Join(temp, "songshui")
	if out, err := exec.Command("go", "build", "-o", system.binary, "../..").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build: %w: %s", err, out)
	}
	file, err := bootstrap(temp)
	if err != nil {
		return 1, err
	}
	if system.Running, err = cli.StartSystem(ctx, stack.Config{Dir: system.dir, Listen: "127.0.0.1:0", Bootstrap: file}, ""); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, system.Close()) }()
	if err := load(ctx); err != nil {
		return 1, err
	}
	if code = m.Run(); code != 0 {
		return code, nil
	}
	return code, replay(ctx)
}

// replay folds the whole log of what the tests did, and compares index and log.
func replay(ctx context.Context) error {
	r, err := ops.Verify(ctx, system.Bus, system.Archive)
	if err != nil {
		return err
	}
	if !r.OK() || r.Unknown != 0 || r.Records < len(system.cases) {
		return fmt.Errorf("verify: %+v", r)
	}
	return nil
}

func bootstrap(dir string) (string, error) {
	system.accounts = map[string]account{}
	var all []account
	add := func(name, role, office, outlet string) {
		a := account{Name: name, Role: role, Office: office, Outlet: outlet, Password: "password of " + name, Token: "token-of-" + name + "-for-the-tests"}
		system.accounts[name] = a
		all = append(all, a)
	}
	for _, o := range offices {
		add(o+"-1", "office", o, "")
		add(o+"-2", "office", o, "")
	}
	add("journalist", "journalist", "", "cc-tv")
	add("weekly", "journalist", "", "qg-weekly")
	add("supervisor", "supervisor", "", "")
	add("admin", "admin", "", "")
	b, err := yaml.Marshal(map[string]any{"accounts": all})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "accounts.yaml")
	return file, os.WriteFile(file, b, 0o600)
}

// load submits every sample case as its office's first account and follows up on the right ones.
func load(ctx context.Context) error {
	system.cases = map[string]string{}
	folder, err := fs.Sub(samples.Files, "media")
	if err != nil {
		return err
	}
	lines, err := sampleLines("cases.jsonl")
	if err != nil {
		return err
	}
	for i, line := range lines {
		var c struct{ Office string }
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		s := &bulk.Submitter{Client: client(c.Office + "-1"), Media: folder}
		got, err := s.Submit(ctx, i+1, line)
		if err != nil {
			return err
		}
		if got.Status != bulk.Accepted {
			return fmt.Errorf("line %d: %+v", i+1, got)
		}
		system.cases[got.Ref] = got.ID
	}
	return followAll(ctx, bulk.Accepted)
}

// followAll takes the right follow-ups through and wants one status of all lines.
func followAll(ctx context.Context, want string) error {
	lines, err := sampleLines("followups.jsonl")
	if err != nil {
		return err
	}
	f, err := follower(ctx)
	if err != nil {
		return err
	}
	var wrong []error
	for i, line := range lines {
		got, err := f.Follow(ctx, i+1, line)
		if err != nil {
			return err
		}
		if got.Status != want {
			wrong = append(wrong, fmt.Errorf("follow-up %d, %s: %s %v", i+1, got.Ref, got.Status, got.Errors))
		}
	}
	return errors.Join(wrong...)
}

func follower(ctx context.Context) (*bulk.Follower, error) {
	folder, err := fs.Sub(samples.Files, "followup-media")
	if err != nil {
		return nil, err
	}
	var clients []*portalapi.Client
	for _, o := range offices {
		clients = append(clients, client(o+"-1"), client(o+"-2"))
	}
	f := &bulk.Follower{Media: folder}
	return f, f.Start(ctx, append(clients, client("supervisor"))...)
}

// sampleLines gives a file's lines without the blank one at the end.
func sampleLines(name string) ([][]byte, error) {
	data, err := fs.ReadFile(samples.Files, name)
	if err != nil {
		return nil, err
	}
	return bulk.Lines([]byte(strings.TrimSpace(string(data)))), nil
}

func client(name string) *portalapi.Client {
	return &portalapi.Client{Base: system.URL, Token: system.accounts[name].Token, Patience: -1}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
