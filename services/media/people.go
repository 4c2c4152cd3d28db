package media

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/fault"
)

// Request is a person's command as it came.
type Request struct {
	Command Command
	Actor   access.Actor
	// Areas are those of clear and mask, nil where the body names none.
	Areas *[]events.Area
	// Rendering of clear and mask is the number of the copies that the person has looked at; nil = whichever is the present one.
	Rendering *int
	// Reason is that of ask-erasure, withdraw-erasure and erase.
	Reason string
	// Wrong are fields that couldn't be read.
	Wrong fault.Fields
}

// Permit gives a command's row if the actor may see the medium and may ever give the command to it: not_found, forbidden.
func Permit(c Command, a access.Actor, s events.MediaState) (Transition, error) {
	t, ok := Find(c)
	if !ok || len(t.Who) == 0 || s.State == None || !Sees(a, s) && !slices.Contains(t.Who, a.Role) || a.Role == access.Office && !a.Of(s.Office) {
		return Transition{}, gone(c)
	}
	if !slices.Contains(t.Who, a.Role) {
		return Transition{}, fault.New(fault.Forbidden, "media: "+string(c))
	}
	return t, nil
}

// Decide gives the fact of a person's command on a medium as it stands, or a refusal that names every wrong field.
func Decide(r Request, s events.MediaState) (events.Fact, error) {
	if _, err := Permit(r.Command, r.Actor, s); err != nil {
		return nil, err
	}
	f, err := r.decide(s)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (r Request) decide(s events.MediaState) (events.Fact, error) {
	if r.Rendering != nil && *r.Rendering != Number(s) && HasBytes(s) {
		// Others have named areas meanwhile: nobody clears, or takes back, what they haven't seen.
		return nil, fault.New(fault.Conflict, "media: "+string(r.Command))
	}
	switch r.Command {
	case CommandClear:
		if r.Areas == nil || len(r.Wrong) == 0 && slices.Equal(*r.Areas, s.Areas) {
			return r.without(s, events.MediaClearedFact{})
		}
		return r.mask(s, true)
	case CommandMask:
		return r.mask(s, false)
	case CommandRetry:
		return r.without(s, events.MediaRetriedFact{})
	case CommandAskErasure:
		return r.askErasure(s)
	case CommandWithdrawErasure:
		return r.withdrawErasure(s)
	case CommandErase:
		return r.erase(s)
	}
	return nil, gone(r.Command)
}

func (r Request) without(s events.MediaState, f events.Fact) (events.Fact, error) {
	f, err := decide(r.Command, s, f)
	if err != nil {
		return nil, err
	}
	return f, r.Wrong.Err("media: " + string(r.Command))
}

// mask names all areas to hide. Of a medium that nobody could examine there is no picture to name areas of.
func (r Request) mask(s events.MediaState, clear bool) (events.Fact, error) {
	fields := slices.Clone(r.Wrong)
	var wanted []events.Area
	if r.Areas == nil {
		fields.Add("areas", "required")
	} else {
		wanted = *r.Areas
	}
	f, err := decide(CommandMask, s, events.MediaMaskedFact{Areas: wanted, Clear: clear})
	if err == nil && s.Examination == nil {
		err = wrong(r.Command, string(s.State))
	}
	if err != nil {
		return nil, err
	}
	fields = append(fields, CheckAreas(wanted, s)...)
	if err := fields.Err("media: " + string(r.Command)); err != nil {
		return nil, err
	}
	if !clear && slices.Equal(wanted, s.Areas) {
		return nil, nil
	}
	return f, nil
}

// CheckAreas names what is wrong with areas: they lie inside the upright picture, and in a clip within its duration.
func CheckAreas(areas []events.Area, s events.MediaState) fault.Fields {
	var out fault.Fields
	e := s.Examination
	switch {
	case len(areas) == 0:
		return nil
	case s.Kind != KindImage && s.Kind != KindVideo || e == nil || e.DisplayWidth == 0:
		out.Add("areas", "no_picture")
		return out
	case len(areas) > events.MaxAreas:
		out.AddArg("areas", "too_many", strconv.Itoa(events.MaxAreas))
		return out
	}
	for i, a := range areas {
		span := func(from, length string, at, n, limit int) {
			if at < 0 || at >= limit {
				out.AddArg(fault.Index("areas", i, from), "outside_picture", strconv.Itoa(limit))
			}
			if n < 1 || at >= 0 && at < limit && n > limit-at {
				out.AddArg(fault.Index("areas", i, length), "outside_picture", strconv.Itoa(limit))
			}
		}
		span("x", "width", a.X, a.Width, e.DisplayWidth)
		span("y", "height", a.Y, a.Height, e.DisplayHeight)
		if !slices.Contains([]string{"", events.AreaSolid, events.AreaMosaic}, a.Style) {
			out.Add(fault.Index("areas", i, "style"), "unknown_value")
		}
		if !slices.Contains([]string{"", "face", "plate"}, a.Why) {
			out.Add(fault.Index("areas", i, "why"), "unknown_value")
		}
		out = append(out, checkTimes(i, a, s.Kind, e.DurationMS)...)
	}
	return out
}

func checkTimes(i int, a events.Area, kind string, duration int64) fault.Fields {
	var out fault.Fields
	from, until := fault.Index("areas", i, "from_ms"), fault.Index("areas", i, "until_ms")
	switch {
	case a.FromMS == 0 && a.UntilMS == 0:
	case kind != KindVideo:
		out.Add(from, "only_in_clips")
	default:
		if a.FromMS < 0 || a.FromMS >= duration {
			out.AddArg(from, "outside_clip", strconv.FormatInt(duration, 10))
		}
		if a.UntilMS <= a.FromMS || a.UntilMS > duration {
			out.AddArg(until, "outside_clip", strconv.FormatInt(duration, 10))
		}
	}
	return out
}

func (r Request) reason() error {
	fields := slices.Clone(r.Wrong)
	switch n := utf8.RuneCountInString(r.Reason); {
	case strings.TrimSpace(r.Reason) == "":
		fields.Add("reason", "required")
	case n > MaxReason:
		fields.AddArg("reason", "too_long", strconv.Itoa(MaxReason))
	}
	return fields.Err("media: " + string(r.Command))
}

func (r Request) askErasure(s events.MediaState) (events.Fact, error) {
	f, err := decide(r.Command, s, events.MediaErasureAskedFact{Reason: r.Reason})
	if err != nil {
		return nil, err
	}
	if s.ErasureAsked != nil && s.ErasureAsked.By.Role != string(r.Actor.Role) {
		return nil, wrong(r.Command, "erasure_asked")
	}
	return f, r.reason()
}

// withdrawErasure is for either of the two: who asked may think better of it, and who doesn't agree must be able to say so.
func (r Request) withdrawErasure(s events.MediaState) (events.Fact, error) {
	f, err := decide(r.Command, s, events.MediaErasureWithdrawnFact{Reason: r.Reason})
	if err != nil {
		return nil, err
	}
	if s.ErasureAsked == nil {
		return nil, wrong(r.Command, "erasure_not_asked")
	}
	return f, r.reason()
}

// erase wants administrator and supervisor, two roles and two people, even for a medium that a case holds: a court's order must be possible.
func (r Request) erase(s events.MediaState) (events.Fact, error) {
	f, err := decide(r.Command, s, events.MediaErasedFact{Reason: r.Reason})
	if err != nil {
		return nil, err
	}
	if s.ErasureAsked == nil {
		return nil, wrong(r.Command, "erasure_not_asked")
	}
	if by := s.ErasureAsked.By; by.Role == string(r.Actor.Role) || by.Account == r.Actor.Account {
		return nil, &fault.Error{Code: fault.Forbidden, Op: "media: erase", Detail: "same_person"}
	}
	return f, r.reason()
}

// AskErasure answers with one half of an erasure; errors as of Decide.
func AskErasure(s events.MediaState, a access.Actor, reason string) (events.Fact, error) {
	return Decide(Request{Command: CommandAskErasure, Actor: a, Reason: reason}, s)
}

// WithdrawErasure answers with the end of an open ask; errors as of Decide.
func WithdrawErasure(s events.MediaState, a access.Actor, reason string) (events.Fact, error) {
	return Decide(Request{Command: CommandWithdrawErasure, Actor: a, Reason: reason}, s)
}

// Erase answers with `erased` for the other of the two people; errors as of Decide.
func Erase(s events.MediaState, a access.Actor, reason string) (events.Fact, error) {
	return Decide(Request{Command: CommandErase, Actor: a, Reason: reason}, s)
}

// Next lists the commands that the actor may give now.
func Next(a access.Actor, s events.MediaState) []Transition {
	out := []Transition{}
	for _, t := range table {
		if _, err := Permit(t.Command, a, s); err != nil || !slices.Contains(t.From, s.State) || t.idle(a, s) {
			continue
		}
		if t.Command == CommandClear && CheckAreas([]events.Area{{Width: 1, Height: 1}}, s) != nil {
			t.Fields = []Field{looked}
		}
		out = append(out, t)
	}
	return out
}

// idle says that a command has nothing to act on, or needs another person.
func (t Transition) idle(a access.Actor, s events.MediaState) bool {
	asked := s.ErasureAsked
	switch t.Command {
	case CommandMask:
		return CheckAreas([]events.Area{{Width: 1, Height: 1}}, s) != nil
	case CommandAskErasure:
		return asked != nil && asked.By.Role != string(a.Role)
	case CommandWithdrawErasure:
		return asked == nil
	case CommandErase:
		return asked == nil || asked.By.Role == string(a.Role) || asked.By.Account == a.Account
	}
	return false
}
