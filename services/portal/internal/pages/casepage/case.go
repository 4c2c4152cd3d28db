// Package casepage is the page of one case: what it is, its media, both tracks as one history, and a form for each command that the person may give now, made of the fields that the tracks' tables name
// (package inputs), with the reason why another can't be given. It owns and writes nothing: commands are given in the person's name, and a refusal comes back as the page with all that was entered.
package casepage

import (
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/oversight/oversightapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/messages"
	"songshui.internal/services/portal/internal/pages/people"
	"songshui.internal/services/portal/internal/pages/shell"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
	"songshui.internal/services/rectification/rectificationapi"
)

//go:embed case.tmpl case.css
var files embed.FS

var (
	assets = shell.NewAssets(files, "case.css")
	page   = shell.Parse("case.tmpl", files).With(assets.Path("case.css"), "")
)

type data struct {
	L     messages.Language
	Case  shownCase
	Rect  *shownRectification
	Media []shownMedium
	After []shownMedium
	// HeldBack and AfterHeldBack count the media that aren't for these eyes yet.
	HeldBack, AfterHeldBack int
	History                 []portalapi.Step
	// ID is the case's. Acts are the commands that may be given now, NotNow those of the person's role that can't; Lost says why one that was sent isn't among the former.
	ID     string
	Acts   []act
	NotNow []notNow
	Lost   []string
	// Earlier are earlier exposed cases of the same enterprise.
	Earlier []oversightapi.EnterpriseCase
	// People is the section about the people of unit and overseer, for the case's office once the case is exposed.
	People template.HTML
	// Cite is nil for a case that isn't exposed.
	Cite *cited
	// Preview says that the case isn't submitted yet; Back is where it is written.
	Preview bool
	Back    string
}

// shownCase is what the page shows of a case; days and slugs as plain strings, which the template's functions take.
type shownCase struct {
	Ref         string             `json:"ref"`
	Office      string             `json:"office"`
	State       string             `json:"state"`
	Title       string             `json:"title"`
	Summary     string             `json:"summary"`
	Sector      string             `json:"sector"`
	Category    string             `json:"category"`
	HazardLevel string             `json:"hazard_level"`
	Violations  []events.Violation `json:"violations"`
	Enterprise  events.Enterprise  `json:"enterprise"`
	FoundOn     string             `json:"found_on"`
	PenaltyYuan *int64             `json:"penalty_yuan"`
	Plan        events.Plan        `json:"rectification"`
	Exposures   []struct {
		Outlet      string `json:"outlet"`
		Level       string `json:"level"`
		Headline    string `json:"headline"`
		URL         string `json:"url"`
		PublishedOn string `json:"published_on"`
	} `json:"exposures"`
	Corrections []struct {
		On     string `json:"on"`
		Reason string `json:"reason"`
	} `json:"corrections"`
}

type shownRectification struct {
	State           string       `json:"state"`
	Due             string       `json:"due"`
	Dues            []events.Due `json:"dues"`
	DueMoved        string       `json:"due_moved"`
	Overdue         bool         `json:"overdue"`
	CalendarMissing bool         `json:"calendar_missing"`
	OverdueDays     int          `json:"overdue_days"`
	Listed          bool         `json:"listed"`
	ResponsibleUnit string       `json:"responsible_unit"`
	SupervisingUnit string       `json:"supervising_unit"`
	Items           []struct {
		Measure string `json:"measure"`
		Due     string `json:"due"`
	} `json:"items"`
}

// DueBy is system for a due day that nobody gave: the rule's, for a case that names none.
func (r *shownRectification) DueBy(asked events.Plan) string {
	if n := len(r.Dues); n == 0 || r.Dues[n-1].SetBy != rectificationapi.SetByOpened || string(asked.Deadline) == r.Due {
		return ""
	}
	return "system"
}

// DueBackdated says that the due day was set by a late entry 补录; one that came with the opening has the case's own marks.
func (r *shownRectification) DueBackdated() bool {
	n := len(r.Dues)
	return n > 0 && r.Dues[n-1].Backdated && r.Dues[n-1].SetBy != rectificationapi.SetByOpened
}

// shownMedium is a medium with the addresses of what is shown of it; Look says that the person is of its office or the province and may see how it stands.
type shownMedium struct {
	portalapi.Medium
	Picture, Large, Clip, Sound, Paper string
	Look                               bool
}

// Handler serves the page. Secure says that people come over https, whatever this listener speaks.
type Handler struct {
	Secure bool
	Now    func() time.Time
	Lists  Lists
}

// Lists are the outlets that may be named; registryapi.Directory is one.
type Lists interface {
	Outlets() []events.OutletState
}

// Routes adds the page and its commands to pages, and its style, which needs no session, to public.
func (h Handler) Routes(pages, public *http.ServeMux) {
	pages.HandleFunc("GET /cases/{id}", h.show)
	pages.HandleFunc("POST /cases/{id}/commands/{name}", h.give)
	assets.Routes(public)
}

// show shows the page; a person without a session is sent to sign in.
func (h Handler) show(w http.ResponseWriter, r *http.Request) {
	if people.Known(w, r, r.URL.RequestURI()) {
		h.write(w, r, http.StatusOK, given{})
	}
}

func (h Handler) write(w http.ResponseWriter, r *http.Request, status int, g given) {
	c := front.Of(r.Context())
	v, err := view.Case(r.Context(), c.Client, r.PathValue("id"), 0)
	if err != nil {
		shell.Fail(w, r, err)
		return
	}
	d := data{L: shell.Language(r), HeldBack: v.HeldBack, AfterHeldBack: v.OthersHeldBack, History: v.History, ID: r.PathValue("id")}
	if err := json.Unmarshal(v.Case, &d.Case); err != nil {
		shell.Fail(w, r, fault.Wrap(fault.Internal, "portal: case page", err))
		return
	}
	looks := c.Actor.Of(events.OfficeSlug(d.Case.Office)) || c.Actor.Role == access.Supervisor
	if len(v.Rectification) > 0 {
		d.Rect = &shownRectification{}
		if err := json.Unmarshal(v.Rectification, d.Rect); err != nil {
			shell.Fail(w, r, fault.Wrap(fault.Internal, "portal: case page", err))
			return
		}
	}
	if d.Rect != nil {
		after, err := view.AfterMedia(r.Context(), c.Client, v.Rectification)
		if err != nil {
			shell.Fail(w, r, err)
			return
		}
		for _, m := range after {
			d.After = append(d.After, shown(m, looks, d.L))
		}
	}
	for _, m := range v.Media {
		d.Media = append(d.Media, shown(m, looks, d.L))
	}
	if d.Rect != nil && c.Actor.Of(events.OfficeSlug(d.Case.Office)) {
		if d.People, err = people.Section(r.Context(), d.L, r.PathValue("id")); err != nil {
			shell.Fail(w, r, err)
			return
		}
	}
	// The case is shown without them while oversight doesn't answer, and to those who may see none.
	if earlier, err := (oversightapi.BoardClient{Client: c.Client}).Earlier(r.Context(), events.CaseID(r.PathValue("id"))); err == nil {
		d.Earlier = earlier.Cases
	}
	var items, violations []string
	for _, one := range d.Case.Violations {
		violations = append(violations, one.Text)
	}
	if d.Rect != nil {
		for _, i := range d.Rect.Items {
			items = append(items, i.Measure)
		}
	}
	if d.Acts, d.NotNow, d.Lost, err = h.acts(r.Context(), d.L, v, items, violations, g); err != nil {
		shell.Fail(w, r, err)
		return
	}
	d.Cite = cite(d.Case, d.Media, people.Origin(r, h.Secure)+"/cases/"+r.PathValue("id"), string(events.DayOf(h.Now())))
	shell.Show(w, r, status, page, d.Case.Title, d)
}

// Preview shows a case that is still being written as readers will see it once it is exposed: body is its submission, back where it is written. Media that aren't cleared are counted, as they will be.
func Preview(w http.ResponseWriter, r *http.Request, lists Lists, body map[string]any, back string) {
	c := front.Of(r.Context())
	d := data{L: shell.Language(r), ID: "preview", Preview: true, Back: back}
	raw, err := json.Marshal(body)
	if err == nil {
		// What can't be read yet is missing, as what wasn't entered.
		_ = json.Unmarshal(raw, &d.Case)
	}
	d.Case.Office, d.Case.State = string(c.Actor.Office), string(events.CaseExposed)
	for i := range d.Case.Exposures {
		e := &d.Case.Exposures[i]
		for _, o := range lists.Outlets() {
			if o.Name == e.Outlet || string(o.ID) == e.Outlet || slices.Contains(o.Aliases, e.Outlet) {
				e.Level = o.Level
			}
		}
	}
	entries, _ := body["media"].([]any)
	for _, one := range entries {
		of, _ := one.(map[string]any)
		id, _ := of["id"].(string)
		m, err := view.MediumByID(r.Context(), c.Client, id)
		if fault.Is(err, fault.Unavailable) {
			shell.Fail(w, r, err)
			return
		}
		if err != nil || m.State != string(events.MediaCleared) {
			d.HeldBack++
			continue
		}
		m.Caption, _ = of["caption"].(string)
		d.Media = append(d.Media, shown(m, false, d.L))
	}
	shell.Show(w, r, http.StatusOK, page, d.Case.Title, d)
}

// shown picks the smallest and the largest picture of a medium, the clip that most browsers play, the sound and the paper.
func shown(m portalapi.Medium, looks bool, l messages.Language) shownMedium {
	m.ReasonMessage = messages.End(m.Reason, l)
	s := shownMedium{Medium: m, Look: looks}
	least, most := 0, 0
	for _, c := range m.Renditions {
		kind, _, _ := strings.Cut(c.Type, "/")
		switch {
		case kind == "video" && (s.Clip == "" || c.Name == "h264"):
			s.Clip = c.URL
		case kind == "audio":
			s.Sound = c.URL
		case c.Type == "application/pdf":
			s.Paper = c.URL
		case kind == "image":
			if s.Picture == "" || c.Width < least {
				s.Picture, least = c.URL, c.Width
			}
			if c.Width > most {
				s.Large, most = c.URL, c.Width
			}
		}
	}
	return s
}
