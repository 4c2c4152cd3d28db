package server

import (
	"context"
	"time"

	"songshui.internal/events"
	"songshui.internal/services/archive"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/archive/internal/saved"
	"songshui.internal/services/internal/bus"
)

// told lists the cases that a saved search told of last, as its owner may see them now.
func (s *Server) told(ctx context.Context, r bus.Request) (any, error) {
	var p archiveapi.NamedSearch
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	one, err := s.saved.Of(ctx, r.Actor.Account, p.ID)
	if err != nil {
		return nil, err
	}
	if err := s.known(ctx, 0); err != nil {
		return nil, err
	}
	var ids []string
	at := map[events.CaseID]events.Told{}
	for i := len(one.Told) - 1; i >= 0 && len(ids) < archiveapi.MaxToldListed; i-- {
		ids = append(ids, string(one.Told[i].Case))
		at[one.Told[i].Case] = one.Told[i]
	}
	q, err := s.ask(r.Actor, archive.Params{})
	if err != nil {
		return nil, err
	}
	hits, err := s.index.Page(ctx, q, ids, nil)
	if err != nil {
		return nil, err
	}
	out := archiveapi.ToldCases{Search: saved.View(one), Cases: []archiveapi.ToldCase{}}
	for _, h := range s.dressed(hits, q) {
		if h.State == events.CaseExposed { // its office and the province see a withdrawn one, but not here
			out.Cases = append(out.Cases, archiveapi.ToldCase{Hit: h, ExposedAt: at[h.ID].ExposedAt.Format(time.RFC3339Nano), ToldAt: at[h.ID].At.Format(time.RFC3339Nano)})
		}
	}
	return out, nil
}
