package sheets

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"songshui.internal/services/internal/tables"
)

// place is a cell's: sheet and row from 1, column from 1 (0 = the whole row).
type place struct {
	sheet       string
	row, column int
}

// draft is a case as the file gives it.
type draft struct {
	ref  string
	body map[string]any
	// at is where the case stands, heads the columns of its sheet by field; details are the rows of its lists.
	at      place
	heads   map[string]int
	details [groups][]detail
	wrong   []Wrong
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
	codeRefMissing   = "required"
	codeRefTwice     = "duplicate"
	codeUnknownRef   = "unknown_ref"
	codeTooManyCases = "too_many"
	codeDay          = "day"
	codeNumber       = "type"
)

// headRows is how far down the heads may begin: a title may stand above them.
const headRows = 5

// gather puts a book's rows together by reference, in the order in which the cases stand.
func gather(b tables.Book) ([]*draft, []Wrong) {
	var drafts []*draft
	byRef := map[string]*draft{}
	type loose struct {
		ref   string
		row   []string
		at    place
		heads []column
	}
	var details []loose
	var wrong []Wrong
	found := false
	for _, s := range b.Sheets {
		heads, first := headsOf(s)
		if heads == nil {
			continue
		}
		found = true
		cases := hasCase(heads)
		for i := first; i < len(s.Rows); i++ {
			row, at := s.Rows[i], place{s.Name, i + 1, 0}
			if len(row) == 0 {
				continue
			}
			ref := cell(row, heads, func(c column) bool { return c.title == refTitle })
			if ref == "" {
				wrong = append(wrong, Wrong{Sheet: at.sheet, Row: at.row, Field: "ref", Code: codeRefMissing, column: indexOf(heads, refTitle)})
				continue
			}
			if cases && filled(row, heads, ofCase) {
				d := &draft{ref: ref, at: at, body: map[string]any{}, heads: headIndex(heads, ofCase)}
				if byRef[ref] != nil {
					wrong = append(wrong, Wrong{Sheet: at.sheet, Row: at.row, Ref: ref, Field: "ref", Code: codeRefTwice, column: indexOf(heads, refTitle)})
					continue
				}
				byRef[ref] = d
				drafts = append(drafts, d)
				d.fill(d.body, row, heads, ofCase, at)
			}
			details = append(details, loose{ref, row, at, heads})
		}
	}
	if !found {
		return nil, []Wrong{{Row: 1, Sheet: firstName(b), Code: codeNoHeads, arg: refTitle}}
	}
	for _, l := range details {
		for g := ofViolation; g < groups; g++ {
			if !filled(l.row, l.heads, g) {
				continue
			}
			d := byRef[l.ref]
			if d == nil {
				wrong = append(wrong, Wrong{Sheet: l.at.sheet, Row: l.at.row, Ref: l.ref, Field: "ref", Code: codeUnknownRef, column: indexOf(l.heads, refTitle)})
				break
			}
			entry := map[string]any{}
			d.fill(entry, l.row, l.heads, g, l.at)
			list, _ := d.body[lists[g]].([]any)
			d.body[lists[g]] = append(list, entry)
			d.details[g] = append(d.details[g], detail{l.at, headIndex(l.heads, g)})
		}
	}
	if len(drafts) > MaxCases {
		d := drafts[MaxCases]
		return nil, []Wrong{{Sheet: d.at.sheet, Row: d.at.row, Ref: d.ref, Code: codeTooManyCases, arg: strconv.Itoa(MaxCases)}}
	}
	return drafts, wrong
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

// cell gives the first filled cell of the columns that are asked for.
func cell(row []string, heads []column, is func(column) bool) string {
	for i, c := range heads {
		if i < len(row) && is(c) && strings.TrimSpace(row[i]) != "" {
			return strings.TrimSpace(row[i])
		}
	}
	return ""
}

// filled says whether a row says anything of a group besides the reference.
func filled(row []string, heads []column, g group) bool {
	return cell(row, heads, func(c column) bool { return c.title != "" && c.title != refTitle && c.group == g }) != ""
}

// fill puts a group's cells into a body. A cell whose form is wrong is noted, and goes as it stands.
func (d *draft) fill(body map[string]any, row []string, heads []column, g group, at place) {
	for i, c := range heads {
		if i >= len(row) || c.title == "" || c.group != g {
			continue
		}
		text := strings.TrimSpace(row[i])
		if text == "" {
			continue
		}
		value, code := c.value(text)
		if code != "" {
			d.wrong = append(d.wrong, Wrong{Sheet: at.sheet, Row: at.row, Ref: d.ref, Field: c.field, Code: code, column: i + 1})
			continue
		}
		put(body, c.field, value)
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

// value reads a cell; code says what is wrong with its form.
func (c column) value(text string) (value any, code string) {
	switch c.form {
	case aDay:
		return day(text)
	case aNumber:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, codeNumber
		}
		return f, ""
	case aWhole:
		n, err := strconv.ParseInt(strings.NewReplacer(",", "", "，", "", "元", "").Replace(text), 10, 64)
		if err != nil {
			return nil, codeNumber
		}
		return n, ""
	case aList:
		list := []any{}
		for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("、,，;；\n", r) }) {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
		return list, ""
	case aTerm:
		return c.slug(text), ""
	case aText:
	}
	return text, ""
}

var (
	dayForm = regexp.MustCompile(`^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00(?::00)?)?$`)
	// serial is a day as workbooks count it, where the cell has no format of a day.
	serial = regexp.MustCompile(`^\d{5}$`)
)

// epoch is day 0 of workbooks; it is two days early because they take 1900 for a leap year.
var epoch = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

func day(text string) (any, string) {
	if serial.MatchString(text) {
		n, err := strconv.Atoi(text)
		if err == nil {
			return epoch.AddDate(0, 0, n).Format(time.DateOnly), ""
		}
	}
	m := dayForm.FindStringSubmatch(text)
	if m == nil {
		return nil, codeDay
	}
	t, err := time.Parse("2006-1-2", m[1]+"-"+m[2]+"-"+m[3])
	if err != nil {
		return nil, codeDay
	}
	return t.Format(time.DateOnly), ""
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

// where finds the cell of a field's path: in the row of the case or of its entry; a field without a column is the whole row's.
func (d *draft) where(path string) place {
	if m := entryPath.FindStringSubmatch(path); m != nil {
		i, _ := strconv.Atoi(m[2])
		for g := ofViolation; g < groups; g++ {
			if lists[g] == m[1] && i < len(d.details[g]) {
				x := d.details[g][i]
				return place{x.at.sheet, x.at.row, x.heads[m[3]]}
			}
		}
	}
	field, _, _ := strings.Cut(path, "[")
	return place{d.at.sheet, d.at.row, d.heads[field]}
}
