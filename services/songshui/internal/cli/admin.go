package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"songshui.internal/events"
	archive "songshui.internal/services/archive/server"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/songshui/internal/ops"
	"songshui.internal/services/songshui/internal/stack"
)

// Place is where an administrator's command works: a directory of `up`, or outside backings by the variables of `run`.
type Place struct {
	Dir  string `help:"up 的数据目录 directory of up; without it the variables of run" type:"path"`
	JSON bool   `name:"json" help:"输出 JSON"`
}

// ask gives a command: through the socket where something runs, else to services started for it.
func (p Place) ask(ctx context.Context, command string, out any) error {
	if p.Dir == "" {
		return p.outside(ctx, command, out)
	}
	dir, err := filepath.Abs(p.Dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	err = ops.Ask(ctx, dir, command, out)
	if !errors.Is(err, ops.ErrNotRunning) {
		return err
	}
	u, err := stack.StartUp(ctx, stack.Config{Dir: dir, Targets: []string{events.ServiceArchive}})
	if err != nil {
		return err
	}
	defer u.Close()
	return ops.Run(ctx, ops.System{Bus: u.Bus, Archive: u.Archive}, command, out)
}

func (p Place) outside(ctx context.Context, command string, out any) error {
	b, settings, err := outside([]string{events.ServiceArchive})
	if err != nil {
		return err
	}
	runCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := stack.Start(runCtx, b, settings, []string{events.ServiceArchive})
	if err != nil {
		return err
	}
	defer s.Close()
	return ops.Run(ctx, ops.System{Bus: s.Bus, Archive: s.Archive}, command, out)
}

// Verify checks the log and the index.
type Verify struct{ Place }

// Run prints what was found; ErrRefused if anything was.
func (c *Verify) Run(ctx context.Context) error {
	var r ops.Report
	if err := c.ask(ctx, "verify", &r); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(r, r.OK())
	}
	fmt.Printf(say("记录 %d，消息 %d，未知事实 %d，索引差异 %d\n", "records %d, messages %d, unknown facts %d, index differences %d\n"), r.Records, r.Messages, r.Unknown, r.Index)
	for _, f := range r.Findings {
		fmt.Printf("%s %s #%d %s %s\n", f.Stream, f.Subject, f.Sequence, f.Kind, f.Detail)
	}
	if !r.OK() {
		return ErrRefused
	}
	fmt.Println(say("日志与索引完好。", "Log and index are whole."))
	return nil
}

// Rebuild builds the index anew.
type Rebuild struct{ Place }

// Run prints how many documents the new index has.
func (c *Rebuild) Run(ctx context.Context) error {
	var r archive.Rebuilt
	if err := c.ask(ctx, "rebuild", &r); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(r, len(r.PassedOver) == 0)
	}
	fmt.Printf(say("索引已重建：%d 件案例\n", "index rebuilt: %d cases\n"), r.Cases)
	for _, subject := range r.PassedOver {
		fmt.Printf(say("未能收入：%s\n", "passed over: %s\n"), subject)
	}
	if len(r.PassedOver) > 0 {
		return ErrRefused
	}
	return nil
}

// DeadLetters lists what no consumer could digest, shows one, or gives all once more to their consumers.
type DeadLetters struct {
	Place
	Show   uint64 `help:"显示一条 show the letter with this sequence, with its message"`
	Replay bool   `help:"重新投递 give every letter once more to its consumer; beside a running system"`
}

// Run prints them.
func (c *DeadLetters) Run(ctx context.Context) error {
	if c.Replay {
		return c.replay(ctx)
	}
	var letters []bus.DeadLetter
	if err := c.ask(ctx, "deadletters", &letters); err != nil {
		return err
	}
	for _, l := range letters {
		if c.Show != 0 && c.Show != l.Sequence {
			continue
		}
		if c.JSON || c.Show != 0 {
			if err := printJSON(l, true); err != nil {
				return err
			}
			continue
		}
		fmt.Printf("%d  %s  %s #%d  %s  %s  %s\n", l.Sequence, l.At.Format("2006-01-02T15:04:05Z"), l.Stream, l.StreamSequence, l.Consumer, l.Subject, l.Reason)
	}
	if len(letters) == 0 && !c.JSON {
		fmt.Println(say("没有死信。", "No dead letters."))
	}
	return nil
}

func (c *DeadLetters) replay(ctx context.Context) error {
	var r ops.Replayed
	if err := c.ask(ctx, "replay", &r); err != nil {
		return err
	}
	fmt.Printf(say("重新投递成功 %d 条，失败 %d 条\n", "replayed %d, refused %d\n"), r.Digested, len(r.Refused))
	for _, line := range r.Refused {
		fmt.Println(line)
	}
	if len(r.Refused) > 0 {
		return ErrRefused
	}
	return nil
}

func printJSON(v any, ok bool) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	if !ok {
		return ErrRefused
	}
	return nil
}
