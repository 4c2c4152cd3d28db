package sheets

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/tables"
)

// place is a cell's: sheet and row from 1, column from 1 (0 = the whole row).
type place struct {
	sheet       string
	row, column int
}

// draft is a case as the file gives it. A cell that can't be read goes as it stands: intake refuses it together with whatever else is wrong.
type draft struct {
	ref  string
	body map[string]any
	// at is where the case stands, heads the columns of its sheet by field; details are the rows of its lists.
	at      place
	heads   map[string]int
	details [groups][]detail
	// wrong is what keeps the case from being sent at all.
	wrong []Wrong
}

type detail struct {
	at    place
	heads map[string]int
}

// Wrong is one refused cell. Field and Code are those of the API; Message is in the caller's language.
type Wrong struct {
	Sheet   string `json:"sheet"`
	Row     int    `json:"row"`
	Column  string `json:"column,omitempty"`
	Title   string `json:"title,omitempty"`
	Ref     string `json:"ref,omitempty"`
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
	arg     string
	column  int
}

// Codes of what only a file can have wrong.
const (
	codeNoHeads      = "table_no_heads"
	codeHeadTwice    = "duplicate_field"
	codeRefMissing   = "required"
	codeRefTwice     = "table_ref_twice"
	codeUnknownRef   = "unknown_ref"
	codeRowsUnplaced = "table_rows_unplaced"
	codeTooManyCases = "too_many"
)

// headRows is how far down the heads may begin: a title may stand above them.
const headRows = 5

// row is a filled row of a sheet.
type row struct {
	cells []string
	heads []column
	at    place
	ref   string
}

// gatherer puts a book's rows together by reference.
type gatherer struct {
	book   tables.Book
	drafts []*draft
	byRef  map[string]*draft
	wrong  []Wrong
	// unplaced are the sheets with rows of a list that belong to no case.
	unplaced [groups]string
}

// gather puts a book's rows together by reference, in the order in which the cases stand. What belongs to no case is in the second result; with too many cases or a column that comes twice nothing is given.
func gather(b tables.Book) ([]*draft, []Wrong) {
	g := &gatherer{book: b, byRef: map[string]*draft{}}
	rows, found := g.rows()
	switch {
	case !found:
		return nil, []Wrong{{Row: 1, Sheet: firstName(b), Code: codeNoHeads, arg: refTitle}}
	case len(g.wrong) > 0:
		return nil, g.wrong
	}
	for _, r := range rows {
		if hasCase(r.heads) && (filled(r, ofCase) || g.alone(r)) {
			g.addCase(r)
		}
	}
	if len(g.drafts) > MaxCases {
		d := g.drafts[MaxCases]
		return nil, []Wrong{{Sheet: d.at.sheet, Row: d.at.row, Ref: d.ref, Code: codeTooManyCases, arg: strconv.Itoa(MaxCases)}}
	}
	for _, r := range rows {
		for of := ofViolation; of < groups; of++ {
			if filled(r, of) {
				g.addDetail(r, of)
			}
		}
	}
	g.holdBack()
	return g.drafts, g.wrong
}

// rows gives every filled row under heads; found is false if no sheet has any.
func (g *gatherer) rows() (rows []row, found bool) {
	for _, s := range g.book.Sheets {
		heads, first := headsOf(s)
		if heads == nil {
			continue
		}
		found = true
		seen := map[string]bool{}
		for i, c := range heads {
			if c.title != "" && seen[c.title] {
				g.wrong = append(g.wrong, Wrong{Sheet: s.Name, Row: first, Field: c.field, Code: codeHeadTwice, column: i + 1})
			}
			seen[c.title] = true
		}
		for i := first; i < len(s.Rows); i++ {
			if len(s.Rows[i]) > 0 {
				r := row{cells: s.Rows[i], heads: heads, at: place{s.Name, i + 1, 0}}
				r.ref = r.text(func(c column) bool { return c.title == refTitle })
				rows = append(rows, r)
			}
		}
	}
	return rows, found
}

// key is what a row's case is found by: its reference, or where that is missing the row itself.
func (r row) key() string {
	if k := intakeapi.RefKey(r.ref); k != "" {
		return k
	}
	return fmt.Sprintf("\x00%s\x00%d", r.at.sheet, r.at.row)
}

// alone says that a row holds a reference that no row above has, and nothing else: a case that was begun and forgotten.
func (g *gatherer) alone(r row) bool {
	for of := range groups {
		if filled(r, of) {
			return false
		}
	}
	return r.ref != "" && g.byRef[r.key()] == nil
}

// addCase begins a case. The same case again is one that goes on in another row; another one under the same reference leaves both unsent, since nobody can tell whose the other rows are.
func (g *gatherer) addCase(r row) {
	d := &draft{ref: r.ref, at: r.at, body: map[string]any{}, heads: headIndex(r.heads, ofCase)}
	g.fill(d.body, r, ofCase)
	if before := g.byRef[r.key()]; before != nil {
		d.body["ref"] = before.body["ref"]
		if reflect.DeepEqual(before.body, d.body) {
			return
		}
		for _, twice := range []*draft{before, d} {
			if len(twice.wrong) == 0 {
				twice.wrong = []Wrong{{Sheet: twice.at.sheet, Row: twice.at.row, Ref: twice.ref, Field: "ref", Code: codeRefTwice, column: twice.heads["ref"]}}
			}
		}
	} else {
		g.byRef[r.key()] = d
	}
	g.drafts = append(g.drafts, d)
}

// addDetail adds an entry to a list of its case.
func (g *gatherer) addDetail(r row, of group) {
	d := g.byRef[r.key()]
	if d == nil {
		w := Wrong{Sheet: r.at.sheet, Row: r.at.row, Ref: r.ref, Field: "ref", Code: codeUnknownRef, column: indexOf(r.heads, refTitle)}
		if r.ref == "" {
			w.Code = codeRefMissing
		}
		if !slices.Contains(g.wrong, w) {
			g.wrong = append(g.wrong, w)
		}
		g.unplaced[of] = r.at.sheet
		return
	}
	entry := map[string]any{}
	g.fill(entry, r, of)
	list, _ := d.body[lists[of]].([]any)
	d.body[lists[of]] = append(list, entry)
	d.details[of] = append(d.details[of], detail{r.at, headIndex(r.heads, of)})
}

// holdBack keeps cases from being sent to which a row that belongs to none could belong: sent without it, the mended file would be another case under a reference that is taken.
func (g *gatherer) holdBack() {
	for _, d := range g.drafts {
		for of := ofViolation; of < groups; of++ {
			if g.unplaced[of] != "" && len(d.details[of]) == 0 {
				d.wrong = append(d.wrong, Wrong{Sheet: d.at.sheet, Row: d.at.row, Ref: d.ref, Field: lists[of], Code: codeRowsUnplaced, arg: g.unplaced[of], column: d.heads["ref"]})
			}
		}
	}
}

func firstName(b tables.Book) string {
	if len(b.Sheets) == 0 {
		return ""
	}
	return b.Sheets[0].Name
}

// headsOf finds a sheet's heads: the first row that has the reference's. A column that isn't known has an empty title and is passed over.
func headsOf(s tables.Sheet) (heads []column, first int) {
	for i := range min(headRows, len(s.Rows)) {
		heads, ok := make([]column, len(s.Rows[i])), false
		for j, text := range s.Rows[i] {
			if c, known := titled(text); known {
				heads[j] = c
				ok = ok || c.title == refTitle
			}
		}
		if ok && len(s.Rows[i]) > 1 {
			return heads, i + 1
		}
	}
	return nil, 0
}

// hasCase says whether a sheet holds cases: more of them than the reference, which every sheet has.
func hasCase(heads []column) bool {
	for _, c := range heads {
		if c.group == ofCase && c.title != "" && c.title != refTitle {
			return true
		}
	}
	return false
}

func indexOf(heads []column, title string) int {
	for i, c := range heads {
		if c.title == title {
			return i + 1
		}
	}
	return 0
}

// headIndex gives a group's columns, from 1, by their fields.
func headIndex(heads []column, g group) map[string]int {
	out := map[string]int{}
	for i, c := range heads {
		if c.title != "" && c.group == g {
			out[c.field] = i + 1
		}
	}
	return out
}

// text gives the first filled cell of the columns that are asked for.
func (r row) text(is func(column) bool) string {
	for i, c := range r.heads {
		if i < len(r.cells) && is(c) && strings.TrimSpace(r.cells[i]) != "" {
			return strings.TrimSpace(r.cells[i])
		}
	}
	return ""
}

// filled says whether a row says anything of a group besides the reference.
func filled(r row, of group) bool {
	return r.text(func(c column) bool { return c.title != "" && c.title != refTitle && c.group == of }) != ""
}

// fill puts a group's cells into a body.
func (g *gatherer) fill(body map[string]any, r row, of group) {
	for i, c := range r.heads {
		if i >= len(r.cells) || c.title == "" || c.group != of {
			continue
		}
		if text := strings.TrimSpace(r.cells[i]); text != "" {
			put(body, c.field, c.value(text, g.book))
		}
	}
}

// put sets a field that may lie in an object.
func put(body map[string]any, field string, value any) {
	outer, inner, nested := strings.Cut(field, ".")
	if !nested {
		body[field] = value
		return
	}
	in, ok := body[outer].(map[string]any)
	if !ok {
		in = map[string]any{}
		body[outer] = in
	}
	in[inner] = value
}

// line gives the draft as a submission of an office.
func (d *draft) line(office string) ([]byte, error) {
	d.body["office"] = office
	for _, list := range []string{"exposures", "media"} {
		if d.body[list] == nil {
			d.body[list] = []any{}
		}
	}
	b, err := json.Marshal(d.body)
	if err != nil {
		return nil, fmt.Errorf("sheets: %s: %w", d.ref, err)
	}
	return b, nil
}

var entryPath = regexp.MustCompile(`^(violations|exposures|media)\[(\d+)\]\.?(.*)$`)

// where finds the cell of a field's path: in the row of the case or of its entry. An object's is that of its first field, a missing list's the reference's; a field without a column is the whole row's.
func (d *draft) where(path string) place {
	if m := entryPath.FindStringSubmatch(path); m != nil {
		i, _ := strconv.Atoi(m[2])
		for of := ofViolation; of < groups; of++ {
			if lists[of] == m[1] && i < len(d.details[of]) {
				x := d.details[of][i]
				return place{x.at.sheet, x.at.row, x.heads[m[3]]}
			}
		}
	}
	field, _, _ := strings.Cut(path, "[")
	at := place{d.at.sheet, d.at.row, d.heads[field]}
	if slices.Contains(lists[:], field) {
		at.column = d.heads["ref"]
	}
	for _, c := range columns {
		if at.column == 0 && c.group == ofCase && strings.HasPrefix(c.field, field+".") {
			at.column = d.heads[c.field]
		}
	}
	return at
}
