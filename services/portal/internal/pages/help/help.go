// Package help is the page that says how each kind of people gets its work done, and by which numbers cases and returns are judged, with their basis and the days from which they hold: the registry's rules, so it
// can't say anything else than what is done. It owns and writes nothing.
package help

import (
	"embed"
	"net/http"

	"songshui.internal/events"
	"songshui.internal/services/internal/rules"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
)

//go:embed help.tmpl
var files embed.FS

var page = shell.Parse("help.tmpl", files)

// Path is the page's address.
const Path = "/help"

// Lists are the rules; registryapi.Directory is one.
type Lists interface {
	Rules() *rules.Book
}

// Handler serves the page.
type Handler struct{ Lists Lists }

// Routes adds the page to pages.
func (h Handler) Routes(pages *http.ServeMux) { pages.HandleFunc("GET "+Path, h.show) }

func (h Handler) show(w http.ResponseWriter, r *http.Request) {
	if !people.Known(w, r, r.URL.RequestURI()) {
		return
	}
	l := shell.Language(r)
	title := l.Say("帮助", "Help")
	shell.Show(w, r, http.StatusOK, page, title, data{l, string(front.Of(r.Context()).Actor.Role), h.Lists.Rules().All()})
}

type data struct {
	L messages.Language
	// Role is the reader's, whose part is open.
	Role  string
	Rules []events.RuleState
}
