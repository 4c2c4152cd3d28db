package media

import (
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Command is a step of a medium's way.
type Command string

// The commands. The service gives the first nine by itself, and clear for who has cleared in advance; people give the others.
const (
	CommandSeal       Command = "seal"
	CommandExamine    Command = "examine"
	CommandCompare    Command = "compare"
	CommandRender     Command = "render"
	CommandWait       Command = "wait"
	CommandFail       Command = "fail"
	CommandTake       Command = "take"
	CommandRenew      Command = "renew"
	CommandRelease    Command = "release"
	CommandClear      Command = "clear"
	CommandMask       Command = "mask"
	CommandRetry      Command = "retry"
	CommandAskErasure Command = "ask-erasure"
	CommandErase      Command = "erase"
	// CommandWithdrawErasure ends an open ask, by the one who asked or by the one who would have to agree.
	CommandWithdrawErasure Command = "withdraw-erasure"
)

// None is the state before the first fact.
const None events.MediaStatus = ""

// Field is one field of a command's body, as `next` lists it.
type Field struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
}

// Transition is a row of the table.
type Transition struct {
	Command Command
	From    []events.MediaStatus
	// To is the state after; None = it stays.
	To events.MediaStatus
	// Fact is the type of what is written.
	Fact string
	// Idle says that the command in a state not among From is nothing to do rather than a mistake: a worker may come late or twice.
	Idle bool
	// Who are the roles of people that may give it, an office's only to its own media; empty = the service alone.
	Who []access.Role
	// Fields are those of its body.
	Fields []Field
	Doc    string
}

var (
	// settled are the states in which nobody works on the medium.
	settled = []events.MediaStatus{events.MediaWaiting, events.MediaRendered, events.MediaCleared, events.MediaFailed}
	// kept are the states in which its bytes are there.
	kept = append([]events.MediaStatus{events.MediaSealed, events.MediaExamined}, settled...)

	office  = []access.Role{access.Office}
	two     = []access.Role{access.Admin, access.Supervisor}
	areas   = Field{"areas", "areas", false}
	looked  = Field{"rendering", "number", false}
	because = Field{"reason", "text", true}
)

// Transitions is the one table of a medium's states: guards, the list of what may be done next and the documentation come from it.
func Transitions() []Transition { return table }

var table = []Transition{
	{CommandSeal, []events.MediaStatus{None, events.MediaReleased}, events.MediaSealed, events.MediaSealedFact{}.EventType(), true, nil, nil,
		"the original is durable and judged; one that was released may come again"},
	{CommandExamine, []events.MediaStatus{events.MediaSealed}, events.MediaExamined, events.MediaExaminedFact{}.EventType(), true, nil, nil, "by itself"},
	{CommandCompare, kept[1:], None, events.MediaComparedFact{}.EventType(), true, nil, nil, "by itself, whenever its cases or other media change what is found"},
	{CommandRender, []events.MediaStatus{events.MediaExamined}, events.MediaRendered, events.MediaRenderedFact{}.EventType(), true, nil, nil, "by itself, with all areas hidden"},
	{CommandWait, []events.MediaStatus{events.MediaSealed, events.MediaExamined}, events.MediaWaiting, events.MediaWaitingFact{}.EventType(), true, nil, nil,
		"by itself, when a program is missing; it goes on by itself once that is there"},
	{CommandFail, []events.MediaStatus{events.MediaSealed, events.MediaExamined}, events.MediaFailed, events.MediaFailedFact{}.EventType(), true, nil, nil, "by itself, after some tries"},
	{CommandTake, kept, None, events.MediaTakenFact{}.EventType(), false, nil, nil, "a case holds it; the original is under legal hold"},
	{CommandRenew, kept, None, events.MediaRenewedFact{}.EventType(), false, nil, nil, "its bytes were sent again before a case took it: the time for that begins anew"},
	{CommandRelease, kept, events.MediaReleased, events.MediaReleasedFact{}.EventType(), false, nil, nil, "no case took it in time"},
	{CommandClear, []events.MediaStatus{events.MediaRendered}, events.MediaCleared, events.MediaClearedFact{}.EventType(), false, office, []Field{areas, looked},
		"a person has looked at the public copies; with other areas than those hidden it is mask, and cleared by itself once rendered"},
	{CommandMask, settled, events.MediaExamined, events.MediaMaskedFact{}.EventType(), false, office, []Field{{"areas", "areas", true}, looked},
		"all areas to hide; the copies are made anew, and a cleared medium isn't public until it is cleared again"},
	{CommandRetry, []events.MediaStatus{events.MediaFailed, events.MediaWaiting}, events.MediaSealed, events.MediaRetriedFact{}.EventType(), false, office, nil,
		"it goes on its way again from the beginning"},
	{CommandAskErasure, kept, None, events.MediaErasureAskedFact{}.EventType(), false, two, []Field{because}, "one of administrator and supervisor; asked again, the reason is replaced"},
	{CommandWithdrawErasure, kept, None, events.MediaErasureWithdrawnFact{}.EventType(), false, two, []Field{because}, "the one who asked takes it back, or the other of the two declines; it can be asked anew"},
	{CommandErase, kept, events.MediaErased, events.MediaErasedFact{}.EventType(), false, two, []Field{because}, "the other of the two, whom it takes even for a medium that a case holds"},
}

// Find gives a command's row.
func Find(c Command) (Transition, bool) {
	i := slices.IndexFunc(table, func(t Transition) bool { return t.Command == c })
	if i < 0 {
		return Transition{}, false
	}
	return table[i], true
}

// HasBytes says whether the original and its copies are still kept.
func HasBytes(s events.MediaState) bool { return slices.Contains(kept, s.State) }

// Number is that of the present rendering, or of the one on its way; the first is 1.
func Number(s events.MediaState) int { return max(s.Rendering, 1) }

// decide writes the fact if the state allows the command; else there is nothing to do (nil) or it is wrong_state.
func decide(c Command, s events.MediaState, f events.Fact) (events.Fact, error) {
	t, _ := Find(c)
	if slices.Contains(t.From, s.State) {
		return f, nil
	}
	if t.Idle {
		return nil, nil
	}
	return nil, wrong(c, string(s.State))
}

func wrong(c Command, why string) error {
	return &fault.Error{Code: fault.WrongState, Op: "media: " + string(c), Detail: why}
}
