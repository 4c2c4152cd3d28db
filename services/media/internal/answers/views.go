package answers

import (
	"context"
	"slices"

	"songshui.internal/events"
	"songshui.internal/services/internal/access"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media"
	"songshui.internal/services/media/internal/catalog"
	"songshui.internal/services/media/internal/sight"
	"songshui.internal/services/media/mediaapi"
)

// view gives what an actor may see of a medium; full says that this is all of it. fault.NotFound, or fault.Gone for what a withdrawn case had shown.
func (a *Answers) view(ctx context.Context, actor access.Actor, m events.MediaState) (v mediaapi.View, full bool, err error) {
	if actor.Role == access.Admin {
		return a.administered(actor, m), false, nil
	}
	of, err := sight.New(a.Bus, actor).At(ctx, m)
	switch {
	case err != nil:
		return v, false, err
	case of.Inside:
		return a.inside(actor, m, 0), true, nil
	case of.Sees(m):
		return mediaapi.ViewOf(m, 0), false, nil
	case of.Gone(m):
		return v, false, fault.New(fault.Gone, "media: get")
	}
	return v, false, fault.New(fault.NotFound, "media: get")
}

// inside is for the own office and the province.
func (a *Answers) inside(actor access.Actor, m events.MediaState, copies int) mediaapi.View {
	v := mediaapi.ViewOf(m, copies).Private(m, actor.Role == access.Supervisor, a.Catalog.Kept)
	v.Next = next(actor, m)
	return v
}

// administered is for administrators, who hold no content but are one of the two who can have a medium erased.
func (a *Answers) administered(actor access.Actor, m events.MediaState) mediaapi.View {
	return mediaapi.View{ID: m.ID, Office: m.Office, Kind: m.Kind, State: m.State, ErasureAsked: m.ErasureAsked, Renditions: []mediaapi.RenditionView{}, Next: next(actor, m)}
}

func next(actor access.Actor, m events.MediaState) []mediaapi.Next {
	var out []mediaapi.Next
	for _, t := range media.Next(actor, m) {
		fields := t.Fields
		if fields == nil {
			fields = []media.Field{}
		}
		out = append(out, mediaapi.Next{Command: string(t.Command), Fields: fields})
	}
	return out
}

// states that can be asked for.
var states = []events.MediaStatus{"", events.MediaSealed, events.MediaExamined, events.MediaWaiting, events.MediaRendered, events.MediaCleared, events.MediaFailed}

func (a *Answers) browse(ctx context.Context, r bus.Request) (any, error) {
	var p mediaapi.BrowseParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	var wrong fault.Fields
	if !slices.Contains(states, p.State) {
		wrong.Add("state", "unknown_value")
	}
	if p.Page < 0 || p.Page > maxPage {
		wrong.Add("page", "out_of_range")
	}
	if p.PerPage < 0 || p.PerPage > mediaapi.MaxPerPage {
		wrong.Add("per_page", "out_of_range")
	}
	if len(wrong) > 0 {
		return nil, &fault.Error{Code: fault.BadParameter, Op: "media: browse", Fields: wrong}
	}
	if p.Page == 0 {
		p.Page = 1
	}
	if p.PerPage == 0 {
		p.PerPage = mediaapi.DefaultPerPage
	}
	reply := mediaapi.Browsed{Media: []mediaapi.View{}}
	switch {
	case r.Actor.Role == access.Supervisor:
	case r.Actor.Role == access.Admin && p.ErasureAsked:
		// One of the two who decide; an administrator sees no more than what has been asked.
	case r.Actor.Role != access.Office:
		return nil, fault.New(fault.Forbidden, "media: browse")
	case p.Office != "" && p.Office != r.Actor.Office:
		return reply, nil
	default:
		p.Office = r.Actor.Office
	}
	found, err := a.Catalog.Select(ctx, func(e catalog.Entry) bool {
		return (p.Office == "" || e.Office == p.Office) && (p.State == "" || e.State == p.State) && (!p.ErasureAsked || e.Asked)
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(found)
	reply.Total = len(found)
	from := min((p.Page-1)*p.PerPage, len(found))
	for _, e := range found[from:min(from+p.PerPage, len(found))] {
		m, err := a.one(ctx, e.Office, e.ID)
		if err != nil {
			return nil, err
		}
		switch {
		case !media.HasBytes(m):
		case r.Actor.Role == access.Admin:
			reply.Media = append(reply.Media, a.administered(r.Actor, m))
		default:
			reply.Media = append(reply.Media, a.inside(r.Actor, m, mediaapi.MaxCopies))
		}
	}
	return reply, nil
}

// maxPage keeps a page's offset an int.
const maxPage = 1_000_000
