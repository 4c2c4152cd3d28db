package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"

	"golang.org/x/sync/errgroup"

	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/songshui/internal/bulk"
	"songshui.internal/services/songshui/internal/samples"
)

func query(q string) url.Values { return url.Values{"q": {q}, "per_page": {"100"}} }

type expectedMedia struct {
	Media []struct {
		File   string `json:"file"`
		SHA256 string `json:"sha256"`
	} `json:"media"`
}

func readJSON(name string, into any) error {
	b, err := fs.ReadFile(samples.Files, name)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return json.Unmarshal(b, into)
}

// sealed looks at every medium of the cases and holds its hash against the expected one.
func (d *Demo) sealed(ctx context.Context) error {
	var want expectedMedia
	if err := readJSON("expected.json", &want); err != nil {
		return err
	}
	hashes := map[string]string{}
	for _, m := range want.Media {
		hashes[m.File] = m.SHA256
	}
	c := d.client("supervisor")
	right := 0
	for id := range d.media {
		m, err := c.Medium(ctx, id)
		if err != nil {
			d.wrong("medium %s: %v", id, err)
			continue
		}
		d.media[id] = m.File
		if m.SHA256 != hashes[m.File] {
			d.wrong("%s: sealed %s, expected %s", m.File, m.SHA256, hashes[m.File])
			continue
		}
		right++
	}
	fmt.Fprintf(d.Out, d.Say("影像已封存 %d 件，SHA-256 全部核对\n", "%d media sealed, each SHA-256 checked\n"), right)
	return nil
}

type expectedFollowups struct {
	Followups []struct {
		Ref         string `json:"ref"`
		State       string `json:"state"`
		OverdueDays int    `json:"overdue_days"`
	} `json:"followups"`
}

// follow takes every rectification through its track, on its days.
func (d *Demo) follow(ctx context.Context) error {
	data, err := fs.ReadFile(samples.Files, "followups.jsonl")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	folder, err := fs.Sub(samples.Files, "followup-media")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	f := &bulk.Follower{Media: folder}
	var clients []*portalapi.Client
	for _, a := range d.Accounts {
		if a.Role == "office" || a.Role == "supervisor" {
			clients = append(clients, d.client(a.Name))
		}
	}
	if err := f.Start(ctx, clients...); err != nil {
		return err
	}
	lines := bulk.Lines(data)
	fmt.Fprintln(d.Out, d.Say("整改按原日期补录……", "rectifications are entered on their days…"))
	var g errgroup.Group
	g.SetLimit(atOnce)
	done := 0
	for i, line := range lines {
		if line == nil {
			continue
		}
		g.Go(func() error {
			l, err := f.Follow(ctx, i+1, line)
			if err != nil {
				return err
			}
			if l.Status == bulk.Refused {
				d.wrong("%s: follow-up refused: %v", l.Ref, l.Errors)
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			for _, id := range l.Media {
				d.after[id] = true
			}
			done++
			d.step(d.Say("整改", "followed"), done, len(lines))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return d.followed(ctx)
}

// followed holds each rectification's state and overdue days against the expected ones.
func (d *Demo) followed(ctx context.Context) error {
	var want expectedFollowups
	if err := readJSON("followups.expected.json", &want); err != nil {
		return err
	}
	c := d.client("supervisor")
	for _, w := range want.Followups {
		v, err := c.Case(ctx, d.cases[w.Ref], 0)
		if err != nil {
			d.wrong("%s: %v", w.Ref, err)
			continue
		}
		var r struct {
			State       string `json:"state"`
			OverdueDays int    `json:"overdue_days"`
		}
		if err := json.Unmarshal(v.Rectification, &r); err != nil {
			d.wrong("%s: %v", w.Ref, err)
			continue
		}
		// Running clocks go on after the day for which the expected figures were made.
		if r.State != w.State || w.State == "closed" && r.OverdueDays != w.OverdueDays {
			d.wrong("%s: %s, %d days overdue; expected %s, %d", w.Ref, r.State, r.OverdueDays, w.State, w.OverdueDays)
		}
		fmt.Fprintf(d.Out, "  %s  %s\n", w.Ref, d.state(r.State))
	}
	return nil
}

func (d *Demo) state(s string) string {
	zh := map[string]string{"pending": "待交办", "in-progress": "整改中", "awaiting-acceptance": "待验收", "accepted": "验收合格", "closed": "已销号"}
	return d.Say(zh[s], s)
}

// Queries are the searches that the demo makes.
var Queries = []string{"塔吊", "有限空间", "methanol"}

// searches makes the sample searches as the journalist.
func (d *Demo) searches(ctx context.Context) error {
	c := d.client("journalist")
	for _, q := range Queries {
		got, err := c.Search(ctx, url.Values{"q": {q}, "per_page": {"3"}})
		if err != nil {
			return err
		}
		if got.Total == 0 {
			d.wrong("search %s finds nothing", q)
		}
		fmt.Fprintf(d.Out, d.Say("记者检索“%s”：%d 件\n", "the journalist searches “%s”: %d\n"), q, got.Total)
		for _, h := range got.Hits {
			d.Hit(h)
		}
	}
	return nil
}
