// Package accounts is the page of accounts: an administrator's all, an office's signer's those of the office; anybody with a password gets a token of their own there. Accounts are made and invited,
// their duties changed, and they are disabled at once or enabled again. All is forms that work without script. It owns nothing: registry is asked in the person's name, and a refusal comes back as the page
// with every wrong field named and nothing of what was entered lost.
package accounts

import (
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"slices"
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

//go:embed accounts.tmpl
var files embed.FS

var page = shell.Parse("accounts.tmpl", files)

const path = "/accounts"

// Lists are the offices and outlets that an account may be of; registryapi.Directory is one.
type Lists interface {
	Offices() []events.OfficeState
	Outlets() []events.OutletState
}

// Handler serves the page. Secure says that people come over https, whatever this listener speaks.
type Handler struct {
	Lists  Lists
	Secure bool
	// Now is the clock by whose day an office exists.
	Now func() time.Time
}

// Routes adds the page's routes.
func (h Handler) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+path, h.show)
	mux.HandleFunc("POST "+path, h.create)
	mux.HandleFunc("POST "+path+"/token", h.token)
	mux.HandleFunc("POST "+path+"/{id}/invitation", h.invite)
	mux.HandleFunc("POST "+path+"/{id}/duties", h.change(duties))
	mux.HandleFunc("POST "+path+"/{id}/disabling", h.change(disabled(true)))
	mux.HandleFunc("POST "+path+"/{id}/enabling", h.change(disabled(false)))
}

type data struct {
	L messages.Language
	// Manages says that the caller may manage accounts, Admin that all of them, Me who it is.
	Manages, Admin bool
	Me             events.AccountID
	Accounts       []registryapi.Account
	// People are those of personal links, who are managed on the page of their case.
	People  []registryapi.Account
	Roles   []access.Role
	Duties  []access.Duty
	Offices []events.OfficeState
	Outlets []events.OutletState
	Form    form
	Wrong   []string
}

type form struct {
	Name, Role, Office, Outlet string
	Duties                     []string
}

// Has says whether a duty is ticked.
func (f form) Has(d access.Duty) bool { return slices.Contains(f.Duties, string(d)) }

// roles are those that have a password; people of a case come by the page of the case.
var roles = []access.Role{access.Office, access.Journalist, access.Supervisor, access.Admin}

func ask(ctx context.Context) registryapi.Client {
	return registryapi.Client{Client: front.Of(ctx).Client}
}

func (h Handler) show(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, path) {
		return
	}
	h.write(w, r, http.StatusOK, data{Form: form{Role: string(access.Office), Duties: []string{string(access.Drafter), string(access.Reviewer), string(access.Signer)}}})
}

func (h Handler) write(w http.ResponseWriter, r *http.Request, status int, d data) {
	actor := front.Of(r.Context()).Actor
	d.L, d.Me, d.Roles, d.Duties = shell.Language(r), actor.Account, roles, access.Duties()
	d.Admin = actor.Role == access.Admin
	d.Manages = d.Admin || actor.Role == access.Office && actor.Has(access.Signer)
	if d.Manages {
		all, err := ask(r.Context()).Accounts(r.Context())
		if err != nil {
			shell.Fail(w, r, err)
			return
		}
		for _, a := range all {
			if a.Personal {
				d.People = append(d.People, a)
			} else {
				d.Accounts = append(d.Accounts, a)
			}
		}
	}
	if d.Admin {
		today := events.DayOf(h.Now())
		for _, o := range h.Lists.Offices() {
			if registryapi.OfficeExists(o, today) {
				d.Offices = append(d.Offices, o)
			}
		}
		d.Outlets = h.Lists.Outlets()
	}
	title := d.L.Say("账号", "Accounts")
	shell.Show(w, r, status, page, title, d)
}

// refused shows the page again; only what the person can mend comes with it.
func (h Handler) refused(w http.ResponseWriter, r *http.Request, err error, f form) {
	switch e := fault.Of(err); e.Code {
	case fault.Invalid, fault.Duplicate, fault.WrongState:
		h.write(w, r, fault.Lookup(e.Code).Status, data{Form: f, Wrong: people.Words(err, shell.Language(r))})
	default:
		shell.Fail(w, r, err)
	}
}

func (h Handler) create(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, path) {
		return
	}
	_ = r.ParseForm() // a body that can't be read has no fields
	f := form{r.PostFormValue("name"), r.PostFormValue("role"), r.PostFormValue("office"), r.PostFormValue("outlet"), r.PostForm["duties"]}
	body, err := f.body(front.Of(r.Context()).Actor.Role == access.Admin)
	var got registryapi.Invited
	if err == nil {
		got, err = ask(r.Context()).CreateAccount(r.Context(), body)
	}
	if err != nil {
		h.refused(w, r, err, f)
		return
	}
	h.give(w, r, got)
}

// body leaves out what the role hasn't, and what an office's signer has no say in. No duty at all would be refused here: registry takes an account without a list for one with all.
func (f form) body(admin bool) ([]byte, error) {
	fields := map[string]any{"name": f.Name}
	role := string(access.Office)
	if admin {
		role = f.Role
		fields["role"] = f.Role
		if f.Office != "" {
			fields["office"] = f.Office
		}
		if f.Outlet != "" {
			fields["outlet"] = f.Outlet
		}
	}
	if role == string(access.Office) {
		if err := someDuty(f.Duties); err != nil {
			return nil, err
		}
		fields["duties"] = f.Duties
	}
	return json.Marshal(fields)
}

func someDuty(duties []string) error {
	var wrong fault.Fields
	if len(duties) == 0 {
		wrong.Add("duties", "required")
	}
	return wrong.Err("portal: duties")
}

func (h Handler) give(w http.ResponseWriter, r *http.Request, got registryapi.Invited) {
	people.Give(w, r, people.Given{Name: got.Account.Name, Link: people.Origin(r, h.Secure) + "/welcome?link=" + got.Link, Back: path})
}

func (h Handler) invite(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, path) {
		return
	}
	got, err := ask(r.Context()).Invite(r.Context(), events.AccountID(r.PathValue("id")))
	if err != nil {
		h.refused(w, r, err, form{})
		return
	}
	h.give(w, r, got)
}

func (h Handler) token(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, path) {
		return
	}
	token, err := ask(r.Context()).NewToken(r.Context(), front.Of(r.Context()).Actor.Account)
	if err != nil {
		h.refused(w, r, err, form{})
		return
	}
	people.Give(w, r, people.Given{Token: token, Back: path})
}

func duties(r *http.Request) (map[string]any, error) {
	_ = r.ParseForm() // a body that can't be read has no fields
	return map[string]any{"duties": r.PostForm["duties"]}, someDuty(r.PostForm["duties"])
}

func disabled(yes bool) func(*http.Request) (map[string]any, error) {
	return func(*http.Request) (map[string]any, error) { return map[string]any{"disabled": yes}, nil }
}

func (h Handler) change(fields func(*http.Request) (map[string]any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !people.Known(w, r, path) {
			return
		}
		what, err := fields(r)
		var body []byte
		if err == nil {
			body, err = json.Marshal(what)
		}
		if err == nil {
			_, err = ask(r.Context()).ChangeAccount(r.Context(), events.AccountID(r.PathValue("id")), body)
		}
		if err != nil {
			h.refused(w, r, err, form{})
			return
		}
		http.Redirect(w, r, path, http.StatusSeeOther)
	}
}

// OutletName gives the name of an account's outlet; its id where the list isn't at hand.
func (d data) OutletName(id events.OutletID) string {
	for _, o := range d.Outlets {
		if o.ID == id {
			return o.Name
		}
	}
	return string(id)
}

// Of gives an account's duties; one without a list has all.
func (d data) Of(a registryapi.Account) []access.Duty {
	if len(a.Duties) == 0 {
		return d.Duties
	}
	return a.Duties
}

// Holds says whether an account has a duty.
func (d data) Holds(a registryapi.Account, duty access.Duty) bool {
	return slices.Contains(d.Of(a), duty)
}
