package board

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
)

// fix keeps a month's table; what can't be kept comes back as the board with the note still there.
func (h Handler) fix(w http.ResponseWriter, r *http.Request) {
	q := oversightapi.Query{Month: events.Month(r.PathValue("month"))}
	if !people.Known(w, r, back(q)) {
		return
	}
	f := fixForm{Key: r.PostFormValue("key"), Note: r.PostFormValue("note")}
	q.Day = events.Day(r.PostFormValue("day"))
	body, err := json.Marshal(oversightapi.FixBody{Day: q.Day, Note: f.Note})
	if err == nil {
		_, err = ask(r.Context()).Fix(r.Context(), oversightapi.FixParams{Month: q.Month, Key: f.Key}, body)
	}
	switch {
	case err == nil:
		http.Redirect(w, r, back(q)+"#editions", http.StatusSeeOther)
	case isInput(err):
		f.Wrong = people.Words(err, shell.Language(r))
		if slices.ContainsFunc(fault.Of(err).Fields, func(w fault.Field) bool { return w.Field == "day" }) {
			q.Day = ""
		}
		h.write(w, r, fault.Lookup(fault.Of(err).Code).Status, q, f)
	default:
		shell.Fail(w, r, err)
	}
}

// newKey is a form's own: sent twice, it is one fact.
func newKey() string { return rand.Text() }

type editionData struct {
	L       messages.Language
	Month   string
	Edition oversightapi.Edition
	// Compared says that a supervisor looks, who gets the difference to today.
	Compared   bool
	Difference oversightapi.Difference
	names      map[string]string
}

// edition shows a month's table as it was told, and to a supervisor what is different now, and why.
func (h Handler) edition(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, r.URL.RequestURI()) {
		return
	}
	ctx, month := r.Context(), events.Month(r.PathValue("month"))
	all, err := ask(ctx).Editions(ctx, month)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || n < 1 || n > len(all.Editions) {
		shell.Fail(w, r, fault.New(fault.NotFound, "portal: edition"))
		return
	}
	d := editionData{L: shell.Language(r), Month: string(month), Edition: all.Editions[n-1], Compared: front.Of(ctx).Actor.Role == access.Supervisor, names: map[string]string{}}
	if d.Compared {
		if d.Difference, err = ask(ctx).Difference(ctx, oversightapi.DifferenceParams{Month: month, Number: n}); err != nil {
			shell.Fail(w, r, err)
			return
		}
		named, err := Exposed(ctx, "", month)
		if err != nil {
			shell.Fail(w, r, err)
			return
		}
		for _, c := range named {
			d.names[string(c.Case)] = c.Ref
		}
	}
	title := d.L.Say("定版", "Kept as told")
	shell.Show(w, r, http.StatusOK, editionPage, title+" "+d.Month, d)
}

// told are the figures that an edition's table shows; the difference is of all.
var told = []string{"exposed", "exposed-municipal", "exposed-other-levels", "open", "due-soon", "overdue", "awaiting-check", "awaiting-media", "closed", "transferred", "listed"}

// Columns are the figures of the edition's table.
func (d editionData) Columns() []string { return told }

// Word gives a figure's words.
func (d editionData) Word(figure string) string { return Figure(figure, d.L) }

// Office gives an office's name, or the province's.
func (d editionData) Office(o events.OfficeSlug) string {
	switch {
	case o != oversightapi.Province:
		return messages.Term("office", string(o), d.L)
	case d.L == messages.English:
		return "the province"
	}
	return "全省"
}

// Record names a case or an office's month.
func (d editionData) Record(record string) string {
	if office, month, ok := strings.Cut(record, "/"); ok {
		return messages.Term("office", office, d.L) + " " + month
	}
	if ref, ok := d.names[record]; ok {
		return ref
	}
	if d.L == messages.English {
		return "case " + record[:min(6, len(record))]
	}
	return "案件 " + record[:min(6, len(record))]
}

// Link is a record's page.
func (d editionData) Link(record string) string {
	if strings.Contains(record, "/") {
		return "/returns/" + record
	}
	return "/cases/" + record
}

// Fact gives the words of a fact's type, such as songshui.rectification.closed.v1.
func (d editionData) Fact(kind string) string {
	part := strings.Split(kind, ".")
	if len(part) != 4 {
		return kind
	}
	if part[1] == "return" || part[1] == "table" {
		return messages.Term("return_fact", part[2], d.L)
	}
	return messages.Term("fact", part[2], d.L)
}
