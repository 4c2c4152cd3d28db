// Package enter is the page that a personal link leads to: a unit's or an overseer's person comes in by a button and the code that the office told by telephone. Looking at the page does nothing,
// so the preview of a chat can't use anything up. The page's address is the link itself: the policy of all pages, same-origin, keeps it from other sites, and none stricter would do, since without a
// referrer browsers that don't send Sec-Fetch-Site (plain http) say Origin: null, which is refused as another site's. It writes a session and nothing else.
package enter

import (
	"context"
	"embed"
	"net/http"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/registry/registryapi"
)

//go:embed *.tmpl
var files embed.FS

var page = shell.Parse("enter.tmpl", files)

// Sessions begins sessions.
type Sessions interface {
	Begin(ctx context.Context, account string) error
}

// Handler serves the page.
type Handler struct {
	Registry registryapi.Client
	Sessions Sessions
}

// Routes adds the page's routes.
func (h *Handler) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /enter/{link}", h.ask)
	mux.HandleFunc("POST /enter/{link}", h.enter)
}

type form struct {
	L           messages.Language
	Link, Wrong string
	// Shut says that no code helps any more.
	Shut bool
}

func (h *Handler) ask(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, http.StatusOK, form{})
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request, status int, f form) {
	f.L, f.Link = shell.Language(r), r.PathValue("link")
	title := f.L.Say("进入整改案件", "Your rectification")
	shell.Show(w, r, status, page, title, f)
}

func (h *Handler) enter(w http.ResponseWriter, r *http.Request) {
	id, err := h.Registry.Enter(r.Context(), r.PathValue("link"), r.PostFormValue("code"))
	if err == nil {
		err = h.Sessions.Begin(r.Context(), string(id.Actor.Account))
	}
	e := fault.Of(err)
	switch {
	case err == nil && len(id.Actor.Cases) > 0:
		http.Redirect(w, r, "/cases/"+string(id.Actor.Cases[0]), http.StatusSeeOther)
	case err == nil:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case e.Code == fault.Unauthenticated:
		h.show(w, r, http.StatusUnauthorized, form{Wrong: messages.Detail(e, shell.Language(r)), Shut: e.Detail != "code"})
	default:
		shell.Fail(w, r, err)
	}
}
