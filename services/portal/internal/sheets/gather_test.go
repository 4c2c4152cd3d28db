package sheets

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"songshui.internal/services/internal/tables"
	"songshui.internal/services/portal/internal/messages"
)

func book(sheets ...tables.Sheet) tables.Book { return tables.Book{Form: tables.XLSX, Sheets: sheets} }

func told1(w Wrong) string {
	return fmt.Sprintf("%s!%s%d %s", w.Sheet, letters(w.column), w.Row, w.Code)
}

func wrongs(drafts []*draft, wrong []Wrong) []string {
	out := []string{}
	for _, w := range wrong {
		out = append(out, told1(w))
	}
	for _, d := range drafts {
		for _, w := range d.wrong {
			out = append(out, told1(w))
		}
	}
	return out
}

func TestWhatBelongsToNoCase(t *testing.T) {
	t.Parallel()
	cases := []string{"文号", "标题"}
	for name, c := range map[string]struct {
		in   tables.Book
		want []string
	}{
		"no heads":                     {book(tables.Sheet{Name: "表", Rows: [][]string{{"a", "b"}}}), []string{"表!1 table_no_heads"}},
		"nothing at all":               {book(), []string{"!1 table_no_heads"}},
		"a column twice":               {book(tables.Sheet{Name: "案例", Rows: [][]string{{"文号", "标题", "标题"}, {"1号", "a", "b"}}}), []string{"案例!C1 duplicate_field"}},
		"one reference, two cases":     {book(tables.Sheet{Name: "案例", Rows: [][]string{cases, {"长〔2026〕1号", "a"}, {"长(2026) 1号", "b"}, {"长〔2026〕2号", "b"}}}), []string{"案例!A2 table_ref_twice", "案例!A3 table_ref_twice"}},
		"one reference, the same case": {book(tables.Sheet{Name: "案例", Rows: [][]string{cases, {"长〔2026〕1号", "a"}, {"长(2026) 1号", "a"}}}), []string{}},
		"a row of no case, and one that it might belong to": {book(tables.Sheet{Name: "案例", Rows: [][]string{cases, {"1号", "a"}, {"2号", "b"}}},
			tables.Sheet{Name: "曝光", Rows: [][]string{{"文号", "媒体"}, {"1号", "报"}, {"3号", "报"}, {"", "报"}}}),
			[]string{"曝光!A3 unknown_ref", "曝光!A4 required", "案例!A3 table_rows_unplaced"}},
		"a reference written in two ways": {book(tables.Sheet{Name: "案例", Rows: [][]string{cases, {"长〔2026〕1号", "a"}}}, tables.Sheet{Name: "曝光", Rows: [][]string{{"文号", "媒体"}, {"长（2026） 1号", "报"}}}), []string{}},
		"too many":                        {book(tables.Sheet{Name: "案例", Rows: append([][]string{cases}, many(MaxCases+1)...)}), []string{fmt.Sprintf("案例!%d too_many", MaxCases+2)}},
	} {
		drafts, wrong := gather(c.in)
		if got := wrongs(drafts, wrong); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestWhatIsNotListedIsCounted: beyond the bound nothing is left out without a word.
func TestWhatIsNotListedIsCounted(t *testing.T) {
	t.Parallel()
	cells := make([]Wrong, MaxErrors+7)
	for i := range cells {
		cells[i] = Wrong{Sheet: "案例", Row: len(cells) - i, Code: "required"}
	}
	first, unlisted := told(book(tables.Sheet{Name: "案例"}), cells, messages.Chinese)
	if len(first) != MaxErrors || unlisted != 7 || first[0].Row != 1 || first[0].Message == "" {
		t.Errorf("%d listed, %d not, the first %+v", len(first), unlisted, first[0])
	}
	if first, unlisted = told(book(), cells[:3], messages.Chinese); len(first) != 3 || unlisted != 0 {
		t.Errorf("%d listed, %d not", len(first), unlisted)
	}
}

func many(n int) [][]string {
	out := make([][]string, n)
	for i := range out {
		out[i] = []string{fmt.Sprint(i, "号"), "标题"}
	}
	return out
}

func TestCasesWithoutAReferenceAreSentToBeRefused(t *testing.T) {
	t.Parallel()
	drafts, wrong := gather(book(tables.Sheet{Name: "案例", Rows: [][]string{{"文号", "标题", "问题内容"}, {"", "a", "x"}, {"", "b", "y"}, {"3号"}, {"4号", "", "z"}}}))
	if got := wrongs(drafts, wrong); !slices.Equal(got, []string{"案例!A5 unknown_ref", "案例!A4 table_rows_unplaced"}) || len(drafts) != 3 {
		t.Errorf("%q, %d cases", got, len(drafts))
	}
	for i, d := range drafts[:2] {
		if p := d.where("ref"); p != (place{"案例", i + 2, 1}) || len(d.details[ofViolation]) != 1 {
			t.Errorf("%d: %+v %v", i, p, d.details)
		}
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	c := samples(t)[0]
	data, err := tables.Read(filledTemplate(t, []map[string]any{c}, false))
	must(t, err)
	drafts, _ := gather(data)
	for path, want := range map[string]place{
		"ref": {"案例", 2, 1}, "enterprise.uscc": {"案例", 2, 8}, "enterprise": {"案例", 2, 7}, "location": {"案例", 2, 11}, "rectification": {"案例", 2, 15}, "tags[1]": {"案例", 2, 18}, "violations": {"案例", 2, 1},
		"violations[1].text": {"问题", 3, 2}, "violations[0]": {"问题", 2, 0}, "exposures[0].published_on": {"曝光", 2, 7}, "exposures[0].url": {"曝光", 2, 6}, "media[2].file": {"影像", 4, 2}, "media[0].sha256": {"影像", 2, 0},
		"violations[99].text": {"案例", 2, 1}, "something": {"案例", 2, 0},
	} {
		if got := drafts[0].where(path); got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
}

// Whatever rows come: nothing breaks, each refusal is in a row of the file, each case is a submission whose every field has a place.
func FuzzGather(f *testing.F) {
	f.Add("长〔2026〕1号\t标题\t矿山\n\tx", "1号\t问题\n2号\t\t\n", true)
	f.Add("文号\t文号\n1\t2", "文号\n", false)
	f.Add("1号\t46185\t2026-02-30\t1e999\n1号", "\t\t\t", true)
	f.Fuzz(func(t *testing.T, cases, details string, heads bool) {
		sheet := func(name, text string, of group) tables.Sheet {
			s := tables.Sheet{Name: name}
			if heads {
				var titles []string
				for _, c := range fields(of) {
					titles = append(titles, c.title)
				}
				s.Rows = append(s.Rows, titles)
			}
			for line := range strings.SplitSeq(strings.ToValidUTF8(text, ""), "\n") {
				s.Rows = append(s.Rows, strings.Split(line, "\t"))
			}
			return s
		}
		b := book(sheet("案例", cases, ofCase), sheet("曝光", details, ofExposure))
		drafts, wrong := gather(b)
		inside := func(p place) {
			for _, s := range b.Sheets {
				if s.Name == p.sheet && p.row >= 1 && p.row <= len(s.Rows) && p.column >= 0 && p.column <= max(len(columns), len(s.Rows[p.row-1])) {
					return
				}
			}
			t.Fatalf("%+v is outside", p)
		}
		for _, w := range wrong {
			inside(place{w.Sheet, w.Row, w.column})
			w.say(b, messages.Chinese)
		}
		for _, d := range drafts {
			line, err := d.line("changchun")
			if err != nil || !json.Valid(line) {
				t.Fatalf("%s %v", line, err)
			}
			for _, path := range []string{"ref", "enterprise", "exposures[0].outlet", "exposures[7]", "found_on"} {
				inside(d.where(path))
			}
		}
	})
}
