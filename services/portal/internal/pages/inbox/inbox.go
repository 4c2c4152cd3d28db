// Package inbox is the page of what a person should know of 提醒: reminders, what was asked and decided, what came of returns; the newest first, what is unseen marked. It makes the address of the person's own
// Atom feed, which is shown once, and voids it. All is forms that work without script. It owns and writes nothing: oversight and registry are asked in the person's name.
package inbox

import (
	"embed"
	"net/http"
	"strconv"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/registry/registryapi"
)

//go:embed inbox.tmpl inbox.css
var files embed.FS

var (
	assets = shell.NewAssets(files, "inbox.css")
	page   = shell.Parse("inbox.tmpl", files).With(assets.Path("inbox.css"), "")
)

// Path is the page's address.
const Path = "/inbox"

// Handler serves the page. Secure says that people come over https, whatever this listener speaks.
type Handler struct{ Secure bool }

// Routes adds the page's routes to pages, and its style, which needs no session, to public.
func (h Handler) Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET "+Path, show)
	pages.HandleFunc("POST "+Path+"/seen", seen)
	pages.HandleFunc("POST "+Path+"/feed", h.feed)
	pages.HandleFunc("POST "+Path+"/feed/end", end)
	assets.Routes(public)
}

type data struct {
	L     messages.Language
	Inbox oversightapi.Inbox
	// Unseen says that only what is new is shown.
	Unseen             bool
	Previous, NextPage string
	// Feed is an address that was just made; it is shown this once. Ended says that one was just voided.
	Feed  string
	Ended bool
}

func show(w http.ResponseWriter, r *http.Request) {
	if people.Known(w, r, r.URL.RequestURI()) {
		write(w, r, data{Ended: r.URL.Query().Get("feed") == "ended"})
	}
}

func write(w http.ResponseWriter, r *http.Request, d data) {
	q := r.URL.Query()
	d.Unseen = q.Get("unseen") == "true"
	p := oversightapi.InboxParams{Unseen: d.Unseen}
	var err error
	if page := q.Get("page"); page != "" {
		if p.Page, err = strconv.Atoi(page); err != nil || p.Page < 1 {
			shell.Fail(w, r, &fault.Error{Code: fault.BadParameter, Detail: "page"})
			return
		}
	}
	if d.Inbox, err = (oversightapi.BoardClient{Client: front.Of(r.Context()).Client}).Inbox(r.Context(), p); err != nil {
		shell.Fail(w, r, err)
		return
	}
	d.turn()
	d.L = shell.Language(r)
	title := d.L.Say("提醒", "Inbox")
	shell.Show(w, r, http.StatusOK, page, title, d)
}

// turn gives the addresses of the pages before and after.
func (d *data) turn() {
	to := func(n int) string {
		s := Path + "?page=" + strconv.Itoa(n)
		if d.Unseen {
			s += "&unseen=true"
		}
		return s
	}
	listed := d.Inbox.Total
	if d.Unseen {
		listed = d.Inbox.UnseenTotal
	}
	if d.Inbox.Page > 1 {
		d.Previous = to(d.Inbox.Page - 1)
	}
	if d.Inbox.Page*d.Inbox.PerPage < listed {
		d.NextPage = to(d.Inbox.Page + 1)
	}
}

// Text gives an entry's words.
func (d data) Text(e oversightapi.InboxEntry) string { return messages.Entry(e.Kind, e.Args, d.L) }

func seen(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, Path) {
		return
	}
	_ = r.ParseForm() // a body that can't be read has no fields
	if _, err := (oversightapi.BoardClient{Client: front.Of(r.Context()).Client}).Seen(r.Context(), oversightapi.SeenParams{IDs: r.PostForm["id"]}); err != nil {
		shell.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

// feed answers with the address itself: it may stand in no other address and is kept nowhere.
func (h Handler) feed(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, Path) {
		return
	}
	link, err := registryapi.Client{Client: front.Of(r.Context()).Client}.NewFeed(r.Context())
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	write(w, r, data{Feed: people.Origin(r, h.Secure) + "/feeds/" + link + ".atom"})
}

func end(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, Path) {
		return
	}
	if err := (registryapi.Client{Client: front.Of(r.Context()).Client}).EndFeed(r.Context()); err != nil {
		shell.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, Path+"?feed=ended", http.StatusSeeOther)
}
