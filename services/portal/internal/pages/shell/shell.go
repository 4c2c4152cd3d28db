// Package shell is what all pages share: the frame, the style, the functions of templates, and how an error is shown.
package shell

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
)

//go:embed shell.tmpl shell.css icon.svg
var files embed.FS

// Frame is what the frame of a page shows.
type Frame struct {
	Language messages.Language
	Title    string
	Name     string
	Role     string
	Office   string
	SignedIn bool
	// Unseen is how many entries of the person's inbox are new.
	Unseen int
	Style  string
	// Styles and Scripts are the page's own; a script is a module and runs after the page is there.
	Styles, Scripts []string
	Body            template.HTML
}

// Uploads says whether the account is one that brings media and clears them.
func (f Frame) Uploads() bool { return f.Role == string(access.Office) }

// Staff says whether the account is one with a password and a token of its own, unlike those who come by a personal link.
func (f Frame) Staff() bool {
	return f.SignedIn && f.Role != string(access.Unit) && f.Role != string(access.Overseer)
}

// Inbox says whether the account has an inbox: journalists and administrators have none.
func (f Frame) Inbox() bool {
	return f.SignedIn && f.Role != string(access.Journalist) && f.Role != string(access.Admin)
}

// Oversees says whether the account sees the board and returns.
func (f Frame) Oversees() bool {
	return f.Role == string(access.Supervisor) || f.Role == string(access.Office)
}

// unseenWithin bounds what a page waits for the number beside the inbox; it does without it otherwise.
const unseenWithin = 300 * time.Millisecond

func (f *Frame) count(ctx context.Context, c *front.Caller) {
	if !f.Inbox() || c.Client.Conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, unseenWithin)
	defer cancel()
	if in, err := (oversightapi.BoardClient{Client: c.Client}).Inbox(ctx, oversightapi.InboxParams{PerPage: 1}); err == nil {
		f.Unseen = in.UnseenTotal
	}
}

// Page is one page's template with the shell's functions.
type Page struct {
	t               *template.Template
	styles, scripts []string
}

// With gives the page with a style and a script of its own; either may be empty.
func (p Page) With(style, script string) Page {
	if style != "" {
		p.styles = append(p.styles[:len(p.styles):len(p.styles)], style)
	}
	if script != "" {
		p.scripts = append(p.scripts[:len(p.scripts):len(p.scripts)], script)
	}
	return p
}

// HTML gives the page without the frame, as a part of another page.
func (p Page) HTML(data any) (template.HTML, error) {
	var b bytes.Buffer
	err := p.t.Execute(&b, data)
	return template.HTML(b.String()), err
}

// Parse reads a page's template; it panics on a mistake in it, which every test would show.
func Parse(name string, files fs.FS) Page {
	return Page{t: template.Must(template.New(name).Funcs(functions).ParseFS(files, name))}
}

var frame = template.Must(template.New("shell.tmpl").Funcs(functions).ParseFS(files, "shell.tmpl"))

var functions = template.FuncMap{
	"term":     func(kind, slug string, l messages.Language) string { return messages.Term(kind, slug, l) },
	"label":    func(name string, l messages.Language) string { return messages.Label(name, l) },
	"t":        func(zh, en string, l messages.Language) string { return l.Say(zh, en) },
	"given":    given,
	"recorded": recorded,
	"told":     told,
	// A query that one of our services has encoded.
	"query":   func(encoded string) template.URL { return template.URL(encoded) },
	"worth":   worth,
	"rfc":     func(t time.Time) string { return t.Format(time.RFC3339Nano) },
	"day":     Day,
	"time":    Time,
	"yuan":    yuan,
	"gallery": func(items any, l messages.Language) map[string]any { return map[string]any{"Items": items, "L": l} },
	"args": func(pairs ...any) map[string]any {
		out := map[string]any{}
		for i := 1; i < len(pairs); i += 2 {
			out[pairs[i-1].(string)] = pairs[i]
		}
		return out
	},
	"marked": func(fragment string) template.HTML {
		// The archive has escaped everything but its own marks; anything else would be a mistake of ours, so it is checked once more.
		plain := strings.NewReplacer("<mark>", "", "</mark>", "").Replace(fragment)
		if strings.ContainsAny(plain, "<>") {
			return template.HTML(template.HTMLEscapeString(fragment))
		}
		return template.HTML(fragment)
	},
}

// Day writes a day for people: 2026年6月12日.
func Day(d string, l messages.Language) string {
	t := events.Day(d).Time()
	if t.IsZero() {
		return ""
	}
	if l == messages.English {
		return t.Format("2 January 2006")
	}
	return t.Format("2006年1月2日")
}

// Time writes a moment in Shanghai for people: 2026年11月23日 15:00.
func Time(s string, l messages.Language) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return ""
	}
	t = t.In(events.Shanghai)
	if l == messages.English {
		return t.Format("2 January 2006 15:04")
	}
	return t.Format("2006年1月2日 15:04")
}

// yuan writes money for people: 4.8万元 where that is exact.
func yuan(n *int64, l messages.Language) string {
	switch {
	case n == nil && l == messages.English:
		return "none decided"
	case n == nil:
		return "未作出"
	case l == messages.English:
		return "CNY " + group(*n)
	case *n >= 10_000 && *n%1000 == 0:
		whole, rest := *n/10_000, *n%10_000/1000
		if rest == 0 {
			return group(whole) + "万元"
		}
		return group(whole) + "." + string(rune('0'+rest)) + "万元"
	}
	return group(*n) + "元"
}

func group(n int64) string {
	s := ""
	for n >= 1000 {
		s = "," + string([]byte{byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)}) + s
		n /= 1000
	}
	digits := ""
	for n > 0 || digits == "" {
		digits = string(rune('0'+n%10)) + digits
		n /= 10
	}
	return digits + s
}

// LanguageCookie keeps the switch of language.
const LanguageCookie = "songshui-lang"

// Language of a page: the switch's cookie, else Chinese; a browser's own preference doesn't override it, since offices share machines.
func Language(r *http.Request) messages.Language {
	if c, err := r.Cookie(LanguageCookie); err == nil && c.Value == "en" {
		return messages.English
	}
	return messages.Chinese
}

// Show writes a page within the frame.
func Show(w http.ResponseWriter, r *http.Request, status int, p Page, title string, data any) {
	var body bytes.Buffer
	if err := p.t.Execute(&body, data); err != nil {
		slog.Error("page failed", "request", front.Of(r.Context()).ID, "page", p.t.Name(), "error", err)
		http.Error(w, "500", http.StatusInternalServerError)
		return
	}
	c := front.Of(r.Context())
	f := Frame{Language: Language(r), Title: title, Name: c.Name, Role: string(c.Actor.Role), Office: string(c.Actor.Office), SignedIn: c.Known(), Style: StylePath,
		Styles: p.styles, Scripts: p.scripts, Body: template.HTML(body.String())}
	f.count(r.Context(), c)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-store")
	w.WriteHeader(status)
	if err := frame.Execute(w, f); err != nil {
		slog.Warn("page not sent", "request", c.ID, "error", err)
	}
}

//go:embed error.tmpl
var errorFile embed.FS

var errorPage = Parse("error.tmpl", errorFile)

// Fail shows a refusal as a page that says what to do.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	l := Language(r)
	status := fault.Lookup(f.Code).Status
	if status >= http.StatusInternalServerError {
		slog.Error("page refused", "request", front.Of(r.Context()).ID, "error", err)
	}
	title := messages.Title(f.Code, l)
	Show(w, r, status, errorPage, title, map[string]any{"L": l, "Title": title, "Detail": messages.Detail(f, l), "ID": front.Of(r.Context()).ID})
}

var style, _ = files.ReadFile("shell.css")

// StylePath is the style's address; it changes with its content, so it may be kept for ever.
var StylePath = "/assets/" + stamp(style) + ".css"

func stamp(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// ServeStyle serves the style.
func ServeStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(style)
}

// IconPath is the icon's address.
const IconPath = "/assets/icon.svg"

// ServeIcon serves the icon.
func ServeIcon(w http.ResponseWriter, _ *http.Request) {
	icon, _ := files.ReadFile("icon.svg")
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(icon)
}
