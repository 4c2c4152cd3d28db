// Command songshui is the one program of Songshui 松水: the services, the demo, and the command line of offices and administrators.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	media "songshui.internal/services/media/server"
	"songshui.internal/services/songshui/internal/cli"
)

type commands struct {
	Lang cli.Lang `placeholder:"zh|en" enum:"zh,en," default:"" help:"语言 language: zh or en; else by SONGSHUI_LANG, LC_ALL, LANG"`

	Demo        cli.Demo        `cmd:"" help:"用样例讲一遍全过程 tell the story with the sample cases"`
	Up          cli.Up          `cmd:"" help:"单机运行全部服务 run everything on a directory that stays"`
	Run         cli.Run         `cmd:"" help:"连接外部 NATS、S3、Meilisearch 运行服务 run services against outside backings"`
	Migrate     cli.Migrate     `cmd:"" help:"建立数据流与存储桶 make streams, buckets and consumers on outside backings"`
	Submit      cli.Submit      `cmd:"" help:"批量上报案例 submit cases with their media"`
	Follow      cli.Follow      `cmd:"" help:"批量补录整改 take follow-ups through the rectification track"`
	Search      cli.Search      `cmd:"" help:"检索 search"`
	Verify      cli.Verify      `cmd:"" help:"核验日志与索引 check chains, states and index"`
	Rebuild     cli.Rebuild     `cmd:"" help:"重建索引 rebuild the index from the log"`
	DeadLetters cli.DeadLetters `cmd:"" name:"deadletters" help:"查看死信 list what no consumer could digest"`
	Bench       cli.Bench       `cmd:"" help:"性能测试 measure against NATS, S3 and the search engine used raw"`
	Version     version         `cmd:"" help:"版本 the version"`
}

type version struct{}

// Run prints module version and revision.
func (version) Run() error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("no build information")
	}
	fmt.Println("songshui", info.Main.Version, info.GoVersion)
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.time" {
			fmt.Println(s.Key, s.Value)
		}
	}
	return nil
}

// Exit statuses.
const (
	exitRefused  = 1
	exitUnusable = 2
)

func main() {
	if media.Child(os.Args) {
		return
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parser := kong.Must(&c, kong.Name("songshui"), kong.Description("松水：专题行曝光与整改 exposures and their rectification"), kong.BindTo(ctx, (*context.Context)(nil)), kong.UsageOnError())
	k, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "songshui:", err)
		os.Exit(exitUnusable)
	}
	err = k.Run()
	stop()
	switch {
	case err == nil:
	case errors.Is(err, cli.ErrRefused):
		os.Exit(exitRefused)
	default:
		fmt.Fprintln(os.Stderr, "songshui:", err)
		os.Exit(exitUnusable)
	}
}
