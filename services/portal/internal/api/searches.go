package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"songshui.internal/events"
	"songshui.internal/services/archive/archiveapi"
	"songshui.internal/services/internal/fault"
	"songshui.internal/services/portal/internal/front"
	"songshui.internal/services/portal/internal/view"
	"songshui.internal/services/portal/portalapi"
)

func registerSearches(a huma.API) {
	ofArchive := func(ctx context.Context) archiveapi.Client {
		return archiveapi.Client{Client: front.Of(ctx).Client}
	}
	type one struct {
		ID string `path:"id"`
	}
	huma.Register(a, operation(http.MethodGet, "/api/v1/searches", "saved-searches", "the caller's saved searches, the newest first"), func(ctx context.Context, _ *struct{}) (*answer[archiveapi.SavedSearches], error) {
		got, err := ofArchive(ctx).Searches(ctx)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
	type saving struct {
		Key  string `header:"Idempotency-Key" doc:"the same search sent twice with it is saved once"`
		Body portalapi.SearchToSave
	}
	save := operation(http.MethodPost, "/api/v1/searches", "save-search", "save a search under a name; each case that is exposed from then on, that the caller may see and that it finds as it is written is told once")
	save.Description = "query is the search page's address without ?. At most 50 searches an account."
	huma.Register(a, save, func(ctx context.Context, in *saving) (*answer[archiveapi.SavedSearch], error) {
		s, err := ToSave(in.Body.Name, in.Body.Query)
		if err == nil {
			err = checkKey(in.Key)
		}
		if err != nil {
			return nil, refuse(ctx, err)
		}
		s.Key = in.Key
		got, err := ofArchive(ctx).SaveSearch(ctx, s)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, got), nil
	})
	type changing struct {
		ID   string `path:"id"`
		Body portalapi.SearchToSave
	}
	huma.Register(a, operation(http.MethodPut, "/api/v1/searches/{id}", "change-search", "give a saved search another name or other conditions; what was told stays told"), func(ctx context.Context, in *changing) (*answer[archiveapi.SavedSearch], error) {
		s, err := ToSave(in.Body.Name, in.Body.Query)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		s.ID = events.SearchID(in.ID)
		got, err := ofArchive(ctx).SaveSearch(ctx, s)
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
	huma.Register(a, operation(http.MethodGet, "/api/v1/searches/{id}", "saved-search", "one of the caller's saved searches"), func(ctx context.Context, in *one) (*answer[archiveapi.SavedSearch], error) {
		got, err := ofArchive(ctx).Told(ctx, events.SearchID(in.ID))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got.Search), nil
	})
	huma.Register(a, operation(http.MethodGet, "/api/v1/searches/{id}/told", "told-cases", "the cases that a saved search told of, the newest first, as far as the caller may still see them; 100 at most"), func(ctx context.Context, in *one) (*answer[archiveapi.ToldCases], error) {
		got, err := ofArchive(ctx).Told(ctx, events.SearchID(in.ID))
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, got), nil
	})
	huma.Register(a, operation(http.MethodDelete, "/api/v1/searches/{id}", "remove-search", "end a saved search and its feed"), func(ctx context.Context, in *one) (*answer[struct{}], error) {
		if err := ofArchive(ctx).RemoveSearch(ctx, events.SearchID(in.ID)); err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, struct{}{}), nil
	})
	huma.Register(a, operation(http.MethodPost, "/api/v1/searches/{id}/feed", "new-search-feed", "an address for the search's own Atom feed; an earlier one is void. Who has it reads what the search told, and nothing else"), func(ctx context.Context, in *one) (*answer[portalapi.Feed], error) {
		got, err := ofArchive(ctx).FeedOfSearch(ctx, archiveapi.NamedSearch{ID: events.SearchID(in.ID)})
		if err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusCreated, portalapi.Feed{Path: feedPrefix + got.Token + feedSuffix}), nil
	})
	huma.Register(a, operation(http.MethodDelete, "/api/v1/searches/{id}/feed", "end-search-feed", "void the address of the search's feed"), func(ctx context.Context, in *one) (*answer[struct{}], error) {
		if _, err := ofArchive(ctx).FeedOfSearch(ctx, archiveapi.NamedSearch{ID: events.SearchID(in.ID), End: true}); err != nil {
			return nil, refuse(ctx, err)
		}
		return answered(http.StatusOK, struct{}{}), nil
	})
}

// ToSave reads what is to be saved: a name and the search page's address without ?.
func ToSave(name, query string) (archiveapi.SaveSearch, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return archiveapi.SaveSearch{}, &fault.Error{Code: fault.Invalid, Op: "portal: save a search", Fields: []fault.Field{{Field: "query", Code: "encoding"}}}
	}
	for _, paging := range []string{"page", "per_page", "cursor", "show"} {
		values.Del(paging)
	}
	params, err := view.ReadSearch(values)
	return archiveapi.SaveSearch{Name: name, Query: values.Encode(), Params: params}, err
}
