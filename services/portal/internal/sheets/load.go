package sheets

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/tables"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
)

// Loaded says what became of a file.
type Loaded struct {
	Accepted int `json:"accepted"`
	Exists   int `json:"exists"`
	// Refused counts cases; Errors are their cells and those of rows that belong to no case.
	Refused int `json:"refused"`
	// Errors are at most MaxErrors, in the order of the file; Unlisted is how many more there are, which are neither listed nor marked.
	Errors   []Wrong `json:"errors"`
	Unlisted int     `json:"unlisted,omitempty"`
	// Warnings don't hinder: an outlet that is 待认定, a level that differs from the list.
	Warnings []Wrong `json:"warnings"`
	Rows     []Row   `json:"rows"`
}

// Row is one case of the file.
type Row struct {
	Sheet  string `json:"sheet"`
	Row    int    `json:"row"`
	Ref    string `json:"ref"`
	Status string `json:"status"` // accepted, exists or refused
	ID     string `json:"id,omitempty"`
}

const refused = "refused"

// codeOtherContent refuses a case whose reference the office has used for another, or for this one before it was changed in the file.
const codeOtherContent = "other_content"

// reading bounds how many files are read at once, since each may take some hundred megabytes.
var reading = make(chan struct{}, 2)

// turn waits for one's turn to read; done gives it to the next.
func turn(ctx context.Context) (done func(), err error) {
	select {
	case reading <- struct{}{}:
		return func() { <-reading }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, "portal: import", ctx.Err())
	}
}

func read(ctx context.Context, data []byte) (tables.Book, error) {
	done, err := turn(ctx)
	if err != nil {
		return tables.Book{}, err
	}
	defer done()
	book, err := tables.Read(data)
	return book, refusal(err)
}

// May says whether the caller may load a table: an office's account.
func May(ctx context.Context) error {
	if c := front.Of(ctx); c.Actor.Office == "" || c.Actor.Role != access.Office {
		return fault.New(fault.Forbidden, "portal: import")
	}
	return nil
}

// Load submits every case of a file in the caller's name. What a file can have wrong is in Loaded; an error is that of a backing, or of an account that may submit nothing, and means that the file should be sent again.
func Load(ctx context.Context, data []byte) (Loaded, error) {
	c := front.Of(ctx)
	out := Loaded{Errors: []Wrong{}, Warnings: []Wrong{}, Rows: []Row{}}
	if err := May(ctx); err != nil {
		return out, err
	}
	book, err := read(ctx, data)
	if err != nil {
		return out, err
	}
	drafts, wrong := gather(book)
	out.Errors = append(out.Errors, wrong...)
	if err := out.send(ctx, c, drafts); err != nil {
		return out, err
	}
	for _, r := range out.Rows {
		switch r.Status {
		case intakeapi.Accepted:
			out.Accepted++
		case intakeapi.Exists:
			out.Exists++
		default:
			out.Refused++
		}
	}
	out.Errors, out.Unlisted = told(book, out.Errors, c.Language)
	out.Warnings, _ = told(book, out.Warnings, c.Language)
	return out, nil
}

// send submits the drafts, AtOnce at a time.
func (out *Loaded) send(ctx context.Context, c *front.Caller, drafts []*draft) error {
	var mu sync.Mutex
	out.Rows = make([]Row, len(drafts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(AtOnce)
	for i, d := range drafts {
		g.Go(func() error {
			row, errs, warnings, err := submit(ctx, c, d)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			out.Rows[i] = row
			out.Errors, out.Warnings = append(out.Errors, errs...), append(out.Warnings, warnings...)
			return nil
		})
	}
	return g.Wait()
}

// told puts cells in the order of the file and says in words what is wrong with the first MaxErrors of them; unlisted is how many more there are.
func told(b tables.Book, cells []Wrong, l messages.Language) (first []Wrong, unlisted int) {
	order := map[string]int{}
	for i, s := range b.Sheets {
		order[s.Name] = i
	}
	slices.SortStableFunc(cells, func(a, b Wrong) int {
		return cmp.Or(cmp.Compare(order[a.Sheet], order[b.Sheet]), cmp.Compare(a.Row, b.Row), cmp.Compare(a.column, b.column))
	})
	first = cells[:min(len(cells), MaxErrors)]
	for i := range first {
		first[i].say(b, l)
	}
	return first, len(cells) - len(first)
}

// refusal makes a refusal of a file that can't be read; nil of nil.
func refusal(err error) error {
	var e *tables.Error
	if !errors.As(err, &e) {
		return err
	}
	f := &fault.Error{Code: fault.Invalid, Op: "portal: import", Fields: []fault.Field{{Field: "file", Code: e.Code, Arg: e.Arg}}, Err: err}
	switch e.Code {
	case tables.CodeTooLarge:
		f.Code = fault.BodyTooLarge
	case tables.CodeOldXLS, tables.CodeNoTable:
		f.Code = fault.UnsupportedType
	}
	return f
}

// submit sends one case. Refusals of the case are its cells'; err is for what isn't the file's fault.
func submit(ctx context.Context, c *front.Caller, d *draft) (row Row, wrong, warnings []Wrong, err error) {
	row = Row{Sheet: d.at.sheet, Row: d.at.row, Ref: d.ref, Status: refused}
	line, err := d.line(string(c.Actor.Office))
	if err != nil {
		return row, nil, nil, err
	}
	if len(d.wrong) > 0 {
		return row, d.wrong, nil, nil
	}
	got, err := intakeapi.Client{Client: c.Client}.Submit(ctx, intakeapi.SubmitParams{}, line)
	if err != nil {
		f := fault.Of(err)
		switch f.Code {
		case fault.Duplicate:
			return row, d.cells(fault.Fields{{Field: "ref", Code: codeOtherContent}}), nil, nil
		case fault.Invalid, fault.Malformed, fault.Forbidden, fault.TooLarge:
			if len(f.Fields) == 0 {
				f.Fields = fault.Fields{{Field: "ref", Code: string(f.Code)}}
			}
			return row, d.cells(f.Fields), nil, nil
		}
		return row, nil, nil, err
	}
	row.Status, row.ID = got.Status, string(got.ID)
	return row, nil, d.cells(got.Warnings), nil
}

// cells gives fields their cells.
func (d *draft) cells(fields []fault.Field) []Wrong {
	out := make([]Wrong, len(fields))
	for i, f := range fields {
		p := d.where(f.Field)
		out[i] = Wrong{Sheet: p.sheet, Row: p.row, Ref: d.ref, Field: f.Field, Code: f.Code, arg: f.Arg, column: p.column}
	}
	return out
}

// say fills in the column's letter and head, and the words.
func (w *Wrong) say(b tables.Book, l messages.Language) {
	if w.column > 0 {
		w.Column = letters(w.column)
		for _, s := range b.Sheets {
			if s.Name != w.Sheet {
				continue
			}
			if heads, first := headsOf(s); first > 0 && w.column <= len(heads) {
				w.Title = heads[w.column-1].title
			}
		}
	}
	w.Message = messages.Field(fault.Field{Field: w.Field, Code: w.Code, Arg: w.arg}, l)
}

// letters gives a column's name: 1 = A, 27 = AA.
func letters(n int) string {
	s := ""
	for ; n > 0; n = (n - 1) / 26 {
		s = string(rune('A'+(n-1)%26)) + s
	}
	return s
}
