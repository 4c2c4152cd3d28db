// Package people is what an office sees of its cases' people: those of the responsible unit 责任单位 and the overseers 督办单位 who have a personal link to one rectification. It introduces them, renews and
// revokes their links, and shows once what lets somebody in (Give, which the page of accounts uses too). All is forms that work without script. It owns nothing: registry is asked in the person's
// name, and a refusal comes back as the page with every wrong field named and nothing of what was entered lost.
package people

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/registry/registryapi"
)

//go:embed *.tmpl copy.js
var files embed.FS

var (
	assets  = shell.NewAssets(files, "copy.js")
	section = shell.Parse("people.tmpl", files)
	given   = shell.Parse("given.tmpl", files).With("", assets.Path("copy.js"))
)

// Routes adds the page's routes to pages, and its script, which needs no session, to public. secure says that people come over https, whatever this listener speaks.
func Routes(pages, public *http.ServeMux, secure bool) {
	h := handler{secure}
	pages.HandleFunc("GET /cases/{id}/people", show)
	pages.HandleFunc("POST /cases/{id}/people", h.introduce)
	pages.HandleFunc("POST /cases/{id}/people/{account}/renewal", h.renew)
	pages.HandleFunc("POST /cases/{id}/people/{account}/revocation", revoke)
	assets.Routes(public)
}

type handler struct{ secure bool }

type data struct {
	L    messages.Language
	Case string
	// Alone says that it is a page of its own, not a part of the case's.
	Alone      bool
	People     []registryapi.Account
	Role, Name string
	Wrong      []string
}

// Section gives the part of a case's page about its people; only the case's office is to be shown it.
func Section(ctx context.Context, l messages.Language, id string) (template.HTML, error) {
	d := data{L: l, Case: id}
	if err := d.read(ctx); err != nil {
		return "", err
	}
	html, err := section.HTML(d)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "portal: people of a case", err)
	}
	return html, nil
}

func (d *data) read(ctx context.Context) (err error) {
	d.People, err = ask(ctx).People(ctx, events.CaseID(d.Case))
	return err
}

func ask(ctx context.Context) registryapi.Client {
	return registryapi.Client{Client: front.Of(ctx).Client}
}

// Known sends a person without a session to sign in; a form goes back to where it was.
func Known(w http.ResponseWriter, r *http.Request, back string) bool {
	if front.Of(r.Context()).Known() {
		return true
	}
	http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(back), http.StatusSeeOther)
	return false
}

func casePath(r *http.Request) string { return "/cases/" + url.PathEscape(r.PathValue("id")) }

func show(w http.ResponseWriter, r *http.Request) {
	if Known(w, r, casePath(r)) {
		write(w, r, http.StatusOK, data{})
	}
}

func write(w http.ResponseWriter, r *http.Request, status int, d data) {
	d.L, d.Case, d.Alone = shell.Language(r), r.PathValue("id"), true
	if err := d.read(r.Context()); err != nil {
		shell.Fail(w, r, err)
		return
	}
	title := d.L.Say("整改案件联系人", "People of the rectification")
	shell.Show(w, r, status, section, title, d)
}

// Words gives a refusal line by line: every wrong field, else what is the matter.
func Words(err error, l messages.Language) []string {
	f := fault.Of(err)
	var out []string
	for _, w := range f.Fields {
		out = append(out, messages.Field(w, l))
	}
	if len(out) == 0 {
		out = []string{messages.Title(f.Code, l)}
		if more := messages.Detail(f, l); more != "" {
			out = append(out, more)
		}
	}
	return out
}

// refused shows the page again; a case that isn't the office's is like none.
func refused(w http.ResponseWriter, r *http.Request, err error, d data) {
	f := fault.Of(err)
	if f.Code != fault.Invalid && f.Code != fault.WrongState {
		shell.Fail(w, r, err)
		return
	}
	d.Wrong = Words(err, shell.Language(r))
	write(w, r, fault.Lookup(f.Code).Status, d)
}

func (h handler) introduce(w http.ResponseWriter, r *http.Request) {
	if !Known(w, r, casePath(r)) {
		return
	}
	d := data{Role: r.PostFormValue("role"), Name: r.PostFormValue("name")}
	body, err := json.Marshal(registryapi.Introduction{Role: access.Role(d.Role), Name: d.Name})
	if err != nil {
		shell.Fail(w, r, fault.Wrap(fault.Internal, "portal: introduce", err))
		return
	}
	got, err := ask(r.Context()).Introduce(r.Context(), events.CaseID(r.PathValue("id")), body)
	if err != nil {
		refused(w, r, err, d)
		return
	}
	h.give(w, r, got)
}

func (h handler) renew(w http.ResponseWriter, r *http.Request) {
	if !Known(w, r, casePath(r)) {
		return
	}
	got, err := ask(r.Context()).Renew(r.Context(), events.CaseID(r.PathValue("id")), events.AccountID(r.PathValue("account")))
	if err != nil {
		refused(w, r, err, data{})
		return
	}
	h.give(w, r, got)
}

func (h handler) give(w http.ResponseWriter, r *http.Request, got registryapi.Invited) {
	Give(w, r, Given{Name: got.Account.Name, Link: Origin(r, h.secure) + "/enter/" + got.Link, Code: got.Code, Back: casePath(r) + "#people"})
}

func revoke(w http.ResponseWriter, r *http.Request) {
	if !Known(w, r, casePath(r)) {
		return
	}
	if err := ask(r.Context()).Revoke(r.Context(), events.CaseID(r.PathValue("id")), events.AccountID(r.PathValue("account"))); err != nil {
		refused(w, r, err, data{})
		return
	}
	http.Redirect(w, r, casePath(r)+"#people", http.StatusSeeOther)
}
