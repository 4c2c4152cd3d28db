package media

import (
	"fmt"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// Command is a step of a medium's way.
type Command string

// The commands.
const (
	CommandSeal    Command = "seal"
	CommandExamine Command = "examine"
	CommandRender  Command = "render"
	CommandFail    Command = "fail"
	CommandClear   Command = "clear"
	CommandTake    Command = "take"
	CommandRelease Command = "release"
	CommandErase   Command = "erase"
)

// None is the state before the first fact.
const None events.MediaStatus = ""

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
	Doc  string
}

// Transitions is the one table of a medium's states.
func Transitions() []Transition {
	return []Transition{
		{CommandSeal, []events.MediaStatus{None}, events.MediaSealed, events.MediaSealedFact{}.EventType(), true, "the original is durable and judged"},
		{CommandExamine, []events.MediaStatus{events.MediaSealed}, events.MediaExamined, events.MediaExaminedFact{}.EventType(), true, "by itself"},
		{CommandRender, []events.MediaStatus{events.MediaExamined}, events.MediaRendered, events.MediaRenderedFact{}.EventType(), true, "by itself, images only for now"},
		{CommandFail, []events.MediaStatus{events.MediaSealed, events.MediaExamined}, events.MediaFailed, events.MediaFailedFact{}.EventType(), true, "by itself, after some tries"},
		{CommandClear, []events.MediaStatus{events.MediaRendered}, events.MediaCleared, events.MediaClearedFact{}.EventType(), false, "a person has looked at the public copies"},
		{CommandTake, []events.MediaStatus{events.MediaSealed, events.MediaExamined, events.MediaRendered, events.MediaCleared, events.MediaFailed}, None,
			events.MediaTakenFact{}.EventType(), false, "a case holds it; the original is under legal hold"},
		{CommandRelease, []events.MediaStatus{events.MediaSealed, events.MediaExamined, events.MediaRendered, events.MediaCleared, events.MediaFailed}, events.MediaReleased,
			events.MediaReleasedFact{}.EventType(), false, "no case took it in time"},
		{CommandErase, []events.MediaStatus{events.MediaSealed, events.MediaExamined, events.MediaRendered, events.MediaCleared, events.MediaFailed, events.MediaReleased},
			events.MediaErased, events.MediaErasedFact{}.EventType(), false, "administrator and supervisor together"},
	}
}

// allow looks a command up: do = write the fact; else nothing to do (nil) or wrong_state.
func allow(c Command, s events.MediaStatus) (do bool, err error) {
	for _, t := range Transitions() {
		if t.Command != c {
			continue
		}
		if slices.Contains(t.From, s) {
			return true, nil
		}
		if t.Idle {
			return false, nil
		}
	}
	return false, &fault.Error{Code: fault.WrongState, Op: "media: " + string(c), Detail: string(s)}
}

// Fold gives a medium's state after a fact. It changes nothing that it is given; an unknown fact is an error.
func Fold(s events.MediaState, meta events.Meta, fact events.Fact) (events.MediaState, error) {
	switch f := fact.(type) {
	case events.MediaSealedFact:
		s.ID, s.Office, s.File, s.SHA256, s.Bytes, s.Type, s.Kind, s.Object = f.ID, f.Office, f.File, f.SHA256, f.Bytes, f.Type, f.Kind, f.Object
		s.State, s.SealedAt, s.SealedBy = events.MediaSealed, meta.Time, meta.Actor.Account
	case events.MediaExaminedFact:
		e := f.Examination
		s.State, s.Examination = events.MediaExamined, &e
	case events.MediaRenderedFact:
		s.State, s.Renditions = events.MediaRendered, slices.Clone(f.Renditions)
	case events.MediaFailedFact:
		s.State, s.Reason = events.MediaFailed, f.Reason
	case events.MediaClearedFact:
		s.State = events.MediaCleared
	case events.MediaTakenFact:
		s.TakenBy = append(slices.Clone(s.TakenBy), f.Case)
	case events.MediaReleasedFact:
		s.State, s.Reason, s.Renditions = events.MediaReleased, f.Reason, nil
	case events.MediaErasedFact:
		s.State, s.Reason, s.Renditions = events.MediaErased, f.Reason, nil
	case events.MediaRestatedFact:
		schema, revision, marks := s.Schema, s.Revision, s.Commands
		s = f.State
		s.Schema, s.Revision, s.Commands = schema, revision, marks
	default:
		return s, fmt.Errorf("media: fold: unknown fact %T", fact)
	}
	return s, nil
}

// Seal answers with the sealed fact, or nil when the medium exists already.
func Seal(s events.MediaState, f events.MediaSealedFact) (events.Fact, error) {
	return decide(CommandSeal, s, f)
}

// Examine answers with what the bytes say, or nil when that was stated before.
func Examine(s events.MediaState, e events.Examination) (events.Fact, error) {
	return decide(CommandExamine, s, events.MediaExaminedFact{Examination: e})
}

// Render answers with the public copies, or nil when they exist.
func Render(s events.MediaState, copies []events.Rendition) (events.Fact, error) {
	return decide(CommandRender, s, events.MediaRenderedFact{Renditions: copies})
}

// Fail ends the way with a reason; nil when the step was done after all.
func Fail(s events.MediaState, step, reason string) (events.Fact, error) {
	return decide(CommandFail, s, events.MediaFailedFact{Step: step, Reason: reason})
}

// Clear answers with `cleared`; wrong_state before the public copies exist.
func Clear(s events.MediaState) (events.Fact, error) {
	return decide(CommandClear, s, events.MediaClearedFact{})
}

// Take says that a case holds the medium: nil if it did before, wrong_state when its bytes are gone.
func Take(s events.MediaState, id events.CaseID) (events.Fact, error) {
	if slices.Contains(s.TakenBy, id) {
		return nil, nil
	}
	return decide(CommandTake, s, events.MediaTakenFact{Case: id})
}

// Release gives up a medium that no case took; wrong_state for one that a case holds.
func Release(s events.MediaState, reason string) (events.Fact, error) {
	if len(s.TakenBy) > 0 {
		return nil, &fault.Error{Code: fault.WrongState, Op: "media: release", Detail: "taken"}
	}
	return decide(CommandRelease, s, events.MediaReleasedFact{Reason: reason})
}

// Erase answers with `erased`, even for a medium that a case holds: a court's order must be possible.
func Erase(s events.MediaState, reason string) (events.Fact, error) {
	return decide(CommandErase, s, events.MediaErasedFact{Reason: reason})
}

func decide(c Command, s events.MediaState, f events.Fact) (events.Fact, error) {
	do, err := allow(c, s.State)
	if err != nil || !do {
		return nil, err
	}
	return f, nil
}

// HasBytes says whether the original and its copies are still kept.
func HasBytes(s events.MediaState) bool {
	return s.State != None && s.State != events.MediaReleased && s.State != events.MediaErased
}
