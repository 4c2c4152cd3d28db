package archive

import (
	"cmp"
	"slices"
	"time"

	"songshui.internal/events"
)

// Document is a case as search knows it: the texts to search as people wrote them, the values to filter and count by, and who may see it.
type Document struct {
	ID     events.CaseID
	Office events.OfficeSlug
	// VisibleTo are the holders one of which an actor must be.
	VisibleTo []string

	Sector, Category, HazardLevel string
	State                         events.CaseStatus
	// RectificationState is empty while there is no rectification.
	RectificationState events.RectificationStatus
	// Levels and Outlets are of the publications, each once. An outlet that isn't on the province's list (待认定) stands with its name and has no level.
	Levels, Outlets []string
	// PublishedOn is the day of the first publication; empty before it. Months are those of all publications, 2026-06.
	PublishedOn events.Day
	Months      []string
	// ExposedAt is the system's time of the exposure; zero before it.
	ExposedAt time.Time
	FoundOn   events.Day
	// DueOn is the due day of the rectification as written, while its clock runs: from the start, or from the exposure where nobody has started, until acceptance.
	DueOn events.Day
	// PenaltyYuan is in whole yuan; nil = none decided.
	PenaltyYuan *int64
	// EnterpriseKey is the USCC, or the name where there is none.
	EnterpriseKey string
	County        string
	Location      *events.Location
	// Picture is the first picture that everyone who sees the case may see: cleared for the public.
	Picture events.MediaID

	Texts
}

// Texts are a document's texts in the order of their weight.
type Texts struct {
	Ref        string   `json:"ref"`
	Title      string   `json:"title"`
	Enterprise string   `json:"enterprise"`
	Tags       []string `json:"tags,omitempty"`
	Violations []string `json:"violations,omitempty"`
	Summary    string   `json:"summary"`
	// Places are the enterprise's county and address.
	Places []string `json:"places,omitempty"`
	// Rest is everything else: legal bases, codes, units, outlets, headlines, captions and names of media.
	Rest []string `json:"rest,omitempty"`
	// Transcripts are what is said in clips and sound; nothing writes them down yet.
	Transcripts []string `json:"transcripts,omitempty"`
}

// Compose makes the whole document of a case from its records as they stand. rectification is nil while there is none; media holds the state of each
// medium that may be shown to readers (see ReadsMedia). A reserved reference is no case and gives ok = false; no case ever becomes one.
func Compose(c events.CaseState, rectification *events.RectificationState, media map[events.MediaID]events.MediaStatus) (d Document, ok bool) {
	if c.State == events.CaseReserved {
		return Document{}, false
	}
	d = Document{
		ID: c.ID, Office: c.Office, VisibleTo: c.VisibleTo(), Sector: c.Sector, Category: c.Category, HazardLevel: c.HazardLevel, State: c.State, PublishedOn: c.ExposedOn, ExposedAt: c.ExposedAt,
		FoundOn: c.FoundOn, PenaltyYuan: c.PenaltyYuan, EnterpriseKey: cmp.Or(c.Enterprise.USCC, c.Enterprise.Name), County: c.Enterprise.County, Location: c.Location,
		Texts: Texts{Ref: c.Ref, Title: c.Title, Enterprise: c.Enterprise.Name, Tags: slices.Clone(c.Tags), Summary: c.Summary},
	}
	rest := &texts{}
	for _, v := range c.Violations {
		d.Violations = append(d.Violations, v.Text)
		rest.add(v.Basis)
	}
	places := &texts{}
	places.add(c.Enterprise.County, c.Enterprise.Address)
	d.Places = places.all
	rest.add(c.Enterprise.USCC, c.Plan.ResponsibleUnit, c.Plan.Measures)
	for _, p := range c.Exposures {
		rest.add(p.Outlet, p.Headline)
		d.Outlets = addOnce(d.Outlets, outletOf(p))
		d.Levels = addOnce(d.Levels, p.Level)
		d.Months = addOnce(d.Months, monthOf(p.PublishedOn))
	}
	if rectification != nil {
		d.RectificationState = rectification.State
		d.DueOn = due(*rectification)
		rest.add(rectification.ResponsibleUnit, rectification.SupervisingUnit)
		for _, closing := range rectification.Closings {
			rest.add(closing.Outlet, closing.Headline)
		}
	}
	for _, m := range c.Media {
		if shows(c, media[m.ID]) {
			rest.add(m.Caption, m.File)
		}
		if d.Picture == "" && m.Kind == "image" && ReadsMedia(c) && media[m.ID] == events.MediaCleared {
			d.Picture = m.ID
		}
	}
	d.Rest = rest.all
	return d, true
}

// monthOf gives the month of a day, "" of none.
func monthOf(d events.Day) string {
	if len(d) < len("2026-06") {
		return ""
	}
	return string(d[:len("2026-06")])
}

// due gives the due day in force while the clock runs.
func due(r events.RectificationState) events.Day {
	switch r.State {
	case events.RectificationPending, events.RectificationInProgress, events.RectificationAwaitingAcceptance:
		if n := len(r.Dues); n > 0 {
			return r.Dues[n-1].Day
		}
	case events.RectificationAccepted, events.RectificationClosed, events.RectificationTransferred, events.RectificationNotApplicable:
	}
	return ""
}

// outletOf names the outlet of a publication for filters: its id, or its name while it is 待认定.
func outletOf(p events.Publication) string {
	if p.OutletID != "" {
		return string(p.OutletID)
	}
	return p.Outlet
}

// ReadsMedia says whether a case's document depends on the states of its media: once others than its office and the province see the case, captions and names of media
// that no person has cleared yet stay out of it, since not everyone who sees the case may read them.
func ReadsMedia(c events.CaseState) bool {
	return c.State == events.CaseExposed || c.State == events.CaseEmbargoed
}

func shows(c events.CaseState, medium events.MediaStatus) bool {
	return !ReadsMedia(c) || medium == events.MediaCleared
}

// MediumMatters says whether a medium's state, as it stands now, can change the document of a case that has taken it. Before it is cleared it shows in
// none; whatever ends that later does matter: one that was cleared once names the copies that were replaced.
func MediumMatters(m events.MediaState, eventType string) bool {
	switch m.State {
	case events.MediaCleared, events.MediaErased, events.MediaReleased:
		return true
	case events.MediaSealed, events.MediaExamined, events.MediaWaiting, events.MediaRendered, events.MediaFailed:
	}
	return len(m.Replaced) > 0 || eventType == events.MediaRestatedFact{}.EventType()
}

// texts collects texts, leaving out empty ones and repetitions.
type texts struct{ all []string }

func (t *texts) add(more ...string) {
	for _, s := range more {
		t.all = addOnce(t.all, s)
	}
}

func addOnce(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
