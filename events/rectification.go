package events

import "time"

// RectificationSchema is the version of RectificationState that this code writes.
const RectificationSchema = 2

// RectificationStatus is where a rectification stands. Overdue, late, due soon and listed are derived, never states.
type RectificationStatus string

// The states of a rectification.
const (
	RectificationPending            RectificationStatus = "pending"             // 待交办
	RectificationInProgress         RectificationStatus = "in-progress"         // 整改中
	RectificationAwaitingAcceptance RectificationStatus = "awaiting-acceptance" // 待验收
	RectificationAccepted           RectificationStatus = "accepted"            // 验收合格
	RectificationClosed             RectificationStatus = "closed"              // 已销号
	RectificationTransferred        RectificationStatus = "transferred"         // 移送
	RectificationNotApplicable      RectificationStatus = "not-applicable"      // 不适用
)

// Reliance says which record of another stream a decision relied on, so that it can be looked up again.
type Reliance struct {
	Stream   string `json:"stream"`
	Subject  string `json:"subject"`
	Sequence uint64 `json:"sequence"`
}

// Item is one thing to mend: its violation (index into the case's), measure and own due day.
type Item struct {
	Violation int    `json:"violation"`
	Measure   string `json:"measure"`
	// Due is in force; Dues has it and those before, where a command named another.
	Due  Day   `json:"due"`
	Dues []Due `json:"dues,omitempty"`
	// Before are media that show it as it was found; what shows it mended is in the reports of progress that name it.
	Before []MediaID `json:"before,omitempty"`
}

// ItemDue is another due day for an item; Item is its index.
type ItemDue struct {
	Item int `json:"item"`
	Due  Day `json:"due"`
}

// Due is a due day as written and what set it: opened, listed, extended, reopened. The last counts; older ones stay visible.
type Due struct {
	Day   Day    `json:"day"`
	SetBy string `json:"set_by"`
	SetOn Day    `json:"set_on"`
	// SetAt is the system's time; a reminder whose moment was past by then is never stated.
	SetAt time.Time `json:"set_at,omitzero"`
	// Backdated marks one that was set by a late entry 补录.
	Backdated bool `json:"backdated,omitempty"`
}

// Progress is one report of progress.
type Progress struct {
	On    Day       `json:"on"`
	By    AccountID `json:"by"`
	Text  string    `json:"text"`
	Media []MediaID `json:"media,omitempty"`
	// Item is the index of the item that it is about, and that Media show; nil = the whole. Done says that the item is mended (true) or after all isn't (false); nil = nothing about it.
	Item *int  `json:"item,omitempty"`
	Done *bool `json:"done,omitempty"`
}

// Opinion on an extension, by the overseer or by the office with the overseer's paper (whose day may be missing).
type Opinion struct {
	On   Day       `json:"on,omitempty"`
	By   AccountID `json:"by"`
	Text string    `json:"text"`
}

// Decision words of extensions and acceptances.
const (
	Granted  = "granted"
	Refused  = "refused"
	Accepted = "accepted"
	Returned = "returned"
	// Lapsed is an extension that was still undecided when the rectification was accepted.
	Lapsed = "lapsed"
)

// Extension 延期 is asked, opined on and decided.
type Extension struct {
	AskedOn    Day       `json:"asked_on"`
	AskedAt    time.Time `json:"asked_at"`
	AskedBy    AccountID `json:"asked_by"`
	Reason     string    `json:"reason"`
	Safeguards string    `json:"safeguards"`
	NewDue     Day       `json:"new_due"`
	// Items get their own new days with it; the others keep theirs.
	Items []ItemDue `json:"items,omitempty"`
	// DueInForce is the due day that stood when it was asked; Listed whether the rectification was listed then.
	DueInForce   Day      `json:"due_in_force"`
	Listed       bool     `json:"listed"`
	Opinion      *Opinion `json:"opinion,omitempty"`
	Decision     string   `json:"decision,omitempty"`
	DecidedOn    Day      `json:"decided_on,omitempty"`
	DecisionText string   `json:"decision_text,omitempty"`
	// DecidedAt is the system's time of a person's decision; Backdated says that asking or deciding was 补录, which is outside the figures of punctuality.
	DecidedAt time.Time `json:"decided_at,omitzero"`
	Backdated bool      `json:"backdated,omitempty"`
}

// Listing 挂牌督办: grades 1 and 2 by the province, 3 city, 4 county.
type Listing struct {
	Grade      int    `json:"grade"`
	OrderNo    string `json:"order_no"`
	Body       string `json:"body"`
	On         Day    `json:"on"`
	Due        Day    `json:"due"`
	DelistedOn Day    `json:"delisted_on,omitempty"` // 摘牌
}

// Officer signs a site record; Title and a certificate number, no name.
type Officer struct {
	Title       string `json:"title"`
	Certificate string `json:"certificate"`
}

// SiteRecord 现场核查记录 of an acceptance, by two officers.
type SiteRecord struct {
	On       Day       `json:"on"`
	Officers []Officer `json:"officers"`
	Findings string    `json:"findings"`
}

// Acceptance 验收 is asked for and accepted or returned.
type Acceptance struct {
	AskedOn Day `json:"asked_on"`
	// AskedAt and DecidedAt are the system's times.
	AskedAt    time.Time   `json:"asked_at,omitzero"`
	AskedBy    AccountID   `json:"asked_by"`
	Text       string      `json:"text"`
	Media      []MediaID   `json:"media"`
	Result     string      `json:"result,omitempty"`
	DecidedOn  Day         `json:"decided_on,omitempty"`
	DecidedAt  time.Time   `json:"decided_at,omitzero"`
	DecidedBy  AccountID   `json:"decided_by,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	SiteRecord *SiteRecord `json:"site_record,omitempty"`
	// Round counts from 0; a reopening begins the next.
	Round int `json:"round"`
}

// Closing 销号 rests on a published result.
type Closing struct {
	// On is the given day of the closing; it isn't before PublishedOn.
	On                Day      `json:"on"`
	Outlet            string   `json:"outlet"`
	OutletID          OutletID `json:"outlet_id,omitempty"`
	Headline          string   `json:"headline"`
	URL               string   `json:"url,omitempty"`
	PublishedOn       Day      `json:"published_on"`
	OtherOutletReason string   `json:"other_outlet_reason,omitempty"`
	Round             int      `json:"round"`
}

// Reopening 重新挂账 begins another round with its own due day.
type Reopening struct {
	On     Day    `json:"on"`
	By     string `json:"by,omitempty"`
	Reason string `json:"reason"`
	NewDue Day    `json:"new_due"`
}

// Ending asks for (and, with consent, is) a transfer 移送 or “not applicable”.
type Ending struct {
	Kind    RectificationStatus `json:"kind"`
	AskedOn Day                 `json:"asked_on"`
	AskedBy AccountID           `json:"asked_by"`
	// AskedAt and AnsweredAt are the system's times.
	AskedAt       time.Time `json:"asked_at,omitzero"`
	AnsweredAt    time.Time `json:"answered_at,omitzero"`
	Reason        string    `json:"reason"`
	ConsentedOn   Day       `json:"consented_on,omitempty"`
	ConsentReason string    `json:"consent_reason,omitempty"`
	// A request that was declined, or that lapsed with the closing on DeclinedOn, no longer waits.
	DeclinedOn    Day    `json:"declined_on,omitempty"`
	DeclineReason string `json:"decline_reason,omitempty"`
}

// Waits says whether the province still has to answer.
func (e *Ending) Waits() bool { return e != nil && e.ConsentedOn == "" && e.DeclinedOn == "" }

// RectificationState is a rectification as it stands.
type RectificationState struct {
	Schema      int                 `json:"schema"`
	Revision    uint64              `json:"revision"`
	ID          CaseID              `json:"id"`
	Office      OfficeSlug          `json:"office"`
	State       RectificationStatus `json:"state"`
	HazardLevel string              `json:"hazard_level"`
	// OpenedOn is the earliest day of publication of the case.
	OpenedOn  Day `json:"opened_on"`
	StartedOn Day `json:"started_on,omitempty"`

	ResponsibleUnit   string `json:"responsible_unit,omitempty"`
	ResponsiblePerson string `json:"responsible_person,omitempty"`
	SupervisingUnit   string `json:"supervising_unit,omitempty"`
	FundsYuan         *int64 `json:"funds_yuan,omitempty"`
	InterimSafeguards string `json:"interim_safeguards,omitempty"`
	EmergencyPlan     string `json:"emergency_plan,omitempty"`
	Items             []Item `json:"items,omitempty"`

	Dues        []Due        `json:"dues"`
	Progress    []Progress   `json:"progress,omitempty"`
	Extensions  []Extension  `json:"extensions,omitempty"`
	Listings    []Listing    `json:"listings,omitempty"`
	Acceptances []Acceptance `json:"acceptances,omitempty"`
	Closings    []Closing    `json:"closings,omitempty"`
	Reopenings  []Reopening  `json:"reopenings,omitempty"`
	Ending      *Ending      `json:"ending,omitempty"`

	// Reminders are those that were stated. ListingAnswered says on which day the province answered whether a major case is listed, and why not.
	Reminders     []Reminder     `json:"reminders,omitempty"`
	ListingAnswer *ListingAnswer `json:"listing_answer,omitempty"`

	LastOn   Day           `json:"last_on,omitempty"`
	Commands []CommandMark `json:"commands,omitempty"`
}

// ListingAnswer is why a major case isn't listed 挂牌: the province is asked within 5 working days [ours].
type ListingAnswer struct {
	On     Day       `json:"on"`
	By     AccountID `json:"by"`
	Reason string    `json:"reason"`
}

// Facts of the rectification track.
type (
	// RectificationOpenedFact follows the case's exposure by itself.
	RectificationOpenedFact struct {
		ID          CaseID     `json:"id"`
		Office      OfficeSlug `json:"office"`
		HazardLevel string     `json:"hazard_level"`
		OpenedOn    Day        `json:"opened_on"`
		// Due is the case's deadline, or 30 days after exposure where it gives none [ours].
		Due             Day        `json:"due"`
		ResponsibleUnit string     `json:"responsible_unit"`
		RelyOn          []Reliance `json:"rely_on"`
	}
	// RectificationStartedFact assigns the rectification.
	RectificationStartedFact struct {
		ResponsibleUnit   string     `json:"responsible_unit"`
		ResponsiblePerson string     `json:"responsible_person"`
		SupervisingUnit   string     `json:"supervising_unit"`
		FundsYuan         *int64     `json:"funds_yuan,omitempty"`
		InterimSafeguards string     `json:"interim_safeguards,omitempty"`
		EmergencyPlan     string     `json:"emergency_plan,omitempty"`
		Due               Day        `json:"due,omitempty"`
		Items             []Item     `json:"items"`
		BackdateReason    string     `json:"backdate_reason,omitempty"`
		RelyOn            []Reliance `json:"rely_on"`
	}
	// RectificationProgressedFact reports progress.
	RectificationProgressedFact struct {
		Text           string     `json:"text"`
		Media          []MediaID  `json:"media,omitempty"`
		Item           *int       `json:"item,omitempty"`
		Done           *bool      `json:"done,omitempty"`
		BackdateReason string     `json:"backdate_reason,omitempty"`
		RelyOn         []Reliance `json:"rely_on,omitempty"`
	}
	// ExtensionAskedFact asks for a later due day.
	ExtensionAskedFact struct {
		Reason         string    `json:"reason"`
		Safeguards     string    `json:"safeguards"`
		NewDue         Day       `json:"new_due"`
		Items          []ItemDue `json:"items,omitempty"`
		BackdateReason string    `json:"backdate_reason,omitempty"`
	}
	// ExtensionOpinedFact is the overseer's opinion.
	ExtensionOpinedFact struct {
		Text string `json:"text"`
		// PaperOn is the day of the overseer's paper; it may be missing.
		PaperOn        Day    `json:"paper_on,omitempty"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// ExtensionGrantedFact sets the new due day.
	ExtensionGrantedFact struct {
		Text           string `json:"text,omitempty"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// ExtensionRefusedFact leaves the due day.
	ExtensionRefusedFact struct {
		Text           string `json:"text,omitempty"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// RectificationListedFact is a listing 挂牌.
	RectificationListedFact struct {
		Grade          int       `json:"grade"`
		OrderNo        string    `json:"order_no"`
		Body           string    `json:"body"`
		Due            Day       `json:"due"`
		Items          []ItemDue `json:"items,omitempty"`
		BackdateReason string    `json:"backdate_reason,omitempty"`
	}
	// RectificationDelistedFact ends it 摘牌.
	RectificationDelistedFact struct {
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// AcceptanceAskedFact asks for acceptance, with at least one after-picture or clip.
	AcceptanceAskedFact struct {
		Text           string     `json:"text"`
		Media          []MediaID  `json:"media"`
		BackdateReason string     `json:"backdate_reason,omitempty"`
		RelyOn         []Reliance `json:"rely_on,omitempty"`
	}
	// RectificationAcceptedFact grants it.
	RectificationAcceptedFact struct {
		SiteRecord     SiteRecord `json:"site_record"`
		BackdateReason string     `json:"backdate_reason,omitempty"`
	}
	// AcceptanceReturnedFact sends it back 退回整改.
	AcceptanceReturnedFact struct {
		Reason         string      `json:"reason"`
		SiteRecord     *SiteRecord `json:"site_record,omitempty"`
		BackdateReason string      `json:"backdate_reason,omitempty"`
	}
	// RectificationClosedFact is 销号.
	RectificationClosedFact struct {
		Outlet            string     `json:"outlet"`
		OutletID          OutletID   `json:"outlet_id,omitempty"`
		Headline          string     `json:"headline"`
		URL               string     `json:"url,omitempty"`
		PublishedOn       Day        `json:"published_on"`
		OtherOutletReason string     `json:"other_outlet_reason,omitempty"`
		BackdateReason    string     `json:"backdate_reason,omitempty"`
		RelyOn            []Reliance `json:"rely_on,omitempty"`
	}
	// RectificationReopenedFact is 重新挂账.
	RectificationReopenedFact struct {
		By             string    `json:"by,omitempty"`
		Reason         string    `json:"reason"`
		NewDue         Day       `json:"new_due"`
		Items          []ItemDue `json:"items,omitempty"`
		BackdateReason string    `json:"backdate_reason,omitempty"`
	}
	// EndingAsked is a signer's request for a transfer or “not applicable”.
	EndingAsked struct {
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// TransferAskedFact asks for a transfer 移送.
	TransferAskedFact struct{ EndingAsked }
	// NotApplicableAskedFact asks for “not applicable”.
	NotApplicableAskedFact struct{ EndingAsked }
	// EndingConsented is the province's consent.
	EndingConsented struct {
		Reason         string `json:"reason,omitempty"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// RectificationTransferredFact consents to a transfer.
	RectificationTransferredFact struct{ EndingConsented }
	// RectificationNotApplicableFact consents to “not applicable”.
	RectificationNotApplicableFact struct{ EndingConsented }
	// EndingDeclinedFact leaves the rectification as it was before the request.
	EndingDeclinedFact struct {
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// RectificationRemindedFact states reminders whose time has come.
	RectificationRemindedFact struct {
		Reminders []Reminder `json:"reminders"`
	}
	// ListingDeclinedFact answers why a major case isn't listed.
	ListingDeclinedFact struct {
		Reason         string `json:"reason"`
		BackdateReason string `json:"backdate_reason,omitempty"`
	}
	// RectificationRestatedFact mends a wrong state of the past.
	RectificationRestatedFact struct {
		State  RectificationState `json:"state"`
		Reason string             `json:"reason"`
	}
)

// EventType names the fact.
func (RectificationOpenedFact) EventType() string     { return "songshui.rectification.opened.v1" }
func (RectificationStartedFact) EventType() string    { return "songshui.rectification.started.v1" }
func (RectificationProgressedFact) EventType() string { return "songshui.rectification.progressed.v1" }
func (ExtensionAskedFact) EventType() string          { return "songshui.rectification.extension-asked.v1" }
func (ExtensionOpinedFact) EventType() string         { return "songshui.rectification.extension-opined.v1" }
func (ExtensionGrantedFact) EventType() string        { return "songshui.rectification.extension-granted.v1" }
func (ExtensionRefusedFact) EventType() string        { return "songshui.rectification.extension-refused.v1" }
func (RectificationListedFact) EventType() string     { return "songshui.rectification.listed.v1" }
func (RectificationDelistedFact) EventType() string   { return "songshui.rectification.delisted.v1" }
func (AcceptanceAskedFact) EventType() string         { return "songshui.rectification.acceptance-asked.v1" }
func (RectificationAcceptedFact) EventType() string   { return "songshui.rectification.accepted.v1" }
func (AcceptanceReturnedFact) EventType() string {
	return "songshui.rectification.acceptance-returned.v1"
}
func (RectificationClosedFact) EventType() string   { return "songshui.rectification.closed.v1" }
func (RectificationReopenedFact) EventType() string { return "songshui.rectification.reopened.v1" }
func (TransferAskedFact) EventType() string         { return "songshui.rectification.transfer-asked.v1" }
func (NotApplicableAskedFact) EventType() string {
	return "songshui.rectification.not-applicable-asked.v1"
}
func (RectificationTransferredFact) EventType() string {
	return "songshui.rectification.transferred.v1"
}
func (RectificationNotApplicableFact) EventType() string {
	return "songshui.rectification.not-applicable.v1"
}
func (EndingDeclinedFact) EventType() string        { return "songshui.rectification.ending-declined.v1" }
func (RectificationRemindedFact) EventType() string { return "songshui.rectification.reminded.v1" }
func (ListingDeclinedFact) EventType() string       { return "songshui.rectification.listing-declined.v1" }
func (RectificationRestatedFact) EventType() string { return "songshui.rectification.restated.v1" }

var rectificationTypes = []Type{
	TypeOf[RectificationOpenedFact, RectificationState](StreamRectification, "the case was exposed; its rectification is pending"),
	TypeOf[RectificationStartedFact, RectificationState](StreamRectification, "the office assigned it"),
	TypeOf[RectificationProgressedFact, RectificationState](StreamRectification, "progress was reported"),
	TypeOf[ExtensionAskedFact, RectificationState](StreamRectification, "a later due day was asked for"),
	TypeOf[ExtensionOpinedFact, RectificationState](StreamRectification, "the overseer gave an opinion"),
	TypeOf[ExtensionGrantedFact, RectificationState](StreamRectification, "the extension was granted"),
	TypeOf[ExtensionRefusedFact, RectificationState](StreamRectification, "the extension was refused"),
	TypeOf[RectificationListedFact, RectificationState](StreamRectification, "it was listed for supervision"),
	TypeOf[RectificationDelistedFact, RectificationState](StreamRectification, "the listing ended"),
	TypeOf[AcceptanceAskedFact, RectificationState](StreamRectification, "acceptance was asked for"),
	TypeOf[RectificationAcceptedFact, RectificationState](StreamRectification, "it was accepted on site"),
	TypeOf[AcceptanceReturnedFact, RectificationState](StreamRectification, "it was returned to the unit"),
	TypeOf[RectificationClosedFact, RectificationState](StreamRectification, "its result was published; it is closed"),
	TypeOf[RectificationReopenedFact, RectificationState](StreamRectification, "the province reopened it"),
	TypeOf[TransferAskedFact, RectificationState](StreamRectification, "a transfer was asked for"),
	TypeOf[RectificationTransferredFact, RectificationState](StreamRectification, "it was transferred"),
	TypeOf[NotApplicableAskedFact, RectificationState](StreamRectification, "“not applicable” was asked for"),
	TypeOf[RectificationNotApplicableFact, RectificationState](StreamRectification, "it doesn't apply any more"),
	TypeOf[EndingDeclinedFact, RectificationState](StreamRectification, "the province declined the transfer or “not applicable”"),
	TypeOf[RectificationRemindedFact, RectificationState](StreamRectification, "a deadline came near or passed; its people were reminded"),
	TypeOf[ListingDeclinedFact, RectificationState](StreamRectification, "the province said why a major case isn't listed"),
	TypeOf[RectificationRestatedFact, RectificationState](StreamRectification, "a wrong state was mended"),
}

// Book gives what every record carries: schema, revision and the marks of past commands.
func (r *RectificationState) Book() (schema *int, revision *uint64, marks *[]CommandMark) {
	return &r.Schema, &r.Revision, &r.Commands
}

// Media lists what items, reports of progress and requests for acceptance show, each once, oldest first.
func (r RectificationState) Media() []MediaID {
	var all []MediaID
	seen := map[MediaID]bool{}
	add := func(ids []MediaID) {
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				all = append(all, id)
			}
		}
	}
	for _, i := range r.Items {
		add(i.Before)
	}
	for _, p := range r.Progress {
		add(p.Media)
	}
	for _, a := range r.Acceptances {
		add(a.Media)
	}
	return all
}
