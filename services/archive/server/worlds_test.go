package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/access"
)

// twoWorlds gives two systems that differ only in cases that neither the journalist nor the office of Songyuan may see: the second has them, with words, sounds, enterprises and numbers of their own and of others.
func twoWorlds(t *testing.T) (without, with *world, texts []string) {
	t.Helper()
	without, with = newWorld(t), newWorld(t)
	without.start(t)
	with.start(t)
	var last, lastOfOther uint64
	for i, c := range samples(t) {
		texts = append(texts, c.Title, c.Enterprise.Name, c.Summary, c.Ref, c.Enterprise.USCC, strings.Join(c.Tags, " "))
		if i%3 != 0 || c.Office == "songyuan" {
			last, lastOfOther = without.putCase(t, c), with.putCase(t, c)
			continue
		}
		c.Title += c.Title // a better match than any that is seen
		c.State, c.Exposures, c.ExposedOn = events.CaseSubmitted, nil, ""
		if i%2 == 0 {
			c.State, c.Embargo = events.CaseEmbargoed, &events.Embargo{Outlets: []events.OutletID{"another"}}
		}
		lastOfOther = with.putCase(t, c)
	}
	without.search(t, province, archiveapi.Params{MinSeq: last})
	with.search(t, province, archiveapi.Params{MinSeq: lastOfOther})
	return without, with, texts
}

// TestTwoWorlds: what is hidden leaves no trace in any answer: hits, totals, counts, alternatives, readings, proposals, marks, pages of frozen lists, suggestions, errors. Only the time it took, the position
// in the log and a list's token may differ.
func TestTwoWorlds(t *testing.T) {
	t.Parallel()
	without, with, texts := twoWorlds(t)
	rapid.Check(t, func(r *rapid.T) {
		who := rapid.SampledFrom([]access.Actor{journalist, office("songyuan"), admin}).Draw(r, "who")
		text := func() string {
			runes := []rune(rapid.SampledFrom(texts).Draw(r, "of"))
			if len(runes) == 0 {
				return "无"
			}
			from := rapid.IntRange(0, len(runes)-1).Draw(r, "from")
			some := slices.Clone(runes[from:min(len(runes), from+rapid.IntRange(1, 7).Draw(r, "length"))])
			switch at := rapid.IntRange(0, len(some)-1).Draw(r, "at"); rapid.IntRange(0, 3).Draw(r, "slip") {
			case 1:
				some = slices.Delete(some, at, at+1)
			case 2:
				some[at] = rapid.SampledFrom([]rune("安按全泉吊掉长常x1")).Draw(r, "other")
			}
			return string(some)
		}
		if rapid.IntRange(0, 4).Draw(r, "typing") == 0 {
			p := archiveapi.SuggestParams{Q: text(), Limit: 20}
			a, err := without.suggest(t, who, p)
			check(t, err)
			b, err := with.suggest(t, who, p)
			check(t, err)
			a.TookMS, b.TookMS = 0, 0
			alike(r, p, a, b)
			return
		}
		p := archiveapi.Params{Q: text(), PerPage: rapid.IntRange(1, 20).Draw(r, "per page"), Page: rapid.IntRange(0, 2).Draw(r, "page"),
			Sort: rapid.SampledFrom([]string{"", "newest", "penalty", "overdue", "nearest"}).Draw(r, "sort"), Near: "43.88,125.32"}
		for range rapid.IntRange(0, 2).Draw(r, "more") {
			p.Q += rapid.SampledFrom([]string{" ", "|", " -", " 企业:", " 标签:", " 文号:"}).Draw(r, "sign") + text()
		}
		if rapid.Bool().Draw(r, "sector") {
			p.Sector = []string{"construction"}
		}
		if rapid.Bool().Draw(r, "frozen") {
			p.Cursor, p.Page = archiveapi.CursorStart, 0
		}
		a, errA := without.ask(t, who, p)
		b, errB := with.ask(t, who, p)
		if (errA == nil) != (errB == nil) || errA != nil && errA.Error() != errB.Error() {
			r.Fatalf("%+v: %v, %v", p, errA, errB)
		}
		cursors := []string{a.Cursor, b.Cursor}
		a.TookMS, b.TookMS, a.Position, b.Position, a.Cursor, b.Cursor = 0, 0, nil, nil, "", ""
		alike(r, p, a, b)
		if (cursors[0] == "") != (cursors[1] == "") {
			r.Fatalf("%+v: one list ends before the other", p)
		}
		if cursors[0] == "" {
			return
		}
		p = archiveapi.Params{Cursor: cursors[0], PerPage: 7}
		next, err := without.ask(t, who, p)
		check(t, err)
		p.Cursor = cursors[1]
		other, err := with.ask(t, who, p)
		check(t, err)
		next.TookMS, other.TookMS, next.Position, other.Position, next.Cursor, other.Cursor = 0, 0, nil, nil, "", ""
		alike(r, p, next, other)
	})
}

func alike(r *rapid.T, asked, a, b any) {
	x, err := json.Marshal(a)
	if err == nil {
		var y []byte
		if y, err = json.Marshal(b); err == nil && string(x) != string(y) {
			r.Fatalf("%+v\nwithout %s\nwith    %s", asked, x, y)
		}
	}
	if err != nil {
		r.Fatal(err)
	}
}
