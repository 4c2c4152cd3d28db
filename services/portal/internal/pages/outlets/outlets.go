// Package outlets is the page of the province's list of outlets 媒体名录, by whose levels publications count. Whoever is signed in reads it; the province places outlets and moves them. The forms work without
// script. It owns nothing: registry is asked in the person's name, and a refusal comes back as the page with every wrong field named and nothing of what was entered lost.
package outlets

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/registry/registryapi"
)

//go:embed outlets.tmpl
var files embed.FS

var page = shell.Parse("outlets.tmpl", files)

const path = "/outlets"

// Lists are the offices and outlets; registryapi.Directory is one.
type Lists interface {
	Offices() []events.OfficeState
	Outlets() []events.OutletState
}

// Handler serves the page.
type Handler struct{ Lists Lists }

// Routes adds the page's routes.
func (h Handler) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+path, h.show)
	mux.HandleFunc("POST "+path, h.place)
	mux.HandleFunc("POST "+path+"/{id}", h.place)
}

type data struct {
	L      messages.Language
	Q      string
	Placed string
	// Places says that the person is the province's.
	Places        bool
	Total         int
	Outlets       []form
	Blank         form
	Levels, Kinds []string
	Offices       []events.OfficeState
	Wrong         []string
}

// form is an outlet as its fields show it: aliases one a line.
type form struct {
	ID, Name, Aliases, Level, Office string
	Kinds                            []string
	// Open says that it was refused and is shown as it was entered.
	Open bool
}

// Has says whether a kind is ticked.
func (f form) Has(kind string) bool { return slices.Contains(f.Kinds, kind) }

func of(o events.OutletState) form {
	return form{ID: string(o.ID), Name: o.Name, Aliases: strings.Join(o.Aliases, "\n"), Level: o.Level, Office: string(o.Office), Kinds: o.Kinds}
}

// Names are the aliases in one line.
func (f form) Names() string { return strings.Join(lines(f.Aliases), "、") }

func lines(s string) []string {
	out := []string{}
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (h Handler) show(w http.ResponseWriter, r *http.Request) {
	if people.Known(w, r, r.URL.RequestURI()) {
		h.write(w, r, http.StatusOK, nil, nil)
	}
}

func (h Handler) write(w http.ResponseWriter, r *http.Request, status int, entered *form, wrong []string) {
	q := r.URL.Query()
	d := data{L: shell.Language(r), Q: strings.TrimSpace(q.Get("q")), Placed: q.Get("placed"), Levels: registryapi.Levels, Kinds: registryapi.Kinds, Wrong: wrong}
	d.Places = front.Of(r.Context()).Actor.Role == access.Supervisor
	if d.Places {
		d.Offices = h.Lists.Offices()
	}
	if entered != nil && r.PathValue("id") == "" {
		d.Blank = *entered
	}
	key := registryapi.OutletKey(d.Q)
	all := h.Lists.Outlets()
	d.Total = len(all)
	for _, o := range all {
		f := of(o)
		if entered != nil && f.ID == r.PathValue("id") {
			f = *entered
		}
		if strings.Contains(registryapi.OutletKey(f.Name+"\n"+f.Aliases), key) || strings.EqualFold(f.ID, key) {
			d.Outlets = append(d.Outlets, f)
		}
	}
	title := d.L.Say("媒体名录", "Outlets")
	shell.Show(w, r, status, page, title, d)
}

func (h Handler) place(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, path) {
		return
	}
	_ = r.ParseForm() // a body that can't be read has no fields
	f := form{ID: r.PathValue("id"), Name: r.PostFormValue("name"), Aliases: r.PostFormValue("aliases"), Level: r.PostFormValue("level"), Office: r.PostFormValue("office"), Kinds: r.PostForm["kinds"], Open: true}
	var wrong fault.Fields
	if f.ID == "" {
		f.ID = strings.TrimSpace(r.PostFormValue("id"))
		if slices.ContainsFunc(h.Lists.Outlets(), func(o events.OutletState) bool { return string(o.ID) == f.ID }) {
			wrong.Add("id", "duplicate") // a new one never moves one that is there
		}
	}
	err := wrong.Err("portal: outlets")
	if err == nil {
		err = h.give(r.Context(), f)
	}
	if err == nil {
		http.Redirect(w, r, path+"?placed="+url.QueryEscape(f.ID)+"&q="+url.QueryEscape(strings.TrimSpace(f.Name)), http.StatusSeeOther)
		return
	}
	if e := fault.Of(err); e.Code != fault.Invalid {
		shell.Fail(w, r, err)
		return
	}
	h.write(w, r, http.StatusUnprocessableEntity, &f, people.Words(err, shell.Language(r)))
}

// give places the outlet and waits, for a moment at most, until the list that the page shows has it.
func (h Handler) give(ctx context.Context, f form) error {
	p := registryapi.Place{Name: f.Name, Aliases: lines(f.Aliases), Level: f.Level, Kinds: f.Kinds, Office: events.OfficeSlug(f.Office)}
	body, err := json.Marshal(p)
	if err != nil {
		return fault.Wrap(fault.Internal, "portal: outlets", err)
	}
	got, err := registryapi.Client{Client: front.Of(ctx).Client}.PlaceOutlet(ctx, events.OutletID(f.ID), "", body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, shownWithin)
	defer cancel()
	tick := time.NewTicker(shownWithin / 100)
	defer tick.Stop()
	for !slices.ContainsFunc(h.Lists.Outlets(), func(o events.OutletState) bool { return same(registryapi.OutletOf(o), got.Outlet) }) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// shownWithin is how long the list may take to have what was just placed.
const shownWithin = time.Second

func same(a, b registryapi.Outlet) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Level == b.Level && a.Office == b.Office && slices.Equal(a.Aliases, b.Aliases) && slices.Equal(a.Kinds, b.Kinds)
}
