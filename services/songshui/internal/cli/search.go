package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os"
	"strings"

	"golang.org/x/term"

	"songshui.internal/services/portal/portalapi"
)

// Search prints what a query finds.
type Search struct {
	Remote
	Query   string   `arg:"" help:"检索词 query"`
	Office  []string `help:"上报单位 office"`
	Sector  []string `help:"行业领域 sector"`
	State   []string `help:"状态 state"`
	Page    int      `default:"1" help:"页码 page"`
	PerPage int      `default:"20" help:"每页条数 hits a page, at most 100"`
	JSON    bool     `name:"json" help:"输出 JSON print the answer as it came"`
}

// Run asks and prints.
func (s *Search) Run(ctx context.Context) error {
	q := url.Values{"q": {s.Query}, "office": s.Office, "sector": s.Sector, "state": s.State, "page": {fmt.Sprint(s.Page)}, "per_page": {fmt.Sprint(s.PerPage)}}
	found, err := s.client(0).Search(ctx, q)
	if err != nil {
		return err
	}
	if s.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(found)
	}
	fmt.Printf(say("共 %d 件\n", "%d found\n"), found.Total)
	for _, h := range found.Hits {
		PrintHit(h)
	}
	return nil
}

// PrintHit prints a hit, its marks as colours on a terminal and as 【】 elsewhere.
func PrintHit(h portalapi.Hit) {
	fmt.Printf("  %s  %s  %s\n", h.Ref, h.PublishedOn, Marked(h.Highlight, "title", h.Title))
	for _, field := range []string{"enterprise", "violations", "summary"} {
		if f, ok := h.Highlight[field]; ok && strings.Contains(f, "<mark>") {
			fmt.Printf("      %s\n", mark(f))
		}
	}
}

// Marked gives a field's fragment for a terminal, or the plain text where there is none.
func Marked(fragments map[string]string, field, plain string) string {
	if f, ok := fragments[field]; ok {
		return mark(f)
	}
	return plain
}

func mark(fragment string) string {
	from, to := "【", "】"
	if term.IsTerminal(int(os.Stdout.Fd())) {
		from, to = "\x1b[1;33m", "\x1b[0m"
	}
	return html.UnescapeString(strings.NewReplacer("<mark>", from, "</mark>", to).Replace(fragment))
}
