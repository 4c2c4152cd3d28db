package rectification

import (
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Words of fault.Error.Detail.
const (
	DetailDuty             = "duty"
	DetailSamePerson       = "same_person"
	DetailProvinceDecides  = "province_decides"
	DetailOfficeDecides    = "office_decides"
	DetailNotExposed       = "not_exposed"
	DetailNothingAsked     = "nothing_asked"
	DetailExtensionPending = "extension_pending"
	DetailListed           = "listed"
	DetailNotListed        = "not_listed"
	DetailNotMajor         = "not_major"
	DetailAnswered         = "answered"
)

// Transition is a row of the track: a command, where it may be given and by whom. The table drives the guards, the list of what a caller may do next, and the documentation.
type Transition struct {
	Name string
	From []events.RectificationStatus
	// To is empty where the command doesn't change the state.
	To events.RectificationStatus
	// Who may ever give it; office means the case's own, unit and overseer those of the case.
	Who []access.Role
	// Duty is what an office's account needs besides.
	Duty access.Duty
	// Facts are the types of what it can state.
	Facts []events.Fact

	body func() Body
	// may is a guard on the caller that depends on the record (forbidden), ready one on the record alone (wrong_state); both give a word of detail, "" for yes.
	may   func(s events.RectificationState, a access.Actor) string
	ready func(s events.RectificationState) string
	// decide checks the body and makes the fact.
	decide func(*work) events.Fact
}

var (
	office     = access.Office
	unit       = access.Unit
	overseer   = access.Overseer
	supervisor = access.Supervisor
)

const (
	pending    = events.RectificationPending
	inProgress = events.RectificationInProgress
	awaiting   = events.RectificationAwaitingAcceptance
	acceptedSt = events.RectificationAccepted
	closedSt   = events.RectificationClosed
)

type (
	states = []events.RectificationStatus
	roles  = []access.Role
	facts  = []events.Fact
)

// track is the table of domain.md, “Rectification”. Opening has no row: it comes by itself.
var track = []Transition{
	{Name: "start", From: states{pending}, To: inProgress, Who: roles{office}, Facts: facts{events.RectificationStartedFact{}},
		body: func() Body { return &StartBody{} }, decide: decideStart},
	{Name: "progress", From: states{inProgress}, Who: roles{unit, office}, Facts: facts{events.RectificationProgressedFact{}},
		body: func() Body { return &ProgressBody{} }, decide: decideProgress},
	{Name: "ask-extension", From: states{inProgress}, Who: roles{unit, office}, Facts: facts{events.ExtensionAskedFact{}},
		body: func() Body { return &AskExtensionBody{} }, ready: noExtensionPending, decide: decideAskExtension},
	{Name: "opine", From: states{inProgress, awaiting}, Who: roles{overseer, office}, Facts: facts{events.ExtensionOpinedFact{}},
		body: func() Body { return &OpineBody{} }, ready: extensionPending, decide: decideOpine},
	{Name: "grant-extension", From: states{inProgress, awaiting}, Who: roles{office, supervisor}, Facts: facts{events.ExtensionGrantedFact{}},
		body: func() Body { return &DecideBody{} }, may: decidesExtension, ready: extensionGrantable, decide: decideGrant},
	{Name: "refuse-extension", From: states{inProgress, awaiting}, Who: roles{office, supervisor}, Facts: facts{events.ExtensionRefusedFact{}},
		body: func() Body { return &DecideBody{} }, may: decidesExtension, ready: extensionPending, decide: decideRefuse},
	{Name: "list", From: states{inProgress}, Who: roles{office, supervisor}, Facts: facts{events.RectificationListedFact{}},
		body: func() Body { return &ListBody{} }, ready: notListed, decide: decideList},
	{Name: "delist", From: states{inProgress}, Who: roles{office, supervisor}, Facts: facts{events.RectificationDelistedFact{}},
		body: func() Body { return &ReasonBody{} }, may: delists, ready: listed, decide: decideDelist},
	{Name: "decline-listing", From: states{pending, inProgress, awaiting}, Who: roles{supervisor}, Facts: facts{events.ListingDeclinedFact{}},
		body: func() Body { return &ReasonBody{} }, ready: listingAsked, decide: decideDeclineListing},
	{Name: "ask-acceptance", From: states{inProgress}, To: awaiting, Who: roles{unit, office}, Facts: facts{events.AcceptanceAskedFact{}},
		body: func() Body { return &AskAcceptanceBody{} }, decide: decideAskAcceptance},
	{Name: "accept", From: states{awaiting}, To: acceptedSt, Who: roles{office, supervisor}, Facts: facts{events.RectificationAcceptedFact{}},
		body: func() Body { return &AcceptBody{} }, may: notTheAsker, decide: decideAccept},
	{Name: "return", From: states{awaiting}, To: inProgress, Who: roles{office, supervisor}, Facts: facts{events.AcceptanceReturnedFact{}},
		body: func() Body { return &ReturnBody{} }, may: notTheAsker, decide: decideReturn},
	{Name: "close", From: states{acceptedSt}, To: closedSt, Who: roles{office}, Duty: access.Signer, Facts: facts{events.RectificationClosedFact{}},
		body: func() Body { return &CloseBody{} }, decide: decideClose},
	{Name: "reopen", From: states{acceptedSt, closedSt}, To: inProgress, Who: roles{supervisor}, Facts: facts{events.RectificationReopenedFact{}},
		body: func() Body { return &ReopenBody{} }, decide: decideReopen},
	{Name: "ask-transfer", From: states{pending, inProgress, awaiting, acceptedSt}, Who: roles{office}, Duty: access.Signer, Facts: facts{events.TransferAskedFact{}},
		body: func() Body { return &ReasonBody{} }, decide: decideAskTransfer},
	{Name: "transfer", From: states{pending, inProgress, awaiting, acceptedSt}, To: events.RectificationTransferred, Who: roles{supervisor}, Facts: facts{events.RectificationTransferredFact{}},
		body: func() Body { return &ConsentBody{} }, ready: endingAsked(events.RectificationTransferred), decide: decideTransfer},
	{Name: "ask-not-applicable", From: states{pending, inProgress, awaiting, acceptedSt}, Who: roles{office}, Duty: access.Signer, Facts: facts{events.NotApplicableAskedFact{}},
		body: func() Body { return &ReasonBody{} }, decide: decideAskNotApplicable},
	{Name: "confirm-not-applicable", From: states{pending, inProgress, awaiting, acceptedSt}, To: events.RectificationNotApplicable, Who: roles{supervisor}, Facts: facts{events.RectificationNotApplicableFact{}},
		body: func() Body { return &ConsentBody{} }, ready: endingAsked(events.RectificationNotApplicable), decide: decideNotApplicable},
	{Name: "decline-ending", From: states{pending, inProgress, awaiting, acceptedSt}, Who: roles{supervisor}, Facts: facts{events.EndingDeclinedFact{}},
		body: func() Body { return &ReasonBody{} }, ready: anyEndingAsked, decide: decideDeclineEnding},
}

// forms are the fields of every command, of a general hazard and a major one.
var forms = func() map[string][2][]Field {
	out := make(map[string][2][]Field, len(track))
	for _, t := range track {
		out[t.Name] = [2][]Field{fieldsOf(t.body(), false), fieldsOf(t.body(), true)}
	}
	return out
}()

// Fields gives the fields of the command's body, for a major hazard or a general one.
func (t *Transition) Fields(major bool) []Field {
	if major {
		return forms[t.Name][1]
	}
	return forms[t.Name][0]
}

// Track lists every command in the order of domain.md.
func Track() []Transition { return slices.Clone(track) }

func lookup(name string) (*Transition, bool) {
	i := slices.IndexFunc(track, func(t Transition) bool { return t.Name == name })
	if i < 0 {
		return nil, false
	}
	return &track[i], true
}

// NewBody gives an empty body of a command; false if there is no such command.
func NewBody(name string) (Body, bool) {
	t, ok := lookup(name)
	if !ok {
		return nil, false
	}
	return t.body(), true
}

// Next is a command that a caller may give now.
type Next struct {
	Command string  `json:"command"`
	Fields  []Field `json:"fields"`
}

// NextFor lists what the actor may do with the record as it stands, in the order of the table.
func NextFor(s events.RectificationState, a access.Actor) []Next {
	next := []Next{}
	for i := range track {
		t := &track[i]
		if t.forbids(s, a) == nil && t.stops(s) == nil {
			next = append(next, Next{Command: t.Name, Fields: t.Fields(s.HazardLevel == hazardMajor)})
		}
	}
	return next
}

// NotNow is a command that the caller's role gives, to this case, but not now: Code is forbidden (Detail duty, same_person, province_decides, office_decides) or wrong_state (Detail the state, or what
// is missing or waits).
type NotNow struct {
	Command string     `json:"command"`
	Code    fault.Code `json:"code"`
	Detail  string     `json:"detail"`
}

// NotNowFor lists what the actor's role may do with the record at another time or as another person, in the order of the table; with NextFor these are all commands of the role.
func NotNowFor(s events.RectificationState, a access.Actor) []NotNow {
	out := []NotNow{}
	for i := range track {
		t := &track[i]
		err := t.forbids(s, a)
		if err == nil {
			err = t.stops(s)
		}
		if err == nil {
			continue
		}
		if f := fault.Of(err); f.Detail != "" {
			out = append(out, NotNow{Command: t.Name, Code: f.Code, Detail: f.Detail})
		}
	}
	return out
}

// Forbidden says why the actor may not give a command at all: by role, office, case or duty; nil if it may. Guards that depend on how the record stands are Decide's.
func Forbidden(name string, office events.OfficeSlug, id events.CaseID, a access.Actor) error {
	t, ok := lookup(name)
	if !ok {
		return fault.New(fault.NotFound, "rectification: "+name)
	}
	return t.forbidsCaller(office, id, a)
}

// forbids says why the actor may not give the command, nil if it may.
func (t *Transition) forbids(s events.RectificationState, a access.Actor) error {
	if err := t.forbidsCaller(s.Office, s.ID, a); err != nil {
		return err
	}
	if t.may != nil {
		if detail := t.may(s, a); detail != "" {
			return t.refusal(fault.Forbidden, detail)
		}
	}
	return nil
}

func (t *Transition) forbidsCaller(of events.OfficeSlug, id events.CaseID, a access.Actor) error {
	switch {
	case !slices.Contains(t.Who, a.Role),
		a.Role == office && !a.Of(of),
		(a.Role == unit || a.Role == overseer) && !a.OnCase(id):
		return t.refusal(fault.Forbidden, "")
	case a.Role == office && t.Duty != "" && !a.Has(t.Duty):
		return t.refusal(fault.Forbidden, DetailDuty)
	}
	return nil
}

func (t *Transition) refusal(code fault.Code, detail string) error {
	f := fault.New(code, "rectification: "+t.Name)
	f.Detail = detail
	return f
}

// stops says why the record's state doesn't take the command, nil if it does.
func (t *Transition) stops(s events.RectificationState) error {
	detail := ""
	switch {
	case !slices.Contains(t.From, s.State):
		detail = string(s.State)
	case t.ready != nil:
		if detail = t.ready(s); detail == "" {
			return nil
		}
	default:
		return nil
	}
	return t.refusal(fault.WrongState, detail)
}

func extensionPending(s events.RectificationState) string {
	if openExtension(s) == nil {
		return DetailNothingAsked
	}
	return ""
}

// extensionGrantable also wants the day asked for to be later still: a listing may have moved the due day meanwhile.
func extensionGrantable(s events.RectificationState) string {
	x := openExtension(s)
	if x == nil || x.NewDue <= dueInForce(s) {
		return DetailNothingAsked
	}
	return ""
}

func noExtensionPending(s events.RectificationState) string {
	if openExtension(s) != nil {
		return DetailExtensionPending
	}
	return ""
}

func listed(s events.RectificationState) string {
	if openListing(s) == nil {
		return DetailNotListed
	}
	return ""
}

func notListed(s events.RectificationState) string {
	if openListing(s) != nil {
		return DetailListed
	}
	return ""
}

func endingAsked(kind events.RectificationStatus) func(events.RectificationState) string {
	return func(s events.RectificationState) string {
		if !s.Ending.Waits() || s.Ending.Kind != kind {
			return DetailNothingAsked
		}
		return ""
	}
}

func anyEndingAsked(s events.RectificationState) string {
	if !s.Ending.Waits() {
		return DetailNothingAsked
	}
	return ""
}

// listingAsked: of a major case the province is asked once, until it has listed it or said why not.
func listingAsked(s events.RectificationState) string {
	switch {
	case s.HazardLevel != hazardMajor:
		return DetailNotMajor
	case openListing(s) != nil:
		return DetailListed
	case listingAnswered(s):
		return DetailAnswered
	}
	return ""
}

func listingAnswered(s events.RectificationState) bool {
	return s.ListingAnswer != nil || len(s.Listings) > 0
}

// byProvince says whether a listing of the province stands.
func byProvince(s events.RectificationState) bool {
	l := openListing(s)
	return l != nil && l.Grade <= gradeProvince
}

// decidesExtension: the office, or the province where it has listed the rectification.
func decidesExtension(s events.RectificationState, a access.Actor) string {
	switch {
	case a.Role == office && byProvince(s):
		return DetailProvinceDecides
	case a.Role == supervisor && !byProvince(s):
		return DetailOfficeDecides
	}
	return ""
}

// delists: who may list at that grade.
func delists(s events.RectificationState, a access.Actor) string {
	if openListing(s) == nil {
		return ""
	}
	return decidesExtension(s, a)
}

// notTheAsker keeps the second step for a second person; of an office with one person, the province takes it.
func notTheAsker(s events.RectificationState, a access.Actor) string {
	if x := openAcceptance(s); x != nil && x.AskedBy == a.Account {
		return DetailSamePerson
	}
	return ""
}
