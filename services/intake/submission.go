package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/personal"
)

// Body is a submission as sent: a line of cases.jsonl, with on and backdate_reason.
type Body struct {
	Ref    string `json:"ref"`
	Office string `json:"office"`
	ContentBody
	Exposures      []ExposureBody `json:"exposures"`
	Media          []MediumBody   `json:"media"`
	On             string         `json:"on"`
	BackdateReason string         `json:"backdate_reason"`
}

// ContentBody is what a case says, as sent.
type ContentBody struct {
	Sector      string             `json:"sector"`
	Category    string             `json:"category"`
	HazardLevel string             `json:"hazard_level"`
	Title       string             `json:"title"`
	Summary     string             `json:"summary"`
	Violations  []events.Violation `json:"violations"`
	Enterprise  *events.Enterprise `json:"enterprise"`
	Location    *LocationBody      `json:"location"`
	FoundOn     string             `json:"found_on"`
	PenaltyYuan *int64             `json:"penalty_yuan"`
	Plan        *PlanBody          `json:"rectification"`
	Tags        []string           `json:"tags"`
}

// LocationBody tells a missing coordinate from 0.
type LocationBody struct {
	Lat *float64 `json:"lat"`
	Lon *float64 `json:"lon"`
}

// PlanBody is the rectification that is asked for.
type PlanBody struct {
	ResponsibleUnit string `json:"responsible_unit"`
	Measures        string `json:"measures"`
	Deadline        string `json:"deadline"`
}

// ExposureBody is a publication as sent.
type ExposureBody struct {
	Outlet      string `json:"outlet"`
	OutletLevel string `json:"outlet_level"`
	Kind        string `json:"kind"`
	Headline    string `json:"headline"`
	URL         string `json:"url"`
	Clip        string `json:"clip"`
	PublishedOn string `json:"published_on"`
}

// MediumBody names a medium: {file, caption, kind, sha256?} or {id, caption}.
type MediumBody struct {
	ID      string `json:"id"`
	File    string `json:"file"`
	SHA256  string `json:"sha256"`
	Caption string `json:"caption"`
	Kind    string `json:"kind"`
}

// Name gives the field by which the medium is named.
func (m MediumBody) Name() string {
	if m.ID != "" {
		return "id"
	}
	return "file"
}

// check names every wrong field of a submission and gives it as a fact will carry it, media and outlets not resolved yet.
func (b Body) check(c *check) events.Submission {
	c.text("ref", b.Ref, MaxRef)
	s := events.Submission{Office: events.OfficeSlug(b.Office), Ref: strings.TrimSpace(b.Ref), CaseContent: b.ContentBody.check(c), Exposures: []events.Publication{}, Media: []events.CaseMedium{}}
	c.count("exposures", len(b.Exposures), MaxExposures)
	for i, e := range b.Exposures {
		s.Exposures = append(s.Exposures, e.check(c, fault.Index("exposures", i, "")+"."))
	}
	c.count("media", len(b.Media), MaxMedia)
	checkMedia(c, b.Media)
	if on, err := events.ParseDay(b.On); err == nil && s.FoundOn != "" && on < s.FoundOn {
		c.Add("on", beforeFoundOn)
	}
	return s
}

func (b ContentBody) check(c *check) events.CaseContent {
	c.one("sector", b.Sector, Sectors)
	c.one("category", b.Category, Categories)
	c.one("hazard_level", b.HazardLevel, HazardLevels)
	c.text("title", b.Title, MaxTitle)
	c.text("summary", b.Summary, MaxSummary)
	out := events.CaseContent{Sector: b.Sector, Category: b.Category, HazardLevel: b.HazardLevel, Title: b.Title, Summary: b.Summary, Violations: b.Violations, PenaltyYuan: b.PenaltyYuan, Tags: b.Tags}
	if len(b.Violations) == 0 {
		c.Add("violations", required)
	}
	c.count("violations", len(b.Violations), MaxViolations)
	for i, v := range b.Violations {
		c.text(fault.Index("violations", i, "text"), v.Text, MaxViolation)
		c.optional(fault.Index("violations", i, "basis"), v.Basis, MaxViolation)
	}
	out.Enterprise = checkEnterprise(c, b.Enterprise)
	out.Location = b.Location.check(c)
	out.FoundOn = c.day("found_on", b.FoundOn)
	if p := b.PenaltyYuan; p != nil && (*p < 0 || *p > MaxPenalty) {
		c.Add("penalty_yuan", outOfRange)
	}
	out.Plan = b.Plan.check(c, out.FoundOn)
	c.count("tags", len(b.Tags), MaxTags)
	for i, t := range b.Tags {
		c.text(fault.Index("tags", i, ""), t, MaxTag)
	}
	if out.Tags == nil {
		out.Tags = []string{}
	}
	return out
}

func checkEnterprise(c *check, e *events.Enterprise) events.Enterprise {
	if e == nil {
		c.Add("enterprise", required)
		return events.Enterprise{}
	}
	c.text("enterprise.name", e.Name, MaxName)
	c.text("enterprise.address", e.Address, MaxAddress)
	c.optional("enterprise.county", e.County, MaxName)
	if e.USCC != "" {
		if code := checkUSCC(e.USCC); code != "" {
			c.Add("enterprise.uscc", code)
		}
	}
	return *e
}

func (l *LocationBody) check(c *check) *events.Location {
	if l == nil {
		return nil
	}
	if l.Lat == nil {
		c.Add("location.lat", required)
	}
	if l.Lon == nil {
		c.Add("location.lon", required)
	}
	if l.Lat == nil || l.Lon == nil {
		return nil
	}
	if !(*l.Lat >= minLat && *l.Lat <= maxLat && *l.Lon >= minLon && *l.Lon <= maxLon) {
		c.Add("location", outsideProvince)
	}
	return &events.Location{Lat: *l.Lat, Lon: *l.Lon}
}

func (p *PlanBody) check(c *check, foundOn events.Day) events.Plan {
	if p == nil {
		c.Add("rectification", required)
		return events.Plan{}
	}
	c.text("rectification.responsible_unit", p.ResponsibleUnit, MaxName)
	c.text("rectification.measures", p.Measures, MaxMeasures)
	out := events.Plan{ResponsibleUnit: p.ResponsibleUnit, Measures: p.Measures}
	if p.Deadline == "" {
		return out
	}
	out.Deadline = c.anyDay("rectification.deadline", p.Deadline)
	if out.Deadline != "" && out.Deadline < foundOn {
		c.Add("rectification.deadline", beforeFoundOn)
	}
	return out
}

func (e ExposureBody) check(c *check, prefix string) events.Publication {
	c.text(prefix+"outlet", e.Outlet, MaxName)
	if e.OutletLevel != "" {
		c.one(prefix+"outlet_level", e.OutletLevel, OutletLevels)
	}
	c.one(prefix+"kind", e.Kind, OutletKinds)
	c.text(prefix+"headline", e.Headline, MaxHeadline)
	switch {
	case e.URL != "":
		c.link(prefix+"url", e.URL)
	case e.Clip == "":
		c.Add(prefix+"url", required)
	}
	if e.Clip != "" {
		if _, err := events.ParseMediaID(e.Clip); err != nil {
			c.Add(prefix+"clip", notFound)
		}
	}
	return events.Publication{Outlet: e.Outlet, ClaimedLevel: e.OutletLevel, Kind: e.Kind, Headline: e.Headline, URL: e.URL, Clip: events.MediaID(e.Clip), PublishedOn: c.day(prefix+"published_on", e.PublishedOn)}
}

func checkMedia(c *check, media []MediumBody) {
	seen := map[string]bool{}
	for i, m := range media {
		at := func(name string) string { return fault.Index("media", i, name) }
		switch {
		case m.ID != "":
			if _, err := events.ParseMediaID(m.ID); err != nil {
				c.Add(at("id"), notFound)
			}
		case m.File == "":
			c.Add(at("file"), required)
		case strings.ContainsAny(m.File, `/\`) || m.File == ".." || m.File == ".":
			c.Add(at("file"), "path")
		default:
			c.optional(at("file"), m.File, MaxName)
			c.one(at("kind"), m.Kind, MediaKinds)
		}
		if m.SHA256 != "" {
			if b, err := hex.DecodeString(m.SHA256); err != nil || len(b) != sha256.Size {
				c.Add(at("sha256"), format)
			}
		}
		c.optional(at("caption"), m.Caption, MaxCaption)
		key := m.ID + "\x00" + m.File + "\x00" + strings.ToLower(m.SHA256)
		if seen[key] {
			c.Add(at(m.Name()), duplicate)
		}
		seen[key] = true
	}
}

// digest is of what a submission says, whatever the order of its keys, the day on which it is entered, or what the list of outlets says of it.
func digest(s events.Submission) string {
	published := make([]events.Publication, len(s.Exposures))
	for i, p := range s.Exposures {
		p.OutletID, p.Level = "", ""
		published[i] = p
	}
	b, err := json.Marshal([]any{s.Office, s.RefKey, s.CaseContent, published, s.Media})
	if err != nil {
		panic("intake: digest: " + err.Error()) // plain structs can always be encoded
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Warnings are what a submission should be looked at for; they refuse nothing.
func Warnings(s events.Submission) []fault.Field {
	var w fault.Fields
	private := func(path, text string) {
		if personal.In(text) {
			w.Add(path, "personal_data")
		}
	}
	private("title", s.Title)
	private("summary", s.Summary)
	for i, v := range s.Violations {
		private(fault.Index("violations", i, "text"), v.Text)
	}
	private("enterprise.name", s.Enterprise.Name)
	private("enterprise.address", s.Enterprise.Address)
	private("rectification.measures", s.Plan.Measures)
	for i, t := range s.Tags {
		private(fault.Index("tags", i, ""), t)
	}
	for i, p := range s.Exposures {
		private(fault.Index("exposures", i, "headline"), p.Headline)
		switch {
		case p.OutletID == "":
			w.Add(fault.Index("exposures", i, "outlet"), "outlet_pending")
		case p.ClaimedLevel != "" && p.ClaimedLevel != p.Level:
			w.Add(fault.Index("exposures", i, "outlet_level"), "outlet_level_differs")
		}
	}
	for i, m := range s.Media {
		private(fault.Index("media", i, "caption"), m.Caption)
	}
	return w
}
