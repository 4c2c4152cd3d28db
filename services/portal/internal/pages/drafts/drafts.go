// Package drafts are the pages on which an office writes a case: the list of what the person has begun, and one case in sections, made of the fields that intake takes (package inputs). It is saved as a draft
// while it is written, by script, or by a button without; what is wrong is said when it is submitted, beside each field, and nothing that was entered is lost: neither by a refusal nor by a second tab, whose
// older text is never written over the newer one unasked.
package drafts

import (
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/intake/intakeapi"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	store "songshui.internal/services/portal/internal/drafts"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/casepage"
	"songshui.internal/services/portal/internal/pages/inputs"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

//go:embed list.tmpl draft.tmpl drafts.css draft.js
var files embed.FS

var (
	assets   = shell.NewAssets(files, "drafts.css", "draft.js")
	listPage = shell.Parse("list.tmpl", files).With(assets.Path("drafts.css"), "")
	page     = shell.Parse("draft.tmpl", files).With(assets.Path("drafts.css"), assets.Path("draft.js"))
)

// Path is the list's address.
const Path = "/drafts"

// section is a part of the page with fields of the submission.
type section struct {
	id, zh, en string
	fields     []string
}

// sections hold every field that intake takes but the office, which is the writer's own (a test compares).
var sections = []section{
	{"what", "案情", "What happened", []string{"ref", "title", "sector", "category", "hazard_level", "found_on", "summary", "tags"}},
	{"media", "影像", "Media", []string{"media"}},
	{"where", "企业与位置", "Enterprise and place", []string{"enterprise", "location"}},
	{"violations", "问题与处理", "Problems", []string{"violations", "penalty_yuan"}},
	{"plan", "整改", "Rectification", []string{"rectification"}},
	{"exposures", "已经刊播的曝光", "Publications so far", []string{"exposures", "on", "backdate_reason"}},
}

// Handler serves the pages.
type Handler struct {
	Store *store.Store
	Lists casepage.Lists
}

// Routes adds the pages to pages, and their style and script, which need no session, to public.
func (h Handler) Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET "+Path, h.list)
	pages.HandleFunc("GET "+Path+"/new", begin)
	pages.HandleFunc("GET "+Path+"/{id}", h.show)
	pages.HandleFunc("GET "+Path+"/{id}/preview", h.preview)
	pages.HandleFunc("POST "+Path+"/{id}", h.save)
	assets.Routes(public)
}

// may sends a person without a session to sign in; whoever isn't a drafter of an office is refused.
func may(w http.ResponseWriter, r *http.Request) bool {
	if !people.Known(w, r, r.URL.RequestURI()) {
		return false
	}
	if a := front.Of(r.Context()).Actor; a.Role != access.Office || !a.Has(access.Drafter) {
		shell.Fail(w, r, fault.New(fault.Forbidden, "portal: drafts"))
		return false
	}
	return true
}

func begin(w http.ResponseWriter, r *http.Request) {
	if may(w, r) {
		http.Redirect(w, r, Path+"/"+store.NewID(), http.StatusSeeOther)
	}
}

// line is a draft in the list.
type line struct {
	ID, Title, Ref string
	SavedAt        time.Time
}

func (h Handler) list(w http.ResponseWriter, r *http.Request) {
	if !may(w, r) {
		return
	}
	all, err := h.Store.List(r.Context(), front.Of(r.Context()).Actor.Account)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	if len(all) == 0 {
		begin(w, r)
		return
	}
	l := shell.Language(r)
	var lines []line
	for _, d := range all {
		title, _ := d.Body["title"].(string)
		ref, _ := d.Body["ref"].(string)
		lines = append(lines, line{d.ID, title, ref, d.SavedAt})
	}
	shell.Show(w, r, http.StatusOK, listPage, l.Say("上报案例", "Submit a case"), map[string]any{"L": l, "Drafts": lines})
}

// data is what the page of a draft shows.
type data struct {
	L     messages.Language
	Draft store.Draft
	// Sections are the parts with their inputs.
	Sections []shown
	Wrong    []string
	Mistakes []inputs.Mistake
	// Sure says that the person was warned of what looks like a telephone or identity number; Saved that it was saved by the button; Overtaken that another tab has saved it since.
	Sure, Saved, Overtaken bool
	// Same are cases of the enterprise that were exposed before.
	Same []portalapi.Hit
}

type shown struct {
	ID, Title string
	Inputs    template.HTML
}

func (h Handler) show(w http.ResponseWriter, r *http.Request) {
	if d, ok := h.load(w, r); ok {
		h.write(w, r, http.StatusOK, data{Draft: d, Saved: r.URL.Query().Has("saved")}, "", nil)
	}
}

func (h Handler) preview(w http.ResponseWriter, r *http.Request) {
	if d, ok := h.load(w, r); ok {
		casepage.Preview(w, r, h.Lists, d.Body, Path+"/"+d.ID)
	}
}

// load gives the draft of the address, or answers.
func (h Handler) load(w http.ResponseWriter, r *http.Request) (store.Draft, bool) {
	if !may(w, r) {
		return store.Draft{}, false
	}
	d, err := h.Store.Get(r.Context(), front.Of(r.Context()).Actor.Account, r.PathValue("id"))
	if err != nil {
		shell.Fail(w, r, err)
	}
	return d, err == nil
}

// write shows the page with what stands in the draft.
func (h Handler) write(w http.ResponseWriter, r *http.Request, status int, d data, more string, refused *fault.Error) {
	d.L = shell.Language(r)
	choices := inputs.Choices{Outlets: inputs.Outlets(h.Lists.Outlets()), Captioned: true}
	var err error
	if choices.Media, err = casepage.Untaken(r.Context(), d.L); err != nil && !fault.Is(err, fault.Unavailable) { // what is written can be saved all the same
		shell.Fail(w, r, err)
		return
	}
	all := fields()
	whole := inputs.Form{L: d.L, Body: d.Draft.Body, Refused: refused, Choices: choices}
	for _, s := range sections {
		f := whole
		f.More, f.Fields = more, nil
		for _, name := range s.fields {
			if i := slices.IndexFunc(all, func(f inputs.Field) bool { return f.Name == name }); i >= 0 {
				f.Fields = append(f.Fields, all[i])
			}
		}
		whole.Fields = append(whole.Fields, f.Fields...)
		html, err := f.HTML()
		if err != nil {
			shell.Fail(w, r, fault.Wrap(fault.Internal, "portal: draft", err))
			return
		}
		d.Sections = append(d.Sections, shown{s.id, d.L.Say(s.zh, s.en), html})
	}
	if d.Mistakes = whole.Summary(); refused != nil && len(d.Mistakes) == 0 {
		d.Wrong = people.Words(refused, d.L)
	}
	d.Same = same(r.Context(), d.Draft.Body)
	title, _ := d.Draft.Body["title"].(string)
	if title == "" {
		title = d.L.Say("新案例", "New case")
	}
	shell.Show(w, r, status, page, title, d)
}

// same gives cases of the draft's enterprise that can be found; the page does without while the archive is away.
func same(ctx context.Context, body map[string]any) []portalapi.Hit {
	of, _ := body["enterprise"].(map[string]any)
	name, _ := of["uscc"].(string)
	if name == "" {
		name, _ = of["name"].(string)
	}
	if name == "" {
		return nil
	}
	found, err := view.Search(ctx, front.Of(ctx).Client, archiveapi.Params{Enterprise: []string{name}, State: []string{string(events.CaseExposed)}, Sort: "newest", PerPage: 5})
	if err != nil {
		return nil
	}
	return found.Hits
}

// saved is the answer to the script.
type saved struct {
	Revision string `json:"revision"`
	At       string `json:"at"`
}

// save writes what was entered, and then does what its button says: goes on, adds a line to a list, shows a preview, submits, or drops the draft.
func (h Handler) save(w http.ResponseWriter, r *http.Request) {
	if !may(w, r) {
		return
	}
	if err := r.ParseForm(); err != nil {
		shell.Fail(w, r, fault.Wrap(fault.Malformed, "portal: draft", err))
		return
	}
	c, do := front.Of(r.Context()), r.PostFormValue("do")
	if do == "drop" {
		if err := h.Store.Drop(r.Context(), c.Actor.Account, r.PathValue("id")); err != nil {
			shell.Fail(w, r, err)
			return
		}
		http.Redirect(w, r, Path, http.StatusSeeOther)
		return
	}
	revision, _ := strconv.ParseUint(r.PostFormValue("revision"), 10, 64)
	d := store.Draft{ID: r.PathValue("id"), Body: inputs.Read(r.PostForm, fields(), true), Revision: revision}
	kept, err := h.Store.Put(r.Context(), c.Actor.Account, d)
	if do == "auto" {
		if err != nil {
			front.Refuse(w, r, err)
			return
		}
		front.WriteJSON(w, http.StatusOK, saved{strconv.FormatUint(kept.Revision, 10), shell.Time(kept.SavedAt.Format(time.RFC3339), shell.Language(r))})
		return
	}
	if fault.Is(err, fault.Conflict) { // what was entered is shown, over what the other one has saved
		now, err := h.Store.Get(r.Context(), c.Actor.Account, d.ID)
		if err != nil {
			shell.Fail(w, r, err)
			return
		}
		d.Revision, d.SavedAt = now.Revision, now.SavedAt
		h.write(w, r, http.StatusConflict, data{Draft: d, Overtaken: true}, "", nil)
		return
	}
	if f := fault.Of(err); err != nil && f.Code == fault.Invalid {
		h.write(w, r, fault.Lookup(f.Code).Status, data{Draft: d}, "", f)
		return
	}
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	switch more := r.PostFormValue("more"); {
	case more != "":
		h.write(w, r, http.StatusOK, data{Draft: kept}, more, nil)
	case do == "preview":
		http.Redirect(w, r, Path+"/"+d.ID+"/preview", http.StatusSeeOther)
	case do == "submit":
		h.submit(w, r, kept)
	default:
		http.Redirect(w, r, Path+"/"+d.ID+"?saved", http.StatusSeeOther)
	}
}

func fields() (out []inputs.Field) {
	for _, f := range intakeapi.SubmissionFields() {
		if f.Name != "office" {
			out = append(out, inputs.Field(f))
		}
	}
	return out
}

// submit hands the draft in; it is gone once intake has the case. Handed in twice, it is one case.
func (h Handler) submit(w http.ResponseWriter, r *http.Request, d store.Draft) {
	c := front.Of(r.Context())
	if warned := inputs.Private(d.Body); warned != nil && r.PostFormValue("sure") == "" {
		h.write(w, r, fault.Lookup(warned.Code).Status, data{Draft: d, Sure: true}, "", warned)
		return
	}
	d.Body["office"] = c.Actor.Office
	body, err := json.Marshal(d.Body)
	delete(d.Body, "office")
	var got intakeapi.Submitted
	if err == nil {
		got, err = intakeapi.Client{Client: c.Client}.Submit(r.Context(), intakeapi.SubmitParams{}, body)
	}
	if err == nil {
		_ = h.Store.Drop(r.Context(), c.Actor.Account, d.ID) // if it stays, it can be handed in again, to no effect
		http.Redirect(w, r, "/cases/"+string(got.ID), http.StatusSeeOther)
		return
	}
	switch f := fault.Of(err); f.Code {
	case fault.Invalid, fault.Duplicate, fault.WrongState, fault.Conflict, fault.TooLarge:
		h.write(w, r, fault.Lookup(f.Code).Status, data{Draft: d, Sure: r.PostFormValue("sure") != ""}, "", f)
	default:
		shell.Fail(w, r, err)
	}
}
