package e2e_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/embedded/nats"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/ops"
	"songshui.internal/services/songshui/internal/samples"
	"songshui.internal/services/songshui/internal/stack"
)

type said struct {
	code        int
	out, failed string
}

// songshui runs the program with these variables and no others of its own or of the locale.
func songshui(t *testing.T, env []string, args ...string) said {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), system.binary, args...)
	cmd.Dir = t.TempDir()
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SONGSHUI_") && !strings.HasPrefix(e, "LANG=") && !strings.HasPrefix(e, "LC_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), failed.String()}
}

func (s said) wants(t *testing.T, code int, in ...string) {
	t.Helper()
	if s.code != code {
		t.Errorf("exit status %d, want %d\n%s%s", s.code, code, s.out, s.failed)
	}
	for _, w := range in {
		if !strings.Contains(s.out+s.failed, w) {
			t.Errorf("%q isn't said:\n%s%s", w, s.out, s.failed)
		}
	}
}

func as(name string) []string {
	return []string{"SONGSHUI_URL=" + system.URL + "/", "SONGSHUI_TOKEN=" + system.accounts[name].Token}
}

func report(t *testing.T, file string) map[int]bulk.Line {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	lines := map[int]bulk.Line{}
	for _, l := range bulk.Lines(data) {
		if l == nil {
			continue
		}
		var got bulk.Line
		must(t, json.Unmarshal(l, &got))
		lines[got.Line] = got
	}
	return lines
}

// unpack writes a folder of the samples to disk, as an office has it.
func unpack(t *testing.T, folder string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := fs.Sub(samples.Files, folder)
	must(t, err)
	must(t, os.CopyFS(dir, files))
	return dir
}

func TestSubmitByCommandLine(t *testing.T) {
	t.Parallel()
	media := unpack(t, "media")
	file := filepath.Join(t.TempDir(), "cases.jsonl")
	out := filepath.Join(t.TempDir(), "report.jsonl")
	all, err := sampleLines("cases.jsonl")
	must(t, err)
	own, other := all[0], all[len(all)-1]
	must(t, os.WriteFile(file, bytes.Join([][]byte{own, other, variant(t, 0, map[string]any{"ref": "测〔2026〕命令行"})}, []byte("\n")), 0o600))
	songshui(t, as("changchun-1"), "submit", file, "--media", media, "--report", out).wants(t, 1, "受理 1，已有 1，未受理 1", "第2行")
	got := report(t, out)
	if len(got) != 3 || got[1].Status != bulk.Exists || got[1].ID == "" || got[2].Status != bulk.Refused || named(got[2].Errors, "office", "forbidden") == nil || got[3].Status != bulk.Accepted {
		t.Errorf("report: %+v", got)
	}
	songshui(t, append(as("changchun-1"), "SONGSHUI_LANG=en"), "submit", file, "--media", media).wants(t, 1, "accepted 0, there already 2, refused 1")
	must(t, os.WriteFile(file, own, 0o600))
	songshui(t, as("changchun-1"), "submit", file, "--media", media).wants(t, 0, "受理 0，已有 1，未受理 0")
	songshui(t, []string{"SONGSHUI_URL=" + system.URL, "SONGSHUI_TOKEN=nobody-has-this-token-here"}, "submit", file, "--media", media).wants(t, 2, "401")
	songshui(t, as("changchun-1"), "submit", "nowhere.jsonl", "--media", media).wants(t, 2, "nowhere.jsonl")
}

// What the program finds by itself is said in the language that was asked for, in the report too.
func TestLocalRefusalsInEnglish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cases, followups, out := filepath.Join(dir, "cases.jsonl"), filepath.Join(dir, "followups.jsonl"), filepath.Join(dir, "report.jsonl")
	must(t, os.WriteFile(cases, bytes.Join([][]byte{
		variant(t, 0, map[string]any{"ref": "测〔2026〕缺", "media": []any{map[string]any{"file": "nowhere.jpg", "caption": "x", "kind": "image"}}}),
		variant(t, 0, map[string]any{"ref": "测〔2026〕径", "media": []any{map[string]any{"file": "../a.jpg", "caption": "x", "kind": "image"}}}),
		[]byte(`{"ref":`),
	}, []byte("\n")), 0o600))
	must(t, os.WriteFile(followups, []byte(`{"ref":"没有〔2026〕此号","started_on":"2026-06-12"}
{"ref":
{"ref":"长安委办曝〔2026〕1号","strange":1}`), 0o600))
	english := func(file string, want int) {
		t.Helper()
		got := report(t, file)
		if len(got) != want {
			t.Errorf("%d lines: %+v", len(got), got)
		}
		for n, l := range got {
			for _, e := range l.Errors {
				if l.Status != bulk.Refused || e.Message == "" || han(e.Message) {
					t.Errorf("line %d: %+v", n, l)
				}
			}
		}
	}
	for _, lang := range [][]string{{"LANG=en_GB.UTF-8"}, {"LANG=zh_CN.UTF-8", "LC_ALL=en_US.UTF-8"}} {
		songshui(t, append(as("changchun-1"), lang...), "submit", cases, "--media", dir, "--report", out).wants(t, 1, "the media folder has no such file", "must not hold a path", "isn't whole JSON")
		english(out, 3)
	}
	songshui(t, as("changchun-1"), "--lang", "en", "follow", followups, "--media", dir, "--report", out).wants(t, 1, "is the reference of no case", "isn't whole JSON", "is no known field")
	english(out, 3)
	songshui(t, append(as("changchun-1"), "LANG=en_GB.UTF-8"), "follow", followups, "--media", dir, "--lang", "zh").wants(t, 1, "没有这个文号的案例", "不是完整的 JSON")
	songshui(t, append(as("changchun-1"), "LANG=C.UTF-8"), "submit", cases, "--media", dir).wants(t, 1, "影像文件夹中没有这个文件", "不能带有路径")
	songshui(t, nil, "version", "--lang", "fr").wants(t, 2, "fr")
}

func TestBadCasesByCommandLine(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "report.jsonl")
	expected, _ := badLines(t, "bad-cases")
	songshui(t, as("changchun-1"), "submit", filepath.Join(system.bad, "bad-cases.jsonl"), "--media", unpack(t, "media"), "--report", out).wants(t, 1, "受理 0，已有 0，未受理 20")
	got := report(t, out)
	for _, want := range expected {
		if l := got[want.Line]; l.Status != bulk.Refused || named(l.Errors, want.Field, want.Code) == nil {
			t.Errorf("line %d (%s): %+v", want.Line, want.Name, l)
		}
	}
}

func TestSearchByCommandLine(t *testing.T) {
	t.Parallel()
	s := songshui(t, as("journalist"), "search", "塔吊", "--json", "--per-page", "3")
	s.wants(t, 0)
	var found portalapi.Found
	must(t, json.Unmarshal([]byte(s.out), &found))
	if found.Total == 0 || len(found.Hits) == 0 || !strings.Contains(s.out, "<mark>塔吊</mark>") {
		t.Errorf("%s", s.out)
	}
	songshui(t, as("journalist"), "search", "塔吊").wants(t, 0, "【塔吊】", "共 ")
	songshui(t, as("journalist"), "search", "塔吊", "--per-page", "101").wants(t, 2, "400")
}

func TestAdministrationByCommandLine(t *testing.T) {
	t.Parallel()
	if info, err := os.Stat(filepath.Join(system.dir, "admin.sock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v", info, err)
	}
	s := songshui(t, nil, "verify", "--dir", system.dir, "--json")
	var r ops.Report
	must(t, json.Unmarshal([]byte(s.out), &r))
	// Other tests write while this one compares the index, so only the log is held to be whole here.
	if len(r.Findings) != 0 || r.Unknown != 0 || r.Records < len(system.cases) || r.Messages < r.Records || r.Index < 0 {
		t.Errorf("verify: %+v", r)
	}
	songshui(t, nil, "rebuild", "--dir", system.dir).wants(t, 0, "索引已重建")
	s = songshui(t, nil, "rebuild", "--dir", system.dir, "--json")
	s.wants(t, 0)
	if !json.Valid([]byte(s.out)) {
		t.Errorf("rebuild: %s", s.out)
	}
	if found := search(t, "supervisor", "per_page=1"); found.Total < len(system.cases) {
		t.Errorf("after the rebuild: %d", found.Total)
	}
	songshui(t, nil, "deadletters", "--dir", system.dir).wants(t, 0, "没有死信。")
	songshui(t, nil, "verify", "--dir", filepath.Join(system.dir, "nowhere")).wants(t, 2, "nowhere")
}

func TestRunSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := songshui(t, nil, "run", "all")
	s.wants(t, 2, "SONGSHUI_NATS_URL", "SONGSHUI_S3_ENDPOINT", "SONGSHUI_S3_ACCESS_KEY", "SONGSHUI_S3_SECRET_KEY", "SONGSHUI_MEILI_URL", "SONGSHUI_MEDIA_URL", "SONGSHUI_ACTOR_KEY", "SONGSHUI_ACTOR_PUBKEY")
	for line := range strings.Lines(s.failed) {
		if n := strings.Count(line, "SONGSHUI_"); n > 2 {
			t.Errorf("%d variables in one line: %s", n, line)
		}
	}
	songshui(t, nil, "run", "nothing").wants(t, 2, "nothing")
	songshui(t, nil, "explode").wants(t, 2, "explode")
}

// A single server that acknowledges before it syncs is refused where its monitoring address is given.
func TestRunRefusesAServerThatSyncsLater(t *testing.T) {
	t.Parallel()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, HTTPHost: "127.0.0.1", HTTPPort: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	must(t, err)
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(30 * time.Second) {
		t.Fatal("NATS isn't ready")
	}
	public, _, err := ed25519.GenerateKey(nil)
	must(t, err)
	s := songshui(t, []string{"SONGSHUI_NATS_URL=" + srv.ClientURL(), "SONGSHUI_NATS_MONITOR_URL=http://" + srv.MonitorAddr().String(), "SONGSHUI_ACTOR_PUBKEY=" + base64.StdEncoding.EncodeToString(public)}, "run", "registry")
	s.wants(t, 2, "SONGSHUI_NATS_URL", "sync_interval: always")
	if strings.Count(s.failed, "\n") != 1 {
		t.Errorf("more than a line: %q", s.failed)
	}
	songshui(t, []string{"SONGSHUI_NATS_URL=" + srv.ClientURL(), "SONGSHUI_NATS_MONITOR_URL=nats:8222", "SONGSHUI_ACTOR_PUBKEY=" + base64.StdEncoding.EncodeToString(public)}, "run", "registry").wants(t, 2, "SONGSHUI_NATS_MONITOR_URL")
}

// A case whose last message can't be read is left out of a rebuilt index, but not silently.
func TestRebuildNamesWhatItPassesOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv, err := nats.Start(nats.Config{Dir: filepath.Join(dir, "nats")})
	must(t, err)
	defer srv.Close()
	nc, err := srv.Connect(t.Name())
	must(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	must(t, err)
	must(t, bus.Migrate(t.Context(), js, 1, stack.Durables()))
	subject := events.CaseSubject("jilin", events.CaseIDFor("jilin", "unreadable"))
	_, err = js.Publish(t.Context(), subject, []byte("no envelope"))
	must(t, err)
	nc.Close()
	srv.Close()
	songshui(t, nil, "rebuild", "--dir", dir).wants(t, 1, "0 件案例", "未能收入："+subject)
	s := songshui(t, nil, "rebuild", "--dir", dir, "--json")
	s.wants(t, 1)
	var r struct {
		PassedOver []string `json:"passed_over"`
	}
	must(t, json.Unmarshal([]byte(s.out), &r))
	if len(r.PassedOver) != 1 || r.PassedOver[0] != subject {
		t.Errorf("%s", s.out)
	}
	songshui(t, nil, "verify", "--dir", dir).wants(t, 1, subject, "unreadable")
}
