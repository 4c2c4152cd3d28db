// Package search is the page of the archive, on which people look for cases. The address holds the whole state, so that back, bookmarks and links work; all is links and one form that need no script. The script
// adds suggestions while typing and the place of the device. What can't be read in a query is shown at its place, with the rest of the page as it was.
//
// It owns and writes nothing: archive is asked in the person's name, and sees to it that nothing tells of cases that aren't for these eyes.
package search

import (
	"crypto/rand"
	"embed"
	"net/http"
	"net/url"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/sheets"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

//go:embed search.tmpl search.css search.js
var files embed.FS

var (
	assets = shell.NewAssets(files, "search.css", "search.js")
	page   = shell.Parse("search.tmpl", files).With(assets.Path("search.css"), assets.Path("search.js"))
)

type data struct {
	L messages.Language
	// A is the page's whole address.
	A address
	// Found is nil where the question can't be read.
	Found *portalapi.Found
	Hits  []hit
	// Wrong says what can't be read; Place where in the query, if it is there.
	Wrong []string
	Place *place
	// Hidden are the parameters that the form keeps without showing them.
	Hidden []hidden
	Chips  []chip
	Facets []facet
	Months *histogram
	Sorts  []choice
	Shows  []choice
	ReadAs []readAs
	Others []other
	// From and To are the numbers of the hits shown, Page of Pages.
	From, To, Page, Pages int
	Previous, NextPage    string
	// Asked is the search as an address' query, for exports and to save it; Name proposes one for it.
	Asked, Name string
	// SaveKey has the form that saves it save it once.
	SaveKey string
	// TooMany says that there are more cases than an export holds.
	TooMany bool
	Radii   []string
	Places  []placeChoice
}

type hidden struct{ Name, Value string }

type choice struct {
	Label, URL string
	On         bool
}

type placeChoice struct{ At, Label string }

type readAs struct{ How, Term, As string }

type other struct {
	Q, URL string
	Total  int
}

// hit is a hit with what is shown of its texts.
type hit struct {
	portalapi.Hit
	Fragments []fragment
	Distance  string
}

// First gives a parameter's value for its field.
func (d data) First(name string) string { return d.A.first(name) }

// More says whether a condition is given that stands in the fold.
func (d data) More() bool {
	return slices.ContainsFunc(folded, func(name string) bool { return d.A.first(name) != "" })
}

// Grid says that hits are shown as pictures.
func (d data) Grid() bool { return d.A.first(paramShow) == showGrid }

// Plain says that nothing was asked for but everything.
func (d data) Plain() bool { return len(d.A.without("sort", paramShow)) == 0 }

// Cleared is the address without any condition but the text.
func (d data) Cleared() string {
	next := address{}
	for _, name := range []string{"q", "sort", paramShow} {
		if v := d.A.first(name); v != "" && v != "nearest" {
			next[name] = []string{v}
		}
	}
	return next.link()
}

var (
	// folded are the fields that stand in the form's fold.
	folded = []string{"from", "to", "found_from", "found_to", "due_from", "due_to", "penalty_min", "penalty_max", "overdue", "near", "radius_km"}
	sorts  = []string{"relevance", "newest", "oldest", "penalty", "overdue"}
	radii  = []string{"5", "10", "20", "50", "100", "200"}
)

// Outlets knows the names of outlets (registryapi.Directory).
type Outlets interface {
	OutletByID(events.OutletID) (events.OutletState, bool)
}

// Handler serves the page.
type Handler struct{ Outlets Outlets }

// Routes adds the page to pages, and its style and script, which need no session, to public.
func (h *Handler) Routes(pages, public *http.ServeMux) {
	pages.Handle("GET /{$}", h)
	assets.Routes(public)
}

// ServeHTTP shows the page; a person without a session is sent to sign in.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := front.Of(r.Context())
	if !c.Known() {
		http.Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	a, changed := address(r.URL.Query()).clean()
	if changed {
		http.Redirect(w, r, a.link(), http.StatusSeeOther)
		return
	}
	l := shell.Language(r)
	params, err := view.ReadSearch(a.asked())
	d := data{L: l, A: a, Hidden: kept(a), Chips: h.chips(a, nil, l), Radii: radii, Asked: a.withoutPage("page").asked().Encode(), SaveKey: rand.Text()}
	for _, p := range places {
		d.Places = append(d.Places, placeChoice{p.at, messages.Term("office", p.office, l)})
	}
	if err == nil {
		var found portalapi.Found
		if found, err = view.Search(r.Context(), c.Client, params); err == nil {
			h.fill(&d, params, found)
		}
	}
	status := http.StatusOK
	if err != nil {
		if !fault.Is(err, fault.BadParameter) {
			shell.Fail(w, r, err)
			return
		}
		status = http.StatusBadRequest
		d.refused(fault.Of(err))
	}
	shell.Show(w, r, status, page, title(a, l), d)
}

func title(a address, l messages.Language) string {
	if q := a.first("q"); q != "" {
		return q + pick(" · 案例检索", " · Search", l)
	}
	return pick("案例检索", "Search", l)
}

// kept are the parameters that the form sends along.
func kept(a address) []hidden {
	var out []hidden
	for _, name := range append(slices.Clone(view.Facets), "month", "enterprise", "frame", "sort", paramShow) {
		for _, v := range a[name] {
			out = append(out, hidden{name, v})
		}
	}
	return out
}

// fill puts in what was found.
func (h *Handler) fill(d *data, params archiveapi.Params, found portalapi.Found) {
	a, l := d.A, d.L
	d.Found = &found
	for _, f := range found.Hits {
		d.Hits = append(d.Hits, shown(f, l))
	}
	d.Chips, d.Facets = h.chips(a, found.Hits, l), h.facets(a, found, l)
	d.Months = h.months(a, counts(found, a, "month"), l)
	d.Sorts = orders(a, l)
	d.Shows = []choice{{pick("列表", "list", l), a.on(paramShow, "").link(), !d.Grid()}, {pick("图片", "pictures", l), a.on(paramShow, showGrid).link(), d.Grid()}}
	for _, r := range found.ReadAs {
		d.ReadAs = append(d.ReadAs, readAs{messages.Term("read_as", r.How, l), r.Term, r.As})
	}
	for _, p := range found.DidYouMean {
		d.Others = append(d.Others, other{p.Q, a.on("q", p.Q).link(), p.Total})
	}
	d.Page, d.Pages = params.Page, (found.Total+params.PerPage-1)/params.PerPage
	d.From = (params.Page-1)*params.PerPage + 1
	d.To = d.From + len(found.Hits) - 1
	if d.Page > 1 {
		d.Previous = a.turned(d.Page - 1).link()
	}
	if d.Page < d.Pages {
		d.NextPage = a.turned(d.Page + 1).link()
	}
	d.Name = a.first("q")
	if d.Name == "" && len(d.Chips) > 0 {
		d.Name = d.Chips[0].Label
	}
	d.TooMany = found.Total > sheets.MaxExported
}

// orders are the orders to choose from. Relevance needs a text: without one it is the order of the newest.
func orders(a address, l messages.Language) []choice {
	names := slices.Clone(sorts)
	if a.first("near") != "" {
		names = append(names, "nearest")
	}
	usual := "relevance"
	if a.first("q") == "" {
		names, usual = names[1:], "newest"
		if a.first("near") != "" {
			usual = "nearest"
		}
	}
	now := a.first("sort")
	if now == "" || now == "relevance" {
		now = usual
	}
	var out []choice
	for _, name := range names {
		to := a.on("sort", name)
		if name == usual && name != "nearest" {
			to = a.without("sort")
		}
		out = append(out, choice{messages.Term("sort", name, l), to.link(), name == now})
	}
	return out
}

// Texts of which a fragment is shown besides title, reference and enterprise: those that read by themselves, and, where none of them was found in, one of the others with its label.
var (
	telling  = []string{"summary", "violations"}
	labelled = []string{"tags", "places", "rest", "transcripts"}
)

// fragment is a piece of a text, as HTML; Label says of what, where the piece doesn't.
type fragment struct{ Label, Text string }

func fragments(f portalapi.Hit, l messages.Language) (out []fragment) {
	for _, name := range telling {
		if text := f.Highlight[name]; text != "" {
			out = append(out, fragment{"", text})
		}
	}
	for _, name := range labelled {
		if text := f.Highlight[name]; text != "" && len(out) == 0 && f.Highlight["title"] == "" {
			out = append(out, fragment{messages.Term("text", name, l), text})
		}
	}
	return out
}

func shown(f portalapi.Hit, l messages.Language) hit {
	s := hit{Hit: f, Fragments: fragments(f, l)}
	if f.DistanceM != nil {
		s.Distance = distance(*f.DistanceM, l)
	}
	return s
}

// place is a query cut where it can't be read.
type place struct{ Before, Wrong, After string }

// refused says what can't be read, and where.
func (d *data) refused(f *fault.Error) {
	for _, w := range f.Fields {
		d.Wrong = append(d.Wrong, messages.Field(w, d.L))
		if from, to, ok := messages.Place(w); ok && d.Place == nil {
			q := []rune(d.A.first("q"))
			from, to = min(from, len(q)), min(to, len(q))
			d.Place = &place{string(q[:from]), string(q[from:to]), string(q[to:])}
		}
	}
}
