// Package search is the page on which people look for cases. The address holds the whole state, so that back, bookmarks and links work.
package search

import (
	"cmp"
	"embed"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

//go:embed search.tmpl
var files embed.FS

var page = shell.Parse("search.tmpl", files)

type data struct {
	L                  messages.Language
	Params             archiveapi.Params
	Found              portalapi.Found
	Facets             []facet
	Hidden             []hidden
	Previous, NextPage string
}

type hidden struct{ Name, Value string }

type facet struct {
	Name   string
	Values []value
}

type value struct {
	Label, URL string
	Count      int
	On         bool
}

// Outlets knows the names of outlets (registryapi.Directory).
type Outlets interface {
	OutletByID(events.OutletID) (events.OutletState, bool)
}

// Handler serves the page.
type Handler struct{ Outlets Outlets }

// ServeHTTP shows the page; a person without a session is sent to sign in.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := front.Of(r.Context())
	if !c.Known() {
		http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	q := r.URL.Query()
	params, err := view.ReadSearch(q)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	found, err := view.Search(r.Context(), c.Client, params)
	if err != nil {
		shell.Fail(w, r, fault.Of(err))
		return
	}
	l := shell.Language(r)
	d := data{L: l, Params: params, Found: found, Facets: h.facets(q, found.Facets, l)}
	for _, name := range view.Facets {
		for _, v := range q[name] {
			d.Hidden = append(d.Hidden, hidden{name, v})
		}
	}
	if params.Page > 1 {
		d.Previous = turned(q, params.Page-1)
	}
	if params.Page*params.PerPage < found.Total {
		d.NextPage = turned(q, params.Page+1)
	}
	title := "案例检索"
	if l == messages.English {
		title = "Search"
	}
	shell.Show(w, r, http.StatusOK, page, title, d)
}

// facets gives each facet's values, most first; one that is picked stays, even without hits.
func (h *Handler) facets(q url.Values, counts map[string]map[string]int, l messages.Language) []facet {
	var out []facet
	for _, name := range view.Facets {
		f := facet{Name: name}
		slugs := slices.Sorted(maps.Keys(counts[name]))
		for _, picked := range q[name] {
			if !slices.Contains(slugs, picked) {
				slugs = append(slugs, picked)
			}
		}
		slices.SortStableFunc(slugs, func(a, b string) int { return cmp.Compare(counts[name][b], counts[name][a]) })
		for _, slug := range slugs {
			f.Values = append(f.Values, value{Label: h.label(name, slug, l), URL: toggled(q, name, slug), Count: counts[name][slug], On: slices.Contains(q[name], slug)})
		}
		if len(f.Values) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// label gives a value's words; an outlet's name stands in the province's list.
func (h *Handler) label(facet, slug string, l messages.Language) string {
	if facet == "outlet" {
		if o, ok := h.Outlets.OutletByID(events.OutletID(slug)); ok {
			return o.Name
		}
	}
	return messages.Term(facet, slug, l)
}

// toggled gives the address with one value of a facet picked, or not any more; on its first page.
func toggled(q url.Values, name, slug string) string {
	next := maps.Clone(q)
	next.Del("page")
	if i := slices.Index(q[name], slug); i >= 0 {
		next[name] = slices.Delete(slices.Clone(q[name]), i, i+1)
	} else {
		next[name] = append(slices.Clone(q[name]), slug)
	}
	return "/?" + next.Encode()
}

func turned(q url.Values, to int) string {
	next := maps.Clone(q)
	next.Set("page", strconv.Itoa(to))
	return "/?" + next.Encode()
}
