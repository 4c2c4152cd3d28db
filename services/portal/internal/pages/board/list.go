package board

import (
	"context"
	"net/http"
	"strconv"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
)

type listData struct {
	standing
	L    messages.Language
	List oversightapi.List
	// Back is the board that the figure is of.
	Back, Previous, NextPage string
	Title                    string
}

func (h Handler) list(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, r.URL.RequestURI()) {
		return
	}
	v := r.URL.Query()
	q, err := query(v)
	var page int
	if err == nil && v.Get("page") != "" {
		if page, err = strconv.Atoi(v.Get("page")); err != nil || page < 1 {
			err = &fault.Error{Code: fault.BadParameter, Detail: "page"}
		}
	}
	var got oversightapi.List
	if err == nil {
		got, err = ask(r.Context()).List(r.Context(), oversightapi.ListParams{Query: q, Page: page})
	}
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	l := shell.Language(r)
	d := listData{standing: h.standing(got.Query), L: l, List: got, Back: back(q), Title: heading(string(q.Figure), l)}
	if got.Page > 1 {
		d.Previous = turned(q, got.Page-1)
	}
	if got.Page*got.PerPage < got.Total {
		d.NextPage = turned(q, got.Page+1)
	}
	shell.Show(w, r, http.StatusOK, listPage, d.Title, d)
}

func turned(q oversightapi.Query, to int) string {
	return Path + "/list?" + q.Encode() + "&page=" + strconv.Itoa(to)
}

// Nth numbers a row over all pages; i counts from 0 on this one.
func (d listData) Nth(i int) int { return (d.List.Page-1)*d.List.PerPage + i + 1 }

// Percentile says that the figure itself isn't the number of rows.
func (d listData) Percentile() bool {
	f := string(d.List.Figure)
	return f == "days-to-close-median" || f == "days-to-close-p90"
}

// Months says that the rows are offices' months.
func (d listData) Months() bool { return len(d.List.Rows) > 0 && d.List.Rows[0].Case == "" }

// Extensions says that the rows are extensions.
func (d listData) Extensions() bool { return len(d.List.Rows) > 0 && d.List.Rows[0].Extension != nil }

// Closed says that some row tells how long it took.
func (d listData) Closed() bool {
	for _, r := range d.List.Rows {
		if r.DaysToClose != nil {
			return true
		}
	}
	return false
}

// Exposed gives the exposed cases of an office in a month that aren't withdrawn, in the order of the board's list; of all offices where none is named.
func Exposed(ctx context.Context, office events.OfficeSlug, month events.Month) ([]oversightapi.Row, error) {
	p := oversightapi.ListParams{Query: oversightapi.Query{Figure: "exposed", Office: office, Month: month}, PerPage: oversightapi.MaxPerPage}
	var out []oversightapi.Row
	for p.Page = 1; ; p.Page++ {
		got, err := ask(ctx).List(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, got.Rows...)
		if len(got.Rows) == 0 || len(out) >= got.Total || len(out) >= maxNamed {
			return out, nil
		}
	}
}

// maxNamed bounds what is read to name cases: one return holds no more.
const maxNamed = 1000
