// Package demo tells Songshui's story with the sample cases: eleven offices submit over the public HTTP interface, every case is followed until it is found, the
// rectifications go through their track on the days that they had, the monthly returns are filed and received, the offices look at the public copies of their media and clear them, and three searches are made. It has no inside door; only the counting of
// events and dead letters reads the log.
package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/sync/errgroup"

	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/samples"
)

// ErrNotHeld says that a step of the story did not hold.
var ErrNotHeld = errors.New("demo: a step did not hold")

// Offices in the order of domain.md.
var offices = []string{"changchun", "jilin", "siping", "liaoyuan", "tonghua", "baishan", "songyuan", "baicheng", "yanbian", "changbaishan", "meihekou"}

// first are those whose media are told of by name: what they upload needn't wait for the copies of all others.
var first = []string{"songyuan", "baishan"}

// account is one line of the bootstrap file.
type account struct {
	Name     string `yaml:"name"`
	Role     string `yaml:"role"`
	Office   string `yaml:"office,omitempty"`
	Outlet   string `yaml:"outlet,omitempty"`
	Password string `yaml:"password"`
	Token    string `yaml:"token"`
}

// Accounts are the demo's people: two in each office, a journalist, a supervisor, an administrator.
type Accounts []account

// NewAccounts makes them, with passwords and tokens of this run.
func NewAccounts() Accounts {
	var all Accounts
	add := func(name, role, office, outlet string) {
		all = append(all, account{Name: name, Role: role, Office: office, Outlet: outlet, Password: "demo-" + strings.ToLower(rand.Text()[:10]), Token: rand.Text() + rand.Text()})
	}
	for _, o := range offices {
		add(o+"-1", "office", o, "")
		add(o+"-2", "office", o, "")
	}
	add("journalist", "journalist", "", "cc-tv")
	add("supervisor", "supervisor", "", "")
	add("admin", "admin", "", "")
	return all
}

// Write writes the bootstrap file into a directory.
func (a Accounts) Write(dir string) (string, error) {
	b, err := yaml.Marshal(map[string]any{"accounts": a})
	if err != nil {
		return "", fmt.Errorf("demo: %w", err)
	}
	file := filepath.Join(dir, "accounts.yaml")
	return file, os.WriteFile(file, b, 0o600)
}

func (a Accounts) named(name string) account {
	for _, x := range a {
		if x.Name == name {
			return x
		}
	}
	return account{}
}

// Token gives the API token of an account by its name, for who asks in its place.
func (a Accounts) Token(name string) string { return a.named(name).Token }

// Counted is what only the log can tell.
type Counted interface {
	// Events counts the messages of all record streams; DeadLetters what no consumer could digest.
	Events(ctx context.Context) (int, error)
	DeadLetters(ctx context.Context) (int, error)
}

// Demo is one telling.
type Demo struct {
	URL      string
	Accounts Accounts
	Log      Counted
	Out      io.Writer
	// Say picks a line's language.
	Say func(zh, en string) string
	// Hit prints a hit with its marks.
	Hit func(portalapi.Hit)
	// Progress, if set, is told of every step done, of how many.
	Progress func(what string, done, of int)

	mu     sync.Mutex
	faults []string
	lags   []time.Duration
	cases  map[string]string // ref → id
	media  map[string]string // id → file
	after  map[string]bool   // ids of after-media
	public map[string]bool   // ids of exposed cases
	began  time.Time
	plate  hidden
}

func (d *Demo) client(name string) *portalapi.Client {
	return &portalapi.Client{Base: d.URL, Token: d.Accounts.named(name).Token, Language: d.Say("zh", "en")}
}

// wrong notes a step that did not hold; the story goes on, so that all of them are told.
func (d *Demo) wrong(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, fmt.Sprintf(format, args...))
}

func (d *Demo) step(what string, done, of int) {
	if d.Progress != nil {
		d.Progress(what, done, of)
	}
}

// Tell tells the story and gives the report; ErrNotHeld if any step did not hold.
func (d *Demo) Tell(ctx context.Context) (Report, error) {
	d.began, d.cases, d.media, d.after, d.public = time.Now(), map[string]string{}, map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, act := range []func(context.Context) error{d.submit, d.sealed, d.follow, d.returns, d.look, d.searches} {
		if err := act(ctx); err != nil {
			return Report{}, err
		}
	}
	r, err := d.report(ctx)
	if err != nil {
		return r, err
	}
	if len(d.faults) > 0 {
		return r, fmt.Errorf("%w:\n%s", ErrNotHeld, strings.Join(d.faults, "\n"))
	}
	return r, nil
}

// atOnce is how many offices work at the same time.
const atOnce = 4

// submit has every office upload and submit its cases.
func (d *Demo) submit(ctx context.Context) error {
	data, err := fs.ReadFile(samples.Files, "cases.jsonl")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	folder, err := fs.Sub(samples.Files, "media")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	byOffice, total := map[string][][]byte{}, 0
	for _, line := range bulk.Lines(data) {
		var c struct {
			Office string `json:"office"`
		}
		if line == nil {
			continue
		}
		if err := json.Unmarshal(line, &c); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		byOffice[c.Office] = append(byOffice[c.Office], line)
		total++
	}
	fmt.Fprintf(d.Out, d.Say("十一个单位上报 %d 件案例……\n", "eleven offices submit %d cases…\n"), total)
	done := 0
	rest := slices.DeleteFunc(slices.Clone(offices), func(o string) bool { return slices.Contains(first, o) })
	for _, some := range [][]string{first, rest} {
		var g errgroup.Group
		g.SetLimit(atOnce)
		for _, office := range some {
			g.Go(func() error {
				s := &bulk.Submitter{Client: d.client(office + "-1"), Media: folder}
				for i, line := range byOffice[office] {
					if err := d.submitOne(ctx, s, i, line); err != nil {
						return err
					}
					d.mu.Lock()
					done++
					d.step(d.Say("上报", "submitted"), done, total)
					d.mu.Unlock()
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demo) submitOne(ctx context.Context, s *bulk.Submitter, i int, line []byte) error {
	l, err := s.Submit(ctx, i+1, line)
	if err != nil {
		return err
	}
	if l.Status == bulk.Refused {
		d.wrong("%s refused: %v", l.Ref, l.Errors)
		return nil
	}
	accepted := time.Now()
	d.mu.Lock()
	d.cases[l.Ref] = l.ID
	for _, id := range l.Media {
		d.media[id] = ""
	}
	d.mu.Unlock()
	if err := d.found(ctx, s.Client, l, accepted); err != nil || !bytes.Contains(line, []byte(platePicture)) {
		return err
	}
	return d.hide(ctx, s.Client, l.Media)
}

// searchableWithin bounds the wait for a case to be found.
const searchableWithin = 15 * time.Second

// found polls the search until the case is there.
func (d *Demo) found(ctx context.Context, c *portalapi.Client, l bulk.Line, accepted time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, searchableWithin)
	defer cancel()
	t := time.NewTicker(5 * time.Millisecond)
	defer t.Stop()
	for {
		got, err := c.Search(ctx, query(`"`+l.Ref+`"`))
		if err != nil {
			d.wrong("%s: search: %v", l.Ref, err)
			return nil
		}
		for _, h := range got.Hits {
			if h.ID == l.ID {
				d.mu.Lock()
				d.lags = append(d.lags, time.Since(accepted))
				d.mu.Unlock()
				return nil
			}
		}
		select {
		case <-ctx.Done():
			d.wrong("%s wasn't found within %s", l.Ref, searchableWithin)
			return nil
		case <-t.C:
		}
	}
}
