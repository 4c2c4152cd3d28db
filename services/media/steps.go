package media

import (
	"slices"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
)

// Seal answers with the sealed fact, or nil when the medium exists already; wrong_state for one that was erased by decision.
func Seal(s events.MediaState, f events.MediaSealedFact) (events.Fact, error) {
	if s.State == events.MediaErased {
		return nil, wrong(CommandSeal, string(s.State))
	}
	return decide(CommandSeal, s, f)
}

// Examine answers with what the bytes say, or nil when that was stated before.
func Examine(s events.MediaState, e events.Examination) (events.Fact, error) {
	return decide(CommandExamine, s, events.MediaExaminedFact{Examination: e})
}

// Compare answers with what comparing has found, or nil when that is known.
func Compare(s events.MediaState, found []events.Finding) (events.Fact, error) {
	if slices.Equal(found, s.Findings) {
		return nil, nil
	}
	return decide(CommandCompare, s, events.MediaComparedFact{Findings: found})
}

// Render answers with the public copies, or nil when they exist, or when number isn't the wanted rendering's any more: areas may have been named meanwhile.
func Render(s events.MediaState, number int, copies []events.Rendition) (events.Fact, error) {
	if number != Number(s) {
		return nil, nil
	}
	return decide(CommandRender, s, events.MediaRenderedFact{Renditions: copies})
}

// Wait says what is missing; nil when the step was done after all.
func Wait(s events.MediaState, number int, missing string) (events.Fact, error) {
	if number != Number(s) {
		return nil, nil
	}
	return decide(CommandWait, s, events.MediaWaitingFact{Missing: missing})
}

// Fail ends the way with a reason; nil when the step was done after all.
func Fail(s events.MediaState, number int, step, reason string) (events.Fact, error) {
	if number != Number(s) {
		return nil, nil
	}
	return decide(CommandFail, s, events.MediaFailedFact{Step: step, Reason: reason})
}

// ClearRendered clears what a person has cleared in advance, with the areas that are hidden now; nil when there is nothing of that kind.
func ClearRendered(s events.MediaState) (events.Fact, error) {
	if !s.ClearWhenRendered || s.State != events.MediaRendered {
		return nil, nil
	}
	return events.MediaClearedFact{}, nil
}

// GoOn sends a waiting medium on its way again once what it waits for is there; nil for any other.
func GoOn(s events.MediaState) (events.Fact, error) {
	if s.State != events.MediaWaiting {
		return nil, nil
	}
	return decide(CommandRetry, s, events.MediaRetriedFact{})
}

// Take says that a case holds the medium: nil if it did before, wrong_state when its bytes are gone.
func Take(s events.MediaState, id events.CaseID) (events.Fact, error) {
	if slices.Contains(s.TakenBy, id) {
		return nil, nil
	}
	return decide(CommandTake, s, events.MediaTakenFact{Case: id})
}

// Since is from when on UntakenAge counts: the medium's bytes came then, for the first time or once more.
func Since(s events.MediaState) time.Time {
	if s.RenewedAt.After(s.SealedAt) {
		return s.RenewedAt
	}
	return s.SealedAt
}

// Renew answers to an upload, begun at a time, of bytes that the medium has; nil when a case holds it or its time began no longer than RenewAfter before, wrong_state when its bytes are gone.
func Renew(s events.MediaState, begun time.Time) (events.Fact, error) {
	f, err := decide(CommandRenew, s, events.MediaRenewedFact{})
	if err != nil || len(s.TakenBy) > 0 || begun.Sub(Since(s)) <= RenewAfter {
		return nil, err
	}
	return f, nil
}

// TakeForReturn says that the office's return for a month holds the medium, as Take does for a case.
func TakeForReturn(s events.MediaState, m events.Month) (events.Fact, error) {
	if slices.Contains(s.Returns, m) {
		return nil, nil
	}
	return decide(CommandTake, s, events.MediaTakenFact{Return: m})
}

// Held says whether a case or a return holds the medium.
func Held(s events.MediaState) bool { return len(s.TakenBy)+len(s.Returns) > 0 }

// Release gives up a medium that nothing took; wrong_state for one that a case or a return holds.
func Release(s events.MediaState, reason string) (events.Fact, error) {
	if Held(s) {
		return nil, wrong(CommandRelease, "taken")
	}
	return decide(CommandRelease, s, events.MediaReleasedFact{Reason: reason})
}

// OfCase gives the media that a case holds: its own, the clips of its publications and the documents of objections, each once.
func OfCase(c events.CaseState) []events.MediaID {
	var out []events.MediaID
	for _, m := range c.Media {
		out = append(out, m.ID)
	}
	for _, p := range c.Exposures {
		if p.Clip != "" {
			out = append(out, p.Clip)
		}
	}
	for _, o := range c.Objections {
		out = append(out, o.Documents...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// gone says that a medium isn't to be seen by the actor.
func gone(c Command) error { return fault.New(fault.NotFound, "media: "+string(c)) }
