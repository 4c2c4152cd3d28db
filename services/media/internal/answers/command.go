package answers

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/internal/strict"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/mediaapi"
)

// body is that of every command; which fields belong to which is the table's.
type body struct {
	Areas     *[]events.Area `json:"areas"`
	Rendering *int           `json:"rendering"`
	Reason    string         `json:"reason"`
}

func (a *Answers) command(ctx context.Context, r bus.Request) (any, error) {
	var p mediaapi.CommandParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	l, err := a.Catalog.Get(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	row, err := media.Permit(media.Command(p.Name), r.Actor, l.State)
	if err != nil {
		return nil, err
	}
	var b body
	req := media.Request{Command: row.Command, Actor: r.Actor}
	if req.Wrong, err = read(r.Body, row, &b); err != nil {
		return nil, err
	}
	req.Areas, req.Rendering, req.Reason = b.Areas, b.Rendering, b.Reason
	in := bus.Intent{Name: p.Name, Actor: r.Actor.Event(), Key: p.Key, Request: r.Body, Given: access.Given{On: events.DayOf(a.Bus.Now())}, Trace: r.Trace}
	done, err := catalog.Aggregate.Execute(ctx, a.Bus, l.Subject, in, func(current bus.Loaded[events.MediaState], _ *access.Given) (events.Fact, error) {
		fact, err := media.Decide(req, current.State)
		return fact, a.current(r.Actor, current.State, err)
	})
	if err != nil {
		return nil, a.current(r.Actor, done.State, err)
	}
	if done.State.State == events.MediaErased && a.Erased != nil {
		a.Erased(ctx, done.State.ID)
	}
	return mediaapi.Commanded{State: a.own(r.Actor, done.State), Stream: events.StreamMedia, Sequence: done.Sequence}, nil
}

// read decodes a command's body and names the fields that are wrong or another command's; what isn't JSON is refused at once.
func read(data []byte, row media.Transition, into *body) (fault.Fields, error) {
	var wrong fault.Fields
	err := strict.Decode(data, into)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return nil, err
	}
	if err != nil {
		wrong = fault.Of(err).Fields
	}
	var names map[string]json.RawMessage
	if json.Unmarshal(data, &names) != nil {
		return wrong, nil // named already
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		known := slices.ContainsFunc(row.Fields, func(f media.Field) bool { return f.Name == name })
		named := slices.ContainsFunc(wrong, func(f fault.Field) bool { return f.Field == name })
		if !known && !named {
			wrong.Add(name, "unknown_field")
		}
	}
	return wrong, nil
}

// own is the view of who may give commands.
func (a *Answers) own(actor access.Actor, m events.MediaState) mediaapi.View {
	if actor.Role == access.Admin {
		return a.administered(actor, m)
	}
	return a.inside(actor, m, 0)
}

// current puts the medium, as the actor sees it, into a refusal of state.
func (a *Answers) current(actor access.Actor, m events.MediaState, err error) error {
	if err == nil {
		return nil
	}
	f := fault.Of(err)
	switch f.Code {
	case fault.WrongState, fault.Conflict, fault.KeyReused:
	default:
		return err
	}
	f.Current, _ = json.Marshal(a.own(actor, m))
	return f
}
