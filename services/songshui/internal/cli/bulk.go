package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
)

// Remote is a portal somewhere and who talks to it.
type Remote struct {
	URL   string   `name:"url" required:"" help:"门户地址 address of the portal, e.g. http://127.0.0.1:8080" env:"SONGSHUI_URL"`
	Token []string `name:"token" required:"" help:"令牌 API token; may be repeated where a command takes several" env:"SONGSHUI_TOKEN"`
}

func (r Remote) client(i int) *portalapi.Client {
	return &portalapi.Client{Base: trimSlash(r.URL), Token: r.Token[i], Language: language(), Places: places()}
}

// places is where the addresses of unfinished uploads are kept: an upload that broke with its process goes on with the next one.
func places() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "songshui", "uploads")
}

func trimSlash(s string) string {
	for len(s) > 0 && s[len(s)-1] == '/' {
		s = s[:len(s)-1]
	}
	return s
}

// Submit is an office's bulk upload.
type Submit struct {
	Remote
	Cases  string `arg:"" help:"案例文件 a file of cases, one JSON object a line" type:"existingfile"`
	Media  string `required:"" help:"影像文件夹 the folder of the media" type:"existingdir"`
	Report string `help:"逐行报告 write a JSON line for each input line to this file" type:"path"`
}

// workers is how many lines are on their way at once: enough to fill a line while the server decodes pictures.
const workers = 4

// Run sends the file.
func (s *Submit) Run(ctx context.Context) error {
	media, err := os.OpenRoot(s.Media)
	if err != nil {
		return err
	}
	defer media.Close()
	p := newProgress(say("上传", "uploading"), folderSize(s.Media))
	sub := &bulk.Submitter{Client: s.client(0), Media: media.FS(), Uploaded: func(_ string, delta, _ int64) { p.add(delta) }}
	return lines(ctx, s.Cases, s.Report, workers, p, sub.Submit)
}

// Follow takes follow-ups through the rectification track.
type Follow struct {
	Remote
	Followups string `arg:"" help:"整改文件 a file of follow-ups, one JSON object a line" type:"existingfile"`
	Media     string `required:"" help:"影像文件夹 the folder of the after-media" type:"existingdir"`
	Report    string `help:"逐行报告 write a JSON line for each input line to this file" type:"path"`
}

// Run takes the file through, line after line: two lines may be of one case.
func (f *Follow) Run(ctx context.Context) error {
	media, err := os.OpenRoot(f.Media)
	if err != nil {
		return err
	}
	defer media.Close()
	p := newProgress(say("办理", "following"), -1)
	follower := &bulk.Follower{Media: media.FS(), Stepped: func(string, string, string) { p.add(1) }}
	var clients []*portalapi.Client
	for i := range f.Token {
		clients = append(clients, f.client(i))
	}
	if err := follower.Start(ctx, clients...); err != nil {
		return err
	}
	return lines(ctx, f.Followups, f.Report, 1, p, follower.Follow)
}

// lines does the work of a file's lines and prints what became of each, in their order.
func lines(ctx context.Context, file, report string, parallel int, p *progress, do func(context.Context, int, []byte) (bulk.Line, error)) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	all := bulk.Lines(data)
	done := make([]bulk.Line, len(all))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, line := range all {
		if line == nil {
			continue
		}
		g.Go(func() error {
			got, err := do(gctx, i+1, line)
			if err != nil {
				return fmt.Errorf(say("第%d行：%w", "line %d: %w"), i+1, err)
			}
			done[i] = got
			return nil
		})
	}
	err = g.Wait()
	p.end()
	if werr := writeReport(report, done); err == nil {
		err = werr
	}
	if err != nil {
		return err
	}
	return tell(os.Stdout, done)
}

// tell prints refused lines and the sum; ErrRefused if there were any.
func tell(w io.Writer, done []bulk.Line) error {
	count := map[string]int{}
	for _, l := range done {
		if l.Status == "" {
			continue
		}
		count[l.Status]++
		for _, e := range l.Errors {
			fmt.Fprintf(w, say("第%d行 %s 未受理：%s（%s %s）\n", "line %d %s refused: %s (%s %s)\n"), l.Line, l.Ref, e.Message, e.Field, e.Code)
		}
		for _, e := range l.Warnings {
			fmt.Fprintf(w, say("第%d行 %s 提示：%s\n", "line %d %s warning: %s\n"), l.Line, l.Ref, e.Message)
		}
	}
	fmt.Fprintf(w, say("受理 %d，已有 %d，未受理 %d\n", "accepted %d, there already %d, refused %d\n"), count[bulk.Accepted], count[bulk.Exists], count[bulk.Refused])
	if count[bulk.Refused] > 0 {
		return ErrRefused
	}
	return nil
}

func writeReport(file string, done []bulk.Line) error {
	if file == "" {
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	for _, l := range done {
		if l.Status == "" {
			continue
		}
		if l.Errors == nil {
			l.Errors = []portalapi.FieldError{}
		}
		if err := enc.Encode(l); err != nil {
			_ = f.Close()
			return err
		}
	}
	return f.Close()
}

func folderSize(dir string) int64 {
	var sum int64
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
	}
	return sum
}

// progress is a bar with rate and time left on a terminal, and nothing where output is piped.
type progress struct {
	mu  sync.Mutex
	bar *progressbar.ProgressBar
}

func newProgress(what string, total int64) *progress {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return &progress{}
	}
	if total < 0 {
		return &progress{bar: progressbar.Default(-1, what)}
	}
	return &progress{bar: progressbar.DefaultBytes(total, what)}
}

func (p *progress) add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Add64(n)
	}
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Exit()
	}
}
