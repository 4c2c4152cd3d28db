// Package signin is the pages on which people come in and go: sign-in, the one-time link of a new account, sign-out, and the switch of language.
package signin

import (
	"context"
	"embed"
	"net/http"
	"strings"

	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/registry/registryapi"
)

//go:embed *.tmpl
var files embed.FS

var (
	page    = shell.Parse("signin.tmpl", files)
	welcome = shell.Parse("welcome.tmpl", files)
)

// Sessions begins and ends sessions.
type Sessions interface {
	Begin(ctx context.Context, account string) error
	End(ctx context.Context) error
}

// Handler serves the pages.
type Handler struct {
	Registry registryapi.Client
	Sessions Sessions
}

// Routes adds the pages' routes.
func (h *Handler) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /sign-in", h.ask)
	mux.HandleFunc("POST /sign-in", h.signIn)
	mux.HandleFunc("POST /sign-out", h.signOut)
	mux.HandleFunc("GET /welcome", h.welcome)
	mux.HandleFunc("POST /welcome", h.redeem)
	mux.HandleFunc("POST /language", language)
}

type form struct {
	L                       messages.Language
	Next, Name, Wrong, Link string
}

// local keeps a redirect within the portal: an absolute path, not another host's.
func local(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n") {
		return "/"
	}
	return next
}

func (h *Handler) ask(w http.ResponseWriter, r *http.Request) {
	h.show(w, r, http.StatusOK, form{Next: local(r.URL.Query().Get("next"))})
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request, status int, f form) {
	f.L = shell.Language(r)
	title := f.L.Say("登录", "Sign in")
	shell.Show(w, r, status, page, title, f)
}

func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) {
	f := form{Name: r.PostFormValue("name"), Next: local(r.PostFormValue("next"))}
	id, err := h.Registry.SignIn(r.Context(), f.Name, r.PostFormValue("password"))
	if err == nil {
		err = h.Sessions.Begin(r.Context(), string(id.Actor.Account))
	}
	switch {
	case err == nil:
		http.Redirect(w, r, f.Next, http.StatusSeeOther)
	case fault.Is(err, fault.Unauthenticated):
		f.Wrong = "账号或密码不正确。"
		if shell.Language(r) == messages.English {
			f.Wrong = "Account or password is wrong."
		}
		h.show(w, r, http.StatusUnauthorized, f)
	case fault.Is(err, fault.SlowDown):
		f.Wrong = messages.Title(fault.SlowDown, shell.Language(r))
		h.show(w, r, http.StatusTooManyRequests, f)
	default:
		shell.Fail(w, r, err)
	}
}

func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) {
	if err := h.Sessions.End(r.Context()); err != nil {
		shell.Fail(w, r, fault.Wrap(fault.Unavailable, "portal: sign-out", err))
		return
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

func (h *Handler) welcome(w http.ResponseWriter, r *http.Request) {
	h.showWelcome(w, r, http.StatusOK, form{Link: r.URL.Query().Get("link")})
}

func (h *Handler) showWelcome(w http.ResponseWriter, r *http.Request, status int, f form) {
	f.L = shell.Language(r)
	title := f.L.Say("设置密码", "Choose a password")
	shell.Show(w, r, status, welcome, title, f)
}

func (h *Handler) redeem(w http.ResponseWriter, r *http.Request) {
	f := form{Link: r.PostFormValue("link")}
	id, err := h.Registry.Redeem(r.Context(), f.Link, r.PostFormValue("password"))
	if err == nil {
		err = h.Sessions.Begin(r.Context(), string(id.Actor.Account))
	}
	if err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if e := fault.Of(err); e.Code == fault.Invalid && len(e.Fields) > 0 {
		f.Wrong = messages.Field(e.Fields[0], shell.Language(r))
		h.showWelcome(w, r, http.StatusUnprocessableEntity, f)
		return
	}
	shell.Fail(w, r, err)
}

// yearOf is a cookie's age in seconds for the switch of language.
const yearOf = 365 * 24 * 60 * 60

func language(w http.ResponseWriter, r *http.Request) {
	to := "zh"
	if r.PostFormValue("to") == "en" {
		to = "en"
	}
	http.SetCookie(w, &http.Cookie{Name: shell.LanguageCookie, Value: to, Path: "/", MaxAge: yearOf, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	back := "/"
	if ref := r.Referer(); ref != "" {
		if i := strings.Index(ref, r.Host); i >= 0 {
			back = local(ref[i+len(r.Host):])
		}
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}
