// Package saved is the page of a person's saved searches: what each told of, its conditions, its name, its own Atom feed, whose address is shown once. All is forms that work without script. It owns
// and writes nothing: archive is asked in the person's name.
package saved

import (
	"embed"
	"net/http"
	"net/url"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/api"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
)

//go:embed saved.tmpl saved.css
var files embed.FS

var (
	assets = shell.NewAssets(files, "saved.css")
	page   = shell.Parse("saved.tmpl", files).With(assets.Path("saved.css"), "")
)

// Path is the page's address.
const Path = "/searches"

// shownTold is how many of the cases that a search told of stand on the page.
const shownTold = 10

// Handler serves the page. Secure says that people come over https, whatever this listener speaks.
type Handler struct{ Secure bool }

// Routes adds the page's routes to pages, and its style, which needs no session, to public.
func (h Handler) Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET "+Path, func(w http.ResponseWriter, r *http.Request) {
		if people.Known(w, r, Path) {
			write(w, r, data{})
		}
	})
	pages.HandleFunc("POST "+Path, save)
	pages.HandleFunc("POST "+Path+"/{id}/remove", act(func(r *http.Request, c archiveapi.Client, id events.SearchID) error {
		return c.RemoveSearch(r.Context(), id)
	}))
	pages.HandleFunc("POST "+Path+"/{id}/feed/end", act(func(r *http.Request, c archiveapi.Client, id events.SearchID) error {
		_, err := c.FeedOfSearch(r.Context(), archiveapi.NamedSearch{ID: id, End: true})
		return err
	}))
	pages.HandleFunc("POST "+Path+"/{id}/feed", h.feed)
	assets.Routes(public)
}

type data struct {
	L        messages.Language
	Searches []archiveapi.ToldCases
	// Feed is an address that was just made, of the search Of; it is shown this once.
	Feed string
	Of   events.SearchID
	// Name and Query are what could not be saved, Wrong why.
	Name, Query string
	Wrong       []string
}

func archive(r *http.Request) archiveapi.Client {
	return archiveapi.Client{Client: front.Of(r.Context()).Client}
}

func write(w http.ResponseWriter, r *http.Request, d data) {
	all, err := archive(r).Searches(r.Context())
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	for _, s := range all.Searches {
		told, err := archive(r).Told(r.Context(), s.ID)
		if fault.Is(err, fault.NotFound) { // removed meanwhile
			continue
		}
		if err != nil {
			shell.Fail(w, r, err)
			return
		}
		told.Cases = told.Cases[:min(len(told.Cases), shownTold)]
		d.Searches = append(d.Searches, told)
	}
	d.L = shell.Language(r)
	title, status := "保存的检索", http.StatusOK
	if d.L == messages.English {
		title = "Saved searches"
	}
	if len(d.Wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	shell.Show(w, r, status, page, title, d)
}

// save saves a search, or gives one another name.
func save(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, Path) {
		return
	}
	_ = r.ParseForm() // a body that can't be read has no fields
	d := data{Name: r.PostForm.Get("name"), Query: r.PostForm.Get("query")}
	s, err := api.ToSave(d.Name, d.Query)
	if err == nil {
		s.ID, s.Key = events.SearchID(r.PostForm.Get("id")), r.PostForm.Get("key")
		_, err = archive(r).SaveSearch(r.Context(), s)
	}
	if f := fault.Of(err); err != nil && (f.Code == fault.Invalid || f.Code == fault.BadParameter) {
		for _, field := range f.Fields {
			d.Wrong = append(d.Wrong, messages.Field(field, shell.Language(r)))
		}
		write(w, r, d)
		return
	}
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, Path, http.StatusSeeOther)
}

func act(do func(*http.Request, archiveapi.Client, events.SearchID) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !people.Known(w, r, Path) {
			return
		}
		if err := do(r, archive(r), events.SearchID(r.PathValue("id"))); err != nil {
			shell.Fail(w, r, err)
			return
		}
		http.Redirect(w, r, Path, http.StatusSeeOther)
	}
}

// feed answers with the address itself: it may stand in no other address and is kept nowhere.
func (h Handler) feed(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, Path) {
		return
	}
	id := events.SearchID(r.PathValue("id"))
	got, err := archive(r).FeedOfSearch(r.Context(), archiveapi.NamedSearch{ID: id})
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	write(w, r, data{Of: id, Feed: people.Origin(r, h.Secure) + "/feeds/" + got.Token + ".atom"})
}

// Asked are a search's conditions in words: its text and the names of its parameters.
func (d data) Asked(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return query
	}
	return describe(values, d.L)
}
