package e2e_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/portalapi"
)

// Every figure of the board opens its list, and the list is as long as the figure says: for the province, an office and a sector.
func TestEveryFigureOpensItsList(t *testing.T) {
	province := client("supervisor")
	for _, q := range []url.Values{{}, {"office": {"jilin"}}, {"sector": {"mining"}}, {"month": {"2026-07"}}, {"day": {"2026-08-31"}}} {
		// As of one moment: other tests give commands meanwhile.
		q.Set("as_of", time.Now().UTC().Format(time.RFC3339Nano))
		board, err := province.Board(t.Context(), q)
		must(t, err)
		figures := 0
		for _, cells := range cellsOf(board) {
			for _, c := range cells {
				figures++
				list, err := province.BoardList(t.Context(), c.Query, 1, 100)
				must(t, err)
				if list.Total != c.Rows || list.Total <= 100 && len(list.Rows) != c.Rows {
					t.Errorf("%s: %d rows, the list has %d (%d on its page)", c.Query, c.Rows, list.Total, len(list.Rows))
				}
			}
		}
		if figures < 30 {
			t.Errorf("%v: %d figures", q, figures)
		}
	}
}

// An office sees its own figures; a journalist none. What can't be read is named.
func TestWhoSeesTheBoard(t *testing.T) {
	own, err := client("jilin-1").Board(t.Context(), url.Values{})
	must(t, err)
	if len(own.Offices) != 1 || own.Offices[0].Office != "jilin" {
		t.Errorf("an office's board: %+v", own.Offices)
	}
	for name, q := range map[string]url.Values{"journalist": {}, "admin": {}, "jilin-1": {"office": {"siping"}}} {
		_, err := client(name).Board(t.Context(), q)
		if p := problem(t, err); p.Status != http.StatusForbidden {
			t.Errorf("%s: %+v", name, p)
		}
	}
	for name, q := range map[string]url.Values{"day": {"day": {"tomorrow"}}, "as_of": {"as_of": {"2099-01-01T00:00:00Z"}}, "month": {"month": {"2026-13"}}} {
		_, err := client("supervisor").Board(t.Context(), q)
		if p := problem(t, err); p.Status != http.StatusBadRequest {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// The table that was told stays as it was told, and the difference is explained by facts.
func TestFixedTable(t *testing.T) {
	province := client("supervisor")
	fixed, err := province.Fix(t.Context(), "2026-09", "", "上报稿")
	must(t, err)
	if fixed.Edition.Number < 1 || len(fixed.Edition.Rows) == 0 {
		t.Errorf("%+v", fixed)
	}
	_, err = province.CommandReturn(t.Context(), "jilin", "2026-09", "recognise", "", map[string]any{"kind": "decision", "reason": "省级媒体曝光，予以认定"})
	must(t, err)
	until(t, "the change is seen", func() bool {
		d, err := province.Difference(t.Context(), "2026-09", fixed.Edition.Number)
		must(t, err)
		for _, f := range d.Facts {
			if f.Type == "songshui.return.recognised.v1" && f.Record == "jilin/2026-09" {
				return len(d.Changes) > 0
			}
		}
		return false
	})
	_, err = client("jilin-1").Fix(t.Context(), "2026-09", "", "")
	if p := problem(t, err); p.Status != http.StatusForbidden {
		t.Errorf("an office fixes it: %+v", p)
	}
}

// The inbox tells what was asked; the feed tells the same by an address that opens nothing else.
func TestInboxAndFeed(t *testing.T) {
	province, office := client("supervisor"), client("songyuan-1")
	_, err := office.CommandReturn(t.Context(), "songyuan", "2026-08", "file", "", map[string]any{"document_no": "松安委办报〔2026〕8号"})
	must(t, err)
	var entry portalapi.InboxEntry
	until(t, "the province is told", func() bool {
		in, err := province.Inbox(t.Context())
		must(t, err)
		for _, e := range in.Entries {
			if e.Kind == "return-filed" && e.Office == "songyuan" && e.Month == "2026-08" {
				entry = e
			}
		}
		return entry.ID != ""
	})
	if !strings.Contains(entry.Text, "松安委办报〔2026〕8号") || entry.Seen {
		t.Errorf("%+v", entry)
	}
	feed, err := province.NewFeed(t.Context())
	must(t, err)
	get := func(path string) (int, []byte) {
		resp, err := http.Get(system.URL + path)
		must(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp.StatusCode, b
	}
	status, body := get(feed.Path)
	var atom struct {
		Entries []struct {
			ID    string `xml:"id"`
			Title string `xml:"title"`
		} `xml:"http://www.w3.org/2005/Atom entry"`
	}
	if err := xml.Unmarshal(body, &atom); status != http.StatusOK || err != nil || !strings.Contains(string(body), entry.Text) {
		t.Errorf("%d, %v: %s", status, err, body)
	}
	again, err := province.NewFeed(t.Context())
	must(t, err)
	for _, path := range []string{feed.Path, "/feeds/x.atom", strings.TrimSuffix(again.Path, ".atom"), "/feeds/" + system.accounts["supervisor"].Token + ".atom"} {
		if status, _ := get(path); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	if in, err := client("journalist").Inbox(t.Context()); err != nil || in.Total != 0 {
		t.Errorf("a journalist's inbox: %+v, %v", in, err)
	}
}

func cellsOf(b oversightapi.Board) [][]oversightapi.Cell {
	all := [][]oversightapi.Cell{b.Total}
	for _, o := range b.Offices {
		all = append(all, o.Figures)
	}
	for _, s := range b.Sectors {
		all = append(all, s.Figures)
	}
	return all
}
