package events

import "time"

// CaseSchema is the version of CaseState that this code writes.
const CaseSchema = 2

// CaseStatus is where a case stands on the exposure track.
type CaseStatus string

// The states of a case. Reserved is a reference that a renumbering holds; it is no case.
const (
	CaseReserved  CaseStatus = "reserved"
	CaseSubmitted CaseStatus = "submitted"
	CaseReviewed  CaseStatus = "reviewed"
	CaseEmbargoed CaseStatus = "embargoed" // 待刊发
	CaseExposed   CaseStatus = "exposed"
	CaseWithdrawn CaseStatus = "withdrawn" // 撤回
)

// Violation 违法行为 or problem, with its legal basis.
type Violation struct {
	Text  string `json:"text"`
	Basis string `json:"basis"`
}

// Enterprise is the unit that a case is about.
type Enterprise struct {
	Name string `json:"name"`
	// USCC is the unified social credit code (GB 32100, 18 characters); empty if unknown.
	USCC    string `json:"uscc,omitempty"`
	Address string `json:"address"`
	County  string `json:"county"`
}

// Location is WGS-84, degrees.
type Location struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Plan is the rectification 整改 as the case asks for it.
type Plan struct {
	ResponsibleUnit string `json:"responsible_unit"`
	Measures        string `json:"measures"`
	Deadline        Day    `json:"deadline,omitempty"`
}

// CaseContent is what a case says: the fields of a submission without its reference, publications and media.
type CaseContent struct {
	Sector      string      `json:"sector"`
	Category    string      `json:"category"`
	HazardLevel string      `json:"hazard_level"`
	Title       string      `json:"title"`
	Summary     string      `json:"summary"`
	Violations  []Violation `json:"violations"`
	Enterprise  Enterprise  `json:"enterprise"`
	Location    *Location   `json:"location,omitempty"`
	FoundOn     Day         `json:"found_on"`
	// PenaltyYuan is in whole yuan; nil = none decided.
	PenaltyYuan *int64   `json:"penalty_yuan"`
	Plan        Plan     `json:"rectification"`
	Tags        []string `json:"tags"`
}

// Publication is one exposure 曝光 in an outlet.
type Publication struct {
	// Outlet is the name as given; OutletID and Level come from the province's list and are empty while the outlet is 待认定.
	Outlet   string   `json:"outlet"`
	OutletID OutletID `json:"outlet_id,omitempty"`
	Level    string   `json:"level,omitempty"`
	// ClaimedLevel is the level that the submission gave; where it differs, the list counts.
	ClaimedLevel string  `json:"outlet_level,omitempty"`
	Kind         string  `json:"kind"`
	Headline     string  `json:"headline"`
	URL          string  `json:"url,omitempty"`
	Clip         MediaID `json:"clip,omitempty"`
	PublishedOn  Day     `json:"published_on"`
}

// CaseMedium is a medium that a case has taken.
type CaseMedium struct {
	ID      MediaID `json:"id"`
	File    string  `json:"file"`
	Caption string  `json:"caption"`
	Kind    string  `json:"kind"`
	SHA256  string  `json:"sha256"`
}

// Embargo 待刊发: the named outlets see the case; nothing is exposed by its end.
type Embargo struct {
	Outlets []OutletID `json:"outlets"`
	Until   time.Time  `json:"until"`
	SetOn   Day        `json:"set_on"`
	// SetAt is the system's time; a reminder stated before it was for an earlier embargo.
	SetAt time.Time `json:"set_at,omitzero"`
}

// Correction 更正 is shown to readers once a case is exposed.
type Correction struct {
	On     Day      `json:"on"`
	Reason string   `json:"reason"`
	Fields []string `json:"fields"`
}

// Objection 陈述申辩 and its answer.
type Objection struct {
	On Day `json:"on"`
	// At is the system's time.
	At         time.Time `json:"at,omitzero"`
	By         AccountID `json:"by"`
	Text       string    `json:"text"`
	Documents  []MediaID `json:"documents,omitempty"`
	Answer     string    `json:"answer,omitempty"`
	AnsweredOn Day       `json:"answered_on,omitempty"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
}

// Withdrawal is asked by a signer and consented to by the province.
type Withdrawal struct {
	AskedOn Day       `json:"asked_on"`
	AskedAt time.Time `json:"asked_at,omitzero"`
	AskedBy AccountID `json:"asked_by"`
	Reason  string    `json:"reason"`
	// Consent fields are empty until the province has consented.
	ConsentedOn   Day       `json:"consented_on,omitempty"`
	ConsentedBy   AccountID `json:"consented_by,omitempty"`
	ConsentReason string    `json:"consent_reason,omitempty"`
	// Decline fields are filled where the province has said no; the office may ask again.
	DeclinedOn    Day       `json:"declined_on,omitempty"`
	DeclinedBy    AccountID `json:"declined_by,omitempty"`
	DeclineReason string    `json:"decline_reason,omitempty"`
}

// Waits says whether the province hasn't answered yet.
func (w *Withdrawal) Waits() bool { return w != nil && w.ConsentedOn == "" && w.DeclinedOn == "" }

// CaseState is a case file as it stands.
type CaseState struct {
	Schema   int        `json:"schema"`
	Revision uint64     `json:"revision"`
	ID       CaseID     `json:"id"`
	Office   OfficeSlug `json:"office"`
	// Ref is the office's own number 发文字号 as shown; RefKey its normalised form.
	Ref    string     `json:"ref"`
	RefKey string     `json:"ref_key"`
	State  CaseStatus `json:"state"`
	// ReservedFor is the case that a reservation belongs to.
	ReservedFor CaseID `json:"reserved_for,omitempty"`
	CaseContent
	Exposures []Publication `json:"exposures"`
	Media     []CaseMedium  `json:"media"`

	SubmittedOn Day       `json:"submitted_on,omitempty"`
	SubmittedAt time.Time `json:"submitted_at,omitzero"`
	SubmittedBy AccountID `json:"submitted_by,omitempty"`
	ReviewedOn  Day       `json:"reviewed_on,omitempty"`
	ReviewedBy  AccountID `json:"reviewed_by,omitempty"`
	Embargo     *Embargo  `json:"embargo,omitempty"`
	// ExposedOn is the earliest day of publication; ExposedAt the system's time of the first recorded one.
	ExposedOn   Day          `json:"exposed_on,omitempty"`
	ExposedAt   time.Time    `json:"exposed_at,omitzero"`
	Corrections []Correction `json:"corrections,omitempty"`
	Objections  []Objection  `json:"objections,omitempty"`
	Withdrawal  *Withdrawal  `json:"withdrawal,omitempty"`
	WithdrawnOn Day          `json:"withdrawn_on,omitempty"`

	// Reminders are those that were stated: an embargo's end, an objection that waits.
	Reminders []Reminder `json:"reminders,omitempty"`

	// LastOn is the given day of the last step; a later step isn't earlier.
	LastOn Day `json:"last_on,omitempty"`
	// Digest is of the first submission: the same sent again is `exists`.
	Digest   string        `json:"digest,omitempty"`
	Commands []CommandMark `json:"commands,omitempty"`
}

// Holders that a case's audience is made of; access.Actor.Holds gives an actor's.
const (
	HolderSignedIn   = "signed-in"
	HolderSupervisor = "supervisor"
	HolderPublic     = "public"
)

// HolderOffice, HolderOutlet and HolderCase name one office, one outlet's journalists, the people of one rectification.
func HolderOffice(o OfficeSlug) string { return "office:" + string(o) }

// HolderOutlet names the journalists of one outlet.
func HolderOutlet(o OutletID) string { return "outlet:" + string(o) }

// HolderCase names the people (unit, overseer) of one case's rectification.
func HolderCase(id CaseID) string { return "case:" + string(id) }

// VisibleTo says who may see the case: its office and the province always; the outlets named in an embargo while it lasts; everybody signed in once it is exposed.
func (c CaseState) VisibleTo() []string {
	to := []string{HolderOffice(c.Office), HolderSupervisor}
	switch c.State {
	case CaseExposed:
		to = append(to, HolderSignedIn, HolderCase(c.ID))
	case CaseEmbargoed:
		for _, o := range c.Embargo.Outlets {
			to = append(to, HolderOutlet(o))
		}
	case CaseReserved, CaseSubmitted, CaseReviewed, CaseWithdrawn:
	}
	return to
}

// WithdrawnFrom says from whom a withdrawal took the case: those to whom VisibleTo showed it only because it was exposed. Nil unless it is withdrawn after an exposure.
func (c CaseState) WithdrawnFrom() []string {
	if c.State != CaseWithdrawn || c.ExposedOn == "" {
		return nil
	}
	return []string{HolderSignedIn, HolderCase(c.ID)}
}

// Facts of the exposure track.
type (
	// CaseReservedFact holds a new reference for a case that is being renumbered.
	CaseReservedFact struct {
		Office OfficeSlug `json:"office"`
		Ref    string     `json:"ref"`
		RefKey string     `json:"ref_key"`
		For    CaseID     `json:"for"`
	}
	// Submission is a whole case as sent: first submitted, or again after a withdrawal.
	Submission struct {
		ID     CaseID     `json:"id"`
		Office OfficeSlug `json:"office"`
		Ref    string     `json:"ref"`
		RefKey string     `json:"ref_key"`
		CaseContent
		Exposures      []Publication `json:"exposures"`
		Media          []CaseMedium  `json:"media"`
		Digest         string        `json:"digest"`
		BackdateReason string        `json:"backdate_reason,omitempty"`
	}
	// CaseSubmittedFact is the first submission; with publications the state is exposed at once.
	CaseSubmittedFact struct{ Submission }
	// CaseResubmittedFact is a submission after a withdrawal.
	CaseResubmittedFact struct{ Submission }
	// CaseReviewedFact says that a second person has read the case.
	CaseReviewedFact struct {
		Opinion        string `json:"opinion,omitempty"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// CaseEmbargoedFact holds the case back for the named outlets.
	CaseEmbargoedFact struct {
		Outlets        []OutletID `json:"outlets"`
		Until          time.Time  `json:"until"`
		BackdateReason string     `json:"backdate_reason,omitempty"`
	}
	// CaseEmbargoLiftedFact ends an embargo without a publication.
	CaseEmbargoLiftedFact struct {
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// CaseExposedFact is the first recorded publication.
	CaseExposedFact struct {
		Publication    Publication `json:"publication"`
		BackdateReason string      `json:"backdate_reason,omitempty"`
	}
	// CasePublicationAddedFact is any further one.
	CasePublicationAddedFact struct {
		Publication    Publication `json:"publication"`
		BackdateReason string      `json:"backdate_reason,omitempty"`
	}
	// CaseChange is new content and the names of the changed fields.
	CaseChange struct {
		Content        CaseContent `json:"content"`
		Fields         []string    `json:"fields"`
		Reason         string      `json:"reason,omitempty"`
		BackdateReason string      `json:"backdate_reason,omitempty"`
	}
	// CaseAmendedFact changes a case that readers haven't seen.
	CaseAmendedFact struct{ CaseChange }
	// CaseCorrectedFact 更正 changes an exposed case; its reason is shown to readers.
	CaseCorrectedFact struct{ CaseChange }
	// CaseRenumberedFact gives the case a new reference; its id stays.
	CaseRenumberedFact struct {
		Ref            string `json:"ref"`
		RefKey         string `json:"ref_key"`
		Reason         string `json:"reason,omitempty"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// CaseMediaAttachedFact adds media.
	CaseMediaAttachedFact struct {
		Media          []CaseMedium `json:"media"`
		BackdateReason string       `json:"backdate_reason,omitempty"`
	}
	// CaseMediaDetachedFact takes media off the case; the originals stay.
	CaseMediaDetachedFact struct {
		Media          []MediaID `json:"media"`
		Reason         string    `json:"reason,omitempty"`
		BackdateReason string    `json:"backdate_reason,omitempty"`
	}
	// CaseObjectedFact is a unit's statement 陈述申辩.
	CaseObjectedFact struct {
		Text           string    `json:"text"`
		Documents      []MediaID `json:"documents,omitempty"`
		BackdateReason string    `json:"backdate_reason,omitempty"`
	}
	// CaseObjectionAnsweredFact answers the oldest open objection, or the one named.
	CaseObjectionAnsweredFact struct {
		Objection      int    `json:"objection"`
		Text           string `json:"text"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// CaseWithdrawalAskedFact is a signer's request.
	CaseWithdrawalAskedFact struct {
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// CaseWithdrawalDeclinedFact is the province's no.
	CaseWithdrawalDeclinedFact struct {
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// CaseWithdrawnFact is the province's consent.
	CaseWithdrawnFact struct {
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// CaseRemindedFact states reminders whose time has come: an embargo's end exposes nothing and reminds the office.
	CaseRemindedFact struct {
		Reminders []Reminder `json:"reminders"`
	}
	// CaseRestatedFact mends a wrong state of the past: the whole state as it should be.
	CaseRestatedFact struct {
		State  CaseState `json:"state"`
		Reason string    `json:"reason"`
	}
)

// EventType names the fact.
func (CaseReservedFact) EventType() string           { return "songshui.case.reserved.v1" }
func (CaseSubmittedFact) EventType() string          { return "songshui.case.submitted.v1" }
func (CaseResubmittedFact) EventType() string        { return "songshui.case.resubmitted.v1" }
func (CaseReviewedFact) EventType() string           { return "songshui.case.reviewed.v1" }
func (CaseEmbargoedFact) EventType() string          { return "songshui.case.embargoed.v1" }
func (CaseEmbargoLiftedFact) EventType() string      { return "songshui.case.embargo-lifted.v1" }
func (CaseExposedFact) EventType() string            { return "songshui.case.exposed.v1" }
func (CasePublicationAddedFact) EventType() string   { return "songshui.case.publication-added.v1" }
func (CaseAmendedFact) EventType() string            { return "songshui.case.amended.v1" }
func (CaseCorrectedFact) EventType() string          { return "songshui.case.corrected.v1" }
func (CaseRenumberedFact) EventType() string         { return "songshui.case.renumbered.v1" }
func (CaseMediaAttachedFact) EventType() string      { return "songshui.case.media-attached.v1" }
func (CaseMediaDetachedFact) EventType() string      { return "songshui.case.media-detached.v1" }
func (CaseObjectedFact) EventType() string           { return "songshui.case.objected.v1" }
func (CaseObjectionAnsweredFact) EventType() string  { return "songshui.case.objection-answered.v1" }
func (CaseWithdrawalAskedFact) EventType() string    { return "songshui.case.withdrawal-asked.v1" }
func (CaseWithdrawalDeclinedFact) EventType() string { return "songshui.case.withdrawal-declined.v1" }
func (CaseWithdrawnFact) EventType() string          { return "songshui.case.withdrawn.v1" }
func (CaseRemindedFact) EventType() string           { return "songshui.case.reminded.v1" }
func (CaseRestatedFact) EventType() string           { return "songshui.case.restated.v1" }

var caseTypes = []Type{
	TypeOf[CaseReservedFact, CaseState](StreamCases, "a new reference is held for a renumbering"),
	TypeOf[CaseSubmittedFact, CaseState](StreamCases, "an office has submitted a case"),
	TypeOf[CaseReviewedFact, CaseState](StreamCases, "a second person has reviewed it"),
	TypeOf[CaseEmbargoedFact, CaseState](StreamCases, "it waits for a publication; the named outlets see it"),
	TypeOf[CaseEmbargoLiftedFact, CaseState](StreamCases, "the embargo ended without a publication"),
	TypeOf[CaseExposedFact, CaseState](StreamCases, "the first publication was recorded"),
	TypeOf[CasePublicationAddedFact, CaseState](StreamCases, "a further publication was recorded"),
	TypeOf[CaseAmendedFact, CaseState](StreamCases, "an unexposed case was changed"),
	TypeOf[CaseCorrectedFact, CaseState](StreamCases, "an exposed case was corrected, with a reason"),
	TypeOf[CaseRenumberedFact, CaseState](StreamCases, "the office gave it a new reference"),
	TypeOf[CaseMediaAttachedFact, CaseState](StreamCases, "media were added"),
	TypeOf[CaseMediaDetachedFact, CaseState](StreamCases, "media were taken off"),
	TypeOf[CaseObjectedFact, CaseState](StreamCases, "the unit objected"),
	TypeOf[CaseObjectionAnsweredFact, CaseState](StreamCases, "the office answered an objection"),
	TypeOf[CaseWithdrawalAskedFact, CaseState](StreamCases, "a signer asked for withdrawal"),
	TypeOf[CaseWithdrawalDeclinedFact, CaseState](StreamCases, "the province declined the withdrawal"),
	TypeOf[CaseWithdrawnFact, CaseState](StreamCases, "the province consented to the withdrawal"),
	TypeOf[CaseResubmittedFact, CaseState](StreamCases, "a withdrawn case was submitted again"),
	TypeOf[CaseRemindedFact, CaseState](StreamCases, "the office was reminded"),
	TypeOf[CaseRestatedFact, CaseState](StreamCases, "a wrong state was mended"),
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (c *CaseState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &c.Schema, &c.Revision, &c.Commands
}
