package intake

import (
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Who may give a command.
type Who struct {
	Role access.Role
	// Duty is needed of an office's account; empty = any.
	Duty access.Duty
}

// Field is one field of a command's body, as `next` lists it.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

// Transition is a row of the track.
type Transition struct {
	Command string
	// From are the states in which it may be given; the state after it follows from the fact.
	From   []events.CaseStatus
	Who    []Who
	Fields []Field
	// decide gives the fact of a body that has been decoded, or notes what is wrong.
	decide func(*decision) events.Fact
}

var (
	drafters   = Who{access.Office, ""}
	reviewers  = Who{access.Office, access.Reviewer}
	signers    = Who{access.Office, access.Signer}
	supervisor = Who{access.Supervisor, ""}
	unit       = Who{access.Unit, ""}

	open    = []events.CaseStatus{events.CaseSubmitted, events.CaseReviewed, events.CaseEmbargoed}
	living  = append(slices.Clone(open), events.CaseExposed)
	dayOf   = []Field{{"on", "day", false}, {"backdate_reason", "text", false}}
	because = Field{"reason", "text", true}
)

func fields(own ...Field) []Field { return append(own, dayOf...) }

var contentFields = []Field{{"sector", "sector", false}, {"category", "category", false}, {"hazard_level", "hazard_level", false}, {"title", "text", false}, {"summary", "text", false},
	{"violations", "violations", false}, {"enterprise", "enterprise", false}, {"location", "location", false}, {"found_on", "day", false}, {"penalty_yuan", "yuan", false},
	{"rectification", "plan", false}, {"tags", "texts", false}}

// submissionFields are those of a whole case; which of them are required is the form's, not amend's.
var submissionFields = func() []Field {
	out := []Field{{"ref", "text", true}, {"office", "office", true}}
	for _, f := range contentFields {
		f.Required = !slices.Contains([]string{"location", "penalty_yuan", "tags"}, f.Name)
		out = append(out, f)
	}
	return append(out, Field{"exposures", "exposures", false}, Field{"media", "media", false})
}()

// Track is the exposure track of domain.md: every command but submit, with the states in which it may be given, by whom, and its fields.
// Review may also be the province's, for an office of one person.
func Track() []Transition { return track }

var track = []Transition{
	{"review", []events.CaseStatus{events.CaseSubmitted}, []Who{reviewers, supervisor}, fields(Field{"opinion", "text", false}), decideReview},
	{"embargo", []events.CaseStatus{events.CaseReviewed}, []Who{signers}, fields(Field{"outlets", "outlets", true}, Field{"until", "time", true}), decideEmbargo},
	{"lift-embargo", []events.CaseStatus{events.CaseEmbargoed}, []Who{signers}, fields(because), decideLift},
	{"publish", living, []Who{signers}, fields(Field{"outlet", "outlet", true}, Field{"kind", "outlet_kind", true}, Field{"headline", "text", true}, Field{"url", "url", false},
		Field{"clip", "medium", false}, Field{"published_on", "day", true}, Field{"outlet_level", "level", false}), decidePublish},
	{"amend", open, []Who{drafters}, fields(append(slices.Clone(contentFields), Field{"reason", "text", false})...), decideAmend},
	{"correct", []events.CaseStatus{events.CaseExposed}, []Who{drafters}, fields(append(slices.Clone(contentFields), because)...), decideCorrect},
	{"renumber", living, []Who{signers}, fields(Field{"ref", "text", true}, Field{"reason", "text", false}), decideRenumber},
	{"attach", living, []Who{drafters}, fields(Field{"media", "media", true}), decideAttach},
	{"detach", living, []Who{drafters}, fields(Field{"media", "media", true}, Field{"reason", "text", false}), decideDetach},
	{"object", []events.CaseStatus{events.CaseExposed}, []Who{drafters, unit}, fields(Field{"text", "text", true}, Field{"documents", "media", false}), decideObject},
	{"answer", []events.CaseStatus{events.CaseExposed}, []Who{drafters}, fields(Field{"objection", "number", false}, Field{"text", "text", true}), decideAnswer},
	{"ask-withdrawal", living, []Who{signers}, fields(because), decideAskWithdrawal},
	{"withdraw", living, []Who{supervisor}, fields(because), decideWithdraw},
	{"decline-withdrawal", living, []Who{supervisor}, fields(because), decideDeclineWithdrawal},
	{"resubmit", []events.CaseStatus{events.CaseWithdrawn}, []Who{drafters}, fields(submissionFields...), decideResubmit},
}

// Find gives a command's row.
func Find(command string) (Transition, bool) {
	i := slices.IndexFunc(track, func(t Transition) bool { return t.Command == command })
	if i < 0 {
		return Transition{}, false
	}
	return track[i], true
}

// Resolved is what the adapters have looked up for a body: media, outlets, the normalised reference. Decisions stay free of lookups.
type Resolved struct {
	RefKey string
	// Ref is the reference as shown, with 〔 〕.
	Ref string
	// Media and Documents are the media that the body names, in its order; where one wasn't found the list is shorter, and Wrong says why.
	Media     []events.CaseMedium
	Documents []events.CaseMedium
	// Outlet gives an outlet of the list by id, name or alias.
	Outlet func(string) (events.OutletState, bool)
	// OfficeExists says whether an office existed on a day.
	OfficeExists func(events.OfficeSlug, events.Day) bool
	// Wrong are fields that the lookups refused.
	Wrong []fault.Field
	// BackdateAfter is the rule of given days; see rules.BackdateAfter.
	BackdateAfter int
}

// CommandBody is the body of any command but resubmit; each takes its own fields of it, and the rest must be missing.
type CommandBody struct {
	Changes
	Opinion     string       `json:"opinion"`
	Outlets     []string     `json:"outlets"`
	Until       string       `json:"until"`
	Reason      string       `json:"reason"`
	Outlet      string       `json:"outlet"`
	OutletLevel string       `json:"outlet_level"`
	Kind        string       `json:"kind"`
	Headline    string       `json:"headline"`
	URL         string       `json:"url"`
	Clip        string       `json:"clip"`
	PublishedOn string       `json:"published_on"`
	Ref         string       `json:"ref"`
	Media       []MediumBody `json:"media"`
	Text        string       `json:"text"`
	Documents   []MediumBody `json:"documents"`
	Objection   *int         `json:"objection"`

	On             string `json:"on"`
	BackdateReason string `json:"backdate_reason"`
}

// Changes are the fields of a case that amend and correct may change; nil = as it is.
type Changes struct {
	Sector      *string             `json:"sector"`
	Category    *string             `json:"category"`
	HazardLevel *string             `json:"hazard_level"`
	Title       *string             `json:"title"`
	Summary     *string             `json:"summary"`
	Violations  *[]events.Violation `json:"violations"`
	Enterprise  *events.Enterprise  `json:"enterprise"`
	Location    *LocationBody       `json:"location"`
	FoundOn     *string             `json:"found_on"`
	PenaltyYuan *int64              `json:"penalty_yuan"`
	Plan        *PlanBody           `json:"rectification"`
	Tags        *[]string           `json:"tags"`
}

// Request is one command as it came.
type Request struct {
	Command string
	Actor   access.Actor
	Body    CommandBody
	// Resubmission is the body of resubmit.
	Resubmission Body
	Resolved     Resolved
	Now          time.Time
}

// decision is a request against a case.
type decision struct {
	Request
	check
	current events.CaseState
	given   access.Given
	// unfit are fields that are right in themselves but don't fit the case as it stands; they are told only where its state takes the command.
	unfit fault.Fields
}

// Audience refuses who may not see the case as if it weren't there; who could see it until it was withdrawn is told that it is gone.
func Audience(a access.Actor, c events.CaseState) error {
	switch {
	case c.State == "" || c.State == events.CaseReserved:
	case a.Sees(c.VisibleTo()):
		return nil
	case a.Sees(c.WithdrawnFrom()):
		return fault.New(fault.Gone, "intake")
	}
	return fault.New(fault.NotFound, "intake")
}

// may says whether the actor may give a command to the case: fault.Forbidden if never, with duty as its detail where another duty of the office is needed.
func (t Transition) may(a access.Actor, c events.CaseState) error {
	missing := ""
	for _, w := range t.Who {
		switch {
		case w.Role != a.Role:
		case a.Role == access.Office && a.Office != c.Office:
		case a.Role == access.Unit && !a.OnCase(c.ID):
		case a.Role == access.Office && w.Duty != "" && !a.Has(w.Duty):
			missing = "duty"
		default:
			return nil
		}
	}
	return &fault.Error{Code: fault.Forbidden, Op: "intake: " + t.Command, Detail: missing}
}

// Permit gives a command's row if the actor may see the case and may ever give the command to it; before that nothing of a body is looked up.
func Permit(command string, a access.Actor, current events.CaseState) (Transition, error) {
	if err := Audience(a, current); err != nil {
		return Transition{}, err
	}
	t, ok := Find(command)
	if !ok {
		return Transition{}, fault.New(fault.NotFound, "intake: "+command)
	}
	return t, t.may(a, current)
}

// Decide gives the fact of a command on a case as it stands, or a refusal: first that this person may not (Forbidden), then every field that is wrong whatever the case is, since that is the caller's
// mistake in any state (Invalid), then that the state doesn't take the command (WrongState), and at last what doesn't fit the case (Invalid).
func Decide(r Request, current events.CaseState) (events.Fact, access.Given, error) {
	t, err := Permit(r.Command, r.Actor, current)
	if err != nil {
		return nil, access.Given{}, err
	}
	takes := slices.Contains(t.From, current.State)
	if err := t.twoPeople(r.Actor, current); takes && err != nil {
		return nil, access.Given{}, err
	}
	d := &decision{Request: r, current: current, check: check{today: events.DayOf(r.Now)}}
	d.Fields = append(d.Fields, r.Resolved.Wrong...)
	on, reason := r.Body.On, r.Body.BackdateReason
	if r.Command == "resubmit" {
		on, reason = r.Resubmission.On, r.Resubmission.BackdateReason
	}
	d.giveDay(on, reason, current.LastOn)
	fact := t.decide(d)
	op := "intake: " + r.Command
	if takes {
		return fact, d.given, unique(append(d.Fields, d.unfit...)).Err(op)
	}
	if wrong := unique(d.Fields).Err(op); wrong != nil {
		return nil, access.Given{}, wrong
	}
	return nil, access.Given{}, &fault.Error{Code: fault.WrongState, Op: op, Detail: string(current.State)}
}

// twoPeople refuses a second step to who took the first.
func (t Transition) twoPeople(a access.Actor, c events.CaseState) error {
	if t.Command == "review" && c.SubmittedBy == a.Account || t.Command == "withdraw" && c.Withdrawal != nil && c.Withdrawal.AskedBy == a.Account {
		return &fault.Error{Code: fault.Forbidden, Op: "intake: " + t.Command, Detail: "same_person"}
	}
	return nil
}

// AwaitingPublication 到期待刊发 says that an embargo's end has come without a recorded publication. It exposes nothing.
func AwaitingPublication(c events.CaseState, now time.Time) bool {
	return c.State == events.CaseEmbargoed && c.Embargo != nil && !now.Before(c.Embargo.Until)
}

// Next lists the commands that the actor may give now.
func Next(a access.Actor, c events.CaseState) []Transition {
	out := []Transition{}
	for _, t := range track {
		if !slices.Contains(t.From, c.State) || t.may(a, c) != nil || t.twoPeople(a, c) != nil || t.idle(c) {
			continue
		}
		out = append(out, t)
	}
	return out
}

// Blocked is a command of the caller's role that can't be given now, and why: forbidden with duty or same_person, or wrong_state with the state or what it waits for.
type Blocked struct {
	Command string
	Code    fault.Code
	Detail  string
}

// NotNow lists the commands that the actor's role gives, to this case, but not now.
func NotNow(a access.Actor, c events.CaseState) []Blocked {
	out := []Blocked{}
	for _, t := range track {
		b := Blocked{Command: t.Command, Code: fault.Forbidden}
		err := t.may(a, c)
		takes := slices.Contains(t.From, c.State)
		switch {
		case err != nil && fault.Of(err).Detail == "":
			continue
		case err != nil:
			b.Detail = fault.Of(err).Detail
		case !takes:
			b.Code, b.Detail = fault.WrongState, string(c.State)
		case t.twoPeople(a, c) != nil:
			b.Detail = "same_person"
		case t.idle(c):
			b.Code, b.Detail = fault.WrongState, "nothing_asked"
		default:
			continue
		}
		out = append(out, b)
	}
	return out
}

// idle says that a command has nothing to act on.
func (t Transition) idle(c events.CaseState) bool {
	switch t.Command {
	case "withdraw", "decline-withdrawal":
		return !c.Withdrawal.Waits()
	case "answer":
		return openObjection(c, nil) < 0
	case "detach":
		return len(c.Media) == 0
	}
	return false
}

// giveDay applies the rule of given days.
func (d *decision) giveDay(on, reason string, follows events.Day) {
	if on != "" {
		if _, err := events.ParseDay(on); err != nil {
			d.Add("on", "day")
			return
		}
	}
	d.optional("backdate_reason", reason, MaxReason)
	given, wrong := d.Actor.GivenDayAfter(d.Resolved.BackdateAfter, events.Day(on), reason, d.Now, follows)
	switch {
	case wrong == access.Wrong{}:
	case wrong.Code == "before_previous_step":
		d.unfit.Add(wrong.Field, wrong.Code)
	default:
		d.Add(wrong.Field, wrong.Code)
	}
	d.given = given
}
