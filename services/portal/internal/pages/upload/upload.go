// Package upload is the page on which an office brings its media. The page only holds words and an empty list; its script hashes files in a worker, sends them by
// tus 1.0 to /files under the session, and remembers unfinished ones in the browser. It owns and writes nothing on the server.
package upload

import (
	"embed"
	"net/http"
	"net/url"

	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/pages/shell"
)

//go:embed upload.tmpl upload.css *.js
var files embed.FS

var (
	assets = shell.NewAssets(files, "upload.css", "upload.js", "tus.js", "memory.js", "row.js", "sha256.js")
	page   = shell.Parse("upload.tmpl", files).With(assets.Path("upload.css"), assets.Path("upload.js"))
)

// Routes adds the page to pages, and its style and scripts, which need no session, to public.
func Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET /upload", show)
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
		shell.Fail(w, r, fault.New(fault.Forbidden, "portal: upload page"))
		return
	}
	l := shell.Language(r)
	title := l.Say("上传影像", "Upload media")
	shell.Show(w, r, http.StatusOK, page, title, map[string]any{"L": l, "Account": string(c.Actor.Account)})
}
