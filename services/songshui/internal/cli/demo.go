package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"songshui.internal/events"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/songshui/internal/demo"
	"songshui.internal/services/songshui/internal/stack"
)

// Demo tells the story with the sample cases.
type Demo struct {
	Listen string `default:"127.0.0.1:8080" help:"监听地址 public address; the next free port if taken"`
	Dir    string `help:"保留数据的目录 keep the data in this directory" type:"path"`
	Exit   bool   `help:"小结后退出 stop after the summary; status 1 if a step did not hold"`
	Report string `help:"JSON 报告 write the report to this file" type:"path"`
}

// Run tells it, and leaves the portal up until ctx ends.
func (c *Demo) Run(ctx context.Context) error {
	dir, report, err := c.paths()
	if err != nil {
		return err
	}
	if c.Dir == "" {
		defer os.RemoveAll(dir)
	}
	accounts := demo.NewAccounts()
	file, err := accounts.Write(dir)
	if err != nil {
		return err
	}
	u, err := StartSystem(ctx, stack.Config{Dir: dir, Listen: c.Listen, NextPort: true, Bootstrap: file}, "")
	if err != nil {
		return err
	}
	defer u.Close()
	if err := os.Remove(file); err != nil {
		return err
	}
	d := &demo.Demo{URL: u.URL, Accounts: accounts, Log: counted{u.Bus}, Out: os.Stdout, Say: say, Hit: PrintHit, Progress: steps()}
	r, err := d.Tell(ctx)
	if err != nil && !errors.Is(err, demo.ErrNotHeld) {
		return err
	}
	held := err
	if err := writeJSON(report, r); err != nil {
		return err
	}
	c.print(u.URL, accounts)
	if held != nil {
		fmt.Fprintln(os.Stderr, held)
		held = ErrRefused
	}
	if c.Exit {
		return held
	}
	fmt.Println(say("按 Ctrl-C 结束。", "Ctrl-C ends it."))
	return u.Until(ctx)
}

// paths makes paths absolute before the S3 gateway changes the working directory.
func (c *Demo) paths() (dir, report string, err error) {
	if c.Report != "" {
		if report, err = filepath.Abs(c.Report); err != nil {
			return "", "", err
		}
	}
	if c.Dir != "" {
		dir, err = filepath.Abs(c.Dir)
		return dir, report, errors.Join(err, os.MkdirAll(dir, 0o700))
	}
	dir, err = os.MkdirTemp("", "songshui-demo-")
	return dir, report, err
}

func (c *Demo) print(url string, accounts demo.Accounts) {
	fmt.Printf(say("门户：%[1]s\n上报单位工作台：%[1]s/desk　记者检索：%[1]s/　省级看板：%[1]s/board\n演示账号：\n", "portal: %[1]s\nan office's desk: %[1]s/desk, a journalist's search: %[1]s/, the province's board: %[1]s/board\ndemo accounts:\n"), url)
	for _, a := range accounts {
		switch a.Name {
		case "changchun-1", "changchun-2", "yanbian-1", "journalist", "supervisor", "admin":
			fmt.Printf("  %-12s %-16s %s\n", a.Role, a.Name, a.Password)
		}
	}
}

// steps shows progress on a terminal in one line; piped, every tenth step in a line of its own.
func steps() func(string, int, int) {
	terminal := term.IsTerminal(int(os.Stdout.Fd()))
	return func(what string, done, of int) {
		switch {
		case terminal && done == of:
			fmt.Printf("\r%s %d/%d\n", what, done, of)
		case terminal:
			fmt.Printf("\r%s %d/%d", what, done, of)
		case done == of || done%10 == 0:
			fmt.Printf("%s %d/%d\n", what, done, of)
		}
	}
}

type counted struct{ bus *bus.Bus }

// Events implements demo.Counted.
func (c counted) Events(ctx context.Context) (int, error) {
	sum := 0
	for _, s := range events.Streams() {
		if !s.Record {
			continue
		}
		stream, err := c.bus.JetStream().Stream(ctx, s.Name)
		if err != nil {
			return 0, err
		}
		sum += int(stream.CachedInfo().State.Msgs)
	}
	return sum, nil
}

// DeadLetters implements demo.Counted.
func (c counted) DeadLetters(ctx context.Context) (int, error) {
	letters, err := c.bus.DeadLetters(ctx)
	return len(letters), err
}

func writeJSON(file string, v any) error {
	if file == "" {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o600)
}
