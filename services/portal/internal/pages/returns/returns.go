// Package returns are the pages of monthly returns 月报: the list of those that the person may see, and one return with what it holds, its filings, its history, and a form for each command that may be given
// now, with the reason why another can't. All is forms that work without script. It owns and writes nothing: oversight is asked in the person's name, and a refusal comes back as the page with every wrong
// field named beside it and nothing of what was entered lost.
package returns

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
)

//go:embed *.tmpl returns.css
var files embed.FS

var (
	assets   = shell.NewAssets(files, "returns.css")
	listPage = shell.Parse("list.tmpl", files).With(assets.Path("returns.css"), "")
	page     = shell.Parse("return.tmpl", files).With(assets.Path("returns.css"), "")
)

// Path is the list's address.
const Path = "/returns"

// Lists are the campaigns, whose months and offices may be chosen; registryapi.Directory is one.
type Lists interface {
	Campaigns() []events.CampaignState
}

// Handler serves the pages of returns.
type Handler struct {
	Lists Lists
	// Now is the clock by which months have begun.
	Now func() time.Time
}

// Routes adds the pages to pages, and their style, which needs no session, to public.
func (h Handler) Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET "+Path, h.list)
	pages.HandleFunc("GET "+Path+"/{office}/{month}", show)
	pages.HandleFunc("POST "+Path+"/{office}/{month}/{command}", give)
	assets.Routes(public)
}

func ask(ctx context.Context) oversightapi.ReturnClient {
	return oversightapi.ReturnClient{Client: front.Of(ctx).Client}
}

type listData struct {
	L          messages.Language
	Supervisor bool
	// Months, Offices and States may be chosen; Month, Office and State are.
	Months, Offices, States []string
	Month, Office, State    string
	Groups                  []monthOf
}

// monthOf is a month with its returns.
type monthOf struct {
	Month string
	Lines []oversightapi.ReturnLine
}

// Open says whether a month's returns are unfolded: all where somebody has chosen, else the newest two, which are the ones to work on.
func (d listData) Open(i int) bool {
	return i < 2 || d.Month != "" || d.State != ""
}

func (h Handler) list(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, r.URL.RequestURI()) {
		return
	}
	q := r.URL.Query()
	d := listData{L: shell.Language(r), Supervisor: front.Of(r.Context()).Actor.Role == access.Supervisor, Month: q.Get("month"), Office: q.Get("office"), State: q.Get("state"), States: oversightapi.Shown()}
	params := map[string]any{"office": d.Office, "month": d.Month}
	if d.State != "" {
		params["states"] = []string{d.State}
	}
	var got oversightapi.Returns
	if err := ask(r.Context()).Ask(r.Context(), events.ServiceOversight, oversightapi.EndpointReturns, params, nil, &got); err != nil {
		shell.Fail(w, r, err)
		return
	}
	for _, line := range got.Returns {
		i := slices.IndexFunc(d.Groups, func(g monthOf) bool { return g.Month == string(line.Month) })
		if i < 0 {
			i = len(d.Groups)
			d.Groups = append(d.Groups, monthOf{Month: string(line.Month)})
		}
		d.Groups[i].Lines = append(d.Groups[i].Lines, line)
	}
	slices.Reverse(d.Groups)
	d.Months, d.Offices = h.choices()
	title := d.L.Say("月报", "Monthly returns")
	shell.Show(w, r, http.StatusOK, listPage, title, d)
}

func (h Handler) choices() (months, offices []string) {
	now := events.MonthOf(events.DayOf(h.Now()))
	for _, c := range h.Lists.Campaigns() {
		for m := c.From; m <= c.To && m <= now; m = m.Next() {
			months = append(months, string(m))
		}
		for _, o := range c.Offices {
			if !slices.Contains(offices, string(o)) {
				offices = append(offices, string(o))
			}
		}
	}
	slices.Sort(months)
	months = slices.Compact(months)
	slices.Reverse(months)
	return months, offices
}

func returnPath(r *http.Request) string {
	return Path + "/" + r.PathValue("office") + "/" + r.PathValue("month")
}

func show(w http.ResponseWriter, r *http.Request) {
	if people.Known(w, r, returnPath(r)) {
		write(w, r, http.StatusOK, form{})
	}
}

// give gives a command from its form; a refusal that the person can mend comes back with the form.
func give(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, returnPath(r)) {
		return
	}
	f, body, err := read(r)
	if warned := f.private(); err == nil && warned != nil {
		f.refused = warned
		write(w, r, fault.Lookup(warned.Code).Status, f)
		return
	}
	if err == nil {
		_, err = ask(r.Context()).Command(r.Context(), oversightapi.ReturnCommandParams{Office: events.OfficeSlug(r.PathValue("office")), Month: events.Month(r.PathValue("month")), Name: f.Command, Key: f.Key}, body)
	}
	if err == nil {
		http.Redirect(w, r, returnPath(r)+"#state", http.StatusSeeOther)
		return
	}
	switch refusal := fault.Of(err); refusal.Code {
	case fault.Invalid, fault.WrongState, fault.Conflict, fault.KeyReused:
		f.refused = refusal
		write(w, r, fault.Lookup(refusal.Code).Status, f)
	default:
		shell.Fail(w, r, err)
	}
}
