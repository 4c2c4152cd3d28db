package server

import (
	"context"
	"time"

	"songshui.internal/services/archive"
	"songshui.internal/services/archive/internal/index"
	"songshui.internal/services/internal/bus"
	"songshui.internal/services/internal/fault"
)

// suggest answers what may be meant by what is typed so far.
func (s *Server) suggest(ctx context.Context, r bus.Request) (any, error) {
	begin := time.Now()
	var p archive.SuggestParams
	if err := r.Decode(&p); err != nil {
		return nil, err
	}
	t, err := archive.Type(r.Actor, p)
	if err != nil {
		return nil, err
	}
	if !s.writer.Built() {
		f := fault.Wrap(fault.Unavailable, "archive: suggest", index.ErrNotBuilt)
		f.Detail = "search"
		return nil, f
	}
	items, err := s.index.Suggest(ctx, t)
	if err != nil {
		s.writer.Doubt()
		return nil, err
	}
	if items == nil {
		items = []archive.Suggestion{}
	}
	return archive.Suggestions{Items: items, TookMS: float64(time.Since(begin).Microseconds()) / 1000}, nil
}
