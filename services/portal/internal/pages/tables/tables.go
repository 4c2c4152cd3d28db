// Package tables is the page on which an office loads a table of cases: the template, the file, what became of it, and the copy with the refused cells marked. The page only holds words; its script sends the
// file to /api/v1/imports under the session and shows the answer. It owns and writes nothing on the server, and keeps nothing in the browser.
package tables

import (
	"embed"
	"net/http"
	"net/url"

	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	table "songshui.internal/services/internal/tables"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

//go:embed tables.tmpl tables.css tables.js
var files embed.FS

var (
	assets = shell.NewAssets(files, "tables.css", "tables.js")
	page   = shell.Parse("tables.tmpl", files).With(assets.Path("tables.css"), assets.Path("tables.js"))
)

// Path is the page's address.
const Path = "/import"

// Routes adds the page to pages, and its style and script, which need no session, to public.
func Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET "+Path, show)
	assets.Routes(public)
}

// show shows the page to an office; a person without a session is sent to sign in, anybody else is refused.
func show(w http.ResponseWriter, r *http.Request) {
	c := front.Of(r.Context())
	if !c.Known() {
		http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	if c.Actor.Role != access.Office {
		shell.Fail(w, r, fault.New(fault.Forbidden, "portal: import page"))
		return
	}
	l := shell.Language(r)
	title := l.Say("导入表格", "Load a table")
	shell.Show(w, r, http.StatusOK, page, title, words(l))
}

func words(l messages.Language) map[string]any {
	return map[string]any{"L": l, "MaxMB": table.MaxFile >> 20}
}
