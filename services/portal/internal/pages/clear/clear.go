// Package clear is the pages on which an office looks at its media before anybody else may: the list of what waits for a person, and one medium's public copies
// beside what was noticed, with the areas to hide. Administrator and province ask there for an erasure, agree to it or end it. All is a form that works without script; the script lets areas be drawn. It owns nothing; commands go to
// media in the person's name, and a refusal comes back as the page with every wrong field named and nothing of what was entered lost.
package clear

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

//go:embed *.tmpl clear.css clear.js
var files embed.FS

var (
	assets = shell.NewAssets(files, "clear.css", "clear.js")
	page   = shell.Parse("clear.tmpl", files).With(assets.Path("clear.css"), assets.Path("clear.js"))
	list   = shell.Parse("list.tmpl", files).With(assets.Path("clear.css"), "")
)

// Routes adds the pages to pages, and their style and script, which need no session, to public.
func Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET /look", showList)
	pages.HandleFunc("GET /look/{id}", show)
	pages.HandleFunc("POST /look/{id}", command)
	assets.Routes(public)
}

// data is what the page of one medium shows.
type data struct {
	L messages.Language
	portalapi.Medium
	Main   *shownCopy
	Copies []shownCopy
	// Paper is the whole of a paper whose first page is Main.
	Paper *shownCopy
	// Width and Height are the upright picture's, in pixels: areas are counted in them.
	Width, Height int
	Seconds       float64
	Rows          []row
	// Blank is an empty row for the script, Spare are some for those without one.
	Blank  row
	Spare  []row
	Can    map[string]bool
	Wrong  []string
	Moving bool
	Facts  []fact
	// Decisions are the forms about an erasure, Undecided what was wrong with one.
	Decisions []decision
	Undecided []string
	// Name is the file's, or the id for an administrator, who sees no content.
	Name    string
	Content bool
	// AskedAt says when the erasure was asked.
	AskedAt string
}

// known sends a person without a session to sign in.
func known(w http.ResponseWriter, r *http.Request) bool {
	if front.Of(r.Context()).Known() {
		return true
	}
	http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	return false
}

func show(w http.ResponseWriter, r *http.Request) {
	if !known(w, r) {
		return
	}
	m, err := view.MediumByID(r.Context(), front.Of(r.Context()).Client, r.PathValue("id"))
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	d := shown(m, shell.Language(r))
	d.Rows = rowsOf(m.Areas, m.Proposed)
	d.asking("", "")
	write(w, r, http.StatusOK, d)
}

func write(w http.ResponseWriter, r *http.Request, status int, d data) {
	d.number()
	title := d.L.Say("审看："+d.Name, "Look: "+d.Name)
	shell.Show(w, r, status, page, title, d)
}

// commands are those that the page's buttons give.
var commands = map[string]bool{"mask": true, "clear": true, "retry": true}

func command(w http.ResponseWriter, r *http.Request) {
	if !known(w, r) {
		return
	}
	id, name := r.PathValue("id"), r.PostFormValue("command")
	if erasures[name] {
		decide(w, r, id, name)
		return
	}
	if !commands[name] {
		shell.Fail(w, r, fault.New(fault.NotFound, "portal: command"))
		return
	}
	rows, wrong := readRows(r.PostForm)
	err := wrong.Err("portal: areas")
	if err == nil {
		err = give(r.Context(), id, name, r.PostFormValue("rendering"), rows)
	}
	if err == nil {
		to := "/look/" + url.PathEscape(id)
		if name == "clear" {
			to = "/look?cleared=" + url.QueryEscape(id)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	again(w, r, id, rows, err)
}

// again shows the page with what was entered and what is wrong with it.
func again(w http.ResponseWriter, r *http.Request, id string, rows []row, refused error) {
	m, err := view.MediumByID(r.Context(), front.Of(r.Context()).Client, id)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	f := fault.Of(refused)
	d := shown(m, shell.Language(r))
	d.Rows = rows
	d.Wrong = said(f, d.L)
	d.asking("", "")
	write(w, r, fault.Lookup(f.Code).Status, d)
}

// give sends a command; areas go with all but retry, with the number of the copies that the page showed.
func give(ctx context.Context, id, name, rendering string, rows []row) error {
	if _, err := events.ParseMediaID(id); err != nil {
		return fault.New(fault.NotFound, "portal: medium")
	}
	body := []byte("{}")
	if name != "retry" {
		areas := []events.Area{}
		for _, r := range rows {
			if r.Use {
				areas = append(areas, r.Area)
			}
		}
		var err error
		fields := map[string]any{"areas": areas}
		if n, err := strconv.Atoi(rendering); err == nil {
			fields["rendering"] = n
		}
		if body, err = json.Marshal(fields); err != nil {
			return fault.Wrap(fault.Internal, "portal: areas", err)
		}
	}
	_, err := view.CommandMedium(ctx, front.Of(ctx).Client, id, name, "", body)
	return err
}
