package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/events"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/media/mediaapi"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

func registerMedia(a huma.API) {
	type byID struct {
		ID string `path:"id"`
	}
	get := operation(http.MethodGet, "/api/v1/media/{id}", "get-medium", "a medium's state and renditions; what was examined and found, the areas, next commands and history for its own office and the province")
	huma.Register(a, get, func(ctx context.Context, in *byID) (*answer[portalapi.Medium], error) {
		m, err := view.MediumByID(ctx, front.Of(ctx).Client, in.ID)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, m), nil
	})

	type query struct {
		SHA256  string `query:"sha256" doc:"lower-case hex: the own office's media with these bytes, whatever else is asked"`
		State   string `query:"state" doc:"sealed, examined, waiting, rendered, cleared or failed; rendered ones wait for a person to look"`
		Office  string `query:"office" doc:"an office's own is the only one it gets; the province gets all without it"`
		Erasure string `query:"erasure" enum:"asked" doc:"asked: those alone whose erasure somebody has asked; an administrator gets only these, without their contents"`
		Page    string `query:"page" doc:"from 1"`
		PerPage string `query:"per_page" doc:"at most 100; 20 if nothing is said"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/media", "find-media", "an office's media by state, the oldest first; for the office itself and the province"), func(ctx context.Context, in *query) (*answer[portalapi.Media], error) {
		c := front.Of(ctx).Client
		if in.SHA256 != "" {
			found, err := view.MediaByHash(ctx, c, in.SHA256)
			if err != nil {
				return nil, refuse(ctx, err)
			}
			return answered(http.StatusOK, portalapi.Media{Media: found, Total: len(found)}), nil
		}
		if in.Erasure != "" && in.Erasure != "asked" {
			return nil, refuse(ctx, &fault.Error{Code: fault.BadParameter, Fields: []fault.Field{{Field: "erasure", Code: "unknown_value"}}})
		}
		page, err1 := positive("page", in.Page)
		per, err2 := positive("per_page", in.PerPage)
		for _, err := range []error{err1, err2} {
			if err != nil {
				return nil, refuse(ctx, err)
			}
		}
		found, err := view.Media(ctx, c, mediaapi.BrowseParams{Office: events.OfficeSlug(in.Office), State: events.MediaStatus(in.State), ErasureAsked: in.Erasure == "asked", Page: page, PerPage: per})
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, found), nil
	})

	type command struct {
		ID      string `path:"id"`
		Name    string `path:"name" doc:"clear, mask, retry, ask-erasure, withdraw-erasure or erase"`
		Key     string `header:"Idempotency-Key" doc:"without one, the command isn't protected against being sent twice"`
		RawBody []byte `contentType:"application/json"`
	}
	give := operation(http.MethodPost, "/api/v1/media/{id}/commands/{name}", "command-medium", "give a command to a medium")
	give.Description = `clear {"areas":[{"x","y","width","height","from_ms","until_ms","style","why"}]} (areas optional; others than those hidden are hidden in copies made anew, which are cleared with it),
mask {"areas":[…]} (all areas to hide, in pixels of the upright picture; the medium is public again when it is cleared), retry {}, ask-erasure {"reason"} and erase {"reason"} (administrator and province, one each), withdraw-erasure {"reason"} (either of them, while it is asked).
clear and mask take "rendering", the number of the copies that were looked at: if others have named areas since, the answer is 409 conflict with the medium as current.`
	huma.Register(a, give, func(ctx context.Context, in *command) (*answer[portalapi.CommandedMedium], error) {
		if err := checkKey(in.Key); err != nil {
			return nil, refuse(ctx, err)
		}
		if len(in.RawBody) == 0 {
			in.RawBody = []byte("{}")
		}
		got, err := view.CommandMedium(ctx, front.Of(ctx).Client, in.ID, in.Name, in.Key, in.RawBody)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
}

// positive reads a number from 1 on; 0 when nothing is given.
func positive(name, s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, &fault.Error{Code: fault.BadParameter, Fields: []fault.Field{{Field: name, Code: "type"}}}
	}
	return n, nil
}
