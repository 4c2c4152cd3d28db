package people

import (
	"net/http"

	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/shell"
)

// Given is what lets somebody in: a link, with a code where it is a personal one, or a token.
type Given struct {
	L                       messages.Language
	Name, Link, Code, Token string
	// Back is the page to go on with.
	Back string
}

// Give shows it, once: it answers the form itself, since it may stand in no address and is kept nowhere.
func Give(w http.ResponseWriter, r *http.Request, g Given) {
	g.L = shell.Language(r)
	title := g.L.Say("请现在记下", "Take it down now")
	shell.Show(w, r, http.StatusOK, given, title, g)
}

// Origin is the portal's own address as the person's browser knows it.
func Origin(r *http.Request, secure bool) string {
	scheme := "http://"
	if secure || r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host
}
