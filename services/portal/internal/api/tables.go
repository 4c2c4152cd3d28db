package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/tables"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/monthly"
	"songshui.internal/services/portal/internal/sheets"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

// TableRoutes are the patterns that Tables serves.
func TableRoutes() []string {
	var out []string
	for _, o := range tableRoutes {
		out = append(out, o.Method+" "+o.Path)
	}
	return out
}

// Tables are the routes that carry tables; huma describes them, but their bodies are files.
func Tables(mux *http.ServeMux, lists Lists, now func() time.Time) {
	mux.HandleFunc("GET "+pathReturn, func(w http.ResponseWriter, r *http.Request) {
		got, err := monthly.Gather(r.Context(), front.Of(r.Context()).Client, events.OfficeSlug(r.PathValue("office")), events.Month(r.PathValue("month")), now())
		if err != nil {
			front.Refuse(w, r, err)
			return
		}
		send(w, r, tables.XLSX, got.Title()+".xlsx", got.Write)
	})
	mux.HandleFunc("GET "+pathSummary, func(w http.ResponseWriter, r *http.Request) {
		q, err := summaryQuery(r)
		if err != nil {
			front.Refuse(w, r, err)
			return
		}
		got, err := monthly.GatherSummary(r.Context(), front.Of(r.Context()).Client, q, now())
		if err != nil {
			front.Refuse(w, r, err)
			return
		}
		send(w, r, tables.XLSX, got.Title()+".xlsx", got.Write)
	})
	mux.HandleFunc("GET /api/v1/imports/template.xlsx", func(w http.ResponseWriter, r *http.Request) {
		var names []string
		for _, o := range lists.Outlets() {
			names = append(names, o.Name)
		}
		send(w, r, tables.XLSX, "专题行案例上报模板.xlsx", func(out io.Writer) error { return sheets.Template(out, names) })
	})
	mux.HandleFunc("POST /api/v1/imports", func(w http.ResponseWriter, r *http.Request) {
		loaded, _, err := load(w, r)
		if err != nil {
			front.Refuse(w, r, err)
			return
		}
		front.WriteJSON(w, http.StatusOK, loaded)
	})
	mux.HandleFunc("POST /api/v1/imports/marked", func(w http.ResponseWriter, r *http.Request) {
		loaded, data, err := load(w, r)
		if err != nil {
			front.Refuse(w, r, err)
			return
		}
		send(w, r, tables.XLSX, "导入结果（已标记）.xlsx", func(out io.Writer) error { return sheets.Marked(r.Context(), out, data, loaded.Errors) })
	})
	for _, form := range []string{tables.CSV, tables.XLSX} {
		mux.HandleFunc("GET /api/v1/search."+form, func(w http.ResponseWriter, r *http.Request) { exported(w, r, form) })
	}
}

// exported answers with every case of a search. Header and file name say up to where the index knew the log.
func exported(w http.ResponseWriter, r *http.Request, form string) {
	params, err := view.ReadSearch(r.URL.Query())
	if err != nil {
		front.Refuse(w, r, err)
		return
	}
	pages := sheets.Search(r.Context(), params)
	first, err := pages.First()
	if err != nil {
		front.Refuse(w, r, err)
		return
	}
	name := "检索结果"
	if place := first.Place(); place != "" {
		name += "-" + place
		w.Header().Set(portalapi.HeaderPosition, place)
	}
	send(w, r, form, name+"."+form, func(out io.Writer) error { return sheets.Export(r.Context(), out, form, first, pages) })
}

// summaryQuery reads the month from the path, and day, as_of, office and sector from the address.
func summaryQuery(r *http.Request) (oversightapi.Query, error) {
	q, err := oversightapi.ParseQuery(r.URL.RawQuery)
	q.Figure, q.Month = "", events.Month(r.PathValue("month"))
	return q, err
}

const (
	pathReturn  = "/api/v1/returns/{office}/{month}/print.xlsx"
	pathSummary = "/api/v1/board/{month}/summary.xlsx"
)

// tableRoutes describes them.
var tableRoutes = []huma.Operation{
	{OperationID: "import-template", Method: http.MethodGet, Path: "/api/v1/imports/template.xlsx", Summary: "the template for cases: sheets of cases, violations, exposures and media, with drop-downs, notes and checks"},
	{OperationID: "import", Method: http.MethodPost, Path: "/api/v1/imports", Summary: "load a table of cases (.xlsx, or CSV in UTF-8 or GBK) in the caller's name: what was accepted, what was there already, and each refused cell by sheet, row and column; loading again doubles nothing"},
	{OperationID: "import-marked", Method: http.MethodPost, Path: "/api/v1/imports/marked", Summary: "the same, answered with a copy of the file in which the refused cells are marked"},
	{OperationID: "export-csv", Method: http.MethodGet, Path: "/api/v1/search.csv", Summary: "every case of a search (same parameters) as CSV with a byte-order mark; the header Songshui-Position says up to where of the log the list knows"},
	{OperationID: "print-return", Method: http.MethodGet, Path: pathReturn, Summary: "a month's return as a workbook ready to print: the covering letter after GB/T 9704, and the table of its cases; before it is filed, of what was published in the month"},
	{OperationID: "print-summary", Method: http.MethodGet, Path: pathSummary, Summary: "the board of one month as a workbook ready to print, by office and by sector; day, as_of, office and sector as for the board"},
	{OperationID: "export-xlsx", Method: http.MethodGet, Path: "/api/v1/search.xlsx", Summary: "the same rows as a workbook, with the same header"},
}

func load(w http.ResponseWriter, r *http.Request) (sheets.Loaded, []byte, error) {
	if err := sheets.May(r.Context()); err != nil {
		return sheets.Loaded{}, nil, err
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, tables.MaxFile+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return sheets.Loaded{}, nil, &fault.Error{Code: fault.BodyTooLarge, Op: "portal: import", Detail: strconv.Itoa(tables.MaxFile)}
	case err != nil:
		return sheets.Loaded{}, nil, fault.Wrap(fault.Malformed, "portal: import", err)
	}
	loaded, err := sheets.Load(r.Context(), data)
	return loaded, data, err
}

// send answers with a file; it is made whole first, so that a refusal can still be told.
func send(w http.ResponseWriter, r *http.Request, form, name string, write func(io.Writer) error) {
	var out bytes.Buffer
	if err := write(&out); err != nil {
		front.Refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", tables.Types[form])
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	h.Set("Cache-Control", "private, no-store")
	_, _ = w.Write(out.Bytes())
}
