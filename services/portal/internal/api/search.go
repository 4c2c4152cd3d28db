package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

func registerSearch(a huma.API) {
	type query struct {
		Q                  string   `query:"q"`
		Office             []string `query:"office,explode"`
		Sector             []string `query:"sector,explode"`
		Category           []string `query:"category,explode"`
		HazardLevel        []string `query:"hazard_level,explode"`
		Level              []string `query:"level,explode"`
		Outlet             []string `query:"outlet,explode"`
		State              []string `query:"state,explode"`
		RectificationState []string `query:"rectification_state,explode"`
		Month              []string `query:"month,explode" doc:"2026-06, of any publication"`
		Enterprise         []string `query:"enterprise,explode" doc:"unified social credit code, or the name of one without"`
		From               string   `query:"from" doc:"first day of publication, as found_from and due_from with the day in force of a clock that runs; each included"`
		To                 string   `query:"to"`
		FoundFrom          string   `query:"found_from"`
		FoundTo            string   `query:"found_to"`
		DueFrom            string   `query:"due_from"`
		DueTo              string   `query:"due_to"`
		PenaltyMin         string   `query:"penalty_min" doc:"whole yuan"`
		PenaltyMax         string   `query:"penalty_max"`
		Overdue            string   `query:"overdue" doc:"true: the clock runs, and its due day, moved off days off, is past"`
		Near               string   `query:"near" doc:"lat,lon in degrees, WGS-84; hits then have distance_m"`
		RadiusKM           string   `query:"radius_km" doc:"at most 1000; needs near"`
		Frame              string   `query:"frame" doc:"south,west,north,east in degrees"`
		Sort               string   `query:"sort" doc:"relevance, newest, oldest, penalty, overdue or nearest"`
		Cursor             string   `query:"cursor" doc:"* freezes the list for 10 minutes (at most 100,000 cases) and states the position in the log; then what the answer gives as cursor, alone or with per_page, for the next page: 410 once the list has ended"`
		Page               string   `query:"page" doc:"from 1"`
		PerPage            string   `query:"per_page" doc:"at most 100"`
		address
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/search", "search", "cases that fit, with facets and fragments"), func(ctx context.Context, in *query) (*answer[portalapi.Found], error) {
		params, err := view.ReadSearch(in.values)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		found, err := view.Search(ctx, front.Of(ctx).Client, params)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, found), nil
	})
	type typing struct {
		Q     string `query:"q" doc:"what is typed so far"`
		Limit string `query:"limit" doc:"at most 20; 8 without"`
		address
	}
	suggest := operation(http.MethodGet, "/api/v1/suggest", "suggest", "ways to go on with what is typed: enterprises, references, tags and places of cases that the caller may see")
	suggest.Description = "query is what to search for, highlight the text as HTML, what was typed in <mark>."
	huma.Register(a, suggest, func(ctx context.Context, in *typing) (*answer[portalapi.Suggestions], error) {
		params, err := view.ReadTyping(in.values)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		found, err := view.Suggest(ctx, front.Of(ctx).Client, params)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, found), nil
	})
}

// address keeps the query as it came: huma's own reading would refuse in another form.
type address struct{ values url.Values }

// Resolve implements huma.Resolver.
func (q *address) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	q.values = u.Query()
	return nil
}
