package stories_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"songshui.internal/events"
	media "songshui.internal/services/media/server"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/ops"
	"songshui.internal/services/songshui/internal/samples"
	"songshui.internal/services/songshui/internal/stack"
)

// clock is the system's; it goes forward only. The story begins on the last night of June.
var clock atomic.Int64

func now() time.Time { return time.Unix(0, clock.Load()) }

// at moves the clock to a moment in Shanghai, 2006-01-02 15:04.
func at(t *testing.T, moment string) {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", moment, events.Shanghai)
	must(t, err)
	if when.Before(now()) {
		t.Fatalf("%s is before %s", moment, now().In(events.Shanghai))
	}
	clock.Store(when.UnixNano())
}

// system is the one that all stories are told on, one after another.
var system struct {
	*stack.Up
	config stack.Config
}

func token(name string) string { return "token-of-" + name + "-for-the-stories" }

func TestMain(m *testing.M) {
	if media.Child(os.Args) {
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "stories:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "stories")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	begin, err := time.Parse(time.RFC3339, "2026-06-30T12:00:00+08:00")
	if err != nil {
		return 1, err
	}
	clock.Store(begin.UnixNano())
	file, err := bootstrap(dir)
	if err != nil {
		return 1, err
	}
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	system.config = stack.Config{Dir: filepath.Join(dir, "up"), Listen: "127.0.0.1:0", Bootstrap: file, Now: now, Logger: quiet}
	if system.Up, err = stack.StartUp(ctx, system.config); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, system.Close()) }()
	if code = m.Run(); code != 0 {
		return code, nil
	}
	r, err := ops.Verify(ctx, system.Bus, system.Archive)
	if err == nil && (!r.OK() || r.Unknown != 0) {
		err = fmt.Errorf("verify: %+v", r)
	}
	return code, err
}

func bootstrap(dir string) (string, error) {
	var all []map[string]any
	for _, o := range []string{"siping", "liaoyuan", "jilin", "changchun"} {
		for _, n := range []string{"1", "2"} {
			all = append(all, map[string]any{"name": o + "-" + n, "role": "office", "office": o, "token": token(o + "-" + n)})
		}
	}
	all = append(all, map[string]any{"name": "supervisor", "role": "supervisor", "token": token("supervisor")},
		map[string]any{"name": "journalist", "role": "journalist", "outlet": "sp-tv", "token": token("journalist")})
	b, err := yaml.Marshal(map[string]any{"accounts": all})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "accounts.yaml")
	return file, os.WriteFile(file, b, 0o600)
}

func client(name string) *portalapi.Client {
	return &portalapi.Client{Base: system.URL, Token: token(name), Patience: 5 * time.Second}
}

func problem(t *testing.T, err error) *portalapi.Problem {
	t.Helper()
	var p *portalapi.Problem
	if !errors.As(err, &p) {
		t.Fatalf("%v is no problem", err)
	}
	return p
}

// body is a sample case of an office with other fields, without media.
func body(t *testing.T, office, ref string, fields map[string]any) []byte {
	t.Helper()
	data, err := fs.ReadFile(samples.Files, "cases.jsonl")
	must(t, err)
	for line := range bytes.Lines(data) {
		var c map[string]any
		must(t, json.Unmarshal(line, &c))
		if c["office"] != office {
			continue
		}
		c["ref"], c["media"] = ref, []any{}
		for k, v := range fields {
			c[k] = v
		}
		b, err := json.Marshal(c)
		must(t, err)
		return b
	}
	t.Fatalf("no sample of %s", office)
	return nil
}

// publication is one in an outlet of municipal level of the office.
func publication(office, on string) map[string]any {
	outlet := map[string]string{"siping": "sp-tv", "liaoyuan": "ly-evening", "jilin": "jls-daily", "changchun": "cc-tv"}[office]
	return map[string]any{"outlet": outlet, "outlet_level": "municipal", "kind": "tv", "headline": "曝光：重大隐患长期不改", "url": "https://example.cn/" + office + on, "published_on": on}
}

// exposed submits a case that was published on a day, and gives its id.
func exposed(t *testing.T, office, ref, on string, fields map[string]any) string {
	t.Helper()
	all := map[string]any{"found_on": on, "exposures": []any{publication(office, on)}, "rectification": map[string]any{"responsible_unit": "某厂", "measures": "限期整改"}}
	for k, v := range fields {
		all[k] = v
	}
	got, err := client(office+"-1").Submit(t.Context(), body(t, office, ref, all))
	must(t, err)
	return got.ID
}

// give gives a command to a case, which must be taken.
func give(t *testing.T, who, id, name string, fields map[string]any) portalapi.Commanded {
	t.Helper()
	got, err := client(who).Command(t.Context(), id, name, "", fields)
	if err != nil {
		t.Fatalf("%s by %s: %v", name, who, err)
	}
	return got
}

// track is a case's rectification as its page shows it.
type track struct {
	State          string `json:"state"`
	Due            string `json:"due"`
	OverdueDays    int    `json:"overdue_days"`
	Overdue        bool   `json:"overdue"`
	Listed         bool   `json:"listed"`
	LateExtensions []struct {
		Late bool `json:"late"`
		Left int  `json:"working_days_left"`
	} `json:"late_extensions"`
	Reminders []events.Reminder `json:"reminders"`
}

func rectification(t *testing.T, id string) (track, portalapi.CaseView) {
	t.Helper()
	v, err := client("supervisor").Case(t.Context(), id, 0)
	must(t, err)
	var r track
	must(t, json.Unmarshal(v.Rectification, &r))
	return r, v
}

// assign starts a rectification.
func assign(t *testing.T, office, id, due string) {
	t.Helper()
	give(t, office+"-1", id, "start", map[string]any{"responsible_person": "厂长", "funds_yuan": 1000, "interim_safeguards": "停产", "emergency_plan": "预案", "due": due})
}

// picture uploads an after-picture of an office and gives its id.
func picture(t *testing.T, office, name string) string {
	t.Helper()
	entries, err := fs.ReadDir(samples.Files, "followup-media")
	must(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".jpg") {
			continue
		}
		data, err := fs.ReadFile(samples.Files, "followup-media/"+e.Name())
		must(t, err)
		id, err := client(office+"-1").Upload(t.Context(), portalapi.File{Name: name, Size: int64(len(data)), Data: bytes.NewReader(data)})
		must(t, err)
		return id
	}
	t.Fatal("no picture")
	return ""
}

// restart ends the system and starts it again on what it left: whatever came due meanwhile is stated then.
func restart(t *testing.T) {
	t.Helper()
	must(t, system.Close())
	up, err := stack.StartUp(context.Background(), system.config)
	must(t, err)
	system.Up = up
}
